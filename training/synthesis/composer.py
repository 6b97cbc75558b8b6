"""Composes batches of pictures of written numbers, and says where each character is and which."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.synthesis.augmentation import CHARACTER_SIDE_PX
from training.synthesis.camera import photograph
from training.synthesis.characters import LETTER, CharacterStock
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
from training.synthesis.patches import Patches, contrast_of, ink_boxes, put

SIZES = ((64, 224), (64, 224), (96, 144), (128, 112))
"""Height and width of pictures in pixels; one size for each batch."""

CLEAN_SHARE = 0.13
"""Share of the pictures that a drawing program made, usually."""

LEAST_CONTRAST, LEGIBLE_CONTRAST = 0.18, 0.4
"""Share of the light that the faintest ink takes."""

LEAST_SEEN_LEVELS, LEGIBLE_SEEN_LEVELS = 6.0, 20.0
"""Characters that differ less from the paper around them are ignored, in levels of 1/255."""

LEAST_SEEN_DEVIATIONS, LEGIBLE_SEEN_DEVIATIONS = 0.7, 1.4
"""Likewise, as a multiple of the deviation of the paper around them."""

SMALL_PX = 22.0
"""Characters up to this height are drawn on small patches, from the stock at half its size."""

_SMALL_PATCH_PX, _LARGE_PATCH_PX = 40, 88
_MARGIN_PX = _LARGE_PATCH_PX
_LEAST_SHOWN, _MOSTLY_SHOWN = 0.45, 0.8  # of a character's box; between these it is ignored


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
        clean_share: float | None = None,
    ) -> None:
        """Takes over the stock.

        Args:
            stock: The characters.
            seed: Decides the pictures.
            device: Where they are drawn; the CPU by default.
            legible: Whether a person could read all that is written.
            clean_share: Share of the pictures that a drawing program made; `CLEAN_SHARE` by
                default.
        """
        self._stock = stock
        self._legible = legible
        self._clean_share = CLEAN_SHARE if clean_share is None else clean_share
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
        sheets = torch.zeros(
            batch, size[0] + 2 * _MARGIN_PX, size[1] + 2 * _MARGIN_PX, device=self._device
        )
        written = self._write(layouts, sheets, size)
        ink = sheets[:, _MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]
        self._write_large(layouts, ink)
        luminance = self._photograph(layouts, ink, size)
        none = torch.zeros(0, dtype=torch.int64)
        pictures, boxes, kinds = [none], [torch.zeros(0, 4)], [none]
        for patches in written:
            kind = torch.where(self._is_seen(patches, sheets, luminance), patches.kinds, IGNORED)
            is_wanted = patches.kinds != BACKGROUND
            pictures.append(patches.picture[is_wanted])
            boxes.append(patches.boxes[is_wanted])
            kinds.append(kind[is_wanted])
        return Pictures(luminance, torch.cat(pictures), torch.cat(boxes), torch.cat(kinds))

    def _is_seen(self, patches: Patches, sheets: Tensor, luminance: Tensor) -> Tensor:
        """Whether characters stand out from the paper: glare, shadow and print hide some."""
        contrast, deviation = contrast_of(patches, sheets, luminance, _MARGIN_PX)
        levels = LEGIBLE_SEEN_LEVELS if self._legible else LEAST_SEEN_LEVELS
        deviations = LEGIBLE_SEEN_DEVIATIONS if self._legible else LEAST_SEEN_DEVIATIONS
        return (contrast >= levels) & (contrast >= deviations * deviation)

    # --- Writing ---------------------------------------------------------------------------------

    def _write(self, layouts: list[Layout], sheets: Tensor, size: tuple[int, int]) -> list[Patches]:
        """Draws all characters but the large ones on sheets with a margin."""
        height, width = size
        placed = [
            (index, character)
            for index, layout in enumerate(layouts)
            for character in layout.characters
            if -40 < character.x < width + 40 and -40 < character.y < height + 40
        ]
        written: list[Patches] = []
        for is_small in (True, False):
            chosen = [
                (i, p) for i, p in placed if (max(p.height, p.width * 0.6) <= SMALL_PX) == is_small
            ]
            if not chosen:
                continue
            side = _SMALL_PATCH_PX if is_small else _LARGE_PATCH_PX
            table = _table([character for _, character in chosen])
            corner = (table[:, 1:3] - side / 2).round()
            drawn = self._drawn(table, corner, (side, side), half=is_small)
            boxes, shown = ink_boxes(drawn.cpu(), corner, size)
            kinds = table[:, 8].long()
            kinds[(kinds >= 0) & (shown < _MOSTLY_SHOWN)] = IGNORED
            kinds[(kinds != BACKGROUND) & (shown < _LEAST_SHOWN)] = BACKGROUND
            if self._legible:  # a person reads these, too
                is_written = table[:, 0] < self._stock.starts[LETTER]
                kinds[(kinds == BACKGROUND) & is_written & (shown > 0)] = IGNORED
            picture = torch.tensor([index for index, _ in chosen])
            patches = Patches(drawn, picture, corner.long(), boxes, kinds)
            put(sheets, patches, _MARGIN_PX)
            written.append(patches)
        return written

    def _write_large(self, layouts: list[Layout], ink: Tensor) -> None:
        """Draws the large characters on sheets without a margin."""
        _, height, width = ink.shape
        large = [
            (index, character) for index, layout in enumerate(layouts) for character in layout.large
        ]
        if not large:
            return
        table = _table([character for _, character in large])
        drawn = self._drawn(table, torch.zeros(len(large), 2), (height, width), half=False)
        for (index, _), character in zip(large, drawn, strict=True):
            ink[index] = torch.maximum(ink[index], character)

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
        side = CHARACTER_SIDE_PX / 2
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
        is_clean = chance(shape, self._clean_share, generator)
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


assert LARGEST_IGNORED_PX < _LARGE_PATCH_PX  # noqa: S101 - else patches would cut characters
