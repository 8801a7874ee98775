"""The classifiers: linear, the released MLP, and the knowledge head (section 4.3)."""

from __future__ import annotations

import copy

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
    logits = exp(temperature) cos(v, map(t)), with a learned temperature. Either may have a learned bias a disorder.

    Args:
        config: Width of the text embeddings, the similarity, and whether there is a bias.
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
        self.bias_K = nn.Parameter(torch.zeros(classes)) if config.has_disorder_bias else None

    def set_text_embeddings(self, text_embeddings_KT: Tensor) -> None:
        """Take the text embeddings of the disorders, in the order of the logits; kept L2-normalised and frozen.

        Raises:
            ModelError: Another shape, or a row that is zero or not finite.
        """
        expected = tuple(self.text_embeddings_KT.shape)
        if tuple(text_embeddings_KT.shape) != expected:
            raise ModelError(f"text embeddings of shape {tuple(text_embeddings_KT.shape)}; the head takes {expected}")
        self.text_embeddings_KT.copy_(_normalised(text_embeddings_KT))

    def extended(self, text_embeddings_UT: Tensor) -> KnowledgeHead:
        """A head with further disorders after its own, known by their text alone; the weights are shared.

        A disorder without a training case has no bias of its own: it gets the mean of those that have. So the bias
        orders disorders by frequency among the head's own only, and never among the further ones.

        Args:
            text_embeddings_UT: Of the further names, by the encoder that embedded the head's own.

        Raises:
            ModelError: Another width, or a row that is zero or not finite.
        """
        width = self.text_embeddings_KT.shape[1]
        if text_embeddings_UT.ndim != 2 or text_embeddings_UT.shape[1] != width:
            raise ModelError(f"text embeddings of shape {tuple(text_embeddings_UT.shape)}; their width must be {width}")
        own_KT = self.text_embeddings_KT
        head = copy.copy(self)
        head._buffers, head._parameters = self._buffers.copy(), self._parameters.copy()
        head.text_embeddings_KT = torch.cat([own_KT, _normalised(text_embeddings_UT.to(own_KT))])
        if self.bias_K is not None:
            mean_U = self.bias_K.detach().mean().expand(len(text_embeddings_UT))
            head.bias_K = nn.Parameter(torch.cat([self.bias_K.detach(), mean_U]), requires_grad=False)
        return head

    def forward(self, fused_BC: Tensor) -> Tensor:
        """fused_BC to logits_BK."""
        mapped_KC = self.text_map(self.text_embeddings_KT)
        if self.cosine:
            cosines_BK = F.normalize(fused_BC, dim=-1) @ F.normalize(mapped_KC, dim=-1).T
            logits_BK = self.log_temperature.exp() * cosines_BK
        else:
            logits_BK = fused_BC @ mapped_KC.T
        return logits_BK if self.bias_K is None else logits_BK + self.bias_K


def build_head(config: HeadConfig, width: int, classes: int) -> LinearHead | MLPHead | KnowledgeHead:
    """The head that the configuration names."""
    if config.kind == "linear":
        return LinearHead(width, classes)
    if config.kind == "mlp":
        return MLPHead(width, classes)
    return KnowledgeHead(config, width, classes)


def _normalised(text_embeddings_KT: Tensor) -> Tensor:
    norms_K = text_embeddings_KT.norm(dim=1)
    if not bool((norms_K.isfinite() & (norms_K > 0)).all()):
        raise ModelError("a text embedding is zero or not finite; embed the disorders' names again")
    return F.normalize(text_embeddings_KT.detach(), dim=1)
