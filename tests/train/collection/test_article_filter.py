"""Article filtering: agreement, what is left open, and progress that nothing loses."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_train.collection.article import Article
from raddiag_train.collection.article_filter import ArticleFilter, EndpointDown
from raddiag_train.collection.chat_endpoint import ChatEndpoint, EndpointConfig, EndpointRefusal
from raddiag_train.collection.decision_log import Decision, DecisionLog
from raddiag_train.collection.endpoint_address import chat_address
from raddiag_train.collection.patience import Patience
from raddiag_train.collection.prompts import PROMPTS
from tests.train.collection.stand_in_endpoint import Asked, Reply, StandIn, stand_in_endpoint, truthful

PATIENCE = Patience(attempts=2, first_wait_seconds=0.01)
ARTICLES = [Article(title) for title in ("Gout", "Portal vein", "Rigler sign", "Hounsfield unit", "Horseshoe kidney")]


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with stand_in_endpoint() as endpoint:
        yield endpoint


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "decisions.jsonl"


def make(log_path: Path, articles: list[Article] = ARTICLES, model: str = "m") -> ArticleFilter:
    return ArticleFilter(articles, model, 4000, DecisionLog(log_path))


def ask(filtering: ArticleFilter, stand_in: StandIn, concurrency: int = 2) -> None:
    config = EndpointConfig(chat_address(stand_in.url), "m", 5.0, connections=concurrency)
    filtering.ask(ChatEndpoint(config, ""), PATIENCE, concurrency)


def test_kept_left_out_or_for_a_person(stand_in: StandIn, log_path: Path) -> None:
    filtering = make(log_path)
    assert not filtering.verdicts()
    ask(filtering, stand_in)
    assert {key: (v.outcome, v.reason) for key, v in filtering.verdicts().items()} == {
        "gout": ("kept", "both prompts say disorder"),
        "portal vein": ("kept", "both prompts say disorder"),
        "rigler sign": ("review", "the prompts disagree"),
        "hounsfield unit": ("left out", "both prompts say none"),
        "horseshoe kidney": ("review", "an answer was not clear"),
    }
    (first, second) = (d for d in DecisionLog(log_path).decisions if d.item == "Gout")
    assert {first.prompt, second.prompt} == {prompt.id for prompt in PROMPTS}
    assert (first.model, first.answer, first.source) == ("m", "yes", "endpoint")
    assert first.date


def test_no_question_is_asked_twice_unless_something_in_it_changes(stand_in: StandIn, log_path: Path) -> None:
    ask(make(log_path), stand_in)
    assert not make(log_path).open_questions()
    assert len(make(log_path, model="another").open_questions()) == 10
    assert len(make(log_path, [Article("Gout", "now with a text"), *ARTICLES[1:]]).open_questions()) == 2


def test_an_outage_ends_the_run_keeps_the_answers_and_is_held_against_no_question(
    stand_in: StandIn, log_path: Path
) -> None:
    stand_in.answer = lambda asked: truthful(asked) if asked.number <= 4 else Reply(status=502, body=b"")
    for _ in range(3):  # also the last time, after which a question that failed in two runs would go to a person
        with pytest.raises(EndpointDown, match=r"stopped answering \(HTTP status 502\)"):
            ask(make(log_path), stand_in, concurrency=1)
    assert len(DecisionLog(log_path).decisions) == 4
    stand_in.wait_until_quiet()  # a question that was on its way when its client gave up
    stand_in.answer, before = truthful, len(stand_in.asked)
    ask(make(log_path), stand_in)
    assert len(stand_in.asked) - before == 6
    assert len(make(log_path).verdicts()) == 5


def test_one_question_that_is_never_answered_goes_to_a_person(stand_in: StandIn, log_path: Path) -> None:
    def hangs_up_on_veins(asked: Asked) -> Reply:
        return Reply("yes", hang_up=True) if asked.title == "Portal vein" else truthful(asked)

    stand_in.answer = hangs_up_on_veins
    ask(make(log_path), stand_in, concurrency=1)
    assert "portal vein" not in make(log_path).verdicts()
    ask(make(log_path), stand_in, concurrency=1)
    verdict = make(log_path).verdicts()["portal vein"]
    assert (verdict.outcome, verdict.reason) == ("review", "the endpoint did not answer")


def test_a_key_that_expires_keeps_what_was_answered(stand_in: StandIn, log_path: Path) -> None:
    stand_in.answer = lambda asked: truthful(asked) if asked.number <= 3 else Reply(status=401, body=b"")
    with pytest.raises(EndpointRefusal):
        ask(make(log_path), stand_in, concurrency=1)
    assert len(make(log_path).open_questions()) == 7


def test_an_interrupted_run_ends_at_once_and_keeps_what_was_answered(stand_in: StandIn, log_path: Path) -> None:
    over = threading.Event()

    def then_silence(asked: Asked) -> Reply:
        if asked.number > 3:
            over.wait(30)
        return truthful(asked)

    def interrupt(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    stand_in.answer = then_silence
    config = EndpointConfig(chat_address(stand_in.url), "m", 30.0)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        make(log_path).ask(ChatEndpoint(config, ""), PATIENCE, 2, interrupt)
    assert time.monotonic() - began < 10
    over.set()
    assert len(make(log_path).open_questions()) == 7


def test_answers_that_come_in_beside_the_end_of_a_run_are_kept_too(stand_in: StandIn, log_path: Path) -> None:
    def interrupt_when_all_are_answered(done: int, total: int) -> None:
        ends = time.monotonic() + 20
        while len(stand_in.asked) < total and time.monotonic() < ends:
            time.sleep(0.01)
        time.sleep(0.5)
        raise KeyboardInterrupt

    config = EndpointConfig(chat_address(stand_in.url), "m", 30.0)
    with pytest.raises(KeyboardInterrupt):
        make(log_path).ask(ChatEndpoint(config, ""), PATIENCE, 2, interrupt_when_all_are_answered)
    assert len(make(log_path).open_questions()) <= 1  # the last may have been under way


def test_no_more_at_once_than_allowed(stand_in: StandIn, log_path: Path) -> None:
    def slow(asked: Asked) -> Reply:
        time.sleep(0.02)
        return truthful(asked)

    stand_in.answer = slow
    ask(make(log_path), stand_in, concurrency=3)
    assert 2 <= stand_in.most_at_once <= 3


def test_a_line_cut_short_is_taken_away_and_a_spoilt_one_is_named(log_path: Path) -> None:
    log = DecisionLog(log_path)
    log.add(Decision("review", "Gout", "yes", "review.csv", annotator="rita"))
    log.add(Decision("review", "Gout", "yes", "review.csv", annotator="rita"))
    whole = log_path.read_bytes()
    assert whole.count(b"\n") == 1
    log_path.write_bytes(whole + b'{"stage": "rev')
    log = DecisionLog(log_path)
    log.add(Decision("review", "Gout", "no", "review.csv", annotator="rita"))
    assert [decision.answer for decision in DecisionLog(log_path).decisions] == ["yes", "no"]
    log_path.write_bytes(whole + b'{"stage": "guess", "item": "x", "answer": "y", "source": "z"}\n')
    with pytest.raises(ConfigError, match=r"decisions\.jsonl:2: .*guess"):
        DecisionLog(log_path)


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("yes", True),
        ("**Yes.**", True),
        ("No, it is a vein.", False),
        ("<think>no, or yes?</think>\nYes", True),
        ("Yes and no", None),
        ("It depends", None),
        ("", None),
        ("yesterday", None),
        ("disorder", None),
    ],
)
def test_only_clear_answers_count(reply: str, answer: bool | None) -> None:
    assert PROMPTS[0].answer_of(reply) is answer


def test_the_second_prompt_has_words_of_its_own() -> None:
    assert PROMPTS[1].answer_of("Disorder") is True
    assert PROMPTS[1].answer_of("other.") is False
    assert PROMPTS[1].answer_of("yes") is None
    assert PROMPTS[0].id != PROMPTS[1].id
