"""Lets many visitors draw at once and says how long they wait for their answers.

    python -m benchmarks.load [--uploads FOLDER]

One visitor draws in Chromium, and what that page sends to the server is recorded. All the others
send the same without a browser each, as theirs would run on machines of their own. With
`--browsers`, all of them draw in Chromium, here.
"""

import argparse
import asyncio
import contextlib
import multiprocessing
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser, Page, WebSocket, async_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection

from benchmarks.session import TIMEOUT_S, connected, received
from benchmarks.uploads import VISITORS, upload_all
from tests.browser.digit_page import BROWSER_ARGUMENTS, find_browser, serve_app
from tests.drawings import Drawing, in_a_row, load_drawings

EMPTY = 'data-stroke-count="0"'
"""What the page holds when nothing is drawn."""

SETTLING_S = 1.0
"""After an answer, a page sends nothing more within this time."""


@dataclass(frozen=True)
class Step:
    """A stroke, or what else a page sends something to the server for.

    Attributes:
        awaited: What the page holds once it is answered, as HTML has it.
        messages: What the page sent, filled while it is recorded.
    """

    awaited: str
    messages: list[bytes] = field(default_factory=list)


@dataclass
class Outcome:
    """What the visitors met: how long each answer took from pointer up, and all errors."""

    waits_s: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Let many visitors draw on the page at once.")
    parser.add_argument("--visitors", type=int, default=20, help="how many draw at once")
    parser.add_argument("--drawings", type=int, default=5, help="how many each of them draws")
    parser.add_argument(
        "--stroke-seconds", type=float, default=1.0, help="how long they take for a stroke"
    )
    parser.add_argument(
        "--constant", action="store_true", help="the page with a constant in place of the model"
    )
    parser.add_argument("--browsers", action="store_true", help="all of them in Chromium")
    parser.add_argument(
        "--uploads",
        type=Path,
        metavar="FOLDER",
        help=f"{VISITORS} more visitors upload its files meanwhile",
    )
    parser.add_argument(
        "--pause-seconds", type=float, default=1.0, help="how long these wait after an answer"
    )
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        sys.exit("No Chromium is installed: `apt-get install chromium`")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "server.log")
        script = "benchmarks/constant_page.py" if arguments.constant else "app.py"
        with serve_app(log, script) as url:
            outcome = asyncio.run(visit(executable, url, arguments))
        if "Traceback" in log.read_text("utf-8"):
            outcome.errors.append(log.read_text("utf-8"))
    if not outcome.waits_s:
        sys.exit("\n".join(outcome.errors))
    percentiles = statistics.quantiles(outcome.waits_s, n=100, method="inclusive")
    print(  # noqa: T201
        f"{len(outcome.waits_s)} answers to {arguments.visitors} visitors at once, "
        f"{len(outcome.errors)} errors; from pointer up to the answer: "
        f"median {1e3 * percentiles[49]:.0f} ms, p95 {1e3 * percentiles[94]:.0f} ms"
    )
    if outcome.errors:
        sys.exit("\n".join(outcome.errors))


async def visit(executable: str, url: str, arguments: argparse.Namespace) -> Outcome:
    """Lets all visitors draw."""
    outcome = Outcome()
    count, stroke_s = arguments.drawings, arguments.stroke_seconds
    visitors = range(arguments.visitors)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        if arguments.browsers:
            pages = [await ChromiumPage.open(browser, url, outcome) for _ in visitors]
            visits = [
                page.draw_all(numbers(count, visitor), stroke_s, outcome)
                for visitor, page in zip(visitors, pages, strict=True)
            ]
            await asyncio.gather(*visits)
            return outcome
        page = await ChromiumPage.open(browser, url, outcome)
        await page.draw_all(numbers(count), SETTLING_S, Outcome())
        await browser.close()
    visits = [replay(url, page.recorded, visitor, stroke_s, outcome) for visitor in visitors]
    with uploading(url, page.recorded, arguments):
        await asyncio.gather(*visits)
    return outcome


@contextlib.contextmanager
def uploading(
    url: str, recorded: Sequence[Step], arguments: argparse.Namespace
) -> Generator[None, None, None]:
    """Has others upload files meanwhile, in a process of their own, if that was asked for."""
    if not arguments.uploads:
        yield
        return
    opening, drawing = recorded[0].messages, recorded[1].messages[0]
    process = multiprocessing.get_context("spawn").Process(
        target=upload_all,
        args=(url, opening, drawing, arguments.uploads, arguments.pause_seconds),
        daemon=True,
    )
    process.start()
    try:
        yield
        if not process.is_alive():
            sys.exit("those who upload have failed, see above")
    finally:
        process.kill()
        process.join()


