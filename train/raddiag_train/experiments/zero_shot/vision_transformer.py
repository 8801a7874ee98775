"""A plain vision transformer (Dosovitskiy et al. 2021) under timm's names, for BiomedCLIP's pictures."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Attention(nn.Module):
    """Self-attention with one projection for query, key and value.

    Args:
        width: Of the tokens.
        heads: Attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x_NTC: Tensor) -> Tensor:
        """x_NTC to the same shape."""
        q, k, v = (part.unflatten(2, (self.heads, -1)).transpose(1, 2) for part in self.qkv(x_NTC).chunk(3, 2))
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2))


class Perceptron(nn.Module):
    """Two linear layers with a GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x_NTC: Tensor) -> Tensor:
        """x_NTC to the same shape."""
        return self.fc2(F.gelu(self.fc1(x_NTC)))


class Block(nn.Module):
    """Attention and perceptron, each on the normalised input and added to it."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Perceptron(width)

    def forward(self, x_NTC: Tensor) -> Tensor:
        """x_NTC to the same shape."""
        x_NTC = x_NTC + self.attn(self.norm1(x_NTC))
        return x_NTC + self.mlp(self.norm2(x_NTC))


class PatchEmbedding(nn.Module):
    """A picture's patches, projected."""

    def __init__(self, width: int, patch_px: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, patch_px, patch_px)

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        """To patches_NTC, row by row."""
        return self.proj(pictures_N3HW).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    """Picture to the normalised cls token; ViT-B/16 at 224 px by default.

    Args:
        width: Of the tokens.
        layers: Blocks.
        heads: Attention heads.
        patch_px: Edge of a patch.
        size_px: Height and width of a picture.
    """

    def __init__(
        self, width: int = 768, layers: int = 12, heads: int = 12, patch_px: int = 16, size_px: int = 224
    ) -> None:
        super().__init__()
        self.size_px = size_px
        self.patch_embed = PatchEmbedding(width, patch_px)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + (size_px // patch_px) ** 2, width))
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, pictures_N3HW: Tensor) -> Tensor:
        """To embeddings_NC."""
        patches_NTC = self.patch_embed(pictures_N3HW)
        x_NTC = torch.cat([self.cls_token.expand(len(patches_NTC), -1, -1), patches_NTC], 1) + self.pos_embed
        for block in self.blocks:
            x_NTC = block(x_NTC)
        return self.norm(x_NTC)[:, 0]
