"""Uploading picture files."""

import io
from collections.abc import Callable

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.digit_page import DigitPage
from tests.drawings import load_drawings

pytestmark = pytest.mark.browser


@pytest.fixture
def page(open_page: Callable[..., DigitPage]) -> DigitPage:
    return open_page()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_an_uploaded_picture_is_recognized(page: DigitPage) -> None:
    drawing = load_drawings()[0]

    page.upload(("zero.png", png(drawing.render())))

    assert page.upload_answer().digits == str(drawing.label)
    expect(page.page.get_by_role("img", name="zero.png")).to_be_visible()


def test_a_truncated_picture_is_named_and_explained(page: DigitPage) -> None:
    whole = png(load_drawings()[0].render())

    page.upload(("my_*broken*_[1].png", whole[: len(whole) // 2]))

    message = page.page.get_by_role("alert")
    expect(message).to_contain_text("my_*broken*_[1].png cannot be read as a picture")


def test_a_broken_file_does_not_keep_others_from_their_answer(page: DigitPage) -> None:
    good = png(load_drawings()[0].render())

    page.upload(("notes.png", b"not a picture"), ("zero.png", good))

    assert page.upload_answer().digits == "0"
    expect(page.page.get_by_role("alert")).to_contain_text("notes.png")
