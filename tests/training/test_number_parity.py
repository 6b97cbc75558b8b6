"""`numbers.onnx` and PyTorch must find the same, with the shipped weights and with any others."""

import re
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from inference.number.finder import Detection, find_characters
from inference.number.metadata import CHARACTERS, CONTRACT, parse_number_metadata
from tests.drawings import load_drawings, render_number
from training import number_export
from training.config import ARTIFACTS
from training.export import OPSET, open_session, read_description, session_of
from training.model import parameter_count
from training.number_checkpoint import NumberCheckpoint
from training.number_export import (
    IR_VERSION,
    NUMBER_DESCRIPTION,
    NUMBER_MODEL,
    TOLERANCES,
    check_number_parity,
    largest_number_differences,
    number_model,
    probe_pictures,
)
from training.number_graph import (
    LEAST_PROBABILITY,
    MOST_ENLARGED,
    PHOTOGRAPH_BEST_SCALES,
    STROKE_PX,
    NumberGraph,
    finest_scale,
    join_scales,
)
from training.number_network import NumberNetwork
from training.synthesis import texts

Picture = NDArray[np.uint8]
PROBES = list(probe_pictures())

# With random weights, noise on a large picture has thousands of peaks that are all nearly as
# likely, so which of them is kept is chance.
RANDOM_PROBES = [p for p in PROBES if p.size < 4_000 or np.mean(p == p[0, 0]) > 0.5]


def name_of(picture: Picture) -> str:
    return f"{'x'.join(map(str, picture.shape))}-mean{picture.mean():.0f}"


def marked_when_large(picture: Picture):
    marks = [pytest.mark.slow] if picture.size > 50_000 else []
    return pytest.param(picture, id=name_of(picture), marks=marks)


@pytest.fixture(scope="module")
def random_graph() -> NumberGraph:
    """Nothing about it is trained; it finds something on most pictures but not on blank ones."""
    torch.manual_seed(2)
    network = NumberNetwork(8)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 2.0)
            torch.nn.init.normal_(module.bias, std=0.2)
            module.momentum = None  # the statistics are those of what comes next
    with torch.no_grad():
        network.train()(torch.rand(4, 64, 96) * 255)
        on_blank = network.eval()(torch.zeros(1, 208, 608))[0, 0].max()
        last = network.head[-1]
        assert isinstance(last, torch.nn.Conv2d)
        assert last.bias is not None
        last.bias[0] += np.log(LEAST_PROBABILITY / (1 - LEAST_PROBABILITY)) - 0.2 - on_blank
    return NumberGraph(network)


@pytest.fixture(scope="module")
def random_model(random_graph: NumberGraph) -> bytes:
    return number_model(random_graph.network).SerializeToString()


@pytest.fixture(scope="module")
def random_session(random_model: bytes) -> Any:
    return session_of(random_model)


@pytest.fixture(scope="module")
def checkpoint() -> NumberCheckpoint:
    return NumberCheckpoint.load(ARTIFACTS)


@pytest.fixture(scope="module")
def shipped_graph(checkpoint: NumberCheckpoint) -> NumberGraph:
    return NumberGraph(checkpoint.network)


@pytest.fixture(scope="module")
def shipped_session() -> Any:
    return open_session(ARTIFACTS / NUMBER_MODEL)


@pytest.fixture(scope="module", params=[pytest.param("random", marks=pytest.mark.slow), "shipped"])
def model(request: pytest.FixtureRequest) -> bytes:
    """The file that was just made of random weights, and the one that is shipped."""
    if request.param == "shipped":
        return (ARTIFACTS / NUMBER_MODEL).read_bytes()
    return request.getfixturevalue("random_model")


# --- Parity ---------------------------------------------------------------------------------------


def differences_of(graph: NumberGraph, session: Any, picture: Picture) -> dict[str, float]:
    """What is off by more than it may be."""
    differences = largest_number_differences(graph, session, picture)
    assert set(differences) == set(TOLERANCES)
    return {name: value for name, value in differences.items() if not value <= TOLERANCES[name]}


@pytest.mark.slow
@pytest.mark.parametrize("picture", RANDOM_PROBES, ids=name_of)
def test_random_weights_find_the_same(
    random_graph: NumberGraph, random_session: Any, picture: Picture
):
    assert differences_of(random_graph, random_session, picture) == {}


