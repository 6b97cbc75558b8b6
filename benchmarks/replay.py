"""Replays drawings through the real page and says how many it recognizes.

    python -m benchmarks.replay FILE.jsonl.gz

The file holds one drawing a line: `label`, and `strokes`, each a list of [x, y], y downwards, the
drawing's longer side scaled to 1.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tqdm import tqdm

from tests.browser.digit_page import DigitPage, find_browser, open_browser, serve_app
from tests.drawings import read_drawings


def main() -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Replay drawings through the page in Chromium.")
    parser.add_argument("file", type=Path, help="drawings as gzipped JSON lines")
    drawings = list(read_drawings(parser.parse_args().file))
    executable = find_browser()
    if executable is None:
        sys.exit("No Chromium is installed: `apt-get install chromium`")

    misses: list[str] = []
    with (
        tempfile.TemporaryDirectory() as folder,
        serve_app(Path(folder, "server.log")) as url,
        open_browser(executable) as browser,
    ):
        page = DigitPage(browser.new_page(), url)
        for line, drawing in enumerate(tqdm(drawings, unit="drawing"), start=1):
            answer = page.draw(drawing)
            if answer.digits != str(drawing.label):
                misses.append(f"line {line}: {drawing.label} → {answer.digits} ({answer.text})")
            page.clear()
    right = len(drawings) - len(misses)
    summary = f"{right} of {len(drawings)} right: {right / len(drawings):.2%}"
    print("\n".join([summary, *misses]))  # noqa: T201


if __name__ == "__main__":
    main()
