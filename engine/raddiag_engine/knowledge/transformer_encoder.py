"""A language model in a local folder, such as MedCPT's query encoder; needs the package transformers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor
from torch.nn import functional

from raddiag_engine.errors import ModelError
from raddiag_engine.knowledge.pooling import Pooling, stated_pooling, write_pooling
from raddiag_engine.knowledge.trainable_encoder import TrainableEncoder

MOST_TOKENS = 128


class TransformerEncoder(TrainableEncoder):
    """A BERT-like encoder; nothing is fetched and no code of the folder is run.

    Args:
        folder: With config.json, tokenizer files and model.safetensors.
        pooling: "cls", the first token's vector, as MedCPT has it, or "mean", as sentence encoders do; None for what
            the folder states.

    Raises:
        ModelError: transformers is not installed, the folder is not usable, or lacks some of the weights.
    """

    kind = "transformer"

    def __init__(self, folder: Path, pooling: Pooling | None = None) -> None:
        super().__init__()
        try:
            from transformers import AutoModel, AutoTokenizer  # type: ignore[import-not-found]
            from transformers.utils import logging  # type: ignore[import-not-found]
        except ImportError as error:
            raise ModelError(
                "a transformer encoder needs the package transformers: pip install 'napari-raddiag[knowledge]'"
            ) from error
        self.pooling = pooling or stated_pooling(folder)
        logging.set_verbosity_error()
        logging.disable_progress_bar()
        try:
            given = {"local_files_only": True, "trust_remote_code": False}
            self._tokeniser = AutoTokenizer.from_pretrained(folder, **given)
            self.body, loading = AutoModel.from_pretrained(
                folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True, **given
            )
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
            raise ModelError(f"{folder}: not a usable transformer encoder ({error})") from error
        # Not used; some folders have no weights of it, and chance would then make each copy another encoder.
        if getattr(self.body, "pooler", None) is not None:
            self.body.pooler = None
        missing = sorted(name for name in loading["missing_keys"] if not name.startswith("pooler."))
        if missing:
            raise ModelError(
                f"{folder}: {len(missing)} weights are missing, such as {missing[0]}; get the whole encoder again"
            )

    @property
    def width(self) -> int:
        """Numbers of a vector."""
        return int(self.body.config.hidden_size)

    def tokenise(self, texts: Sequence[str]) -> Any:
        """Token ids and mask, padded to the longest; longer texts are cut off."""
        tokens = self._tokeniser(
            list(texts), padding=True, truncation=True, max_length=MOST_TOKENS, return_tensors="pt"
        )
        return tokens.to(self.body.device)

    def forward(self, tokens: Any) -> Tensor:
        """Vectors of length 1: (N, width)."""
        # In float32, also where the layers compute in bfloat16: a low temperature multiplies what rounding does.
        hidden_NTW = self.body(**tokens).last_hidden_state.float()
        if self.pooling == "cls":
            pooled = hidden_NTW[:, 0]
        else:
            mask_NT1 = tokens["attention_mask"].unsqueeze(-1).to(hidden_NTW.dtype)
            pooled = (hidden_NTW * mask_NT1).sum(1) / mask_NT1.sum(1)
        return functional.normalize(pooled, dim=-1)

    def settings(self) -> dict[str, Any]:
        """The pooling; architecture and tokeniser are in files of their own."""
        return {"pooling": self.pooling}

    def stored_weights(self) -> dict[str, Tensor]:
        """The weights as transformers names them, so that it can read the folder too."""
        return dict(self.body.state_dict())

    def save_files(self, folder: Path) -> None:
        """Configuration and tokeniser in the layout of transformers, pooling in that of sentence-transformers."""
        self.body.config.save_pretrained(folder)
        self._tokeniser.save_pretrained(folder)
        write_pooling(folder, self.pooling, self.width, MOST_TOKENS)
