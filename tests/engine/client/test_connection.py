"""Whatever answers, or does not, is said in words; and what must stay local stays local."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from raddiag_engine.client import EngineClient, EngineError
from raddiag_engine.client.connection import checked_url
from raddiag_engine.client.remote_token import read_token
from raddiag_engine.errors import ConfigError
from raddiag_engine.protocol.version import PROTOCOL
from raddiag_engine.service.listening import Listening
from tests.engine.service.sample import sample_case
from tests.engine.service.service_process import ServiceProcess


class Answer(BaseHTTPRequestHandler):
    """Some other server."""

    status, body, seconds = 200, b"", 0.0

    def do_GET(self) -> None:
        time.sleep(self.seconds)
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        with suppress(OSError):  # the client did not wait
            self.end_headers()
            self.wfile.write(self.body)

    def log_message(self, *args: object) -> None:
        return None


@pytest.fixture
def other_server() -> Iterator[tuple[str, type[Answer]]]:
    handler = type("Handler", (Answer,), {})
    server = HTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("status", "body", "cause", "words"),
    [
        (200, json.dumps({"protocol": 99, "package": "7.1"}).encode(), "version", "update this program"),
        (200, json.dumps({"protocol": 0, "package": "0.0"}).encode(), "version", "update the engine"),
        (200, json.dumps({"hello": 1}).encode(), "version", "no RadDiag engine"),
        (200, b"<html>", "version", "no RadDiag engine"),
        (404, b"<html>", "version", "does not answer like a RadDiag engine"),
        (503, b"Service Unavailable", "full", "too many clients"),
        (401, json.dumps({"code": "wrong_token", "message": "the token is wrong"}).encode(), "token", "token is wrong"),
        (200, json.dumps({"protocol": PROTOCOL, "new": 1}).encode(), "version", "does not understand"),
    ],
)
def test_another_version_or_another_server_is_said(
    other_server: tuple[str, type[Answer]], status: int, body: bytes, cause: str, words: str
) -> None:
    url, handler = other_server
    handler.status, handler.body = status, body
    with pytest.raises(EngineError) as caught:
        EngineClient(url, "t").health()
    assert caught.value.cause == cause
    assert words in str(caught.value)


def test_silence_is_not_waited_for_for_ever(other_server: tuple[str, type[Answer]]) -> None:
    url, handler = other_server
    handler.seconds = 8.0
    case = sample_case()
    start = time.monotonic()
    with pytest.raises(EngineError, match="does not answer") as caught:
        EngineClient(url, "t", timeout_seconds=0.3).diagnose(case)
    assert caught.value.cause == "down"
    assert time.monotonic() - start < 6


def test_no_engine_is_said_with_the_remedy() -> None:
    with Listening().bind() as unheard:
        url = f"http://127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(EngineError, match="start it with `raddiag serve`") as caught:
            EngineClient(url, "t").diagnose(sample_case())
    assert caught.value.cause == "down"


def test_a_wrong_token_is_said(service: ServiceProcess) -> None:
    with pytest.raises(EngineError, match="token is missing or wrong") as caught:
        EngineClient(service.url, "wrong").diagnose(sample_case())
    assert caught.value.cause == "token"


def test_no_proxy_comes_between(service: ServiceProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert EngineClient(service.url, service.token).health().package


@pytest.mark.parametrize(
    "url",
    ["", "gpu:8000", "ftp://gpu", "https://", "https://user:x@gpu", "http://gpu:x", "https://gpu/path", "file:///etc"],
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="address of an engine"):
        checked_url(url)


@pytest.mark.parametrize(
    "url", ["http://gpu.hospital.example:80", "http://192.168.0.9", "http://127.0.0.1.evil.example"]
)
def test_scans_go_to_other_machines_encrypted_only(url: str) -> None:
    with pytest.raises(ConfigError, match="https only"):
        EngineClient(url, "t")
    assert checked_url(url.replace("http:", "https:"))


def test_the_token_comes_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "token"
    path.write_text("from-the-file\n")
    monkeypatch.setenv("RADDIAG_TOKEN", " from-the-environment ")
    assert (read_token(path), read_token()) == ("from-the-file", "from-the-environment")
    monkeypatch.delenv("RADDIAG_TOKEN")
    path.write_text("\n")
    for bad in (None, path, tmp_path / "absent"):
        with pytest.raises(ConfigError, match="token"):
            read_token(bad)


def test_the_client_and_the_server_import_no_torch_and_the_client_no_server() -> None:
    program = """
import sys
import raddiag_engine.client.engine_client, raddiag_engine.client.local_service
heavy = {"torch", "fastapi", "pydantic", "uvicorn", "starlette", "httpx2", "captum"}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
import raddiag_engine.service.server, raddiag_engine.service.worker
assert not {"torch", "captum", "monai"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
