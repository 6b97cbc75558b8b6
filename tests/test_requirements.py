"""Whoever installs what a folder's requirements name can run what is in it."""

import ast
import functools
import re
import sys
from collections.abc import Mapping
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OWN = {"app", "benchmarks", "examples", "inference", "page", "tests", "training"}


def named(file: Path) -> set[str]:
    """The packages that a file of requirements names, in the files that it includes as well."""
    names: set[str] = set()
    for line in file.read_text("utf-8").splitlines():
        if line.startswith("-r "):
            names |= named(file.parent / line.removeprefix("-r "))
        elif match := re.match(r"[\w-]+", line):
            names.add(match[0])
    return names


def brought(name: str) -> set[str]:
    """A package, and what it depends on itself, its extras included."""
    return {name, *(re.split(r"[^\w.-]", line)[0].lower() for line in requires(name) or [])}


@functools.cache
def packages_by_module() -> Mapping[str, list[str]]:
    return packages_distributions()  # takes a second


def imported(*paths: str) -> set[str]:
    """The packages that files and folders import, however deep in a function."""
    modules: set[str] = set()
    for path in paths:
        files = [ROOT / path] if path.endswith(".py") else (ROOT / path).rglob("[!.]*.py")
        for file in files:
            if "node_modules" in file.parts:
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


@pytest.mark.parametrize("package", ["streamlit", "fastapi", "ray", "playwright", "pytest"])
def test_training_does_not_need(package: str):
    assert package not in named(ROOT / "requirements-train.txt")
