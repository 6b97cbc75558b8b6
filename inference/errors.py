"""What can go wrong, as one small family of exceptions."""


class InferenceError(Exception):
    """Base of every error about an image or a model that this package raises on purpose."""


class ModelError(InferenceError):
    """The model or its metadata is missing, damaged, or not what this package expects."""


class InvalidImageError(InferenceError):
    """What was passed as an image cannot be read as one."""


class BlankImageError(InvalidImageError):
    """The image is readable, but nothing is drawn on it."""


class SeveralNumbersError(InvalidImageError):
    """One number was asked for, and the image holds several."""
