"""`raddiag serve` as users and the viewer run it: it starts fast, is safe, and leaves no process behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import psutil
import pytest

from raddiag_engine import cli
from raddiag_engine.client import EngineClient, EngineError, LocalService
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.protocol.version import PROTOCOL
from raddiag_engine.service.tokens import new_token
from raddiag_resources import path_of
from tests.engine.service.sample import sample_case
from tests.engine.service.service_process import is_gone, wait_until

SERVE = [sys.executable, "-P", "-m", "raddiag_engine.cli", "serve", "--device", "cpu"]


@pytest.fixture(scope="module")
def service() -> Iterator[LocalService]:
    running = LocalService.start(device="cpu", start_seconds=120)
    yield running
    running.stop()


def family_of(pid: int) -> list[int]:
    """The process and its children, once it has a worker."""
    wait_until(lambda: len(psutil.Process(pid).children()) == 1)
    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]


def all_gone(pids: list[int], seconds: float = 15.0) -> None:
    wait_until(lambda: all(map(is_gone, pids)), seconds)


def test_it_listens_before_it_has_loaded_its_model(service: LocalService) -> None:
    started = LocalService.start(device="cpu", start_seconds=120)
    try:
        assert started.alive()
        assert started.pid != service.pid
        assert started.client.health().worker in ("starting", "ready")
        assert started.client.diagnose(sample_case()).positive == 2, "a job that comes early waits for the worker"
        end = time.monotonic() + 5  # the answer may be here before the worker has said that it is done
        while started.client.health().worker == "busy" and time.monotonic() < end:
            time.sleep(0.01)
        assert started.client.health().worker == "ready"
    finally:
        started.stop()
    assert not started.alive()


def test_stopping_leaves_no_process_behind() -> None:
    service = LocalService.start(device="cpu", start_seconds=120)
    family = family_of(service.pid)
    start = time.monotonic()
    service.stop()
    assert time.monotonic() - start < 8
    assert all(map(is_gone, family))
    assert not service.alive()
    service.stop()  # twice does no harm
    with pytest.raises(EngineError) as caught:
        service.client.health()
    assert caught.value.cause == "down"


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_stopping_ends_a_service_and_a_worker_that_hang() -> None:
    service = LocalService.start(device="cpu", start_seconds=120)
    family = family_of(service.pid)
    for pid in reversed(family):
        os.kill(pid, signal.SIGSTOP)
    service.stop()
    all_gone(family)


def test_a_killed_service_takes_its_worker_along() -> None:
    service = LocalService.start(device="cpu", start_seconds=120)
    try:
        family = family_of(service.pid)
        os.kill(service.pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        all_gone(family)
        assert not service.alive()
    finally:
        service.stop()


VIEWER = """
import sys, time
from raddiag_engine.client import LocalService
service = LocalService.start(device="cpu", start_seconds=120)
print(service.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="kills with POSIX signals")
def test_a_service_ends_with_a_parent_that_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", VIEWER], stdout=subprocess.PIPE) as viewer:
        assert viewer.stdout is not None
        family = family_of(int(viewer.stdout.readline()))
        viewer.kill()
        viewer.wait()
        all_gone(family)


def test_what_keeps_it_from_starting_is_said_in_one_line(tmp_path: Path) -> None:
    for arguments, words in (
        ({"model": str(tmp_path / "absent")}, "no model"),
        ({"device": "tpu"}, "invalid choice: 'tpu'"),
    ):
        with pytest.raises(EngineError, match=words) as caught:
            LocalService.start(**arguments)  # type: ignore[arg-type]
        assert caught.value.cause == "start"
        assert "\n" not in str(caught.value)


def test_the_token_is_in_no_argument_and_no_environment(service: LocalService) -> None:
    token = service.client._connection._token
    assert len(token) >= 43
    for pid in family_of(service.pid):
        process = psutil.Process(pid)
        assert token not in " ".join(process.cmdline())
        assert token not in str(process.environ())


