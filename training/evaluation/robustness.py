"""Accuracy under what drawings and scans suffer, in the manner of MNIST-C.

Mu and Gilmer, 2019, "MNIST-C: A Robustness Benchmark for Computer Vision". The corruptions here are
made on MNIST's test images enlarged fourfold, as dark ink on light paper, and are read by
`DigitRecognizer` as a picture would be: finding the ink is a part of what is measured.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Generator, Tensor
from torchvision.transforms.v2 import functional as transform
from tqdm import tqdm

from inference import DigitRecognizer
from training.data import LabelledInk
from training.synthesis.strokes import dilate

ENLARGEMENT = 4
IMAGE_COUNT = 1_000
"""Test images for each corruption."""

_CHUNK_SIZE = 250

Corruption = Callable[[Tensor, Generator], Tensor]
"""Makes pictures float32 [batch, height, width], 0 (black) … 1 (white), from ink, 0 … 1."""


def _picture(ink: Tensor) -> Tensor:
    return 1 - ink


def _clean(ink: Tensor, _: Generator) -> Tensor:
    return _picture(ink)


def _inverted(ink: Tensor, _: Generator) -> Tensor:
    return ink


def _blurred(ink: Tensor, _: Generator) -> Tensor:
    return _picture(transform.gaussian_blur(ink, kernel_size=[25, 25], sigma=[4.0, 4.0]))


def _noisy(ink: Tensor, generator: Generator) -> Tensor:
    noise = torch.randn(ink.shape, generator=generator) * 0.1
    return (0.9 - 0.8 * ink + noise).clamp(0, 1)


def _faint(ink: Tensor, _: Generator) -> Tensor:
    return 0.75 - 0.15 * ink


def _specked(ink: Tensor, generator: Generator) -> Tensor:
    return _picture(torch.maximum(ink, _dots(ink, 10, 5, generator)))


def _gapped(ink: Tensor, generator: Generator) -> Tensor:
    """Takes the ink away under some dots, wide enough to cut a stroke in two."""
    return _picture(ink * (1 - _dots(ink, 15, 11, generator)))


def _dots(ink: Tensor, mean_count: int, side: int, generator: Generator) -> Tensor:
    """Square dots at random places of images of the shape of `ink`; side in pixels, odd."""
    share = mean_count / ink[0].numel()
    middles = (torch.rand(ink.shape, generator=generator) < share).float()
    return F.max_pool2d(middles, side, stride=1, padding=side // 2)


def _thin(ink: Tensor, _: Generator) -> Tensor:
    for _step in range(3):
        ink = 1 - dilate(1 - ink)
    return _picture(ink)


def _thick(ink: Tensor, _: Generator) -> Tensor:
    for _step in range(4):
        ink = dilate(ink)
    return _picture(ink)


def _rotated(degrees: float) -> Corruption:
    def corrupt(ink: Tensor, _: Generator) -> Tensor:
        return _picture(
            transform.rotate(
                ink.unsqueeze(1), degrees, interpolation=transform.InterpolationMode.BILINEAR
            ).squeeze(1)
        )

    return corrupt


def _resized(factor: float) -> Corruption:
    def corrupt(ink: Tensor, _: Generator) -> Tensor:
        mode = "area" if factor < 1 else "bilinear"
        return _picture(F.interpolate(ink.unsqueeze(1), scale_factor=factor, mode=mode).squeeze(1))

    return corrupt


CORRUPTIONS: dict[str, Corruption] = {
    "clean": _clean,
    "light ink on dark": _inverted,
    "blur": _blurred,
    "noise": _noisy,
    "specks": _specked,
    "gaps": _gapped,
    "low contrast": _faint,
    "thin pen": _thin,
    "thick pen": _thick,
    "small, 14 pixels": _resized(1 / 8),
    "large, 280 pixels": _resized(2.5),
    "turned by -20°": _rotated(-20),
    "turned by -10°": _rotated(-10),
    "turned by 10°": _rotated(10),
    "turned by 20°": _rotated(20),
}


def measure_robustness(recognizer: DigitRecognizer, digits: LabelledInk) -> dict[str, float]:
    """Measures the accuracy under each corruption, on the first `IMAGE_COUNT` images."""
    digits = digits.subset(torch.arange(min(IMAGE_COUNT, len(digits))))
    return {
        name: _accuracy(recognizer, digits, corrupt)
        for name, corrupt in tqdm(CORRUPTIONS.items(), "corruptions", unit="corruption")
    }


def _accuracy(recognizer: DigitRecognizer, digits: LabelledInk, corrupt: Corruption) -> float:
    generator = Generator().manual_seed(0)
    right = 0
    for ink, labels in zip(
        digits.ink.split(_CHUNK_SIZE), digits.labels.split(_CHUNK_SIZE), strict=True
    ):
        pictures = corrupt(_enlarged(ink), generator)
        levels = (pictures * 255).round().byte().numpy()
        predicted = [prediction.digit for prediction in recognizer.predict_batch(levels)]
        right += int((np.array(predicted) == labels.numpy()).sum())
    return right / len(digits)


def _enlarged(ink: Tensor) -> Tensor:
    """uint8 [batch, 28, 28] → float32 [batch, 112, 112], 0 … 1."""
    image = ink.unsqueeze(1).float() / 255
    larger = F.interpolate(image, scale_factor=ENLARGEMENT, mode="bicubic")
    return larger.squeeze(1).clamp(0, 1)
