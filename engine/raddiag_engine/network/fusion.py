"""The fusion module (section 4.2.2): the scans of a case become one embedding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from raddiag_engine.network.config import FusionConfig
from raddiag_engine.network.transformer import TransformerEncoder


class FusionTransformer(nn.Module):
    """Adds a learned modality embedding to each scan embedding, puts a cls token first, returns its output.

    Scans carry no position, so their order does not matter (equation 3).

    Args:
        config: Layers, heads, block and size of the table of modality embeddings.
        width: Of a token and of the case embedding.
        tokens: Of each scan; with several, each gets a learned embedding of its place in the scan.
    """

    def __init__(self, config: FusionConfig, width: int, tokens: int = 1) -> None:
        super().__init__()
        self.tokens = tokens
        self.modality_embeddings = nn.Parameter(torch.empty(config.modalities, width))
        self.cls_token = nn.Parameter(torch.empty(1, 1, width))
        self.transformer = TransformerEncoder(width, config.layers, config.heads, config.block, config.dropout)
        nn.init.trunc_normal_(self.modality_embeddings, std=0.02)
        nn.init.trunc_normal_(self.cls_token, std=0.02)
        if tokens > 1:
            self.token_embeddings = nn.Parameter(torch.empty(tokens, width))
            nn.init.trunc_normal_(self.token_embeddings, std=0.02)

    def forward(self, embeddings_BSC: Tensor, modality_ids_BS: Tensor, mask_BS: Tensor) -> Tensor:
        """Fuse the scans at which `mask_BS` is True.

        Args:
            embeddings_BSC: Scan embeddings; C is the width times the tokens.
            modality_ids_BS: int64 rows of the table.
            mask_BS: True for a real scan. The cls token is never masked.

        Returns:
            fused_BC.
        """
        if self.tokens > 1:
            tokens_BSTC = embeddings_BSC.unflatten(2, (self.tokens, -1)) + self.token_embeddings
            embeddings_BSC = tokens_BSTC.flatten(1, 2)
            modality_ids_BS = modality_ids_BS.repeat_interleave(self.tokens, 1)
            mask_BS = mask_BS.repeat_interleave(self.tokens, 1)
        scans_BSC = embeddings_BSC + self.modality_embeddings[modality_ids_BS]
        cls_B1C = self.cls_token.expand(len(scans_BSC), -1, -1).to(scans_BSC.dtype)
        mask_BL = torch.cat([mask_BS.new_ones(len(mask_BS), 1), mask_BS], 1)
        return self.transformer(torch.cat([cls_B1C, scans_BSC], 1), mask_BL)[:, 0]
