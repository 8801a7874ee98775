"""BiomedCLIP's encoders against torch's own transformer layers, and its word pieces by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from raddiag_engine.errors import ModelError
from raddiag_train.experiments.zero_shot.bert import Bert
from raddiag_train.experiments.zero_shot.vision_transformer import VisionTransformer
from raddiag_train.experiments.zero_shot.word_pieces import WordPieces

WIDTH, HEADS = 32, 4


def reference(norm_first: bool, epsilon: float) -> nn.TransformerEncoderLayer:
    return nn.TransformerEncoderLayer(
        WIDTH, HEADS, 4 * WIDTH, 0.0, "gelu", epsilon, batch_first=True, norm_first=norm_first
    ).eval()


@torch.no_grad()
def test_the_vision_transformer_is_torchs_pre_norm_layers() -> None:
    torch.manual_seed(0)
    ours = VisionTransformer(WIDTH, 2, HEADS, patch_px=8, size_px=24).eval()
    for parameter in ours.parameters():
        parameter.normal_(0, 0.3)
    pictures = torch.rand(3, 3, 24, 24)
    patches = torch.stack([pictures[:, :, 8 * r : 8 * r + 8, 8 * c : 8 * c + 8] for r in range(3) for c in range(3)], 1)
    projected = patches.flatten(2) @ ours.patch_embed.proj.weight.flatten(1).T + ours.patch_embed.proj.bias
    x = torch.cat([ours.cls_token.expand(3, -1, -1), projected], 1) + ours.pos_embed
    for block in ours.blocks:
        layer = reference(True, 1e-6)
        layer.self_attn.in_proj_weight.copy_(block.attn.qkv.weight)
        layer.self_attn.in_proj_bias.copy_(block.attn.qkv.bias)
        layer.self_attn.out_proj.load_state_dict(block.attn.proj.state_dict())
        for own, theirs in ((block.mlp.fc1, layer.linear1), (block.mlp.fc2, layer.linear2), (block.norm1, layer.norm1)):
            theirs.load_state_dict(own.state_dict())
        layer.norm2.load_state_dict(block.norm2.state_dict())
        x = layer(x)
    torch.testing.assert_close(ours(pictures), ours.norm(x)[:, 0], rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_bert_is_torchs_post_norm_layers_and_does_not_see_padding() -> None:
    torch.manual_seed(0)
    ours = Bert(50, WIDTH, 2, HEADS, 16).eval()
    for parameter in ours.parameters():
        parameter.normal_(0, 0.3)
    ids, mask = torch.randint(1, 50, (2, 7)), torch.ones(2, 7, dtype=torch.bool)
    mask[1, 4:] = False
    x = ours.embeddings(ids)
    for own in ours.encoder.layer:
        layer, attention = reference(False, 1e-12), own.attention["self"]
        parts = (attention.query, attention.key, attention.value)
        layer.self_attn.in_proj_weight.copy_(torch.cat([part.weight for part in parts]))
        layer.self_attn.in_proj_bias.copy_(torch.cat([part.bias for part in parts]))
        layer.self_attn.out_proj.load_state_dict(own.attention["output"].dense.state_dict())
        layer.norm1.load_state_dict(own.attention["output"].LayerNorm.state_dict())
        layer.linear1.load_state_dict(own.intermediate["dense"].state_dict())
        layer.linear2.load_state_dict(own.output.dense.state_dict())
        layer.norm2.load_state_dict(own.output.LayerNorm.state_dict())
        x = layer(x, src_key_padding_mask=~mask)
    found = ours(ids, mask)
    torch.testing.assert_close(found[mask], x[mask], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours(ids[1:, :4], mask[1:, :4])[0], found[1, :4], rtol=1e-4, atol=1e-4)


PIECES = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "this",
    "is",
    "men",
    "##ing",
    "##ioma",
    "a",
    "##s",
    "-",
    "me",
    "covid",
    "19",
]


def test_the_longest_known_pieces_come_first() -> None:
    vocabulary = WordPieces(PIECES)
    assert vocabulary.pieces("This is a Méningioma") == ["this", "is", "a", "men", "##ing", "##ioma"]
    assert vocabulary.pieces("COVID-19") == ["covid", "-", "19"]
    assert vocabulary.pieces("xyz") == ["[UNK]"]


def test_texts_are_framed_padded_and_cut() -> None:
    ids, mask = WordPieces(PIECES).encode(["a", "this is a meningioma"], most_tokens=6)
    assert ids.tolist() == [[2, 9, 3, 0, 0, 0], [2, 4, 5, 9, 6, 3]]
    assert mask.tolist() == [[True] * 3 + [False] * 3, [True] * 6]


def test_another_vocabulary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("a\nb\n", encoding="utf-8")
    with pytest.raises(ModelError, match=r"vocab\.txt"):
        WordPieces.read(tmp_path / "vocab.txt")
