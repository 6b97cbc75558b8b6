"""`serve`: the server, started by the command that users have."""

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from inference import DigitRecognizer, __version__
from inference.command_line.main import main
from tests.inference.command_line.images import COMMAND, ROOT, WAIT_S, names, posix_only


@pytest.fixture
def started(
    model: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The running command, and the address that it tells."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    with subprocess.Popen(  # noqa: S603
        [*COMMAND, "serve", "--port", "0", "--model", model.name],
        cwd=model.parent,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if address := re.search(r"running on (http://127\.0\.0\.1:\d+)", line):
                yield process, address[1]
                break
        else:
            pytest.fail("it has ended")
        process.kill()


def content(request: str | urllib.request.Request) -> Any:
    with urllib.request.urlopen(request, timeout=WAIT_S) as response:  # noqa: S310
        return json.load(response)


@posix_only
def test_it_answers_at_the_address_that_it_tells_with_the_model_that_is_named(
    started: tuple[subprocess.Popen[str], str], model: Path, folder: Path
):
    process, address = started
    assert content(address)["version"] == __version__
    image = (folder / "drawn" / "a.png").read_bytes()
    expected = DigitRecognizer(model).predict(image).to_dict()
    assert content(urllib.request.Request(f"{address}/digit", image)) == expected  # noqa: S310
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert "Traceback" not in errors


def test_a_model_that_is_missing_is_told_in_one_message(capsys: pytest.CaptureFixture[str]):
    assert main(["serve", "--model", "nowhere.onnx"]) == 2
    assert "the model is missing" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("inference.command_line.serve.find_spec", lambda name: name != "uvicorn")
    assert main(["serve"]) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert message.endswith("pip install 'digit-recognizer[server]'")


def test_its_help_explains_every_option(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    help_text = capsys.readouterr().out
    assert all(option in help_text for option in ("--host", "--port", "--model"))


def test_an_image_of_that_name_is_read_with_its_folder(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    (folder / "drawn" / "a.png").rename(folder / "serve")
    assert main(["./serve", "--json"]) == 0
    assert names(capsys.readouterr().out) == ["serve"]
