"""The check that small mutations of a package are noticed by its tests."""

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from benchmarks.mutants import mutations, sample
from benchmarks.mutations import copied, record, report, sources, survived_tests
from benchmarks.recording import Recording


def changes(source: str) -> list[str]:
    return [one.change for one in mutations("a.py", source)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a < b", ["a < b → a <= b"]),
        ("x = a < b == c", ["a < b == c → a <= b == c", "a < b == c → a < b != c"]),
        ("x = a * b", ["a * b → a / b"]),
        ("x = a and b", ["a and b → a or b"]),
        ("x = not a", ["not a → a"]),
        ("x = min(a)", ["min → max"]),
        ("x = np.floor(a)", ["np.floor → np.ceil"]),
        ("x = 100", ["100 → 125", "100 → 75"]),
        ("x = 1", ["1 → 2", "1 → 0"]),
        ("x = 0.5", ["0.5 → 0.625", "0.5 → 0.375"]),
        ("x = True", ["True → False"]),
        ("if a: b", ["if a: → if not a:"]),
        ("if a:\n    raise b", ["if a: → if not a:", "raise b → pass"]),
        ("check(a)", ["check(a) → pass"]),
        ("def f():\n    return a == b", ["return a == b → return not a == b", "a == b → a != b"]),
    ],
)
def test_a_line_is_mutated_in_each_small_way(line: str, expected: list[str]):
    assert changes(line) == expected


@pytest.mark.parametrize(
    "line",
    [
        '"""1 < 2"""',
        "raise_ = f'{a + 1} of 2'",
        "x: Literal[1]",
        "def f(x: Literal[1] | None) -> Literal[2]: ...",
        "Read = Callable[[A], B | C]",
        "Kind: TypeAlias = A | B",
        "x = zip(a, b, strict=True)",
    ],
)
def test_types_and_wording_are_not_mutated(line: str):
    assert changes(line) == []


def test_a_mutation_changes_the_file_in_one_place():
    (mutation,) = mutations("a.py", "# Why.\nx = 1 if a else b\ny = c\n")[:1]
    assert mutation.lines == (2, 2)
    assert mutation.source == "x = 1 if not a else b\ny = c"


def test_a_sample_is_spread_evenly_over_the_files_and_decided_by_its_seed():
    files = {"long.py": "x = a < b\n" * 50, "short.py": "y = 0.5\n", "empty.py": ""}
    drawn = sample(files, 10, seed=1)
    assert sum(one.path == "short.py" for one in drawn) == 2
    assert len(drawn) == 10
    assert drawn == sample(files, 10, seed=1)
    assert drawn != sample(files, 10, seed=2)


SOURCE = """\
LIMIT = 8


def fits(size):
    return size < LIMIT


def shrunk(size):
    while size > 1:
        size = size - 3
    return size
"""
TESTS = """\
from inference.limits import fits, shrunk


def test_what_is_small_fits():
    assert fits(7)
    assert not fits(9)


def test_shrinking():
    assert shrunk(7) == 1
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of a project with two tests."""
    root = tmp_path_factory.mktemp("project")
    for path, content in {"inference/limits.py": SOURCE, "tests/test_limits.py": TESTS}.items():
        (root / path).parent.mkdir()
        (root / path).write_text(content, "utf-8")
    return copied(root, tmp_path_factory.mktemp("elsewhere"))


@pytest.fixture(scope="module", autouse=True)
def plain_main() -> Iterator[None]:
    """A main module that new processes need not load: a page's test may have left its script."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "__main__", ModuleType("__main__"))
        yield


@pytest.fixture(scope="module")
def recording(project: Path) -> Recording:
    return record(project)


@pytest.mark.slow
def test_every_test_is_recorded_with_what_it_runs(recording: Recording):
    assert {name: lines["inference/limits.py"] for name, lines in recording.lines.items()} == {
        "tests/test_limits.py::test_what_is_small_fits": {5},
        "tests/test_limits.py::test_shrinking": {9, 10, 11},
    }


@pytest.mark.slow
def test_a_mutation_of_what_is_defined_at_import_is_for_the_tests_that_use_it(
    project: Path, recording: Recording
):
    (mutation,) = (
        one for one in mutations("inference/limits.py", SOURCE) if one.change == "8 → 10"
    )
    assert list(recording.related_tests(mutation, project / "inference")) == [
        ["tests/test_limits.py::test_what_is_small_fits"],
        [],
        ["tests/test_limits.py::test_shrinking"],
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "survived"),
    [
        ("size < LIMIT → size <= LIMIT", 2),  # Nobody asks for a size of 8.
        ("8 → 10", None),
    ],
)
def test_a_mutation_survives_if_every_test_passes_in_time(
    change: str,
    survived: int | None,
    project: Path,
    recording: Recording,
):
    (mutation,) = (one for one in sample(sources(project), 100, 0) if one.change == change)
    assert survived_tests(project, mutation, recording) == survived
    assert (project / "inference" / "limits.py").read_text("utf-8") == SOURCE


@pytest.mark.slow
def test_what_has_no_end_is_noticed(project: Path, recording: Recording):
    (endless,) = (one for one in sample(sources(project), 100, 0) if "size + 3" in one.change)
    # A test gets 20 s and ten times as long as it took; here, 2 s.
    hurried = Recording(recording.lines, dict.fromkeys(recording.seconds, -1.8))
    assert survived_tests(project, endless, hurried) is None


def test_the_report_names_what_survived_and_its_share():
    (first, second) = mutations("inference/limits.py", "a = 1 if b < c else 2\n")[:2]
    lines = report([(first, 3), (second, 0)], 40).splitlines()
    assert lines == [
        f"inference/limits.py:1  {first.change}  (3 tests)",
        f"inference/limits.py:1  {second.change}  (0 tests)",
        "2 of 40 mutations survived: 5.0%",
    ]
