"""The engine on cases: encode once, stay bound to the case, survive cancelling, bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from raddiag_engine.cases import Anatomy, Modality, Skipped, Window
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.errors import Cancelled, CaseError, ModelError, RaddiagError
from raddiag_engine.network.config import FusionConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_engine.preparation import prepare_scan
from raddiag_engine.preparation.config import PreparationConfig
from tests.engine.diagnosis.tiny_model import case, scan, tiny_card, tiny_engine

CASE = case(scan("mri-a", slices=6), scan("mri-b"), scan("xray", Modality.XRAY, Anatomy.CHEST))


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return tiny_engine(tmp_path / "model")


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many scans each call of the visual encoder got."""
    calls: list[int] = []
    original = RadDiag.encode_scans

    def counting(self: RadDiag, scans: list[object], *args: object) -> torch.Tensor:
        calls.append(len(scans))
        return original(self, scans, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(RadDiag, "encode_scans", counting)
    yield calls


def test_every_scan_is_encoded_once_and_diagnosing_encodes_none(engine: Engine, encoded: list[int]) -> None:
    engine.set_case(CASE)
    assert sum(encoded) == 3
    engine.diagnose()
    engine.set_case(CASE)
    assert sum(encoded) == 3


def test_editing_a_case_encodes_only_what_is_new(engine: Engine, encoded: list[int]) -> None:
    engine.set_case(CASE)
    encoded.clear()
    engine.set_case(CASE.using(frozenset({"mri-a", "mri-b"})))
    assert encoded == []
    engine.set_case(replace(CASE, scans=(*CASE.scans, scan("ct", Modality.CT))))
    assert sum(encoded) == 1
    engine.set_case(CASE, windows={"mri-b": Window(50, 80)})
    assert sum(encoded) == 2


def test_a_scan_comes_back_from_the_cache_after_another_case(engine: Engine, encoded: list[int]) -> None:
    engine.set_case(CASE)
    first = engine.diagnose()
    engine.set_case(case(scan("other")))
    encoded.clear()
    engine.set_case(CASE)
    assert encoded == []
    assert _answers(engine.diagnose()) == _answers(first)


def test_two_equal_scans_under_different_ids_are_encoded_once(engine: Engine, encoded: list[int]) -> None:
    twin = replace(scan("mri-b"), id="twin")
    engine.set_case(case(scan("mri-b"), twin))
    assert sum(encoded) == 1
    assert {report.id for report in engine.diagnose().scans if report.used} == {"mri-b", "twin"}


def test_the_result_is_bound_to_case_input_and_model(engine: Engine) -> None:
    engine.set_case(CASE)
    first = engine.diagnose()
    assert (first.case_id, first.case_hash) == (CASE.id, CASE.hash)
    assert first.model_sha256 == engine.card.weights_sha256
    engine.set_case(CASE, windows={"mri-b": Window(50, 80)})
    windowed = engine.diagnose()
    assert windowed.case_hash == first.case_hash
    assert windowed.input_hash != first.input_hash
    engine.set_case(CASE.using(frozenset({"mri-a"})))
    assert engine.diagnose().case_hash != first.case_hash


def test_the_order_of_the_scans_changes_nothing(engine: Engine) -> None:
    engine.set_case(CASE)
    first = engine.diagnose()
    engine.set_case(replace(CASE, scans=CASE.scans[::-1]))
    second = engine.diagnose()
    assert _answers(second) == _answers(first)
    assert (second.case_hash, second.input_hash) == (first.case_hash, first.input_hash)
    assert [report.id for report in second.scans] == ["xray", "mri-b", "mri-a"]


def test_logits_are_those_of_the_network_run_directly_on_the_prepared_scans(engine: Engine) -> None:
    """The engine's whole path (chunks, cache, folding) against one plain forward pass of the module."""
    engine.set_case(CASE)
    prepared = [prepare_scan(s, engine.card.preparation) for s in CASE.scans]
    inputs = [NetworkScan(torch.from_numpy(p.voxels.copy()), p.is_volume, p.modality_id) for p in prepared]
    network = engine.evidence().network
    with torch.no_grad():
        expected_K = network(pack([inputs], engine.card.network))[0]
    diagnosis = engine.diagnose(top=99)
    got = {score.name: score.logit for score in [*diagnosis.disorders, diagnosis.normal] if score}
    wanted = {d.name: float(v) for d, v in zip(engine.card.disorders, expected_K, strict=True)}
    assert got == pytest.approx(wanted, abs=2e-5)


def test_logits_of_prepared_agree_with_the_diagnosis(engine: Engine) -> None:
    engine.set_case(CASE)
    diagnosis = engine.diagnose(top=99)
    prepared = [prepare_scan(s, engine.card.preparation) for s in CASE.scans]
    scans = [(p.modality_id, np.moveaxis(np.atleast_3d(p.voxels.T).T, 0, -1)) for p in prepared]
    assert [voxels.shape for _, voxels in scans] == [(32, 32, 4), (32, 32, 1), (32, 32, 1)]
    logits_K = engine.logits_of_prepared(scans)
    logit_of = dict(zip((d.name for d in engine.card.disorders), logits_K, strict=True))
    for score in diagnosis.disorders:
        assert score.logit == pytest.approx(logit_of[score.name], abs=1e-5)


@pytest.mark.parametrize(
    ("scans", "error"),
    [
        ([], CaseError),
        ([(1, np.zeros((32, 32), np.float32))], CaseError),
        ([(99, np.zeros((32, 32, 1), np.float32))], ModelError),
    ],
)
def test_prepared_scans_that_make_no_sense_are_refused(engine: Engine, scans: list, error: type) -> None:  # type: ignore[type-arg]
    with pytest.raises(error):
        engine.logits_of_prepared(scans)


def test_contributions_are_the_drop_of_the_logit_without_the_scan(engine: Engine) -> None:
    engine.set_case(CASE)
    whole = {score.name: score for score in engine.diagnose(top=99).disorders}
    for left_out in CASE.scans:
        engine.set_case(CASE.using(frozenset(s.id for s in CASE.scans) - {left_out.id}))
        for score in engine.diagnose(top=99).disorders:
            expected = whole[score.name].logit - score.logit
            assert whole[score.name].contributions[left_out.id] == pytest.approx(expected, abs=1e-5)


def test_a_single_scan_has_no_contributions(engine: Engine) -> None:
    engine.set_case(case(scan("mri-a", slices=5)))
    assert all(score.contributions == {} for score in engine.diagnose().disorders)


def test_cancelling_between_chunks_leaves_no_case_set_and_keeps_what_was_encoded(
    engine: Engine, encoded: list[int]
) -> None:
    engine.set_case(case(scan("earlier")))
    encoded.clear()
    done: list[tuple[int, int]] = []
    with pytest.raises(Cancelled):
        engine.set_case(
            CASE, progress=lambda n, total, what: done.append((n, total)), cancelled=lambda: sum(encoded) == 2
        )
    assert done == [(0, 3), (1, 3), (2, 3)]
    with pytest.raises(CaseError, match="no case is set"):
        engine.diagnose()
    engine.set_case(CASE)
    assert sum(encoded) == 3
    fresh = engine.diagnose()
    assert fresh.case_hash == CASE.hash


def test_a_case_of_sixty_scans_is_encoded_in_chunks_and_fused_in_one_pass(
    engine: Engine, encoded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    alive = _count_prepared_alive(monkeypatch)
    fusions: list[int] = []
    original = RadDiag.diagnose
    monkeypatch.setattr(RadDiag, "diagnose", lambda self, e, m, k: (fusions.append(len(e)), original(self, e, m, k))[1])
    many = case(*(scan(f"scan-{i}", slices=4 if i % 3 else 0) for i in range(60)))
    engine.set_case(many)
    diagnosis = engine.diagnose()
    assert sum(encoded) == 60
    assert max(encoded) <= engine.placement.scans_per_chunk
    assert max(alive) <= 2 * engine.placement.scans_per_chunk
    assert fusions == [61]
    assert all(len(score.contributions) == 60 for score in diagnosis.disorders)


def test_two_patients_are_refused_without_names(engine: Engine) -> None:
    both = case(scan("mri-a", patient="DOE-1"), scan("mri-b", patient="ROE-2"))
    with pytest.raises(CaseError, match="2 patients") as caught:
        engine.set_case(both)
    assert "DOE" not in str(caught.value)
    assert "ROE" not in str(caught.value)
    engine.set_case(both.using(frozenset({"mri-a"})))  # the other patient's scan is left out
    assert engine.diagnose().scans[1].reason == "left out by choice"


def test_a_case_without_a_usable_scan_says_why(engine: Engine) -> None:
    hopeless = case(
        *(scan(f"s{i}", usable=False, reason=f"reason {i}") for i in range(5)),
    )
    with pytest.raises(CaseError, match=r"s0: reason 0; s1: reason 1; s2: reason 2; and 2 more"):
        engine.set_case(hopeless)
    with pytest.raises(CaseError, match="it is empty"):
        engine.set_case(case())
    with pytest.raises(CaseError, match="no case is set"):
        engine.diagnose()


def test_files_that_gave_no_scan_are_mentioned_without_their_names(engine: Engine) -> None:
    engine.set_case(replace(CASE, skipped=(Skipped(Path("/patients/doe.pdf"), "not an image"),)))
    warnings = " ".join(engine.diagnose().warnings)
    assert "1 file gave no scan" in warnings
    assert "doe" not in warnings


def test_an_overridden_scan_is_used_and_said_to_be(engine: Engine) -> None:
    doubtful = case(scan("mri-a"), scan("scout", usable=False, reason="it is a localizer"))
    engine.set_case(doubtful.using(frozenset({"mri-a", "scout"})))
    diagnosis = engine.diagnose()
    assert [(r.used, r.overridden, r.reason) for r in diagnosis.scans] == [(True, False, None), (True, True, None)]
    assert any("used by choice although it is a localizer" in warning for warning in diagnosis.warnings)


def test_more_scans_than_the_model_takes_are_chosen_by_a_rule_that_is_said(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model", tiny_card(max_scans=2))
    engine.set_case(CASE)
    diagnosis = engine.diagnose()
    left_out = [report for report in diagnosis.scans if not report.used]
    # One scan of each modality first: the second, smaller MRI goes.
    assert [report.id for report in left_out] == ["mri-b"]
    assert "at most 2 scans" in str(left_out[0].reason)
    assert any("1 scan was not used" in warning and "at most 2" in warning for warning in diagnosis.warnings)


def test_more_scans_than_the_model_was_trained_on_are_said(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model", replace(tiny_card(), trained_scans=2))
    engine.set_case(CASE)
    diagnosis = engine.diagnose()
    assert all(report.used for report in diagnosis.scans)
    assert any("3 scans are fused" in warning and "at most 2" in warning for warning in diagnosis.warnings)
    engine.set_case(case(scan("alone")))
    assert not any("are fused" in warning for warning in engine.diagnose().warnings)


def test_a_model_prepared_over_the_case_prepares_again_when_the_case_changes(
    tmp_path: Path, encoded: list[int]
) -> None:
    preparation = PreparationConfig(image_size_px=32, volume_size_px=32, depth=4, range_over="case", mask_padding=False)
    engine = tiny_engine(tmp_path / "model", tiny_card(max_scans=4, preparation=preparation))
    low = scan("low")
    dark = replace(low, id="dark", voxels=np.clip(low.voxels, 0, 60))
    engine.set_case(case(dark))
    alone = engine.evidence().prepare(0).hash
    engine.set_case(case(dark, scan("bright", slices=4)))
    index = [s.id for s in engine.evidence().scans].index("dark")
    assert engine.evidence().prepare(index).hash != alone
    assert sum(encoded) == 3


def test_what_evidence_prepares_is_what_was_encoded(engine: Engine) -> None:
    engine.set_case(CASE, windows={"mri-b": Window(50, 80)})
    evidence = engine.evidence()
    for index in range(len(evidence.scans)):
        prepared = evidence.prepare(index)
        network_scan = evidence.network_scan(index, prepared)
        features = evidence.network.spatial_features(network_scan)
        embedding_1C = evidence.network.embed_features(features, prepared.is_volume)
        torch.testing.assert_close(embedding_1C[0], evidence.embeddings_SC[index], atol=1e-5, rtol=0)
        logits_1K = evidence.logits_with(index, embedding_1C)
        glioma = next(score for score in engine.diagnose(top=99).disorders if score.name == "Glioma")
        assert float(logits_1K[0, 0]) == pytest.approx(glioma.logit, abs=1e-5)


def test_random_pooling_gives_the_same_answer_every_time(tmp_path: Path) -> None:
    engine = tiny_engine(tmp_path / "model", tiny_card(fusion=FusionConfig(kind="random")))
    engine.set_case(CASE)
    assert len({_answers(engine.diagnose()) for _ in range(5)}) == 1


def test_explaining_hands_the_case_to_the_saliency_methods(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    import raddiag_engine.saliency as saliency

    asked: list[tuple[object, ...]] = []

    def explain_case(evidence: object, classes: list[int], method: str, **options: object) -> list[list[str]]:
        asked.append((evidence.case_hash, classes, method, options["steps"]))  # type: ignore[attr-defined]
        return [["map"] for _ in classes]

    monkeypatch.setattr(saliency, "explain_case", explain_case, raising=False)
    engine.set_case(CASE)
    assert engine.explain("meningioma", "occlusion", steps=3) == ["map"]
    assert asked == [(CASE.hash, [1], "occlusion", 3)]
    with pytest.raises(RaddiagError, match="did you mean 'Glioma'"):
        engine.explain("Gliomma")
    with pytest.raises(RaddiagError, match="Normal has no evidence"):
        engine.explain("Normal")


def test_output_that_is_not_finite_is_an_error(engine: Engine) -> None:
    engine.set_case(CASE)
    encoded_case = engine._encoded
    assert encoded_case is not None
    broken = replace(encoded_case.fused[0], embedding_C=torch.full((16,), torch.nan))
    engine._encoded = replace(encoded_case, fused=(broken, *encoded_case.fused[1:]))
    with pytest.raises(ModelError, match="not finite"):
        engine.diagnose()


def _answers(diagnosis: object) -> tuple[tuple[object, ...], ...]:
    """Every number of a diagnosis but the times."""
    scores = [*diagnosis.disorders, diagnosis.normal]  # type: ignore[attr-defined]
    return tuple((s.name, s.logit, s.probability, s.state, *sorted(s.contributions.items())) for s in scores)


def _count_prepared_alive(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Prepared scans that are alive at each preparation."""
    import weakref

    from raddiag_engine.diagnosis import scan_encoder

    alive: weakref.WeakSet[object] = weakref.WeakSet()
    counts: list[int] = []
    original = scan_encoder.prepare_scan

    def tracking(*args: object, **kwargs: object) -> object:
        prepared = original(*args, **kwargs)  # type: ignore[arg-type]
        alive.add(prepared)
        counts.append(len(alive))
        return prepared

    monkeypatch.setattr(scan_encoder, "prepare_scan", tracking)
    return counts
