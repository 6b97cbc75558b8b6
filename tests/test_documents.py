"""Every command and every line of code that README and docs show does what they say.

A block runs as it is written, in a folder that looks like a clone. One that cannot has a comment
before it that says how it is checked instead, and why:

    <!-- NAME command -->   `.ci/run` takes it from the document and runs it
    <!-- ci: WHY -->        `.ci/run` runs the same commands
    <!-- parsed: WHY -->    each command accepts its arguments, and is stopped before it works
    <!-- served: WHY -->    the first command is a server, which the others ask
"""

import argparse
import importlib
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.needs import skip_unless_ci

ROOT = Path(__file__).parent.parent
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]+) -->\n)?```(?P<language>\w*)\n(?P<code>.*?)^```$", re.M | re.S
)
KINDS = ("app command", "test command", "ci", "parsed", "served", "run")
PRINTED = re.compile(r"^(?:print|console\.log)\(.*\);?\s+(?:#|//) (.*)$", re.M)
SERVER_PORT = 8000
START_TIMEOUT_S = 60


@dataclass(frozen=True)
class Block:
    """What stands between two fences of a document."""

    document: str
    line: int
    language: str
    marker: str
    code: str

    def __str__(self) -> str:
        return f"{self.document}:{self.line}"

    @property
    def kind(self) -> str:
        return self.marker.split(":")[0]

    @property
    def commands(self) -> list[list[str]]:
        """The words of each line, without the comment behind them."""
        return [shlex.split(line, comments=True) for line in self.code.splitlines()]


def blocks() -> Iterator[Block]:
    for document in DOCUMENTS:
        text = document.read_text("utf-8")
        for found in FENCE.finditer(text):
            line = text.count("\n", 0, found.start("code"))
            name = document.relative_to(ROOT).as_posix()
            yield Block(name, line, found["language"], found["marker"] or "run", found["code"])


BLOCKS = list(blocks())


def of(language: str, kind: str) -> pytest.MarkDecorator:
    """Runs a test with each such block; with what stands in several places, once."""
    some = {b.code: b for b in reversed(BLOCKS) if (b.language, b.kind) == (language, kind)}
    assert some, f"no {language} block is to be checked like that: {kind}"
    return pytest.mark.parametrize("block", some.values(), ids=str)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with links to all that a clone has, and the environment of the tests."""
    folder = tmp_path_factory.mktemp("clone")
    for path in ROOT.iterdir():
        if not path.name.startswith("."):
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the blocks find: an environment to install into, and this repository to clone."""
    own = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", own], check=True)  # noqa: S603
    # What the package depends on is taken from the environment of the tests.
    packages = sysconfig.get_path("purelib", vars={"base": str(own)})
    Path(packages, "tests.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    paths = [str(own / "bin"), f"{sys.prefix}/bin", os.environ["PATH"]]
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return variables | {
        "PATH": os.pathsep.join(paths),
        "PIP_NO_DEPS": "1",
        "REPOSITORY": f"file://{ROOT}",
    }


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    result = subprocess.run(  # noqa: S603
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def installed(clone: Path, environment: dict[str, str]) -> dict[str, str]:
    """The same environment after the install command of README."""
    probe = ["pip", "download", "--no-deps", "--dest", str(clone / "probe"), "setuptools"]
    if subprocess.run(probe, env=environment, capture_output=True, check=False).returncode:  # noqa: S603
        skip_unless_ci("pip reaches no package index")
    install = next(b for b in BLOCKS if b.kind == "run" and b.code.startswith("pip install"))
    run(["bash", "-ec", install.code], clone, environment)
    return environment


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_no_block_of_a_document_is_overlooked(document: Path):
    name = document.relative_to(ROOT).as_posix()
    found = [block for block in BLOCKS if block.document == name]
    assert document.read_text("utf-8").count("```") == 2 * len(found)
    assert {block.language for block in found} <= {"sh", "python", "js"}
    assert {block.kind for block in found} <= set(KINDS)
    # Who is not run says why.
    assert all(": " in b.marker for b in found if b.kind in ("ci", "parsed", "served"))


@pytest.mark.slow
@of("python", "run")
def test_code_prints_what_stands_beside_it(block: Block, clone: Path, installed: dict[str, str]):
    output = run(["python", "-c", block.code], clone, installed)
    assert PRINTED.findall(block.code) == output.splitlines()
    assert output


@pytest.mark.slow
@of("js", "run")
def test_code_for_node_prints_what_stands_beside_it(
    block: Block, clone: Path, environment: dict[str, str]
):
    node, modules = shutil.which("node"), ROOT / "examples" / "node_modules"
    if node is None or not modules.is_dir():
        skip_unless_ci("node or its modules are missing: npm ci --prefix examples --ignore-scripts")
    (clone / "node_modules").symlink_to(modules)
    (clone / "block.mjs").write_text(block.code, "utf-8")
    output = run([node, "block.mjs"], clone, environment)
    assert PRINTED.findall(block.code) == output.splitlines()
    assert output


@pytest.mark.slow
@of("sh", "run")
def test_a_command_runs_as_it_is_written(block: Block, clone: Path, installed: dict[str, str]):
    if "node " in block.code and not (ROOT / "examples" / "node_modules").is_dir():
        skip_unless_ci("onnxruntime-node is missing: npm ci --prefix examples --ignore-scripts")
    run(["bash", "-ec", block.code], clone, installed)


class _ParsedError(BaseException):
    """Stops a command behind its parser; no `Exception`, so that none is mistaken for it."""


@of("sh", "parsed")
def test_a_long_command_accepts_its_arguments(block: Block, monkeypatch: pytest.MonkeyPatch):
    parse = argparse.ArgumentParser.parse_args

    def stop(*arguments: object, **options: object) -> None:
        parse(*arguments, **options)  # type: ignore[arg-type]
        raise _ParsedError

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", stop)
    for python, option, module, *arguments in block.commands:
        assert (Path(python).name.rstrip("3"), option) == ("python", "-m")
        monkeypatch.setattr(sys, "argv", [module, *arguments])
        with pytest.raises(_ParsedError):
            importlib.import_module(module).main()


@of("sh", "ci")
def test_a_command_of_ci_is_run_by_ci(block: Block):
    lines = (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    for command in block.code.splitlines():
        assert any(line.startswith(command) for line in lines), command


@pytest.mark.parametrize("name", ["app", "test"])
def test_ci_takes_a_command_from_readme(name: str):
    (block,) = [block for block in BLOCKS if block.marker == f"{name} command"]
    assert block.document == "README.md"
    assert f"$(readme_command {name}" in (ROOT / ".ci" / "run").read_text("utf-8")


@pytest.mark.slow
@of("sh", "served")
def test_a_server_answers(block: Block, clone: Path, installed: dict[str, str]):
    with socket.socket() as probe:
        if probe.connect_ex(("localhost", SERVER_PORT)) == 0:
            skip_unless_ci(f"another server has taken port {SERVER_PORT}")
    if shutil.which("curl") is None:
        skip_unless_ci("curl is not installed")
    start, *questions = block.code.splitlines()
    with subprocess.Popen(["bash", "-c", f"exec {start}"], cwd=clone, env=installed) as server:  # noqa: S603, S607
        try:
            wait_for(server)
            for question in questions:
                run(["bash", "-ec", question], clone, installed)
        finally:
            server.terminate()


def wait_for(server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("localhost", SERVER_PORT)) == 0:
                return
        time.sleep(0.1)
    raise AssertionError("the server does not listen")