@pytest.mark.slow
def test_random_weights_find_something_but_on_blank_pictures(
    random_session: Any,
):
    for picture in RANDOM_PROBES:
        boxes, _, _ = random_session.run(None, {"luminance": picture})
        if picture.min() == picture.max():
            assert len(boxes) == 0, name_of(picture)
        elif min(picture.shape) > 1:
            assert len(boxes) >= 5, name_of(picture)


@pytest.mark.parametrize("picture", [marked_when_large(p) for p in PROBES])
def test_shipped_weights_and_shipped_file_find_the_same(
    shipped_graph: NumberGraph, shipped_session: Any, picture: Picture
):
    assert differences_of(shipped_graph, shipped_session, picture) == {}


def test_other_weights_are_noticed(random_graph: NumberGraph):
    with pytest.raises(RuntimeError, match="differ from PyTorch"):
        check_number_parity(random_graph, ARTIFACTS / NUMBER_MODEL)


@pytest.mark.slow
def test_exporting_the_shipped_weights_again_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shipped_session: Any
):
    for name in ("numbers.pt", NUMBER_DESCRIPTION):
        shutil.copy(ARTIFACTS / name, tmp_path)
    monkeypatch.setattr(sys, "argv", ["command", "--output", str(tmp_path)])
    number_export.main()  # checks it against PyTorch
    before, after = (
        read_description(folder, NUMBER_DESCRIPTION) for folder in (ARTIFACTS, tmp_path)
    )
    assert after.pop("versions").keys() == before.pop("versions").keys()
    assert after.pop("file")["name"] == before.pop("file")["name"] == NUMBER_MODEL
    assert after == before
    parse_number_metadata((tmp_path / NUMBER_DESCRIPTION).read_bytes())
    luminance = number_picture("2718")
    again: Any = open_session(tmp_path / NUMBER_MODEL)
    outputs, expected = (
        session.run(None, {"luminance": luminance}) for session in (again, shipped_session)
    )
    for got, want in zip(outputs, expected, strict=True):
        np.testing.assert_allclose(got, want, atol=1e-3)


# --- The file -------------------------------------------------------------------------------------


def axes_of(value: onnx.ValueInfoProto) -> tuple[str | int, ...]:
    return tuple(axis.dim_param or axis.dim_value for axis in value.type.tensor_type.shape.dim)


def test_inputs_and_outputs_are_those_of_the_contract(model: bytes):
    graph = onnx.load_from_string(model).graph
    for values, specs in ((graph.input, CONTRACT.inputs), (graph.output, CONTRACT.outputs)):
        assert [value.name for value in values] == [spec.name for spec in specs]
        assert [axes_of(value) for value in values] == [tuple(spec.shape) for spec in specs]
        types = [
            onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name
            for value in values
        ]
        assert types == [spec.dtype for spec in specs]


def test_the_characters_are_those_that_were_composed():
    assert "".join(CHARACTERS) == texts.CHARACTERS


def test_the_file_is_plain_onnx_that_old_runtimes_load(model: bytes):
    proto = onnx.load_from_string(model)
    onnx.checker.check_model(proto, full_check=True)
    assert proto.ir_version == IR_VERSION == 9
    assert [(opset.domain, opset.version) for opset in proto.opset_import] == [("", OPSET)]
    assert not proto.functions
    assert {node.domain for node in proto.graph.node} == {""}


def test_the_file_holds_its_weights(model: bytes):
    tensors = onnx.load_from_string(model).graph.initializer
    assert len(tensors) > 10
    assert not any(tensor.external_data for tensor in tensors)


def test_the_file_holds_no_local_path_and_no_stack_trace(model: bytes):
    traces = rb"site-packages|Traceback|File \"|/home/|/root/|/Users/|/tmp/|\.py\b"
    assert re.findall(traces, model) == []
    assert str(ARTIFACTS.parent).encode() not in model


def test_the_shipped_file_is_small(checkpoint: NumberCheckpoint):
    assert (ARTIFACTS / NUMBER_MODEL).stat().st_size <= 2_500_000
    assert parameter_count(checkpoint.network) <= 600_000


# --- Scales ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "scale"),
    [
        ((1, 2), MOST_ENLARGED),
        ((30, 40), MOST_ENLARGED),
        ((256, 1024), 1),
        ((2048, 100), 0.5),
    ],
)
def test_a_photograph_is_enlarged_and_shrunk_by_its_size(shape: tuple[int, int], scale: float):
    noise = torch.rand(shape, generator=torch.Generator().manual_seed(0)) * 255
    assert float(finest_scale(noise)) == pytest.approx(scale)


