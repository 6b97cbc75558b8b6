"""Lets many visitors draw at once and says how long they wait for their answers.

python -m tests.browser.load
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

from tests.browser.digit_page import BROWSER_ARGUMENTS, HINT, find_browser, serve_app
from tests.drawings import Drawing, Point, in_a_row, load_drawings

TIMEOUT_MS = 120_000


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Let many visitors draw in Chromium at once.")
    parser.add_argument("--visitors", type=int, default=20, help="how many draw at once")
    parser.add_argument("--drawings", type=int, default=5, help="how many each of them draws")
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        sys.exit("No Chromium is installed: `apt-get install chromium`")
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "server.log")
        with serve_app(log) as url:
            waits_s, errors = asyncio.run(
                visit(executable, url, arguments.visitors, arguments.drawings)
            )
        if "Traceback" in log.read_text("utf-8"):
            errors.append(log.read_text("utf-8"))
    percentiles = statistics.quantiles(waits_s, n=100, method="inclusive")
    print(  # noqa: T201
        f"{len(waits_s)} answers to {arguments.visitors} visitors at once, {len(errors)} errors; "
        f"from pointer up to the answer: median {percentiles[49]:.2f} s,"
        f" p95 {percentiles[94]:.2f} s"
    )
    if errors:
        sys.exit("\n".join(errors))


async def visit(
    executable: str, url: str, visitors: int, drawings: int
) -> tuple[list[float], list[str]]:
    """Opens all pages, then draws on all of them; gives all waits in seconds and all errors."""
    waits_s: list[float] = []
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable, args=BROWSER_ARGUMENTS
        )
        pages = [await open_page(browser, url, errors) for _ in range(visitors)]
        ready = [draw_all(page, visitor, drawings, waits_s) for visitor, page in enumerate(pages)]
        await asyncio.gather(*ready)
        await browser.close()
    return waits_s, errors


async def open_page(browser: Browser, url: str, errors: list[str]) -> Page:
    """Opens the page as a visitor of its own, noting its errors."""
    context = await browser.new_context()
    page = await context.new_page()
    page.set_default_timeout(TIMEOUT_MS)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda note: errors.append(note.text) if note.type == "error" else None)
    await page.goto(url)
    await page.get_by_text(HINT).wait_for()
    return page


async def draw_all(page: Page, visitor: int, count: int, waits_s: list[float]) -> None:
    """Draws digits and numbers one after the other, each visitor others, and notes the waits."""
    drawings = load_drawings()
    canvas = page.locator("canvas.upper-canvas")
    for index in range(count):
        first = (visitor * count + index) * 3 % len(drawings)
        digits = drawings[first : first + 1 + index % 3]
        box = await canvas.bounding_box()
        if box is None:
            raise AssertionError("the canvas is not visible")
        origin = (box["x"], box["y"])
        waits_s += await draw(page, digits, origin, (box["width"], box["height"]))
        await page.get_by_role("button", name="Clear", exact=True).click()
        await page.get_by_text(HINT).wait_for()


async def draw(
    page: Page, digits: list[Drawing], origin: Point, size_px: tuple[float, float]
) -> list[float]:
    """Draws one number and waits after every stroke; gives the waits in seconds."""
    waits_s = []
    for index, stroke in enumerate(in_a_row(digits, *size_px), start=1):
        points = [(origin[0] + x, origin[1] + y) for x, y in stroke]
        await page.mouse.move(*points[0])
        await page.mouse.down()
        for point in points[1:]:
            await page.mouse.move(*point)
        await page.mouse.up()
        up = time.perf_counter()
        await page.locator(f".answer[data-stroke-count='{index}']").wait_for()
        waits_s.append(time.perf_counter() - up)
    return waits_s


if __name__ == "__main__":
    main()
