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
from inference import DigitRecognizer
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
