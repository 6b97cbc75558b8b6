"""How much disk the installed packages take that something depends on."""

import tomllib
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

_REPOSITORY = Path(__file__).resolve().parent.parent


def module_requirements() -> list[Requirement]:
    """What `inference`, or the wheel, depends on, from `pyproject.toml`."""
    project = tomllib.loads((_REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    return [Requirement(line) for line in project["dependencies"]]


def app_requirements() -> list[Requirement]:
    """What the app depends on, from `requirements-app.txt`."""
    lines = (_REPOSITORY / "requirements-app.txt").read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def installed_megabytes(requirements: list[Requirement]) -> float:
    """Adds up the files of the packages and of all that they depend on.

    Raises:
        PackageNotFoundError: One of them is not installed.
    """
    found: dict[str, Distribution] = {}
    pending = list(requirements)
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        # What is an extra of theirs is not installed with them.
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": ""})):
            continue
        found[name] = distribution(name)
        pending += [Requirement(line) for line in found[name].requires or []]
    return sum(map(_size_bytes, found.values())) / 1e6


def _size_bytes(package: Distribution) -> int:
    paths = [Path(str(file.locate())) for file in package.files or []]
    # Of compiled modules pip keeps no list that could be relied upon.
    return sum(p.stat().st_size for p in paths if p.suffix != ".pyc" and p.is_file())
