"""From characters to numbers: which belong together, in what order, and what is left out."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.number.finder import Detection
from inference.number.lines import Line, find_lines, without_doubles
from inference.number.metadata import CHARACTERS
from tests.inference.number.found import HEIGHT, character, row


def lines_of(*found: list[Detection]) -> list[Line]:
    """The lines of characters in an order that says nothing about where they are."""
    return find_lines([one for part in reversed(found) for one in reversed(part)])


def texts_of(*found: list[Detection]) -> list[str]:
    return [line.text for line in lines_of(*found)]


# --- Found twice ---------------------------------------------------------------------------------


def test_a_character_found_in_a_narrow_and_in_a_wide_box_is_found_once():
    wide, narrow = character("1", 0, width=60), character("1", 20, width=20)
    assert without_doubles([wide, narrow]) == [wide]
    assert without_doubles([narrow, wide]) == [narrow]


@pytest.mark.parametrize(("left", "count"), [(43.9, 1), (44.1, 2)])
def test_a_double_lies_within_the_other_by_four_fifths_of_the_smaller_one(left: float, count: int):
    found = [character("1", 0, width=60), character("1", left, width=20)]
    assert len(without_doubles(found)) == count


@pytest.mark.parametrize(("y", "count"), [(29.9, 1), (30.1, 2)])
def test_a_double_reaches_beyond_the_other_by_a_fifth_at_most(y: float, count: int):
    found = [character("1", 0, width=60), character("1", 20, y, width=20, height=2 / 3 * HEIGHT)]
    assert len(without_doubles(found)) == count


@pytest.mark.parametrize(("height", "count"), [(0.41, 1), (0.39, 2)])
def test_a_double_is_about_as_high_as_the_other(height: float, count: int):
    """A small 1 at the end of a large one is another character, whichever is likelier."""
    large, small = character("1", 0), character("1", 20, width=20, height=height * HEIGHT)
    assert len(without_doubles([large, small])) == count
    assert len(without_doubles([small, large])) == count


@pytest.mark.parametrize(("x", "y"), [(300, 0), (0, 300), (300, 300)])
def test_what_does_not_overlap_is_no_double(x: float, y: float):
    assert len(without_doubles([character("1", 0), character("1", x, y)])) == 2


def test_a_box_without_area_is_no_double():
    assert len(without_doubles([character("1", 0), character("1", 30, width=0)])) == 2


def test_slanted_neighbours_whose_boxes_overlap_are_no_doubles():
    found = [character("1", 0), character("1", 15), character("1", 30)]
    assert without_doubles(found) == found


def test_another_character_within_a_box_is_no_double():
    found = [character("7", 0), character("1", 20, width=20)]
    assert without_doubles(found) == found


def test_what_is_a_double_of_a_double_is_judged_by_what_stays():
    # The middle one goes, so that it takes nothing else away.
    found = [character("1", 0, width=40), character("1", 6, width=40), character("1", 12, width=40)]
    assert without_doubles(found) == [found[0], found[2]]


# --- Rows ----------------------------------------------------------------------------------------


def test_nothing_found_is_no_line():
    assert find_lines([]) == []


def test_a_single_digit_is_a_number():
    assert texts_of(row("7")) == ["7"]


def test_digits_beside_each_other_are_a_number_from_left_to_right():
    (line,) = lines_of(row("10482"))
    assert line.text == "10482"
    assert [one.x for one in line.characters] == sorted(one.x for one in line.characters)
    assert not line.rejected


def test_digits_of_two_rows_never_mix():
    # From left to right, the digits of the two take turns.
    assert texts_of(row("1234"), row("5678", left=45, y=130)) == ["1234", "5678"]


@pytest.mark.parametrize("slope", [-0.5, -0.25, 0.25, 0.5])
def test_a_row_may_go_up_or_down(slope: float):
    found = row("123456", slope=slope)
    assert min(found[0].bottom, found[-1].bottom) < max(found[0].top, found[-1].top)
    assert texts_of(found) == ["123456"]


def test_sloping_rows_close_to_each_other_do_not_mix():
    # Its left neighbour of the same row is as near as that of the other row, or farther.
    assert texts_of(row("1234", slope=0.5), row("5678", left=30, y=HEIGHT, slope=0.5)) == [
        "1234",
        "5678",
    ]


@pytest.mark.parametrize(("lower", "numbers"), [(55, ["12"]), (65, ["1", "2"])])
def test_digits_of_a_row_face_each_other(lower: float, numbers: list[str]):
    assert texts_of(row("1"), [character("2", 90, lower)]) == numbers


def test_a_digit_in_reach_of_two_rows_joins_the_one_at_its_height():
    upper, lower = row("12"), row("34", y=110)
    for y, numbers in ((50, ["125", "34"]), (60, ["12", "345"])):
        assert texts_of(upper, lower, [character("5", 180, y)]) == numbers


def test_a_digit_between_the_heights_of_two_rows_joins_the_one_that_it_is_nearer_to():
    upper, lower = row("12"), row("3456789", y=110)
    assert texts_of(upper, lower, [character("0", 630, 54)]) == ["12", "34567890"]


@pytest.mark.parametrize(("height", "numbers"), [(60, ["1234"]), (35, ["123", "4"])])
def test_digits_of_a_row_are_of_similar_height(height: float, numbers: list[str]):
    assert texts_of(row("123"), [character("4", 280, height=height)]) == numbers


def test_a_digit_much_lower_than_most_is_rejected():
    low = character("4", 280, height=42)
    (line,) = lines_of(row("123"), [low])
    assert line.text == "123"
    assert line.rejected == (low,)


def test_a_digit_half_as_high_as_the_others_stays():
    (line,) = lines_of(row("123"), [character("4", 280, height=50)])
    assert line.text == "1234"


def test_a_single_high_digit_does_not_make_the_others_low():
    (line,) = lines_of(row("123"), [character("4", 280, height=240)])
    assert line.text == "1234"
    assert not line.rejected


def test_what_is_rejected_in_a_parted_row_is_rejected_once():
    low = character("9", 630, height=42)
    lines = lines_of(row("12"), row("34", left=450), [low])
    assert [line.text for line in lines] == ["12", "34"]
    assert [one for line in lines for one in line.rejected] == [low]


# --- Limits, at each and beyond ------------------------------------------------------------------


@pytest.mark.parametrize(("lower", "numbers"), [(60, ["12"]), (60.5, ["1", "2"])])
def test_digits_of_a_row_face_each_other_by_two_fifths(lower: float, numbers: list[str]):
    assert texts_of(row("1"), [character("2", 90, lower)]) == numbers
    assert texts_of(row("1"), [character("2", 90, -lower)]) == numbers[:: 1 if lower == 60 else -1]


@pytest.mark.parametrize(("height", "numbers"), [(40, ["123"]), (39.5, ["123", "4"])])
def test_digits_of_a_row_are_at_least_two_fifths_as_high_as_their_neighbours(
    height: float, numbers: list[str]
):
    assert texts_of(row("123"), [character("4", 280, height=height)]) == numbers


@pytest.mark.parametrize(("height", "rejected"), [(45, 0), (44.5, 1)])
def test_a_digit_lower_than_45_hundredths_of_the_median_is_rejected(height: float, rejected: int):
    (line,) = lines_of(row("123"), [character("4", 280, height=height)])
    assert len(line.rejected) == rejected


@pytest.mark.parametrize(("left", "rejected"), [(24, 1), (24.5, 0)])
def test_digits_that_cover_each_other_by_three_fifths_are_doubles(left: float, rejected: int):
    (line,) = lines_of(row("1"), [character("2", left)])
    assert len(line.rejected) == rejected


@pytest.mark.parametrize(
    ("gaps", "numbers"),
    [
        ([5, 200, 5], ["12", "34"]),
        ([5, 199, 5], ["1234"]),
        ([75, 225, 75], ["12", "34"]),
        ([75, 224, 75], ["1234"]),
        ([10, 210, 90], ["12", "34"]),  # Of two others, the narrower one is usual.
    ],
)
def test_a_gap_parts_numbers_from_two_heights_and_three_times_the_usual_one_on(
    gaps: list[float], numbers: list[str]
):
    assert texts_of(row("1234", gaps=gaps)) == numbers


@pytest.mark.parametrize(("y", "order"), [(-14.5, ["1", "2"]), (-15, ["2", "1"])])
def test_lines_within_half_a_height_are_read_from_left_to_right(y: float, order: list[str]):
    # Of heights so different, they are two numbers.
    assert texts_of(row("1"), [character("2", 90, y, height=30)]) == order


# --- Doubles -------------------------------------------------------------------------------------


@pytest.mark.parametrize("shift", [-12, 12])
def test_of_two_digits_at_one_place_the_likelier_stays(shift: float):
    likelier = character("7", 90, probability=0.9)
    other = character("1", 90 + shift, probability=0.6)
    (line,) = lines_of(row("2"), [likelier, other], row("5", left=180))
    assert line.text == "275"
    assert line.rejected == (other,)


def test_of_three_digits_at_one_place_the_likeliest_stays():
    places = [
        character(digit, 90 + 5 * i, probability=p)
        for i, (digit, p) in enumerate([("1", 0.6), ("7", 0.9), ("4", 0.7)])
    ]
    (line,) = lines_of(row("2"), places, row("5", left=190))
    assert line.text == "275"
    assert set(line.rejected) == {places[0], places[2]}


def test_a_narrow_digit_on_a_wide_one_is_a_double():
    narrow = character("1", 110, width=15, probability=0.6)
    (line,) = lines_of(row("20"), [narrow])
    assert line.text == "20"
    assert line.rejected == (narrow,)


def test_digits_that_touch_or_overlap_a_little_both_stay():
    assert texts_of(row("1234", gaps=[0, -15, -30])) == ["1234"]


# --- Gaps ----------------------------------------------------------------------------------------


def test_a_gap_that_clearly_differs_parts_numbers():
    assert texts_of(row("1234", gaps=[30, 230, 30])) == ["12", "34"]


def test_several_gaps_may_part_a_row():
    assert texts_of(row("123456", gaps=[20, 250, 30, 250, 20])) == ["12", "34", "56"]


def test_numbers_of_one_digit_are_parted_like_others():
    assert texts_of(row("1234", gaps=[30, 300, 300])) == ["12", "3", "4"]


@pytest.mark.parametrize("gap", [5, 90, 300])
def test_digits_evenly_apart_are_one_number_however_far(gap: float):
    assert texts_of(row("1234", gaps=gap)) == ["1234"]


def test_two_digits_alone_are_one_number():
    assert texts_of(row("12", gaps=400)) == ["12"]


def test_a_gap_of_less_than_two_heights_parts_nothing():
    assert texts_of(row("1234", gaps=[5, 180, 5])) == ["1234"]


@pytest.mark.parametrize(("usual", "numbers"), [(70, ["12", "34"]), (85, ["1234"])])
def test_a_gap_parts_numbers_if_it_is_thrice_as_wide_as_the_others(
    usual: float, numbers: list[str]
):
    assert texts_of(row("1234", gaps=[usual, 230, usual])) == numbers


def test_gaps_are_measured_by_the_height_of_the_digits():
    found = row("1234", gaps=[30, 230, 30])
    tall = [character(one.character, one.left, height=150) for one in found]
    assert texts_of(tall) == ["1234"]


def test_a_number_knows_how_far_the_next_one_in_its_row_is():
    lines = lines_of(row("123456", gaps=[20, 250, 30, 350, 20]))
    assert [line.parting_gap for line in lines] == pytest.approx([2.5, 2.5, 3.5])
    (alone,) = lines_of(row("123"))
    assert alone.parting_gap == math.inf


# --- Separators ----------------------------------------------------------------------------------


def separator(name: str, x: float, y: float = 0.0, probability: float = 0.95) -> Detection:
    """A separator, its middle at x."""
    return character(name, x - 8, y, width=16, height=16, probability=probability)


@pytest.mark.parametrize("name", [".", ",", "-", "/", ":", "="])
def test_a_separator_between_digits_is_a_part_of_the_number(name: str):
    (line,) = lines_of(row("1234"), [separator(name, 165)])
    assert line.text == f"12{name}34"
    assert [one.character for one in line.digits] == list("1234")


def test_every_gap_may_hold_a_separator():
    found = [separator("/", 165), separator("-", 345), separator(".", 75)]
    assert texts_of(row("123456"), found) == ["1.2/34-56"]


@pytest.mark.parametrize("likeliest", [",", "-"])
def test_of_several_separators_in_one_gap_the_likeliest_counts(likeliest: str):
    found = [
        separator(name, 165 + shift, probability=0.9 if name == likeliest else 0.5)
        for shift, name in zip((-5, 0, 5), (",", ".", "-"), strict=True)
    ]
    assert texts_of(row("1234"), found) == [f"12{likeliest}34"]


def test_a_separator_after_the_last_digit_is_rejected():
    assert texts_of(row("12"), [separator(".", 170, 40), separator("-", 190)]) == ["12"]


@pytest.mark.parametrize("name", [".", ",", "/", ":", "="])
def test_a_separator_before_the_first_digit_is_rejected(name: str):
    assert texts_of(row("12"), [separator(name, -20)]) == ["12"]


def test_a_minus_before_the_number_is_a_part_of_it():
    (line,) = lines_of(row("12"), [separator("-", -30)])
    assert line.text == "-12"
    assert [one.character for one in line.digits] == ["1", "2"]


@pytest.mark.parametrize(("x", "text"), [(-118, "-12"), (-138, "12")])
def test_a_minus_stands_near_its_number(x: float, text: str):
    assert texts_of(row("12"), [separator("-", x)]) == [text]


@pytest.mark.parametrize(("x", "text"), [(-127.5, "-12"), (-128, "12")])
def test_a_minus_is_less_than_six_fifths_of_a_height_from_its_number(x: float, text: str):
    assert texts_of(row("12"), [separator("-", x)]) == [text]


@pytest.mark.parametrize(
    ("y", "text"), [(99.5, "12,34"), (100, "1234"), (-74.5, "12,34"), (-75, "1234")]
)
def test_a_separator_is_up_to_half_a_height_below_and_a_quarter_above(y: float, text: str):
    assert texts_of(row("1234"), [separator(",", 165, y)]) == [text]


@pytest.mark.parametrize(("x", "text"), [(30, "12"), (30.5, "1.2"), (119.5, "1.2"), (120, "12")])
def test_a_separator_stands_between_the_middles_of_digits(x: float, text: str):
    assert texts_of(row("12"), [separator(".", x)]) == [text]


@pytest.mark.parametrize(("x", "text"), [(29.5, "-12"), (30, "12")])
def test_a_minus_stands_before_the_middle_of_the_first_digit(x: float, text: str):
    assert texts_of(row("12"), [separator("-", x)]) == [text]


def test_of_two_minuses_the_nearer_one_counts():
    near, far = separator("-", -30, probability=0.6), separator("-", -80, probability=0.9)
    (line,) = lines_of(row("12"), [near, far])
    assert line.characters[0] is near
    assert line.text == "-12"


def test_a_minus_before_the_second_number_of_a_row_is_its_sign():
    found = row("1234", gaps=[30, 300, 30])
    assert texts_of(found, [separator("-", found[2].left - 40)]) == ["12", "-34"]


def test_the_separators_of_a_number_do_not_reach_into_the_next():
    found = row("123456", gaps=[30, 30, 300, 30, 30])
    points = [separator(".", found[1].right + 15, 40), separator(",", found[4].right + 15, 40)]
    assert texts_of(found, points) == ["12.3", "45,6"]


@pytest.mark.parametrize(("y", "text"), [(90, "12,34"), (110, "1234")])
def test_a_comma_may_hang_below_the_digits_but_not_far(y: float, text: str):
    assert texts_of(row("1234"), [separator(",", 165, y)]) == [text]


@pytest.mark.parametrize(("y", "text"), [(-65, "12.34"), (-85, "1234")])
def test_a_point_may_be_above_the_digits_but_not_far(y: float, text: str):
    assert texts_of(row("1234"), [separator(".", 165, y)]) == [text]


def test_a_separator_of_a_sloping_row_stands_at_the_height_of_its_neighbours():
    found = row("123456", slope=0.5)
    low = found[4].bottom - 10
    assert texts_of(found, [separator(".", found[4].right + 15, low)]) == ["12345.6"]
    assert texts_of(found, [separator(".", found[0].right + 15, low)]) == ["123456"]


def test_a_separator_between_close_rows_belongs_to_the_nearer_one():
    found = [row("1234"), row("5678", y=115)]
    assert texts_of(*found, [separator(".", 165, 48)]) == ["12.34", "5678"]
    assert texts_of(*found, [separator("-", 165, 66)]) == ["1234", "56-78"]


def test_separators_alone_are_no_number():
    assert find_lines([separator("-", 0), separator(".", 50)]) == []


def test_a_separator_does_not_change_how_a_row_is_parted():
    found = row("1234", gaps=[30, 300, 30])
    assert texts_of(found, [separator("/", found[1].right + 150)]) == ["12", "34"]


# --- Order ---------------------------------------------------------------------------------------


def test_lines_are_in_reading_order_from_top_to_bottom():
    assert texts_of(row("56", y=400), row("12"), row("34", left=20, y=200)) == ["12", "34", "56"]


@pytest.mark.parametrize("lower", [-40, 40])
def test_of_columns_what_stands_beside_each_other_is_read_from_left_to_right(lower: float):
    """Rows need not be exact: their right column stands a little higher or lower."""
    left = [row("12"), row("56", y=200)]
    right = [row("34", left=600, y=lower), row("78", left=600, y=200 + lower)]
    assert texts_of(*left, *right) == ["12", "34", "56", "78"]


def test_what_stands_clearly_lower_is_read_later_even_if_it_is_further_left():
    assert texts_of(row("34", y=70), row("12", left=600)) == ["12", "34"]


def test_something_high_beside_two_rows_does_not_join_them():
    high = character("8", 800, 100, height=350)
    found = [row("12", left=30), row("34", y=200), [high]]
    assert [text for text in texts_of(*found) if text != "8"] == ["12", "34"]


# --- Whatever is found ---------------------------------------------------------------------------

CHARACTER = st.builds(
    character,
    st.sampled_from(CHARACTERS),
    left=st.floats(0, 600),
    y=st.floats(0, 400),
    width=st.floats(4, 90),
    height=st.floats(6, 120),
    probability=st.floats(0.4, 1),
)


@given(st.lists(CHARACTER, max_size=24))
def test_every_digit_is_in_one_number_or_rejected_once(found: list[Detection]):
    lines = find_lines(found)
    places = Counter(id(one) for line in lines for one in (*line.digits, *line.rejected))
    assert places == Counter(id(one) for one in found if one.is_digit)


@given(st.lists(CHARACTER, max_size=24))
def test_every_number_goes_from_left_to_right_and_ends_in_a_digit(found: list[Detection]):
    for line in find_lines(found):
        middles = [one.x for one in line.characters]
        assert middles == sorted(middles)
        assert line.characters[-1].is_digit
        assert line.characters[0].is_digit or line.characters[0].character == "-"
        for previous, following in zip(line.characters, line.characters[1:], strict=False):
            assert previous.is_digit or following.is_digit
