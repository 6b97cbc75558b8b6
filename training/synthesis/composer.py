"""Composes batches of pictures of written numbers, and says where each character is and which."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.augmentation import WORKING_SIZE
from training.synthesis.camera import photograph
from training.synthesis.characters import INKED, CharacterStock
from training.synthesis.layout import (
    BACKGROUND,
    IGNORED,
    LARGEST_IGNORED_PX,
    Layout,
    Placed,
    Rectangle,
    lay_out,
)
from training.synthesis.paper import (
    chance,
    clouds,
    draw_rectangles,
    grain,
    print_waves,
    shine_light,
    uniform,
)

SIZES = ((64, 224), (64, 224), (96, 144), (128, 112))
"""Height and width of pictures in pixels; one size for each batch."""

CLEAN_SHARE = 0.13
"""Share of the pictures that a drawing program made."""

LEAST_CONTRAST, LEGIBLE_CONTRAST = 0.18, 0.4
"""Share of the light that the faintest ink takes."""

SMALL_PX = 22.0
"""Characters up to this height are drawn on small patches, from the stock at half its size."""

_SMALL_PATCH_PX, _LARGE_PATCH_PX = 40, 88
_LEAST_SEEN, _MOSTLY_SEEN = 0.45, 0.8  # of a character's box; between these it is ignored


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """A batch of pictures and what is on them.

    Attributes:
        luminance: uint8 [batch, height, width].
        picture: int64 [count], the picture that a character is on.
        boxes: float32 [count, 4], left, top, right and bottom of its ink, in pixels.
        kinds: int64 [count], an index of `CHARACTERS`, or `IGNORED`.
    """

    luminance: Tensor
    picture: Tensor
    boxes: Tensor
    kinds: Tensor


class Composer:
    """Makes pictures without an end; the same seed makes the same ones."""

    def __init__(
        self,
        stock: CharacterStock,
        seed: int,
        device: torch.device | None = None,
        *,
        legible: bool = False,
    ) -> None:
        """Takes over the stock.

        Args:
            stock: The characters.
            seed: Decides the pictures.
            device: Where they are drawn; the CPU by default.
            legible: Whether a person could read all that is written.
        """
        self._stock = stock
        self._legible = legible
        self._device = device or torch.device("cpu")
        self._random = Random(seed)  # noqa: S311 - no secret depends on it
        self._generator = Generator(self._device).manual_seed(seed)
        ink = stock.ink.unsqueeze(1)
        self._ink = stock.ink.to(self._device)
        halves = [F.avg_pool2d(part.float(), 2).round().byte() for part in ink.split(4_096)]
        self._half_ink = torch.cat(halves).squeeze(1).to(self._device)
        self._boxes = torch.from_numpy(stock.boxes)

    def batches(self, batch_size: int) -> Iterator[Pictures]:
        """Yields batches of pictures."""
        while True:
            yield self.compose(batch_size, self._random.choice(SIZES))

    def compose(self, batch: int, size: tuple[int, int]) -> Pictures:
        """Makes a batch of pictures, height × width pixels each."""
        layouts = [
            lay_out(self._stock, *size, self._random, legible=self._legible) for _ in range(batch)
        ]
        ink, picture, boxes, kinds = self._write(layouts, size)
        return Pictures(self._photograph(layouts, ink, size), picture, boxes, kinds)

    # --- Writing ---------------------------------------------------------------------------------

    def _write(
        self, layouts: list[Layout], size: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Draws all characters; ink [batch, height, width] and `Pictures`' other fields."""
        height, width = size
        margin = _LARGE_PATCH_PX
        sheet = torch.zeros(
            len(layouts), height + 2 * margin, width + 2 * margin, device=self._device
        )
        pictures: list[Tensor] = []
        boxes: list[Tensor] = []
        kinds: list[Tensor] = []
        placed = [
            (index, one)
            for index, layout in enumerate(layouts)
            for one in layout.characters
            if -40 < one.x < width + 40 and -40 < one.y < height + 40
        ]
        for is_small in (True, False):
            chosen = [
                (i, p) for i, p in placed if (max(p.height, p.width * 0.6) <= SMALL_PX) == is_small
            ]
            if not chosen:
                continue
            patch = _SMALL_PATCH_PX if is_small else _LARGE_PATCH_PX
            picture = torch.tensor([index for index, _ in chosen])
            table = _table([one for _, one in chosen])
            corner = (table[:, 1:3] - patch / 2).round()
            drawn = self._drawn(table, corner, (patch, patch), half=is_small)
            _put(sheet, drawn, picture, corner.long() + margin)
            found, seen = _boxes(drawn.cpu(), corner, size)
            kind = table[:, 8].long()
            kind[(kind >= 0) & (seen < _MOSTLY_SEEN)] = IGNORED
            kind[(kind != BACKGROUND) & (seen < _LEAST_SEEN)] = BACKGROUND
            kept = kind != BACKGROUND
            pictures.append(picture[kept])
            boxes.append(found[kept])
            kinds.append(kind[kept])
        ink = sheet[:, margin : margin + height, margin : margin + width]
        large = [(index, one) for index, layout in enumerate(layouts) for one in layout.large]
        if large:
            table = _table([one for _, one in large])
            drawn = self._drawn(table, torch.zeros(len(large), 2), size, half=False)
            for (index, _), one in zip(large, drawn, strict=True):
                ink[index] = torch.maximum(ink[index], one)
        if not pictures:
            none = torch.zeros(0, dtype=torch.int64)
            return ink, none, torch.zeros(0, 4), none
        return ink, torch.cat(pictures), torch.cat(boxes), torch.cat(kinds)

    def _drawn(self, table: Tensor, corner: Tensor, size: tuple[int, int], *, half: bool) -> Tensor:
        """Draws characters, [count, height, width], whose upper left pixels lie at `corner`."""
        character, x, y, width, height, slant, turn, strength, _ = table.unbind(dim=1)
        box = self._boxes[character.long()]
        middle = (box[:, :2] + box[:, 2:]) / 2
        scale_x = (box[:, 2] - box[:, 0]) / width  # pixels of the stock for each of the sheet
        scale_y = (box[:, 3] - box[:, 1]) / height
        cos, sin = turn.cos(), turn.sin()
        # From the sheet to the stock: turn back, take the slant away, scale.
        rows, columns = size
        half_x, half_y = columns / 2, rows / 2
        from_x, from_y = corner[:, 0] + half_x - x, corner[:, 1] + half_y - y
        xx, xy = scale_x * (cos - slant * sin), scale_x * (sin + slant * cos)
        yx, yy = -scale_y * sin, scale_y * cos
        side = WORKING_SIZE / 2
        affine = torch.stack(
            [
                torch.stack(
                    [xx * half_x, xy * half_y, xx * from_x + xy * from_y + middle[:, 0] - side], 1
                ),
                torch.stack(
                    [yx * half_x, yy * half_y, yx * from_x + yy * from_y + middle[:, 1] - side], 1
                ),
            ],
            dim=1,
        )
        stock = self._half_ink if half else self._ink
        ink = stock[character.long().to(self._device)].unsqueeze(1).float()
        grid = F.affine_grid(
            (affine / side).to(self._device), [len(ink), 1, rows, columns], align_corners=False
        )
        drawn = F.grid_sample(ink, grid, align_corners=False).squeeze(1) / 255
        # Enlarged strokes get their sharp edges back.
        sharpness = (1 / torch.maximum(scale_x, scale_y)).clamp(1.0, 8.0).view(-1, 1, 1)
        drawn = ((drawn - 0.5) * sharpness.to(self._device) + 0.5).clamp(0, 1)
        return drawn * strength.view(-1, 1, 1).to(self._device)

    # --- Paper and camera ------------------------------------------------------------------------

    def _photograph(self, layouts: list[Layout], ink: Tensor, size: tuple[int, int]) -> Tensor:
        batch, generator = len(layouts), self._generator
        most = max(1, *(len(layout.rectangles) for layout in layouts))
        none = Rectangle(0, 0, 0, 0, 0)
        rectangles = torch.tensor(
            [
                [
                    (r.left, r.top, r.right, r.bottom, r.darkness)
                    for r in layout.rectangles + [none] * (most - len(layout.rectangles))
                ]
                for layout in layouts
            ]
        )
        shape = (batch, 1, 1)
        is_clean = chance(shape, CLEAN_SHARE, generator)
        lines = draw_rectangles(rectangles.to(self._device), size, generator)
        lines *= uniform(shape, 0.3, 1.0, generator)
        paper = uniform(shape, 0.4, 1.0, generator) + grain(batch, size, generator)
        paper = paper * (1 - print_waves(batch, size, generator))
        light = shine_light(batch, size, generator)
        # Ink is uneven: a pen lets some paper through, a pencil more.
        uneven = uniform(shape, 0, 0.25, generator) * clouds(batch, size, 4.0, generator).abs()
        faintest = LEGIBLE_CONTRAST if self._legible else LEAST_CONTRAST
        darkness = uniform(shape, 0, 1, generator) ** 0.45
        contrast = faintest * (1 / faintest) ** darkness
        cover = ink * contrast.clamp(max=0.97) * (1 - uneven).clamp(0.3, 1)
        sheets = torch.where(is_clean, 1 - ink, paper * light * (1 - cover)) * (1 - 0.9 * lines)
        return photograph(sheets.clamp(0, 1), is_clean, generator)


