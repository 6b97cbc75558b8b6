"""The number finder's network, what it is taught, and how far off it is."""

from dataclasses import fields

import pytest
import torch

from training.model import parameter_count
from training.number_loss import Targets, make_targets, number_loss
from training.number_network import (
    OUTPUT_CHANNELS,
    STRIDE_PX,
    LocalContrast,
    NumberNetwork,
    boxes_of,
    cell_middles,
    edges_of,
    peaks,
)
from training.synthesis.composer import Pictures
from training.synthesis.layout import IGNORED
from training.synthesis.texts import CHARACTERS

HEIGHT, WIDTH = 64, 96
ROWS, COLUMNS = HEIGHT // STRIDE_PX, WIDTH // STRIDE_PX
SURE = 20.0  # a logit

BOXES = {
    "7": (4.0, 10.0, 22.0, 42.0),
    "1": (30.0, 8.0, 36.0, 44.0),
    ",": (40.0, 36.0, 45.0, 46.0),
    "0": (60.0, 12.0, 88.0, 52.0),
}
"""Of what is written on the picture that most tests are about."""


def pictures_of(*written: tuple[int, int, tuple[float, ...]], batch: int = 1) -> Pictures:
    """Pictures with characters on them: the picture, the kind and the box of each."""
    return Pictures(
        luminance=torch.full((batch, HEIGHT, WIDTH), 255, dtype=torch.uint8),
        picture=torch.tensor([picture for picture, _, _ in written], dtype=torch.int64),
        boxes=torch.tensor([box for _, _, box in written]).reshape(-1, 4),
        kinds=torch.tensor([kind for _, kind, _ in written], dtype=torch.int64),
    )


def targets_of(*written: tuple[int, int, tuple[float, ...]], batch: int = 1) -> Targets:
    return make_targets(pictures_of(*written, batch=batch))


@pytest.fixture
def targets() -> Targets:
    return targets_of(*((0, CHARACTERS.index(name), box) for name, box in BOXES.items()))


def perfect(targets: Targets) -> torch.Tensor:
    """What the network would have to say."""
    middle = torch.where(targets.is_middle, SURE, -SURE).unsqueeze(1)
    kinds = torch.nn.functional.one_hot(targets.kind, len(CHARACTERS)).permute(0, 3, 1, 2) * SURE
    return torch.cat([middle, kinds, targets.edges.permute(0, 3, 1, 2)], dim=1)


