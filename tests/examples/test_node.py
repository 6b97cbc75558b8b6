"""examples/node.mjs and numbers.mjs: both graphs in Node give what they give in Python."""

import json
import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageOps

from inference import DigitRecognizer
from inference.number import lines, reader
from inference.number.metadata import CHARACTERS, FEATURES, DigitSettings, ReadingSettings
from inference.prediction import Prediction
from tests.drawings import load_drawings
from tests.needs import skip_unless_ci
from tests.writing import stacked, with_separators, write

EXAMPLES = Path(__file__).parents[2] / "examples"
DRAWINGS = load_drawings()

# Both compute in float32, perhaps by different versions of the same kernels.
TOLERANCE = 1e-3

pytestmark = pytest.mark.slow

Runner = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def node() -> Runner:
    """Runs Node with these arguments, in the folder of the examples."""
    command = shutil.which("node")
    if command is None:
        skip_unless_ci("node is not installed")
    if not (EXAMPLES / "node_modules" / "onnxruntime-node").is_dir():
        skip_unless_ci("onnxruntime-node is missing: npm ci --prefix examples --ignore-scripts")
    return lambda *arguments, **options: subprocess.run(  # noqa: S603
        [command, *arguments], cwd=EXAMPLES, capture_output=True, text=True, check=False, **options
    )


def answer(result: "subprocess.CompletedProcess[str]") -> Any:
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def assert_same(numbers: list[dict[str, Any]], expected: Sequence[dict[str, Any]]) -> None:
    """Compares text, certainty, confidence and box."""
    assert [number["text"] for number in numbers] == [number["text"] for number in expected]
    for number, right in zip(numbers, expected, strict=True):
        assert number.keys() == {"text", "confidence", "is_sure", "box"}
        assert number["is_sure"] == right["is_sure"]
        assert number["confidence"] == pytest.approx(right["confidence"], abs=TOLERANCE)
        for side, pixels in right["box"].items():  # Rounding may go the other way.
            assert number["box"][side] == pytest.approx(pixels, abs=1)


# --- Pictures ------------------------------------------------------------------------------------


def one_line(start: int, step: int = 1, count: int = 5) -> Image.Image:
    return write(DRAWINGS[start : start + step * count : step]).image


def several_separators() -> Image.Image:
    page = write(DRAWINGS[1:48:8], gap_px=60, margin_px=100)
    return with_separators(page, {0: "-", 2: ".", 3: "/", 4: ":"}).image


def two_lines() -> Image.Image:
    return stacked([one_line(0, 7), one_line(5, 9, 3)])


def photograph(seed: int) -> Image.Image:
    """A page under uneven light, with the noise of a sensor."""
    page = np.asarray(write(DRAWINGS[seed::11][:4]).image, float)
    height, width = page.shape
    generator = np.random.default_rng(seed)
    light = np.linspace(0.5, 0.9, width) * np.linspace(1, 0.8, height)[:, np.newaxis]
    noise = generator.normal(0, 6, page.shape)
    return Image.fromarray((light * (40 + page * 0.8) + noise).clip(0, 255).astype(np.uint8))


def far_apart() -> Image.Image:
    paper = Image.new("L", (250, 10), 255)
    return stacked([one_line(2, 6, 3), paper, one_line(4, 8, 2)], side_by_side=True)


PICTURES = {
    "one line": one_line(3, 9),
    "one digit": DRAWINGS[20].render(),
    "touching": write(DRAWINGS[2:40:9], gap_px=-8).image,
    "uphill": write(DRAWINGS[4:40:9], slope=0.15).image,
    "separators": several_separators(),
    "two lines": two_lines(),
    "two numbers in a line": far_apart(),
    "light on dark": ImageOps.invert(one_line(1, 8)),
    "two lines, light on dark": ImageOps.invert(two_lines()),
    "photograph": photograph(1),
    "dim photograph": photograph(7),
}


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_node_reads_what_python_reads(
    picture: Image.Image, node: Runner, tmp_path: Path, recognizer: DigitRecognizer
):
    picture.save(tmp_path / "picture.pgm")
    expected = [dict(number.to_dict()) for number in recognizer.read_numbers(picture)]
    assert expected
    assert_same(answer(node("node.mjs", tmp_path / "picture.pgm")), expected)


