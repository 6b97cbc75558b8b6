"""Files that training writes and reads again: never half written, and refused when damaged."""

import contextlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch


class DamagedFileError(ValueError):
    """A file that training saved is damaged, or holds something else."""


@contextlib.contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """Gives a place to write to, which becomes the file at the end; a failure leaves the former."""
    draft = path.with_name(f"new-{path.name}")
    try:
        yield draft
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def save_whole(content: dict[str, Any], path: Path) -> None:
    """Does what `torch.save` does, and leaves the former file whole if that fails."""
    with draft_of(path) as draft:
        torch.save(content, draft)


@contextlib.contextmanager
def saved_in(
    path: Path,
    content: str = "weights of this network",
    remedy: str = "train it again, or get the whole file",
) -> Iterator[dict[str, Any]]:
    """Gives what `torch.save` wrote, and says so if it cannot be used; runs no code from it.

    Args:
        path: The file.
        content: What it should hold, for the message.
        remedy: What to do when it does not, for the message.

    Raises:
        OSError: It is missing, or may not be read.
        DamagedFileError: It is damaged, or holds something else than the context takes from it.
    """
    with path.open("rb") as file:
        try:
            # PyTorch reads changed weights as if they were right.
            with zipfile.ZipFile(file) as parts:
                if damaged := parts.testzip():
                    raise ValueError(f"{damaged} has another checksum")
            file.seek(0)
            yield torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # Damaged files make PyTorch raise nearly every exception.
            reason = str(error).partition("\n")[0]
            raise DamagedFileError(
                f"{path} is damaged or holds no {content} "
                f"({type(error).__name__}: {reason:.200}); {remedy}"
            ) from error
