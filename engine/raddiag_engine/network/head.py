"""The classifiers: linear, the released MLP, and the knowledge head (section 4.3)."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from raddiag_engine.errors import ModelError
from raddiag_engine.network.config import HeadConfig


class LinearHead(nn.Module):
    """One linear layer from the case embedding to the logits."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, classes)

    def forward(self, fused_BC: Tensor) -> Tensor:
        """fused_BC to logits_BK."""
        return self.linear(fused_BC)


class MLPHead(nn.Module):
    """The released classifier: linear, GELU, linear."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, classes))

    def forward(self, fused_BC: Tensor) -> Tensor:
        """fused_BC to logits_BK."""
        return self.layers(fused_BC)


class KnowledgeHead(nn.Module):
    """Frozen text embeddings of the disorders' names as the classifier (equations 5 and 6).

    "dot": logits = v . map(t), as in the paper and the release. "cosine": a sigmoid image-text loss,
    logits = exp(temperature) cos(v, map(t)) + bias, with both learned.

    Args:
        config: Width of the text embeddings, and the similarity.
        width: Of the case embedding.
        classes: Number of disorders K.
    """

    def __init__(self, config: HeadConfig, width: int, classes: int) -> None:
        super().__init__()
        # Not a number until set: a head without its text must not pass for one that knows nothing.
        self.register_buffer("text_embeddings_KT", torch.full((classes, config.text_width), torch.nan))
        self.text_embeddings_KT: Tensor
        self.text_map = nn.Linear(config.text_width, width)
        self.cosine = config.similarity == "cosine"
        if self.cosine:
            self.log_temperature = nn.Parameter(torch.tensor(10.0).log())
            self.bias_K = nn.Parameter(torch.zeros(classes))

    def set_text_embeddings(self, text_embeddings_KT: Tensor) -> None:
        """Take the text embeddings of the disorders, in the order of the logits; kept L2-normalised and frozen.

        Raises:
            ModelError: Another shape, or a row that is zero or not finite.
        """
        expected = tuple(self.text_embeddings_KT.shape)
        if tuple(text_embeddings_KT.shape) != expected:
            raise ModelError(f"text embeddings of shape {tuple(text_embeddings_KT.shape)}; the head takes {expected}")
        norms_K = text_embeddings_KT.norm(dim=1)
        if not bool((norms_K.isfinite() & (norms_K > 0)).all()):
            raise ModelError("a text embedding is zero or not finite; embed the disorders' names again")
        self.text_embeddings_KT.copy_(F.normalize(text_embeddings_KT.detach(), dim=1))

    def forward(self, fused_BC: Tensor) -> Tensor:
        """fused_BC to logits_BK."""
        mapped_KC = self.text_map(self.text_embeddings_KT)
        if not self.cosine:
            return fused_BC @ mapped_KC.T
        cosines_BK = F.normalize(fused_BC, dim=-1) @ F.normalize(mapped_KC, dim=-1).T
        return self.log_temperature.exp() * cosines_BK + self.bias_K


def build_head(config: HeadConfig, width: int, classes: int) -> LinearHead | MLPHead | KnowledgeHead:
    """The head that the configuration names."""
    if config.kind == "linear":
        return LinearHead(width, classes)
    if config.kind == "mlp":
        return MLPHead(width, classes)
    return KnowledgeHead(config, width, classes)
