"""Disorders that a model never learned: scored by the text of their names, and never taken for the model's own."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine.cases import Anatomy, Modality
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import Cancelled, ModelError, RaddiagError
from raddiag_engine.knowledge.encoder_folder import save_encoder
from raddiag_engine.models.folder import load_model
from tests.engine.diagnosis.knowledge_model import save_knowledge_model, tiny_encoder
from tests.engine.diagnosis.tiny_model import case, scan, tiny_engine

CASE = case(scan("mri-a", slices=6), scan("mri-b"), scan("xray", Modality.XRAY, Anatomy.CHEST))
VOCABULARY = (NamedDisorder("Pilocytic astrocytoma", ("C71.6",)), NamedDisorder("Tuberculosis"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("knowledge") / "model"
    save_knowledge_model(folder)
    return folder


@pytest.fixture
def engine(folder: Path) -> Engine:
    engine = Engine.load(folder, device="cpu")
    engine.set_case(CASE)
    return engine


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_a_score_is_the_closed_form_of_equation_6(tmp_path: Path, similarity: str) -> None:
    save_knowledge_model(tmp_path / "model", similarity=similarity)
    engine = Engine.load(tmp_path / "model", device="cpu")
    engine.set_case(CASE)
    engine.set_vocabulary(VOCABULARY)
    evidence = engine.evidence()
    state = load_model(tmp_path / "model").network.state_dict()
    mask_1S = torch.ones(1, 3, dtype=torch.bool)
    v = evidence.network.fuse(evidence.embeddings_SC[None], evidence.modality_ids_S[None], mask_1S)[0].detach()
    scores = {score.name: score for score in engine.diagnose().unseen}
    for disorder in VOCABULARY:
        t = torch.from_numpy(tiny_encoder().encode([disorder.name])[0])
        mapped = state["head.text_map.weight"] @ t + state["head.text_map.bias"]
        expected = v @ mapped
        if similarity == "cosine":
            expected = 10 * expected / (v.norm() * mapped.norm()) - 1.5  # the mean of -4 to 1
        assert scores[disorder.name].logit == pytest.approx(float(expected), abs=1e-4)
        assert scores[disorder.name].probability == pytest.approx(float(torch.sigmoid(expected)), abs=1e-5)


def test_unseen_disorders_stand_apart_and_change_nothing_else(engine: Engine) -> None:
    before = engine.diagnose(top=100)
    engine.set_vocabulary(VOCABULARY)
    after = engine.diagnose(top=100)
    for own, same in zip((*after.disorders, after.normal), (*before.disorders, before.normal), strict=True):
        assert own is not None and same is not None
        assert (own.rank, own.name, own.state, own.tier) == (same.rank, same.name, same.state, same.tier)
        assert own.logit == pytest.approx(same.logit, abs=1e-5)
    counts = ("positive", "assessed", "not_assessed", "expected_false_alarms", "headline", "input_hash")
    assert [getattr(after, name) for name in counts] == [getattr(before, name) for name in counts]
    assert [score.rank for score in after.unseen] == [1, 2]
    assert after.unseen[0].logit >= after.unseen[1].logit
    assert {score.name: score.icd10cm for score in after.unseen} == {
        "Pilocytic astrocytoma": ("C71.6",),
        "Tuberculosis": (),
    }
    assert all(score.state == "not assessed" and score.unseen and score.covered for score in after.unseen)
    assert any("never learned" in warning for warning in after.warnings)
    engine.set_vocabulary(())
    assert engine.diagnose(top=100).unseen == ()


def test_the_mapping_marks_them_and_comes_back(engine: Engine) -> None:
    engine.set_vocabulary(VOCABULARY)
    diagnosis = engine.diagnose()
    data = json.loads(json.dumps(diagnosis.to_mapping()))
    assert Diagnosis.from_mapping(data) == diagnosis
    assert [entry["unseen"] for entry in data["unseen"]] == [True, True]
    assert not {"threshold", "tier", "calibrated"} & data["unseen"][0].keys()


def test_contributions_are_the_drops_of_the_logit(engine: Engine) -> None:
    engine.set_vocabulary(VOCABULARY)
    whole = {score.name: score for score in engine.diagnose().unseen}
    engine.set_case(CASE.using(frozenset({"mri-a", "mri-b"})))
    without = {score.name: score for score in engine.diagnose().unseen}
    for name, score in whole.items():
        assert score.contributions["xray"] == pytest.approx(score.logit - without[name].logit, abs=1e-4)


def test_a_name_that_the_model_knows_is_its_own_whatever_its_rank(engine: Engine) -> None:
    last = [score for score in engine.diagnose(top=100).disorders if score.state != "positive"][-1]
    assert last.name not in {score.name for score in engine.diagnose(top=0).disorders}
    engine.set_vocabulary([NamedDisorder(f"  {last.name.upper()}"), NamedDisorder("Tuberculosis")])
    diagnosis = engine.diagnose(top=0)
    [own] = [score for score in diagnosis.disorders if score.name == last.name]
    assert (own.rank, own.state, own.logit) == (last.rank, last.state, pytest.approx(last.logit, abs=1e-5))
    assert [score.name for score in diagnosis.unseen] == ["Tuberculosis"]


def test_the_nearest_of_the_model_s_own_disorders_is_named(engine: Engine) -> None:
    engine.set_vocabulary([NamedDisorder("Meningiomas"), NamedDisorder("Normality")])
    scores = {score.name: score for score in engine.diagnose().unseen}
    assert scores["Meningiomas"].nearest == "Meningioma"
    assert scores["Meningiomas"].nearest_cosine > 0.5
    assert scores["Normality"].nearest != "Normal"


def test_scans_that_the_model_does_not_know_give_scores_without_meaning(engine: Engine) -> None:
    engine.set_case(case(scan("us", Modality.ULTRASOUND, Anatomy.BREAST)))
    engine.set_vocabulary(VOCABULARY)
    assert not any(score.covered for score in engine.diagnose().unseen)


def test_evidence_for_an_unseen_disorder_points_with_its_own_logit(engine: Engine) -> None:
    engine.set_vocabulary(VOCABULARY)
    ours, theirs = engine.explain_many(["tuberculosis", "Meningioma"])
    assert [saliency.disorder for saliency in ours] == ["Tuberculosis"] * 3
    assert [saliency.scan_id for saliency in ours] == [saliency.scan_id for saliency in theirs]
    # A model that learned the same text has the same map: the bias does not matter to it.
    engine.set_vocabulary([NamedDisorder("Meningioma tumour"), *VOCABULARY])
    again = engine.explain("Tuberculosis")
    for saliency, same in zip(ours, again, strict=True):
        np.testing.assert_allclose(saliency.values, same.values, atol=1e-6)
    assert any(not np.allclose(a.values, b.values, atol=1e-3) for a, b in zip(ours, theirs, strict=True))


def test_names_of_an_earlier_vocabulary_are_gone(engine: Engine) -> None:
    engine.set_vocabulary(VOCABULARY)
    engine.set_vocabulary(())
    with pytest.raises(RaddiagError, match="no disorder 'Tuberculosis'"):
        engine.explain("Tuberculosis")


def test_a_model_without_a_knowledge_head_says_so(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model")
    with pytest.raises(ModelError, match="model tiny has no knowledge head: it scores its own disorders only"):
        engine.set_vocabulary(VOCABULARY)


def test_a_name_asked_for_twice_is_refused(engine: Engine) -> None:
    with pytest.raises(RaddiagError, match="'tuberculosis ' is asked for twice"):
        engine.set_vocabulary([*VOCABULARY, NamedDisorder("tuberculosis ")])
    assert engine.vocabulary == ()


def test_embedding_can_be_cancelled(engine: Engine) -> None:
    with pytest.raises(Cancelled):
        engine.set_vocabulary(VOCABULARY, cancelled=lambda: True)
    assert engine.vocabulary == ()


def test_an_encoder_that_lies_elsewhere_is_named_or_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_knowledge_model(tmp_path / "model", stored=False)
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "home"))
    with pytest.raises(ModelError, match=r"copy the encoder's folder to .*home/encoders/encoder, or .* --encoder"):
        Engine.load(tmp_path / "model", device="cpu").set_vocabulary(VOCABULARY)
    Engine.load(tmp_path / "model", device="cpu", encoder=tmp_path / "encoder").set_vocabulary(VOCABULARY)
    (tmp_path / "home" / "encoders").mkdir(parents=True)
    (tmp_path / "encoder").rename(tmp_path / "home" / "encoders" / "encoder")
    Engine.load(tmp_path / "model", device="cpu").set_vocabulary(VOCABULARY)


def test_another_encoder_is_refused(tmp_path: Path) -> None:
    save_knowledge_model(tmp_path / "model", stored=False)
    save_encoder(tiny_encoder(seed=5), tmp_path / "other", {})
    engine = Engine.load(tmp_path / "model", device="cpu", encoder=tmp_path / "other")
    with pytest.raises(ModelError, match="is not the one that embedded the disorders of model tiny"):
        engine.set_vocabulary(VOCABULARY)


def test_an_encoder_that_does_not_fit_the_stored_embeddings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The weights are the same but texts are taken apart otherwise, as by another tokeniser."""
    save_knowledge_model(tmp_path / "model")
    monkeypatch.setattr("raddiag_engine.knowledge.ngram_features.LETTER_RUNS", (2,))
    with pytest.raises(ModelError, match="embeds the model's own disorders otherwise than they are stored"):
        Engine.load(tmp_path / "model", device="cpu").set_vocabulary(VOCABULARY)
