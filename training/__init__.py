"""Trains the digit recognizer on MNIST, exports it to ONNX and measures what was exported."""
