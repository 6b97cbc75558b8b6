"""Few large pictures are decoded at a time, whichever thread wants them."""

import gc
import io
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable

import pytest
from PIL import Image

from inference import MAX_PIXELS, InvalidImageError
from inference.image.decoding import decoded
from inference.image.picture import read_picture
from tests.inference.image.hostile import DRAWING, encoded, pixels_of, png_header


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


LARGE = png_header(4_000, 4_000)


class Decoding:
    """Large pictures that are being decoded until `release` is set."""

    def __init__(self, count: int) -> None:
        self.release, self.threads = threading.Event(), set[threading.Thread]()
        self.begun = threading.Semaphore(0)
        self.callers = [threading.Thread(target=self._decode) for _ in range(count)]

    def _decode(self) -> None:
        pixels_of(LARGE, self._wait)

    def _wait(self) -> None:
        self.threads.add(threading.current_thread())
        self.begun.release()
        assert self.release.wait(10)

    def __enter__(self) -> "Decoding":
        for caller in self.callers:
            caller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        for caller in self.callers:
            caller.join(10)


def test_two_large_pictures_are_decoded_at_a_time_and_a_small_one_does_not_wait():
    with Decoding(3) as decoding:
        assert decoding.begun.acquire(timeout=10)
        assert decoding.begun.acquire(timeout=10)
        assert pixels_of(encoded(DRAWING, "PNG")) == 1_200
        assert not decoding.begun.acquire(timeout=0.2)
        decoding.release.set()
        assert decoding.begun.acquire(timeout=10)


def test_large_pictures_of_many_threads_are_decoded_in_the_same_two():
    """What a thread has freed is kept for it: each of many would keep a large picture's memory."""
    with Decoding(20) as decoding:
        decoding.release.set()
    assert not decoding.threads & set(decoding.callers)
    assert len(decoding.threads) <= 2


def test_what_is_wrong_with_a_large_picture_is_told_to_its_caller():
    with pytest.raises(InvalidImageError, match="cannot be read"):
        read_picture(LARGE)


def test_a_large_picture_that_cannot_be_read_is_not_held_in_memory():
    images: list[weakref.ref[Image.Image]] = []

    def fail(image: Image.Image) -> None:
        images.append(weakref.ref(image))
        raise InvalidImageError("it is torn")

    gc.disable()
    try:
        with pytest.raises(InvalidImageError, match="it is torn"):
            decoded(io.BytesIO(LARGE), "the file", MAX_PIXELS, fail)
        wait_until(lambda: images[0]() is None)
    finally:
        gc.enable()


def test_a_thread_may_read_a_large_picture_after_the_main_one_has_ended():
    program = """
import io, threading
from PIL import Image
from inference import visible_image

file = io.BytesIO()
Image.new("L", (4_200, 4_000)).save(file, "PNG")

def read():
    threading.main_thread().join()
    print(visible_image(file).size)

threading.Thread(target=read).start()
"""
    ended = subprocess.run(  # noqa: S603 — the program is right here
        [sys.executable, "-c", program], capture_output=True, text=True
    )
    assert ended.stdout == "(840, 800)\n", ended.stderr


@pytest.mark.parametrize(("side_px", "is_large"), [(1_788, False), (1_789, True)])
def test_what_takes_16_megabytes_is_large(side_px: int, is_large: bool):
    file = io.BytesIO(png_header(side_px, side_px))
    thread = decoded(file, "it", MAX_PIXELS, lambda _: threading.current_thread())
    assert (thread != threading.current_thread()) == is_large


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_does_not_wait_for_what_its_parent_decodes():
    with Decoding(2) as decoding:
        assert decoding.begun.acquire(timeout=10)
        assert decoding.begun.acquire(timeout=10)
        child = os.fork()
        if not child:
            os._exit(7 if pixels_of(LARGE) == 16_000_000 else 1)
        # Without a slot of its own the child would wait forever.
        ended, status = 0, 0
        for _ in range(200):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            threading.Event().wait(0.05)
        else:
            os.kill(child, 9)
            os.waitpid(child, 0)
    assert ended
    assert os.waitstatus_to_exitcode(status) == 7
