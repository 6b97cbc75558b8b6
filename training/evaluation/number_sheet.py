"""A sheet of the worst readings: the picture, what is written, what was read, and how surely."""

from collections.abc import Mapping, Sequence

from PIL import Image, ImageDraw, ImageFont

from training.evaluation.number_readings import PICTURE_SIZE, Reading

SHOWN_PER_CONDITION = 24
SHEET_COLUMNS = 5

_LINE_HEIGHT_PX = 18
_FREE_PX = 2
TILE_SIZE = (PICTURE_SIZE[0] + 2 * _FREE_PX, PICTURE_SIZE[1] + 2 * _LINE_HEIGHT_PX + 4 * _FREE_PX)
"""Width and height of one reading on the sheet, in pixels."""


def worst_readings(
    measured: Mapping[str, Sequence[Reading]], count: int = SHOWN_PER_CONDITION
) -> list[tuple[str, Reading]]:
    """Chooses wrong readings, with the names of their conditions.

    Sure ones come first, then those of higher confidence: these could mislead whoever trusts them.

    Args:
        measured: Readings by condition.
        count: At most so many of each condition.
    """
    chosen: list[tuple[str, Reading]] = []
    for name, readings in measured.items():
        wrong = [(name, reading) for reading in readings if not reading.is_right]
        chosen += sorted(wrong, key=_harmlessness)[:count]
    return sorted(chosen, key=_harmlessness)


def _harmlessness(named: tuple[str, Reading]) -> tuple[bool, float]:
    return not named[1].is_sure, -named[1].confidence


def failures_sheet(measured: Mapping[str, Sequence[Reading]]) -> Image.Image:
    """Draws the worst readings of each condition; sure ones have a red caption."""
    tiles = [_tile(name, reading) for name, reading in worst_readings(measured)]
    width, height = TILE_SIZE
    rows = -(-len(tiles) // SHEET_COLUMNS) or 1
    sheet = Image.new("RGB", (SHEET_COLUMNS * width, rows * height), "lightgrey")
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % SHEET_COLUMNS * width, index // SHEET_COLUMNS * height))
    return sheet


def _tile(condition: str, reading: Reading) -> Image.Image:
    tile = Image.new("RGB", TILE_SIZE, "lightgrey")
    draw = ImageDraw.Draw(tile)
    font = ImageFont.load_default(13)
    colour = "firebrick" if reading.is_sure else "black"
    draw.text((4, _FREE_PX), caption(reading), fill=colour, font=font)
    place = f"{condition}, {reading.name}"
    draw.text((4, _FREE_PX + _LINE_HEIGHT_PX), place, fill="dimgrey", font=font)
    if reading.picture is not None:
        tile.paste(reading.picture, (_FREE_PX, 2 * _LINE_HEIGHT_PX + 2 * _FREE_PX))
    return tile


def caption(reading: Reading) -> str:
    """What was read for what, and with which confidence."""
    if reading.is_several:
        return f"several numbers for {reading.written}"
    if not reading.read:
        return f"nothing for {reading.written}"
    sureness = ", sure" if reading.is_sure else ""
    return f"{reading.read} for {reading.written}, {reading.confidence:.0%}{sureness}"
