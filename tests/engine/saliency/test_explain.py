from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from PIL import Image

from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.errors import Cancelled, RaddiagError
from raddiag_engine.network.config import EncoderKind
from raddiag_engine.saliency.explain import explain_case
from raddiag_engine.saliency.methods import METHODS, Method
from raddiag_engine.saliency.overlay import write_overlay
from raddiag_engine.saliency.pixel_attribution import PixelAttribution, ScanFunction, integrated_gradients, occlusion
from raddiag_engine.saliency.randomisation import randomisation_check
from tests.engine.saliency.conftest import evidence_of, scans


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("encoder", ["resnet", "vit", "slice_attention"])
def test_every_method_maps_every_scan_onto_its_own_grid(encoder: EncoderKind, method: Method) -> None:
    [maps] = explain_case(evidence_of(encoder), [2], method)
    assert [saliency.scan_id for saliency in maps] == ["xray-1", "mri-1"]
    for scan, saliency in zip(scans(), maps, strict=True):
        assert saliency.values.shape == scan.voxels.shape
        assert saliency.values.dtype == np.float32
        assert np.isfinite(saliency.values).all()
        assert 0 <= float(saliency.values.min()) <= float(saliency.values.max()) <= 1
        assert saliency.values[saliency.peak] == saliency.values.max()
    assert len({saliency.scale for saliency in maps}) == 1, "all maps of a disorder share one scale"
    assert max(float(saliency.values.max()) for saliency in maps) > 0.5  # going back to the grid may shave the peak
    if not maps[1].is_dark:
        assert np.ptp(maps[1].values, axis=0).max() > 0, "one 2D map repeated down the slices"


def test_the_slice_resolution_is_what_the_layer_can_tell_apart(evidence: CaseEvidence) -> None:
    """12 acquired slices become 8, one depth stride of 2 leaves 4 cells: 3 slices a cell."""
    [[image_map, volume_map]] = explain_case(evidence, [0])
    assert volume_map.slice_resolution == pytest.approx(3.0)
    assert volume_map.peak_slices is not None
    first, last = volume_map.peak_slices
    assert first <= volume_map.peak[0] <= last
    assert image_map.slice_resolution == 1.0 and image_map.peak_slices is None


def test_integrated_gradients_add_up_to_the_logit_difference(evidence: CaseEvidence) -> None:
    """Completeness (Sundararajan et al., proposition 1)."""
    scan = evidence.network_scan(0, evidence.prepare(0))
    function = ScanFunction(evidence, 0, scan)
    voxels = scan.voxels[None, None].clone().requires_grad_()
    signed = IntegratedGradients(function).attribute(voxels, target=1, n_steps=100, internal_batch_size=8).detach()
    with torch.no_grad():
        difference = function(voxels)[0, 1] - function(torch.zeros_like(voxels))[0, 1]
    assert float(signed.sum()) == pytest.approx(float(difference), rel=0.05, abs=0.02)
    ours = PixelAttribution(evidence, [1], integrated_gradients)(0, scan)[0]
    overlap = np.corrcoef(ours.numpy().ravel(), signed.clamp_min(0).numpy().ravel())[0, 1]
    assert overlap > 0.8


def test_occlusion_finds_the_box_that_carries_the_logit() -> None:
    """The logit is the mean of one corner of the image."""

    class Corner(torch.nn.Module):
        def forward(self, voxels: torch.Tensor) -> torch.Tensor:
            return voxels[..., 48:, 48:].flatten(1).mean(1, keepdim=True)

    drop = occlusion(Corner(), torch.ones(1, 1, 64, 64), 0)[0, 0]
    assert float(drop[56:, 56:].min()) > 0
    assert float(drop[:32, :32].max()) == 0


def test_cancelling_stops_between_scans(evidence: CaseEvidence) -> None:
    answers = iter([False, True])
    with pytest.raises(Cancelled):
        explain_case(evidence, [0], cancelled=lambda: next(answers))


@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients"])
def test_cancelling_stops_within_a_scan_that_takes_many_passes(evidence: CaseEvidence, method: str) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 4

    with pytest.raises(Cancelled):
        explain_case(evidence, [0], method, cancelled=cancelled)
    assert asked == 5


@pytest.mark.parametrize("method", ["occlusion", "integrated_gradients"])
def test_methods_of_many_passes_say_before_each_scan_and_within_it_how_far_they_are(
    evidence: CaseEvidence, method: str
) -> None:
    told: list[tuple[int, int, str]] = []
    explain_case(evidence, [0, 1], method, progress=lambda *step: told.append(step))
    assert (told[0], told[-1]) == ((0, 2, "explaining"), (2, 2, "explaining"))
    for number in (1, 2):
        steps = [(done, total) for done, total, what in told if what == f"explaining scan {number} of 2"]
        assert [done for done, _ in steps] == list(range(1, len(steps) + 1)) and len(steps) > 20
        assert {total for _, total in steps} == {len(steps)}  # known from the first, and reached


def test_an_unknown_method_is_refused_with_the_known_ones(evidence: CaseEvidence) -> None:
    with pytest.raises(RaddiagError, match="gradcam"):
        explain_case(evidence, [0], "lime")


def test_randomised_weights_change_the_map_and_the_network_is_left_alone(evidence: CaseEvidence) -> None:
    before = {name: tensor.clone() for name, tensor in evidence.network.state_dict().items()}
    steps = randomisation_check(evidence, 2)
    assert [step.part for step in steps[:2]] == ["head", "fusion"]
    assert {"encoder.normalisation_2d", "encoder.normalisation_3d"} <= {step.part for step in steps}
    assert min(step.rank_correlation for step in steps) < 0.9
    assert all(torch.equal(before[name], tensor) for name, tensor in evidence.network.state_dict().items())


def test_the_check_gives_1_where_the_weights_do_not_matter(
    evidence: CaseEvidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If shuffling does nothing, every map survives."""
    monkeypatch.setattr("raddiag_engine.saliency.randomisation._shuffle_weights", lambda module, generator: None)
    assert {round(step.rank_correlation, 3) for step in randomisation_check(evidence, 2)} == {1.0}


def test_an_overlay_shows_the_scan_beside_its_map(evidence: CaseEvidence, tmp_path: Path) -> None:
    [maps] = explain_case(evidence, [2])
    for index, (scan, saliency) in enumerate(zip(scans(), maps, strict=True)):
        path = tmp_path / f"{scan.id}.png"
        write_overlay(path, scan, evidence.prepare(index), saliency)
        sheet = np.asarray(Image.open(path)).astype(int)
        left, right = np.split(sheet[:384], 2, axis=1)
        assert np.ptp(left, axis=2).max() == 0, "the plain panel is grey"
        assert (np.ptp(right, axis=2) > 20).any() != saliency.is_dark
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mri-1.png", "xray-1.png"]


def test_a_dark_map_paints_nothing(evidence: CaseEvidence, tmp_path: Path) -> None:
    [maps] = explain_case(evidence, [2])
    dark = replace(maps[0], values=np.zeros_like(maps[0].values))
    write_overlay(tmp_path / "dark.png", scans()[0], evidence.prepare(0), dark)
    sheet = np.asarray(Image.open(tmp_path / "dark.png")).astype(int)
    assert np.ptp(sheet[:384], axis=2).max() == 0
