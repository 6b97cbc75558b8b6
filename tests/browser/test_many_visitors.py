"""Visitors who draw at the same time."""

import subprocess
import sys

import pytest

from tests.browser.digit_page import REPOSITORY

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize("page", [[], ["--constant"]], ids=["the page", "a constant in its place"])
def test_all_visitors_get_their_answers(page: list[str]):
    flags = ["--visitors", "3", "--drawings", "1", "--stroke-seconds", "0.1", *page]
    done = subprocess.run(  # noqa: S603 - its own interpreter, its own code
        [sys.executable, "-m", "benchmarks.load", *flags],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "to 3 visitors at once, 0 errors" in done.stdout
