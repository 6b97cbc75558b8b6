"""Writes a contact sheet of composed pictures, with the boxes that are to be found."""

from PIL import Image, ImageDraw

from training.synthesis.composer import Composer, Pictures
from training.synthesis.texts import CHARACTERS

COLUMNS = 6
ENLARGED = 2


def contact_sheet(composer: Composer, batches: int = 6, *, with_boxes: bool = True) -> Image.Image:
    """Composes some batches and puts them side by side."""
    tiles = [
        tile
        for pictures in (composer.compose(COLUMNS * 2, (64, 224)) for _ in range(batches))
        for tile in _tiles(pictures, with_boxes=with_boxes)
    ]
    width, height = tiles[0].size
    rows = -(-len(tiles) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * (width + 4), rows * (height + 4)), "white")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % COLUMNS * (width + 4), index // COLUMNS * (height + 4)))
    return sheet


def _tiles(pictures: Pictures, *, with_boxes: bool) -> list[Image.Image]:
    tiles: list[Image.Image] = []
    for index, luminance in enumerate(pictures.luminance.cpu().numpy()):
        tile = Image.fromarray(luminance).convert("RGB")
        tile = tile.resize((tile.width * ENLARGED, tile.height * ENLARGED))
        draw = ImageDraw.Draw(tile)
        chosen = pictures.picture == index
        for box, kind in zip(pictures.boxes[chosen], pictures.kinds[chosen], strict=True):
            if not with_boxes:
                break
            is_found = int(kind) >= 0
            colour = "red" if is_found else "blue"
            draw.rectangle([value * ENLARGED for value in box.tolist()], outline=colour)
            if is_found:
                draw.text((float(box[0]) * ENLARGED, 0.0), CHARACTERS[int(kind)], fill="red")
        tiles.append(tile)
    return tiles
