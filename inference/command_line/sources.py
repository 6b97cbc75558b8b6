"""The image files that the words of a command line name."""

# A word may be anything; os.path takes it as it is, and says no to what may not be looked at.
# ruff: noqa: PTH112, PTH113, PTH118, PTH207

import glob
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from PIL import Image

from ..image.decoding import FILE_FORMATS
from ..image.foreign import SUFFIXES

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
        Paths. A file that was named may be missing, or a pipe. One from a folder or a pattern is a
        regular file, and comes once for each name, however many links lead to it.
    """
    for name in names:
        reached: set[str] = set()
        for path in _paths(name, complain):
            real = path if path == name else os.path.realpath(path)
            if real not in reached:
                reached.add(real)
                yield path


def _paths(name: str, complain: Complain) -> Iterator[str]:
    if name == STANDARD_INPUT or not glob.has_magic(name) or os.path.lexists(name):
        yield from _files(name, complain)
        return
    matches = [match for match in _matches(name) if os.path.isdir(match) or os.path.isfile(match)]
    if not matches:
        complain(name, "no file matches the pattern; check it")
    for match in matches:
        yield from _files(match, complain)


def _matches(pattern: str) -> list[str]:
    """Like `glob.glob`, but "**/" follows no links, which may lead back to where they are."""
    before, _, after = pattern.partition(f"**{os.sep}")
    if before == pattern or (before and not before.endswith(os.sep)):
        return sorted(glob.glob(pattern))
    matches: list[str] = []
    for start in sorted(glob.glob(before)) if before else [os.curdir]:
        for folder, folders, _ in os.walk(start):
            folders[:] = sorted(each for each in folders if not each.startswith("."))
            matches += _matches(os.path.join(glob.escape(folder), after))
    return [
        match.removeprefix(f"{os.curdir}{os.sep}") if not before else match for match in matches
    ]


def _files(name: str, complain: Complain) -> Iterator[str]:
    if not os.path.isdir(name):
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
            path = os.path.join(folder, file)
            # A pipe may have the name of an image, and nobody at its other end.
            if Path(file).suffix.lower() in suffixes and os.path.isfile(path):
                is_silent = False
                yield path
    if is_silent:
        complain(name, f"the folder holds no image; its files may be {', '.join(sorted(suffixes))}")


def image_suffixes() -> set[str]:
    """What the names of image files end in, in lower case."""
    extensions = Image.registered_extensions()
    return {*SUFFIXES, *(name for name, kind in extensions.items() if kind in FILE_FORMATS)}
