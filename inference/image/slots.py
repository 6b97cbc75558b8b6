"""So many at a time: work that takes much memory is bounded, however many threads want to do it."""

import contextlib
import os
from collections.abc import Generator
from threading import BoundedSemaphore


class Slots:
    """Slots that threads take and give back; a forked process has them all free.

    None of the threads that had taken one is in the forked process, so nobody would give it back.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._semaphore = BoundedSemaphore(count)
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._free_all)

    def _free_all(self) -> None:
        self._semaphore = BoundedSemaphore(self._count)

    @contextlib.contextmanager
    def one(self) -> Generator[None, None, None]:
        """Waits for a free slot, and has it within the context."""
        with self._semaphore:
            yield
