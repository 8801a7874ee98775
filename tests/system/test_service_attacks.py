"""The service attacked as a web page, another program on this machine, or a broken client would."""

from __future__ import annotations

import hashlib
import json
import pickle
import secrets
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx2
import numpy as np
import pytest
import safetensors.numpy

from raddiag_engine.cases import Case
from raddiag_engine.protocol.case_message import case_to_message
from raddiag_engine.protocol.job import JobRequest, request_to_data
from raddiag_engine.protocol.strict_json import write_object
from raddiag_engine.protocol.version import PROTOCOL
from raddiag_engine.protocol.voxels import VoxelNames, voxels_to_parts
from tests.engine.service.sample import case_of
from tests.engine.service.service_process import ServiceProcess, running_service

MIB = 2**20
LIMITS = {
    "scan_bytes": MIB,
    "store_bytes": 2 * MIB,
    "request_bytes": 64 * 1024,
    "stalled_body_seconds": 0.5,
    "body_bytes_per_second": 1e6,
    "header_seconds": 0.5,
    "connections": 20,
}
ROUTES = [
    ("GET", "/v1/health"),
    ("GET", "/v1/device"),
    ("GET", "/v1/models"),
    ("GET", "/v1/models/demo/card"),
    ("GET", "/openapi.json"),
    ("GET", "/v1/jobs/12345678"),
    ("GET", "/v1/jobs/12345678/events"),
    ("GET", "/v1/jobs/12345678/result"),
    ("PUT", "/v1/jobs/12345678"),
    ("PUT", "/v1/voxels/" + "0" * 64),
    ("POST", "/v1/jobs/12345678/cancel"),
    ("DELETE", "/v1/jobs/12345678"),
    ("GET", "/nowhere"),
]


@pytest.fixture(scope="module")
def service() -> Iterator[ServiceProcess]:
    with running_service("demo", limits=LIMITS) as running:
        running.wait_for(("ready",))
        yield running


@pytest.fixture
def http(service: ServiceProcess) -> Iterator[httpx2.Client]:
    with service.http() as client:
        yield client


def file_of(voxels: np.ndarray[Any, Any]) -> bytes:
    return b"".join(bytes(part) for part in voxels_to_parts(voxels))


def put_voxels(http: httpx2.Client, body: bytes, name: str | None = None) -> httpx2.Response:
    return http.put(f"/v1/voxels/{name or hashlib.sha256(body).hexdigest()}", content=body)


def request_of(of: Case, **changes: Any) -> dict[str, Any]:
    return {**request_to_data(JobRequest("diagnose", case_to_message(of, VoxelNames().of))), **changes}


def put_job(http: httpx2.Client, data: dict[str, Any] | bytes, name: str | None = None) -> httpx2.Response:
    body = data if isinstance(data, bytes) else json.dumps(data).encode()
    return http.put(f"/v1/jobs/{name or secrets.token_hex(8)}", content=body)


def head_of(service: ServiceProcess, method: str, path: str) -> str:
    """A request by hand, up to where its length would stand."""
    host = f"Host: 127.0.0.1:{service.port}"
    return f"{method} {path} HTTP/1.1\r\n{host}\r\nAuthorization: Bearer {service.token}\r\n"


def refusal(response: httpx2.Response, status: int, code: str | None = None) -> str:
    """The words of a refusal, which every one has, in one line."""
    assert response.status_code == status, response.text
    data = response.json()
    assert set(data) == {"code", "message", "missing"}
    assert code is None or data["code"] == code
    assert data["message"] and "\n" not in data["message"] and "Traceback" not in data["message"]
    return str(data["message"])


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize(
    "authorization", [None, "Bearer wrong", "Bearer", "Basic {token}", "{token}", "Bearer {token}x"]
)
def test_without_the_token_there_is_nothing(
    service: ServiceProcess, method: str, path: str, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.format(token=service.token)}
    with httpx2.Client(base_url=service.url, headers=headers, trust_env=False, verify=False) as http:
        response = http.request(method, path)
        refusal(response, 401, "wrong_token")
        assert response.headers["www-authenticate"] == "Bearer"
        refusal(http.request(method, f"{path}?token={service.token}"), 401)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "localhost:{port}",
        "127.0.0.1:1",
        "127.0.0.1:{port}.evil",
        "",
    ],
)
def test_another_host_is_refused_even_with_the_token(service: ServiceProcess, host: str) -> None:
    with service.http(Host=host.format(port=service.port)) as http:
        refusal(http.get("/v1/health"), 421, "wrong_host")


