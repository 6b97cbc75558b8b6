"""The bar on a terminal: how often it is drawn, and what of it stays."""

import io

import pytest

from inference.command_line.progress import Progress


class Clock:
    """Stands still until a test moves it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 100.0
        monkeypatch.setattr("time.monotonic", lambda: self.now_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def bar(filled: int, text: str) -> str:
    return f"\r[{'#' * filled}{' ' * (30 - filled)}] {text}"


def test_a_bar_tells_how_much_of_the_work_is_done(clock: Clock):
    terminal = io.StringIO()
    progress = Progress(2_000, terminal)
    clock.now_s += 0.125
    progress.advance()
    assert terminal.getvalue() == bar(0, "1 of 2,000")
    for _ in range(999):
        progress.advance()
    assert terminal.getvalue() == bar(0, "1 of 2,000")
    clock.now_s += 0.125
    progress.advance()
    assert terminal.getvalue() == bar(0, "1 of 2,000") + bar(15, "1,001 of 2,000")


def test_a_bar_is_drawn_ten_times_a_second_at_most(clock: Clock):
    terminal = io.StringIO()
    progress = Progress(4, terminal)
    for step_s in (0.0, 0.0625, 0.0625, 0.0625):
        clock.now_s += step_s
        progress.advance()
    assert terminal.getvalue() == bar(22, "3 of 4")


def test_more_work_than_was_expected_fills_the_bar(clock: Clock):
    terminal = io.StringIO()
    progress = Progress(1, terminal)
    progress.advance()
    clock.now_s += 1
    progress.advance()
    assert terminal.getvalue() == bar(30, "2 of 1")


def test_another_line_takes_the_place_of_the_bar(clock: Clock):
    terminal = io.StringIO()
    progress = Progress(2, terminal)
    progress.clear()
    assert terminal.getvalue() == ""
    clock.now_s += 1
    progress.advance()
    drawn = bar(15, "1 of 2")
    progress.clear()
    assert terminal.getvalue() == drawn + "\r" + " " * (len(drawn) - 1) + "\r"
    progress.clear()
    assert terminal.getvalue() == drawn + "\r" + " " * (len(drawn) - 1) + "\r"


def test_without_a_terminal_nothing_happens(clock: Clock):
    progress = Progress(2, None)
    clock.now_s += 1
    progress.advance()
    progress.clear()