def cell_of(name: str) -> tuple[int, int]:
    """Row and column of the middle of what is written."""
    left, top, right, bottom = BOXES[name]
    return int((top + bottom) / 2 // STRIDE_PX), int((left + right) / 2 // STRIDE_PX)


# --- The network ----------------------------------------------------------------------------------


def test_the_network_says_something_of_every_cell():
    network = NumberNetwork(8).eval()
    with torch.no_grad():
        outputs = network(torch.rand(2, HEIGHT, WIDTH) * 255)
    assert outputs.shape == (2, 1 + len(CHARACTERS) + 4, ROWS, COLUMNS)


def test_an_untrained_network_finds_little():
    torch.manual_seed(0)
    network = NumberNetwork(8).eval()
    with torch.no_grad():
        middles = network(torch.rand(2, HEIGHT, WIDTH) * 255)[:, 0].sigmoid()
    assert middles.max() < 0.1


def test_the_usual_network_is_small():
    assert parameter_count(NumberNetwork()) <= 600_000


def test_a_few_steps_teach_a_picture():
    torch.manual_seed(0)
    network = NumberNetwork(8)
    luminance = torch.full((1, HEIGHT, WIDTH), 255.0)
    written = ("7", "0")
    for name in written:
        left, top, right, bottom = (int(edge) for edge in BOXES[name])
        luminance[:, top:bottom, left:right] = 60.0 if name == "7" else 0.0
        luminance[:, top + 6 : bottom - 6, left + 6 : right - 6] = 255.0
    targets = targets_of(*((0, CHARACTERS.index(name), BOXES[name]) for name in written))
    optimizer = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses: list[list[float]] = []
    for _ in range(40):
        parts = number_loss(network(luminance), targets)
        optimizer.zero_grad()
        sum(parts[1:], parts[0]).backward()
        optimizer.step()
        losses.append([float(part.detach()) for part in parts])
    assert all(last < first / 3 for first, last in zip(losses[0], losses[-1], strict=True))


# --- Local contrast -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def written_on() -> torch.Tensor:
    """A grey sheet with dark strokes of all widths, [1, 1, height, width]."""
    sheet = torch.full((1, 1, 96, 160), 150.0)
    for index, left in enumerate(range(20, 140, 12)):
        sheet[:, :, 24 + 2 * index : 72, left : left + 1 + index // 2] = 90.0
    return sheet


@pytest.fixture(scope="module")
def normalized(written_on: torch.Tensor) -> torch.Tensor:
    return LocalContrast()(written_on)


def test_strokes_stand_out_from_paper(written_on: torch.Tensor, normalized: torch.Tensor):
    assert normalized.shape == written_on.shape
    assert normalized[written_on == 90].mean() < -1
    assert -0.5 < normalized[written_on == 150].mean() < 0.5
    assert normalized.abs().max() < 6


def test_brighter_light_changes_nothing(written_on: torch.Tensor, normalized: torch.Tensor):
    torch.testing.assert_close(LocalContrast()(written_on + 90), normalized, atol=1e-3, rtol=0)


def test_a_slope_of_light_changes_little(written_on: torch.Tensor, normalized: torch.Tensor):
    slope = torch.linspace(0, 60, 160) + torch.linspace(-20, 20, 96).view(-1, 1)
    change = (LocalContrast()(written_on + slope) - normalized).abs()
    assert change.mean() < 0.1
    assert change[:, :, 8:-8, 8:-8].max() < 0.6


def test_fainter_ink_looks_nearly_the_same(written_on: torch.Tensor, normalized: torch.Tensor):
    change = (LocalContrast()(150 + (written_on - 150) * 0.5) - normalized).abs()
    assert change.mean() < 0.1
    assert change.max() < 0.2 * normalized.abs().max()


def test_light_on_dark_is_the_opposite_of_dark_on_light(
    written_on: torch.Tensor, normalized: torch.Tensor
):
    torch.testing.assert_close(LocalContrast()(255 - written_on), -normalized, atol=1e-3, rtol=0)


@pytest.mark.parametrize("level", [0.0, 100.0, 255.0])
def test_a_blank_picture_stays_blank(level: float):
    assert LocalContrast()(torch.full((2, 1, 48, 80), level)).abs().max() < 1e-3


def test_faint_noise_on_blank_paper_stays_faint():
    noise = torch.randn(1, 1, 64, 96, generator=torch.Generator().manual_seed(0)) * 0.5
    assert LocalContrast()(200 + noise).std() < 0.3


def test_bare_paper_beside_writing_stays_quiet():
    sheet = torch.full((1, 1, 64, 240), 200.0)
    sheet += torch.randn(sheet.shape, generator=torch.Generator().manual_seed(0))
    sheet[:, :, 10:54, 20:100:8] = 20.0
    seen = LocalContrast()(sheet)
    assert seen[..., 160:].std() < 0.15 * seen[..., :100].std()


# --- Boxes ----------------------------------------------------------------------------------------


def test_edges_of_and_boxes_of_are_inverse():
    generator = torch.Generator().manual_seed(0)
    middles = cell_middles(16, 56, torch.device("cpu"))
    reach = torch.rand(16, 56, 4, generator=generator) * 60 + 0.6
    boxes = torch.cat([middles - reach[..., :2], middles + reach[..., 2:]], dim=-1)
    torch.testing.assert_close(boxes_of(edges_of(boxes, middles), middles), boxes)


def test_a_box_may_end_at_the_middle_of_its_cell():
    middle = torch.tensor([10.0, 10.0])
    edges = edges_of(torch.tensor([10.0, 4.0, 30.0, 9.0]), middle)
    assert edges.isfinite().all()
    box = boxes_of(edges, middle)
    assert box.tolist() == pytest.approx([9.5, 4.0, 30.0, 10.5])


def test_cells_have_their_middles_half_a_stride_from_the_corner():
    middles = cell_middles(2, 3, torch.device("cpu"))
    assert middles.shape == (2, 3, 2)
    assert middles[0, 0].tolist() == [STRIDE_PX / 2, STRIDE_PX / 2]
    assert middles[1, 2].tolist() == [2.5 * STRIDE_PX, 1.5 * STRIDE_PX]


# --- Targets --------------------------------------------------------------------------------------


def test_the_middle_of_each_character_is_marked_in_its_cell(targets: Targets):
    marked = {(row, column) for _, row, column in targets.is_middle.nonzero().tolist()}
    assert marked == {cell_of(name) for name in BOXES}


@pytest.mark.parametrize("name", BOXES)
def test_the_cell_of_a_middle_learns_the_character_and_its_box(name: str, targets: Targets):
    row, column = cell_of(name)
    assert CHARACTERS[int(targets.kind[0, row, column])] == name
    middle = cell_middles(ROWS, COLUMNS, torch.device("cpu"))[row, column]
    box = boxes_of(targets.edges[0, row, column], middle)
    assert box.tolist() == pytest.approx(BOXES[name], abs=1e-3)


def test_the_bump_is_highest_at_the_middle_and_wider_for_a_larger_character(targets: Targets):
    row, column = cell_of("0")
    bump = targets.bump[0]
    assert bump.max() <= 1
    assert bump[row, column] > 0.9
    assert bump[row, column] > bump[row, column + 1] > bump[row, column + 2]
    comma_row, comma_column = cell_of(",")
    assert bump[row - 1, column] > bump[comma_row - 1, comma_column]
    assert bump[0, COLUMNS // 2] < 1e-3


def test_all_cells_count_but_those_of_ignored_characters():
    inside = (16.0, 8.0, 40.0, 48.0)
    targets = targets_of((0, IGNORED, inside), (0, 3, BOXES["0"]))
    expected = torch.ones(1, ROWS, COLUMNS, dtype=torch.bool)
    expected[0, 2:12, 4:10] = False
    assert torch.equal(targets.counts, expected)
    assert targets.is_middle.sum() == 1


def test_each_picture_has_its_own_targets_in_any_order():
    written = [(1, 7, BOXES["7"]), (0, 0, BOXES["0"]), (1, IGNORED, BOXES["0"]), (0, 1, BOXES["1"])]
    together = targets_of(*written, batch=3)
    for picture in range(3):
        alone = targets_of(*((0, kind, box) for owner, kind, box in written if owner == picture))
        for name in ("bump", "is_middle", "counts"):
            assert torch.equal(getattr(together, name)[picture], getattr(alone, name)[0]), name
        is_middle = alone.is_middle[0]
        assert torch.equal(together.kind[picture][is_middle], alone.kind[0][is_middle])
        assert torch.equal(together.edges[picture][is_middle], alone.edges[0][is_middle])


def test_a_batch_without_characters_has_no_middles():
    targets = targets_of(batch=2)
    assert targets.is_middle.shape == (2, ROWS, COLUMNS)
    assert not targets.is_middle.any()
    assert targets.counts.all()
    assert targets.bump.max() == 0


def test_a_character_at_the_very_edge_has_its_middle_in_the_last_cell():
    targets = targets_of((0, 4, (90.0, 40.0, 96.0, 64.0)))
    assert targets.is_middle.nonzero().tolist() == [[0, 13, COLUMNS - 1]]


# --- Loss -----------------------------------------------------------------------------------------


def losses(outputs: torch.Tensor, targets: Targets) -> list[float]:
    return [float(part) for part in number_loss(outputs, targets)]


def test_a_perfect_output_costs_nothing(targets: Targets):
    assert losses(perfect(targets), targets) == pytest.approx([0, 0, 0], abs=1e-4)


def test_nothing_where_nothing_is_costs_nothing():
    targets = targets_of(batch=2)
    assert losses(perfect(targets), targets) == pytest.approx([0, 0, 0], abs=1e-4)


@pytest.mark.parametrize("name", BOXES)
def test_a_missed_character_costs(name: str, targets: Targets):
    outputs = perfect(targets)
    outputs[0, 0, *cell_of(name)] = -3.0
    middles, characters, edges = losses(outputs, targets)
    assert middles > 0.5
    assert characters == pytest.approx(0, abs=1e-4)
    assert edges == pytest.approx(0, abs=1e-4)


def test_an_invented_character_costs(targets: Targets):
    outputs = perfect(targets)
    outputs[0, 0, 0, 0] = 3.0
    assert losses(outputs, targets)[0] > 0.5


def test_an_invented_character_costs_less_beside_a_real_one(targets: Targets):
    row, column = cell_of("0")
    beside, far = perfect(targets), perfect(targets)
    beside[0, 0, row, column + 1] = 3.0
    far[0, 0, 0, 0] = 3.0
    assert losses(beside, targets)[0] < 0.2 * losses(far, targets)[0]


def test_what_is_found_on_an_ignored_character_costs_nothing():
    targets = targets_of((0, 7, BOXES["7"]), (0, IGNORED, BOXES["0"]))
    on_it, elsewhere = perfect(targets), perfect(targets)
    on_it[0, 0, *cell_of("0")] = 3.0
    elsewhere[0, 0, 0, COLUMNS - 1] = 3.0
    assert losses(on_it, targets)[0] == pytest.approx(0, abs=1e-4)
    assert losses(elsewhere, targets)[0] > 0.5


@pytest.mark.parametrize("name", BOXES)
def test_a_misread_character_costs(name: str, targets: Targets):
    row, column = cell_of(name)
    outputs = perfect(targets)
    outputs[0, 1 : 1 + len(CHARACTERS), row, column] = 0.0
    outputs[0, 1 + CHARACTERS.index("3"), row, column] = 5.0
    middles, characters, edges = losses(outputs, targets)
    assert characters > 0.1
    assert middles == pytest.approx(0, abs=1e-4)
    assert edges == pytest.approx(0, abs=1e-4)


def test_a_misread_character_far_from_any_does_not_matter(targets: Targets):
    outputs = perfect(targets)
    outputs[0, 1:, 0, COLUMNS // 2] = 5.0
    assert losses(outputs, targets) == pytest.approx([0, 0, 0], abs=1e-4)


@pytest.mark.parametrize("edge", range(4))
def test_a_box_that_is_off_costs(edge: int, targets: Targets):
    outputs = perfect(targets)
    outputs[0, 1 + len(CHARACTERS) + edge, *cell_of("0")] += 1.0
    middles, characters, edges = losses(outputs, targets)
    assert edges > 0.01
    assert middles == pytest.approx(0, abs=1e-4)
    assert characters == pytest.approx(0, abs=1e-4)


def test_the_loss_of_the_middles_does_not_depend_on_how_often_a_picture_is_shown(
    targets: Targets,
):
    twice = Targets(**{f.name: torch.cat([getattr(targets, f.name)] * 2) for f in fields(Targets)})
    unsure = torch.zeros(1, OUTPUT_CHANNELS, ROWS, COLUMNS)
    once = losses(unsure, targets)
    assert losses(torch.cat([unsure] * 2), twice) == pytest.approx(once, rel=1e-5)


# --- Peaks ----------------------------------------------------------------------------------------


def test_peaks_are_what_a_perfect_output_says():
    names = list(BOXES)
    written = [(index % 2, CHARACTERS.index(name), BOXES[name]) for index, name in enumerate(names)]
    owner, boxes, probabilities = peaks(perfect(targets_of(*written, batch=2)), 0.5)
    found = {
        (picture, CHARACTERS[kind], tuple(round(edge, 2) for edge in box))
        for picture, kind, box in zip(
            owner.tolist(), probabilities.argmax(dim=1).tolist(), boxes.tolist(), strict=True
        )
    }
    assert found == {(index % 2, name, BOXES[name]) for index, name in enumerate(names)}
    assert probabilities.sum(dim=1).tolist() == pytest.approx([1] * len(names), abs=1e-4)


def test_probabilities_sum_up_to_that_of_the_middle(targets: Targets):
    outputs = perfect(targets)
    outputs[:, 0][targets.is_middle] = 0.0
    _, _, probabilities = peaks(outputs, 0.4)
    assert probabilities.shape == (len(BOXES), len(CHARACTERS))
    assert probabilities.sum(dim=1).tolist() == pytest.approx([0.5] * len(BOXES))


@pytest.mark.parametrize(("logit", "is_found"), [(0.1, True), (-0.1, False)])
def test_what_is_less_likely_than_the_threshold_is_not_found(logit: float, is_found: bool):
    targets = targets_of((0, 7, BOXES["7"]))
    outputs = perfect(targets)
    outputs[:, 0][targets.is_middle] = logit
    assert (len(peaks(outputs, 0.5)[0]) == 1) == is_found


def test_a_cell_beside_a_likelier_one_is_no_peak(targets: Targets):
    row, column = cell_of("0")
    outputs = perfect(targets)
    outputs[0, 0, row, column] = 4.0
    outputs[0, 0, row - 1, column + 1] = 3.0
    assert len(peaks(outputs, 0.5)[0]) == len(BOXES)


def test_nothing_is_found_where_nothing_is():
    owner, boxes, probabilities = peaks(perfect(targets_of(batch=2)), 0.15)
    assert owner.shape == (0,)
    assert boxes.shape == (0, 4)
    assert probabilities.shape == (0, len(CHARACTERS))