def _table(placed: list[Placed]) -> Tensor:
    """Characters as rows of their fields."""
    return torch.tensor(
        [
            (
                p.character,
                p.x,
                p.y,
                max(p.width, 0.5),
                max(p.height, 0.5),
                p.slant,
                p.turn,
                p.ink,
                p.target,
            )
            for p in placed
        ],
        dtype=torch.float64,
    ).float()


def _put(sheet: Tensor, drawn: Tensor, picture: Tensor, corner: Tensor) -> None:
    """Lays patches [count, side, side] on the sheets; the darkest ink counts."""
    side = drawn.shape[1]
    _, height, width = sheet.shape
    left = corner[:, 0].clamp(0, width - side)
    top = corner[:, 1].clamp(0, height - side)
    offset = torch.arange(side)
    start = (picture * height + top) * width + left
    index = start.view(-1, 1, 1) + offset.view(1, -1, 1) * width + offset.view(1, 1, -1)
    sheet.view(-1).scatter_reduce_(
        0, index.flatten().to(sheet.device), drawn.flatten(), reduce="amax"
    )


def _boxes(drawn: Tensor, corner: Tensor, size: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Bounding boxes of the ink within the sheet, and how much of the whole box that is.

    Args:
        drawn: [count, side, side].
        corner: [count, 2], x and y on the sheet of each patch's upper left pixel.
        size: Height and width of the sheet.

    Returns:
        [count, 4] and [count], 0 … 1.
    """
    side = drawn.shape[1]
    inked = drawn >= INKED * drawn.flatten(1).amax(dim=1).clamp(min=0.1).view(-1, 1, 1)
    end = torch.arange(1, side + 1)
    edges: list[Tensor] = []
    for axis in (1, 2):  # across the columns, then the rows
        is_inked = inked.any(dim=axis)
        edges += [is_inked.byte().argmax(dim=1).float(), (is_inked * end).amax(dim=1).float()]
    whole = torch.stack([edges[0], edges[2], edges[1], edges[3]], dim=1) + corner.repeat(1, 2)
    height, width = size
    limit = torch.tensor([width, height, width, height], dtype=torch.float32)
    shown = torch.minimum(whole.clamp(min=0), limit)

    def area(boxes: Tensor) -> Tensor:
        return ((boxes[:, 2:] - boxes[:, :2]).clamp(min=0)).prod(dim=1)

    return shown, area(shown) / area(whole).clamp(min=1e-6)


assert LARGEST_IGNORED_PX < _LARGE_PATCH_PX  # noqa: S101 - else patches would cut characters
