"""The classifiers against their closed forms."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.errors import ModelError
from raddiag_engine.network.config import HeadConfig
from raddiag_engine.network.head import KnowledgeHead, MLPHead

WIDTH, CLASSES, TEXT_WIDTH = 6, 4, 3


def knowledge_head(similarity: str) -> tuple[KnowledgeHead, torch.Tensor]:
    torch.manual_seed(0)
    config = HeadConfig("knowledge", TEXT_WIDTH, similarity)  # type: ignore[arg-type]
    head = KnowledgeHead(config, WIDTH, CLASSES)
    text_KT = 7 * torch.randn(CLASSES, TEXT_WIDTH)
    head.set_text_embeddings(text_KT)
    return head, text_KT


def test_knowledge_logits_are_the_product_with_the_mapped_text() -> None:
    head, text_KT = knowledge_head("dot")
    fused_BC = torch.randn(2, WIDTH)
    unit_KT = text_KT / text_KT.pow(2).sum(1, keepdim=True).sqrt()
    expected = torch.stack(
        [torch.stack([v @ (head.text_map.weight @ t + head.text_map.bias) for t in unit_KT]) for v in fused_BC]
    )
    torch.testing.assert_close(head(fused_BC), expected)


def test_cosine_logits_are_scaled_cosines_plus_a_bias() -> None:
    head, text_KT = knowledge_head("cosine")
    head.bias_K.data = torch.arange(float(CLASSES))
    fused_BC = torch.randn(2, WIDTH)
    mapped_KC = head.text_map(text_KT / text_KT.norm(dim=1, keepdim=True))
    cosines_BK = torch.nn.functional.cosine_similarity(fused_BC[:, None], mapped_KC[None], dim=2)
    torch.testing.assert_close(head(fused_BC), 10 * cosines_BK + torch.arange(float(CLASSES)))


def test_the_text_is_frozen_and_kept_with_the_weights() -> None:
    head, _ = knowledge_head("dot")
    assert "text_embeddings_KT" in head.state_dict()
    assert "text_embeddings_KT" not in dict(head.named_parameters())


def test_a_knowledge_head_without_its_text_gives_no_numbers() -> None:
    head = KnowledgeHead(HeadConfig("knowledge", TEXT_WIDTH), WIDTH, CLASSES)
    assert head(torch.randn(1, WIDTH)).isnan().all()


@pytest.mark.parametrize(
    ("text_KT", "message"),
    [
        (torch.ones(CLASSES + 1, TEXT_WIDTH), "the head takes \\(4, 3\\)"),
        (torch.zeros(CLASSES, TEXT_WIDTH), "zero or not finite"),
        (torch.full((CLASSES, TEXT_WIDTH), torch.nan), "zero or not finite"),
    ],
)
def test_unusable_text_is_refused(text_KT: torch.Tensor, message: str) -> None:
    head, _ = knowledge_head("dot")
    with pytest.raises(ModelError, match=message):
        head.set_text_embeddings(text_KT)


def test_the_mlp_is_linear_gelu_linear() -> None:
    torch.manual_seed(0)
    head = MLPHead(2, 1)
    first, _, second = head.layers
    x = torch.tensor([[0.3, -1.2]])
    hidden = x @ first.weight.T + first.bias
    gelu = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    torch.testing.assert_close(head(x), gelu @ second.weight.T + second.bias)
