"""Bounds how many threads do the same work at a time, because it takes much memory."""

import contextlib
import os
import sys
from collections.abc import Callable, Generator
from concurrent.futures import Future
from queue import SimpleQueue
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, TypeVar

T = TypeVar("T")


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


class Workers:
    """Threads that do what other threads hand over; a forked process starts its own.

    glibc keeps for each thread what that thread has freed. Where many threads decode one large
    picture each, all of them keep as much as that took; here only the workers do.

    They are daemons: a program may end while others of its threads still hand over work, when a
    `ThreadPoolExecutor` takes none any more.
    """

    def __init__(self, count: int, niceness: int = 0) -> None:
        """Starts no thread yet.

        Args:
            count: The most threads.
            niceness: By how much the threads yield to others where cores are busy, 0 … 19; Linux
                only.
        """
        self._count = count
        self._niceness = niceness
        self._start_anew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._start_anew)

    def _start_anew(self) -> None:
        self._started = 0
        self._starting = Lock()
        self._waiting: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()

    def run(self, work: Callable[[], T]) -> T:
        """Has a worker do it, and gives what it returns or raises."""
        with self._starting:
            if self._started < self._count:
                Thread(target=_work, args=(self._waiting, self._niceness), daemon=True).start()
                self._started += 1
        result: Future[T] = Future()
        self._waiting.put((work, result))
        try:
            return result.result()
        finally:
            # An error holds this frame, and would be held by it: pictures would stay for long.
            del result


def _work(waiting: SimpleQueue[tuple[Callable[[], T], Future[T]]], niceness: int) -> None:
    if niceness and sys.platform == "linux":  # elsewhere it would be the whole process's
        os.nice(niceness)
    while True:
        _do(*waiting.get())


def _do(work: Callable[[], T], result: Future[T]) -> None:
    try:
        result.set_result(work())
    except BaseException as error:
        result.set_exception(error)
    finally:
        del result  # as in Workers.run
