"""The file of trained weights."""

from dataclasses import fields
from pathlib import Path

import torch

from training.checkpoint import FILE_NAME, Checkpoint
from training.config import ARTIFACTS

CHECKPOINT = Checkpoint.load(ARTIFACTS)


def assert_same(read: Checkpoint) -> None:
    for field in fields(Checkpoint):
        if field.name != "graph":
            assert getattr(read, field.name) == getattr(CHECKPOINT, field.name), field.name
    for name, weights in CHECKPOINT.graph.state_dict().items():
        assert torch.equal(read.graph.state_dict()[name], weights), name


def test_a_checkpoint_is_read_as_it_was_written(tmp_path: Path):
    assert CHECKPOINT.save(tmp_path) == tmp_path / FILE_NAME
    assert_same(Checkpoint.load(tmp_path))


def test_former_names_in_the_file_are_understood(tmp_path: Path):
    path = CHECKPOINT.save(tmp_path)
    saved = torch.load(path)
    for values in (saved, *saved["history"]):
        accuracy = values.pop("augmented_validation_accuracy")
        values["redrawn_validation_accuracy"] = accuracy
    torch.save(saved, path)
    assert_same(Checkpoint.load(tmp_path))
