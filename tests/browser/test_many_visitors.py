"""Visitors who draw at the same time."""

import subprocess
import sys

import pytest

from tests.browser.digit_page import REPOSITORY

pytestmark = pytest.mark.browser


@pytest.mark.usefixtures("browser")
@pytest.mark.parametrize(
    "more",
    [[], ["--constant"], ["--uploads", "examples/pictures"]],
    ids=["the page", "a constant in its place", "beside others who upload"],
)
def test_all_visitors_get_their_answers(more: list[str]):
    flags = ["--visitors", "3", "--drawings", "1", "--stroke-seconds", "0.1", *more]
    done = subprocess.run(  # noqa: S603 - its own interpreter, its own code
        [sys.executable, "-m", "benchmarks.load", *flags],
        cwd=REPOSITORY,
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "to 3 visitors at once, 0 errors" in done.stdout
