"""The image files that the words of a command line name."""

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PIL import Image

from .images import FILE_FORMATS

STANDARD_INPUT = "-"

Complain = Callable[[str, str], None]
"""Is told of a name, and of what is wrong with it."""


def _ignore(_name: str, _message: str) -> None:
    pass


def find_images(names: Iterable[str], complain: Complain = _ignore) -> Iterator[str]:
    """Finds files one by one, in the order of the names and sorted within each.

    Args:
        names: Files, folders (searched with the folders inside them), patterns like "*.png" or
            "**/*.png" for where the shell does not know them, or "-" for standard input.
        complain: Is told of a folder without an image or that cannot be read, and of a pattern
            without a match.

    Yields:
        Paths; a file that was named may be missing, one from a folder has an image's suffix.
    """
    for name in names:
        if name != STANDARD_INPUT and glob.has_magic(name) and not os.path.lexists(name):
            matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 — Path.glob knows no "/*"
            if not matches:
                complain(name, "no file matches the pattern; check it")
            for match in matches:
                yield from _files(match, complain)
        else:
            yield from _files(name, complain)


def _files(name: str, complain: Complain) -> Iterator[str]:
    if not os.path.isdir(name):  # noqa: PTH112 — Path.is_dir raises for what may not be looked at
        yield name
        return
    suffixes = image_suffixes()
    is_silent = True

    def complain_of_folder(error: OSError) -> None:
        nonlocal is_silent
        is_silent = False
        complain(str(error.filename), f"the folder cannot be read ({error.strerror})")

    for folder, folders, files in os.walk(name, onerror=complain_of_folder):
        folders.sort()
        for file in sorted(files):
            if Path(file).suffix.lower() in suffixes:
                is_silent = False
                yield str(Path(folder, file))
    if is_silent:
        complain(name, f"the folder holds no image; its files may be {', '.join(sorted(suffixes))}")


def image_suffixes() -> set[str]:
    """What the names of image files end in, in lower case."""
    extensions = Image.registered_extensions()
    return {suffix for suffix, kind in extensions.items() if kind in FILE_FORMATS}
