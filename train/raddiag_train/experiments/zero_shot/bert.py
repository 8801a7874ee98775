"""BERT's encoder (Devlin et al. 2019) under the names of its published weights, for BiomedCLIP's texts."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

EPSILON = 1e-12


class Embeddings(nn.Module):
    """Words, positions and the type of the only sentence, added and normalised.

    Args:
        vocabulary: Number of word pieces.
        width: Of the tokens.
        most_tokens: Positions that are learned.
    """

    def __init__(self, vocabulary: int, width: int, most_tokens: int) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocabulary, width)
        self.position_embeddings = nn.Embedding(most_tokens, width)
        self.token_type_embeddings = nn.Embedding(2, width)
        self.LayerNorm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, ids_NT: Tensor) -> Tensor:
        """To x_NTC."""
        positions_T = torch.arange(ids_NT.shape[1], device=ids_NT.device)
        place_TC = self.position_embeddings(positions_T) + self.token_type_embeddings.weight[0]
        return self.LayerNorm(self.word_embeddings(ids_NT) + place_TC)


class SelfAttention(nn.Module):
    """Query, key and value."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))

    def forward(self, x_NTC: Tensor, mask_NT: Tensor) -> Tensor:
        """x_NTC to the same shape; True in mask_NT where there is a word piece."""
        q, k, v = (
            layer(x_NTC).unflatten(2, (self.heads, -1)).transpose(1, 2) for layer in (self.query, self.key, self.value)
        )
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask_NT[:, None, None, :])
        return attended.transpose(1, 2).flatten(2)


class Residual(nn.Module):
    """A linear layer, added to what came before it, then normalised."""

    def __init__(self, inputs: int, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, width)
        self.LayerNorm = nn.LayerNorm(width, eps=EPSILON)

    def forward(self, x_NTI: Tensor, before_NTC: Tensor) -> Tensor:
        """To x_NTC."""
        return self.LayerNorm(self.dense(x_NTI) + before_NTC)


class Layer(nn.Module):
    """Attention and a perceptron, each normalised after it was added."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention = nn.ModuleDict({"self": SelfAttention(width, heads), "output": Residual(width, width)})
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, 4 * width)})
        self.output = Residual(4 * width, width)

    def forward(self, x_NTC: Tensor, mask_NT: Tensor) -> Tensor:
        """x_NTC to the same shape."""
        x_NTC = self.attention["output"](self.attention["self"](x_NTC, mask_NT), x_NTC)
        return self.output(F.gelu(self.intermediate["dense"](x_NTC)), x_NTC)


class Layers(nn.Module):
    """One layer after the other."""

    def __init__(self, width: int, layers: int, heads: int) -> None:
        super().__init__()
        self.layer = nn.ModuleList(Layer(width, heads) for _ in range(layers))

    def forward(self, x_NTC: Tensor, mask_NT: Tensor) -> Tensor:
        """x_NTC to the same shape."""
        for layer in self.layer:
            x_NTC = layer(x_NTC, mask_NT)
        return x_NTC


class Bert(nn.Module):
    """Word pieces to their last hidden states.

    Args:
        vocabulary: Number of word pieces.
        width: Of the tokens.
        layers: Of the encoder.
        heads: Attention heads.
        most_tokens: Positions that are learned.
    """

    def __init__(
        self, vocabulary: int, width: int = 768, layers: int = 12, heads: int = 12, most_tokens: int = 512
    ) -> None:
        super().__init__()
        self.embeddings = Embeddings(vocabulary, width, most_tokens)
        self.encoder = Layers(width, layers, heads)

    def forward(self, ids_NT: Tensor, mask_NT: Tensor) -> Tensor:
        """To hidden_NTC; True in mask_NT where there is a word piece."""
        return self.encoder(self.embeddings(ids_NT), mask_NT)
