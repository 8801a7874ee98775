"""A BERT of a few thousand random weights in a folder of transformers, made by code; needs transformers."""

from __future__ import annotations

import json
import string
from pathlib import Path

import pytest
import torch

REASON = "transformers is not installed, which is optional (the extra knowledge)"
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def write_tiny_bert(folder: Path, *, pooler: bool = True, dropout: float = 0.0) -> Path:
    """Write the folder, or skip the test where transformers is missing.

    Args:
        folder: Made if absent.
        pooler: With the weights that only a next-sentence classifier needs; some published folders lack them.
        dropout: Of all layers.
    """
    transformers = pytest.importorskip("transformers", reason=REASON)
    tokenizers = pytest.importorskip("tokenizers", reason=REASON)
    letters = [*string.ascii_lowercase, *(f"##{letter}" for letter in string.ascii_lowercase)]
    words = {token: number for number, token in enumerate((*SPECIAL, *letters))}
    tokeniser = tokenizers.Tokenizer(tokenizers.models.WordPiece(words, unk_token="[UNK]"))
    tokeniser.normalizer = tokenizers.normalizers.BertNormalizer(lowercase=True)
    tokeniser.pre_tokenizer = tokenizers.pre_tokenizers.BertPreTokenizer()
    tokeniser.post_processor = tokenizers.processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", words["[CLS]"]), ("[SEP]", words["[SEP]"])]
    )
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token"), SPECIAL, strict=True))
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokeniser, **names).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=128,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
        initializer_range=0.3,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(7)
        transformers.BertModel(config, add_pooling_layer=pooler).save_pretrained(folder)
    return folder


def state_mean_pooling(folder: Path) -> None:
    """State it in the layout of sentence-transformers."""
    (folder / "1_Pooling").mkdir()
    flags = {"word_embedding_dimension": 16, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(flags), encoding="utf-8")
