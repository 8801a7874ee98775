"""The classifiers against their closed forms."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.errors import ModelError
from raddiag_engine.network.config import HeadConfig
from raddiag_engine.network.head import KnowledgeHead, MLPHead

WIDTH, CLASSES, TEXT_WIDTH = 6, 4, 3


def knowledge_head(similarity: str, bias: bool | None = None) -> tuple[KnowledgeHead, torch.Tensor]:
    torch.manual_seed(0)
    config = HeadConfig("knowledge", TEXT_WIDTH, similarity, bias)  # type: ignore[arg-type]
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


@pytest.mark.parametrize("similarity", ["dot", "cosine"])
def test_a_further_disorder_is_scored_by_its_text_with_the_mean_bias(similarity: str) -> None:
    head, _ = knowledge_head(similarity, bias=True)
    head.bias_K.data = torch.tensor([1.0, -3.0, 0.5, 2.0])
    fused_BC, text_UT = torch.randn(5, WIDTH), torch.tensor([[0.0, 3.0, -4.0], [2.0, 0.0, 0.0]])
    extended = head.extended(text_UT)
    own_BK, logits_BK = head(fused_BC), extended(fused_BC)
    torch.testing.assert_close(logits_BK[:, :CLASSES], own_BK)
    # The closed form: W t + b of the text at length 1, against v; 0.125 is the mean of the biases.
    for column, t in ((4, torch.tensor([0.0, 0.6, -0.8])), (5, torch.tensor([1.0, 0.0, 0.0]))):
        mapped_C = head.text_map.weight @ t + head.text_map.bias
        if similarity == "dot":
            expected_B = fused_BC @ mapped_C + 0.125
        else:
            expected_B = 10 * (fused_BC @ mapped_C) / (fused_BC.norm(dim=1) * mapped_C.norm()) + 0.125
        torch.testing.assert_close(logits_BK[:, column], expected_B)


def test_extending_leaves_the_head_as_it_was_and_shares_its_weights() -> None:
    head, _ = knowledge_head("cosine")
    before = {name: tensor.clone() for name, tensor in head.state_dict().items()}
    extended = head.extended(torch.ones(2, TEXT_WIDTH))
    assert extended.text_map is head.text_map
    assert extended.log_temperature is head.log_temperature
    assert before.keys() == head.state_dict().keys()
    assert all(torch.equal(before[name], tensor) for name, tensor in head.state_dict().items())


def test_a_disorder_asked_for_by_its_own_text_has_its_own_logit_but_for_the_bias() -> None:
    head, text_KT = knowledge_head("dot")
    fused_BC = torch.randn(2, WIDTH)
    logits_BK = head.extended(text_KT[2:3])(fused_BC)
    torch.testing.assert_close(logits_BK[:, CLASSES], logits_BK[:, 2])


@pytest.mark.parametrize(
    ("text_UT", "message"),
    [
        (torch.ones(1, TEXT_WIDTH + 1), "their width must be 3"),
        (torch.zeros(1, TEXT_WIDTH), "zero or not finite"),
    ],
)
def test_unusable_further_text_is_refused(text_UT: torch.Tensor, message: str) -> None:
    head, _ = knowledge_head("dot")
    with pytest.raises(ModelError, match=message):
        head.extended(text_UT)


def test_the_paper_s_dot_product_has_no_bias_unless_asked_for() -> None:
    assert "bias_K" not in knowledge_head("dot")[0].state_dict()
    assert "bias_K" in knowledge_head("dot", bias=True)[0].state_dict()
    assert "bias_K" in knowledge_head("cosine")[0].state_dict()
    assert "bias_K" not in knowledge_head("cosine", bias=False)[0].state_dict()


def test_the_mlp_is_linear_gelu_linear() -> None:
    torch.manual_seed(0)
    head = MLPHead(2, 1)
    first, _, second = head.layers
    x = torch.tensor([[0.3, -1.2]])
    hidden = x @ first.weight.T + first.bias
    gelu = hidden * 0.5 * (1 + torch.erf(hidden / 2**0.5))
    torch.testing.assert_close(head(x), gelu @ second.weight.T + second.bias)
