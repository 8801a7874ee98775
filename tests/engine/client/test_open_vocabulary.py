"""Disorders by name over HTTP: what the engine in this process gives, within bounds."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from raddiag_engine import Engine
from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.client import EngineClient
from raddiag_engine.configuration import to_mapping
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import ConfigError, ModelError, RaddiagError
from raddiag_engine.protocol.case_message import case_to_message
from raddiag_engine.protocol.job import request_from_data
from raddiag_engine.protocol.version import PROTOCOL
from tests.engine.diagnosis.knowledge_model import save_knowledge_model
from tests.engine.diagnosis.tiny_model import case, scan, tiny_engine
from tests.engine.service.service_process import ServiceProcess, running_service

CASE = case(scan("mri", slices=6), scan("xray", Modality.XRAY, Anatomy.CHEST))
VOCABULARY = (NamedDisorder("Tuberculosis", ("A15",)), NamedDisorder("Glioma"), NamedDisorder("Pilocytic astrocytoma"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("service") / "model"
    save_knowledge_model(folder)
    return folder


@pytest.fixture(scope="module")
def knowledge_service(folder: Path) -> Iterator[ServiceProcess]:
    with running_service(folder) as running:
        yield running


def test_scores_and_maps_are_those_of_the_engine_in_this_process(
    knowledge_service: ServiceProcess, folder: Path
) -> None:
    client = knowledge_service.client
    engine = Engine.load(folder, device="cpu")
    engine.set_vocabulary(VOCABULARY)
    engine.set_case(CASE)
    diagnosis = client.diagnose(CASE, vocabulary=VOCABULARY, top=1)
    assert replace(diagnosis, seconds={}) == replace(engine.diagnose(top=1), seconds={})
    assert {score.name for score in diagnosis.unseen} == {"Tuberculosis", "Pilocytic astrocytoma"}
    assert client.card("tiny").knowledge_encoder is not None
    [theirs] = client.explain(CASE, ["Tuberculosis"], vocabulary=VOCABULARY)
    for saliency, own in zip(theirs, engine.explain("Tuberculosis"), strict=True):
        np.testing.assert_allclose(saliency.values, own.values, atol=2e-5)
    # The next question is not about the names of the one before.
    assert client.diagnose(CASE).unseen == ()
    with pytest.raises(RaddiagError, match="no disorder 'Tuberculosis'"):
        client.explain(CASE, ["Tuberculosis"])


def test_a_model_without_a_knowledge_head_says_so(tmp_path: Path) -> None:
    tiny_engine(tmp_path / "model")
    with running_service(tmp_path / "model") as service, pytest.raises(ModelError, match="tiny has no knowledge head"):
        service.client.diagnose(CASE, vocabulary=VOCABULARY)


def test_the_bundled_model_takes_names(client: EngineClient) -> None:
    assert [score.name for score in client.diagnose(CASE, vocabulary=VOCABULARY).unseen] == [
        "Tuberculosis",
        "Pilocytic astrocytoma",
    ]


@pytest.mark.parametrize(
    ("vocabulary", "message"),
    [
        ([{"name": "x" * 201}], "longer than 200 characters"),
        ([{"name": " "}], "no name of a disorder"),
        ([{"name": "a\nb"}], "no name of a disorder"),
        ([{"name": f"disorder {n}"} for n in range(1001)], "at most 1000"),
        ([{"name": "Glioma"}, {"name": "glioma"}], "asked for twice"),
        ([{"name": "Glioma", "icd10cm": ["brain"]}], "not an ICD-10-CM code"),
        ("Glioma", "expected a list"),
    ],
)
def test_names_out_of_bounds_are_refused_before_any_work(
    service: ServiceProcess, vocabulary: object, message: str
) -> None:
    parts: dict[str, object] = {"kind": "diagnose", "vocabulary": vocabulary, "protocol": PROTOCOL, "package": ""}
    request = parts | {"case": to_mapping(case_to_message(CASE, lambda voxels: "0" * 64))}
    with pytest.raises(ConfigError, match=message):
        request_from_data(request)
    with service.http() as http:
        reply = http.put(f"/v1/jobs/{secrets.token_hex(16)}", content=json.dumps(request))
    assert reply.status_code == 422
    assert message in reply.json()["message"]
