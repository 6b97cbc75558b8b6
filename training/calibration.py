"""Fits the temperature and chooses the reject threshold.

Both on digits that no weight was fitted on: validation digits, the same augmented, and as many
drawn from strokes (see `training.learning`).
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_REFUSED_SHARE = 0.01
"""Share of the digits that it is chosen on that may be refused as no digit."""


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """Finds the temperature that minimizes the negative log-likelihood.

    Args:
        logits: float32 [count, 10].
        labels: int64 [count].
    """
    log_temperature = torch.zeros((), dtype=torch.float64, requires_grad=True)
    scores = logits.double()
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=100, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(scores / log_temperature.exp(), labels)
        value.backward()
        return value

    optimizer.step(loss)
    return log_temperature.exp().item()


def choose_reject_confidence(confidence: Tensor) -> float:
    """Chooses the highest threshold that refuses at most `MAX_REFUSED_SHARE` of the digits.

    Args:
        confidence: float32 [count], 0 … 1, of digits that no weight was fitted on.
    """
    refused = int(len(confidence) * MAX_REFUSED_SHARE)
    return float(confidence.sort().values[refused])
