"""Trains the number finder on composed pictures, exports it, checks the export and measures it.

    python -m training.train_numbers

learns from MNIST's training images and from what programs draw, nothing else. It saves its state
every few minutes in `runs/numbers/`, and goes on from there when it is started again with the same
settings. `--start FILE` begins with trained weights instead of none.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel
from tqdm import tqdm

from inference import DigitRecognizer
from training.config import (
    Settings,
    add_data_flag,
    add_device_flag,
    add_folder_flag,
    command_line_parser,
    refusing,
    say,
    setting,
)
from training.data import LabelledInk, load_mnist, split_training_set
from training.export import MODEL_NAME, session_of
from training.files import save_whole, saved_in
from training.learning import moving_average, one_cycle
from training.number_calibration import choose_reading, compose_examples
from training.number_checkpoint import NumberCheckpoint
from training.number_export import NUMBER_MODEL, export_numbers, number_model
from training.number_loss import Targets, make_targets, number_loss
from training.number_network import NumberNetwork
from training.number_report import write_number_report
from training.number_validation import Validation, validate, validation_pictures
from training.synthesis.characters import load_or_make_characters, make_characters
from training.synthesis.composer import Composer

RUN = Path("runs/numbers")
"""Where the state of a run and the stock of characters lie, until it is done."""

SAVE_SECONDS = 180.0
VALIDATION_SEED = 1_000_003
_WAITING = 6  # batches composed ahead by each worker


@dataclass(frozen=True, slots=True)
class NumberConfig(Settings):
    """Everything that decides the weights; saved beside them.

    Raises:
        ValueError: A value is out of its range.
    """

    pictures: int = setting(900_000, "composed pictures to learn from")
    batch_size: int = setting(32, "pictures per step")
    learning_rate: float = setting(3e-3, "peak of the one-cycle schedule")
    weight_decay: float = setting(2e-2, "AdamW's decoupled weight decay")
    average_decay: float = setting(0.999, "per-step decay of the averaged weights")
    width: int = setting(32, "channels at the finest stride")
    seed: int = setting(0, "seed of the initial weights and of the pictures")

    def __post_init__(self) -> None:
        for name in ("pictures", "batch_size", "learning_rate", "width"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be above 0, got {getattr(self, name)}")
        if not 0 <= self.average_decay < 1:
            raise ValueError(f"average_decay must be in 0 … 1, got {self.average_decay}")

    @property
    def steps(self) -> int:
        """Steps of the whole run."""
        return max(1, self.pictures // self.batch_size)


_Batch = tuple[Tensor, Targets]


def _compose(
    characters: Path, seed: tuple[int, ...], batch_size: int, device: torch.device
) -> Iterator[_Batch]:
    """Composed batches without an end, with their targets."""
    stock = load_or_make_characters(characters, None, 0)
    own_seed = int(np.random.SeedSequence(seed).generate_state(1)[0])
    for pictures in Composer(stock, own_seed, device).batches(batch_size):
        yield pictures.luminance, make_targets(pictures)


def _work(
    characters: Path, seed: tuple[int, ...], batch_size: int, batches: "multiprocessing.Queue[Any]"
) -> None:
    """A process that composes. Arrays cross the queue with less ado than tensors."""
    threading.Thread(target=_end_with, args=[multiprocessing.parent_process()], daemon=True).start()
    torch.set_num_threads(1)
    for luminance, targets in _compose(characters, seed, batch_size, torch.device("cpu")):
        arrays = [getattr(targets, name.name).numpy() for name in fields(Targets)]
        batches.put([luminance.numpy(), *arrays])


def _end_with(parent: BaseProcess) -> None:
    """Ends this process when the one that started it has ended, even if that was killed."""
    parent.join()
    os._exit(1)


@contextlib.contextmanager
def _batches(
    characters: Path, seed: tuple[int, ...], batch_size: int, workers: int, device: torch.device
) -> Iterator[Iterator[_Batch]]:
    """Batches from worker processes, or without any from this one, on the device."""
    if not workers:
        yield _compose(characters, seed, batch_size, device)
        return
    context = multiprocessing.get_context("spawn")
    waiting: multiprocessing.Queue[Any] = context.Queue(_WAITING * workers)
    processes = [
        context.Process(
            target=_work, args=(characters, (*seed, index), batch_size, waiting), daemon=True
        )
        for index in range(workers)
    ]

    def received() -> Iterator[_Batch]:
        while True:
            try:
                luminance, *targets = waiting.get(timeout=60)
            except queue.Empty:
                if not all(process.is_alive() for process in processes):
                    raise RuntimeError("a process that composes pictures has ended") from None
                continue
            tensors = [torch.from_numpy(array).to(device) for array in (luminance, *targets)]
            yield tensors[0], Targets(*tensors[1:])

    for process in processes:
        process.start()
    try:
        yield received()
    finally:
        for process in processes:
            process.kill()


def train_numbers(
    config: NumberConfig,
    characters: Path,
    validation: Validation,
    device: torch.device,
    *,
    workers: int,
    run: Path,
    start: Path | None = None,
) -> NumberCheckpoint:
    """Trains a finder, or goes on with a run that was interrupted.

    Args:
        config: The settings.
        characters: File of the stock that the pictures are composed from.
        validation: Pictures composed from other digits; they choose nothing but tell how it goes.
        device: Where the network is trained.
        workers: Processes that compose; 0 composes in this one, on the device.
        run: Folder of the state.
        start: Weights to begin with.

    Returns:
        The averaged weights of the last step.

    Raises:
        ValueError: The state or the start is damaged, or of other settings.
        OSError: One of the files cannot be read or written.
    """
    torch.manual_seed(config.seed)
    network = NumberNetwork(config.width)
    former = None if start is None else NumberCheckpoint.load(start)
    if former is not None:
        if former.config["width"] != config.width:
            raise ValueError(
                f"{start} has a width of {former.config['width']}, not {config.width}; "
                f"give --width {former.config['width']}, or begin with other weights"
            )
        network.load_state_dict(former.network.state_dict())
    network = network.to(device).to(memory_format=torch.channels_last)
    averaged = AveragedModel(
        network, multi_avg_fn=moving_average(config.average_decay), use_buffers=True
    )
    optimizer = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
    )
    schedule = one_cycle(optimizer, config.learning_rate, config.steps)
    parts = {
        "network": network,
        "averaged": averaged,
        "optimizer": optimizer,
        "schedule": schedule,
    }
    state_file = run / "state.pt"
    step, history, seconds = 0, list[dict[str, float]](), 0.0
    if state_file.is_file():
        with saved_in(state_file, "state of a run", "remove it to start anew") as saved:
            is_same = (saved["config"], saved.get("start")) == (config.to_dict(), str(start))
            if is_same:
                for name, part in parts.items():
                    part.load_state_dict(saved[name])
                step, history, seconds = saved["step"], saved["history"], saved["seconds"]
        if not is_same:
            raise ValueError(
                f"{run} holds a run with other settings; give another --run, or remove the folder"
            )

    def save() -> None:
        state = {name: part.state_dict() for name, part in parts.items()}
        state |= {"config": config.to_dict(), "start": str(start)}
        state |= {"step": step, "history": history, "seconds": seconds}
        run.mkdir(parents=True, exist_ok=True)
        save_whole(state, state_file)

    progress = tqdm(total=config.steps, initial=step, unit="step", desc="number finder")
    clock = last_save = time.monotonic()
    sums = torch.zeros(3)
    since = 0
    # What was composed before an interruption is not composed again.
    seed = (config.seed, step)
    with _batches(characters, seed, config.batch_size, workers, device) as batches:
        for luminance, targets in batches:
            if step >= config.steps:
                break
            network.train()
            with torch.autocast(device.type, dtype=torch.bfloat16):
                outputs = network(luminance.float())
            losses = number_loss(outputs, targets)
            optimizer.zero_grad()
            sum(losses[1:], losses[0]).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimizer.step()
            schedule.step()
            averaged.update_parameters(network)
            sums += torch.stack(losses).detach().cpu()
            since += 1
            step += 1
            progress.update()
            now = time.monotonic()
            if now - last_save > SAVE_SECONDS or step == config.steps:
                seconds, clock, last_save = seconds + now - clock, now, now
                found = validate(averaged.module, validation, device)
                middles, characters_loss, edges = (sums / since).tolist()
                row = {
                    "pictures": step * config.batch_size,
                    "loss_middles": middles,
                    "loss_characters": characters_loss,
                    "loss_edges": edges,
                    **found,
                }
                history.append(row)
                progress.set_postfix(
                    loss=f"{middles:.3f}+{characters_loss:.3f}+{edges:.3f}",
                    validation_pictures_right=f"{found['pictures_right']:.1%}",
                    validation_digits_right=f"{found['digits_right']:.1%}",
                )
                sums, since = torch.zeros(3), 0
                save()
                last_save = time.monotonic()
    progress.close()
    trained = NumberNetwork(config.width)
    trained.load_state_dict(
        {name: value.cpu() for name, value in averaged.module.state_dict().items()}
    )
    earlier = 0
    if former is not None:
        earlier = int(former.config["pictures"]) + former.earlier_pictures
    return NumberCheckpoint(trained.eval(), config.to_dict(), history, round(seconds), earlier)


def finish(checkpoint: NumberCheckpoint, folder: Path, held_out: LabelledInk) -> None:
    """Chooses how numbers are read, exports the graph, checks it and says what it wrote.

    Args:
        checkpoint: The trained network.
        folder: Where everything goes; `digits.onnx` there, or the shipped one, reads the digits.
        held_out: MNIST images that no weight was fitted on.
    """
    digits = folder / MODEL_NAME
    recognizer = DigitRecognizer(digits if digits.is_file() else None)
    session = session_of(number_model(checkpoint.network).SerializeToString())
    examples = list(tqdm(compose_examples(held_out), "examples", unit="picture"))
    reading, calibrated = choose_reading(session, recognizer.predict_ink, examples)
    reading["digits_sha256"] = recognizer.metadata.file.sha256
    metrics = {"composed": calibrated.metrics(reading["sure_confidence"])}
    checkpoint.save(folder)
    description = export_numbers(checkpoint, folder, reading, metrics)
    stock = make_characters(held_out, VALIDATION_SEED, scale=0.1)
    write_number_report(
        folder, description, checkpoint.history, calibrated, Composer(stock, VALIDATION_SEED)
    )
    finder = folder / NUMBER_MODEL
    say(
        f"wrote {finder} and {folder / 'NUMBERS.md'}; measure it on real pictures: "
        f"python -m training.evaluate_numbers FOLDER --finder {finder}"
    )


def _flags() -> argparse.ArgumentParser:
    parser = command_line_parser(__doc__)
    NumberConfig.add_flags(parser)
    parser.add_argument("--start", type=Path, metavar="FILE", help="weights to begin with")
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        help="processes that compose pictures; 0 composes on the device (default: %(default)s)",
    )
    parser.add_argument(
        "--run",
        type=Path,
        default=RUN,
        metavar="FOLDER",
        help="where an interrupted run goes on from (default: %(default)s)",
    )
    add_data_flag(parser)
    add_folder_flag(parser)
    add_device_flag(parser)
    return parser


def main() -> None:
    """Runs the command line."""
    parser = _flags()
    arguments = parser.parse_args()
    with refusing(parser):
        config = NumberConfig.from_flags(arguments)
        arguments.output.mkdir(parents=True, exist_ok=True)
        learning, held_out = split_training_set(load_mnist(arguments.data_dir, train=True))
        characters = arguments.run / f"characters-{config.seed}.pt"
        load_or_make_characters(characters, learning, config.seed)
    validation = validation_pictures(held_out, VALIDATION_SEED)
    device = torch.device(arguments.device)
    if device.type == "cpu" and arguments.workers:
        torch.set_num_threads(max(1, torch.get_num_threads() - arguments.workers))
    with refusing(parser):
        checkpoint = train_numbers(
            config,
            characters,
            validation,
            device,
            workers=arguments.workers,
            run=arguments.run,
            start=arguments.start,
        )
    finish(checkpoint, arguments.output, held_out)
    print(json.dumps(checkpoint.history[-1], indent=2))  # noqa: T201


if __name__ == "__main__":
    main()