def test_two_hosts_are_none(service: ServiceProcess) -> None:
    head = f"GET /v1/health HTTP/1.1\r\nAuthorization: Bearer {service.token}\r\nHost: 127.0.0.1:{service.port}\r\n"
    assert b" 200 " in service.raw(f"{head}Connection: close\r\n\r\n".encode()).splitlines()[0]
    assert b" 4" in service.raw(f"{head}Host: evil.example\r\nConnection: close\r\n\r\n".encode()).splitlines()[0][:13]


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "http://localhost:{port}", "file://"]
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/v1/health"), ("PUT", "/v1/jobs/12345678"), ("OPTIONS", "/v1/jobs/12345678")]
)
def test_other_web_pages_are_refused(service: ServiceProcess, method: str, path: str, origin: str) -> None:
    with service.http(Origin=origin.format(port=service.port)) as http:
        response = http.request(method, path)
        refusal(response, 403, "wrong_origin")
        assert not [name for name in response.headers if name.startswith("access-control")]


def test_its_own_origin_is_not_refused_and_is_given_no_cors_headers(service: ServiceProcess) -> None:
    with service.http(Origin=service.url) as http:
        response = http.get("/v1/health")
        assert response.status_code == 200
        assert not [name for name in response.headers if name.startswith("access-control")]
        assert response.headers["cache-control"] == "no-store"
        assert "server" not in response.headers


def test_a_body_without_a_length_is_refused_unread(service: ServiceProcess, http: httpx2.Client) -> None:
    path = "/v1/voxels/" + "0" * 64
    refusal(http.put(path, content=iter([b"x" * 10])), 411, "length_required")
    head = head_of(service, "PUT", path)
    assert b" 411 " in service.raw(f"{head}\r\n".encode())
    assert service.raw(f"{head}Content-Length: -5\r\n\r\n".encode()).split()[1] in (b"400", b"411")
    assert service.raw(f"{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello".encode()).split()[1] == b"400"
    smuggled = f"{head}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    assert service.raw(smuggled.encode()).split()[1] in (b"400", b"411")
    assert service.raw(f"{head}Content-Length: {10**30}\r\n\r\n".encode()).split()[1] in (b"400", b"413")


@pytest.mark.parametrize(
    ("method", "path", "length"),
    [
        ("PUT", "/v1/voxels/" + "0" * 64, 10 * 2**30),
        ("PUT", "/v1/voxels/" + "0" * 64, MIB + 2048),
        ("PUT", "/v1/jobs/12345678", 64 * 1024 + 1),
        ("POST", "/v1/jobs/12345678/cancel", 10 * 2**30),
        ("DELETE", "/v1/jobs/12345678", 1),
        ("GET", "/v1/health", 1),
        ("PUT", "/nowhere", 1),
    ],
)
def test_an_oversized_body_is_refused_before_it_is_sent(
    service: ServiceProcess, method: str, path: str, length: int
) -> None:
    head = head_of(service, method, path)
    start = time.monotonic()
    answer = service.raw(f"{head}Content-Length: {length}\r\n\r\n".encode())
    assert answer.split()[1] == b"413", answer
    assert b"too_large" in answer
    assert time.monotonic() - start < 5, "the connection is closed at once"


@pytest.mark.parametrize("rest", [b"", b"x" * 100])
def test_a_body_that_stalls_is_given_up(service: ServiceProcess, rest: bytes) -> None:
    head = head_of(service, "PUT", "/v1/voxels/" + "0" * 64)
    start = time.monotonic()
    answer = service.raw(f"{head}Content-Length: 1000\r\n\r\n".encode() + rest)
    assert answer.split()[1] == b"408", answer
    assert 0.3 < time.monotonic() - start < 5


