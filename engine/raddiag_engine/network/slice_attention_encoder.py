"""The released encoder: a ResNet-50 a slice, then attention over the slices of the scan."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.packing import NetworkScan, ScanGroup, distinct_slices
from raddiag_engine.network.residual import Bottleneck
from raddiag_engine.network.resnet import ResNet
from raddiag_engine.network.scan_tokens import slice_groups
from raddiag_engine.network.transformer import ReleasedBlock, TransformerEncoder


class SliceAttention(nn.Module):
    """The released `attention1D`: a cls token, learned positions and one transformer layer with one head.

    Args:
        width: Of a slice's features.
        max_slices: Slices that the positions cover.
    """

    def __init__(self, width: int, max_slices: int) -> None:
        super().__init__()
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.positions = nn.Parameter(torch.empty(max_slices + 1, width))
        self.transformer = TransformerEncoder(width, layers=1, heads=1, block="released")
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        nn.init.trunc_normal_(self.positions, std=0.02)

    def forward(self, features_NLC: Tensor, mask_NL: Tensor) -> Tensor:
        """Slice features to scan embeddings_NC; `mask_NL` is True for a real slice."""
        cls_mask_N1 = mask_NL.new_ones(len(mask_NL), 1)
        return self.transformer(self._tokens(features_NLC), torch.cat([cls_mask_N1, mask_NL], 1))[:, 0]

    def scores(self, features_NLC: Tensor) -> Tensor:
        """Scaled scores of the cls token towards itself and the L slices, before mask and softmax: (N, 1 + L)."""
        block = self.transformer.layers[0]
        assert isinstance(block, ReleasedBlock)
        return block.attention.scores_of_first(self._tokens(features_NLC))[:, 0]

    def _tokens(self, features_NLC: Tensor) -> Tensor:
        cls_N1C = self.cls_token.expand(len(features_NLC), -1, -1).to(features_NLC.dtype)
        tokens_NLC = torch.cat([cls_N1C, features_NLC], 1)
        return tokens_NLC + self.positions[: tokens_NLC.shape[1]]


class SliceAttentionEncoder(nn.Module):
    """Encodes a scan as a stack of slices; equal neighbouring slices are computed once, which is exact."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        stack = config.slice_attention
        self.input_channels = config.input_channels
        self.tokens = config.tokens_per_scan
        self.resnet = ResNet(Bottleneck, 2, config.input_channels, stack.width, stack.blocks)
        width = self.resnet.out_channels
        self.attention = SliceAttention(width, stack.max_slices)
        same_width = width == config.embedding_width
        self.projection = nn.Identity() if same_width else nn.Linear(width, config.embedding_width)

    def forward(self, group: ScanGroup, chunk: int | None = None) -> Tensor:
        """Encode the stacks of a group.

        Args:
            group: Stacks from `pack`.
            chunk: Most slices that go through the ResNet at once; all if None.

        Returns:
            embeddings_NC.
        """
        return self._embed(*self.slice_features(group, chunk))

    def embed_with_scores(self, group: ScanGroup) -> tuple[Tensor, Tensor]:
        """As `forward`, with the scores from each scan's cls token to its slices, for a loss on them.

        Returns:
            embeddings_NC, and scores_NL before the softmax, -inf beyond the last slice.
        """
        features_NLC, mask_NL = self.slice_features(group)
        scores_NL = self.attention.scores(features_NLC)[:, 1:].float().masked_fill(~mask_NL, -math.inf)
        return self._embed(features_NLC, mask_NL), scores_NL

    def slice_features(self, group: ScanGroup, chunk: int | None = None) -> tuple[Tensor, Tensor]:
        """Pooled ResNet features of every slice: features_NLC, and mask_NL, True for a real slice."""
        assert group.slice_index_NL is not None
        slices_M1HW = group.voxels
        parts = slices_M1HW.split(chunk or max(1, len(slices_M1HW)))
        maps = (self._feature_maps(part_M1HW) for part_M1HW in parts)
        # In float32 whatever the precision of the convolutions: the sums over slices are cheap.
        features_MC = torch.cat([maps_MChw.mean((2, 3), dtype=torch.float32) for maps_MChw in maps])
        return features_MC[group.slice_index_NL.clamp(min=0)], group.slice_index_NL >= 0

    def attend(self, group: ScanGroup, chunk: int | None = None) -> Tensor:
        """Attention of each scan's cls token over the slices, (N, L): 0 beyond the last slice.

        A row falls short of 1 by the attention of the cls token to itself.
        """
        features_NLC, mask_NL = self.slice_features(group, chunk)
        scores_N1L = self.attention.scores(features_NLC)
        absent_N1L = F.pad(~mask_NL, (1, 0))
        return scores_N1L.masked_fill(absent_N1L, -math.inf).softmax(1)[:, 1:]

    def spatial_features(self, scan: NetworkScan) -> Tensor:
        """The last feature map of every slice: (1, C, h, w), or (1, C, d, h, w) where the scan has slices."""
        distinct_MHW, index = distinct_slices(scan.voxels)
        maps_LChw = self._feature_maps(distinct_MHW[:, None])[index]
        return maps_LChw.transpose(0, 1)[None] if scan.voxels.ndim == 3 else maps_LChw

    def embed_features(self, features: Tensor) -> Tensor:
        """(N, C, h, w) or (N, C, d, h, w) to embeddings_NC."""
        features_NCL = features.mean((-2, -1)) if features.ndim == 5 else features.mean((2, 3))[:, :, None]
        mask_NL = torch.ones(len(features), features_NCL.shape[2], dtype=torch.bool, device=features.device)
        return self._embed(features_NCL.transpose(1, 2), mask_NL)

    def _embed(self, features_NLC: Tensor, mask_NL: Tensor) -> Tensor:
        """Slice features to embeddings_NC; a token is the attention over its own run of slices."""
        if self.tokens == 1:
            return self.projection(self.attention(features_NLC, mask_NL))
        groups_NTL = slice_groups(mask_NL, self.tokens)
        features_MLC = features_NLC.repeat_interleave(self.tokens, 0)
        tokens_MC = self.projection(self.attention(features_MLC, groups_NTL.flatten(0, 1)))
        return tokens_MC.reshape(len(features_NLC), self.tokens * tokens_MC.shape[1])

    def _feature_maps(self, slices_M1HW: Tensor) -> Tensor:
        return self.resnet(slices_M1HW.expand(-1, self.input_channels, -1, -1))
