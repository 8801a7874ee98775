"""The HTTP client of the article filter, against a real server that fails in every way."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_train.collection.article import Article
from raddiag_train.collection.chat_endpoint import (
    ChatEndpoint,
    EndpointConfig,
    EndpointRefusal,
    NoAnswer,
    PassingFailure,
    retry_after_seconds,
)
from raddiag_train.collection.endpoint_address import chat_address, read_key
from raddiag_train.collection.patience import EndpointBusy, Gate, Patience, Stopped, ask_patiently
from raddiag_train.collection.prompts import PROMPTS
from tests.train.collection.stand_in_endpoint import Asked, Reply, StandIn, stand_in_endpoint

KEY = "sk-top-secret"
MESSAGES = PROMPTS[0].messages(Article("Gout", "Pain in a toe."), 4000)


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    with stand_in_endpoint() as endpoint:
        yield endpoint


def client(stand_in: StandIn, timeout_seconds: float = 5.0, url: str = "") -> ChatEndpoint:
    return ChatEndpoint(EndpointConfig(chat_address(url or stand_in.url), "m", timeout_seconds), KEY)


def test_a_question_and_its_answer(stand_in: StandIn) -> None:
    assert client(stand_in).ask(MESSAGES) == "Yes."
    (asked,) = stand_in.asked
    assert asked.headers["Authorization"] == f"Bearer {KEY}"
    assert asked.title == "Gout"


@pytest.mark.parametrize("status", [401, 403, 404, 400])
def test_a_refusal_is_one_line_without_the_key(stand_in: StandIn, status: int) -> None:
    body = f'{{"error": {{"message": "no\\nto {KEY}"}}}}'.encode()
    stand_in.answer = lambda asked: Reply(status=status, body=body)
    with pytest.raises(EndpointRefusal, match=str(status)) as caught:
        client(stand_in).ask(MESSAGES)
    assert KEY not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_question_refused_among_answers_is_no_refusal_of_all(stand_in: StandIn) -> None:
    endpoint = client(stand_in)
    endpoint.ask(MESSAGES)
    stand_in.answer = lambda asked: Reply(status=400, body=b'{"error": "too long"}')
    with pytest.raises(NoAnswer, match="too long"):
        endpoint.ask(MESSAGES)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Reply(status=500, body=b"<html>"), "500"),
        (Reply(status=503, body=b""), "503"),
        (Reply("Yes", hang_up=True), "hung up"),
    ],
)
def test_failures_that_pass(stand_in: StandIn, reply: Reply, reason: str) -> None:
    stand_in.answer = lambda asked: reply
    with pytest.raises(PassingFailure, match=reason):
        client(stand_in).ask(MESSAGES)


@pytest.mark.parametrize("body", [b"<html>hello</html>", b'{"choices": []}', b'{"choices": 1}', b"[1]", b"\xff", b""])
def test_another_kind_of_server_is_told_at_once(stand_in: StandIn, body: bytes) -> None:
    stand_in.answer = lambda asked: Reply(body=body)
    with pytest.raises(EndpointRefusal, match="OpenAI-compatible"):
        client(stand_in).ask(MESSAGES)


def test_nonsense_after_answers_may_pass(stand_in: StandIn) -> None:
    endpoint = client(stand_in)
    endpoint.ask(MESSAGES)
    stand_in.answer = lambda asked: Reply(body=b"<html>")
    with pytest.raises(PassingFailure, match="form"):
        endpoint.ask(MESSAGES)


def test_a_reply_without_end_is_cut(stand_in: StandIn) -> None:
    stand_in.answer = lambda asked: Reply(body=b"x" * (2 << 20))
    with pytest.raises(NoAnswer, match="end"):
        client(stand_in).ask(MESSAGES)


def test_silence_is_a_timeout(stand_in: StandIn) -> None:
    def slow(asked: Asked) -> Reply:
        time.sleep(0.5)
        return Reply("yes")

    stand_in.answer = slow
    with pytest.raises(PassingFailure, match=r"0\.1 s"):
        client(stand_in, timeout_seconds=0.1).ask(MESSAGES)


def test_a_redirect_is_not_followed(stand_in: StandIn) -> None:
    stand_in.answer = lambda asked: Reply(status=307, body=b"", headers={"Location": f"{stand_in.url}/elsewhere"})
    with pytest.raises(EndpointRefusal, match="307"):
        client(stand_in).ask(MESSAGES)
    assert len(stand_in.asked) == 1


def test_no_proxy_reads_along(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    assert client(stand_in).ask(MESSAGES) == "Yes."


def test_nobody_there_is_told_at_once(stand_in: StandIn) -> None:
    with pytest.raises(EndpointRefusal, match="there is no endpoint"):
        client(stand_in, url="http://127.0.0.1:9/v1").ask(MESSAGES)


def test_the_limit_of_one_thread_holds_for_all() -> None:
    gate, passed = Gate(), threading.Event()
    gate.hold_all(0.2)
    thread = threading.Thread(target=lambda: (gate.wait(), passed.set()))
    began = time.monotonic()
    thread.start()
    thread.join()
    assert passed.is_set()
    assert time.monotonic() - began >= 0.2


def test_retry_after_is_waited_for_and_then_answered(stand_in: StandIn) -> None:
    times: list[float] = []

    def busy_once(asked: Asked) -> Reply:
        times.append(time.monotonic())
        return Reply(status=429, body=b"", headers={"Retry-After": "1"}) if asked.number == 1 else Reply("no")

    stand_in.answer = busy_once
    endpoint = client(stand_in)
    assert ask_patiently(lambda: endpoint.ask(MESSAGES), Gate(), Patience(first_wait_seconds=0.01)) == "no"
    assert times[1] - times[0] >= 1


def test_a_wait_beyond_reason_ends_the_run(stand_in: StandIn) -> None:
    stand_in.answer = lambda asked: Reply(status=429, body=b"", headers={"Retry-After": "86400"})
    endpoint = client(stand_in)
    with pytest.raises(EndpointBusy, match="86400 s"):
        ask_patiently(lambda: endpoint.ask(MESSAGES), Gate(), Patience())


def test_attempts_end(stand_in: StandIn) -> None:
    stand_in.answer = lambda asked: Reply(status=500, body=b"")
    endpoint = client(stand_in)
    with pytest.raises(PassingFailure):
        ask_patiently(lambda: endpoint.ask(MESSAGES), Gate(), Patience(attempts=3, first_wait_seconds=0.01))
    assert len(stand_in.asked) == 3


def test_a_stop_ends_a_wait() -> None:
    gate = Gate()
    gate.hold_all(60)
    threading.Timer(0.05, gate.stop).start()
    with pytest.raises(Stopped):
        gate.wait()


def test_retry_after_as_seconds_as_date_and_as_nonsense() -> None:
    assert retry_after_seconds("17") == 17
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(minutes=1), usegmt=True)
    assert 55 < (retry_after_seconds(in_a_minute) or 0) <= 60
    assert retry_after_seconds("Wed, 21 Oct 2015 07:28:00 GMT") == 0
    assert retry_after_seconds("soon") is None
    assert retry_after_seconds(None) is None


def test_addresses() -> None:
    assert chat_address("http://localhost:8000/v1/") == "http://localhost:8000/v1/chat/completions"
    assert chat_address("http://[::1]:1/v1/chat/completions") == "http://[::1]:1/v1/chat/completions"
    remote = "https://llm.example/v1"
    assert chat_address(remote, allow_remote=True).startswith(remote)
    for url in (remote, "http://10.0.0.7/v1", "https://127.0.0.1.evil.example/v1", "http://localhost.evil.example"):
        with pytest.raises(ConfigError, match="--allow-remote"):
            chat_address(url)
    with pytest.raises(ConfigError, match="--allow-plain-http"):
        chat_address("http://10.0.0.7/v1", allow_remote=True)
    for url in ("", "ftp://127.0.0.1", "http://", "http://127.0.0.1:port/v1"):
        with pytest.raises(ConfigError, match="no address"):
            chat_address(url)
    for url in (f"http://user:{KEY}@127.0.0.1/v1", f"http://127.0.0.1/v1?key={KEY}"):
        with pytest.raises(ConfigError) as caught:
            chat_address(url)
        assert KEY not in str(caught.value)


def test_a_key_is_one_word_and_never_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RADDIAG_ENDPOINT_KEY", f" {KEY}\n")
    assert read_key() == KEY
    monkeypatch.delenv("RADDIAG_ENDPOINT_KEY")
    assert read_key() == ""
    monkeypatch.setenv("RADDIAG_ENDPOINT_KEY", f"{KEY}\r\nHost: evil")
    with pytest.raises(ConfigError) as caught:
        read_key()
    assert KEY not in str(caught.value)


def test_a_file_of_no_certificates_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("nothing")
    config = EndpointConfig("https://127.0.0.1/v1/chat/completions", "m", ca_file=tmp_path / "ca.pem")
    with pytest.raises(ConfigError, match=r"ca\.pem"):
        ChatEndpoint(config, "")
