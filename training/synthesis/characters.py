"""A stock of written characters: digits, separators, and what is none of them.

Digits are MNIST's, augmented, and the shapes that schools teach.
"""

from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Generator, Tensor
from tqdm import tqdm

from training.data import LabelledInk
from training.files import save_whole, saved_in
from training.synthesis.augmentation import CHARACTER_SIDE_PX, augment, enlarge
from training.synthesis.digit_shapes import DIGIT_SHAPES, SEPARATOR_SHAPES
from training.synthesis.glyphs import GLYPHS
from training.synthesis.pen import USUAL_WIDTHS, WIDTHS, draw_loose_strokes, draw_shape
from training.synthesis.strokes import stroke_width
from training.synthesis.texts import CHARACTERS

LETTER = len(CHARACTERS)
"""The kind of letters, symbols and doodles."""

STROKE = LETTER + 1
"""The kind of loose strokes: pieces of letters, links between digits, slips of the pen."""

INKED = 0.35
"""Share of full ink from which a pixel counts as a part of a character."""

_AMBIGUOUS = ("=", "P")  # the one is a separator, the other is how some write a 9
_BANDS = 8  # of a character's height
_PEN_SPREAD = 0.08  # of a writer, as a share of all pens


@dataclass(frozen=True, slots=True, eq=False)
class CharacterStock:
    """Characters, sorted by kind, and within a kind from the thinnest pen to the widest.

    Attributes:
        ink: uint8 [count, 56, 56], 0 (paper) … 255 (full ink).
        boxes: float32 (count, 4), left, top, right and bottom of the ink in pixels.
        pens: float32 (count,), width of the strokes as a share of the box's longer side.
        room: float32 (count, 2, 8), paper between the box's left and right side and the ink in each
            eighth of the height from above, as shares of the box's width.
        starts: Where each kind begins, and where the last ends: 0 … 9, separators, letters,
            strokes.
    """

    ink: Tensor
    boxes: NDArray[np.float32]
    pens: NDArray[np.float32]
    room: NDArray[np.float32]
    starts: tuple[int, ...]

    def pick(self, kind: int, pen: float, random: Random) -> int:
        """Chooses a character.

        Args:
            kind: The index of one of `CHARACTERS`, `LETTER` or `STROKE`.
            pen: Share of the kind's characters with thinner pens, 0 … 1.
            random: Source of all randomness.

        Returns:
            Its index.
        """
        start, stop = self.starts[kind], self.starts[kind + 1]
        share = min(max(pen + random.gauss(0, _PEN_SPREAD), 0.0), 1.0)
        return start + min(int(share * (stop - start)), stop - start - 1)

    def pick_by_pen(self, kind: int, pen: float, random: Random) -> int:
        """Chooses a character whose strokes are about that share of its longer side wide."""
        start, stop = self.starts[kind], self.starts[kind + 1]
        near = int(np.searchsorted(self.pens[start:stop], pen))
        return self.pick(kind, near / max(stop - start, 1), random)


def make_characters(
    digits: LabelledInk, seed: int, scale: float = 1.0, *, draws_digits: bool = True
) -> CharacterStock:
    """Makes the stock.

    Args:
        digits: MNIST images.
        seed: Decides everything.
        scale: How many drawn characters to make, as a multiple of the usual 250,000.
        draws_digits: Whether digits are drawn from `DIGIT_SHAPES`, too. Who has learned from these
            cannot be measured by them.
    """
    generator = Generator().manual_seed(seed)
    kinds = [_augmented(digits, generator)]
    per_shape = max(2, round(1_200 * scale))
    shapes = DIGIT_SHAPES.items() if draws_digits else ()
    drawn = [(CHARACTERS.index(name[0]), shape) for name, shape in shapes]
    drawn += [(CHARACTERS.index(name[0]), shape) for name, shape in SEPARATOR_SHAPES.items()]
    drawn += [(LETTER, shape) for name, shape in GLYPHS.items() if name not in _AMBIGUOUS]
    for kind, shape in tqdm(drawn, "characters", unit="shape"):
        count = per_shape if kind < 10 else per_shape // 3 + 1
        kinds.append(
            (
                draw_shape(shape, count, generator, WIDTHS.get(kind, USUAL_WIDTHS)),
                torch.full((count,), kind),
            )
        )
    strokes = draw_loose_strokes(max(2, round(6_000 * scale)), generator)
    kinds.append((strokes, torch.full((len(strokes),), STROKE)))
    return _sorted(torch.cat([ink for ink, _ in kinds]), torch.cat([kind for _, kind in kinds]))


