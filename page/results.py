"""The results of several pictures, as a table and as CSV."""

import html
import io
from collections.abc import Sequence

from inference.command_line.rows import comma_separated
from page.pictures import data_url, png
from page.reading import Failure, Reading
from page.words import describe_number, number_text

THUMBNAIL_SIDE_PX = 160


def results_html(results: Sequence[Reading | Failure]) -> str:
    """Write the table of results."""
    return (
        '<table class="results"><thead><tr><th></th><th>File</th><th>Number</th></tr></thead>'
        f"<tbody>{''.join(map(result_html, results))}</tbody></table>"
    )


def result_html(result: Reading | Failure) -> str:
    """Write a picture's rows of the table, one for each number."""
    name = html.escape(result.name)
    if isinstance(result, Failure):
        reason = html.escape(result.reason)
        return (
            f'<tr><td>⚠</td><td class="name">{name}</td>'
            f'<td><span class="note" role="alert">{reason[0].upper()}{reason[1:]}</span></td></tr>'
        )
    thumbnail = result.picture.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE_PX, THUMBNAIL_SIDE_PX))
    rows = "</tr><tr>".join(
        f'<td><span class="number">{number_text(number)}</span>'
        f'<span class="note">{describe_number(number)}</span></td>'
        for number in result.numbers
    )
    span = f'rowspan="{len(result.numbers)}"'
    return (
        f'<tr><td {span}><img src="{data_url(png(thumbnail), "image/png")}" alt="{name}"></td>'
        f'<td {span} class="name">{name}</td>{rows}</tr>'
    )


def results_csv(results: Sequence[Reading | Failure]) -> bytes:
    """Write the results as the command line does, in a file that spreadsheets open as UTF-8."""
    text = io.StringIO(newline="")
    write = comma_separated(text, of_numbers=True)
    for result in results:
        for row in [result.reason] if isinstance(result, Failure) else result.numbers:
            write(result.name, row)
    return text.getvalue().encode("utf-8-sig")