def test_a_body_that_trickles_is_given_up(service: ServiceProcess) -> None:
    """Each byte comes in time, but the whole never would."""
    head = head_of(service, "PUT", "/v1/voxels/" + "0" * 64)
    start = time.monotonic()
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(f"{head}Content-Length: 500000\r\n\r\n".encode())
        connection.settimeout(0.1)
        answer = b""
        while not answer and time.monotonic() - start < 10:
            connection.sendall(b"x")
            try:
                answer = connection.recv(4096)
            except TimeoutError:
                continue
    assert answer.split()[1] == b"408", answer
    assert 0.9 < time.monotonic() - start < 5


def test_headers_that_do_not_come_are_not_waited_for(service: ServiceProcess, http: httpx2.Client) -> None:
    start = time.monotonic()
    assert service.raw(b"") == b""
    assert service.raw(b"GET /v1/health HTTP/1.1\r\nHost: ") == b""
    assert time.monotonic() - start < 5
    connections = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(30)]
    try:
        time.sleep(1.5)
        assert http.get("/v1/health").status_code == 200, "connections that say nothing hold up nobody"
    finally:
        for connection in connections:
            connection.close()


def test_headers_without_end_are_refused(service: ServiceProcess) -> None:
    assert service.raw(b"GET /v1/health HTTP/1.1\r\nX: " + b"x" * 40_000).split()[1] == b"400"


@pytest.mark.parametrize(
    "name",
    [
        "..%2F..%2Fetc%2Fpasswd",
        "%2e%2e",
        "short",
        "a" * 65,
        "x" * 8 + "%00",
        "x" * 8 + "%0a",
        "C:%5Cwindows",
        "übermäßig",
    ],
)
def test_names_are_no_paths(http: httpx2.Client, name: str) -> None:
    for response in (
        http.put(f"/v1/jobs/{name}", content=b"{}"),
        http.put(f"/v1/voxels/{name}", content=b"x"),
        http.get(f"/v1/jobs/{name}"),
        http.get(f"/v1/models/{name}/card"),
    ):
        assert response.status_code in (400, 404, 405), response.text
        refusal(response, response.status_code)


VOXELS = np.arange(24, dtype=np.int16).reshape(4, 6)


def header(**entries: Any) -> bytes:
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "shorter than its header"),
        (b"\x80\x04K\x01.", "shorter than its header"),
        (pickle.dumps({"voxels": [0] * 100}), "not a safetensors file"),
        (b"PK\x03\x04" + bytes(100), "not a safetensors file"),
        (b"\xff" * 8 + b"{}", "header is too long"),
        (len(b"[]").to_bytes(8, "little") + b"[]", "expected a JSON object"),
        ((1000).to_bytes(8, "little") + b"[" * 1000, "JSON"),
        (header(voxels={"dtype": "I16", "shape": [4, 6], "data_offsets": [0, 48]}) + bytes(47), "place"),
        (header(voxels={"dtype": "I16", "shape": [4, 6], "data_offsets": [0, 48]}) + bytes(49), "belong to no array"),
        (header(voxels={"dtype": "I16", "shape": [4, 6], "data_offsets": [-48, 0]}), "not numbers"),
        (header(voxels={"dtype": "I16", "shape": [2**62, 2**62], "data_offsets": [0, 48]}) + bytes(48), "place"),
        (header(voxels={"dtype": "I16", "shape": [True, 24], "data_offsets": [0, 48]}) + bytes(48), "not numbers"),
        (header(voxels={"dtype": "O", "shape": [4, 6], "data_offsets": [0, 48]}) + bytes(48), "type 'O'"),
        (header(voxels={"dtype": "U8", "shape": [0, 6], "data_offsets": [0, 0]}), "not empty"),
        (header(voxels={"dtype": "U8", "shape": [6], "data_offsets": [0, 6]}) + bytes(6), "2 or 3 axes"),
        (header(__metadata__={"a": 1}), "metadata"),
        (safetensors.numpy.save({"voxels": VOXELS, "more": VOXELS}), "not 2 arrays"),
        (safetensors.numpy.save({"pixels": VOXELS}), "'voxels' is expected"),
    ],
)
def test_what_is_not_voxels_is_refused(http: httpx2.Client, body: bytes, words: str) -> None:
    assert words in refusal(put_voxels(http, body), 400)


