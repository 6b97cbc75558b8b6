"""Sheets with few things on them, and what is to be seen of them."""

from collections.abc import Sequence
from random import Random

import pytest
import torch

from training.synthesis import composer
from training.synthesis.characters import INKED, CharacterStock
from training.synthesis.composer import Composer, Pictures
from training.synthesis.layout import Layout, Placed, Rectangle
from training.synthesis.texts import CHARACTERS

SIZE = HEIGHT, WIDTH = 64, 224
EIGHT = CHARACTERS.index("8")


def seeded() -> Random:
    return Random(0)  # noqa: S311 - no secret depends on it


def compose_only(
    monkeypatch: pytest.MonkeyPatch,
    stock: CharacterStock,
    *placed: Placed,
    rectangles: Sequence[Rectangle] = (),
) -> Pictures:
    """Composes one picture with nothing else on it."""
    made = Layout(characters=list(placed), rectangles=list(rectangles))
    monkeypatch.setattr(composer, "lay_out", lambda *_, **__: made)
    return Composer(stock, 0).compose(1, SIZE)


def ink_of(pictures: Pictures) -> torch.Tensor:
    """How dark clean pictures are, 0 … 1."""
    return 1 - pictures.luminance.float() / 255


def box_of(ink: torch.Tensor) -> list[float]:
    """Left, top, right and bottom of the pixels that are dark enough to be a part of it."""
    rows, columns = (ink >= INKED * ink.max()).nonzero(as_tuple=True)
    edges = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    return [float(edge) for edge in edges]
