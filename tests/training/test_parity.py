"""ONNX and PyTorch must compute the same, for the shipped weights and for any others."""

import numpy as np
import onnxruntime
import pytest
import torch

from inference import DigitRecognizer
from training.checkpoint import Checkpoint
from training.config import ARTIFACTS
from training.data import LabelledInk
from training.evaluate import RUN_BATCH_SIZE, predict_ink
from training.export import (
    MODEL_NAME,
    PARITY_TOLERANCE,
    check_parity,
    largest_differences,
    open_session,
    probe_inks,
    write_onnx,
)
from training.model import DigitCNN, DigitGraph

PROBES = list(probe_inks())


@pytest.fixture(scope="module")
def random_graph() -> DigitGraph:
    """A network with random weights, statistics and temperature: nothing about it is trained."""
    torch.manual_seed(1)
    graph = DigitGraph(DigitCNN())
    for module in graph.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for name, tensor in module.state_dict().items():
                if name in ("weight", "running_var"):
                    tensor.uniform_(0.5, 2.0)
                elif name in ("bias", "running_mean"):
                    tensor.normal_(std=0.2)
    graph.temperature.fill_(1.7)
    return graph.eval()


@pytest.fixture(scope="module")
def random_session(
    random_graph: DigitGraph, tmp_path_factory: pytest.TempPathFactory
) -> onnxruntime.InferenceSession:
    path = tmp_path_factory.mktemp("random") / MODEL_NAME
    write_onnx(random_graph, path, properties={})
    return open_session(path)


@pytest.fixture(scope="module")
def shipped_graph() -> DigitGraph:
    return Checkpoint.load(ARTIFACTS).graph


@pytest.fixture(scope="module")
def shipped_session() -> onnxruntime.InferenceSession:
    return open_session(ARTIFACTS / MODEL_NAME)


def name_of(ink: np.ndarray) -> str:
    return f"{'x'.join(map(str, ink.shape))}-mean{ink.mean():.0f}"


@pytest.mark.slow
@pytest.mark.parametrize("ink", PROBES, ids=name_of)
def test_random_weights_give_equal_outputs(
    random_graph: DigitGraph, random_session: onnxruntime.InferenceSession, ink: np.ndarray
):
    differences = largest_differences(random_graph, random_session, ink)
    assert set(differences) == {"probabilities", "logits", "normalized"}
    assert max(differences.values()) <= PARITY_TOLERANCE


@pytest.mark.parametrize("ink", PROBES, ids=name_of)
def test_shipped_weights_and_shipped_file_give_equal_outputs(
    shipped_graph: DigitGraph, shipped_session: onnxruntime.InferenceSession, ink: np.ndarray
):
    differences = largest_differences(shipped_graph, shipped_session, ink)
    assert max(differences.values()) <= PARITY_TOLERANCE


def test_other_weights_are_noticed(random_graph: DigitGraph):
    with pytest.raises(RuntimeError, match="differs from PyTorch"):
        check_parity(random_graph, ARTIFACTS / MODEL_NAME)


@pytest.mark.slow
def test_every_digit_of_mnists_test_set_is_read_alike(
    shipped_graph: DigitGraph, mnist_test: LabelledInk
):
    from_onnx = predict_ink(DigitRecognizer(), mnist_test).predicted
    with torch.no_grad():
        from_torch = torch.cat(
            [shipped_graph(ink)[1].argmax(dim=1) for ink in mnist_test.ink.split(RUN_BATCH_SIZE)]
        )
    assert len(from_onnx) == 10_000
    np.testing.assert_array_equal(from_onnx, from_torch.numpy())