def test_a_blank_picture_has_no_number(node: Runner, tmp_path: Path):
    Image.new("L", (80, 50), 255).save(tmp_path / "blank.pgm")
    assert answer(node("node.mjs", tmp_path / "blank.pgm")) == []


# --- The file ------------------------------------------------------------------------------------


def test_comments_in_the_file_are_skipped(node: Runner, tmp_path: Path):
    PICTURES["one line"].save(tmp_path / "plain.pgm")
    magic, size, levels = (tmp_path / "plain.pgm").read_bytes().split(b"\n", 2)
    commented = b"P5# by hand\n# 7 7\n\t" + size.replace(b" ", b"#\n # 7\r\n") + b"#7\n" + levels
    assert magic == b"P5"
    (tmp_path / "commented.pgm").write_bytes(commented)
    plain = answer(node("node.mjs", tmp_path / "plain.pgm"))
    assert plain
    assert answer(node("node.mjs", tmp_path / "commented.pgm")) == plain


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a binary PGM"),
        (b"P6 1 1 255\n\0\0\0", "not a binary PGM"),
        (b"P5 1 1 65535\n\0\0", "not a binary PGM"),
        (b"P5 0 1 255\n", "not a binary PGM"),
        (b"P5 -1 1 255\n\0", "not a binary PGM"),
        (b"P5 #" + b"# " * 100_000, "not a binary PGM"),
        (b"P5" + b"\n" * 100_000, "not a binary PGM"),
        (b"P5 2 2 255\n\0\0\0", "ends too early"),
    ],
)
def test_another_file_is_refused(content: bytes, message: str, node: Runner, tmp_path: Path):
    (tmp_path / "other.pgm").write_bytes(content)
    result = node("node.mjs", tmp_path / "other.pgm", timeout=60)
    assert result.returncode == 1
    assert message in result.stderr


# --- From characters to numbers ------------------------------------------------------------------


def test_the_constants_are_those_of_python():
    script = (EXAMPLES / "numbers.mjs").read_text("utf-8")
    constants = dict(re.findall(r"^const ([A-Z_]+) = (.+);", script, re.MULTILINE))
    assert constants
    for name, value in constants.items():
        expected = getattr(lines, name, None) or getattr(reader, name)
        assert float(value) == expected, name


# What both graphs say is given, so that every rule is met, whatever a model is good at.
SETTINGS = ReadingSettings(
    photographs=DigitSettings(accepted_probability=0.4, digit_weight=0.3),
    drawings=DigitSettings(accepted_probability=0.3, digit_weight=0.6),
    separator_probability=0.6,
    sure_confidence=0.7,
    confidence_weights={
        "bias": 3.0,
        **{name: 0.3 + 0.1 * index for index, name in enumerate(FEATURES)},
    },
)

_READ_SCENES = """
import { readNumbers } from "./numbers.mjs";
let input = "";
for await (const part of process.stdin) input += part;
const { description, scenes } = JSON.parse(input);
class Tensor {
  constructor(type, data, dims) { Object.assign(this, { type, data, dims }); }
}
const ort = { Tensor };
const answers = [];
for (const { boxes, probabilities, read, luminance } of scenes) {
  const count = boxes.length;
  const floats = rows => {
    const data = new Float32Array(rows.flat());
    return new Tensor("float32", data, [rows.length, data.length / rows.length]);
  };
  const ink = Uint8Array.from({ length: count * 4 }, (_, index) => index >> 2);
  const finder = { run: async () => ({
    boxes: floats(boxes), probabilities: floats(probabilities),
    ink: new Tensor("uint8", ink, [count, 2, 2]),
  }) };
  const reader = { run: async ({ ink: { data, dims } }) => {
    const chosen = Array.from({ length: dims[0] }, (_, index) => read[data[4 * index]]);
    return { probabilities: floats(chosen) };
  } };
  const picture = { width: 2, height: 2, luminance: Uint8Array.from(luminance) };
  answers.push(await readNumbers(ort, finder, reader, description, picture));
}
console.log(JSON.stringify(answers));
"""