@pytest.mark.parametrize("pen_px", [8, 16])
def test_a_drawing_is_shrunk_until_its_strokes_are_thin(pen_px: int):
    picture = torch.from_numpy(number_picture("2718", (800, 240), pen_px)).float()
    assert float(finest_scale(picture)) == pytest.approx(STROKE_PX / pen_px, rel=0.15)


@pytest.mark.parametrize("shape", [(1, 1), (300, 500)])
def test_of_a_blank_picture_nothing_is_looked_at_closely(shape: tuple[int, int]):
    assert float(finest_scale(torch.full(shape, 180.0))) == 0


def found_on_two_scales(*other_box: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Two characters, the first 0.8 likely and rather a 1, the second 0.3 likely and a 7."""
    boxes = torch.tensor([[10.0, 10.0, 20.0, 30.0], list(other_box)])
    likely = torch.zeros(2, len(CHARACTERS))
    likely[0, 1], likely[0, 7], likely[1, 7] = 0.42, 0.38, 0.3
    return boxes, likely


def test_all_scales_say_which_character_it_is():
    boxes, likely = found_on_two_scales(10, 10, 20, 32)
    joined = join_scales(boxes[:1], likely[:1], boxes, likely, scale_count=1)
    assert joined.argmax() == 7
    assert float(joined[0, 1] / joined.sum()) == pytest.approx(0.42 / 1.1, abs=1e-3)


@pytest.mark.parametrize(("scale_count", "there"), [(1, 0.8), (2, 1.1 / 2), (3, 1.1 / 3)])
def test_the_best_scales_say_how_likely_a_character_is_there(scale_count: int, there: float):
    boxes, likely = found_on_two_scales(10, 10, 20, 32)
    joined = join_scales(boxes[:1], likely[:1], boxes, likely, scale_count)
    assert float(joined.sum()) == pytest.approx(there)


@pytest.mark.parametrize("other", [(30, 10, 40, 30), (10, 10, 20, 80)])
def test_a_box_elsewhere_or_of_another_size_has_no_say(other: tuple[float, ...]):
    boxes, likely = found_on_two_scales(*other)
    torch.testing.assert_close(join_scales(boxes, likely, boxes, likely, scale_count=1), likely)
    halved = join_scales(boxes, likely, boxes, likely, scale_count=2)
    torch.testing.assert_close(halved, likely / 2)


def test_a_box_without_area_has_no_say_and_is_no_character():
    boxes, likely = found_on_two_scales(10, 10, 10, 30)
    joined = join_scales(boxes, likely, boxes, likely, scale_count=1)
    torch.testing.assert_close(joined[0], likely[0])
    assert float(joined[1].sum()) == 0


# --- Pictures -------------------------------------------------------------------------------------


def number_picture(text: str, size: tuple[int, int] = (400, 120), pen_px: int = 8) -> Picture:
    """A number as a drawing program makes it."""
    drawings = load_drawings()
    digits = [next(one for one in drawings if one.label == int(digit)) for digit in text]
    return np.array(render_number(digits, size, pen_px))


def photographed(picture: Picture, seed: int = 0) -> Picture:
    """The same on grey paper, with grain and light from one side."""
    random = np.random.default_rng(seed)
    light = np.linspace(120, 200, picture.shape[1])
    seen = light * (0.3 + 0.7 * picture / 255) + random.normal(0, 2, picture.shape)
    return seen.clip(0, 255).astype(np.uint8)


def likely(found: Sequence[Detection]) -> list[Detection]:
    """From left to right, what is rather there than not."""
    return sorted((one for one in found if one.probability >= 0.5), key=lambda one: one.x)


NUMBERS = ("2718", "4056", "3", "90347")


@pytest.mark.parametrize("text", NUMBERS)
def test_every_digit_of_a_drawn_number_is_found(text: str, shipped_session: Any):
    found = likely(find_characters(shipped_session, number_picture(text)))
    assert len(found) == len(text)


@pytest.mark.parametrize("see", [np.copy, photographed], ids=["drawn", "photographed"])
@pytest.mark.parametrize("text", NUMBERS)
def test_light_on_dark_is_read_like_dark_on_light(text: str, see, shipped_session: Any):
    picture = see(number_picture(text))
    dark, light = (likely(find_characters(shipped_session, p)) for p in (picture, 255 - picture))
    assert "".join(one.character for one in light) == "".join(one.character for one in dark)
    for one, other in zip(dark, light, strict=True):
        assert abs(one.x - other.x) < 0.15 * one.height


@pytest.mark.parametrize("see", [np.copy, photographed], ids=["drawn", "photographed"])
def test_boxes_are_in_pixels_of_the_picture(see, shipped_session: Any):
    picture = see(number_picture("2718"))
    twice = picture.repeat(2, axis=0).repeat(2, axis=1)
    once, enlarged = (likely(find_characters(shipped_session, p)) for p in (picture, twice))
    assert len(once) == 4
    for one in once:
        other = min(enlarged, key=lambda found: abs(found.x - 2 * one.x) + abs(found.y - 2 * one.y))
        assert other.character == one.character
        expected = [2 * edge for edge in (one.left, one.top, one.right, one.bottom)]
        tolerance = 2 * 0.15 * one.height
        got = [other.left, other.top, other.right, other.bottom]
        assert got == pytest.approx(expected, abs=tolerance)


def test_a_box_lies_on_its_digit(shipped_session: Any):
    picture = number_picture("2718")
    columns = np.flatnonzero((picture < 128).any(axis=0))
    rows = np.flatnonzero((picture < 128).any(axis=1))
    found = likely(find_characters(shipped_session, picture))
    tolerance = 0.15 * (rows[-1] - rows[0])
    assert found[0].left == pytest.approx(columns[0], abs=tolerance)
    assert found[-1].right == pytest.approx(columns[-1], abs=tolerance)
    assert min(one.top for one in found) == pytest.approx(rows[0], abs=tolerance)
    assert max(one.bottom for one in found) == pytest.approx(rows[-1], abs=tolerance)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (28, 28), (61, 203)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_nothing_is_found_on_a_blank_picture(
    shape: tuple[int, int], level: int, shipped_session: Any
):
    luminance = np.full(shape, level, np.uint8)
    boxes, probabilities, ink = shipped_session.run(None, {"luminance": luminance})
    assert boxes.shape == (0, 4)
    assert probabilities.shape == (0, len(CHARACTERS))
    assert ink.shape == (0, 56, 56)


@pytest.fixture(scope="module")
def busy_outputs(random_session: Any) -> list[NDArray[Any]]:
    """Of random weights on noise: characters on all scales, at every edge."""
    noise = np.random.default_rng(0).integers(0, 256, (57, 91), np.uint8)
    return random_session.run(None, {"luminance": noise})


@pytest.mark.slow
def test_boxes_lie_in_the_picture(busy_outputs: list[NDArray[Any]]):
    boxes = busy_outputs[0]
    left, top, right, bottom = boxes.T
    assert len(boxes) > 20
    assert boxes.min() >= 0
    assert right.max() <= 91
    assert bottom.max() <= 57
    assert (left <= right).all()
    assert (top <= bottom).all()


@pytest.mark.slow
def test_the_likeliest_character_comes_first(busy_outputs: list[NDArray[Any]]):
    boxes, probabilities, _ = busy_outputs
    sums = probabilities.sum(axis=1)
    assert (np.diff(sums) <= 1e-6).all()
    assert sums.max() <= 1 + 1e-6
    has_area = ((boxes[:, 2:] - boxes[:, :2]) > 0).all(axis=1)
    assert sums[has_area].min() >= LEAST_PROBABILITY / PHOTOGRAPH_BEST_SCALES - 1e-6


def test_each_character_is_cut_out_as_dark_ink_on_paper(
    shipped_session: Any,
):
    picture = number_picture("2718")
    for luminance in (picture, 255 - picture):
        found = likely(find_characters(shipped_session, luminance))
        assert len(found) == 4
        for one in found:
            assert one.ink.shape == (56, 56)
            assert one.ink.max() == 255
            assert 0.03 < one.ink.mean() / 255 < 0.4
            assert one.ink[:3].max() == one.ink[-3:].max() == 0  # the margin is paper


def test_a_digit_that_was_cut_out_is_the_digit_that_was_drawn(
    shipped_session: Any,
):
    picture = number_picture("2718")
    for one in likely(find_characters(shipped_session, picture)):
        left, right = round(one.left), round(one.right)
        top, bottom = round(one.top), round(one.bottom)
        ink = Image.fromarray(255 - picture[top:bottom, left:right])
        longer = max(ink.size)
        side = round(longer * 1.7)  # with the margins of `number_graph.INK_MARGIN`
        square = Image.new("L", (side, side))
        square.paste(ink, ((side - ink.width) // 2, (side - ink.height) // 2))
        expected = np.asarray(square.resize((56, 56)), float)
        likeness = np.corrcoef(expected.ravel(), one.ink.ravel().astype(float))[0, 1]
        assert likeness > 0.8
