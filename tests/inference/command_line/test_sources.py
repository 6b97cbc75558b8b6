"""Which files a word of the command line stands for."""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from inference.command_line.sources import find_images


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Has three images, one of them hidden, and is the working directory."""
    for name in ("a.png", "inner/b.png", "inner/deep/c.png", ".hidden/d.png", "inner/notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["a.png"]),
        ("**/*.png", ["a.png", "inner/b.png", "inner/deep/c.png"]),
        ("./**/*.png", ["./a.png", "./inner/b.png", "./inner/deep/c.png"]),
        ("inner/**/*.png", ["inner/b.png", "inner/deep/c.png"]),
        ("**/deep/**/*.png", ["inner/deep/c.png"]),
        ("in*/**/c*", ["inner/deep/c.png"]),
        ("inner/**", ["inner/b.png", "inner/deep/c.png", "inner/notes.txt"]),
    ],
)
@pytest.mark.usefixtures("folder")
def test_patterns_are_found_in_folders_that_are_not_hidden(pattern: str, expected: list[str]):
    assert sorted(find_images([pattern])) == expected


def test_folders_are_searched_in_order_however_the_system_lists_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("a", "z", "m"):
        (folder / "inner" / name).mkdir()
        (folder / "inner" / name / "1.png").touch()
    scandir = os.scandir

    class Backwards(ExitStack):
        """The entries of a folder, Z first."""

        def __init__(self, path: str) -> None:
            super().__init__()
            self.entries = iter(sorted(scandir(path), key=lambda entry: entry.name, reverse=True))

        def __iter__(self) -> Iterator[os.DirEntry[str]]:
            return self.entries

        def __next__(self) -> os.DirEntry[str]:
            return next(self.entries)

    monkeypatch.setattr(os, "scandir", Backwards)
    expected = [f"inner/{name}.png" for name in ("b", "a/1", "deep/c", "m/1", "z/1")]
    assert list(find_images(["inner"])) == list(find_images(["inner/**/*.png"])) == expected


def test_a_pattern_follows_no_link_back_to_its_own_folder(folder: Path):
    for name in ("one", "two", "three"):  # 3 to the power of 40 paths, for who follows them
        (folder / "inner" / name).symlink_to(folder, target_is_directory=True)
    assert list(find_images(["**/*.png"])) == ["a.png", "inner/b.png", "inner/deep/c.png"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_with_the_name_of_an_image_is_not_waited_for(folder: Path):
    os.mkfifo(folder / "inner" / "pipe.png")
    assert list(find_images(["inner"])) == ["inner/b.png", "inner/deep/c.png"]
    assert list(find_images(["inner/*.png"])) == ["inner/b.png"]
    # Who names a pipe has something at its other end, as a shell's <(…) does.
    assert list(find_images(["inner/pipe.png"])) == ["inner/pipe.png"]


def test_a_file_that_is_reached_twice_by_one_name_is_read_once(folder: Path):
    (folder / "link.png").symlink_to(folder / "a.png")
    assert list(find_images(["*.png"])) == ["a.png"]
    assert "./link.png" not in find_images(["."])


@pytest.mark.usefixtures("folder")
def test_a_file_that_is_named_twice_is_read_twice():
    assert list(find_images(["a.png", "a.png", "*.png"])) == ["a.png"] * 3


@pytest.mark.usefixtures("folder")
def test_a_pattern_without_a_match_is_complained_of():
    complaints: list[tuple[str, str]] = []
    found = find_images(["nothing*", "a.png"], lambda *complaint: complaints.append(complaint))
    assert list(found) == ["a.png"]
    assert complaints == [("nothing*", "no file matches the pattern; check it")]
