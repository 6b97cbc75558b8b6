"""How well the number finder finds characters on composed pictures that it has not seen."""

from dataclasses import dataclass

import torch

from training.data import LabelledInk
from training.number_network import peaks
from training.synthesis.characters import make_characters
from training.synthesis.composer import Composer, Pictures

Validation = list[Pictures]
"""Batches of composed pictures."""

THRESHOLD = 0.4
"""Least probability of a middle, for these figures."""

_BATCHES, _BATCH_SIZE = 16, 32
_STOCK_SCALE = 0.1


def validation_pictures(held_out: LabelledInk, seed: int) -> Validation:
    """Composes pictures from digits that no weight is fitted on."""
    composer = Composer(make_characters(held_out, seed, _STOCK_SCALE), seed)
    return [composer.compose(_BATCH_SIZE, (64, 224)) for _ in range(_BATCHES)]


@dataclass(slots=True)
class _Counts:
    pictures: int = 0
    pictures_right: int = 0
    written: int = 0
    found: int = 0
    right: int = 0
    detected: int = 0


@torch.no_grad()
def validate(
    network: torch.nn.Module, validation: Validation, device: torch.device
) -> dict[str, float]:
    """Measures a network.

    Returns:
        Shares, 0 … 1: `pictures_right`, of those with characters, on which all are right and
        nothing else is found; `digits_found`, of the characters; `digits_right`, of the
        characters, found and told apart; `precision`, of what was found, that is a character.
    """
    network.eval()
    counts = _Counts()
    for pictures in validation:
        outputs = network(pictures.luminance.to(device).float()).float().cpu()
        owner, boxes, probabilities = peaks(outputs, THRESHOLD)
        for index in range(len(pictures.luminance)):
            _count(
                counts,
                boxes[owner == index],
                probabilities[owner == index].argmax(dim=1),
                pictures.boxes[pictures.picture == index],
                pictures.kinds[pictures.picture == index],
            )
    return {
        "pictures_right": counts.pictures_right / max(counts.pictures, 1),
        "digits_found": counts.found / max(counts.written, 1),
        "digits_right": counts.right / max(counts.written, 1),
        "precision": counts.found / max(counts.detected, 1),
    }


def _count(
    counts: _Counts,
    boxes: torch.Tensor,
    kinds: torch.Tensor,
    true_boxes: torch.Tensor,
    true_kinds: torch.Tensor,
) -> None:
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    is_taken = torch.zeros(len(boxes), dtype=torch.bool)
    found = right = 0
    is_real = true_kinds >= 0
    for box, kind in zip(true_boxes[is_real], true_kinds[is_real], strict=True):
        centre = (box[:2] + box[2:]) / 2
        reach = (box[2:] - box[:2]).clamp(min=4.0) * 0.35 + 1.0
        near = ((middles - centre).abs() <= reach).all(dim=1) & ~is_taken
        if near.any():
            candidates = near.nonzero().flatten()
            distance = (middles[candidates] - centre).abs().sum(dim=1)
            chosen = candidates[distance.argmin()]
            is_taken[chosen] = True
            found += 1
            right += int(kinds[chosen] == kind)
    # What lies on an ignored character is neither right nor wrong.
    ignored = true_boxes[~is_real]
    inside = torch.zeros(len(boxes), dtype=torch.bool)
    for box in ignored:
        inside |= ((middles >= box[:2]) & (middles <= box[2:])).all(dim=1)
    extra = int((~is_taken & ~inside).sum())
    written = int(is_real.sum())
    counts.written += written
    counts.found += found
    counts.right += right
    counts.detected += found + extra
    if written:
        counts.pictures += 1
        counts.pictures_right += int(right == written and not extra)
