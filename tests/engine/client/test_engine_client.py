"""The service gives what the engine in this process gives: same case, same scans, same states, same maps."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine import Engine
from raddiag_engine.cases import Anatomy, Case, Identity, Modality, Skipped, Window
from raddiag_engine.client import EngineClient
from raddiag_engine.client.connection import Connection
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.errors import Cancelled, CaseError, ConfigError, RaddiagError
from raddiag_engine.models.card import read_card
from raddiag_engine.models.registry import find_model
from tests.engine.diagnosis.tiny_model import scan
from tests.engine.service.sample import sample_case
from tests.engine.service.service_process import ServiceProcess


def timeless(diagnosis: Diagnosis) -> Diagnosis:
    return replace(diagnosis, seconds={})


def in_this_process(engine: Engine, case: Case, windows: dict[str, Window] | None = None, top: int = 20) -> Diagnosis:
    engine.set_case(case, windows=windows)
    return timeless(engine.diagnose(top=top))


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Method and path of every request, and the bodies that are sent whole."""
    seen: list[str] = []
    original = Connection.content

    def content(self: Connection, method: str, path: str, **options: object) -> bytes:
        seen.append(f"{method} {path} {options.get('body')!r}")
        return original(self, method, path, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Connection, "content", content)
    return seen


def uploads(requests: list[str]) -> int:
    return sum(line.startswith("PUT /v1/voxels/") for line in requests)


def test_the_diagnosis_is_that_of_the_engine_in_this_process(client: EngineClient, engine: Engine) -> None:
    diagnosis = client.diagnose(sample_case(), top=3)
    assert timeless(diagnosis) == in_this_process(engine, sample_case(), top=3)
    assert diagnosis.case_hash == sample_case().hash
    assert diagnosis.positive == 2
    assert set(diagnosis.seconds) == {"prepare", "encode", "fuse"}


def everything_doubtful() -> Case:
    """Scans that are used, left out, unusable, used all the same, and files that gave none."""
    xray, mri = sample_case().scans
    unusable = replace(scan("blurred", patient="DOE-1"), usable=False, reason="too few slices")
    wanted = replace(scan("wanted", slices=3), usable=False, reason="a localizer")
    return Case(
        (unusable, xray, replace(mri, anatomy=Anatomy.UNKNOWN), wanted, scan("left-out", Modality.CT)),
        skipped=(Skipped(Path("/ward/DOE_JOHN/report.pdf"), "not an image"),) * 2,
        excluded=frozenset({"left-out"}),
        overridden=frozenset({"wanted"}),
    )


def test_scans_that_are_not_in_use_are_reported_alike(
    client: EngineClient, engine: Engine, requests: list[str]
) -> None:
    case = everything_doubtful()
    windows = {"wanted": Window(110, 90), "left-out": Window(1, 2)}
    here = in_this_process(engine, case, windows)
    there = timeless(client.diagnose(case, windows=windows))
    assert there == here
    assert [report.used for report in there.scans] == [report.used for report in here.scans]
    assert [report.id for report in there.scans] == [
        "blurred",
        *(s.id for s in sample_case().scans),
        "wanted",
        "left-out",
    ]
    assert any("2 files gave no scan" in warning for warning in there.warnings)
    assert uploads(requests) <= 3  # what is not in use stays here


def test_voxels_that_are_not_numbers_are_treated_alike(client: EngineClient, engine: Engine) -> None:
    xray, mri = sample_case().scans
    holes = mri.voxels.astype(np.float32)
    holes[3, :40] = np.nan
    case = Case((xray, replace(mri, voxels=holes)))
    assert timeless(client.diagnose(case)) == in_this_process(engine, case)
    nothing = Case((replace(mri, voxels=np.full((4, 8, 8), np.nan, np.float32), windows=()),))
    with pytest.raises(CaseError, match="no voxel holds a value") as there:
        client.diagnose(nothing)
    with pytest.raises(CaseError) as here:
        engine.set_case(nothing)
    assert str(there.value) == str(here.value)


