"""Attention and blocks against torch.nn and against hand-written sums."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.network.transformer import Attention, PreNormBlock, ReleasedBlock, ReleasedNorm

WIDTH, HEADS = 12, 3


def test_attention_agrees_with_torch_s_multihead_attention() -> None:
    torch.manual_seed(0)
    attention = Attention(WIDTH, HEADS)
    oracle = torch.nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    parts = (attention.query, attention.key, attention.value)
    oracle.in_proj_weight.data = torch.cat([part.weight.data for part in parts])
    oracle.in_proj_bias.data = torch.cat([part.bias.data for part in parts])
    oracle.out_proj.load_state_dict(attention.output.state_dict())
    tokens_NLC = torch.randn(2, 5, WIDTH)
    mask_NL = torch.tensor([[True] * 5, [True, True, False, True, False]])
    expected, weights_NLL = oracle(tokens_NLC, tokens_NLC, tokens_NLC, key_padding_mask=~mask_NL)
    torch.testing.assert_close(attention(tokens_NLC, mask_NL), expected)
    shares = attention.scores_of_first(tokens_NLC).masked_fill(~mask_NL[:, None], -torch.inf).softmax(-1).mean(1)
    torch.testing.assert_close(shares, weights_NLL[:, 0])


def test_pre_norm_block_agrees_with_torch_s() -> None:
    torch.manual_seed(0)
    block = PreNormBlock(WIDTH, HEADS).eval()
    oracle = torch.nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, dropout=0.0, activation="gelu", batch_first=True, norm_first=True
    )
    parts = (block.attention.query, block.attention.key, block.attention.value)
    oracle.self_attn.in_proj_weight.data = torch.cat([part.weight.data for part in parts])
    oracle.self_attn.in_proj_bias.data = torch.cat([part.bias.data for part in parts])
    oracle.self_attn.out_proj.load_state_dict(block.attention.output.state_dict())
    oracle.linear1.load_state_dict(block.feed_forward[0].state_dict())
    oracle.linear2.load_state_dict(block.feed_forward[2].state_dict())
    tokens_NLC = torch.randn(2, 5, WIDTH)
    torch.testing.assert_close(block(tokens_NLC), oracle(tokens_NLC), atol=1e-5, rtol=1e-5)


def test_released_norm_divides_by_the_unbiased_deviation() -> None:
    norm = ReleasedNorm(3)
    norm.weight.data = torch.tensor([1.0, 2.0, 3.0])
    norm.bias.data = torch.tensor([0.0, 0.0, 1.0])
    # mean 2, squares 4 + 0 + 4 over n - 1 = 2: deviation 2.
    torch.testing.assert_close(norm(torch.tensor([[0.0, 2.0, 4.0]])), torch.tensor([[-1.0, 0.0, 4.0]]))


def test_released_block_attends_to_its_un_normalised_input() -> None:
    torch.manual_seed(0)
    block = ReleasedBlock(WIDTH, HEADS).eval()
    tokens_NLC = torch.randn(1, 4, WIDTH)
    first = tokens_NLC + block.attention(tokens_NLC)
    hidden = torch.relu(block.norm(first) @ block.feed_forward[0].weight.T + block.feed_forward[0].bias)
    expected = first + hidden @ block.feed_forward[2].weight.T + block.feed_forward[2].bias
    torch.testing.assert_close(block(tokens_NLC), expected)


def test_heads_that_do_not_divide_the_width_are_refused() -> None:
    with pytest.raises(ValueError, match="5 heads do not divide"):
        Attention(WIDTH, 5)