def load_or_make_characters(path: Path, digits: LabelledInk | None, seed: int) -> CharacterStock:
    """Reads a stock that was made before, or makes it of the digits, if any, and writes it.

    Raises:
        OSError: It cannot be read or written, or is missing and there are no digits.
        DamagedFileError: The file is damaged, or holds something else.
    """
    if path.is_file():
        with saved_in(path, "characters", "remove it, and they are made again") as saved:
            return CharacterStock(
                saved["ink"],
                saved["boxes"].numpy(),
                saved["pens"].numpy(),
                saved["room"].numpy(),
                tuple(saved["starts"]),
            )
    if digits is None:
        raise FileNotFoundError(f"there are no characters at {path}")
    stock = make_characters(digits, seed)
    path.parent.mkdir(parents=True, exist_ok=True)
    saved = {
        "ink": stock.ink,
        "boxes": torch.from_numpy(stock.boxes),
        "pens": torch.from_numpy(stock.pens),
        "room": torch.from_numpy(stock.room),
        "starts": list(stock.starts),
    }
    save_whole(saved, path)
    return stock


def _augmented(digits: LabelledInk, generator: Generator, rounds: int = 3) -> tuple[Tensor, Tensor]:
    """MNIST's digits, each augmented several times; uint8 [count, 56, 56] and int64 [count]."""
    parts = list(zip(digits.ink.split(1_000), digits.labels.split(1_000), strict=True)) * rounds
    augmented = [
        # A number leans as a whole, which the layout sees to.
        augment(enlarge(ink), labels, generator, leans=False).round().byte()
        for ink, labels in tqdm(parts, "augmented digits", unit="thousand")
    ]
    return torch.cat(augmented), digits.labels.repeat(rounds)


def _sorted(ink: Tensor, kinds: Tensor) -> CharacterStock:
    inked = ink >= round(INKED * 255)
    rows, columns = inked.any(dim=2), inked.any(dim=1)
    is_good = rows.any(dim=1)
    ink, kinds, inked = ink[is_good], kinds[is_good], inked[is_good]
    rows, columns = rows[is_good], columns[is_good]
    end = torch.arange(1, CHARACTER_SIDE_PX + 1)
    sides = [(inked.byte().argmax(dim=1), (inked * end).amax(dim=1)) for inked in (columns, rows)]
    boxes = torch.stack([sides[0][0], sides[1][0], sides[0][1], sides[1][1]], dim=1).float()
    longer = (boxes[:, 2:] - boxes[:, :2]).amax(dim=1)
    pens = torch.cat([stroke_width(part.float() / 255) for part in ink.split(1_000)]) / longer
    room = torch.cat(
        [_room(*part) for part in zip(inked.split(1_000), boxes.split(1_000), strict=True)]
    )
    order = np.lexsort((pens.numpy(), kinds.numpy()))
    counts = torch.bincount(kinds, minlength=STROKE + 1)
    starts = (0, *counts.cumsum(dim=0).tolist())
    chosen = torch.from_numpy(order)
    return CharacterStock(
        ink[chosen], boxes[chosen].numpy(), pens[chosen].numpy(), room[chosen].numpy(), starts
    )


def _room(inked: Tensor, boxes: Tensor) -> Tensor:
    """Paper beside the ink, [count, 2, 8], of inked bool [count, 56, 56] and boxes [count, 4]."""
    left, top, right, bottom = boxes.unsqueeze(2).unbind(dim=1)
    column = torch.arange(CHARACTER_SIDE_PX, dtype=torch.float32)
    from_left = torch.where(inked, column, right.unsqueeze(2)).amin(dim=2) - left
    from_right = right - torch.where(inked, column + 1, left.unsqueeze(2)).amax(dim=2)
    band = ((column - top) / (bottom - top) * _BANDS).floor().clamp(0, _BANDS - 1).long()
    paper = torch.stack([from_left, from_right], dim=1) / (right - left).unsqueeze(2)
    room = torch.ones(len(inked), 2, _BANDS)
    return room.scatter_reduce(2, band.unsqueeze(1).expand_as(paper), paper, "amin")
