"""Writes the report and the model card, with their pictures, from what was measured."""

from collections.abc import Sequence
from pathlib import Path
from string import Template
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MaxNLocator
from numpy.typing import NDArray
from torch import Generator

from training.config import TrainingConfig
from training.data import LabelledInk
from training.evaluation.metrics import Predictions, confusion_matrix, risk_at_coverage
from training.synthesis.augmentation import bend, enlarge
from training.synthesis.digit_shapes import DIGIT_SHAPES
from training.synthesis.pen import draw_shape
from training.synthesis.styles import contact_sheet

TEMPLATES = Path(__file__).parent / "templates"
MOST_MISTAKES_SHOWN = 40
DOTS_PER_INCH = 120


def write_report(
    folder: Path,
    description: dict[str, Any],
    history: Sequence[dict[str, float]],
    mnist_test: LabelledInk,
    measured: dict[str, Predictions],
) -> None:
    """Writes `REPORT.md`, `MODEL_CARD.md` and their pictures.

    Args:
        folder: Where they go.
        description: The content of `digits.json`, metrics included.
        history: One row for each epoch of the training.
        mnist_test: MNIST's test set.
        measured: What the model said of each set of digits, by its name; MNIST's test set first.
    """
    predictions = next(iter(measured.values()))
    save_figure(_confusion_figure(confusion_matrix(predictions)), folder / "confusion_matrix.png")
    save_figure(training_figure(history), folder / "training_curves.png")
    save_figure(_mistakes_figure(mnist_test, predictions), folder / "mistakes.png")
    risks = {name: risk_at_coverage(m.confidence, m.correct) for name, m in measured.items()}
    save_figure(risk_coverage_figure(risks, "drawings"), folder / "risk_coverage.png")
    save_figure(_styles_figure(mnist_test), folder / "styles.png")
    save_figure(_shapes_figure(), folder / "shapes.png")
    robustness = description["metrics"]["robustness"]["accuracies"]
    save_figure(_robustness_figure(robustness), folder / "robustness.png")
    for name in ("REPORT.md", "MODEL_CARD.md"):
        template = Template((TEMPLATES / name).read_text(encoding="utf-8"))
        (folder / name).write_text(template.substitute(_fields(description)), encoding="utf-8")


def _fields(description: dict[str, Any]) -> dict[str, str]:
    """The texts that the templates name."""
    training = description["training"]
    versions = description["versions"]
    robustness = description["metrics"]["robustness"]["accuracies"]
    return {
        "model_version": description["model_version"],
        "trial": _trial_note(description),
        "learned_from": training["data"],
        "parameters": f"{description['parameters']:,}",
        "shapes": str(len(DIGIT_SHAPES)),
        "megabytes": f"{description['file']['size_bytes'] / 1e6:.2f}",
        "sha256": description["file"]["sha256"],
        "temperature": f"{description['calibration']['temperature']:.3f}",
        "reject_confidence": f"{description['thresholds']['reject_confidence']:.3f}",
        "minutes": f"{training['seconds'] / 60:.0f}",
        "validation_accuracy": f"{training['validation_accuracy']:.2%}",
        "augmented_accuracy": f"{training['augmented_validation_accuracy']:.2%}",
        "metrics": _metrics_table(description["metrics"]),
        "seeds": _seeds_section(description["metrics"]),
        "robustness": markdown_table(
            ("corruption", "accuracy"),
            [(name, f"{value:.1%}") for name, value in robustness.items()],
        ),
        "non_digits": _non_digits_sentence(description["metrics"]),
        "scrawls": _scrawls_sentence(description["metrics"]["scrawls"]),
        "settings": markdown_table(("setting", "value"), training.items()),
        "versions": markdown_table(
            ("step", "library", "version"),
            [(step, *pair) for step, found in versions.items() for pair in found.items()],
        ),
    }


def _trial_note(description: dict[str, Any]) -> str:
    """Says first what a model is that is not made as the shipped one; empty for that."""
    _, _, kind = description["model_version"].partition("+")
    if not kind:
        return ""
    shipped = TrainingConfig().to_dict()
    others = [
        f"`{name}` {description['training'][name]} in place of {value}"
        for name, value in shipped.items()
        if name != "seed" and description["training"][name] != value
    ]
    settings = f" Its settings: {', '.join(others)}." if others else ""
    return (
        f"**This is not the shipped model, but {kind}.**{settings} The figures below are its own; "
        "where it fails was observed on the shipped one.\n\n"
    )


