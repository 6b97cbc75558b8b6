"""Characters on patches: where they lie on a sheet, and how far they stand out on its picture."""

from dataclasses import replace

import pytest
import torch

from training.synthesis.patches import Patches, contrast_of, ink_boxes, put

SIDE, MARGIN = 20, 20
SHEET = (40, 60)


def square(x: int, y: int, size: int = 6) -> Patches:
    """A square of ink whose upper left pixel is there on the only sheet."""
    drawn = torch.zeros(1, SIDE, SIDE)
    first = (SIDE - size) // 2
    drawn[0, first : first + size, first : first + size] = 0.8
    corner = torch.tensor([[x - first, y - first]])
    boxes, _ = ink_boxes(drawn, corner.float(), SHEET)
    return Patches(drawn, torch.tensor([0]), corner, boxes, torch.tensor([8]))


def sheet_with(*written: Patches) -> torch.Tensor:
    sheets = torch.zeros(1, SHEET[0] + 2 * MARGIN, SHEET[1] + 2 * MARGIN)
    for patches in written:
        put(sheets, patches, MARGIN)
    return sheets


def picture_of(sheets: torch.Tensor, paper: int = 200, ink: int = 50) -> torch.Tensor:
    inside = sheets[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return torch.where(inside > 0, ink, paper).byte()


def test_ink_lies_where_its_box_is():
    one = square(10, 12)
    rows, columns = sheet_with(one)[0, MARGIN:-MARGIN, MARGIN:-MARGIN].nonzero(as_tuple=True)
    assert (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) == (10, 12, 16, 18)
    assert one.boxes.tolist() == [[10, 12, 16, 18]]


def test_where_ink_meets_ink_the_darker_counts():
    dark = square(10, 12)
    faint = replace(dark, drawn=dark.drawn / 2)
    assert sheet_with(dark, faint).max() == sheet_with(faint, dark).max() == pytest.approx(0.8)


def test_of_a_character_at_the_edge_a_part_is_seen():
    drawn = square(10, 12).drawn
    boxes, shown = ink_boxes(drawn, torch.tensor([[-10.0, 5.0]]), SHEET)
    assert boxes.tolist() == [[0, 12, 3, 18]]
    assert shown.tolist() == [0.5]


@pytest.mark.parametrize(("paper", "ink"), [(200, 50), (50, 200), (120, 110)])
def test_contrast_is_how_far_ink_is_from_the_paper(paper: int, ink: int):
    one = square(10, 12)
    sheets = sheet_with(one)
    contrast, deviation = contrast_of(one, sheets, picture_of(sheets, paper, ink), MARGIN)
    assert contrast.tolist() == [abs(paper - ink)]
    assert deviation.tolist() == [0]


def test_the_deviation_is_that_of_the_paper_around():
    one = square(10, 12)
    sheets = sheet_with(one)
    picture = picture_of(sheets)
    picture[:, ::2][sheets[:, MARGIN:-MARGIN:2, MARGIN:-MARGIN] == 0] = 180
    picture[:, :, 30:] = 0  # too far away to matter
    _, deviation = contrast_of(one, sheets, picture, MARGIN)
    assert deviation.item() == pytest.approx(10, abs=0.5)


def test_the_ink_of_a_neighbour_is_no_paper():
    one, neighbour = square(10, 12), square(17, 12)
    sheets = sheet_with(one, neighbour)
    contrast, deviation = contrast_of(one, sheets, picture_of(sheets), MARGIN)
    assert contrast.tolist() == [150]
    assert deviation.tolist() == [0]


def test_what_lies_beyond_the_sheet_says_nothing():
    one = square(-3, 12)
    sheets = sheet_with(one)
    contrast, deviation = contrast_of(one, sheets, picture_of(sheets), MARGIN)
    assert contrast.tolist() == [150]
    assert deviation.tolist() == [0]
