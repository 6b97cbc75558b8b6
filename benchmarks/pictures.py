"""Writes the sample pictures of `examples/pictures` from the tests' own strokes.

    python -m benchmarks.pictures

Whoever reads the documents can run their commands on these. The last is photographed by a program.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from tests.drawings import Drawing, load_drawings
from tests.writing import stacked, with_separators, write
from training.evaluation.photographs import photograph

FOLDER = Path(__file__).parent.parent / "examples" / "pictures"
SEED = 7
JPEG_QUALITY = 80


def main() -> None:
    """Runs the command line."""
    styles = {str(drawing): drawing for drawing in load_drawings()}

    def drawings(*names: str) -> list[Drawing]:
        return [styles[name] for name in names]

    amount = with_separators(
        write(drawings("1 European, long upstroke", "2 loop at the foot", "5 hat last", "0 oval")),
        {2: "."},
    )
    lines = [
        amount,
        write(drawings("4 open", "0 slashed", "7 crossed", "1 plain bar", "3 round")),
        write(drawings("2 swan neck", "8 one stroke", "6 tall", "9 straight leg")),
    ]
    page = np.asarray(stacked([line.image for line in lines]))
    photographed = Image.fromarray(photograph(page, np.random.default_rng(SEED)))

    FOLDER.mkdir(exist_ok=True)
    styles["7 crossed"].render().save(FOLDER / "digit.png", optimize=True)
    amount.image.save(FOLDER / "amount.png", optimize=True)
    photographed.save(FOLDER / "page.jpg", quality=JPEG_QUALITY)


if __name__ == "__main__":
    main()
