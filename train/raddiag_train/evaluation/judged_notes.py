"""What must be said beside the figures of an evaluation: cases and scans that were left out, and what that means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from raddiag_train.evaluation.engine_fusion import SetAside
from raddiag_train.evaluation.evaluate import Evaluation


def judged_notes(evaluation: Evaluation) -> list[str]:
    """Sentences without names of cases."""
    notes = []
    if evaluation.excluded:
        notes.append(
            f"{_counted(evaluation.excluded, 'case')} left out: with a disorder that was kept out of the model's "
            f"training ({', '.join(evaluation.excluded_disorders)})"
        )
    notes += set_aside_notes(evaluation.set_aside)
    untrusted = int(evaluation.untrusted_N.sum())
    if untrusted:
        notes.append(
            f"{_counted(untrusted, 'case')} of {len(evaluation.untrusted_N)} without a scan that the engine trusts: "
            "it would assess nothing there; judged here by what it scores all the same"
        )
    return notes


def set_aside_notes(set_aside: Sequence[SetAside]) -> list[str]:
    """How many scans of how many cases were not fused, and why; nothing where all were."""
    if not set_aside:
        return []
    reasons = Counter(one.reason for one in set_aside)
    cases = len({one.case_id for one in set_aside})
    return [
        f"{_counted(len(set_aside), 'scan')} of {_counted(cases, 'case')} not fused, as by the engine: "
        + ", ".join(f"{count} {reason}" for reason, count in reasons.items())
    ]


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")
