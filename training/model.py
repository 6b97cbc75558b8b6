"""The network, whose architecture is fixed, and the graph that is exported around it."""

import torch
from torch import Tensor, nn

from training.normalizer import InkNormalizer

DIGIT_COUNT = 10


def _block(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=3, padding=1),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class DigitCNN(nn.Module):
    """Three convolutional blocks (16, 32, 64 filters), dropout, a dense layer, ten outputs."""

    def __init__(self, dropout: float = 0.5) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _block(1, 16),
            _block(16, 32),
            _block(32, 64),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(64 * 3 * 3, 256),
            nn.ReLU(),
            nn.Linear(256, DIGIT_COUNT),
        )

    def forward(self, normalized: Tensor) -> Tensor:
        """Scores normalized images.

        Args:
            normalized: float32 [batch, 28, 28], 0 … 1.

        Returns:
            Logits, float32 [batch, 10].
        """
        return self.layers(normalized.unsqueeze(1))


class DigitGraph(nn.Module):
    """What `artifacts/digits.onnx` computes: normalizer, CNN and calibrated probabilities.

    Attributes:
        temperature: Scalar that divides the logits before the softmax (Guo et al., 2017, "On
            Calibration of Modern Neural Networks"); fitted on the validation split after training.
    """

    temperature: Tensor

    def __init__(self, cnn: DigitCNN) -> None:
        super().__init__()
        self.normalizer = InkNormalizer()
        self.cnn = cnn
        self.register_buffer("temperature", torch.tensor(1.0))

    def forward(self, ink: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Reads a batch of drawings.

        Args:
            ink: [batch, height, width], uint8 (or float), 0 (paper) … 255 (full ink).

        Returns:
            Probabilities [batch, 10], logits [batch, 10] and normalized images [batch, 28, 28], all
            float32.
        """
        normalized = self.normalizer(ink)
        logits = self.cnn(normalized)
        return torch.softmax(logits / self.temperature, dim=1), logits, normalized


def parameter_count(module: nn.Module) -> int:
    """Counts the trained parameters of a module."""
    return sum(parameter.numel() for parameter in module.parameters())
