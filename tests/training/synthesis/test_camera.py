"""Synthetic photographs of sheets."""

import pytest
import torch

from training.synthesis import camera


def photographs(sheets: torch.Tensor, seed: int = 0, *, is_clean: bool = True) -> torch.Tensor:
    clean = torch.full((len(sheets), 1, 1), is_clean)
    return camera.photograph(sheets, clean, torch.Generator().manual_seed(seed))


def flat_sheets(count: int, level: float = 0.9) -> torch.Tensor:
    return torch.full((count, 64, 96), level)


def test_photographs_are_bytes_of_the_same_size():
    seen = photographs(flat_sheets(9), is_clean=False)
    assert seen.dtype == torch.uint8
    assert seen.shape == (9, 64, 96)


@pytest.mark.parametrize("level", [0.0, 0.2, 0.5, 0.77, 1.0])
def test_a_flat_sheet_stays_flat(level: float, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(camera, "COMPRESSED_SHARE", 1.0)
    monkeypatch.setattr(camera, "COARSE_SHARE", 1.0)
    monkeypatch.setattr(camera, "INVERTED_SHARE", 0.0)
    seen = photographs(flat_sheets(24, level)).flatten(1).int()
    assert (seen.amax(dim=1) == seen.amin(dim=1)).all()
    assert (seen - 255 * level).abs().max() <= 2  # JPEG rounds a block's mean, too


def test_only_what_is_not_clean_is_noisy():
    is_flat = photographs(flat_sheets(64), is_clean=False).flatten(1).float().std(dim=1) == 0
    assert 0.1 < is_flat.float().mean() < 0.6


@pytest.mark.usefixtures("clean")
def test_jpeg_changes_edges_a_little(monkeypatch: pytest.MonkeyPatch):
    sheets = flat_sheets(16)
    sheets[:, :, 20:23] = 0.1
    before = photographs(sheets).int()
    monkeypatch.setattr(camera, "COMPRESSED_SHARE", 1.0)
    change = (photographs(sheets).int() - before).abs().float()
    assert change.amax() > 5
    assert change.mean() < 3
    assert change[:, :, 24:].max() <= 2  # blocks without an edge


@pytest.mark.usefixtures("clean")
def test_blur_makes_a_thin_line_wider_and_fainter(monkeypatch: pytest.MonkeyPatch):
    sheets = flat_sheets(16, 1.0)
    sheets[:, :, 50] = 0.0
    before = 255 - photographs(sheets).float()
    monkeypatch.setattr(camera, "BLURRED_SHARE", 1.0)
    blurred = 255 - photographs(sheets).float()
    assert (blurred[:, 30, 50] < before[:, 30, 50]).all()
    assert blurred[:, 30, 50].mean() < 0.8 * before[:, 30, 50].mean()
    assert (blurred[:, 30, 49] >= before[:, 30, 49]).all()
    torch.testing.assert_close(blurred.sum(dim=2), before.sum(dim=2), atol=0, rtol=0.03)


def test_about_the_said_share_is_light_on_dark():
    seen = photographs(torch.full((4_000, 8, 8), 0.9)).float().mean(dim=(1, 2))
    assert (seen < 128).float().mean() == pytest.approx(camera.INVERTED_SHARE, abs=0.02)


def test_the_same_seed_photographs_alike_and_another_seed_does_not():
    sheets = flat_sheets(8)
    first, again, other = (photographs(sheets, seed, is_clean=False) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
