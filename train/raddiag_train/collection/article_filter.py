"""Article filtering: which articles are about a disorder, asked twice in different words (section 3).

Kept or left out where both answers agree; the rest is for a person.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Literal

from raddiag_engine.errors import RaddiagError
from raddiag_train.collection.article import Article
from raddiag_train.collection.chat_endpoint import ChatEndpoint, NoAnswer, PassingFailure
from raddiag_train.collection.decision_log import Decision, DecisionLog
from raddiag_train.collection.patience import Gate, Patience, ask_patiently
from raddiag_train.collection.prompts import PROMPTS, Prompt

Outcome = Literal["kept", "left out", "review"]
# A question without an answer in this many runs goes to a person; so one that cannot be answered ends no run twice.
RUNS_WITHOUT_ANSWER = 2
# So many questions in a row without an answer, each after all its attempts, and the endpoint counts as down.
FAILURES_IN_A_ROW = 3


class EndpointDown(RaddiagError):
    """The endpoint stopped answering; what it answered is kept."""


@dataclass(frozen=True)
class Verdict:
    """What the filter says of an article.

    Attributes:
        outcome: "review" where a person must decide.
        reason: In words.
    """

    outcome: Outcome
    reason: str


@dataclass(frozen=True)
class Question:
    """One article under one prompt, for one model."""

    article: Article
    prompt: Prompt
    model: str
    text_characters: int

    @property
    def sha256(self) -> str:
        """Of all that is sent: the same question is never asked twice."""
        sent = json.dumps([self.model, self.prompt.messages(self.article, self.text_characters)])
        return hashlib.sha256(sent.encode("ascii")).hexdigest()


class ArticleFilter:
    """The questions about articles, and what is known of their answers.

    Args:
        articles: To be sorted.
        model: That is asked.
        text_characters: Of an article's text that are sent, at most.
        log: Where answers are found and kept.
    """

    def __init__(self, articles: Sequence[Article], model: str, text_characters: int, log: DecisionLog) -> None:
        self._log = log
        self._questions = {
            article.key: [Question(article, prompt, model, text_characters) for prompt in PROMPTS]
            for article in articles
        }

    def open_questions(self) -> list[Question]:
        """Those without an answer that may still get one."""
        answers, failures = self._known()
        return [
            question
            for questions in self._questions.values()
            for question in questions
            if question.sha256 not in answers and failures.get(question.sha256, 0) < RUNS_WITHOUT_ANSWER
        ]

    def verdicts(self) -> dict[str, Verdict]:
        """Key of the article -> verdict, of those with no open question."""
        answers, failures = self._known()
        found = {}
        for key, questions in self._questions.items():
            hashes = [question.sha256 for question in questions]
            if all(h in answers or failures.get(h, 0) >= RUNS_WITHOUT_ANSWER for h in hashes):
                found[key] = _verdict([answers.get(h, "") for h in hashes])
        return found

    def ask(
        self,
        endpoint: ChatEndpoint,
        patience: Patience,
        concurrency: int,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Ask what is open, several questions at once; each answer is written down as it comes.

        Raises:
            EndpointRefusal: It will answer nothing.
            EndpointBusy: It asks to wait too long.
            EndpointDown: It stopped answering.
        """
        questions = self.open_questions()
        gate = Gate()
        failures: list[Decision] = []  # since the last answer; an outage is nothing that speaks against a question
        executor = ThreadPoolExecutor(concurrency, thread_name_prefix="raddiag-ask")
        futures = {executor.submit(_ask, question, endpoint, gate, patience): question for question in questions}
        futures_left = set(futures)
        try:
            for done, future in enumerate(as_completed(futures), 1):
                decision = _decision(futures[future], future)
                futures_left.discard(future)
                if decision.answer is None:
                    failures.append(decision)
                    if len(failures) == FAILURES_IN_A_ROW:
                        raise EndpointDown(
                            f"the endpoint stopped answering ({decision.note}); {done - len(failures)} of "
                            f"{len(questions)} questions are answered and kept; see to it and run again"
                        )
                else:
                    self._log_all([*failures, decision])
                    failures.clear()
                if progress:
                    progress(done, len(questions))
            self._log_all(failures)
        finally:
            gate.stop()
            executor.shutdown(wait=False, cancel_futures=True)
            endpoint.close()  # what is under way fails, which ends its thread
            executor.shutdown(wait=True)
            # What came in beside the failure that ends the run.
            late = [f for f in futures_left if f.done() and not f.cancelled() and f.exception() is None]
            self._log_all([_decision(futures[future], future) for future in late])

    def _log_all(self, decisions: Sequence[Decision]) -> None:
        for decision in decisions:
            self._log.add(decision)

    def _known(self) -> tuple[dict[str, str], dict[str, int]]:
        """Hash of a question -> answer, and -> runs in which there was none."""
        answers: dict[str, str] = {}
        failures: dict[str, int] = {}
        for decision in self._log.decisions:
            if decision.stage == "filter":
                if decision.answer is None:
                    failures[decision.asked_sha256] = failures.get(decision.asked_sha256, 0) + 1
                else:
                    answers[decision.asked_sha256] = decision.answer
        return answers, failures


def _ask(question: Question, endpoint: ChatEndpoint, gate: Gate, patience: Patience) -> str:
    messages = question.prompt.messages(question.article, question.text_characters)
    return ask_patiently(lambda: endpoint.ask(messages), gate, patience)


def _decision(question: Question, future: Future[str]) -> Decision:
    """What came back; the answer is None, and the note says why, if nothing did."""
    answer, reply, note = None, "", ""
    try:
        reply = future.result()
        positive = question.prompt.answer_of(reply)
        answer = "unclear" if positive is None else "yes" if positive else "no"
    except NoAnswer as error:
        answer, note = "unclear", str(error)
    except PassingFailure as error:
        note = str(error)
    return Decision(
        stage="filter",
        item=question.article.title,
        answer=answer,
        source="endpoint",
        prompt=question.prompt.id,
        model=question.model,
        asked_sha256=question.sha256,
        reply=reply,
        note=note,
    )


def _verdict(answers: Sequence[str]) -> Verdict:
    if all(answer == "yes" for answer in answers):
        return Verdict("kept", "both prompts say disorder")
    if all(answer == "no" for answer in answers):
        return Verdict("left out", "both prompts say none")
    if "" in answers:
        return Verdict("review", "the endpoint did not answer")
    if "unclear" in answers:
        return Verdict("review", "an answer was not clear")
    return Verdict("review", "the prompts disagree")
