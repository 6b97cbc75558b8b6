"""Averages the weights of number finders that began with the same ones, and finishes the average.

    python -m training.average_numbers runs/a/numbers.pt runs/b/numbers.pt --output artifacts

Runs that go on from common weights end near each other, and their mean generalizes better than each
of them (Wortsman et al., 2022, "Model soups: averaging weights of multiple fine-tuned models
improves accuracy without increasing inference time"). Thresholds are chosen, and all files are
written, as after a training. Of a single run, that is all that happens:

    python -m training.average_numbers artifacts/numbers.pt --output artifacts

fits thresholds and confidence to a digit network that has been trained anew.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from training.config import add_data_flag, add_folder_flag, command_line_parser, refusing
from training.data import load_mnist, split_training_set
from training.number_checkpoint import NumberCheckpoint
from training.number_network import NumberNetwork
from training.train_numbers import finish


def average(checkpoints: Sequence[NumberCheckpoint]) -> NumberCheckpoint:
    """The mean of weights; what else it tells is the last one's.

    Args:
        checkpoints: At least one; a single one is its own mean.

    Raises:
        ValueError: The networks are of different widths.
    """
    last = checkpoints[-1]
    if len(checkpoints) == 1:
        return last
    widths = {checkpoint.config["width"] for checkpoint in checkpoints}
    if len(widths) > 1:
        raise ValueError(f"the networks have widths of {sorted(widths)}; they must be the same")
    network = NumberNetwork(int(last.config["width"]))
    states = [checkpoint.network.state_dict() for checkpoint in checkpoints]
    network.load_state_dict(
        {
            name: torch.stack([state[name] for state in states])
            .double()
            .mean(dim=0)
            .to(last_value.dtype)
            for name, last_value in states[-1].items()
        }
    )
    return replace(last, network=network.eval(), averaged_runs=len(checkpoints))


def main() -> None:
    """Runs the command line."""
    parser = command_line_parser(__doc__)
    parser.add_argument(
        "weights", type=Path, nargs="+", metavar="FILE", help="numbers.pt of each run"
    )
    add_data_flag(parser)
    add_folder_flag(parser)
    arguments = parser.parse_args()
    with refusing(parser):
        averaged = average([NumberCheckpoint.load(path) for path in arguments.weights])
        arguments.output.mkdir(parents=True, exist_ok=True)
        training_set = load_mnist(arguments.data_dir, train=True)
    _, held_out = split_training_set(training_set)
    finish(averaged, arguments.output, held_out)


if __name__ == "__main__":
    main()