def scene(generator: np.random.Generator) -> dict[str, Any]:
    """What the graphs may say about rows of digits with separators between, some of it doubtful."""
    found: list[tuple[list[float], int, float]] = []
    for row in range(generator.integers(1, 4)):
        left, height = generator.uniform(60, 200), generator.uniform(15, 50)
        for _ in range(generator.integers(1, 7)):
            character = int(generator.choice(16, p=[0.07] * 10 + [0.05] * 6))
            tall = height * generator.choice([1, 0.9, 1.1, 0.6, 0.4], p=[0.5, 0.2, 0.1, 0.1, 0.1])
            wide = tall * generator.uniform(0.2, 0.8)
            top = 60 * row + generator.uniform(-0.15, 0.15) * height + (height - tall)
            box = [left, top, left + wide, top + tall]
            there = generator.uniform(generator.choice([0.2, 0.97]), 1)
            found.append((box, character, there))
            for _ in range(generator.choice([0, 1, 2], p=[0.85, 0.1, 0.05])):
                # Found once more beside where it was; the third is a part of the second alone.
                box = [edge + shift for edge, shift in zip(box, [0.1 * wide, 0] * 2, strict=True)]
                found.append((box, character, 0.99 * found[-1][2]))
            gap = generator.choice([0.1, 0.3, -0.3, 3.5], p=[0.5, 0.3, 0.1, 0.1])
            left = max(1, left + wide + gap * height)
    boxes = np.array([box for box, _, _ in found], np.float32)
    characters = [character for _, character, _ in found]
    clarity = generator.choice([2, 50])
    likely = generator.dirichlet(np.full(16, 0.05), len(found))
    likely[np.arange(len(found)), characters] += clarity
    likely *= np.array([[share] for _, _, share in found]) / likely.sum(axis=1, keepdims=True)
    read = generator.dirichlet(np.full(10, 0.1), len(found))
    read[np.arange(len(found)), np.array(characters) % 10] += clarity * generator.integers(2)
    read /= read.sum(axis=1, keepdims=True)
    return {
        "boxes": boxes.tolist(),
        "probabilities": likely.astype(np.float32).tolist(),
        "read": read.astype(np.float32).tolist(),
        # Drawings and photographs: paper of one level on all, on just more than half, on half.
        "luminance": generator.choice([[7] * 4, [7, 0, 7, 7], [7, 0, 7, 9], [7, 0, 3, 9]]).tolist(),
    }


class _Finder:
    """Stands in for the session of `numbers.onnx`."""

    def __init__(self, scene: dict[str, Any]) -> None:
        self._scene = scene

    def run(self, *_: object) -> Sequence[NDArray[Any]]:
        boxes = np.array(self._scene["boxes"], np.float32)
        ink = np.arange(len(boxes), dtype=np.uint8).repeat(4).reshape(-1, 2, 2)
        return boxes, np.array(self._scene["probabilities"], np.float32), ink


def read_in_python(scene: dict[str, Any]) -> list[dict[str, Any]]:
    def read_digits(ink: NDArray[np.uint8]) -> list[Prediction]:
        likely = [scene["read"][mark[0, 0]] for mark in ink]
        nothing = np.zeros((28, 28), np.float32)
        return [
            Prediction(int(np.argmax(one)), max(one), tuple(one), is_digit=True, normalized=nothing)
            for one in likely
        ]

    finder: Any = _Finder(scene)
    luminance = np.array(scene["luminance"], np.uint8).reshape(2, 2)
    readings = reader.read_lines(finder, luminance, read_digits, SETTINGS)
    return [
        {
            "text": reading.text,
            "confidence": reading.confidence,
            "is_sure": reading.confidence >= SETTINGS.sure_confidence,
            "box": {"left": min(one.left for one in reading.line.characters)},
        }
        for reading in readings
    ]


def test_the_rules_are_those_of_python(node: Runner):
    generator = np.random.default_rng(0)
    scenes = [scene(generator) for _ in range(2000)]
    description = {"labels": CHARACTERS, "reading": asdict(SETTINGS)}
    message = json.dumps({"description": description, "scenes": scenes})
    answers = answer(node("--input-type=module", "--eval", _READ_SCENES, input=message))
    expected = [read_in_python(one) for one in scenes]
    for numbers, right in zip(answers, expected, strict=True):
        assert_same(numbers, right)
    numbers = [number for numbers in expected for number in numbers]
    assert set("".join(number["text"] for number in numbers)) == set(CHARACTERS)
    assert any(number["text"].startswith("-") for number in numbers)
    assert {number["is_sure"] for number in numbers} == {True, False}
