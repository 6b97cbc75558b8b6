"""How many small mutations of `inference/` the fast tests notice.

    python -m benchmarks.mutations
    python -m benchmarks.mutations --count 20 --seed 7 inference/image/ink.py

Every fast test is run once to see which lines it runs; one that takes long is left out. Then each
mutation is written into a copy of the repository, and the tests that run it try to notice it: those
of the test file that is most about it first, then the others. What nobody could notice counts as a
survivor, too. The exit code is 1 if more than 1 in 10 survive.

It needs a POSIX system: tests run in processes that fork from one with the libraries imported.
"""

import argparse
import contextlib
import gc
import itertools
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest
from tqdm import tqdm

from .mutants import Mutation, sample
from .recording import Recording, Selected, Tracer

ROOT = Path(__file__).parent.parent
PACKAGE = "inference"
MAXIMUM_SHARE = 0.1

_OPTIONS = ("-m", "not browser and not slow", "-p", "no:cacheprovider", "-q")
_NOT_COPIED = (".git", ".venv*", "__pycache__", ".hypothesis", "node_modules", "data", "runs")
_MEMORY_BYTES = 8 << 30  # A mutant may ask for all that there is.

# What takes long to import, and no mutation changes: every process starts with it.
_PRELOADED = (
    "hypothesis.extra.numpy",
    "onnx",
    "onnxruntime",
    "pytest",
    "streamlit.testing.v1",
    "torchvision",
)
_processes = get_context("forkserver")
_seconds = itertools.count()


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures how many mutations survive, and prints which."""
    parser = argparse.ArgumentParser(description="Counts the mutations that no fast test notices.")
    parser.add_argument("files", nargs="*", type=Path, help="all of the package by default")
    parser.add_argument("--count", type=int, default=100, help="how many mutations, 100 by default")
    parser.add_argument("--seed", type=int, default=0, help="of the drawing of them, 0 by default")
    options = parser.parse_args(arguments)
    os.environ["MNIST_DIR"] = str(Path(os.environ.get("MNIST_DIR", ROOT / "data")).absolute())
    _processes.set_forkserver_preload(list(_PRELOADED))
    with tempfile.TemporaryDirectory() as folder:
        copy = copied(ROOT, Path(folder))
        print("Running every fast test once, traced: some minutes.")  # noqa: T201
        recording = record(copy)
        drawn = sample(sources(copy, options.files), options.count, options.seed)
        survivors = [
            (mutation, count)
            for mutation in tqdm(drawn, "mutations", unit="mutation")
            if (count := survived_tests(copy, mutation, recording)) is not None
        ]
    print(report(survivors, len(drawn)))  # noqa: T201
    return int(len(survivors) > MAXIMUM_SHARE * len(drawn))


def copied(root: Path, folder: Path) -> Path:
    """Copies a repository into a folder, without what its tests do not need."""
    ignored = shutil.ignore_patterns(*_NOT_COPIED)
    return Path(shutil.copytree(root, folder / "copy", symlinks=True, ignore=ignored))


def sources(root: Path, files: Sequence[Path] = ()) -> dict[str, str]:
    """The content of files, by their path in the repository; by default those of the package."""
    paths = [root / file for file in files] or (root / PACKAGE).rglob("*.py")
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in paths}


def record(copy: Path, tests: Sequence[str] = ("tests",)) -> Recording:
    """Runs tests, and tells what each of them that passes has run."""
    path = copy / "recording.json"
    _in_process(copy, _trace, [*tests], path)
    return Recording.read(path)


def survived_tests(copy: Path, mutation: Mutation, recording: Recording) -> int | None:
    """Runs the tests that can notice a mutation until one does.

    Returns:
        How many tests passed; None if one failed or took far too long.
    """
    file = copy / mutation.path
    original = file.read_text("utf-8")
    count = 0
    for tests in filter(None, recording.related_tests(mutation, copy / PACKAGE)):
        _write(file, mutation.source)
        code = _in_process(copy, _run, {test: recording.seconds[test] for test in tests})
        _write(file, original)
        if code:
            return None
        count += len(tests)
    return count


def _write(file: Path, source: str) -> None:
    file.write_text(source, "utf-8")
    # Python takes a file of the same size and second for the one that it has compiled before.
    second = next(_seconds)
    os.utime(file, (second, second))


def report(survivors: Sequence[tuple[Mutation, int]], count: int) -> str:
    """A table of the mutations that survived, and their share."""
    rows = [
        f"{mutation.path}:{mutation.lines[0]}  {mutation.change}  ({tests:,} tests)"
        for mutation, tests in survivors
    ]
    share = len(survivors) / max(1, count)
    return "\n".join([*rows, f"{len(survivors)} of {count} mutations survived: {share:.1%}"])


def _in_process(copy: Path, work: Callable[..., int], *arguments: object) -> int:
    """The exit code of work in a process of its own, which has not imported the package yet."""
    process = _processes.Process(target=_start, args=(copy, work, *arguments))
    process.start()
    process.join()
    with contextlib.suppress(ProcessLookupError):  # Whatever the tests have started ends with them.
        os.killpg(process.pid or 0, signal.SIGKILL)
    return process.exitcode or 0


def _start(copy: Path, work: Callable[..., int], *arguments: object) -> None:
    gc.freeze()  # What was imported before need not be looked through again and again.
    os.setsid()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY_BYTES, _MEMORY_BYTES))
    sys.path[:] = [str(copy), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    os.chdir(copy)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.exit(work(copy, *arguments))


def _run(_copy: Path, seconds: dict[str, float]) -> int:
    files = sorted({test.split("::")[0] for test in seconds})
    return pytest.main([*_OPTIONS, "-x", *files], [Selected(seconds)])


def _trace(copy: Path, tests: list[str], path: Path) -> int:
    tracer = Tracer(copy / PACKAGE)
    code = pytest.main([*_OPTIONS, *tests], [tracer])
    tracer.recording.write(path)
    return code


if __name__ == "__main__":
    sys.exit(main())
