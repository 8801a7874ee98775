"""Integrated gradients, guided Grad-CAM and occlusion by captum: one scan varies, the others are as they are."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from captum.attr import GuidedBackprop, IntegratedGradients, Occlusion
from torch import Tensor, nn

from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.errors import Cancelled
from raddiag_engine.network.packing import NetworkScan
from raddiag_engine.saliency.class_activation import ClassActivation

INTEGRATION_STEPS = 16
OCCLUSION_BOXES_PER_AXIS = 8
OCCLUSION_BATCH = 4


class ScanFunction(nn.Module):
    """Logits of the case as a function of one scan's voxels.

    Captum calls it with (B, 1, H, W) or (B, 1, D, H, W): B variants of that scan, hundreds of times for occlusion.

    Attributes:
        passes: Forward passes done.
        expected_passes: In all, once the method has said so; else 0.

    Raises:
        Cancelled: On a call after `cancelled` said so.
    """

    def __init__(
        self,
        evidence: CaseEvidence,
        index: int,
        scan: NetworkScan,
        cancelled: Callable[[], bool] = lambda: False,
        passed: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        super().__init__()
        self.passes = self.expected_passes = 0
        self._passed = passed
        self.network = evidence.network  # a submodule, so that captum finds the ReLUs to guide
        self._evidence, self._index, self._scan, self._cancelled = evidence, index, scan, cancelled

    def forward(self, variants: Tensor) -> Tensor:
        """(B, 1, ...) voxels to logits (B, K)."""
        return torch.cat([self._logits(variant[0]) for variant in variants])

    def _logits(self, voxels: Tensor) -> Tensor:
        if self._cancelled():
            raise Cancelled
        scan = NetworkScan(voxels, self._scan.is_volume, self._scan.modality_id)
        embedding_1C = self.network.embed_features(self.network.spatial_features(scan), scan.is_volume)
        logits = self._evidence.logits_with(self._index, embedding_1C)
        self.passes += 1
        self._passed(self.passes, max(self.passes, self.expected_passes))
        return logits


Attribution = Callable[[nn.Module, Tensor, int], Tensor]


class PixelAttribution:
    """Maps of any scan of a case for several disorders, at the resolution of the prepared voxels.

    Args:
        evidence: The set case.
        classes: Class indices.
        attribute: `integrated_gradients` or `occlusion`.
        cancelled: Asked before every forward pass.
        passed: Called after every forward pass with those done and those to do for the scan.
    """

    def __init__(
        self,
        evidence: CaseEvidence,
        classes: Sequence[int],
        attribute: Attribution,
        cancelled: Callable[[], bool] = lambda: False,
        passed: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._evidence, self._classes, self._attribute = evidence, classes, attribute
        self._cancelled, self._passed = cancelled, passed

    def __call__(self, index: int, scan: NetworkScan) -> list[Tensor]:
        """For each class a map of the shape of the scan's voxels, not negative."""
        function = ScanFunction(self._evidence, index, scan, self._cancelled, self._passed)
        function.expected_passes = len(self._classes) * _passes_of(self._attribute, scan.voxels.shape)
        voxels = scan.voxels[None, None].clone().requires_grad_()
        shares = (self._attribute(function, voxels, k) for k in self._classes)
        # What speaks against the disorder is cut off.
        return [share.detach()[0, 0].clamp_min(0).float() for share in shares]


class GuidedGradCam:
    """Guided backpropagation, kept where Grad-CAM finds evidence (Selvaraju et al., section 3.3)."""

    def __init__(
        self, evidence: CaseEvidence, classes: Sequence[int], cancelled: Callable[[], bool] = lambda: False
    ) -> None:
        self._guided = PixelAttribution(evidence, classes, _guided_backpropagation, cancelled)
        self._coarse = ClassActivation(evidence, classes)

    def __call__(self, index: int, scan: NetworkScan) -> list[Tensor]:
        """For each class a map of the shape of the scan's voxels, not negative."""
        pairs = zip(self._guided(index, scan), self._coarse(index, scan), strict=True)
        return [guided * _upsampled(coarse, guided.shape) for guided, coarse in pairs]


def integrated_gradients(function: nn.Module, voxels: Tensor, target: int) -> Tensor:
    """Share of the logit owed to every voxel, against a black scan (Sundararajan et al., ICML 2017)."""
    method = IntegratedGradients(function)
    return method.attribute(voxels, target=target, n_steps=INTEGRATION_STEPS, internal_batch_size=1)


def occlusion(function: nn.Module, voxels: Tensor, target: int) -> Tensor:
    """Drop of the logit when a box of the scan is black (Zeiler and Fergus, ECCV 2014); boxes overlap by half."""
    box, strides = _boxes(voxels.shape[2:])
    with torch.no_grad():
        return Occlusion(function).attribute(
            voxels,
            target=target,
            sliding_window_shapes=(1, *box),
            strides=(1, *strides),
            perturbations_per_eval=OCCLUSION_BATCH,
        )


def _boxes(shape: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Edges of the box, and the steps it is moved by."""
    box = tuple(max(1, -(-2 * size // OCCLUSION_BOXES_PER_AXIS)) for size in shape)
    return box, tuple(max(1, edge // 2) for edge in box)


def _passes_of(attribute: Attribution, shape: Sequence[int]) -> int:
    """Forward passes for one class; 0 if it is not known."""
    if attribute is integrated_gradients:
        return INTEGRATION_STEPS
    if attribute is occlusion:  # the scan as it is, and one for each place of the box
        box, strides = _boxes(shape)
        return 1 + math.prod(
            1 + -(-(size - edge) // step) for size, edge, step in zip(shape, box, strides, strict=True)
        )
    return 0


def _guided_backpropagation(function: nn.Module, voxels: Tensor, target: int) -> Tensor:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Setting backward hooks on ReLU")
        return GuidedBackprop(function).attribute(voxels, target=target)


def _upsampled(coarse: Tensor, shape: Sequence[int]) -> Tensor:
    coarse = coarse.expand(shape[0], *coarse.shape) if coarse.ndim < len(shape) else coarse
    mode = "bilinear" if coarse.ndim == 2 else "trilinear"
    return F.interpolate(coarse[None, None], size=tuple(shape), mode=mode, align_corners=False)[0, 0]
