"""What is said of many readings."""

from dataclasses import replace

import numpy as np
import pytest

from tests.training.evaluation.scripted import READINGS
from training.evaluation.number_sheet import TILE_SIZE, caption, failures_sheet, worst_readings
from training.evaluation.number_summary import edit_distance, summarize_readings


@pytest.mark.parametrize(
    ("written", "read", "distance"),
    [
        ("12345", "12345", 0),
        ("12345", "12845", 1),
        ("12345", "2345", 1),
        ("12345", "112345", 1),
        ("12345", "", 5),
        ("10", "01", 2),
    ],
)
def test_edit_distance_counts_wrong_lost_and_invented_characters(
    written: str, read: str, distance: int
):
    assert edit_distance(written, read) == distance


def test_a_summary_says_how_many_are_right_and_how_many_are_sure():
    assert summarize_readings(READINGS) == {
        "count": 5,
        "exact_match": 0.2,
        "character_error_rate": pytest.approx((1 + 1 + 5 + 1) / 21),
        "sure": 0.4,
        "exact_match_of_sure": 0.5,
        "sure_and_wrong": 1,
        "nothing_read": 0.2,
        "several_found": 0.2,
    }


def test_without_a_sure_reading_there_is_no_share_of_them():
    assert summarize_readings(READINGS[2:])["exact_match_of_sure"] is None


def test_the_worst_readings_are_the_sure_and_then_the_confident_ones():
    measured = {"one": READINGS, "two": [replace(READINGS[2], name="f", confidence=0.8)]}
    names = [reading.name for _, reading in worst_readings(measured)]
    assert names[:3] == ["b", "f", "c"]
    assert set(names[3:]) == {"d", "e"}
    assert [r.name for _, r in worst_readings(measured, 1)] == ["b", "f"]


def test_a_caption_says_what_was_read_and_how_surely():
    assert [caption(reading) for reading in READINGS[1:]] == [
        "1235 for 12345, 98%, sure",
        "12845 for 12345, 60%",
        "several numbers for 12345",
        "nothing for 1",
    ]


def test_the_sheet_has_a_tile_for_each_failure():
    width, height = TILE_SIZE
    assert failures_sheet({"a": READINGS[:1]}).size == (5 * width, height)
    assert failures_sheet({"a": READINGS}).size == (5 * width, height)
    taller = failures_sheet({"a": READINGS, "b": READINGS})
    assert taller.size == (5 * width, 2 * height)
    red = np.asarray(taller)[:18]
    assert (red[:, :width] == (178, 34, 34)).all(axis=2).any()
    assert not (red[:, 2 * width :] == (178, 34, 34)).all(axis=2).any()
