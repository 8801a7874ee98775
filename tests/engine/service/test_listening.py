"""Beyond this machine only with TLS and named tokens; tokens are kept as hashes."""

from __future__ import annotations

import stat
import sys
from pathlib import Path

import pytest

from raddiag_engine.errors import ConfigError
from raddiag_engine.service.listening import Listening
from raddiag_engine.service.tokens import Tokens, add_token, new_token


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.168.1.7", "gpu.hospital.example", "127.0.0.1.evil.example"])
def test_no_address_beyond_this_machine_without_tls_and_tokens(host: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--tls-cert, --tls-key and --tokens"):
        Listening(host)
    with pytest.raises(ConfigError, match="--tls-cert, --tls-key and --tokens"):
        Listening(host, tokens_file=tmp_path / "tokens")


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.8.9.10"])
def test_this_machine_needs_no_certificate(host: str) -> None:
    assert Listening(host).is_local
    assert Listening(host).scheme == "http"


def test_half_a_certificate_or_a_bad_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="belong together"):
        Listening(tls_cert=tmp_path / "cert.pem")
    (tmp_path / "cert.pem").write_text("nonsense")
    with pytest.raises(ConfigError, match=r"cert\.pem: not a certificate"):
        Listening(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "cert.pem")
    with pytest.raises(ConfigError, match="port 70000"):
        Listening(port=70000)


def test_a_taken_port_is_said() -> None:
    with Listening().bind() as taken:
        taken.listen()
        with pytest.raises(ConfigError, match="cannot listen on"):
            Listening(port=taken.getsockname()[1]).bind()


def test_the_hosts_that_are_this_service() -> None:
    assert Listening().authorities(8000) == ("127.0.0.1:8000",)
    assert Listening("::1").authorities(8000) == ("[::1]:8000",)
    assert Listening("127.0.0.1", names=("GPU.example",)).authorities(80) == ("gpu.example:80", "127.0.0.1:80")


def test_tokens_are_kept_as_hashes(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    ward, theatre = add_token(path, "ward"), add_token(path, "theatre-2")
    text = path.read_text()
    assert ward not in text and theatre not in text
    tokens = Tokens.read(path)
    assert (tokens.owner_of(ward), tokens.owner_of(theatre), tokens.owner_of("x")) == ("ward", "theatre-2", None)
    assert len(ward) >= 43 and ward != theatre
    renewed = add_token(path, "ward")
    assert (Tokens.read(path).owner_of(ward), Tokens.read(path).owner_of(renewed)) == (None, "ward")
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "ward:abc\n", "ward:" + "0" * 63 + "g\n", "a b:" + "0" * 64, "\xff"]
)
def test_a_bad_tokens_file_is_refused_without_quoting_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(ConfigError) as caught:
        Tokens.read(path)
    assert "tokens" in str(caught.value)
    assert "abc" not in str(caught.value)
    with pytest.raises(ConfigError):
        Tokens.read(tmp_path / "absent")


def test_a_short_token_or_a_bad_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="at least 32"):
        Tokens.of_launch("secret")
    assert Tokens.of_launch(new_token())
    for name in ("", "a:b", "a b", "-x", "x" * 65, "a\nb"):
        with pytest.raises(ConfigError, match="no name of a client"):
            add_token(tmp_path / "tokens", name)
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        add_token(tmp_path / "file" / "tokens", "ward")
