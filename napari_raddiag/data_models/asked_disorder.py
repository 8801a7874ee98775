"""A disorder that the reader asked for by name, and what is said of it. Knows no Qt."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from raddiag_engine.diagnosis.result import UnseenScore
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.models.card import ModelCard

UNSEEN = "unseen"
NEVER_LEARNED = "not among the disorders that this model learned, and scored by its name alone"
MEANING = (
    "This model never learned this disorder. The score comes from the text of its name alone: it is no probability and "
    "has no threshold, so the disorder is neither positive nor negative."
)


def takes_names(card: ModelCard) -> bool:
    """True if the model scores a disorder that it never learned by the text of its name."""
    return card.network.head.kind == "knowledge" and card.knowledge_encoder is not None


@dataclass(frozen=True)
class AskedDisorder:
    """One row.

    Attributes:
        disorder: As it was asked for.
        score: In the diagnosis that stands; None while there is none.
    """

    disorder: NamedDisorder
    score: UnseenScore | None = None

    @property
    def score_text(self) -> str:
        """To two digits, "~" before it; a dash where there is none or it means nothing."""
        return f"~{self.score.probability:.2f}" if self.score is not None and self.score.covered else "–"

    @property
    def tooltip(self) -> str:
        """Everything that is known of it, as rich text."""
        lines = [f"<b>{escape(self.disorder.name)}</b>"]
        if self.disorder.icd10cm:
            lines.append(escape(f"ICD-10-CM {', '.join(self.disorder.icd10cm)}"))
        if self.score is None:
            lines.append("No score: the diagnosis is not of the case as it stands.")
            return "<br>".join(lines)
        lines.append(MEANING)
        if not self.score.covered:
            lines.append("No scan in use is of a kind that the model knows: the score would mean nothing.")
        if self.score.nearest:
            near = f"{self.score.nearest} ({self.score.nearest_cosine:.2f})"
            lines.append(escape(f"The model's own disorder of the nearest name: {near}."))
        return "<br>".join(lines)

    @property
    def sentence(self) -> str:
        """The row in one sentence, for a screen reader."""
        score = self.score
        value = f", score {score.probability:.2f}" if score is not None and score.covered else ", no score"
        return f"{self.disorder.name}, {NEVER_LEARNED}{value}"
