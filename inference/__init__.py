"""Recognizes handwritten digits with numpy, onnxruntime and Pillow; whole numbers need cc3d, too.

from inference import DigitRecognizer

prediction = DigitRecognizer().predict("digit.png")
prediction.digit, prediction.confidence, prediction.is_digit
"""

from .errors import BlankImageError, InferenceError, InvalidImageError, ModelError
from .explanation import Change, Explanation, explain
from .images import MAX_PIXELS, ImageSource
from .metadata import ModelMetadata
from .number import Box, Located, Number
from .prediction import Prediction
from .recognizer import DigitRecognizer, ModelOutput

__all__ = [
    "MAX_PIXELS",
    "BlankImageError",
    "Box",
    "Change",
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
    "Prediction",
    "explain",
]
