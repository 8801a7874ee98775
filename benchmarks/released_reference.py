"""A naive reference: computes what the released code computes, under its names, with nothing left out.

Every case is padded to 4 scans x 32 slices and all 128 slices go through the ResNet-50 in one batch, in float32
and contiguous layout; masks hide the padding afterwards. Independent of raddiag_engine on purpose.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

MAX_SCANS, MAX_SLICES = 4, 32

Weights = Mapping[str, Tensor]


def logits(weights: Weights, scans: Sequence[tuple[int, Tensor]]) -> Tensor:
    """Diagnose one case.

    Args:
        weights: By released name.
        scans: Modality id and voxels (slice, row, column) in [0, 1].

    Returns:
        (classes,).
    """
    size = scans[0][1].shape[1:]
    voxels_SLHW = scans[0][1].new_zeros(MAX_SCANS, MAX_SLICES, *size)
    slice_mask_SL = torch.zeros(MAX_SCANS, MAX_SLICES, dtype=torch.bool, device=voxels_SLHW.device)
    modality_ids_S = torch.zeros(MAX_SCANS, dtype=torch.long, device=voxels_SLHW.device)
    for row, (modality_id, voxels_LHW) in enumerate(scans):
        voxels_SLHW[row, : len(voxels_LHW)] = voxels_LHW
        slice_mask_SL[row, : len(voxels_LHW)] = True
        modality_ids_S[row] = modality_id
    slices_NCHW = voxels_SLHW.flatten(0, 1).unsqueeze(1).repeat(1, 3, 1, 1)
    features_SLC = _resnet50(weights, slices_NCHW).unflatten(0, (MAX_SCANS, MAX_SLICES))
    scans_SC = _attention_1d(weights, features_SLC, slice_mask_SL)
    scan_mask_1S = (torch.arange(MAX_SCANS, device=scans_SC.device) < len(scans))[None]
    fused_1C = _fuse(weights, (scans_SC + weights["vitFuse.mod_embed"][modality_ids_S])[None], scan_mask_1S)
    hidden_1C = F.gelu(_linear(weights, "fc.0", fused_1C))
    return _linear(weights, "fc.2", hidden_1C)[0]


def _linear(weights: Weights, name: str, x: Tensor) -> Tensor:
    return F.linear(x, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _norm2d(weights: Weights, name: str, x: Tensor) -> Tensor:
    mean, variance = weights[f"{name}.running_mean"], weights[f"{name}.running_var"]
    return F.batch_norm(x, mean, variance, weights[f"{name}.weight"], weights[f"{name}.bias"])


def _resnet50(weights: Weights, x: Tensor) -> Tensor:
    x = F.conv2d(x, weights["resnet2D.conv1.weight"], stride=2, padding=3)
    x = F.max_pool2d(F.relu(_norm2d(weights, "resnet2D.bn1", x), inplace=True), 3, 2, 1)
    for stage, blocks in enumerate((3, 4, 6, 3), start=1):
        for block in range(blocks):
            x = _bottleneck(weights, f"resnet2D.layer{stage}.{block}", x, 2 if stage > 1 and block == 0 else 1)
    return x.mean((2, 3))


def _bottleneck(weights: Weights, name: str, x: Tensor, stride: int) -> Tensor:
    identity = x
    y = F.relu(_norm2d(weights, f"{name}.bn1", F.conv2d(x, weights[f"{name}.conv1.weight"])), inplace=True)
    y = F.conv2d(y, weights[f"{name}.conv2.weight"], stride=stride, padding=1)
    y = F.relu(_norm2d(weights, f"{name}.bn2", y), inplace=True)
    y = _norm2d(weights, f"{name}.bn3", F.conv2d(y, weights[f"{name}.conv3.weight"]))
    if f"{name}.downsample.0.weight" in weights:
        identity = F.conv2d(x, weights[f"{name}.downsample.0.weight"], stride=stride)
        identity = _norm2d(weights, f"{name}.downsample.1", identity)
    return F.relu(y.add_(identity), inplace=True)


def _attention_1d(weights: Weights, features_NLC: Tensor, mask_NL: Tensor) -> Tensor:
    cls_N1C = weights["attention1D.cls_token"].expand(len(features_NLC), -1, -1)
    tokens_NLC = torch.cat([cls_N1C, features_NLC], 1) + weights["attention1D.pos_emb"]
    return _transformer(weights, "attention1D", tokens_NLC, F.pad(mask_NL, (1, 0), value=True), layers=1, heads=1)


def _fuse(weights: Weights, scans_BSC: Tensor, mask_BS: Tensor) -> Tensor:
    tokens_BLC = torch.cat([weights["vitFuse.cls_token"].expand(len(scans_BSC), -1, -1), scans_BSC], 1)
    return _transformer(weights, "vitFuse", tokens_BLC, F.pad(mask_BS, (1, 0), value=True), layers=2, heads=4)


def _transformer(weights: Weights, name: str, x: Tensor, mask_NL: Tensor, layers: int, heads: int) -> Tensor:
    """Output at cls of the released transformer: attention un-normalised, feed forward normalised."""
    prefix = f"{name}.transformer_encoder.encoder"
    for layer in range(layers):
        here = f"{prefix}.layers.{layer}"
        x = x + _attention(weights, f"{here}.self_attn.linears", x, mask_NL, heads)
        y = _layer_norm(weights, f"{here}.sublayer.1.norm", x)
        y = F.relu(_linear(weights, f"{here}.feed_forward.w_1", y))
        x = x + _linear(weights, f"{here}.feed_forward.w_2", y)
    return _layer_norm(weights, f"{prefix}.norm", x)[:, 0]


def _attention(weights: Weights, name: str, x: Tensor, mask_NL: Tensor, heads: int) -> Tensor:
    query, key, value = (
        _linear(weights, f"{name}.{part}", x).unflatten(2, (heads, -1)).transpose(1, 2) for part in range(3)
    )
    scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])
    scores = scores.masked_fill(~mask_NL[:, None, None, :], -1e9)
    return _linear(weights, f"{name}.3", (scores.softmax(-1) @ value).transpose(1, 2).flatten(2))


def _layer_norm(weights: Weights, name: str, x: Tensor) -> Tensor:
    centred = x - x.mean(-1, keepdim=True)
    return weights[f"{name}.a"] * centred / (x.std(-1, keepdim=True) + 1e-6) + weights[f"{name}.b"]
