"""Transformer encoders over a set of tokens: the usual pre-norm block, and the released one."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

BlockKind = Literal["pre_norm", "released"]


class Attention(nn.Module):
    """Multi-head self-attention (Vaswani et al. 2017).

    Args:
        width: Of the tokens.
        heads: Must divide the width.
        dropout: Of the attention weights, in training.
    """

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        if width % heads:
            raise ValueError(f"{heads} heads do not divide a width of {width}")
        self.heads, self.dropout = heads, dropout
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.output = nn.Linear(width, width)

    def forward(self, tokens_NLC: Tensor, mask_NL: Tensor | None = None) -> Tensor:
        """Every token attends to the tokens at which `mask_NL` is True; all if None."""
        query, key, value = (self._split(part(tokens_NLC)) for part in (self.query, self.key, self.value))
        mask = None if mask_NL is None else mask_NL[:, None, None, :]
        dropout = self.dropout if self.training else 0.0
        attended = F.scaled_dot_product_attention(query, key, value, attn_mask=mask, dropout_p=dropout)
        return self.output(attended.transpose(1, 2).flatten(2))

    def scores_of_first(self, tokens_NLC: Tensor) -> Tensor:
        """Scaled scores of the first token towards every token, before mask and softmax: (N, heads, L)."""
        query = self._split(self.query(tokens_NLC[:, :1]))
        key = self._split(self.key(tokens_NLC))
        return (query @ key.transpose(-1, -2)).squeeze(2) / query.shape[-1] ** 0.5

    def _split(self, tokens_NLC: Tensor) -> Tensor:
        return tokens_NLC.unflatten(2, (self.heads, -1)).transpose(1, 2)


class PreNormBlock(nn.Module):
    """x + attention(norm(x)), then x + feed_forward(norm(x)); GELU, feed forward four times as wide."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, dropout)
        self.norm2 = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_NLC: Tensor, mask_NL: Tensor | None = None) -> Tensor:
        """tokens_NLC to tokens_NLC."""
        tokens_NLC = tokens_NLC + self.dropout(self.attention(self.norm1(tokens_NLC), mask_NL))
        return tokens_NLC + self.dropout(self.feed_forward(self.norm2(tokens_NLC)))


class ReleasedNorm(nn.Module):
    """Layer normalisation as released: divides by the unbiased standard deviation plus 1e-6."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, tokens_NLC: Tensor) -> Tensor:
        """tokens_NLC to tokens_NLC."""
        centred = tokens_NLC - tokens_NLC.mean(-1, keepdim=True)
        return self.weight * centred / (tokens_NLC.std(-1, keepdim=True) + 1e-6) + self.bias


class ReleasedBlock(nn.Module):
    """x + attention(x), on the un-normalised input, then x + feed_forward(norm(x)); ReLU, no wider inside."""

    def __init__(self, width: int, heads: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.attention = Attention(width, heads, dropout)
        self.norm = ReleasedNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens_NLC: Tensor, mask_NL: Tensor | None = None) -> Tensor:
        """tokens_NLC to tokens_NLC."""
        tokens_NLC = tokens_NLC + self.dropout(self.attention(tokens_NLC, mask_NL))
        return tokens_NLC + self.dropout(self.feed_forward(self.norm(tokens_NLC)))


class TransformerEncoder(nn.Module):
    """Several blocks and a final norm.

    Args:
        width: Of the tokens.
        layers: Number of blocks.
        heads: Of each block.
        block: "pre_norm" or "released".
        dropout: In training.
    """

    def __init__(
        self, width: int, layers: int, heads: int, block: BlockKind = "pre_norm", dropout: float = 0.0
    ) -> None:
        super().__init__()
        kind = PreNormBlock if block == "pre_norm" else ReleasedBlock
        self.layers = nn.ModuleList(kind(width, heads, dropout) for _ in range(layers))
        self.norm = nn.LayerNorm(width) if block == "pre_norm" else ReleasedNorm(width)
        for part in self.modules():
            if isinstance(part, nn.Linear):
                nn.init.xavier_uniform_(part.weight)
                nn.init.zeros_(part.bias)

    def forward(self, tokens_NLC: Tensor, mask_NL: Tensor | None = None) -> Tensor:
        """tokens_NLC to tokens_NLC; tokens at which `mask_NL` is False are never attended to."""
        for layer in self.layers:
            tokens_NLC = layer(tokens_NLC, mask_NL)
        return self.norm(tokens_NLC)
