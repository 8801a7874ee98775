from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import LayerGradCam
from torch import Tensor

from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.network.packing import NetworkScan
from raddiag_engine.saliency.class_activation import ClassActivation
from raddiag_engine.saliency.pixel_attribution import ScanFunction


def network_scans(evidence: CaseEvidence) -> list[NetworkScan]:
    return [evidence.network_scan(i, evidence.prepare(i)) for i in range(len(evidence.scans))]


def maps(evidence: CaseEvidence, index: int, classes: list[int], weighting: str = "gradcam") -> list[Tensor]:
    return ClassActivation(evidence, classes, weighting)(index, network_scans(evidence)[index])  # type: ignore[arg-type]


@pytest.mark.parametrize("index", [0, 1], ids=["image", "volume"])
def test_gradcam_agrees_with_captum_through_the_fusion(evidence: CaseEvidence, index: int) -> None:
    layers = [evidence.network.encoder.normalisation_2d, evidence.network.encoder.normalisation_3d]
    scan = network_scans(evidence)[index]
    voxels = scan.voxels[None, None].clone().requires_grad_()
    function = ScanFunction(evidence, index, scan)
    theirs = LayerGradCam(function, layers[index]).attribute(voxels, target=2, relu_attributions=True)[0, 0].detach()
    assert float(theirs.max()) > 0
    # Captum weighs by the mean of the gradient, we by its sum.
    torch.testing.assert_close(maps(evidence, index, [2])[0], theirs * theirs.numel(), rtol=1e-3, atol=1e-5)


def test_many_disorders_share_one_pass_over_the_voxels(evidence: CaseEvidence, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    original = evidence.network.spatial_features

    def counted(scan: NetworkScan) -> Tensor:
        calls.append(scan)
        return original(scan)

    monkeypatch.setattr(evidence.network, "spatial_features", counted)
    assert len(maps(evidence, 0, [0, 1, 2, 3, 4])) == 5
    assert len(calls) == 1


def test_each_of_many_disorders_equals_itself_alone(evidence: CaseEvidence) -> None:
    for index in (0, 1):
        torch.testing.assert_close(maps(evidence, index, [3, 1])[1], maps(evidence, index, [1])[0])


def test_respondcam_weights_are_the_response_weighted_mean_gradient(evidence: CaseEvidence) -> None:
    """Zhao et al. 2018, equation 3, with an explicit loop over channels."""
    scan = network_scans(evidence)[1]
    activation = evidence.network.spatial_features(scan).detach().requires_grad_()
    logits = evidence.logits_with(1, evidence.network.embed_features(activation, scan.is_volume))
    (gradient,) = torch.autograd.grad(logits[0, 4], activation)
    expected = torch.zeros(activation.shape[2:])
    for channel in range(activation.shape[1]):
        a, g = activation[0, channel].detach(), gradient[0, channel]
        if float(a.sum()) != 0:
            expected += a * float((g * a).sum() / a.sum()) * a.numel()
    ours = maps(evidence, 1, [4], "respondcam")[0]
    torch.testing.assert_close(ours, expected.clamp_min(0), rtol=1e-3, atol=1e-5)


def test_a_disorder_that_ignores_the_scans_leaves_them_dark(evidence: CaseEvidence) -> None:
    with torch.no_grad():
        for parameter in evidence.network.head.parameters():
            parameter.zero_()
    assert float(maps(evidence, 0, [0])[0].abs().max()) == 0


def test_the_map_of_a_volume_varies_with_depth(evidence: CaseEvidence) -> None:
    volume_map = maps(evidence, 1, [2])[0]
    assert volume_map.ndim == 3 and volume_map.shape[0] > 1
    assert np.ptp(volume_map.numpy(), axis=0).max() > 0


def test_the_mean_of_a_map_before_clipping_is_the_gradient_times_activation(evidence: CaseEvidence) -> None:
    """Unclipped, the map is the sum over channels of the summed gradient times the activation."""
    scan = network_scans(evidence)[0]
    activation = evidence.network.spatial_features(scan).detach().requires_grad_()
    logits = evidence.logits_with(0, evidence.network.embed_features(activation, scan.is_volume))
    (gradient,) = torch.autograd.grad(logits[0, 0], activation)
    unclipped = (gradient.sum((2, 3), keepdim=True) * activation.detach()).sum(1)[0]
    torch.testing.assert_close(maps(evidence, 0, [0])[0], unclipped.clamp_min(0), rtol=1e-3, atol=1e-5)
