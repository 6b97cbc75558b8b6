"""The trained weights on disk, with everything that is needed to export them again."""

import importlib.metadata
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from training.config import TrainingConfig
from training.files import save_whole, saved_in
from training.model import DigitCNN, DigitGraph

FILE_NAME = "digits.pt"

# Names in files of earlier versions → today's.
_FORMER_NAMES = {"redrawn_validation_accuracy": "augmented_validation_accuracy"}


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A finished training run.

    Attributes:
        graph: The trained network with its normalizer and temperature, in evaluation mode.
        config: The settings of the run.
        reject_confidence: Confidence below which a drawing is not taken for a digit.
        validation_accuracy: Share of the validation digits that are read right, 0 … 1.
        augmented_validation_accuracy: The same of the augmented validation digits.
        history: One row for each epoch, with what the training curves show.
        versions: The libraries that trained it.
        extra_images: Drawings of one's own that it was fine-tuned with.
    """

    graph: DigitGraph
    config: TrainingConfig
    reject_confidence: float
    validation_accuracy: float
    augmented_validation_accuracy: float
    history: list[dict[str, float]]
    versions: dict[str, str]
    extra_images: int = 0

    def save(self, folder: Path) -> Path:
        """Writes `digits.pt` into the folder and returns its path."""
        path = folder / FILE_NAME
        saved = {
            "weights": self.graph.state_dict(),
            "config": self.config.to_dict(),
            "reject_confidence": self.reject_confidence,
            "validation_accuracy": self.validation_accuracy,
            "augmented_validation_accuracy": self.augmented_validation_accuracy,
            "history": self.history,
            "versions": self.versions,
            "extra_images": self.extra_images,
        }
        save_whole(saved, path)
        return path

    @classmethod
    def load(cls, folder: Path) -> "Checkpoint":
        """Reads `digits.pt` from the folder; runs no code from the file.

        Raises:
            OSError: The folder holds no weights, or they may not be read.
            DamagedFileError: The file is damaged, or holds something else.
        """
        with saved_in(folder / FILE_NAME) as content:
            saved = _with_current_names(content)
            graph = DigitGraph(DigitCNN())
            graph.load_state_dict(saved["weights"])
            return cls(
                graph=graph.eval(),
                config=TrainingConfig(**saved["config"]),
                reject_confidence=float(saved["reject_confidence"]),
                validation_accuracy=float(saved["validation_accuracy"]),
                augmented_validation_accuracy=float(saved["augmented_validation_accuracy"]),
                history=[_with_current_names(row) for row in saved["history"]],
                versions=dict(saved["versions"]),
                extra_images=int(saved.get("extra_images", 0)),
            )


def _with_current_names(values: Mapping[str, Any]) -> dict[str, Any]:
    return {_FORMER_NAMES.get(name, name): value for name, value in values.items()}


def library_versions(*packages: str) -> dict[str, str]:
    """Versions of Python and of the named packages."""
    versions = {"python": platform.python_version()}
    return versions | {package: importlib.metadata.version(package) for package in packages}
