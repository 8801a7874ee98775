"""RadDiag: scans of a case in, logits of its disorders out (equation 1)."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from raddiag_engine.errors import ModelError
from raddiag_engine.network.config import NetworkConfig
from raddiag_engine.network.fusion import FusionTransformer
from raddiag_engine.network.head import KnowledgeHead, build_head
from raddiag_engine.network.packing import NetworkScan, PackedBatch, group_key, pack_scans
from raddiag_engine.network.pooling import pool_predictions
from raddiag_engine.network.resnet_encoder import ResNetEncoder
from raddiag_engine.network.slice_attention_encoder import SliceAttentionEncoder
from raddiag_engine.network.vit_encoder import ViTEncoder

Encoder = ResNetEncoder | ViTEncoder | SliceAttentionEncoder


class RadDiag(nn.Module):
    """Visual encoder, fusion module and classifier, chosen by configuration.

    Args:
        config: The architecture.
    """

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = build_encoder(config)
        pooled = config.fusion.kind != "transformer"
        self.fusion = (
            None if pooled else FusionTransformer(config.fusion, config.embedding_width, config.tokens_per_scan)
        )
        self.head = build_head(config.head, config.embedding_width, config.classes)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def forward(self, batch: PackedBatch) -> Tensor:
        """A packed batch to logits_BK."""
        return self.diagnose(self.encode(batch), batch.modality_ids_BS, batch.mask_BS)

    def encode(self, batch: PackedBatch) -> Tensor:
        """A packed batch to embeddings_BSC, zero where there is no scan."""
        embeddings_MC = torch.zeros(batch.mask_BS.numel(), self.config.scan_embedding_width, device=self.device)
        for group in batch.groups:
            embeddings_MC = embeddings_MC.index_copy(0, group.slots_N, self.encoder(group).float())
        return embeddings_MC.unflatten(0, batch.mask_BS.shape)

    def encode_with_features(self, batch: PackedBatch) -> tuple[Tensor, list[Tensor]]:
        """As `encode`, with the feature maps from which each group's embeddings come, for losses on them.

        Returns:
            embeddings_BSC, and for each group (N, C, h, w) or (N, C, d, h, w), as `spatial_features` gives for a scan.

        Raises:
            ModelError: The encoder takes scans apart into slices.
        """
        if isinstance(self.encoder, SliceAttentionEncoder):
            raise ModelError("the slice_attention encoder has no feature maps of whole scans in training")
        embeddings_MC = torch.zeros(batch.mask_BS.numel(), self.config.scan_embedding_width, device=self.device)
        features = []
        for group in batch.groups:
            features.append(self.encoder.group_features(group))
            embeddings_NC = self.encoder.embed_features(features[-1]).float()
            embeddings_MC = embeddings_MC.index_copy(0, group.slots_N, embeddings_NC)
        return embeddings_MC.unflatten(0, batch.mask_BS.shape), features

    def encode_with_slice_scores(self, batch: PackedBatch) -> tuple[Tensor, list[Tensor]]:
        """As `encode`, with each group's scores from the cls token to the slices, for losses on them.

        Returns:
            embeddings_BSC, and for each group scores_NL, -inf beyond a scan's last slice.

        Raises:
            ModelError: The encoder does not attend over slices.
        """
        if not isinstance(self.encoder, SliceAttentionEncoder):
            raise ModelError(f"the {self.config.encoder} encoder does not attend over slices")
        embeddings_MC = torch.zeros(batch.mask_BS.numel(), self.config.scan_embedding_width, device=self.device)
        scores = []
        for group in batch.groups:
            embeddings_NC, scores_NL = self.encoder.embed_with_scores(group)
            embeddings_MC = embeddings_MC.index_copy(0, group.slots_N, embeddings_NC.float())
            scores.append(scores_NL)
        return embeddings_MC.unflatten(0, batch.mask_BS.shape), scores

    @torch.no_grad()
    def encode_scans(
        self, scans: Sequence[NetworkScan], chunk: int, progress: Callable[[int, int], None] | None = None
    ) -> Tensor:
        """Encode any number of scans in bounded memory, without gradients.

        Args:
            scans: On any device; each chunk is moved to the network's own.
            chunk: Most slices that are computed at once (an image is one slice). The 3D part of an encoder
                takes at least one whole volume.
            progress: Called after each chunk with the scans done and the scans there are; may raise to cancel.

        Returns:
            embeddings_NC, float32, on the network's device.

        Raises:
            ModelError: A scan of a shape that the encoder does not take.
        """
        embeddings_NC = torch.empty(len(scans), self.config.scan_embedding_width, device=self.device)
        done = 0
        for indices in self._chunks(scans, chunk):
            for group in pack_scans([scans[index] for index in indices], indices, self.config):
                group_here = group.to(self.device)
                embeddings_NC[group_here.slots_N] = self.encoder(group_here, chunk).float()
            done += len(indices)
            if progress is not None:
                progress(done, len(scans))
        return embeddings_NC

    def fuse(self, embeddings_BSC: Tensor, modality_ids_BS: Tensor, mask_BS: Tensor) -> Tensor:
        """Scan embeddings to the case embedding fused_BC.

        Raises:
            ModelError: The model pools predictions, so that there is no case embedding.
        """
        if self.fusion is None:
            raise ModelError(f"{self.config.fusion.kind} pooling has no case embedding; it pools the predictions")
        return self.fusion(embeddings_BSC, modality_ids_BS, mask_BS)

    def classify(self, fused_BC: Tensor) -> Tensor:
        """Case embeddings (or scan embeddings, for the pooling baselines) to logits_BK."""
        return self.head(fused_BC)

    def diagnose(self, embeddings_BSC: Tensor, modality_ids_BS: Tensor, mask_BS: Tensor) -> Tensor:
        """Scan embeddings to logits_BK, through fusion or by pooling the predictions of the scans."""
        if self.config.fusion.kind == "transformer":
            return self.classify(self.fuse(embeddings_BSC, modality_ids_BS, mask_BS))
        return pool_predictions(self.classify(embeddings_BSC), mask_BS, self.config.fusion.kind)

    def spatial_features(self, scan: NetworkScan) -> Tensor:
        """The last feature map that still has a scan's depth, for saliency.

        Args:
            scan: On the network's device.

        Returns:
            (1, C, h, w) or, where `scan.voxels` has slices, (1, C, d, h, w).
        """
        return self.encoder.spatial_features(scan)

    def embed_features(self, features: Tensor, is_volume: bool) -> Tensor:
        """From `spatial_features` to the embedding (1, C), tokens side by side: the two composed are `encode`.

        Args:
            features: As `spatial_features` gives it.
            is_volume: As in the scan.
        """
        return self.encoder.embed_features(features)

    def set_text_embeddings(self, text_embeddings_KT: Tensor) -> None:
        """Give a knowledge head the text embeddings of the disorders, in the order of the logits.

        Raises:
            ModelError: The head takes none, or the shape is another.
        """
        self._knowledge_head().set_text_embeddings(text_embeddings_KT)

    def extended(self, text_embeddings_UT: Tensor) -> RadDiag:
        """The same network with further disorders after its own, known by their text alone; the weights are shared.

        Args:
            text_embeddings_UT: Of their names; see `KnowledgeHead.extended`.

        Raises:
            ModelError: The head takes none, or the shape is another.
        """
        network = copy.copy(self)
        network._modules = self._modules.copy()
        network.head = self._knowledge_head().extended(text_embeddings_UT)
        network.config = replace(self.config, classes=self.config.classes + len(text_embeddings_UT))
        return network

    def _knowledge_head(self) -> KnowledgeHead:
        if not isinstance(self.head, KnowledgeHead):
            raise ModelError(f"a {self.config.head.kind} head takes no text embeddings")
        return self.head

    def _chunks(self, scans: Sequence[NetworkScan], chunk: int) -> Iterator[list[int]]:
        """Indices of scans of one group, as many together as `chunk` slices allow."""
        members: dict[object, list[int]] = {}
        for index, scan in enumerate(scans):
            members.setdefault(group_key(scan, self.config), []).append(index)
        for indices in members.values():
            together: list[int] = []
            slices = 0
            for index in indices:
                own = _slices_to_compute(scans[index])
                if together and slices + own > chunk:
                    yield together
                    together, slices = [], 0
                together.append(index)
                slices += own
            yield together


def build_encoder(config: NetworkConfig) -> Encoder:
    """The visual encoder that the configuration names."""
    kinds: dict[str, type[Encoder]] = {
        "resnet": ResNetEncoder,
        "vit": ViTEncoder,
        "slice_attention": SliceAttentionEncoder,
    }
    return kinds[config.encoder](config)


def _slices_to_compute(scan: NetworkScan) -> int:
    # The slices of an image are equal and computed once.
    return scan.voxels.shape[0] if scan.is_volume else 1
