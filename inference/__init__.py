"""Recognizes handwritten digits: numpy, onnxruntime and Pillow are all it needs.

from inference import DigitRecognizer

prediction = DigitRecognizer().predict("digit.png")
prediction.digit, prediction.confidence, prediction.is_digit
"""

from .errors import BlankImageError, InferenceError, InvalidImageError, ModelError
from .images import MAX_PIXELS, ImageSource
from .metadata import ModelMetadata
from .number import Box, Located, Number
from .prediction import Prediction
from .recognizer import DigitRecognizer, ModelOutput

__all__ = [
    "MAX_PIXELS",
    "BlankImageError",
    "Box",
    "DigitRecognizer",
    "ImageSource",
    "InferenceError",
    "InvalidImageError",
    "Located",
    "ModelError",
    "ModelMetadata",
    "ModelOutput",
    "Number",
    "Prediction",
]
