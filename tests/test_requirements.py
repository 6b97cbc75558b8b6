"""Whoever installs what a folder's requirements name can run what is in it."""

import ast
import functools
import itertools
import re
import sys
import tomllib
from collections.abc import Iterable, Mapping
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

from inference.command_line.serve import NEEDED

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OF_EXTRAS = {
    "server": ["inference/server.py", "inference/command_line/serve.py"],
    "cluster": ["examples/ray_batch.py"],
}
"""The files that need an extra; nothing else imports what it brings."""
OWN = {"app", "benchmarks", "examples", "inference", "page", "tests", "training"}


def names_of(requirements: Iterable[str]) -> set[str]:
    """The packages that requirements name."""
    return {match[0] for line in requirements if (match := re.match(r"\w[\w-]*", line))}


def named(file: Path) -> set[str]:
    """The packages that a file of requirements names, in the files that it includes as well."""
    lines = file.read_text("utf-8").splitlines()
    included = [line.removeprefix("-r ") for line in lines if line.startswith("-r ")]
    return names_of(lines).union(*(named(file.parent / name) for name in included))


def brought(name: str) -> set[str]:
    """A package, and what it depends on itself, its extras included."""
    return {name, *(re.split(r"[^\w.-]", line)[0].lower() for line in requires(name) or [])}


@functools.cache
def packages_by_module() -> Mapping[str, list[str]]:
    return packages_distributions()  # takes a second


def imported(*paths: str) -> set[str]:
    """The packages that files and folders import, however deep in a function.

    The files of a folder that need an extra do not count.
    """
    modules: set[str] = set()
    for path in paths:
        files = [ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("[!.]*.py")
        for file in files:
            name = file.relative_to(ROOT).as_posix()
            if name != path and name in itertools.chain(*OF_EXTRAS.values()):
                continue
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    modules |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    modules.add(node.module.split(".")[0])
    packages = packages_by_module()
    foreign = modules - sys.stdlib_module_names - OWN
    return {packages.get(module, [module])[0].lower().replace("_", "-") for module in foreign}


@pytest.mark.parametrize(
    ("requirements", "paths"),
    [
        ("requirements-app.txt", ["app.py", "page", "inference"]),
        ("requirements-train.txt", ["training", "inference"]),
        ("requirements-dev.txt", ["tests", "benchmarks"]),
    ],
)
def test_what_is_imported_is_named_or_brought_by_what_is(requirements: str, paths: list[str]):
    installed = {package for name in named(ROOT / requirements) for package in brought(name)}
    assert imported(*paths) <= installed


@pytest.mark.parametrize(("extra", "files"), OF_EXTRAS.items())
def test_what_the_files_of_an_extra_import_is_brought_by_it(extra: str, files: list[str]):
    names = names_of([*PROJECT["dependencies"], *EXTRAS[extra]])
    assert imported(*files) <= {package for name in names for package in brought(name)}


def test_the_tests_have_all_extras():
    assert names_of(itertools.chain(*EXTRAS.values())) <= named(ROOT / "requirements-dev.txt")


def test_the_command_that_serves_knows_what_its_extra_brings():
    assert {name.replace("_", "-") for name in NEEDED} == names_of(EXTRAS["server"])


@pytest.mark.parametrize("package", ["streamlit", "starlette", "ray", "playwright", "pytest"])
def test_training_does_not_need(package: str):
    assert package not in named(ROOT / "requirements-train.txt")
