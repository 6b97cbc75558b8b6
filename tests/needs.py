"""What a test needs and this machine may lack."""

import os
from typing import NoReturn

import pytest


def skip_unless_ci(reason: str) -> NoReturn:
    """Skips the test; where everything must have been installed, in CI, fails it instead."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)
