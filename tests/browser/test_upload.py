"""Uploading picture files."""

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.browser.digit_page import DigitPage
from tests.drawings import load_drawings, render_number

pytestmark = pytest.mark.browser

DRAWINGS = {str(drawing): drawing for drawing in load_drawings()}


@pytest.fixture
def page(open_page: Callable[..., DigitPage]) -> DigitPage:
    return open_page()


def png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def pdf(*pages: Image.Image) -> bytes:
    file = io.BytesIO()
    pages[0].save(file, "PDF", save_all=True, append_images=pages[1:])
    return file.getvalue()


ZERO = ("zero.png", png(DRAWINGS["0 oval"].render()))
SIXTY_TWO = render_number([DRAWINGS["6 tall"], DRAWINGS["2 flat base"]])
NUMBER = ("number.png", png(SIXTY_TWO))
BROKEN = ("my_*broken*_[1].png", ZERO[1][: len(ZERO[1]) // 2])
TWO_LINES = Image.new("L", (600, 400), 255)
TWO_LINES.paste(SIXTY_TWO, (0, 0))
TWO_LINES.paste(render_number([DRAWINGS["7 crossed"], DRAWINGS["0 oval"]]), (0, 200))
LINES = ("lines.png", png(TWO_LINES))
SEVEN_HEIC = Path(__file__).parents[1].joinpath("inference", "image", "seven.heic").read_bytes()
BLANK = ("paper.png", png(Image.new("L", (100, 100), 255)))


def test_an_uploaded_picture_is_recognized(page: DigitPage) -> None:
    page.upload(ZERO)

    assert page.upload_answer().digits == "0"
    expect(page.page.get_by_role("img", name="zero.png")).to_have_count(1)  # It is shown once.
    expect(page.frames("sure")).to_have_text("0")


def test_a_number_is_read_on_a_picture(page: DigitPage) -> None:
    page.upload(NUMBER)

    assert page.upload_answer().digits == "62"
    assert page.frames().all_inner_texts() == ["6", "2"]


def test_many_pictures_are_answered_in_a_table(page: DigitPage) -> None:
    page.upload(ZERO, BROKEN, NUMBER, BLANK)

    rows = page.page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(5)
    expect(rows.nth(1)).to_contain_text("zero.png")
    expect(rows.nth(1).locator(".number")).to_have_text("0")
    expect(rows.nth(1).get_by_role("img", name="zero.png")).to_be_visible()
    expect(rows.nth(3).locator(".number")).to_have_text("62")
    expect(rows.nth(2)).to_contain_text("my_*broken*_[1].png")
    expect(rows.nth(2).get_by_role("alert")).to_contain_text("cannot be read")
    expect(rows.nth(4).get_by_role("alert")).to_contain_text("No number is found on it")


def test_a_picture_of_an_iphone_and_the_pages_of_a_scan_are_read(page: DigitPage) -> None:
    scan = pdf(DRAWINGS["3 round"].render(), DRAWINGS["0 oval"].render())
    page.upload(("seven.heic", SEVEN_HEIC), ("scan.pdf", scan))

    rows = page.page.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(4)
    expect(rows.locator(".number")).to_have_text(["7", "3", "0"])
    assert [row.split()[0] for row in rows.all_inner_texts()[1:]] == [
        "seven.heic",
        "scan.pdf#1",
        "scan.pdf#2",
    ]


def test_every_number_of_a_picture_has_its_row(page: DigitPage) -> None:
    page.upload(LINES, BLANK)

    assert page.upload_answer().digits.replace("?", "") == "62 70"
    numbers = page.page.get_by_role("table").locator(".number")
    expect(numbers).to_have_text([re.compile(r"^62\??$"), re.compile(r"^70\??$")])
    expect(page.page.get_by_role("table").get_by_role("img", name="lines.png")).to_have_count(1)
    # What was left out has a frame of its own.
    expect(page.frames().filter(has_not_text="✕")).to_have_text(list("6270"))


def test_a_picture_of_several_is_chosen_to_look_closer(page: DigitPage) -> None:
    page.upload(ZERO, NUMBER)
    assert page.upload_answer().digits == "0"

    page.page.get_by_role("combobox", name="Look closer at").click()
    page.page.get_by_role("option", name="number.png").click()

    expect(page.frames()).to_have_count(2)
    assert page.upload_answer().digits == "62"


def test_a_picture_is_still_answered_after_a_look_at_another_tab(page: DigitPage) -> None:
    page.upload(ZERO)
    page.upload_answer()
    answer = page.page.locator(".answer")
    expect(answer).to_have_count(1)

    page.page.get_by_role("tab", name="Draw").click()
    expect(page.hint).to_be_visible()
    page.page.get_by_role("tab", name="Upload").click()

    expect(page.page.get_by_role("img", name="zero.png")).to_be_visible()
    expect(answer).to_have_count(1)
    expect(page.frames("sure")).to_have_text("0")


def test_the_results_are_downloaded_as_csv(page: DigitPage) -> None:
    page.upload(ZERO, BROKEN, LINES)
    page.upload_answer()

    name, content = page.download("Download as CSV")

    assert name == "numbers.csv"
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [(row["image"], row["text"]) for row in rows] == [
        ("zero.png", "0"),
        ("my_*broken*_[1].png", ""),
        ("lines.png", "62"),
        ("lines.png", "70"),
    ]
    assert rows[1]["error"].startswith("the file 'my_*broken*_[1].png' cannot be read")
    assert 0 < float(rows[2]["confidence"]) <= 1
    assert int(rows[2]["top"]) + int(rows[2]["height"]) <= 200 <= int(rows[3]["top"])


def test_a_table_of_results_fits_a_phone(open_page: Callable[..., DigitPage]) -> None:
    page = open_page(viewport={"width": 320, "height": 640}, is_mobile=True, has_touch=True)

    page.upload(("a_very_long_name_that_has_no_space_to_wrap_at.png", ZERO[1]), BROKEN)
    page.upload_answer()

    fits = "element => element.scrollWidth <= element.clientWidth"
    assert page.page.locator("[data-testid=stMain]").evaluate(fits)


def test_a_file_that_is_no_picture_is_refused_by_the_module(page: DigitPage) -> None:
    page.upload(("notes.txt", b"twelve"))

    alert = page.page.get_by_role("table").get_by_role("alert")
    expect(alert).to_contain_text("The file 'notes.txt' is not an image file")
    expect(page.page.get_by_role("button", name="Download as CSV")).to_have_count(0)


def test_all_files_are_removed_at_once(page: DigitPage) -> None:
    page.upload(ZERO, NUMBER, BROKEN)
    page.upload_answer()

    page.page.get_by_role("button", name="Remove all").click()

    expect(page.page.get_by_role("table")).to_have_count(0)
    expect(page.page.get_by_text("zero.png")).to_have_count(0)


def test_a_file_that_is_too_large_is_refused_with_the_limit(
    page: DigitPage, tmp_path: Path
) -> None:
    large = tmp_path / "large.png"
    large.write_bytes(bytes(21_000_000))
    page.page.get_by_role("tab", name="Upload").click()

    page.page.locator("input[type=file]").set_input_files(large)

    expect(page.page.get_by_text("File must be 20.0MB or smaller")).to_be_visible()
