"""Names of files are written by anybody; rows must not become more than rows."""

import csv
import io
import json

import numpy as np
import pytest

from inference import Prediction
from inference.command_line.rows import comma_separated, json_lines, printable, table

SEVEN = Prediction(7, 0.9, (*[0.01] * 7, 0.9, 0.01, 0.02), True, np.zeros((28, 28), np.float32))


def first_cell(name: str) -> str:
    file = io.StringIO(newline="")
    comma_separated(file, of_numbers=False)(name, SEVEN)
    rows = list(csv.reader(io.StringIO(file.getvalue(), newline="")))
    assert len(rows) == 2
    assert len(rows[0]) == len(rows[1])
    return rows[1][0]


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@sum", "\tcell", "\rcell"])
def test_a_spreadsheet_computes_no_name(name: str):
    assert first_cell(name) == f"'{name}"


@pytest.mark.parametrize("name", ["a,b", 'a"b', "a\nb", "a\rb", "a\r\nb", "plain.png"])
def test_a_name_stays_one_cell_of_csv(name: str):
    assert first_cell(name) == name


def test_a_name_cannot_command_a_terminal():
    file = io.StringIO()
    table(file, of_numbers=False)("\x1b[2J\n\x9bname.png", SEVEN)
    assert file.getvalue().splitlines()[1].endswith("\\x1b[2J\\x0a\\x9bname.png")


def test_letters_of_any_language_are_printed_as_they_are():
    assert printable("sieben 7é 七.png") == "sieben 7é 七.png"


def test_json_is_unicode_for_a_name_that_is_not():
    file = io.StringIO()
    json_lines(file, of_numbers=False)("a\udcff.png", SEVEN)
    name = json.loads(file.getvalue())["image"]
    assert name.encode() == b"a\\xff.png"
