"""`serve`: the server, started by the command that users have."""

import os
import signal
from pathlib import Path

import pytest

from inference import DigitRecognizer, __version__
from inference.command_line.main import main
from tests.inference.command_line.images import COMMAND, ROOT, WAIT_S, names, posix_only
from tests.inference.image.hostile import with_damaged_tags
from tests.serving import ask, started


@posix_only
def test_it_answers_with_the_model_that_is_named_until_it_is_stopped(model: Path, folder: Path):
    command = [*COMMAND, "serve", "--port", "0", "--model", str(model)]
    with started(command, folder, {**os.environ, "PYTHONPATH": str(ROOT)}) as (process, port):
        assert ask(port, "/", method="GET")[1]["version"] == __version__
        image = (folder / "drawn" / "a.png").read_bytes()
        assert ask(port, "/digit", image)[1] == DigitRecognizer(model).predict(image).to_dict()
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT_S)
    assert process.returncode == 0
    assert "Traceback" not in errors


@posix_only
def test_what_pillow_warns_of_in_an_image_is_not_in_the_log(folder: Path):
    command = [*COMMAND, "serve", "--port", "0"]
    with started(command, folder, {**os.environ, "PYTHONPATH": str(ROOT)}) as (process, port):
        assert ask(port, "/digit", with_damaged_tags(10))[0].status == 200
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=WAIT_S)
    assert "Warning" not in errors


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
