"""Marks without a meaning, to measure on: scribbles, blots, nearly blank paper and noise.

They are drawn at a canvas's resolution by code of their own, not by that of `non_digits`, which the
network learns from.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

SIDE_PX = 280
"""Side of the pictures in pixels, as large as the app's canvas for one digit."""

Picture = NDArray[np.uint8]


def make_scrawls(count: int, seed: int = 0) -> dict[str, list[Picture]]:
    """Draws pictures of every kind, dark on white.

    Args:
        count: How many of each kind.
        seed: Decides all of them.

    Returns:
        uint8 [280, 280] pictures by kind.
    """
    generator = np.random.default_rng(seed)
    return {name: [draw(generator) for _ in range(count)] for name, draw in _KINDS.items()}


def _paper() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    paper = Image.new("L", (SIDE_PX, SIDE_PX), 255)
    return paper, ImageDraw.Draw(paper)


def _scribble(generator: np.random.Generator) -> Picture:
    """One line of a pen: a zigzag, a coil, or a line through random points."""
    paper, pen = _paper()
    turns = int(generator.integers(5, 12))
    along = np.linspace(0, 1, turns * 24)
    kind = generator.integers(3)
    if kind == 0:
        knots = generator.uniform(40, SIDE_PX - 40, (turns + 2, 2))
        position = np.linspace(0, len(knots) - 1, turns * 24)
        path = np.stack([np.interp(position, range(len(knots)), axis) for axis in knots.T], axis=1)
    else:
        swing = np.sin(2 * np.pi * turns * along) * generator.uniform(50, 100)
        drift = (along - 0.5) * generator.uniform(60, 200)
        loop = np.cos(2 * np.pi * turns * along) * (generator.uniform(20, 60) if kind == 2 else 0)
        angle = generator.uniform(0, np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        path = np.stack([drift + loop, swing], axis=1) @ turn + SIDE_PX / 2
    path = path + _smooth(generator.normal(size=path.shape)) * 12
    width = int(generator.integers(6, 20))
    pen.line([tuple(point) for point in path.tolist()], fill=0, width=width, joint="curve")
    return np.asarray(paper)


def _smooth(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    kernel = np.hanning(25)
    return np.stack([np.convolve(axis, kernel / kernel.sum(), "same") for axis in steps.T], axis=1)


def _blot(generator: np.random.Generator) -> Picture:
    """Spilled ink: one closed, filled outline that wobbles."""
    paper, pen = _paper()
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    radius = np.full_like(angle, generator.uniform(25, 90))
    for waves in range(2, 7):
        phase = generator.uniform(0, 2 * np.pi)
        radius *= 1 + generator.uniform(0, 0.5 / waves) * np.sin(waves * angle + phase)
    aspect = generator.uniform(0.6, 1)
    outline = (
        np.stack([radius * np.cos(angle), aspect * radius * np.sin(angle)], axis=1) + SIDE_PX / 2
    )
    pen.polygon([tuple(point) for point in outline.tolist()], fill=0)
    return np.asarray(paper)


def _nearly_blank(generator: np.random.Generator) -> Picture:
    """Paper with a few dots, as of dust."""
    paper, pen = _paper()
    for _ in range(generator.integers(1, 6)):
        radius = generator.uniform(1, 10)
        x, y = generator.uniform(20, SIDE_PX - 20, 2)
        pen.ellipse([x - radius, y - radius, x + radius, y + radius], fill=0)
    return np.asarray(paper)


def _noise(generator: np.random.Generator) -> Picture:
    """Noise with a grain of 1 … 12 pixels, of every contrast."""
    grain = generator.uniform(1, 12)
    noise = generator.normal(size=(SIDE_PX, SIDE_PX)) * 60 + 128
    grey = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    levels = np.asarray(grey.filter(ImageFilter.GaussianBlur(grain)), np.float64)
    levels = (levels - levels.mean()) / levels.std() * generator.uniform(10, 80)
    return (levels + generator.uniform(60, 200)).clip(0, 255).astype(np.uint8)


_KINDS: dict[str, Callable[[np.random.Generator], Picture]] = {
    "scribbles": _scribble,
    "blots": _blot,
    "nearly blank": _nearly_blank,
    "noise": _noise,
}
