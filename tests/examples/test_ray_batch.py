"""examples/ray_batch.py on a Ray of this machine: nothing is lost or doubled, come what may."""

import io
import logging
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from PIL import Image

from examples import ray_batch
from inference import Box, DigitRecognizer, Number
from tests.drawings import load_drawings

PICTURES = [drawing.render(64, pen_width_px=5) for drawing in load_drawings()]
BATCHES = 8
IMAGES = BATCHES * 256

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("RAY_USAGE_STATS_ENABLED", "0")
        ray.init(
            num_cpus=2,
            object_store_memory=200_000_000,
            include_dashboard=False,
            logging_level=logging.ERROR,
        )
        yield
        ray.shutdown()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def read(output: Path) -> list[dict[str, object]]:
    return sorted(pq.read_table(output).to_pylist(), key=lambda row: str(row["path"]))


def test_a_folder_of_images_becomes_parquet(tmp_path: Path, recognizer: DigitRecognizer):
    images, output = tmp_path / "images", tmp_path / "digits"
    images.mkdir()
    for index, picture in enumerate(PICTURES[:5]):
        picture.save(images / f"{index}.png")
    (images / "5.png").write_bytes(b"no image")
    ray_batch.recognize(str(images), str(output), is_parquet=False, recognizers=1)
    *digits, bad = read(output)
    assert [Path(str(row["path"])).name for row in digits] == [f"{index}.png" for index in range(5)]
    assert [row["digit"] for row in digits] == [
        prediction.digit for prediction in recognizer.predict_batch(PICTURES[:5])
    ]
    assert [row["error"] for row in digits] == [None] * 5
    assert bad["digit"] is None
    assert "not an image file" in str(bad["error"])


def test_numbers_become_parquet(tmp_path: Path, recognizer: DigitRecognizer):
    images, output = tmp_path / "images", tmp_path / "numbers"
    images.mkdir()
    PICTURES[0].save(images / "0.png")
    (images / "1.png").write_bytes(b"no image")
    ray_batch.recognize(str(images), str(output), is_parquet=False, is_number=True, recognizers=1)
    number, bad = read(output)
    (expected,) = recognizer.read_numbers(PICTURES[0])
    assert [number[side] for side in ("left", "top", "width", "height")] == list(
        expected.box.to_dict().values()
    )
    assert (number["text"], number["is_sure"]) == (expected.text, expected.is_sure)
    assert number["confidence"] == pytest.approx(expected.confidence, abs=1e-4)
    assert number["error"] is None
    assert bad["text"] is None
    assert "not an image file" in str(bad["error"])


def numbers_of(monkeypatch: pytest.MonkeyPatch, *numbers: Number) -> list[dict[str, object]]:
    """The rows of an image that shows these numbers."""
    monkeypatch.setattr(DigitRecognizer, "read_numbers", lambda *_: list(numbers))
    images = pa.table({"path": ["page"], "bytes": [b""]})
    return ray_batch.ReadNumbers()(images).to_pylist()


def test_each_number_has_a_row(monkeypatch: pytest.MonkeyPatch):
    numbers = [Number(text, 0.9, True, Box(0, 0, 1, 1), (), ()) for text in ("12.50", "-5")]
    rows = numbers_of(monkeypatch, *numbers)
    assert [(row["path"], row["text"]) for row in rows] == [("page", "12.50"), ("page", "-5")]


def test_an_image_without_a_number_has_a_row_that_says_so(monkeypatch: pytest.MonkeyPatch):
    (row,) = numbers_of(monkeypatch)
    assert {column: cell for column, cell in row.items() if cell is not None} == {
        "path": "page",
        "error": "no number was found on the image",
    }


@pytest.fixture(scope="module")
def parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with as many images as make several batches for each recognizer."""
    path = tmp_path_factory.mktemp("parquet") / "images.parquet"
    contents = [png(picture) for picture in PICTURES]
    table = pa.table(
        {
            "path": [f"{index:05}" for index in range(IMAGES)],
            "bytes": [contents[index % len(contents)] for index in range(IMAGES)],
        }
    )
    pq.write_table(table, path)
    return path


def test_a_killed_recognizer_loses_and_doubles_nothing(
    parquet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recognizer: DigitRecognizer
):
    killed = tmp_path / "killed"

    class Mortal(ray_batch.Recognize):
        """Is killed once, in the middle of the work, as by a machine that is short of memory."""

        def __init__(self) -> None:
            super().__init__()
            self.batches = 0

        def __call__(self, images: pa.Table) -> pa.Table:
            digits = super().__call__(images)
            self.batches += 1
            if self.batches == 2 and not killed.exists():
                killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            return digits

    monkeypatch.setattr(ray_batch, "Recognize", Mortal)
    output = tmp_path / "digits"
    ray_batch.recognize(str(parquet), str(output), is_parquet=True, recognizers=1)
    assert killed.exists()
    rows = read(output)
    assert [row["path"] for row in rows] == [f"{index:05}" for index in range(IMAGES)]
    expected = [prediction.digit for prediction in recognizer.predict_batch(PICTURES)]
    assert [row["digit"] for row in rows] == [
        expected[index % len(PICTURES)] for index in range(IMAGES)
    ]


def test_a_second_run_does_not_add_to_the_output_of_the_first(parquet: Path, tmp_path: Path):
    (tmp_path / "digits").mkdir()
    with pytest.raises(ValueError, match="digits"):
        ray_batch.recognize(str(parquet), str(tmp_path / "digits"), is_parquet=True, recognizers=1)
