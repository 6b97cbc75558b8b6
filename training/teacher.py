"""The teacher: a larger network, whose probabilities the digit network learns from.

Knowledge distillation (Hinton, Vinyals and Dean, 2015, "Distilling the Knowledge in a Neural
Network"). Teacher and digit network see the same augmented picture (Beyer et al., 2022, "Knowledge
distillation: A good teacher is patient and consistent").
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor, nn

from training.config import TrainingConfig
from training.data import LabelledInk
from training.files import save_whole, saved_in
from training.learning import train
from training.model import DIGIT_COUNT

SEED = 11
"""The same teacher for every seed of the digit network."""

WIDTH = 32
"""Filters of the first block; each block has twice as many as the one before."""


def _block(in_channels: int, out_channels: int) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for channels in (in_channels, out_channels):
        layers += [
            nn.Conv2d(channels, out_channels, kernel_size=3, padding=1, bias=False),
            nn.BatchNorm2d(out_channels),
            nn.ReLU(),
        ]
    return [*layers, nn.MaxPool2d(2)]


class TeacherCNN(nn.Module):
    """The digit network with two convolutions in each block and twice the filters."""

    def __init__(self, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_block(1, WIDTH),
            *_block(WIDTH, 2 * WIDTH),
            *_block(2 * WIDTH, 4 * WIDTH),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(4 * WIDTH * 3 * 3, 256),
            nn.ReLU(),
            nn.Dropout(dropout / 2),
            nn.Linear(256, DIGIT_COUNT),
        )

    def forward(self, normalized: Tensor) -> Tensor:
        """Scores normalized images, float32 [batch, 28, 28]; gives logits [batch, 10]."""
        return self.layers(normalized.unsqueeze(1))


def load_or_train_teacher(
    file: Path, config: TrainingConfig, training_set: LabelledInk, device: torch.device
) -> TeacherCNN | None:
    """Reads a teacher that was trained before, or trains it and writes it.

    Args:
        file: Where it is kept.
        config: The settings of the digit network, which say how its teacher is trained.
        training_set: MNIST's training set; the teacher learns from the same images.
        device: Where it is trained, and used.

    Returns:
        The teacher, in evaluation mode; None if the settings want none.

    Raises:
        ValueError: The file is damaged, or holds a teacher with other settings.
        OSError: It cannot be read or written.
    """
    if not config.teacher_share:
        return None
    own_config = dataclasses.replace(
        config,
        epochs=config.teacher_epochs,
        learning_rate=config.teacher_learning_rate,
        seed=SEED,
        teacher_share=0.0,
    )
    teacher = TeacherCNN()
    if file.is_file():
        with saved_in(file, "teacher", "remove it, and it is trained again") as saved:
            teacher.load_state_dict(saved["weights"])
            settings = dict(saved["config"])
        if settings != own_config.to_dict():
            raise ValueError(
                f"{file} holds a teacher with other settings; remove it or choose --teacher"
            )
    else:
        trained = train(own_config, training_set, device, network=TeacherCNN)
        weights = trained.graph.cnn.state_dict()
        file.parent.mkdir(parents=True, exist_ok=True)
        save_whole({"weights": weights, "config": own_config.to_dict()}, file)
        teacher.load_state_dict(weights)
    return teacher.eval().to(device).to(memory_format=torch.channels_last)
