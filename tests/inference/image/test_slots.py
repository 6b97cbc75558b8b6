"""Work that waits for a thread of its own."""

import os
import sys
import threading

import pytest

from inference.image.slots import Workers


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no priority for a thread")
def test_workers_yield_to_other_threads_and_to_nobody_else():
    own = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    def niceness() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    assert Workers(1, niceness=3).run(niceness) == min(own + 3, 19)
    assert Workers(1).run(niceness) == own
    assert niceness() == own