def test_it_listens_on_this_machine_only(service: LocalService) -> None:
    addresses = {c.laddr.ip for c in psutil.Process(service.pid).net_connections() if c.status == psutil.CONN_LISTEN}
    assert addresses == {"127.0.0.1"}
    assert not [
        c for c in psutil.Process(family_of(service.pid)[1]).net_connections() if c.status == psutil.CONN_LISTEN
    ]


def test_the_server_process_has_no_torch_in_it(service: LocalService) -> None:
    if not Path(f"/proc/{service.pid}/maps").exists():
        pytest.skip("needs /proc")
    assert "libtorch" not in Path(f"/proc/{service.pid}/maps").read_text()
    service.client.diagnose(sample_case())
    assert "libtorch" in Path(f"/proc/{family_of(service.pid)[1]}/maps").read_text()


@pytest.fixture(scope="module")
def description(service: LocalService) -> dict[str, Any]:
    return service.client._connection.data("GET", "/openapi.json")


def test_the_description_covers_every_route(description: dict[str, Any]) -> None:
    operations = {(m.upper(), path) for path, entry in description["paths"].items() for m in entry}
    assert operations == {
        ("GET", "/v1/health"),
        ("GET", "/v1/device"),
        ("GET", "/v1/models"),
        ("GET", "/v1/models/{name}/card"),
        ("PUT", "/v1/voxels/{sha256}"),
        ("PUT", "/v1/jobs/{job_id}"),
        ("GET", "/v1/jobs/{job_id}"),
        ("GET", "/v1/jobs/{job_id}/events"),
        ("GET", "/v1/jobs/{job_id}/result"),
        ("POST", "/v1/jobs/{job_id}/cancel"),
        ("DELETE", "/v1/jobs/{job_id}"),
    }
    assert routes_of_the_app() == operations
    for path, entry in description["paths"].items():
        for method, operation in entry.items():
            assert operation["summary"] and operation["description"], path
            assert {"401", "403", "421"} <= set(operation["responses"]), path
            assert operation["security"] == [{"HTTPBearer": []}]
            assert ("requestBody" in operation) == (method == "put"), path
            answers = [r for status, r in operation["responses"].items() if status.startswith("2") and status != "204"]
            assert all(answer["content"] for answer in answers), path


def routes_of_the_app() -> set[tuple[str, str]]:
    """What the application answers to, whether described or not."""
    from fastapi.routing import APIRoute

    from raddiag_engine.service.app import Service, build_app
    from raddiag_engine.service.job_runner import JobRunner
    from raddiag_engine.service.limits import ServiceLimits
    from raddiag_engine.service.offered_models import OfferedModels
    from raddiag_engine.service.voxel_store import VoxelStore

    limits, store = ServiceLimits(), VoxelStore(1)
    app = build_app(Service(OfferedModels("demo"), JobRunner("", "cpu", store, limits), store, limits))
    return {(m, r.path) for r in app.routes if isinstance(r, APIRoute) for m in r.methods}


def test_what_is_sent_and_answered_is_as_described(service: LocalService, description: dict[str, Any]) -> None:
    from raddiag_engine.protocol.case_message import case_to_message
    from raddiag_engine.protocol.job import JobRequest, request_to_data
    from raddiag_engine.protocol.voxels import VoxelNames

    def schema_of(path: str, method: str = "get", status: str = "200") -> dict[str, Any]:
        content = description["paths"][path][method]["responses"][status]["content"]
        return {**content["application/json"]["schema"], "components": description["components"]}

    data = service.client._connection.data
    jsonschema.validate(data("GET", "/v1/health"), schema_of("/v1/health"))
    jsonschema.validate(data("GET", "/v1/device"), schema_of("/v1/device"))
    jsonschema.validate(data("GET", "/v1/models"), schema_of("/v1/models"))
    jsonschema.validate(data("GET", "/v1/models/demo/card"), schema_of("/v1/models/{name}/card"))
    diagnosis = service.client.diagnose(sample_case()).to_mapping()
    result = schema_of("/v1/jobs/{job_id}/result")
    jsonschema.validate(diagnosis, result)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**diagnosis, "schema": 2}, result)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**diagnosis, "assessed": "many"}, result)
    request = request_to_data(JobRequest("diagnose", case_to_message(sample_case(), VoxelNames().of)))
    body = description["paths"]["/v1/jobs/{job_id}"]["put"]["requestBody"]["content"]["application/json"]["schema"]
    jsonschema.validate(json.loads(json.dumps(request)), body)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**request, "kind": "execute"}, body)


