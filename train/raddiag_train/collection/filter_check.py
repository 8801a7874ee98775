"""How good the filter is: precision and recall on a sample that a person checks (section 3, figure 3c).

The sample is drawn from what both prompts agree on, half from the kept, half from the left out: of the few disorders
among the left out, which recall depends on, a sample in proportion would hold almost none. Each half then counts for
all articles it was drawn from.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from raddiag_train.evaluation.bootstrap import Interval, interval

_DRAWS = 20_000


@dataclass(frozen=True)
class Stratum:
    """One half of the sample.

    Attributes:
        articles: It was drawn from.
        checked: Of those.
        disorders: Among the checked, as the person says.
    """

    articles: int
    checked: int
    disorders: int

    def __post_init__(self) -> None:
        if not 0 <= self.disorders <= self.checked <= self.articles:
            raise ValueError(f"{self.disorders} of {self.checked} of {self.articles} cannot be")


@dataclass(frozen=True)
class FilterQuality:
    """Precision and recall of the automatic part of the filter, with 95 % intervals; None where undefined.

    Attributes:
        kept: What the filter kept; its disorders are the true positives.
        left_out: What it left out; its disorders are the false negatives.
        precision: Disorders among the kept.
        precision_interval: Of it.
        recall: Kept ones among the disorders.
        recall_interval: Of it.
    """

    kept: Stratum
    left_out: Stratum
    precision: float | None
    precision_interval: Interval | None
    recall: float | None
    recall_interval: Interval | None


def draw_sample(kept: Sequence[str], left_out: Sequence[str], size: int, seed: int) -> list[str]:
    """Keys of articles to check, half from each or all of what there is; shuffled, so that the order tells nothing."""
    half = size // 2
    from_left_out = min(len(left_out), max(half, size - len(kept)))
    from_kept = min(len(kept), size - from_left_out)
    generator = random.Random(seed)
    drawn = generator.sample(sorted(kept), from_kept) + generator.sample(sorted(left_out), from_left_out)
    generator.shuffle(drawn)
    return drawn


def quality_of(kept: Sequence[str], left_out: Sequence[str], checked: Mapping[str, bool], seed: int) -> FilterQuality:
    """Precision and recall from the checked articles (key -> is it a disorder)."""
    return quality(_stratum(kept, checked), _stratum(left_out, checked), seed)


def quality(kept: Stratum, left_out: Stratum, seed: int = 0) -> FilterQuality:
    """Precision and recall, estimated from the two strata.

    The intervals hold 95 % of what the unchecked articles may be, given the checked ones (beta-binomial, Jeffreys'
    prior, drawn at random): they narrow to a point as more is checked, and are not empty where no error was found, as
    those of a bootstrap would be.
    """
    shares = [s.disorders / s.checked if s.checked else None for s in (kept, left_out)]
    generator = np.random.default_rng(seed)
    kept_R, left_out_R = (_possible_disorders(stratum, generator) for stratum in (kept, left_out))
    precision, recall = shares[0], None
    if shares[0] is not None and (shares[1] is not None or not left_out.articles):
        found, missed = shares[0] * kept.articles, (shares[1] or 0.0) * left_out.articles
        recall = found / (found + missed) if found + missed else None
    precision_interval = interval(kept_R / kept.articles) if precision is not None else None
    with np.errstate(invalid="ignore"):
        recall_interval = interval(kept_R / (kept_R + left_out_R)) if recall is not None else None
    return FilterQuality(kept, left_out, precision, precision_interval, recall, recall_interval)


def _stratum(articles: Sequence[str], checked: Mapping[str, bool]) -> Stratum:
    answers = [checked[key] for key in articles if key in checked]
    return Stratum(len(articles), len(answers), sum(answers))


def _possible_disorders(stratum: Stratum, generator: np.random.Generator) -> NDArray[np.float64]:
    """How many disorders all articles of a stratum may hold: (_DRAWS,)."""
    others = stratum.checked - stratum.disorders
    share_R = generator.beta(stratum.disorders + 0.5, others + 0.5, _DRAWS)
    return stratum.disorders + generator.binomial(stratum.articles - stratum.checked, share_R).astype(np.float64)
