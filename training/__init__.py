"""Trains the digit recognizer on MNIST, exports it to ONNX and measures what was exported."""

import inference  # noqa: F401 - it is the first to import onnxruntime, which then reports nothing
