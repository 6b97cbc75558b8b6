import os
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from inference import DigitRecognizer
from training.config import DATA
from training.data import LabelledInk, load_mnist

# Other programs that the tests start report nothing to onnxruntime's maker, either.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

if "PYTEST_XDIST_WORKER" in os.environ:
    torch.set_num_threads(1)  # With -n 2 there are two processes for two cores.

# The same examples in every run, and as much time for each as it takes: no test depends on luck.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

# pytest --hypothesis-profile=thorough: half an hour of hostile input, other in every run.
settings.register_profile(
    "thorough", max_examples=20_000, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="session")
def mnist_dir() -> Path:
    """The torchvision root with MNIST: $MNIST_DIR, or `data/`, where it is downloaded."""
    return Path(os.environ.get("MNIST_DIR", DATA))


@pytest.fixture(scope="session")
def mnist_test(mnist_dir: Path) -> LabelledInk:
    return load_mnist(mnist_dir, train=False)


@pytest.fixture(scope="session")
def recognizer() -> DigitRecognizer:
    """The recognizer that users get: the shipped model, with default settings."""
    return DigitRecognizer()
