"""The settings of a training run, and the command-line flags made from them."""

import argparse
import contextlib
import math
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

import torch

from inference import InferenceError

ARTIFACTS = Path(__file__).resolve().parent.parent / "artifacts"
"""Default folder of everything that training produces and inference ships."""

DATA = Path("data")
"""Default torchvision root, into which MNIST is downloaded when it is missing."""


def setting(default: Any, description: str) -> Any:
    """A field of `Settings`, with what its flag says of it."""
    return field(default=default, metadata={"help": description})


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings of a training, each of which is a flag of the command line, too."""

    def to_dict(self) -> dict[str, int | float]:
        """The settings by name, JSON-ready."""
        return asdict(self)

    @classmethod
    def add_flags(cls, parser: argparse.ArgumentParser) -> None:
        """Adds one flag for each setting, with its help and default."""
        for option in fields(cls):
            parser.add_argument(
                f"--{option.name.replace('_', '-')}",
                type=type(option.default),
                default=option.default,
                help=f"{option.metadata['help']} (default: %(default)s)",
            )

    @classmethod
    def from_flags(cls, arguments: argparse.Namespace) -> Self:
        """Reads the settings back from parsed flags.

        Raises:
            ValueError: A value is out of its range.
        """
        return cls(**{option.name: getattr(arguments, option.name) for option in fields(cls)})


@dataclass(frozen=True, slots=True)
class TrainingConfig(Settings):
    """Everything that decides the weights; saved beside them.

    Raises:
        ValueError: A value is out of its range.
    """

    epochs: int = setting(40, "passes over the training images")
    batch_size: int = setting(256, "images per step")
    learning_rate: float = setting(3e-3, "peak of the one-cycle schedule")
    weight_decay: float = setting(1e-2, "AdamW's decoupled weight decay")
    dropout: float = setting(0.5, "share of the features dropped before the dense layer")
    label_smoothing: float = setting(0.0, "share of the target spread over all digits")
    drawn_share: float = setting(0.25, "digits drawn from strokes, for each of MNIST's in a step")
    coarse_share: float = setting(
        0.2, "share of the augmented and the drawn digits that has few pixels"
    )
    non_digit_share: float = setting(0.2, "drawings that are no digits, for each digit of a step")
    non_digit_weight: float = setting(0.5, "weight of the loss that makes them uncertain")
    untouched_share: float = setting(0.25, "digits of a step that are shown as MNIST has them")
    average_decay: float = setting(0.999, "per-step decay of the averaged weights")
    fine_tuning_epochs: int = setting(2, "the same with --extra, from weights that are trained")
    fine_tuning_learning_rate: float = setting(5e-4, "peak of the schedule with --extra")
    extra_share: float = setting(0.1, "digits that come from the --extra folder")
    seed: int = setting(0, "seed of the initial weights, the order and the augmentation")
    subset: int = setting(0, "train on this many images only, for a quick run (0: all 55,000)")

    def __post_init__(self) -> None:
        counts = ("epochs", "batch_size", "fine_tuning_epochs")
        for name in (*counts, "learning_rate", "fine_tuning_learning_rate"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        shares = ("dropout", "label_smoothing", "average_decay")
        for name in (*shares, "untouched_share", "extra_share", "coarse_share"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} must be in 0 … 1, got {getattr(self, name)}")
        weights = ("weight_decay", "non_digit_weight", "non_digit_share", "drawn_share")
        for name in (*weights, "seed", "subset"):
            if not 0 <= getattr(self, name) < math.inf:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


def command_line_parser(description: str | None) -> argparse.ArgumentParser:
    """A parser that shows a module's docstring as it is written, and takes no shortened flags."""
    return argparse.ArgumentParser(
        description=description,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


@contextlib.contextmanager
def refusing(parser: argparse.ArgumentParser) -> Iterator[None]:
    """Ends the program as a wrong flag does when a setting, a file or a folder cannot be used."""
    try:
        yield
    except (ValueError, OSError, InferenceError) as error:
        parser.error(str(error))


def say(text: str) -> None:
    """Writes a line for people, beside the results that a program may read."""
    sys.stderr.write(f"{text}\n")


def _device(name: str) -> torch.device:
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:  # What a build lacks, PyTorch asserts.
        reason = str(error).splitlines()[0]
        raise argparse.ArgumentTypeError(f"{name} cannot be used here: {reason}") from error
    return device


def add_device_flag(parser: argparse.ArgumentParser) -> None:
    """Adds `--device`, where to train."""
    parser.add_argument(
        "--device",
        type=_device,
        default="cuda" if torch.cuda.is_available() else "cpu",
        help="where to train: cpu, cuda, mps (default: a GPU when there is one)",
    )


def add_folder_flag(parser: argparse.ArgumentParser) -> None:
    """Adds `--output`, the folder of the artifacts."""
    parser.add_argument(
        "--output",
        type=Path,
        default=ARTIFACTS,
        metavar="FOLDER",
        help="folder of the artifacts (default: artifacts/)",
    )


def add_data_flag(parser: argparse.ArgumentParser) -> None:
    """Adds `--data-dir`, the folder of MNIST."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=DATA,
        metavar="FOLDER",
        help="torchvision root with MNIST, downloaded when missing (default: data/)",
    )