def numbers(count: int, visitor: int = 0) -> list[list[Drawing]]:
    """Numbers of one to three digits, others for each visitor."""
    digits = load_drawings()
    starts = [(visitor * count + index) * 3 % len(digits) for index in range(count)]
    return [digits[start : start + 1 + index % 3] for index, start in enumerate(starts)]


class ChromiumPage:
    """The page in a browser.

    Attributes:
        recorded: For each thing done to the page, what it sent to the server, and what it holds
            once that is answered. Opening it is the first.
    """

    def __init__(self, page: Page) -> None:
        self._page = page
        self.recorded: list[Step] = []

    @classmethod
    async def open(cls, browser: Browser, url: str, outcome: Outcome) -> "ChromiumPage":
        """Opens the page as a visitor of its own, noting its errors."""
        page = await (await browser.new_context()).new_page()
        page.set_default_timeout(1e3 * TIMEOUT_S)
        page.on("pageerror", lambda error: outcome.errors.append(str(error)))
        page.on(
            "console",
            lambda note: outcome.errors.append(note.text) if note.type == "error" else None,
        )
        opened = cls(page)
        page.on("websocket", opened._listen)
        opened.recorded.append(Step(EMPTY))
        await page.goto(url)
        await page.locator(f"[{EMPTY}]").wait_for(state="attached")
        await asyncio.sleep(SETTLING_S)
        return opened

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framesent", self._note)

    def _note(self, message: bytes | str) -> None:
        if isinstance(message, bytes):
            self.recorded[-1].messages.append(message)

    async def draw_all(
        self, drawings: list[list[Drawing]], stroke_s: float, outcome: Outcome
    ) -> None:
        """Draws numbers one after the other, waits after every stroke, and notes the waits."""
        canvas = self._page.locator("canvas.upper-canvas")
        for digits in drawings:
            box = await canvas.bounding_box()
            if box is None:
                raise AssertionError("the canvas is not visible")
            for count, stroke in enumerate(in_a_row(digits, box["width"], box["height"]), start=1):
                await asyncio.sleep(stroke_s)
                answered = f'data-stroke-count="{count}"'
                self.recorded.append(Step(answered))
                points = [(box["x"] + x, box["y"] + y) for x, y in stroke]
                await self._page.mouse.move(*points[0])
                await self._page.mouse.down()
                for point in points[1:]:
                    await self._page.mouse.move(*point)
                await self._page.mouse.up()
                up = time.perf_counter()
                await self._page.locator(f".answer[{answered}]").wait_for()
                outcome.waits_s.append(time.perf_counter() - up)
            await asyncio.sleep(stroke_s)
            self.recorded.append(Step(EMPTY))
            await self._page.get_by_role("button", name="Clear", exact=True).click()
            await self._page.locator(f"[{EMPTY}]").wait_for(state="attached")
        await asyncio.sleep(stroke_s)


async def replay(
    url: str, recorded: Sequence[Step], visitor: int, stroke_s: float, outcome: Outcome
) -> None:
    """Sends what a page has sent, waits for each answer, and notes the waits for strokes."""
    # People are not in step: whoever waits with others would meet them again at every stroke.
    pauses = random.Random(visitor)  # noqa: S311 — nobody's secret
    await asyncio.sleep(stroke_s * visitor / 10)
    async with connected(url) as socket:
        for step in recorded:
            await asyncio.sleep(stroke_s * pauses.uniform(0.5, 1.5))
            up = time.perf_counter()
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    answered = await _ask(socket, step, outcome)
            except TimeoutError:
                answered = None
            if answered is None:
                outcome.errors.append(f"visitor {visitor} waited in vain for {step.awaited}")
                return
            if step.awaited != EMPTY:
                outcome.waits_s.append(answered - up)


async def _ask(socket: ClientConnection, step: Step, outcome: Outcome) -> float | None:
    """Sends a step's messages; gives the moment at which what is awaited came, if it did."""
    answered = None
    for message in step.messages:
        await socket.send(message)
        is_finished = False
        while not is_finished:
            content = await received(socket)
            if answered is None and step.awaited.encode() in content:
                answered = time.perf_counter()
            answer = ForwardMsg.FromString(content)
            element = answer.delta.new_element
            if element.HasField("exception"):
                outcome.errors.append(element.exception.message)
            is_finished = answer.WhichOneof("type") == "script_finished"
    return answered


if __name__ == "__main__":
    main()