def test_voxels_go_by_their_own_hash(http: httpx2.Client) -> None:
    body = safetensors.numpy.save({"voxels": VOXELS})
    assert "not those" in refusal(put_voxels(http, body, "0" * 64), 400, "wrong_name")
    refusal(put_voxels(http, body, hashlib.sha256(body).hexdigest().upper()), 400, "wrong_name")
    first, again = put_voxels(http, body), put_voxels(http, body)
    assert (first.status_code, first.json()["known"]) == (201, False)
    assert (again.status_code, again.json()["known"]) == (200, True)


def test_one_job_id_sent_twice_is_one_job(http: httpx2.Client) -> None:
    case = case_of("replayed")
    put_voxels(http, file_of(case.scans[0].voxels))
    name, body = secrets.token_hex(8), request_of(case)
    first, again = put_job(http, body, name), put_job(http, body, name)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"] == name
    assert "another job" in refusal(put_job(http, {**body, "top": 7}, name), 409, "job_exists")
    deadline = time.monotonic() + 30
    while http.get(f"/v1/jobs/{name}").json()["state"] != "done" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert put_job(http, body, name).json()["state"] == "done", "it is not run again"
    assert http.get(f"/v1/jobs/{name}/result").json()["case"]["hash"] == case.hash


def test_missing_voxels_are_named(http: httpx2.Client) -> None:
    case = case_of("never-sent", "nor-this")
    response = put_job(http, request_of(case))
    refusal(response, 409, "voxels_missing")
    assert set(response.json()["missing"]) == {VoxelNames().of(s.voxels) for s in case.scans}


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        (b"", 400, "not JSON"),
        (b"[]", 400, "expected a JSON object"),
        (b'{"protocol": NaN}', 400, "no JSON number"),
        (b'{"protocol": 1e999}', 400, "range of a double"),
        (b'{"a":' * 9000 + b"1" + b"}" * 9000, 400, "nested too deeply"),
        (b'{"protocol": ' + b"9" * 6000 + b"}", 400, "not JSON"),
        (b"\xff\xfe{}", 400, "not JSON"),
        (b"\x80\x04\x95", 400, "not JSON"),
        ({"protocol": PROTOCOL + 1}, 400, f"protocol {PROTOCOL + 1}"),
        ({"protocol": "1"}, 400, "protocol '1'"),
        ({"kind": "execute"}, 422, "not one of 'diagnose', 'explain'"),
        ({"model": "../../etc"}, 404, "no model"),
        ({"model": "/srv/models/demo_model"}, 404, "no model"),
        ({"model": ["demo"]}, 404, "no model"),
        ({"model_folder": "/etc"}, 422, "unknown key 'model_folder'"),
        ({"top": -1}, 422, "top is from 0"),
        ({"kind": "explain", "disorders": ["x"] * 65}, 422, "from 1 to 64"),
        ({"windows": {"nobody": {"center": 1.0, "width": 1.0}}}, 422, "not in the case"),
        ({"case": {"scans": []}}, 422, "no scan of the case is in use"),
    ],
)
def test_what_is_not_a_job_is_refused(
    http: httpx2.Client, change: dict[str, Any] | bytes, status: int, words: str
) -> None:
    data = change if isinstance(change, bytes) else request_of(case_of("bad"), **change)
    message = refusal(put_job(http, data), status)
    assert words in message
    assert "/srv" not in message.replace("'/srv/models/demo_model'", "")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"identity": {"patient_name": "DOE"}}, "unknown key 'case.scans[0].identity'"),
        ({"sources": ["/etc/passwd"]}, "unknown key 'case.scans[0].sources'"),
        ({"voxels": None}, "exactly the scans in use have voxels"),
        ({"voxels": "../../etc/passwd"}, "64 lower-case hex digits"),
        ({"shape": [24]}, "not of shape"),
        ({"shape": [0, 20]}, "not of shape"),
        ({"dtype": "object"}, "dtype is one of"),
        ({"affine": [[1, 2], [3, 4]]}, "expected 4 values"),
        ({"modality": "crystal ball"}, "modality"),
        ({"units": "x" * 5000}, "endless"),
        ({"id": ""}, "has an id"),
    ],
)
def test_what_is_not_a_scan_is_refused(http: httpx2.Client, change: dict[str, Any], words: str) -> None:
    data = request_of(case_of("bad"))
    data["case"]["scans"][0].update(change)
    assert words in refusal(put_job(http, data), 422)


