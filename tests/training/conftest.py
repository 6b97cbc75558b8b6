from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.commands import QUICK_FLAGS, run
from training import evaluate, train
from training.evaluation import robustness


@pytest.fixture(scope="package")
def quick_evaluation() -> Iterator[pytest.MonkeyPatch]:
    """A few pictures of each kind are measured, which shows that all kinds are."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(evaluate, "SCRAWL_COUNT", 4)
        monkeypatch.setattr(robustness, "IMAGE_COUNT", 20)
        yield monkeypatch


@pytest.fixture(scope="package")
def trained(
    tmp_path_factory: pytest.TempPathFactory, mnist_dir: Path, quick_evaluation: pytest.MonkeyPatch
) -> Path:
    """The artifacts of one quick run of the training command."""
    folder = tmp_path_factory.mktemp("artifacts")
    arguments = (*QUICK_FLAGS, "--output", folder, "--data-dir", mnist_dir, "--device", "cpu")
    run(quick_evaluation, train, *arguments)
    return folder
