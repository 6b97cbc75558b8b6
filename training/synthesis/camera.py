"""What scanners and cameras make of sheets: blur, few pixels, noise, JPEG, light on dark."""

import math

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from training.synthesis.paper import chance, uniform

INVERTED_SHARE = 0.15
COMPRESSED_SHARE = 0.4
BLURRED_SHARE = 0.6
COARSE_SHARE = 0.35
"""Shares of the pictures; coarse ones have been enlarged from fewer pixels."""

_MOST_COARSE = 2.8  # times fewer pixels along an axis
_GROUPS = 8  # of pictures that share a coarseness and a JPEG quality
_BLUR_REACH_PX = 4

# Luminance quantization table of JPEG's annex K (ITU-T T.81), for quality 50.
_QUANTISATION = torch.tensor(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=torch.float32,
)


def photograph(sheets: Tensor, is_clean: Tensor, generator: Generator) -> Tensor:
    """Photographs or scans sheets.

    Args:
        sheets: Luminance, float32 [batch, height, width], 0 … 1; height and width are multiples
            of 8.
        is_clean: bool [batch, 1, 1]; these come from a drawing program, without noise.
        generator: Source of all randomness, on the same device.

    Returns:
        Luminance, uint8 [batch, height, width].
    """
    shape = (len(sheets), 1, 1)
    seen = _blurred(sheets, generator)
    seen = torch.cat([_coarse(part, generator) for part in seen.chunk(_GROUPS)])
    noise = uniform(shape, 0, 1, generator) ** 3 * 0.05 * chance(shape, 0.7, generator) * ~is_clean
    seen = seen + noise * torch.randn(seen.shape, generator=generator, device=generator.device)
    # Exposure, and what programs do to it afterwards.
    gain = torch.where(is_clean, 1.0, uniform(shape, 0.6, 1.15, generator))
    offset = uniform(shape, 0, 0.2, generator) * (gain < 0.85)
    seen = (seen * gain + offset).clamp(0, 1) * 255
    seen = torch.cat([_compressed(part, generator) for part in seen.chunk(_GROUPS)])
    seen = torch.where(chance(shape, INVERTED_SHARE, generator), 255 - seen, seen)
    return seen.round().clamp(0, 255).byte()


def _blurred(sheets: Tensor, generator: Generator) -> Tensor:
    """Gaussian blur, of another width on each sheet."""
    batch = len(sheets)
    sigma = uniform((batch,), 0.3, 1.4, generator)
    sigma = torch.where(chance((batch,), BLURRED_SHARE, generator), sigma, 0.2)
    reach = _BLUR_REACH_PX
    distance = torch.arange(-reach, reach + 1, dtype=torch.float32, device=sheets.device)
    kernel = (-(distance**2) / (2 * sigma.unsqueeze(1) ** 2)).exp()
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    padded = F.pad(sheets.unsqueeze(0), (reach,) * 4, mode="replicate")
    rows = F.conv2d(padded, kernel.view(batch, 1, -1, 1), groups=batch)
    return F.conv2d(rows, kernel.view(batch, 1, 1, -1), groups=batch).squeeze(0)


def _coarse(sheets: Tensor, generator: Generator) -> Tensor:
    """Shrinks some sheets and enlarges them again."""
    if not chance((), COARSE_SHARE, generator):
        return sheets
    factor = _MOST_COARSE ** uniform((), 0, 1, generator).item()
    size = (sheets.shape[1], sheets.shape[2])
    smaller = (max(1, round(size[0] / factor)), max(1, round(size[1] / factor)))
    few = F.interpolate(
        sheets.unsqueeze(1), size=smaller, mode="bilinear", antialias=True, align_corners=False
    )
    mode = "bicubic" if chance((), 0.5, generator) else "bilinear"
    return F.interpolate(few, size=size, mode=mode, align_corners=False).squeeze(1)


def _compressed(levels: Tensor, generator: Generator) -> Tensor:
    """What a JPEG file keeps of luminance 0 … 255: rounded cosine coefficients of 8×8 blocks."""
    if not chance((), COMPRESSED_SHARE, generator):
        return levels
    quality = uniform((), 35, 95, generator).item()
    scale = (50 / quality) if quality < 50 else (2 - quality / 50)
    step = (_QUANTISATION * scale).clamp(min=1.0).to(levels.device)
    transform = _cosines().to(levels.device)
    batch, height, width = levels.shape
    blocks = levels.reshape(batch, height // 8, 8, width // 8, 8).transpose(2, 3) - 128
    coefficients = transform @ blocks @ transform.T
    kept = (coefficients / step).round() * step
    blocks = transform.T @ kept @ transform + 128
    return blocks.transpose(2, 3).reshape(batch, height, width)


def _cosines() -> Tensor:
    """The orthonormal cosine transform of eight samples, [8, 8]."""
    k, n = torch.arange(8.0).unsqueeze(1), torch.arange(8.0)
    matrix = (math.pi * (2 * n + 1) * k / 16).cos() / 2
    matrix[0] /= math.sqrt(2)
    return matrix
