"""Writes a contact sheet of composed pictures, to be looked at beside real ones.

    python -m training.synthesis.sheet FILE

shows the boxes of what is to be found in red, and of what does not matter in blue.
"""

from pathlib import Path

from PIL import Image, ImageDraw

from training.config import add_data_flag, command_line_parser, refusing, say
from training.data import load_mnist, split_training_set
from training.synthesis.characters import make_characters
from training.synthesis.composer import Composer, Pictures
from training.synthesis.texts import CHARACTERS

COLUMNS = 6
ROWS = 12


def contact_sheet(composer: Composer, *, with_boxes: bool = True) -> Image.Image:
    """Composes pictures and puts them side by side."""
    pictures = composer.compose(COLUMNS * ROWS, (64, 224))
    tiles = [_tile(pictures, index, with_boxes=with_boxes) for index in range(COLUMNS * ROWS)]
    width, height = (side + 4 for side in tiles[0].size)
    sheet = Image.new(tiles[0].mode, (COLUMNS * width, ROWS * height), "white")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % COLUMNS * width, index // COLUMNS * height))
    return sheet


def _tile(pictures: Pictures, index: int, *, with_boxes: bool) -> Image.Image:
    tile = Image.fromarray(pictures.luminance[index].cpu().numpy())
    if not with_boxes:
        return tile
    tile = tile.convert("RGB").resize((tile.width * 2, tile.height * 2))
    draw = ImageDraw.Draw(tile)
    chosen = pictures.picture == index
    for box, kind in zip(
        pictures.boxes[chosen].tolist(), pictures.kinds[chosen].tolist(), strict=True
    ):
        edges = [2 * edge for edge in box]
        draw.rectangle(edges, outline="red" if kind >= 0 else "blue")
        if kind >= 0:
            draw.text((edges[0], 0), CHARACTERS[kind], fill="red")
    return tile


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    parser.add_argument("file", type=Path, metavar="FILE", help="the picture to write")
    parser.add_argument("--seed", type=int, default=0, help="decides the pictures (default: 0)")
    add_data_flag(parser)
    arguments = parser.parse_args()
    with refusing(parser):
        training_set = load_mnist(arguments.data_dir, train=True)
    _, held_out = split_training_set(training_set)
    stock = make_characters(held_out, arguments.seed, scale=0.1)
    contact_sheet(Composer(stock, arguments.seed)).save(arguments.file)
    say(f"wrote {arguments.file}; look at it beside real pictures")


if __name__ == "__main__":
    main()
