"""The number finder's trained weights on disk, with all that is needed to export them again."""

from dataclasses import dataclass, field
from pathlib import Path

from training.checkpoint import library_versions
from training.files import save_whole, saved_in
from training.number_network import NumberNetwork

NUMBER_WEIGHTS = "numbers.pt"


@dataclass(frozen=True, slots=True)
class NumberCheckpoint:
    """A finished training run.

    Attributes:
        network: The trained network, in evaluation mode.
        config: The settings of the run, by name.
        history: A row for each time that it was validated.
        seconds: How long it took.
        earlier_pictures: Pictures that the weights had been trained on before, if it began with
            trained ones.
        averaged_runs: How many runs the weights are the mean of.
        versions: The libraries that trained it.
    """

    network: NumberNetwork
    config: dict[str, int | float]
    history: list[dict[str, float]]
    seconds: int
    earlier_pictures: int = 0
    averaged_runs: int = 1
    versions: dict[str, str] = field(
        default_factory=lambda: library_versions("torch", "torchvision")
    )

    def save(self, folder: Path) -> Path:
        """Writes `numbers.pt` into the folder and returns its path."""
        path = folder / NUMBER_WEIGHTS
        saved = {
            "weights": self.network.state_dict(),
            "config": self.config,
            "history": self.history,
            "seconds": self.seconds,
            "earlier_pictures": self.earlier_pictures,
            "averaged_runs": self.averaged_runs,
            "versions": self.versions,
        }
        save_whole(saved, path)
        return path

    @classmethod
    def load(cls, path: Path) -> "NumberCheckpoint":
        """Reads weights; runs no code from the file.

        Args:
            path: The file, or the folder that holds `numbers.pt`.

        Raises:
            OSError: There are none, or they may not be read.
            DamagedFileError: The file is damaged, or holds something else.
        """
        with saved_in(path / NUMBER_WEIGHTS if path.is_dir() else path) as saved:
            network = NumberNetwork(int(saved["config"]["width"]))
            network.load_state_dict(saved["weights"])
            return cls(
                network.eval(),
                dict(saved["config"]),
                [dict(row) for row in saved["history"]],
                int(saved["seconds"]),
                int(saved.get("earlier_pictures", 0)),
                int(saved.get("averaged_runs", 1)),
                dict(saved["versions"]),
            )
