"""The page's states, without a browser."""

import io
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import streamlit as st
from PIL import ExifTags, Image
from streamlit.testing.v1 import AppTest

import app
from inference import DigitRecognizer, Prediction
from tests.drawings import load_drawings

ARTIFACTS = Path(app.__file__).parent / "artifacts"
THREE = next(drawing for drawing in load_drawings() if drawing.label == 3)


@pytest.fixture(autouse=True)
def canvas(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Stands in for the canvas component, which needs a browser; it is empty at first."""
    st.cache_resource.clear()
    canvas = SimpleNamespace(json_data={"objects": []}, image_data=None)
    monkeypatch.setattr(app, "draw_canvas", lambda _pen_width_px: canvas)
    return canvas


@pytest.fixture
def draw(canvas: SimpleNamespace) -> Callable[[], None]:
    """Draws a digit on the canvas: some pixels and one stroke, as the component gives them."""

    def draw() -> None:
        canvas.image_data = np.asarray(THREE.render().convert("RGBA"))
        canvas.json_data = {"objects": [{"type": "Path"}]}

    return draw


@pytest.fixture
def predict(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the recognizer answer every image with the given probabilities of some digits."""

    def predict(probabilities: dict[int, float], *, is_digit: bool) -> None:
        prediction = Prediction(
            digit=max(probabilities, key=lambda digit: probabilities[digit]),
            confidence=max(probabilities.values()),
            probabilities=tuple(probabilities.get(digit, 0.0) for digit in range(10)),
            is_digit=is_digit,
            normalized=np.zeros((28, 28), np.float32),
        )
        monkeypatch.setattr(DigitRecognizer, "predict", lambda *_: prediction)

    return predict


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the model, which the page loads instead."""
    for name in ("digits.onnx", "digits.json"):
        shutil.copy(ARTIFACTS / name, tmp_path)
    monkeypatch.setattr(app, "DigitRecognizer", lambda: DigitRecognizer(tmp_path / "digits.onnx"))
    return tmp_path / "digits.onnx"


def open_page() -> AppTest:
    def page() -> None:
        import app

        app.main()

    page_test = AppTest.from_function(page, default_timeout=20).run()
    assert not page_test.exception
    return page_test


def upload(*files: tuple[str, bytes]) -> AppTest:
    page = open_page()
    page.file_uploader[0].set_value([(name, content, "image/png") for name, content in files])
    page.run()
    assert not page.exception
    return page


def file_content(image: Image.Image, file_format: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, file_format, **options)
    return file.getvalue()


def answers(page: AppTest) -> list[str]:
    """The answers' texts, line breaks as " | "."""
    bodies = [element.proto.body for element in page.get("html")]  # pyright: ignore
    texts = [re.sub("<[^>]+>", "|", body) for body in bodies if 'class="answer"' in body]
    return [re.sub(r"\|+", " | ", text).strip(" |") for text in texts]


def test_an_empty_canvas_says_what_to_do() -> None:
    page = open_page()

    assert "Draw a digit from 0 to 9" in page.info[0].value
    assert answers(page) == []


def test_a_drawn_3_shows_3_and_its_confidence(
    draw: Callable[[], None], predict: Callable[..., None]
) -> None:
    predict({3: 0.972, 8: 0.028}, is_digit=True)
    draw()

    page = open_page()

    assert answers(page) == ["3 | 97% confident"]
    assert not page.info


def test_a_confidence_that_rounds_to_100_claims_no_certainty(
    draw: Callable[[], None], predict: Callable[..., None]
) -> None:
    predict({3: 0.999, 8: 0.001}, is_digit=True)
    draw()

    assert answers(open_page()) == ["3 | >99% confident"]


def test_an_unsure_answer_says_so_and_names_the_two_likeliest_digits(
    draw: Callable[[], None], predict: Callable[..., None]
) -> None:
    predict({4: 0.41, 9: 0.38, 7: 0.21}, is_digit=False)
    draw()

    assert answers(open_page()) == ["4 or 9? | Not sure: 41% for 4, 38% for 9"]


def test_the_chart_tells_the_ten_probabilities_in_words(
    draw: Callable[[], None], predict: Callable[..., None]
) -> None:
    predict({4: 0.41, 9: 0.38, 7: 0.21}, is_digit=False)
    draw()

    chart = open_page().get("vega_lite_chart")[0].proto  # pyright: ignore

    assert chart.alt == (
        "Probabilities: 0: 0%, 1: 0%, 2: 0%, 3: 0%, 4: 41%, 5: 0%, 6: 0%, 7: 21%, 8: 0%, 9: 38%"
    )


def test_a_stroke_reaches_the_real_model(draw: Callable[[], None]) -> None:
    draw()

    assert answers(open_page())[0].startswith("3 |")


def test_an_uploaded_picture_is_answered() -> None:
    page = upload(("three.png", file_content(THREE.render())))

    assert answers(page)[0].startswith("3 |")
    assert page.markdown[0].value == r"**three\.png**"


def test_several_uploads_are_answered_each() -> None:
    picture = file_content(THREE.render())

    page = upload(("first.png", picture), ("second.png", picture))

    assert len(answers(page)) == 2


@pytest.mark.parametrize(
    "content",
    [b"three", b"", file_content(THREE.render())[:500]],
    ids=["text", "empty", "truncated"],
)
def test_an_unreadable_file_is_named_with_what_would_be_right(content: bytes) -> None:
    page = upload(("three.png", content))

    assert page.warning[0].value == (
        r"**three\.png** cannot be read as a picture. A complete PNG, JPEG, WebP, GIF, BMP or TIFF "
        "file of up to 50 megapixels would be right."
    )
    assert answers(page) == []


def test_a_blank_picture_is_named_and_called_blank() -> None:
    page = upload(("paper.png", file_content(Image.new("L", (100, 100), 255))))

    assert page.warning[0].value.startswith(r"**paper\.png** looks blank.")


def test_a_broken_file_does_not_keep_others_from_their_answer() -> None:
    page = upload(("notes.png", b"three"), ("three.png", file_content(THREE.render())))

    assert len(page.warning) == 1
    assert answers(page)[0].startswith("3 |")


def test_a_file_name_is_shown_as_it_is() -> None:
    page = upload(("*a*_[b](c):red[d].png", b""))

    assert page.warning[0].value.startswith(r"**\*a\*\_\[b\]\(c\)\:red\[d\]\.png**")


def test_a_photograph_is_shown_the_right_way_up() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6  # The camera was turned; a viewer turns it back.
    photograph = file_content(Image.new("RGB", (400, 200)), "JPEG", exif=exif)

    assert app.make_thumbnail(io.BytesIO(photograph)).size == (56, 112)


def test_a_very_wide_picture_is_answered() -> None:
    strip = Image.new("L", (3000, 3), 255)
    strip.paste(0, (100, 1, 2000, 2))

    assert len(answers(upload(("strip.png", file_content(strip))))) == 1


def test_a_photograph_with_damaged_exif_data_is_answered() -> None:
    photograph = file_content(THREE.render(), exif=b"not a TIFF header")

    page = upload(("three.png", photograph))

    assert answers(page)[0].startswith("3 |")


def test_a_missing_model_is_a_message_on_the_page(model: Path) -> None:
    model.unlink()

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert "there is no file" in page.error[0].value
    assert not page.tabs


def test_a_corrupt_model_is_a_message_on_the_page(model: Path) -> None:
    model.write_bytes(model.read_bytes()[:-1])

    page = open_page()

    assert page.error[0].value.startswith("No digit can be recognized for now: the model")
    assert not page.tabs


def test_a_restored_model_is_loaded_at_the_next_visit(model: Path) -> None:
    content = model.read_bytes()
    model.unlink()
    page = open_page()

    model.write_bytes(content)
    page.run()

    assert not page.error
    assert page.tabs


def test_the_model_line_tells_size_and_accuracy(model: Path) -> None:
    metadata_file = model.with_suffix(".json")
    metadata = json.loads(metadata_file.read_text("utf-8"))
    metadata["parameters"] = 174_058
    metadata["metrics"] = {
        "mnist_test": {"data": "MNIST", "images": 10_000, "accuracy": 0.9968},
        "drawings": {"data": "pen drawings", "images": 8_252, "accuracy": 0.9712},
    }
    metadata_file.write_text(json.dumps(metadata), "utf-8")

    assert open_page().caption[0].value == (
        "A convolutional network with 174,058 parameters, right on 99.7% of 10,000 digits (MNIST)"
        " and 97.1% of 8,252 digits (pen drawings)."
    )


def test_the_model_line_of_an_unmeasured_model_tells_only_its_size(model: Path) -> None:
    metadata_file = model.with_suffix(".json")
    metadata = json.loads(metadata_file.read_text("utf-8"))
    metadata_file.write_text(json.dumps(metadata | {"parameters": 9, "metrics": {}}), "utf-8")

    assert open_page().caption[0].value == "A convolutional network with 9 parameters."
