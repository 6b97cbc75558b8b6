"""MNIST as whole tensors, its fixed validation split, and folders of labelled drawings."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torchvision.datasets import MNIST

from inference import InvalidImageError

VALIDATION_COUNT = 5_000
"""Images of MNIST's training set that no weight is ever fitted on; they choose everything."""

SPLIT_SEED = 20_240_229
"""Fixed, so that every run of every configuration is validated on the same images."""


@dataclass(frozen=True, slots=True)
class LabelledInk:
    """Drawings and what they show.

    Attributes:
        ink: uint8 [count, height, width], 0 (paper) … 255 (full ink).
        labels: int64 [count], 0 … 9.
    """

    ink: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return len(self.labels)

    def __add__(self, other: "LabelledInk") -> "LabelledInk":
        """Both sets, one behind the other; their images must be of the same size."""
        return LabelledInk(torch.cat([self.ink, other.ink]), torch.cat([self.labels, other.labels]))

    def subset(self, indices: Tensor) -> "LabelledInk":
        """Takes the drawings at the given indices, an int64 tensor."""
        return LabelledInk(self.ink[indices], self.labels[indices])


def load_mnist(folder: Path, *, train: bool) -> LabelledInk:
    """Loads MNIST's training or test set, which torchvision downloads when it is missing.

    Args:
        folder: A torchvision root, the folder that holds `MNIST/raw`.
        train: The 60,000 training images, or the 10,000 test images.

    Raises:
        OSError: It is missing and cannot be downloaded, or it is damaged.
    """
    try:
        dataset = MNIST(folder, train=train, download=True)
    except (RuntimeError, OSError) as error:
        raise OSError(
            f"MNIST is not in {folder} and cannot be downloaded ({error}); where there is no "
            "network, copy its four files into a folder's MNIST/raw and name that folder by "
            "--data-dir"
        ) from error
    return LabelledInk(dataset.data, dataset.targets)


def split_training_set(training_set: LabelledInk) -> tuple[LabelledInk, LabelledInk]:
    """Splits MNIST's training set into the images to learn from and the validation images."""
    order = torch.randperm(len(training_set), generator=torch.Generator().manual_seed(SPLIT_SEED))
    learning = training_set.subset(order[VALIDATION_COUNT:])
    validation = training_set.subset(order[:VALIDATION_COUNT])
    return learning, validation


def image_paths(folder: Path) -> list[Path]:
    """Lists the files below a folder, in order; hidden ones are left out.

    Raises:
        ValueError: There are none.
    """
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith("."))
    if not paths:
        raise ValueError(f"no pictures in {folder}")
    return paths


def labelled_image_paths(folder: Path) -> list[tuple[Path, int]]:
    """Lists the pictures of a folder laid out as `<label>/<image>`, with their labels.

    Raises:
        ValueError: The folder holds no picture below a folder named 0 … 9.
    """
    digits = {str(digit) for digit in range(10)}
    paths = [
        (path, int(path.parent.name)) for path in image_paths(folder) if path.parent.name in digits
    ]
    if not paths:
        raise ValueError(f"no drawings in {folder}: expected pictures at <label 0-9>/<image>")
    return paths


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Puts a picture's path before what is wrong with it."""
    try:
        yield
    except InvalidImageError as error:
        raise type(error)(f"{path}: {error}") from error
