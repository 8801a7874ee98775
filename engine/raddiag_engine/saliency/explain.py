"""Saliency maps of a case: every scan, any disorder, one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.errors import Cancelled, RaddiagError
from raddiag_engine.network.packing import NetworkScan
from raddiag_engine.preparation import PreparedScan
from raddiag_engine.saliency.class_activation import ClassActivation
from raddiag_engine.saliency.methods import METHODS, Method
from raddiag_engine.saliency.saliency_map import SaliencyMap

ScanMaps = Callable[[int, NetworkScan], list[Tensor]]


def explain_case(
    evidence: CaseEvidence,
    classes: Sequence[int],
    method: str = "gradcam",
    *,
    progress: Callable[[int, int, str], None] = lambda done, total, what: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[list[SaliencyMap]]:
    """Maps of every scan for each disorder; with Grad-CAM, many disorders cost about as much as one.

    Args:
        evidence: The set case.
        classes: Class index of each disorder.
        method: One of `METHODS`.
        progress: Called with scans done, scans to do and what is being done; by the methods of many forward passes
            with those of the scan at hand.
        cancelled: Asked between scans, and by the methods of many forward passes before each.

    Returns:
        For each class one map per scan in use, in the order of the scans.

    Raises:
        RaddiagError: There is no such method.
        Cancelled: `cancelled` said so.
    """
    if method not in METHODS:
        raise RaddiagError(f"there is no saliency method {method!r}; choose one of {', '.join(METHODS)}")
    count = len(evidence.scans)
    of_scans: list[list[SaliencyMap]] = []

    def passed(done: int, total: int) -> None:
        progress(done, total, f"explaining scan {len(of_scans) + 1} of {count}")

    maps_of = _maker_of(method, passed)(evidence, classes, cancelled=cancelled)
    for index in range(count):
        if cancelled():
            raise Cancelled
        progress(index, count, "explaining")
        prepared = evidence.prepare(index)
        coarse_maps = maps_of(index, evidence.network_scan(index, prepared))
        of_scans.append(
            [_saliency_map(evidence, k, method, prepared, m) for k, m in zip(classes, coarse_maps, strict=True)]
        )
    progress(count, count, "explaining")
    return [_on_one_scale([maps[position] for maps in of_scans]) for position in range(len(classes))]


def _maker_of(method: Method, passed: Callable[[int, int], None]) -> Callable[..., ScanMaps]:
    """What makes the maps of one scan after another."""
    if method in ("gradcam", "respondcam"):
        return partial(ClassActivation, weighting=method)
    # captum takes seconds to import, and the two methods above do without it.
    from raddiag_engine.saliency import pixel_attribution as captum_methods

    if method == "guided_gradcam":
        return captum_methods.GuidedGradCam
    attribute = {
        "integrated_gradients": captum_methods.integrated_gradients,
        "occlusion": captum_methods.occlusion,
    }[method]
    return partial(captum_methods.PixelAttribution, attribute=attribute, passed=passed)


def _saliency_map(
    evidence: CaseEvidence, class_index: int, method: Method, prepared: PreparedScan, coarse: Tensor
) -> SaliencyMap:
    """A map on the scan's own grid, still in the method's units; its scale is its own largest value."""
    values = np.maximum(prepared.restore(_on_prepared_grid(coarse, prepared)), 0, dtype=np.float32)
    cell = _cell(values.shape, prepared, coarse)
    return SaliencyMap(
        scan_id=prepared.scan_id,
        disorder=evidence.card.disorders[class_index].name,
        method=method,
        values=values,
        scale=float(coarse.max()),
        peak=tuple(int(i) for i in np.unravel_index(int(values.argmax()), values.shape)),
        slice_resolution=cell[0] if prepared.is_volume else 1.0,
        cell=cell,
        case_hash=evidence.case_hash,
        input_hash=evidence.input_hash,
        model_sha256=evidence.card.weights_sha256,
    )


def _on_one_scale(maps: list[SaliencyMap]) -> list[SaliencyMap]:
    """The maps of one disorder, divided in place by the largest value in the case."""
    scale = max(saliency.scale for saliency in maps)
    for saliency in maps:
        if scale > 0:
            np.divide(saliency.values, scale, out=saliency.values)
            np.minimum(saliency.values, 1, out=saliency.values)
    return [saliency.rescaled(scale) for saliency in maps]


def _on_prepared_grid(coarse: Tensor, prepared: PreparedScan) -> NDArray[np.float32]:
    """The map at the resolution of the prepared voxels; equal slices of an image each get their mean."""
    shape = prepared.voxels.shape
    if not prepared.is_volume:
        shape = shape[-2:]
        coarse = coarse.mean(dim=0) if coarse.ndim == 3 else coarse
    mode = "bilinear" if coarse.ndim == 2 else "trilinear"
    with torch.no_grad():
        fine = F.interpolate(coarse.detach()[None, None].cpu(), size=shape, mode=mode, align_corners=False)[0, 0]
    return np.array(np.broadcast_to(fine.numpy(), prepared.voxels.shape))


def _cell(shape: tuple[int, ...], prepared: PreparedScan, coarse: Tensor) -> tuple[float, ...]:
    """Voxels of the scan that one cell of the map spans along each axis.

    In the slice the larger of the two is given for both, because display may have transposed them.
    """
    in_slice = max(shape[-2:]) / min(coarse.shape[-2:])
    if not prepared.is_volume:
        return (*(1.0 for _ in shape[:-2]), in_slice, in_slice)
    acquired = shape[0]
    return (max(1.0, acquired / coarse.shape[0], acquired / prepared.voxels.shape[0]), in_slice, in_slice)
