"""The learning rate over the steps: a linear warm-up, then a cosine to zero (section 5.3 of the paper)."""

from __future__ import annotations

import math


def learning_rate_factor(step: int, steps: int, warmup_steps: int) -> float:
    """What the base learning rate is multiplied with at `step`, counted from 0, of `steps`.

    Rises linearly to 1 over the warm-up; then falls as half a cosine, to 0 just after the last step.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / max(1, steps - warmup_steps)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
