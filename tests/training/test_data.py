"""MNIST's split."""

from pathlib import Path

import torch

from training.data import VALIDATION_COUNT, load_mnist, split_training_set


def test_validation_images_are_always_the_same_and_never_learned(mnist_dir: Path):
    training_set = load_mnist(mnist_dir, train=True)
    learning, validation = split_training_set(training_set)
    again = split_training_set(training_set)[1]
    assert len(validation) == VALIDATION_COUNT
    assert len(learning) + len(validation) == len(training_set)
    assert torch.equal(validation.ink, again.ink)
    learned = {image.numpy().tobytes() for image in learning.ink}
    assert not any(image.numpy().tobytes() in learned for image in validation.ink)
