"""What is written."""

import pytest

from tests.training.synthesis.composed import seeded
from training.synthesis.texts import CHARACTERS, DIGITS, write_text


@pytest.fixture(scope="module")
def texts() -> list[str]:
    random = seeded()
    return [write_text(random) for _ in range(5_000)]


def test_texts_hold_known_characters_only_and_at_least_one_digit(texts: list[str]):
    assert set("".join(texts)) <= set(CHARACTERS)
    assert all(any(character in DIGITS for character in text) for text in texts)


@pytest.mark.parametrize("character", CHARACTERS)
def test_every_character_occurs_in_texts(character: str, texts: list[str]):
    assert sum(character in text for text in texts) >= 25
