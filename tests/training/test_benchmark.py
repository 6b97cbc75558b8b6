import json
from pathlib import Path

import pytest

from training import benchmark
from training.config import ARTIFACTS


@pytest.mark.slow
def test_the_benchmark_measures_every_comparison_and_writes_it_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    # As short as can be: the figures mean nothing here.
    monkeypatch.setattr(benchmark, "ROUNDS", 1)
    monkeypatch.setattr(benchmark, "TURN_SECONDS", 0)
    monkeypatch.setattr(benchmark, "STREAM_IMAGES", 64)
    monkeypatch.setattr(benchmark, "STREAM_FILES", 2)
    benchmark.write(tmp_path, benchmark.measure(ARTIFACTS))
    results = json.loads((tmp_path / "benchmark.json").read_text("utf-8"))
    assert all(row["ratio"] > 0 for row in results["comparisons"].values())
    cold_start = "fresh process to its first prediction, PyTorch to the module"
    assert results["comparisons"][cold_start]["ratio"] > 1
    assert all(row["ratio"] > 0 for row in results["streams"].values())
    text = (tmp_path / "BENCHMARK.md").read_text("utf-8")
    assert all(name in text for name in results["comparisons"])
    assert (tmp_path / "benchmark.png").stat().st_size > 1_000


def test_sides_of_a_comparison_are_timed_in_turns(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(benchmark, "ROUNDS", 2)
    monkeypatch.setattr(benchmark, "TURN_SECONDS", 0)
    order: list[str] = []
    benchmark.in_turns(lambda: order.append("a"), lambda: order.append("b"))
    assert order[-4:] == ["a", "b", "a", "b"]
