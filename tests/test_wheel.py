"""What `pip install` gives to a program elsewhere: `digit_recognizer`, with its models inside."""

import json
import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

from inference import DigitRecognizer, __version__
from tests.drawings import load_drawings, render_number
from tests.needs import skip_unless_ci
from tests.serving import ask, started

ROOT = Path(__file__).parent.parent
DRAWINGS = load_drawings()
DRAWING = DRAWINGS[0]
PAGE_ONLY = "streamlit"  # what the names of the page's own requirements start with

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    """Runs a command outside the checkout, without its paths, and gives what it prints."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    result = subprocess.run(  # noqa: S603
        command, cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was built from it."""
    folder = tmp_path_factory.mktemp("built")
    probe = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", folder, "setuptools"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:  # noqa: S603
        skip_unless_ci("pip reaches no package index")
    run(sys.executable, "-m", "build", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    (wheel,) = built.glob("digit_recognizer-*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the commands of an environment with nothing but the wheel."""
    return install(wheel, tmp_path_factory.mktemp("installed"))


def install(package: str | Path, environment: Path) -> Path:
    """Makes an environment with nothing but a package; gives the folder of its commands."""
    environment.mkdir(exist_ok=True)
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=environment)
    pip = [sys.executable, "-m", "pip", "--python", environment]
    run(*pip, "install", "--quiet", "--no-compile", package, cwd=environment)
    return environment / ("Scripts" if os.name == "nt" else "bin")


def test_the_wheel_holds_one_package_with_both_models_and_its_types(wheel: Path):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0].split("-")[0] for name in names} == {"digit_recognizer"}
    sources = (ROOT / "inference").rglob("*.py")
    modules = {f"digit_recognizer/{path.relative_to(ROOT / 'inference')}" for path in sources}
    artifacts = {
        f"digit_recognizer/artifacts/{model}.{suffix}"
        for model in ("digits", "numbers")
        for suffix in ("onnx", "json")
    }
    expected = modules | artifacts | {"digit_recognizer/py.typed"}
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_the_sdist_holds_what_the_wheel_needs_and_no_more(built: Path):
    (sdist,) = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        paths = [Path(name).parts[1:] for name in archive.getnames()]
    folders = {path[0] for path in paths if len(path) > 1}
    assert folders == {"inference", "artifacts", "digit_recognizer.egg-info"}


def test_the_installed_wheel_recognizes_a_digit(installed: Path, tmp_path: Path):
    DRAWING.render().save(tmp_path / "digit.png")
    code = (
        "from digit_recognizer import DigitRecognizer\n"
        "print(DigitRecognizer().predict('digit.png').digit)"
    )
    assert run(installed / "python", "-c", code, cwd=tmp_path) == f"{DRAWING.label}\n"


def test_the_installed_wheel_reads_a_number(installed: Path, tmp_path: Path):
    render_number(DRAWINGS[::12]).save(tmp_path / "number.png")
    code = (
        "from digit_recognizer import DigitRecognizer\n"
        "print(DigitRecognizer().read_number('number.png').text)"
    )
    expected = "".join(str(drawing.label) for drawing in DRAWINGS[::12])
    assert run(installed / "python", "-c", code, cwd=tmp_path) == f"{expected}\n"


def test_the_installed_package_is_documented_by_the_name_that_it_has(
    installed: Path, tmp_path: Path
):
    DRAWING.render().save(tmp_path / "digit.png")
    render_number(DRAWINGS[::12]).save(tmp_path / "amount.png")
    documented = run(
        installed / "python", "-c", "import digit_recognizer as d; print(d.__doc__)", cwd=tmp_path
    )
    _, code = documented.split("\n\n", 1)
    assert run(installed / "python", "-c", code, cwd=tmp_path) == ""
    output = run(installed / "python", "-m", "digit_recognizer", "--version", cwd=tmp_path)
    assert output == f"python -m digit_recognizer {__version__}\n"


def test_the_installed_command_recognizes_a_digit(installed: Path, tmp_path: Path):
    DRAWING.render().save(tmp_path / "digit.png")
    output = run(installed / "digit-recognizer", "digit.png", "--json", cwd=tmp_path)
    assert json.loads(output)["digit"] == DRAWING.label


def test_the_installed_command_tells_the_wheels_version(
    wheel: Path, installed: Path, tmp_path: Path
):
    version = wheel.name.split("-")[1]
    assert version == __version__
    output = run(installed / "digit-recognizer", "--version", cwd=tmp_path)
    assert output == f"digit-recognizer {version}\n"


def test_without_the_extra_the_server_says_what_to_install(installed: Path, tmp_path: Path):
    command = [installed / "digit-recognizer", "serve"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603
    assert result.returncode == 2
    assert result.stderr.endswith(": pip install 'digit-recognizer[server]'\n")


def test_with_the_extra_the_installed_command_serves_bodies_and_forms(
    wheel: Path, tmp_path: Path, recognizer: DigitRecognizer
):
    commands = install(f"{wheel}[server]", tmp_path / "environment")
    expected = recognizer.predict(DRAWING.render()).to_dict()
    DRAWING.render().save(tmp_path / "digit.png")
    image = (tmp_path / "digit.png").read_bytes()
    form = (
        b"--x\r\nContent-Disposition: form-data; name=file; filename=a\r\n\r\n"
        + image
        + b"\r\n--x--"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    command = [commands / "digit-recognizer", "serve", "--port", "0"]
    with started(command, tmp_path) as (_, port):
        assert ask(port, "/digit", image)[1] == expected
        assert ask(port, "/digit", form, headers)[1] == expected


@pytest.mark.parametrize(
    "name", ["inference", "training", "tests", "app", "page", "torch", "streamlit"]
)
def test_the_wheel_brings_no_other_module(name: str, installed: Path, tmp_path: Path):
    code = f"import importlib.util; print(importlib.util.find_spec({name!r}))"
    assert run(installed / "python", "-c", code, cwd=tmp_path) == "None\n"


def test_the_wheel_needs_what_the_app_needs_without_the_page():
    requirements = (ROOT / "requirements-app.txt").read_text("utf-8").splitlines()
    expected = {line for line in requirements if line and not line.startswith(("#", PAGE_ONLY))}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {*project["dependencies"], *project["optional-dependencies"]["files"]} == expected
