"""Whole numbers: characters that were found on a picture → lines → numbers."""

from .number import Box, Located, Number

__all__ = ["Box", "Located", "Number"]
