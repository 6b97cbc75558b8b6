"""How far long work has come, on a terminal."""

import time
from typing import TextIO

_WIDTH = 30  # characters
_INTERVAL_S = 0.1


class Progress:
    """A bar on one line of a terminal, drawn ten times a second at most; nothing without one."""

    def __init__(self, total: int, terminal: TextIO | None) -> None:
        self._total = total
        self._terminal = terminal
        self._done = 0
        self._drawn_s = time.monotonic()  # Work that is done at once draws no bar.
        self._length = 0

    def advance(self) -> None:
        """One more is done."""
        self._done += 1
        now_s = time.monotonic()
        if self._terminal and now_s - self._drawn_s >= _INTERVAL_S:
            self._drawn_s = now_s
            bar = "#" * (_WIDTH * self._done // max(self._done, self._total))
            self._draw(self._terminal, f"[{bar:<{_WIDTH}}] {self._done:,} of {self._total:,}")

    def clear(self) -> None:
        """Makes room for another line; the next bar is drawn below it."""
        if self._terminal and self._length:
            self._draw(self._terminal, "")
            self._terminal.write("\r")

    def _draw(self, terminal: TextIO, text: str) -> None:
        terminal.write(f"\r{text:<{self._length}}")
        terminal.flush()
        self._length = len(text)
