"""What using the inference package costs the program around it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import inference

ROOT = Path(__file__).parents[2]


def run_python(code: str, environment: dict[str, str] | None = None) -> str:
    """Runs code in a fresh interpreter, in the project's folder."""
    result = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


def test_importing_and_reading_loads_neither_training_nor_the_app():
    loaded = run_python(
        "import sys, numpy, inference\n"
        "recognizer = inference.DigitRecognizer()\n"
        "recognizer.predict(numpy.eye(28))\n"
        "recognizer.read_numbers(numpy.eye(28))\n"
        "print(*sys.modules, sep='\\n')"
    ).split()
    assert "onnxruntime" in loaded
    ours = {"app", "page", "training"}
    heavy = {"torch", "torchvision", "streamlit", "onnx", "matplotlib"}
    assert (ours | heavy).isdisjoint(loaded)


def test_importing_changes_no_setting():
    run_python(
        "import os, warnings, numpy, PIL.Image, PIL.ImageFile\n"
        "def settings():\n"
        "    return (dict(os.environ), list(warnings.filters), numpy.geterr(),\n"
        "            PIL.Image.MAX_IMAGE_PIXELS, PIL.ImageFile.LOAD_TRUNCATED_IMAGES)\n"
        "import onnxruntime\n"
        "before = settings()\n"
        "import inference\n"
        "recognizer = inference.DigitRecognizer()\n"
        "recognizer.predict(numpy.eye(28))\n"
        "recognizer.read_numbers(numpy.eye(28))\n"
        "assert settings() == before"
    )


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user who has an empty home folder, and no say in telemetry."""
    told = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")
    kept = {name: value for name, value in os.environ.items() if name not in told}
    return {**kept, "HOME": str(tmp_path)}


# onnxruntime keeps an identifier there before it reports to its maker.
def test_using_it_leaves_nothing_in_the_home_folder(home: dict[str, str]):
    run_python(
        "import os, numpy\n"
        "before = dict(os.environ)\n"
        "import inference\n"
        "recognizer = inference.DigitRecognizer()\n"
        "recognizer.predict(numpy.eye(28))\n"
        "recognizer.read_numbers(numpy.eye(28))\n"
        "assert dict(os.environ) == before",
        home,
    )
    assert not list(Path(home["HOME"]).rglob("*"))


def test_what_the_environment_says_about_telemetry_stands(home: dict[str, str]):
    said = run_python(
        "import inference, os\nprint(os.environ['ORT_DISABLE_TELEMETRY'])",
        {**home, "ORT_DISABLE_TELEMETRY": "true"},
    )
    assert said == "true\n"


def test_using_it_prints_nothing_and_warns_of_nothing():
    printed = run_python(
        "import numpy, warnings, inference\n"
        "warnings.simplefilter('error')\n"
        "recognizer = inference.DigitRecognizer()\n"
        "recognizer.predict(numpy.eye(28))\n"
        "recognizer.read_numbers(numpy.eye(28))"
    )
    assert not printed


def test_every_public_name_exists():
    assert all(hasattr(inference, name) for name in inference.__all__)
    assert inference.__all__ == sorted(
        inference.__all__, key=lambda name: (not name.isupper(), name)
    )


def test_the_package_says_that_it_is_typed():
    assert Path(inference.__file__).with_name("py.typed").is_file()
