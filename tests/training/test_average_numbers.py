"""The mean of several finders' weights."""

from pathlib import Path

import pytest
import torch

from training import average_numbers
from training.average_numbers import average
from training.number_checkpoint import NumberCheckpoint
from training.number_network import NumberNetwork
from training.number_report import averaged_in_words


def checkpoint(seed: int, width: int = 8) -> NumberCheckpoint:
    torch.manual_seed(seed)
    network = NumberNetwork(width)
    for buffer in network.buffers():
        buffer += 10 * seed
    config: dict[str, int | float] = {"width": width, "seed": seed}
    return NumberCheckpoint(network.eval(), config, [{"pictures": float(seed)}], seconds=seed)


def test_every_weight_and_statistic_is_the_mean():
    one, other = checkpoint(1), checkpoint(2)
    averaged = average([one, other]).network.state_dict()
    theirs = [each.network.state_dict() for each in (one, other)]
    for name, value in averaged.items():
        expected = (theirs[0][name].double() + theirs[1][name].double()) / 2
        torch.testing.assert_close(value, expected.to(value.dtype))


def test_what_is_told_beside_the_weights_is_the_last_runs_and_how_many_there_were():
    averaged = average([checkpoint(1), checkpoint(2), checkpoint(3)])
    assert averaged.averaged_runs == 3
    assert averaged.config["seed"] == averaged.seconds == 3
    assert not averaged.network.training


def test_a_single_run_stays_what_it_is_average_or_not():
    former = average([checkpoint(1), checkpoint(2)])
    assert average([former]) is former


def test_a_model_card_tells_of_an_average_and_of_no_other_run():
    assert "the mean of those of 4 runs" in averaged_in_words(4)
    assert averaged_in_words(1) == ""


def test_networks_of_different_widths_have_no_mean():
    with pytest.raises(ValueError, match=r"widths of \[8, 16\]"):
        average([checkpoint(1), checkpoint(1, width=16)])


def test_weights_that_are_missing_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.argv", ["average_numbers", str(tmp_path / "nowhere.pt")])
    with pytest.raises(SystemExit):
        average_numbers.main()
    assert "nowhere.pt" in capsys.readouterr().err
