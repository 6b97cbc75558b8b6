"""Writes the number finder's model card, with its pictures."""

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from training.evaluation.metrics import risk_at_coverage
from training.number_calibration import Calibrated
from training.report import TEMPLATES, risk_coverage_figure, save_figure
from training.synthesis.composer import Composer
from training.synthesis.sheet import contact_sheet


def write_number_report(
    folder: Path,
    description: dict[str, Any],
    history: Sequence[dict[str, float]],
    calibrated: Calibrated,
    composer: Composer,
) -> None:
    """Writes `NUMBERS.md` and its pictures.

    Args:
        folder: Where they go.
        description: The content of `numbers.json`, metrics included.
        history: A row for each time that the network was validated.
        calibrated: Numbers that were read on composed pictures.
        composer: Makes the pictures that are shown.
    """
    contact_sheet(composer, with_boxes=False).save(folder / "numbers_synthesis.png")
    save_figure(_training_figure(history), folder / "numbers_training.png")
    risks = {"composed": risk_at_coverage(calibrated.confidence, calibrated.is_right)}
    save_figure(risk_coverage_figure(risks, "numbers"), folder / "numbers_confidence.png")
    training, reading = description["training"], description["reading"]
    metrics = description["metrics"]["composed"]
    fields = {
        "model_version": description["model_version"],
        "parameters": f"{description['parameters']:,}",
        "megabytes": f"{description['file']['size_bytes'] / 1e6:.2f}",
        "pictures": f"{training['pictures']:,}",
        "earlier": f"{training['earlier_pictures']:,}",
        "averaged": averaged_in_words(training["averaged_runs"]),
        "hours": f"{training['seconds'] / 3600:.1f}",
        "numbers": f"{metrics['numbers']:,}",
        "exact": f"{metrics['exact_match']:.1%}",
        "sure": f"{metrics['sure']:.1%}",
        "right": f"{metrics['exact_match_of_sure']:.1%}",
        "ece": f"{metrics['expected_calibration_error']:.3f}",
        "accepted": f"{reading['photographs']['accepted_probability']:.2f}",
        "accepted_drawing": f"{reading['drawings']['accepted_probability']:.2f}",
        "weight": f"{reading['photographs']['digit_weight']:.2f}",
        "weight_drawing": f"{reading['drawings']['digit_weight']:.2f}",
        "separator": f"{reading['separator_probability']:.2f}",
        "threshold": f"{reading['sure_confidence']:.3f}",
    }
    template = Template((TEMPLATES / "NUMBERS.md").read_text(encoding="utf-8"))
    (folder / "NUMBERS.md").write_text(template.substitute(fields), encoding="utf-8")


def averaged_in_words(runs: int) -> str:
    """Says of how many runs the weights are the mean; empty for a single one."""
    if runs == 1:
        return ""
    return (
        f" The weights are the mean of those of {runs} runs that went on from each other, this\n"
        "one the last (`python -m training.average_numbers`)."
    )


def _training_figure(history: Sequence[dict[str, float]]) -> Figure:
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    loss_axes, share_axes = figure.subplots(1, 2)
    pictures = np.array([row["pictures"] for row in history]) / 1_000
    for key in ("loss_middles", "loss_characters", "loss_edges"):
        loss_axes.plot(pictures, [row[key] for row in history], label=key.removeprefix("loss_"))
    loss_axes.set(xlabel="thousand pictures", ylabel="loss")
    for key in ("digits_found", "digits_right", "precision", "pictures_right"):
        shares = [100 * row[key] for row in history]
        share_axes.plot(pictures, shares, label=key.replace("_", " "))
    share_axes.set(xlabel="thousand pictures", ylabel="of composed validation pictures, %")
    for axes in (loss_axes, share_axes):
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    return figure
