"""Which lines of the package each test runs, and how long it takes."""

import ast
import json
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator, Mapping, Set
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from .mutants import Mutation

Lines = dict[str, set[int]]
"""Lines by the path of their file, relative to the repository."""

LEAST_LIMIT_S = 20.0
"""A test gets this time, and ten times what it took before: what takes longer has no end."""

SLOWEST_S = 10.0
"""A test that takes longer while it is traced is left out: a mutation waits for all tests."""


@dataclass(frozen=True, slots=True)
class Recording:
    """What each test that passes has run, by its name.

    Attributes:
        lines: Lines of the package.
        seconds: How long it took.
    """

    lines: dict[str, Lines]
    seconds: dict[str, float]

    def related_tests(self, mutation: Mutation, package: Path) -> Iterator[list[str]]:
        """Tests that can notice a mutation, the likeliest to do so first.

        Yields:
            Tests that run the mutated statement, of the file that has the most of them among its
            own; those of the other files; then, as they may see it otherwise, the other tests of
            that file, and those that run anything near if the statement is run by an import, or
            by no test that is known.
        """
        wanted = _uses(mutation.names, package) if mutation.names else {}
        first, last = mutation.lines
        wanted.setdefault(mutation.path, set()).update(range(first, last + 1))
        running = {name for name, lines in self.lines.items() if _meet(lines, wanted)}
        near = {name for name, lines in self.lines.items() if mutation.path in lines}
        tests_of = Counter(map(_file, self.lines))
        running_of = Counter(map(_file, running or near))
        closest = max(
            running_of, key=lambda file: running_of[file] ** 2 / tests_of[file], default=""
        )
        of_closest = {name for name in self.lines if _file(name) == closest}
        # What a test imports, or runs in another process, is seen by no tracer.
        is_seen = running and mutation.names is None
        others = of_closest if is_seen else of_closest | near
        yield self._quickest_first(running & of_closest)
        yield self._quickest_first(running - of_closest)
        yield self._quickest_first(others - running)

    def _quickest_first(self, names: Set[str]) -> list[str]:
        return sorted(names, key=self.seconds.__getitem__)

    def write(self, path: Path) -> None:
        """Writes it as JSON."""
        lines = {
            name: {file: sorted(numbers) for file, numbers in each.items()}
            for name, each in self.lines.items()
        }
        path.write_text(json.dumps({"lines": lines, "seconds": self.seconds}), "utf-8")

    @classmethod
    def read(cls, path: Path) -> "Recording":
        """Reads what `write` has written."""
        content = json.loads(path.read_text("utf-8"))
        lines = {
            name: {file: set(numbers) for file, numbers in each.items()}
            for name, each in content["lines"].items()
        }
        return cls(lines, content["seconds"])


def _file(name: str) -> str:
    return name.split("::")[0]


def _meet(lines: Lines, wanted: Lines) -> bool:
    return any(not numbers.isdisjoint(lines.get(file, ())) for file, numbers in wanted.items())


def _uses(names: frozenset[str], package: Path) -> Lines:
    """Where a package uses what was defined while it was imported."""
    lines: Lines = defaultdict(set)
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            match node:
                case ast.Name(name) | ast.Attribute(attr=name) if name in names:
                    lines[path.relative_to(package.parent).as_posix()].add(node.lineno)
                case _:
                    pass
    return lines


class _TooSlow(BaseException):
    """No `Exception`, so that no test takes it for one of its own."""


class Tracer:
    """A plugin of pytest: records every test."""

    def __init__(self, package: Path) -> None:
        self._root = package.parent
        self._prefix = f"{package}/"
        self._current: Lines = {}
        self.recording = Recording({}, {})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Traces all threads while a test runs, its fixtures included."""
        self._current = defaultdict(set)
        start_s = time.perf_counter()
        signal.signal(signal.SIGALRM, self._stop)
        signal.setitimer(signal.ITIMER_REAL, SLOWEST_S)
        threading.settrace(self._trace_call)
        sys.settrace(self._trace_call)
        self.recording.lines[item.nodeid] = self._current
        try:
            return (yield)
        finally:
            sys.settrace(None)
            threading.settrace(None)  # pyright: ignore[reportArgumentType]
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.recording.seconds[item.nodeid] = time.perf_counter() - start_s

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Forgets what did not pass."""
        if not report.passed:
            self.recording.lines.pop(report.nodeid, None)

    def _stop(self, *_: object) -> None:
        raise _TooSlow

    def _trace_call(self, frame: FrameType, _event: str, _argument: object) -> Any:
        file = frame.f_globals.get("__file__") or ""
        if not file.startswith(self._prefix):
            return None
        lines = self._current[Path(file).relative_to(self._root).as_posix()]

        def trace_line(frame: FrameType, _event: str, _argument: object) -> Any:
            lines.add(frame.f_lineno)
            return trace_line

        # What a dataclass has generated belongs to the file, but has lines of its own.
        return trace_line if frame.f_code.co_filename == file else None


class Selected:
    """A plugin of pytest: runs some tests only, in their order, and ends the process if one hangs.

    Args:
        seconds: How long each test should take.
    """

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = seconds
        self._order = {name: index for index, name in enumerate(seconds)}
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, LEAST_LIMIT_S)  # for what is imported

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Takes the other tests away."""
        items[:] = sorted(
            (item for item in items if item.nodeid in self._order),
            key=lambda item: self._order[item.nodeid],
        )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        """Gives each test its time."""
        signal.setitimer(signal.ITIMER_REAL, LEAST_LIMIT_S + 10 * self._seconds[item.nodeid])
