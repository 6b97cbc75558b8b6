"""The app in a real Chromium, as a person at the page would use it."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, FloatRect, Locator, Page, expect, sync_playwright

from tests.drawings import Drawing, Point, Stroke, in_a_row

REPOSITORY = Path(__file__).parents[2]
BROWSER_NAMES = ("chromium", "chromium-browser", "google-chrome")
BROWSER_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
SERVER_START_TIMEOUT_S = 60
PAGE_TIMEOUT_MS = 30_000
DRAWING_SIDE = 0.65  # of the canvas's height, as people tend to fill it

HINT = "Draw a digit or a number here"

expect.set_options(timeout=PAGE_TIMEOUT_MS)


@dataclass(frozen=True)
class Answer:
    """What the page says.

    "3" and "98% confident", "3 or 8?" and what it is unsure about, or "1984" and how sure it is;
    of several numbers "1984 70" and how sure the last is.
    """

    digits: str
    text: str


class DigitPage:
    """One open page of the app.

    Attributes:
        page: Playwright's page, for what this class has no word for.
        errors: What has been logged as an error in the browser's console, or thrown.
        foreign_requests: The addresses of what was asked of any host but the app's.
    """

    def __init__(self, page: Page, url: str) -> None:
        self.page = page
        self.errors: list[str] = []
        self.foreign_requests: list[str] = []
        self._host = urlsplit(url).netloc
        page.set_default_timeout(PAGE_TIMEOUT_MS)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: self._note_message(message.type, message.text))
        page.on("request", lambda request: self._note_request(request.url))
        page.on("websocket", lambda websocket: self._note_request(websocket.url))
        page.goto(url)
        expect(self.hint).to_be_visible()
        expect(self.canvas).to_be_visible()

    def _note_message(self, kind: str, text: str) -> None:
        if kind == "error":
            self.errors.append(text)

    def _note_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("data", "blob") and parts.netloc != self._host:
            self.foreign_requests.append(url)

    @property
    def hint(self) -> Locator:
        """What an empty canvas says."""
        return self.page.get_by_text(HINT)

    @property
    def canvas(self) -> Locator:
        """The paper; of the two layers, the one that takes the pointer."""
        return self.page.locator("canvas.upper-canvas")

    @property
    def undo(self) -> Locator:
        """The button that takes the last stroke, Clear or example back."""
        return self.page.get_by_role("button", name="Undo")

    @property
    def redo(self) -> Locator:
        """The button that brings it again."""
        return self.page.get_by_role("button", name="Redo")

    def clear(self) -> None:
        """Empty the canvas, unless it is empty."""
        # A click on Clear while the last one is still answered makes Streamlit mount the canvas
        # anew, which the canvas's own script complains about.
        if self.hint.is_visible():
            return
        self.page.get_by_role("button", name="Clear", exact=True).click()
        expect(self.hint).to_be_visible()
        # The last answer is gone, too.
        expect(self.page.locator(".marks[data-stroke-count='0']")).to_be_attached()

    def draw(self, drawing: Drawing, *, by_touch: bool = False) -> Answer:
        """Draw a digit in the middle of the canvas and wait for the answer."""
        box = self.canvas_box()
        strokes = drawing.placed(box["height"], DRAWING_SIDE * box["height"])
        left = (box["width"] - box["height"]) / 2
        self.draw_strokes(
            [[(left + x, y) for x, y in stroke] for stroke in strokes], by_touch=by_touch
        )
        return self.answer_to(len(drawing.strokes))

    def write(self, drawings: Sequence[Drawing], *, by_touch: bool = False) -> Answer:
        """Write digits as a number over the whole canvas and wait for the answer."""
        box = self.canvas_box()
        self.draw_strokes(in_a_row(drawings, box["width"], box["height"]), by_touch=by_touch)
        return self.answer_to(sum(len(drawing.strokes) for drawing in drawings))

    def draw_strokes(self, strokes: Sequence[Stroke], *, by_touch: bool = False) -> None:
        """Draw strokes given in pixels of the canvas."""
        box = self.canvas_box()
        for stroke in strokes:
            on_page = [(box["x"] + x, box["y"] + y) for x, y in stroke]
            if by_touch:
                self._draw_by_touch(on_page)
            else:
                self._draw_by_mouse(on_page)

    def canvas_box(self) -> FloatRect:
        """Where the canvas is on the page, in pixels."""
        self.canvas.scroll_into_view_if_needed()
        box = self.canvas.bounding_box()
        if box is None:
            raise AssertionError("the canvas is not visible")
        return box

    def _draw_by_mouse(self, points: Sequence[Point]) -> None:
        mouse = self.page.mouse
        mouse.move(*points[0])
        mouse.down()
        for point in points[1:]:
            mouse.move(*point)
        mouse.up()

    def _draw_by_touch(self, points: Sequence[Point]) -> None:
        # Playwright itself can only tap.
        session = self.page.context.new_cdp_session(self.page)
        for index, (x, y) in enumerate(points):
            kind = "touchMove" if index else "touchStart"
            session.send(
                "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
            )
        session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        session.detach()

    def draw_at_once(self, stroke: Stroke, *, by_touch: bool = False) -> None:
        """Draw a stroke so fast that the browser merges its moves."""
        box = self.canvas_box()
        points = [{"x": box["x"] + x, "y": box["y"] + y} for x, y in stroke]
        if by_touch:
            method, kinds = "Input.dispatchTouchEvent", ("touchStart", "touchMove", "touchEnd")
            events = [{"touchPoints": [point]} for point in points] + [{"touchPoints": []}]
        else:
            method, kinds = (
                "Input.dispatchMouseEvent",
                ("mousePressed", "mouseMoved", "mouseReleased"),
            )
            events = [{"button": "left", "buttons": 1, **point} for point in [*points, points[-1]]]
        first, moved, last = kinds
        events = zip([first, *[moved] * (len(points) - 1), last], events, strict=True)
        session = self.page.context.new_cdp_session(self.page)

        async def send_all() -> None:
            # Playwright's own `send` waits until the browser has dealt with an event.
            send = session._impl_obj.send
            await asyncio.gather(
                *(send(method, {"type": kind, **event}, timeout=None) for kind, event in events)
            )

        session._sync(send_all())
        session.detach()

    def answer_to(self, stroke_count: int) -> Answer:
        """Wait for the answer to a drawing of so many strokes."""
        answer = self.page.locator(f".answer[data-stroke-count='{stroke_count}']")
        expect(answer).to_be_visible()
        return _read(answer)

    def frames(self, kind: str = "mark") -> Locator:
        """The frames around what was found: "sure", "unsure" or "rejected" ones, or all."""
        return self.page.locator(f".mark.{kind}:visible")

    def look_at(self, example: str) -> Answer:
        """Click on an example, on an empty canvas, and wait for the answer."""
        self.clear()
        self.page.get_by_role("button", name=example, exact=True).click()
        answer = self.page.locator(".answer:visible")
        expect(answer).to_be_visible()
        return _read(answer)

    def download(self, button: str) -> tuple[str, bytes]:
        """Click on a download button; gives the file's name and content."""
        with self.page.expect_download() as download:
            self.page.get_by_role("button", name=button).click()
        return download.value.suggested_filename, download.value.path().read_bytes()

    def upload(self, *files: tuple[str, bytes]) -> None:
        """Upload files, each a name and its content."""
        self.page.get_by_role("tab", name="Upload").click()
        self.page.locator("input[type=file]").set_input_files(
            [{"name": name, "mimeType": "image/png", "buffer": content} for name, content in files]
        )

    def upload_answer(self) -> Answer:
        """Wait for the answer to the uploaded file."""
        answer = self.page.get_by_role("tabpanel", name="Upload").locator(".answer")
        expect(answer).to_be_visible()
        return _read(answer)

    def ink_pixels(self) -> int:
        """Count the dark pixels on the paper."""
        return self.page.locator("canvas.dc-canvas.lower-canvas").evaluate(
            """canvas => canvas.getContext("2d")
                .getImageData(0, 0, canvas.width, canvas.height).data
                .filter((value, index) => index % 4 === 0 && value < 128).length"""
        )


def _read(answer: Locator) -> Answer:
    *digits, text = answer.inner_text().strip().split("\n")
    is_number = answer.locator(".several").count()
    numbers = answer.get_attribute("data-numbers") or ""
    return Answer(numbers if is_number else digits[0].strip(), text.strip())


def find_browser() -> str | None:
    """Find an installed Chromium."""
    return next(filter(None, map(shutil.which, BROWSER_NAMES)), None)


@contextmanager
def open_browser(executable: str, *arguments: str) -> Iterator[Browser]:
    """Start a Chromium without a window, with arguments of its own beside the usual ones."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable, args=[*BROWSER_ARGUMENTS, *arguments], headless=True
        )
        yield browser
        browser.close()


@contextmanager
def serve_app(log: Path, script: str = "app.py") -> Iterator[str]:
    """Start the app on a free port and give its address; what it prints goes to `log`."""
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", script]
    options = ["--server.headless=true", f"--server.port={port}", "--server.fileWatcherType=none"]
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(  # noqa: S603
            [*command, *options],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            _wait_until_healthy(f"http://localhost:{port}/_stcore/health", server, log)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + SERVER_START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url):  # noqa: S310
                return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise RuntimeError(f"the app did not start:\n{log.read_text('utf-8')}")
