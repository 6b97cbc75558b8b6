"""The container's image: what its lock file holds, and what its steps give, done by hand."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from inference import DigitRecognizer
from tests.needs import skip_unless_ci
from tests.serving import ask

ROOT = Path(__file__).parent.parent
IMAGE = ROOT / "examples" / "pictures" / "digit.png"
PORT = 8000
WAIT_S = 60

LINES = (ROOT / "Dockerfile").read_text("utf-8").splitlines()
STEPS = [tuple(line.split(" ", 1)) for line in LINES if line and not line.startswith("#")]


def step(name: str) -> str:
    """What the last step of that name says."""
    return next(words for kind, words in reversed(STEPS) if kind == name)


def test_the_memory_of_forty_threads_is_bounded():
    assert step("ENV") == "MALLOC_ARENA_MAX=2"


def test_the_lock_file_holds_what_the_server_needs():
    lines = (ROOT / "requirements-server.lock").read_text("utf-8").splitlines()
    locked = [Requirement(line.rstrip("\\")) for line in lines if line[0] not in "# "]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = project["optional-dependencies"]
    for line in [*project["dependencies"], *extras["server"], *extras["files"]]:
        needed = Requirement(line)
        versions = [one.specifier for one in locked if one.name == needed.name]
        assert versions, needed
        assert all(needed.specifier.contains(str(v).removeprefix("==")) for v in versions), needed


def test_the_server_is_an_ordinary_user():
    assert STEPS[-1][0] == "ENTRYPOINT"
    user, group = step("USER").split(":")
    assert int(user) > 0
    assert int(group) > 0


def test_nothing_that_is_copied_is_ignored():
    kept = (ROOT / ".dockerignore").read_text("utf-8").split()
    for kind, words in STEPS:
        if kind == "COPY":
            assert {f"!{source.split('/')[0]}" for source in words.split()[:-1]} <= set(kept)


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, dict[str, str]]:
    """A folder as the image has it, and the environment in which its commands run."""
    with socket.socket() as probe:
        if probe.connect_ex(("localhost", PORT)) == 0:
            skip_unless_ci(f"another server has taken port {PORT}")
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)  # noqa: S603
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    environment["PATH"] = f"{tmp_path / 'venv' / 'bin'}{os.pathsep}{environment['PATH']}"
    for kind, words in STEPS:
        if kind == "COPY":
            *sources, target = words.split()
            for source in sources:
                copy(ROOT / source, tmp_path / target, is_inside=target.endswith("/"))
        if kind == "RUN":
            done = run(words.split(), tmp_path, environment)
            if "Could not find a version" in done.stderr:
                skip_unless_ci("pip reaches no package index")
            assert done.returncode == 0, done.stderr
    return tmp_path, environment


def copy(source: Path, target: Path, *, is_inside: bool) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
        return
    if is_inside:
        target.mkdir(exist_ok=True)
    shutil.copy(source, target)


def run(
    command: list[str], folder: Path, environment: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
def test_the_steps_give_a_server_that_is_healthy_and_answers(
    image: tuple[Path, dict[str, str]], recognizer: DigitRecognizer
):
    folder, environment = image
    # A process reads its program's place from the PATH of the one that starts it.
    command = ["/usr/bin/env", *json.loads(step("ENTRYPOINT")), "--host", "127.0.0.1"]
    check = ["/usr/bin/env", *json.loads(step("HEALTHCHECK").removeprefix("CMD "))]
    environment |= {"http_proxy": "http://127.0.0.1:9", "no_proxy": ""}  # the check must not ask it
    assert str(PORT) in step("EXPOSE")
    with subprocess.Popen(command, cwd=folder, env=environment) as server:  # noqa: S603
        try:
            deadline_s = time.monotonic() + WAIT_S
            while run(check, folder, environment).returncode:
                assert server.poll() is None
                assert time.monotonic() < deadline_s
            assert ask(PORT, "/digit", IMAGE.read_bytes())[1] == recognizer.predict(IMAGE).to_dict()
        finally:
            server.terminate()