@contextmanager
def serving(*arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`raddiag serve` from a shell, and the address it says."""
    process = subprocess.Popen(
        [*SERVE, *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    try:
        assert process.stdout is not None and process.stderr is not None
        line = process.stdout.readline()
        assert line, process.stderr.read()
        yield process, line.split(" at ")[1].split(";")[0]
    finally:
        process.terminate()
        process.wait(20)


def diagnose(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = cli.main(["diagnose", str(path_of("sample_case")), *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_server_diagnoses_for_the_command_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    token = new_token()
    with serving(RADDIAG_TOKEN=token) as (process, url):
        monkeypatch.setenv("RADDIAG_TOKEN", token)
        status, printed, said = diagnose(capsys, "--server", url, "--json", str(tmp_path / "there.json"))
        assert (status, said) == (0, "")
        monkeypatch.delenv("RADDIAG_TOKEN")
        (tmp_path / "token").write_text(token)
        options = ("--server", url, "--token-file", str(tmp_path / "token"), "--json", "-")
        assert Diagnosis.from_mapping(json.loads(diagnose(capsys, *options)[1])).positive == 2
        status, _, said = diagnose(capsys, "--server", url)
        assert (status, len(said.splitlines())) == (2, 1)
        assert "needs a token" in said
        status, _, said = diagnose(capsys, *options, "--device", "cuda")
        assert (status, "its own device" in said) == (2, True)
        (tmp_path / "token").write_text("x" * 43)
        status, _, said = diagnose(capsys, *options)
        assert (status, "token is missing or wrong" in said) == (2, True)
        process.terminate()
        assert process.wait(20) == 0
        (tmp_path / "token").write_text(token)
        status, _, said = diagnose(capsys, *options)
        assert (status, "no engine at" in said) == (2, True)
        assert token not in said
    status, printed_here, _ = diagnose(capsys, "--device", "cpu", "--json", str(tmp_path / "here.json"))
    there, here = (Diagnosis.from_mapping(json.loads((tmp_path / f"{n}.json").read_text())) for n in ("there", "here"))
    assert list(there.seconds) == list(here.seconds) == ["read", "prepare", "encode", "fuse"]
    assert replace(there, seconds={}) == replace(here, seconds={})
    with_times = [line for line in printed.splitlines() if " s, " not in line]
    assert with_times == [line for line in printed_here.splitlines() if " s, " not in line]


def test_it_says_on_no_pipe_what_its_token_is() -> None:
    done = subprocess.run(SERVE, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert "RADDIAG_TOKEN" in done.stderr
    short = {**os.environ, "RADDIAG_TOKEN": "secret"}
    done = subprocess.run(
        SERVE, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=short, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "at least 32" in done.stderr and "secret" not in done.stderr


def test_an_idle_server_ends_by_itself() -> None:
    with serving("--idle-minutes", "0.03", RADDIAG_TOKEN=new_token()) as (process, _):
        family = family_of(process.pid)
        assert process.wait(60) == 0
        all_gone(family)


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_good_order(sign: signal.Signals) -> None:
    with serving(RADDIAG_TOKEN=new_token()) as (process, _):
        family = family_of(process.pid)
        process.send_signal(sign)
        assert process.wait(20) == 0
        all_gone(family)
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for localhost that signed itself, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    try:
        subprocess.run(
            ["openssl", *kind, "-keyout", str(key), "-out", str(cert), *names], check=True, capture_output=True
        )
    except FileNotFoundError:
        pytest.skip("needs the command openssl")
    return cert, key


def test_beyond_this_machine_it_refuses_without_tls_and_tokens(
    certificate: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cert, key = map(str, certificate)
    tls = ("--tls-cert", cert, "--tls-key", key)
    tokens = ("--tokens", str(tmp_path / "tokens"))
    everywhere = ["serve", "--host", "0.0.0.0"]
    for arguments, words in (
        ((), "will not listen on 0.0.0.0 without"),
        (tls, "will not listen on 0.0.0.0 without"),
        (tokens, "will not listen on 0.0.0.0 without"),
        ((*tls, *tokens), "by which --name"),
        ((*tls, *tokens, "--name", "localhost"), "tokens cannot be read"),
    ):
        assert cli.main([*everywhere, *arguments]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert len(said.splitlines()) == 1


def test_over_tls_named_clients_are_served_and_do_not_see_each_other(
    certificate: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cert, key = certificate
    keys = {}
    for name in ("ward", "theatre"):
        assert cli.main(["serve", "--tokens", str(tmp_path / "tokens"), "--add-token", name]) == 0
        keys[name] = capsys.readouterr().out.strip()
    tls = ("--tls-cert", str(cert), "--tls-key", str(key), "--tokens", str(tmp_path / "tokens"))
    with serving("--host", "0.0.0.0", "--name", "localhost", *tls) as (process, url):
        assert url.startswith("https://localhost:")
        ward, theatre = (EngineClient(url, keys[name], ca_file=cert) for name in ("ward", "theatre"))
        diagnosis = ward.diagnose(sample_case())
        assert diagnosis.positive == 2
        seen: list[str] = []
        theatre.diagnose(sample_case(), progress=lambda done, total, what: seen.append(what))
        assert "sending scans (MB)" in seen, "another client's voxels are not there for this one"
        assert len(ward.explain(sample_case(), [diagnosis.disorders[0].name])[0]) == 2
        with pytest.raises(EngineError, match="not trusted") as caught:
            EngineClient(url, keys["ward"]).health()
        assert caught.value.cause == "certificate"
        with pytest.raises(EngineError) as caught:
            EngineClient(url, "x" * 43, ca_file=cert).health()
        assert caught.value.cause == "token"
        with pytest.raises(EngineError, match="not the host"):
            EngineClient(url.replace("localhost", "127.0.0.1"), keys["ward"], ca_file=cert).health()
        with pytest.raises(EngineError):
            EngineClient(url.replace("https", "http"), keys["ward"]).health()
        monkeypatch.setenv("RADDIAG_TOKEN", keys["ward"])
        status, printed, _ = diagnose(capsys, "--server", url, "--ca-file", str(cert), "--json", "-")
        assert (status, json.loads(printed)["positive"]) == (0, 2)
        for path in (tmp_path / "tokens",):
            assert not any(token in path.read_text() for token in keys.values())
        assert process.poll() is None


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_in_a_terminal_the_token_is_shown_once() -> None:
    import pty

    ours, theirs = pty.openpty()
    environment = {name: value for name, value in os.environ.items() if name != "RADDIAG_TOKEN"}
    process = subprocess.Popen(SERVE, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
    os.close(theirs)
    try:
        with os.fdopen(ours, encoding="utf-8", errors="replace") as terminal:
            url = terminal.readline().split(" at ")[1].split(";")[0]
            token = terminal.readline().partition("RADDIAG_TOKEN=")[2].strip()
            assert EngineClient(url, token).health().protocol == PROTOCOL
            process.terminate()
            process.wait(20)
    finally:
        process.kill()
        process.wait()
