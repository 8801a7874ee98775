"""One question to an OpenAI-compatible endpoint over HTTP, and everything that can come back instead of an answer."""

from __future__ import annotations

import json
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from raddiag_engine.client.open_sockets import OpenSockets
from raddiag_engine.errors import ConfigError, RaddiagError, one_line
from raddiag_engine.protocol.errors import ProtocolError
from raddiag_engine.protocol.strict_json import read_object

if TYPE_CHECKING:
    import httpx2

    from raddiag_train.collection.prompts import Messages

MOST_REPLY_BYTES = 1 << 20
_BUSY = (408, 409, 425, 429, 500, 502, 503, 504, 529)
_ABOUT_THE_QUESTION = (400, 413, 422)
_REASON_CHARACTERS = 160


class EndpointRefusal(RaddiagError):
    """The endpoint will answer no question as it is asked: wrong key, address, model or parameters."""


class PassingFailure(Exception):
    """No answer this time; the same question may be answered later.

    Attributes:
        retry_after_seconds: What the endpoint asks to wait; None if it does not say.
    """

    def __init__(self, reason: str, retry_after_seconds: float | None = None) -> None:
        super().__init__(one_line(reason))
        self.retry_after_seconds = retry_after_seconds


class NoAnswer(Exception):
    """The endpoint will not answer this one question, whatever it does with others."""


@dataclass(frozen=True)
class EndpointConfig:
    """Whom to ask and how.

    Attributes:
        address: Of the chat completions, checked.
        model: Name that the endpoint knows.
        timeout_seconds: Of one question, from sending it to the end of the reply.
        temperature: 0 for the same answer each time; None leaves it out, for models that refuse it.
        ca_file: Certificates to trust, PEM; None for those of the system.
        connections: Most open at once.
    """

    address: str
    model: str
    timeout_seconds: float = 60.0
    temperature: float | None = 0.0
    ca_file: Path | None = None
    connections: int = 4


class ChatEndpoint:
    """Asks an endpoint; safe from several threads.

    Args:
        config: Whom to ask.
        key: Sent as bearer token, shown nowhere; empty for none.

    Raises:
        ConfigError: The file of certificates cannot be read.
    """

    def __init__(self, config: EndpointConfig, key: str) -> None:
        import httpx2

        self._config = config
        self._key = key
        # Has anything been answered: what comes before is most likely wrong altogether, not just this time.
        self._has_answered = False
        self._sockets = OpenSockets()
        self._http = httpx2.Client(
            headers={"Authorization": f"Bearer {key}"} if key else {},
            limits=httpx2.Limits(max_connections=config.connections),
            timeout=config.timeout_seconds,
            verify=_certificates(config),
            trust_env=False,  # no proxy reads along, and no .netrc adds a password
            follow_redirects=False,  # which could lead to another machine
        )

    def close(self) -> None:
        """Close for good, from any thread: what is under way fails."""
        self._sockets.shut()
        self._http.close()

    def ask(self, messages: Messages) -> str:
        """The text of the reply.

        Raises:
            EndpointRefusal: It will answer nothing.
            PassingFailure: It did not answer this time.
            NoAnswer: It does not answer this.
        """
        import httpx2

        question: dict[str, Any] = {"model": self._config.model, "messages": messages}
        if self._config.temperature is not None:
            question["temperature"] = self._config.temperature
        # ASCII with escapes: a lone surrogate in an article must not end the run.
        body = json.dumps(question).encode("ascii")
        headers = {"Content-Type": "application/json"}
        try:
            with self._http.stream(
                "POST",
                self._config.address,
                content=body,
                headers=headers,
                extensions={"trace": self._sockets.trace},
            ) as response:
                content = self._read(response)
                self._check(response, content)
        except httpx2.ConnectError as error:
            if not self._has_answered:
                raise self._unreachable(error) from error
            raise PassingFailure("it cannot be reached") from error
        except httpx2.TimeoutException as error:
            raise PassingFailure(f"no answer within {self._config.timeout_seconds:g} s") from error
        except httpx2.HTTPError as error:
            raise PassingFailure("it hung up half-way") from error
        text = self._text(content)
        self._has_answered = True
        return text

    def _read(self, response: httpx2.Response) -> bytes:
        """The body; its end must come in time, however slowly the bytes drip."""
        content = bytearray()
        ends = time.monotonic() + self._config.timeout_seconds
        for part in response.iter_bytes():
            content += part
            if len(content) > MOST_REPLY_BYTES:
                raise NoAnswer("the reply has no end")
            if time.monotonic() > ends:
                raise PassingFailure(f"no answer within {self._config.timeout_seconds:g} s")
        return bytes(content)

    def _check(self, response: httpx2.Response, content: bytes) -> None:
        status = response.status_code
        if response.is_success:
            return
        if status in _BUSY:
            wait = retry_after_seconds(response.headers.get("Retry-After"))
            raise PassingFailure(f"HTTP status {status}", wait)
        reason = self._reason(content)
        if status in _ABOUT_THE_QUESTION and self._has_answered:
            raise NoAnswer(f"refused with HTTP status {status}{reason}")
        said = f"{self._config.address}: refuses with HTTP status {status}"
        if status in (401, 403):
            # What is said of a key may quote it.
            raise EndpointRefusal(f"{said}; check the key in the environment, and what it may use")
        if status == 404:
            raise EndpointRefusal(f"{said}{reason}; check --endpoint and the name of the model")
        raise EndpointRefusal(f"{said}{reason}; check --endpoint, --model and its parameters (--no-temperature)")

    def _reason(self, content: bytes) -> str:
        """The endpoint's own words as a bracket, if it has any; without the key, should it be among them."""
        try:
            error = read_object(content).get("error")
        except ProtocolError:
            return ""
        words = error.get("message") if isinstance(error, dict) else error
        if not isinstance(words, str) or not words.strip():
            return ""
        words = words.replace(self._key, "[key]") if self._key else words
        return f" ({one_line(words)[:_REASON_CHARACTERS]})"

    def _text(self, content: bytes) -> str:
        try:
            text = read_object(content)["choices"][0]["message"]["content"]
        except (ProtocolError, KeyError, IndexError, TypeError):
            text = None
        if isinstance(text, str):
            return text
        if not self._has_answered:
            raise EndpointRefusal(
                f"{self._config.address}: does not answer like an OpenAI-compatible endpoint; check --endpoint, which "
                "mostly ends in /v1"
            )
        raise PassingFailure("the reply is not of the form of chat completions")

    def _unreachable(self, error: Exception) -> EndpointRefusal:
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError) or "CERTIFICATE_VERIFY_FAILED" in str(cause):
                return EndpointRefusal(f"{self._config.address}: its certificate is not trusted; name --ca-file")
            cause = cause.__cause__ or cause.__context__
        return EndpointRefusal(f"{self._config.address}: there is no endpoint; start it, or check --endpoint")


def retry_after_seconds(value: str | None) -> float | None:
    """The header Retry-After, seconds or a date, as seconds from now; None where it says nothing."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max((when - datetime.now(UTC)).total_seconds(), 0.0)


def _certificates(config: EndpointConfig) -> ssl.SSLContext | bool:
    if not config.address.startswith("https:"):
        return False  # nothing is verified where nothing is encrypted
    try:
        return ssl.create_default_context(cafile=config.ca_file)
    except OSError as error:
        raise ConfigError(f"{config.ca_file}: not a file of certificates (PEM)") from error
