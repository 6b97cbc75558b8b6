"""The frames around what was found."""

from collections.abc import Callable

from PIL import Image

from tests.page.opened import answers, as_text, html_elements, mark, number, open_page


def test_the_frames_lie_where_the_digits_are(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(number(mark({3: 0.99}, is_digit=True)))
    draw(Image.new("L", (400, 200), 255))

    frame = next(body for body in html_elements(open_page()) if 'class="mark sure"' in body)

    assert "left: 25.00%; top: 50.00%; width: 10.00%; height: 40.00%" in frame


def test_an_unsure_digit_of_a_number_is_marked_by_a_sign_at_the_number_and_on_the_paper(
    draw: Callable[..., None], predict: Callable[..., None]
) -> None:
    predict(
        number(mark({2: 0.99}, is_digit=True), mark({1: 0.5, 7: 0.4}, is_digit=False, left=200))
    )
    draw()

    page = open_page()

    assert answers(page) == ["2 | 99% | 1? | 50% | Not sure: 50% confident in the whole number"]
    assert [as_text(body) for body in html_elements(page) if 'class="marks"' in body][-1].endswith(
        "2 | 1?"
    )