def test_voxels_of_another_shape_than_announced_fail_the_job_and_not_the_service(
    service: ServiceProcess, http: httpx2.Client
) -> None:
    case = case_of("liar")
    put_voxels(http, file_of(case.scans[0].voxels))
    data = request_of(case)
    data["case"]["scans"][0]["shape"] = [20, 24]
    name = secrets.token_hex(8)
    assert put_job(http, data, name).status_code == 201
    with http.stream("GET", f"/v1/jobs/{name}/events") as lines:
        last = [json.loads(line) for line in lines.iter_lines() if line.strip()][-1]
    assert (last["state"], last["failure"]["cause"]) == ("failed", "ProtocolError")
    assert "not of the announced type and shape" in last["failure"]["message"]
    refusal(http.get(f"/v1/jobs/{name}/result"), 409, "not_done")
    assert service.client.diagnose(case).case_hash == case.hash


def test_a_case_that_is_too_large_is_refused_before_its_voxels_are_sent(http: httpx2.Client) -> None:
    wide = replace(case_of("wide").scans[0], voxels=np.zeros((1024, 600), np.int16))
    message = refusal(put_job(http, request_of(Case((wide,)))), 413, "too_large")
    assert "use fewer" in message
    three = tuple(replace(wide, id=str(i), voxels=np.full((900, 550), i, np.int16)) for i in range(3))
    assert "use fewer" in refusal(put_job(http, request_of(Case(three))), 413)
    assert put_job(http, request_of(Case(three[:2]))).status_code == 409, "two fit"


def test_what_is_asked_for_with_get_changes_nothing(service: ServiceProcess, http: httpx2.Client) -> None:
    case = case_of("looked-at")
    put_voxels(http, file_of(case.scans[0].voxels))
    name = secrets.token_hex(8)
    put_job(http, request_of(case), name)
    with http.stream("GET", f"/v1/jobs/{name}/events") as lines:
        last = [json.loads(line) for line in lines.iter_lines() if line.strip()][-1]
    assert last["state"] == "done"
    for path in (f"/v1/jobs/{name}/cancel", "/v1/voxels/" + "0" * 64):
        assert http.get(path).status_code in (404, 405)
    looks = [f"/v1/jobs/{name}", f"/v1/jobs/{name}/result", f"/v1/jobs/{name}/events", "/v1/health", "/v1/models"]
    before = {path: http.get(path).content for path in looks}
    for path in looks:
        assert http.get(path).content == before[path]
        assert http.request("HEAD", path).status_code in (200, 405)
    assert service.client.health().restarts == 0


@pytest.mark.parametrize("method", ["PATCH", "TRACE", "OPTIONS", "POST", "BREW"])
def test_other_methods_do_nothing(http: httpx2.Client, method: str) -> None:
    refusal(http.request(method, "/v1/health", headers={"Content-Length": "0"}), 405)


def test_a_websocket_is_not_opened(service: ServiceProcess) -> None:
    head = f"GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1:{service.port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    answer = service.raw(f"{head}Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
    assert answer.split()[1] == b"401"


def test_garbage_is_no_request(service: ServiceProcess, http: httpx2.Client) -> None:
    for garbage in (b"\x16\x03\x01\x02\x00\x01\x00", b"\x00" * 100, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n"):
        answer = service.raw(garbage + b"\r\n\r\n")
        assert not answer or answer.split()[1] in (b"400", b"421")
    assert http.get("/v1/health").status_code == 200


def test_the_service_wrote_nothing_of_all_this(service: ServiceProcess) -> None:
    """Must be the last: what the process said on its standard error until now."""
    import os

    assert service.process.stderr is not None
    os.set_blocking(service.process.stderr.fileno(), False)
    assert not (service.process.stderr.read() or b"")
    assert service.client.health().worker == "ready"
    assert service.client.health().restarts == 0


def test_the_write_of_json_is_strict() -> None:
    with pytest.raises(Exception, match="cannot be sent"):
        write_object({"x": float("nan")})