def _metrics_table(metrics: dict[str, dict[str, Any]]) -> str:
    header = ("data", "images", "accuracy", "errors", "refused", "ECE", "NLL", "Brier score")
    rows = [
        (
            row["data"],
            f"{row['images']:,}",
            f"{row['accuracy']:.2%}",
            row["errors"],
            f"{row['refused']:.2%}",
            f"{row['ece']:.4f}",
            f"{row['nll']:.4f}",
            f"{row['brier']:.4f}",
        )
        for row in metrics.values()
        if "accuracy" in row
    ]
    return markdown_table(header, rows)


def _non_digits_sentence(metrics: dict[str, dict[str, Any]]) -> str:
    if "non_digits" not in metrics:
        return "What is no digit was not measured in this run."
    row = metrics["non_digits"]
    return (
        f"Of {row['images']:,} drawings of letters and symbols ({row['data']}), "
        f"{row['refused']:.1%} are refused, "
        f"and confidence tells them from digits ({row['against']}) with an AUROC of "
        f"{row['auroc']:.4f}."
    )


def _scrawls_sentence(scrawls: dict[str, Any]) -> str:
    shares = ", ".join(f"{share:.1%} of {kind}" for kind, share in scrawls["refused"].items())
    return (
        f"Of {scrawls['data']}, {scrawls['images_of_each_kind']} pictures of each kind "
        f"(`training/evaluation/scrawls.py`), these shares are refused: {shares}."
    )


def _seeds_section(metrics: dict[str, dict[str, Any]]) -> str:
    if "seeds" not in metrics:
        return "One seed was trained."
    runs = metrics["seeds"]["runs"]
    header = ("seed", "validation", "validation, augmented", "MNIST's test set")
    keys = ("validation_accuracy", "augmented_validation_accuracy", "mnist_test_accuracy")
    rows = [(run["seed"], *(f"{run[key]:.2%}" for key in keys)) for run in runs]
    tests = np.array([run["mnist_test_accuracy"] for run in runs])
    spread = tests.std(ddof=1) if len(tests) > 1 else 0.0
    return (
        f"{markdown_table(header, rows)}\n\nMNIST's test set, final epoch, {len(runs)} seeds: mean "
        f"{tests.mean():.3%}, standard deviation {spread:.3%} (`python -m training.sweep --seeds "
        f"{len(runs)}`). The seed with the best mean of both validation accuracies is shipped."
    )


