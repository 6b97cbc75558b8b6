"""The results of several pictures, as a table and as CSV."""

import html
import io
from collections.abc import Sequence

from inference import DetectedDigit, Number
from inference.command_line.rows import NUMBER_COLUMNS, csv_cells, csv_rows
from page.frames import mark_kind
from page.pictures import data_url, thumbnail
from page.reading import Failure, Reading
from page.words import describe_number, file_name_html, number_cells, sentence


def results_html(results: Sequence[Reading | Failure]) -> str:
    """Write the table of results."""
    return (
        '<table class="results"><thead><tr><th>Picture</th><th>Number</th></tr></thead>'
        f"<tbody>{''.join(map(result_html, results))}</tbody></table>"
    )


def result_html(result: Reading | Failure) -> str:
    """Write a picture's rows of the table, one for each number."""
    name = f'<span class="name">{file_name_html(result.name)}</span>'
    if isinstance(result, Failure):
        reason = html.escape(sentence(result.reason))
        return (
            f'<tr><td><div class="file"><i>⚠</i>{name}</div></td>'
            f'<td><span class="note" role="alert">{reason}</span></td></tr>'
        )
    url = data_url(thumbnail(result.picture), "image/png")
    rows = "</tr><tr>".join(number_html(number, result) for number in result.numbers)
    return (
        f'<tr><td rowspan="{len(result.numbers)}"><div class="file">'
        f'<img src="{url}" alt="{html.escape(result.name)}">{name}</div></td>{rows}</tr>'
    )


def number_html(number: Number, reading: Reading) -> str:
    """Write a number's cell."""
    text = "".join(character_html(*cell, reading) for cell in number_cells(number)) or "–"
    note = describe_number(number, is_corrected=number in reading.corrected)
    return f'<td><span class="number">{text}</span><span class="note">{note}</span></td>'


def character_html(character: str, digit: DetectedDigit | None, reading: Reading) -> str:
    """Write a character of a number, marked as its frame is."""
    kind = mark_kind(digit, reading) if digit else "sure"
    if kind == "sure":
        return html.escape(character)
    return f'<b class="{kind}">{character}{"?" * (kind == "unsure")}</b>'


def results_csv(results: Sequence[Reading | Failure]) -> bytes:
    """Write the results in a file that spreadsheets open as UTF-8.

    The columns are the command line's, and `corrected`: whether a visitor has corrected the number.
    Such a number has no confidence.
    """
    text = io.StringIO(newline="")
    write = csv_rows(text, [*NUMBER_COLUMNS, "corrected"])
    for result in results:
        for row in [result.reason] if isinstance(result, Failure) else result.numbers:
            cells = csv_cells(result.name, row)
            is_corrected = isinstance(result, Reading) and row in result.corrected
            if is_corrected:
                cells["confidence"] = ""
            write(cells | {"corrected": is_corrected})
    return text.getvalue().encode("utf-8-sig")
