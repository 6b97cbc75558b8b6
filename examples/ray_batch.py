"""Recognizes any number of images on one machine or on many, with Ray Data.

python -m examples.ray_batch FOLDER OUTPUT             # image files, on this machine
python -m examples.ray_batch --parquet IMAGES OUTPUT   # a file or folder of Parquet
python -m examples.ray_batch --number FOLDER OUTPUT    # all numbers on each image, not one digit

Parquet that is read has the columns `path`, any name of an image, and `bytes`, the content of an
image file. What is written is a folder of Parquet with one row for each image: `path`, `digit`,
`confidence`, `is_digit`, and `error`, which says why there is no digit. With --number it is one row
for each number: `path`, `text`, `confidence`, `is_sure`, its box as `left`, `top`, `width` and
`height`, and `error`, in the only row of an image without a number. If a recognizer or its machine
dies, Ray starts another and gives it the images whose results have been lost.

On a cluster, with paths that all of its machines can read, and the requirements of the inference
module installed there:

ray job submit --working-dir . -- python -m examples.ray_batch s3://…/images s3://…/digits
"""

import argparse
import logging
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import ray
from ray.data import ActorPoolStrategy, SaveMode, read_binary_files, read_parquet

from inference import DigitRecognizer, InvalidImageError, Prediction

COLUMNS = pa.schema(
    [
        ("path", pa.string()),
        ("digit", pa.int8()),
        ("confidence", pa.float32()),
        ("is_digit", pa.bool_()),
        ("error", pa.string()),
    ]
)
NUMBER_COLUMNS = pa.schema(
    [
        ("path", pa.string()),
        ("text", pa.string()),
        ("confidence", pa.float32()),
        ("is_sure", pa.bool_()),
        ("left", pa.int32()),
        ("top", pa.int32()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("error", pa.string()),
    ]
)


class Recognize:
    """One of the pool: opens the model once, then takes batch after batch."""

    def __init__(self) -> None:
        self._recognizer = DigitRecognizer()

    def __call__(self, images: pa.Table) -> pa.Table:
        """Columns `path` and `bytes` → COLUMNS, row by row."""
        results = self._recognizer.predict_stream(images["bytes"].to_pylist(), return_errors=True)
        paths = images["path"].to_pylist()
        rows = [_row(path, result) for path, result in zip(paths, results, strict=True)]
        return pa.Table.from_pylist(rows, schema=COLUMNS)


def _row(path: str, result: Prediction | InvalidImageError) -> dict[str, Any]:
    if isinstance(result, InvalidImageError):
        return {"path": path, "error": str(result)}
    return {"path": path, **result.to_dict()}


class ReadNumbers(Recognize):
    """The same for numbers."""

    def __call__(self, images: pa.Table) -> pa.Table:
        """Columns `path` and `bytes` → NUMBER_COLUMNS, a row for each number."""
        rows = [
            {"path": path.as_py(), **fields}
            for path, image in zip(images["path"], images["bytes"], strict=True)
            for fields in self._numbers(image.as_py())
        ]
        return pa.Table.from_pylist(rows, schema=NUMBER_COLUMNS)

    def _numbers(self, image: bytes) -> list[dict[str, Any]]:
        try:
            numbers = self._recognizer.read_numbers(image)
        except InvalidImageError as error:
            return [{"error": str(error)}]
        return [{**number.to_dict(), **number.box.to_dict()} for number in numbers] or [
            {"error": "no number was found on the image"}
        ]


def recognize(
    source: str, output: str, *, is_parquet: bool, recognizers: int, is_number: bool = False
) -> None:
    """Recognizes all images of `source` with so many recognizers, into the new folder `output`."""
    if is_parquet:
        images = read_parquet(source, columns=["path", "bytes"])
    else:
        images = read_binary_files(source, include_paths=True)
    results = images.map_batches(
        ReadNumbers if is_number else Recognize,
        compute=ActorPoolStrategy(size=recognizers),
        batch_size=256,
        batch_format="pyarrow",
        num_cpus=1,
    )
    # Ray's default would add a second run's rows to those of the first.
    results.write_parquet(output, mode=SaveMode.ERROR)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="folder of image files, or Parquet")
    parser.add_argument("output", help="folder to write Parquet to; there must be none yet")
    parser.add_argument("--parquet", action="store_true", help="the source is Parquet")
    parser.add_argument("--number", action="store_true", help="read numbers, not digits")
    parser.add_argument(
        "--recognizers",
        type=int,
        help="how many work at the same time, each on one core (default: all cores but one, "
        "which reads and writes)",
    )
    options = parser.parse_args(arguments)
    ray.init(logging_level=logging.WARNING)
    recognize(
        options.source,
        options.output,
        is_parquet=options.parquet,
        is_number=options.number,
        recognizers=options.recognizers or max(1, int(ray.cluster_resources()["CPU"]) - 1),
    )


if __name__ == "__main__":
    main()
