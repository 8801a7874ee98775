"""decisions.jsonl: every decision with where it comes from, in the order they were made; lines are only ever added."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from raddiag_engine.configuration import from_mapping
from raddiag_engine.errors import ConfigError

Stage = Literal["filter", "review", "check", "mapping", "adjudication", "verdict", "code"]
REPLY_CHARACTERS = 500


@dataclass(frozen=True)
class Decision:
    """One answer to one question.

    Attributes:
        stage: "filter": an answer of the endpoint; "review", "check", "mapping", "adjudication": a person's;
            "verdict" and "code": what follows from them for a title.
        item: Title of the article.
        answer: "yes", "no", a code, "none", "kept" and so on; None where the endpoint gave none that can be used.
        source: In words, such as "anna.csv" or "both prompts".
        date: When it was taken over, ISO 8601 in UTC.
        annotator: Who decided; empty for the endpoint and for rules.
        prompt: Id of the prompt.
        model: That was asked.
        asked_sha256: Hash of all that was sent, by which an answer is found again.
        reply: The endpoint's words, cut short.
        note: Why there is no answer, or a person's comment.
    """

    stage: Stage
    item: str
    answer: str | None
    source: str
    date: str = ""
    annotator: str = ""
    prompt: str = ""
    model: str = ""
    asked_sha256: str = ""
    reply: str = ""
    note: str = ""

    @property
    def question(self) -> tuple[str, ...]:
        """Equal for two answers to one question by one source."""
        return (self.stage, self.item, self.annotator, self.model, self.asked_sha256)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


class DecisionLog:
    """The decisions of a work folder.

    A last line that was not written to its end, as after a power cut, is taken away.

    Args:
        path: The file; made with the first decision.
        now: The date of new decisions.

    Raises:
        ConfigError: A line is no decision; it is named.
    """

    def __init__(self, path: Path, now: Callable[[], str] = _now) -> None:
        self._path = path
        self._now = now
        self._decisions: list[Decision] = []
        self._latest: dict[tuple[str, ...], Decision] = {}
        for decision in _read(path):
            self._keep(decision)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All of them, oldest first."""
        return tuple(self._decisions)

    def add(self, decision: Decision) -> None:
        """Write a decision down, dated now; what the same source has said last of the same question is not repeated."""
        known = self._latest.get(decision.question)
        if known and _said(known) == _said(decision) and decision.answer is not None:
            return
        dated = Decision(**{**asdict(decision), "date": self._now(), "reply": decision.reply[:REPLY_CHARACTERS]})
        line = json.dumps({key: value for key, value in asdict(dated).items() if value != ""}, ensure_ascii=False)
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("ab") as stream:
            # A lone surrogate, which JSON may hold, has no form in UTF-8.
            stream.write(line.encode("utf-8", "backslashreplace") + b"\n")
        self._keep(dated)

    def _keep(self, decision: Decision) -> None:
        self._decisions.append(decision)
        self._latest[decision.question] = decision


def _said(decision: Decision) -> tuple[Any, ...]:
    return (decision.answer, decision.source, decision.note)


def _read(path: Path) -> list[Decision]:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return []
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        with path.open("r+b") as stream:
            stream.truncate(whole)
    decisions = []
    for number, line in enumerate(content[:whole].split(b"\n")[:-1], 1):
        try:
            decisions.append(from_mapping(Decision, json.loads(line.decode("utf-8"))))
        except (ValueError, RecursionError, ConfigError) as error:
            raise ConfigError(f"{path}:{number}: is no decision ({error}); take the line out") from None
    return decisions
