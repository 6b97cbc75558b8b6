"""The network's architecture is fixed."""

import torch

from training.model import DigitCNN, parameter_count


def test_the_network_is_the_fixed_architecture():
    layers = [
        (type(layer).__name__, tuple(layer.weight.shape))
        for layer in DigitCNN().modules()
        if isinstance(layer, torch.nn.Conv2d | torch.nn.Linear)
    ]
    assert layers == [
        ("Conv2d", (16, 1, 3, 3)),
        ("Conv2d", (32, 16, 3, 3)),
        ("Conv2d", (64, 32, 3, 3)),
        ("Linear", (256, 576)),
        ("Linear", (10, 256)),
    ]
    assert [layer.p for layer in DigitCNN().modules() if isinstance(layer, torch.nn.Dropout)] == [
        0.5
    ]
    assert parameter_count(DigitCNN()) == 173_802
