"""Records the moving picture of the page that the README shows.

    python -m benchmarks.demo .github/page.webp

The page is the real one, in a Chromium. Its strokes are those of a mouse, and each answer is waited
for, as a person would.
"""

import argparse
import io
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import ViewportSize

from tests.browser.digit_page import DigitPage, find_browser, open_browser, serve_app
from tests.drawings import Drawing, in_a_row, load_drawings

STYLES = ("4 open", "0 slashed", "7 crossed", "1 European, long upstroke", "3 round")
VIEWPORT = ViewportSize(width=1120, height=700)

DRAWING_MS = 60  # that a frame is shown for while the pen moves
POINTS_PER_FRAME = 5
ANSWER_MS = 500  # after each digit
LAST_MS = 3_000  # with the whole number
WEBP_QUALITY = 80


class Film:
    """Frames of a page, each with the time that it is shown for."""

    def __init__(self, page: DigitPage) -> None:
        self._page = page.page
        self._frames: list[Image.Image] = []
        self._shown_ms: list[int] = []

    def show(self, duration_ms: int) -> None:
        """Adds the page as it is now."""
        picture = self._page.screenshot(animations="disabled")
        self._frames.append(Image.open(io.BytesIO(picture)).convert("RGB"))
        self._shown_ms.append(duration_ms)

    def save(self, path: Path) -> None:
        """Writes an animated WebP that starts again when it has ended."""
        first, *others = self._frames
        first.save(
            path,
            save_all=True,
            append_images=others,
            duration=self._shown_ms,
            loop=0,
            quality=WEBP_QUALITY,
            method=6,
        )


def record(page: DigitPage, drawings: list[Drawing]) -> Film:
    """Writes digits as a number, point by point, and waits for the answer to each."""
    film = Film(page)
    film.show(ANSWER_MS)
    box = page.canvas_box()
    strokes = iter(in_a_row(drawings, box["width"], box["height"]))
    mouse = page.page.mouse
    stroke_count = 0
    for drawing in drawings:
        for _ in drawing.strokes:
            points = [(box["x"] + x, box["y"] + y) for x, y in next(strokes)]
            mouse.move(*points[0])
            mouse.down()
            for index, point in enumerate(points[1:]):
                mouse.move(*point)
                if index % POINTS_PER_FRAME == 0:
                    film.show(DRAWING_MS)
            mouse.up()
            stroke_count += 1
        page.answer_to(stroke_count)
        page.frames().nth(0).wait_for()
        film.show(ANSWER_MS)
    page.page.wait_for_load_state("networkidle")  # what is drawn below the answer is there, too
    film.show(LAST_MS)
    return film


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Record the page while a number is drawn.")
    parser.add_argument("file", type=Path, help="the WebP file to write")
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        sys.exit("No Chromium is installed: `apt-get install chromium`")
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_app(Path(folder, "server.log")) as url,
        open_browser(executable) as browser,
    ):
        page = DigitPage(browser.new_context(viewport=VIEWPORT).new_page(), url)
        drawings = {str(drawing): drawing for drawing in load_drawings()}
        film = record(page, [drawings[style] for style in STYLES])
    film.save(arguments.file)
    size_mb = arguments.file.stat().st_size / 1e6
    print(f"wrote {arguments.file} ({size_mb:.2f} MB); look at it, then commit it")  # noqa: T201


if __name__ == "__main__":
    main()
