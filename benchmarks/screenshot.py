"""Takes the picture of the page that the README shows.

python -m benchmarks.screenshot FILE.png
"""

import argparse
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import ViewportSize

from tests.browser.digit_page import DigitPage, find_browser, open_browser, serve_app
from tests.drawings import load_drawings

STYLES = ("4 open", "0 slashed", "7 crossed", "1 European, long upstroke", "3 round")
VIEWPORT = ViewportSize(width=800, height=920)


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Take a picture of the page with a drawn number.")
    parser.add_argument("file", type=Path, help="the PNG file to write")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    arguments = parser.parse_args()
    executable = find_browser()
    if executable is None:
        sys.exit("No Chromium is installed: `apt-get install chromium`")
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_app(Path(folder, "server.log")) as url,
        open_browser(executable) as browser,
    ):
        context = browser.new_context(
            viewport=VIEWPORT,
            device_scale_factor=2,
            color_scheme="dark" if arguments.dark else "light",
        )
        page = DigitPage(context.new_page(), url)
        drawings = {str(drawing): drawing for drawing in load_drawings()}
        page.write([drawings[style] for style in STYLES])
        page.page.get_by_test_id("stVegaLiteChart").get_by_text("9", exact=True).wait_for()
        page.page.screenshot(path=arguments.file)


if __name__ == "__main__":
    main()
