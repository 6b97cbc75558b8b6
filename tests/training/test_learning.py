"""How the network is fitted."""

from pathlib import Path

import pytest
import torch

from training import learning
from training.checkpoint import Checkpoint
from training.data import load_mnist


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights(trained: Path, mnist_dir: Path):
    first = Checkpoint.load(trained)
    training_set = load_mnist(mnist_dir, train=True)
    again = learning.train(first.config, training_set, torch.device("cpu"))
    for name, weights in first.graph.state_dict().items():
        assert torch.equal(weights, again.graph.state_dict()[name]), name


@pytest.mark.parametrize("steps", range(1, 12))
def test_the_learning_rate_ends_near_nothing_after_any_number_of_steps(steps: int):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)])
    schedule = learning.one_cycle(optimizer, 1.0, steps)
    rates = [schedule.get_last_lr()[0]]
    for _ in range(steps - 1):
        optimizer.step()
        schedule.step()
        rates.append(schedule.get_last_lr()[0])
    assert max(rates) <= 1
    assert rates[-1] < 1e-3