def markdown_table(header: Sequence[str], rows: Any) -> str:
    """Formats rows of cells as a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def save_figure(figure: Figure, path: Path) -> None:
    """Writes a picture."""
    # A picture's bytes must not depend on when it was drawn.
    figure.savefig(path, dpi=DOTS_PER_INCH, metadata={"Software": None})


def _confusion_figure(counts: NDArray[np.int64]) -> Figure:
    """Mistakes as colour: the diagonal, some hundred times larger, would hide them."""
    figure = Figure(figsize=(6.4, 5.8), layout="constrained")
    axes = figure.subplots()
    mistakes = counts.copy()
    np.fill_diagonal(mistakes, 0)
    image = axes.imshow(mistakes, cmap="Reds", vmin=0, vmax=max(1, mistakes.max()))
    for truth, predicted in np.ndindex(*counts.shape):
        count = counts[truth, predicted]
        if count:
            dark = truth != predicted and count > 0.6 * mistakes.max()
            colour = "white" if dark else "black"
            axes.text(predicted, truth, str(count), ha="center", va="center", color=colour)
    digits = range(len(counts))
    axes.set(xticks=digits, yticks=digits, xlabel="read as", ylabel="written")
    axes.set_title(f"MNIST's test set: {mistakes.sum()} mistakes in {counts.sum():,}")
    figure.colorbar(image, label="mistakes", shrink=0.8)
    return figure


def training_figure(history: Sequence[dict[str, float]]) -> Figure:
    """Draws the loss and the validation errors over the epochs."""
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    loss_axes, error_axes = figure.subplots(1, 2)
    epochs = [row["epoch"] for row in history]
    loss_axes.plot(epochs, [row["loss"] for row in history], marker=".")
    for key, label in (
        ("validation_accuracy", "validation"),
        ("augmented_validation_accuracy", "validation, augmented"),
    ):
        error_axes.plot(epochs, [100 * (1 - row[key]) for row in history], marker=".", label=label)
    loss_axes.set(xlabel="epoch", ylabel="training loss", yscale="log")
    error_axes.set(xlabel="epoch", ylabel="errors of the averaged weights, %", yscale="log")
    error_axes.legend()
    for axes in (loss_axes, error_axes):
        axes.set_xlim(0.5, epochs[-1] + 0.5)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
        # Not powers of ten alone: a training passes through one or two.
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 1.2, 1.5, 2, 3, 5, 7)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.minorticks_off()
        axes.grid(visible=True, alpha=0.3)
    return figure


def _mistakes_figure(digits: LabelledInk, predictions: Predictions) -> Figure:
    """The wrongly read digits, the most confident mistakes first."""
    wrong = np.flatnonzero(~predictions.correct)
    order = wrong[np.argsort(-predictions.confidence[wrong])][:MOST_MISTAKES_SHOWN]
    columns = 10
    rows = max(1, -(-len(order) // columns))
    figure = Figure(figsize=(columns, 1.25 * rows), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, index in zip(grid.flat, order, strict=False):
        _show_ink(axes, digits.ink[index].numpy())
        truth, predicted = predictions.labels[index], predictions.predicted[index]
        axes.set_title(f"{truth} read {predicted}\n{predictions.confidence[index]:.0%}", fontsize=8)
    return figure


def risk_coverage_figure(risks: dict[str, NDArray[np.float64]], what: str) -> Figure:
    """Draws errors against the share that is answered, the most confident first.

    Args:
        risks: Of each set, from `training.evaluation.metrics.risk_at_coverage`.
        what: What is answered.
    """
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.subplots()
    for name, risk in risks.items():
        coverage = np.arange(1, len(risk) + 1) / len(risk)
        axes.plot(100 * coverage, 100 * risk, label=name)
    axes.set(
        xlabel=f"{what} answered, the most confident first, %", ylabel="wrong among the answered, %"
    )
    axes.grid(visible=True, alpha=0.3)
    axes.legend()
    return figure


def _robustness_figure(accuracies: dict[str, float]) -> Figure:
    figure = Figure(figsize=(6.4, 0.28 * len(accuracies) + 1), layout="constrained")
    axes = figure.subplots()
    bars = axes.barh(list(accuracies), [100 * (1 - value) for value in accuracies.values()])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set(xlabel="errors, %")
    return figure


def _styles_figure(digits: LabelledInk) -> Figure:
    sheet = contact_sheet(enlarge(digits.ink[:2_000]), digits.labels[:2_000])
    figure = Figure(figsize=(9, 0.95 * len(sheet)), layout="constrained")
    grid = figure.subplots(len(sheet), 1, squeeze=False)
    for axes, (name, images) in zip(grid.flat, sheet.items(), strict=True):
        _show_ink(axes, np.hstack(list(images.numpy())) * 255)
        axes.set_title(name, fontsize=9, loc="left")
        axes.axis("off")
    return figure


def _shapes_figure() -> Figure:
    """Each shape that digits are drawn from, a few times, with its name; a column for a digit."""
    generator = Generator().manual_seed(0)
    columns = [[name for name in DIGIT_SHAPES if name[0] == str(digit)] for digit in range(10)]
    rows = max(len(names) for names in columns)
    figure = Figure(figsize=(15, 0.54 * rows), layout="constrained")
    grid = figure.subplots(rows, len(columns), squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for digit, names in enumerate(columns):
        for axes, name in zip(grid[:, digit], names, strict=False):
            drawn = bend(draw_shape(DIGIT_SHAPES[name], 3, generator), generator)
            _show_ink(axes, np.hstack(list(drawn.numpy())))
            axes.set_title(name, fontsize=5.5, loc="left", pad=1)
    return figure


def _show_ink(axes: Axes, ink: NDArray[Any]) -> None:
    axes.imshow(ink, cmap="gray_r", vmin=0, vmax=255)
