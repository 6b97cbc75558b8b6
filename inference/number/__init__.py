"""Whole numbers: characters that were found on a picture → lines → numbers."""

from .number import Box, DetectedDigit, Number

__all__ = ["Box", "DetectedDigit", "Number"]
