"""The engine with a model of several tokens a scan: contributions, cache and saliency."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from raddiag_engine.cases import Case
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.saliency.class_activation import ClassActivation
from tests.engine.diagnosis.tiny_model import case, scan, tiny_card, tiny_engine


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    card = tiny_card()
    card = replace(card, network=replace(card.network, tokens_per_scan=4))
    return tiny_engine(tmp_path_factory.mktemp("tokens") / "model", card, gain=20)


def test_a_contribution_is_the_drop_without_the_scan(engine: Engine) -> None:
    scans = (scan("one"), scan("two", slices=5))
    engine.set_case(case(*scans))
    whole = {score.name: score for score in engine.diagnose(top=99).disorders}
    engine.set_case(Case(scans, excluded=frozenset({"two"})))
    for score in engine.diagnose(top=99).disorders:
        drop = whole[score.name].logit - score.logit
        assert whole[score.name].contributions["two"] == pytest.approx(drop, abs=1e-4)
        assert abs(drop) > 1e-6


def test_what_was_encoded_once_is_recalled(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    both = case(scan("three"), scan("four", slices=3))
    engine.set_case(both)
    first = [(score.name, score.logit) for score in engine.diagnose(top=99).disorders]
    monkeypatch.setattr(type(engine._network), "encode_scans", lambda *_: pytest.fail("encoded again"))
    engine.set_case(both)
    assert [(score.name, score.logit) for score in engine.diagnose(top=99).disorders] == first


@pytest.mark.parametrize("method", ["gradcam", "respondcam", "occlusion"])
def test_maps_lie_on_the_scans(engine: Engine, method: str) -> None:
    engine.set_case(case(scan("five"), scan("six", slices=4)))
    image_map, volume_map = engine.explain("Glioma", method)
    assert (image_map.values.shape, volume_map.values.shape) == ((24, 20), (4, 24, 20))
    # The largest value in the case is 1 before it is brought to the scan's resolution.
    assert 0.8 < max(image_map.values.max(), volume_map.values.max()) <= 1.0
    assert np.isfinite(volume_map.values).all()


def test_the_map_follows_the_gradient_through_every_token(engine: Engine) -> None:
    engine.set_case(case(scan("seven"), scan("eight", slices=4)))
    evidence = engine.evidence()
    for index in range(2):
        given = evidence.network_scan(index, evidence.prepare(index))
        features = evidence.network.spatial_features(given).detach().requires_grad_()
        logits = evidence.logits_with(index, evidence.network.embed_features(features, given.is_volume))
        (gradient,) = torch.autograd.grad(logits[0, 0], features)
        axes = tuple(range(2, features.ndim))
        expected = (gradient.sum(axes, keepdim=True) * features.detach()).sum(1)[0].clamp_min(0)
        [found] = ClassActivation(evidence, [0])(index, given)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
