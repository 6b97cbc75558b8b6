"""Recognizes handwritten digits and numbers with numpy, onnxruntime and Pillow.

from digit_recognizer import DigitRecognizer  # in a checkout: from inference import …

prediction = DigitRecognizer().predict("digit.png")
prediction.digit, prediction.confidence, prediction.is_digit
number = DigitRecognizer().read_number("amount.png")
number.text, number.confidence, number.is_sure
"""

from .errors import (
    BlankImageError,
    InferenceError,
    InvalidImageError,
    ModelError,
    SeveralNumbersError,
)
from .explanation import Change, Explanation, explain
from .image.decoding import MAX_PIXELS
from .image.documents import pages
from .image.ink import visible_image
from .image.picture import ImageSource
from .metadata import ModelMetadata
from .number import Box, DetectedDigit, Number
from .number.metadata import NumberMetadata
from .prediction import Prediction
from .recognizer import DigitRecognizer, ModelOutput

__version__ = "0.4.0.dev0"

Located = DetectedDigit
"""The former name, for one more version."""

__all__ = [
    "MAX_PIXELS",
    "BlankImageError",
    "Box",
    "Change",
    "DetectedDigit",
    "DigitRecognizer",
    "Explanation",
    "ImageSource",
    "InferenceError",
    "InvalidImageError",
    "Located",
    "ModelError",
    "ModelMetadata",
    "ModelOutput",
    "Number",
    "NumberMetadata",
    "Prediction",
    "SeveralNumbersError",
    "__version__",
    "explain",
    "pages",
    "visible_image",
]