@pytest.mark.parametrize("dtype", ["u1", ">i2", "<f8", "<i4"])
def test_every_type_of_voxels_arrives(client: EngineClient, engine: Engine, dtype: str) -> None:
    xray, mri = sample_case().scans
    case = Case((xray, replace(mri, voxels=(mri.voxels[::2] // 300).astype(dtype)[:, ::-1])))
    assert timeless(client.diagnose(case)) == in_this_process(engine, case)


@pytest.mark.parametrize("method", ["gradcam", "integrated_gradients"])
def test_the_maps_are_those_of_the_engine_in_this_process(client: EngineClient, engine: Engine, method: str) -> None:
    case = Case(tuple(replace(s, voxels=s.voxels[..., ::2, ::2]) for s in sample_case().scans))
    engine.set_case(case)
    names = [score.name for score in engine.diagnose().disorders[:2]]
    there, here = client.explain(case, names, method), engine.explain_many(names, method)
    assert [[m.scan_id for m in maps] for maps in there] == [[m.scan_id for m in maps] for maps in here]
    for one, other in zip(chain(*there), chain(*here), strict=True):
        assert replace(one, values=other.values).__dict__ == other.__dict__
        assert one.values.dtype == np.float32
        difference = np.abs(one.values - other.values)
        assert difference.max() < 1.0001 / 65535  # the faintest evidence is raised to one step
        assert difference[other.values > 1e-5].max(initial=0) < 8e-6
        assert ((one.values > 0) == (other.values > 0)).all()
        assert one.values.max() == pytest.approx(other.values.max(), abs=8e-6)
        assert one.describe() == other.describe()


def test_an_edited_case_sends_nothing_again(client: EngineClient, requests: list[str]) -> None:
    xray, mri = (replace(s, voxels=s.voxels + 1) for s in sample_case().scans)
    first = client.diagnose(Case((xray, mri)))
    assert uploads(requests) == 2
    client.diagnose(Case((xray, mri), excluded=frozenset({xray.id})))
    second = client.diagnose(Case((xray.with_modality(Modality.MRI, Anatomy.LOWER_LIMB), mri)))
    client.explain(Case((xray, mri)), [first.disorders[0].name])
    assert uploads(requests) == 2
    assert second.case_hash != first.case_hash


def test_nothing_that_names_the_patient_is_sent(client: EngineClient, requests: list[str]) -> None:
    secret = replace(
        sample_case().scans[0],
        identity=Identity("ID-4711", "DOE^JOHN", "19700101", "M"),
        sources=(Path("/ward/DOE_JOHN/1.dcm"),),
        series_date="20240229",
        frame_of_reference="f00d",
        colour=np.zeros((160, 160, 3), np.uint8),
    )
    client.diagnose(Case((secret,), skipped=(Skipped(Path("/ward/DOE_JOHN/2.dcm"), "DOE"),)))
    sent = "\n".join(requests)
    assert "PUT /v1/jobs/" in sent
    assert secret.id in sent
    for word in ("4711", "DOE", "1970", "2024", "f00d", "ward", "dcm", "colour"):
        assert word not in sent


def test_progress_tells_of_every_stage(client: EngineClient) -> None:
    steps: list[tuple[int, int, str]] = []
    case = Case(tuple(replace(s, voxels=s.voxels + 2) for s in sample_case().scans))
    client.diagnose(case, progress=lambda *step: steps.append(step))
    whats = list(dict.fromkeys(what for _, _, what in steps))
    assert whats[:3] == ["checking scans", "asking the engine", "sending scans (MB)"]
    assert "encoding scans" in whats
    assert (2, 2, "encoding scans") in steps


def test_two_patients_are_refused_before_anything_is_sent(client: EngineClient, requests: list[str]) -> None:
    both = Case((scan("first", patient="DOE-1"), scan("second", patient="ROE-2")))
    with pytest.raises(CaseError, match="2 patients"):
        client.diagnose(both)
    with pytest.raises(CaseError, match="no usable scan"):
        client.diagnose(Case((replace(scan("only"), usable=False, reason="blurred"),)))
    assert requests == []


@pytest.mark.parametrize(
    ("ask", "error", "words"),
    [
        (lambda c: c.explain(sample_case(), ["Tibial fractur"]), RaddiagError, "did you mean 'Tibial fracture'"),
        (lambda c: c.explain(sample_case(), ["Normal"]), RaddiagError, "no evidence to show"),
        (
            lambda c: c.explain(sample_case(), ["Tibial fracture"], "palmistry"),
            RaddiagError,
            "'palmistry' is not one of",
        ),
        (lambda c: c.explain(sample_case(), []), ConfigError, "from 1 to 64 disorders"),
        (lambda c: c.diagnose(sample_case(), model="dem"), RaddiagError, "no model 'dem'; did you mean 'demo'?"),
        (lambda c: c.diagnose(sample_case(), model="../../etc"), RaddiagError, "no model '../../etc'"),
        (lambda c: c.card("../../etc/passwd"), RaddiagError, "Not Found"),
        (lambda c: c.card("nothing"), RaddiagError, "no model 'nothing'"),
        (
            lambda c: c.diagnose(sample_case(), windows={sample_case().scans[0].id: Window(1, 0.5)}),
            ConfigError,
            "width",
        ),
    ],
)
def test_what_is_wrong_with_a_request_is_said(
    client: EngineClient, ask: Callable[[EngineClient], object], error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        ask(client)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_service_describes_itself(client: EngineClient, engine: Engine) -> None:
    client.diagnose(sample_case())
    assert (client.health().worker, client.health().reason) == ("ready", None)
    device = client.device()
    assert (device.device, device.precision) == (engine.device, engine.placement.precision)
    assert device.name
    assert device.memory_total_bytes and device.memory_free_bytes
    assert device.memory_total_bytes > device.memory_free_bytes > 2**20
    assert device.case_seconds is not None and 0 < device.case_seconds < 60
    first = client.models()[0]
    assert (first.name, first.default) == ("demo", True)
    assert client.card("demo") == read_card(find_model("demo") / "card.json")


def test_cancelling_is_heard_at_every_step(client: EngineClient) -> None:
    case = Case(tuple(replace(s, voxels=s.voxels + 3) for s in sample_case().scans))
    asked = 0

    def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    client.diagnose(case, cancelled=count)
    assert asked > 8
    for number in (1, 3, 5, 7):
        fresh = Case(tuple(replace(s, voxels=s.voxels + number) for s in case.scans))
        countdown = iter([False] * number)
        with pytest.raises(Cancelled):
            client.diagnose(fresh, cancelled=lambda left=countdown: next(left, True))  # type: ignore[misc]
    assert client.diagnose(case).positive >= 0


def test_several_threads_and_clients_share_a_service(service: ServiceProcess, engine: Engine) -> None:
    cases = [Case((s,)) for s in sample_case().scans] * 2
    clients = [EngineClient(service.url, service.token) for _ in range(2)]
    answers: dict[int, Diagnosis] = {}

    def ask(number: int) -> None:
        answers[number] = timeless(clients[number % 2].diagnose(cases[number]))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for number, case in enumerate(cases):
        assert answers[number] == in_this_process(engine, case)


def test_the_result_is_not_kept_after_it_was_fetched(service: ServiceProcess, requests: list[str]) -> None:
    service.client.diagnose(sample_case())
    job = next(line.split()[1] for line in requests if line.startswith("PUT /v1/jobs/"))
    with service.http() as http:
        assert http.get(job).status_code == 404


def test_an_answer_for_another_case_is_not_shown(client: EngineClient, monkeypatch: pytest.MonkeyPatch) -> None:
    case = sample_case()
    other = Case(case.scans, excluded=frozenset({case.scans[0].id}))
    request = client._request(other, None, None, None, kind="diagnose")
    monkeypatch.setattr(client, "_request", lambda *args, **options: request)
    with pytest.raises(RaddiagError, match="another case"):
        client.diagnose(case)


def test_what_was_sent_ahead_is_not_sent_again(client: EngineClient, requests: list[str]) -> None:
    case = sample_case()
    client.send(case)
    assert uploads(requests) == len(case.used)
    client.send(case)
    client.diagnose(case)
    assert uploads(requests) == len(case.used)


def test_a_question_that_comes_while_voxels_are_sent_waits_for_them(
    client: EngineClient, requests: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    original, sending, go_on = EngineClient._upload, threading.Event(), threading.Event()

    def slow(self: EngineClient, *args: object) -> None:
        sending.set()
        assert go_on.wait(20)
        original(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(EngineClient, "_upload", slow)
    case = Case(tuple(scan.changed(voxels=scan.voxels + scan.voxels.dtype.type(29)) for scan in sample_case().scans))
    ahead = threading.Thread(target=client.send, args=(case,))
    ahead.start()
    assert sending.wait(20)
    told: list[str] = []

    def progress(done: int, total: int, what: str) -> None:
        told.append(what)
        if what == "sending scans":
            go_on.set()

    assert client.diagnose(case, progress=progress).case_hash == case.hash
    ahead.join(20)
    assert "sending scans" in told and uploads(requests) == len(case.used)


def test_sending_ahead_can_be_stopped(client: EngineClient, requests: list[str]) -> None:
    with pytest.raises(Cancelled):
        client.send(sample_case(), cancelled=lambda: True)
