"""A recognizer that says what it is told to, and folders for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from inference import Box, ImageSource, Number, Prediction, SeveralNumbersError
from training.evaluation.number_labels import labelled_conditions, read_labels
from training.evaluation.number_readings import Reading, read_condition


class Scripted:
    """Says what it is told to, by the name of the picture's file; pages are `page`."""

    def __init__(self, says: Mapping[str, Sequence[str] | Exception], sure: bool = True) -> None:
        self._says = says
        self._sure = sure
        self.asked: list[tuple[str, str]] = []

    def predict(self, image: ImageSource) -> Prediction:
        (text,) = self._texts("predict", image)
        return Prediction(int(text), 0.75, (0.1,) * 10, self._sure, np.zeros((28, 28), np.float32))

    def read_number(self, image: ImageSource) -> Number:
        texts = self._texts("read_number", image)
        if len(texts) > 1:
            raise SeveralNumbersError("the image holds several numbers")
        return self._number(texts[0] if texts else "")

    def read_numbers(self, image: ImageSource) -> list[Number]:
        return [self._number(text) for text in self._texts("read_numbers", image)]

    def _texts(self, method: str, image: ImageSource) -> Sequence[str]:
        name = image.name if isinstance(image, Path) else "page"
        self.asked.append((method, name))
        said = self._says[name]
        if isinstance(said, Exception):
            raise said
        return said

    def _number(self, text: str) -> Number:
        return Number(text, 0.5 if text else 0.0, self._sure, Box(0, 0, 1, 1), (), ())


def labelled(folder: Path, rows: str, names: Sequence[str] = ()) -> Path:
    """A folder with that list, and with blank pictures of those names."""
    folder.mkdir(exist_ok=True)
    (folder / "labels.csv").write_text(rows, "utf-8")
    for name in names:
        Image.new("L", (30, 20), 255).save(folder / name)
    return folder


# --- Reading --------------------------------------------------------------------------------------


def read(
    folder: Path, recognizer: Scripted, *, whole_text: bool = False
) -> dict[str, list[Reading]]:
    conditions = labelled_conditions(
        "set", read_labels(folder), whole_text=whole_text, limit=None, seed=0
    )
    return {condition.name: read_condition(recognizer, condition) for condition in conditions}


# --- Results --------------------------------------------------------------------------------------


READINGS = [
    Reading("a", "12345", "12345", 0.99, True),
    Reading("b", "12345", "1235", 0.98, True),
    Reading("c", "12345", "12845", 0.6),
    Reading("d", "12345", "", is_several=True),
    Reading("e", "1", ""),
]
