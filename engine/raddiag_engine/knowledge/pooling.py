"""How a language model's token vectors become one vector, as its folder states it. Free of torch."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from raddiag_engine.errors import ModelError

Pooling = Literal["cls", "mean"]
MODULES, POOLING_FOLDER, NORMALISATION_FOLDER = "modules.json", "1_Pooling", "2_Normalize"
# Of sentence-transformers; any other, such as Dense, would have to be computed after pooling.
KNOWN_MODULES = ("Transformer", "Pooling", "Normalize")
_FLAG = "pooling_mode_"
_FLAGS: dict[str, Pooling] = {f"{_FLAG}cls_token": "cls", f"{_FLAG}mean_tokens": "mean"}


def stated_pooling(folder: Path) -> Pooling:
    """How a folder in the layout of sentence-transformers says that it pools; "cls" where it says nothing.

    Args:
        folder: With `1_Pooling/config.json`, whose flags `pooling_mode_...` or, in newer releases, `pooling_mode` name
            what is pooled; MedCPT's has none and pools by the first token.

    Raises:
        ModelError: It pools in another way, computes more after pooling, or a file is damaged.
    """
    modules = _read(folder / MODULES) if (folder / MODULES).exists() else []
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules if isinstance(module, dict)]
    if more := [kind for kind in kinds if kind not in KNOWN_MODULES]:
        raise ModelError(
            f"{folder / MODULES}: has {more[0]} after pooling, which is not computed here; set pooling to cls or mean "
            "to go without"
        )
    file = folder / POOLING_FOLDER / "config.json"
    if not file.exists():
        return "cls"
    stated = _read(file)
    if not isinstance(stated, dict):
        raise ModelError(f"{file}: not a table of settings; copy the folder again")
    ways = [name for name, value in stated.items() if name.startswith(_FLAG) and value is True]
    if stated.get("pooling_mode"):
        ways = [{"cls": f"{_FLAG}cls_token", "mean": f"{_FLAG}mean_tokens"}.get(str(stated["pooling_mode"]), "")]
    if len(ways) != 1 or ways[0] not in _FLAGS:
        raise ModelError(f"{file}: pools neither by the first token nor by the mean alone; set pooling to cls or mean")
    return _FLAGS[ways[0]]


def write_pooling(folder: Path, pooling: Pooling, width: int, most_tokens: int) -> None:
    """State it, so that sentence-transformers reads the folder as this encoder and not by its own default.

    Args:
        folder: Of the encoder, with the files of transformers.
        pooling: How token vectors become one.
        width: Numbers of a vector.
        most_tokens: Of a text; the rest is cut off.
    """
    kinds = (("Transformer", ""), ("Pooling", POOLING_FOLDER), ("Normalize", NORMALISATION_FOLDER))
    modules = [
        {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for n, (kind, path) in enumerate(kinds)
    ]
    flags = {"word_embedding_dimension": width, **{flag: way == pooling for flag, way in _FLAGS.items()}}
    _write(folder / MODULES, modules)
    _write(folder / POOLING_FOLDER / "config.json", flags)
    _write(folder / NORMALISATION_FOLDER / "config.json", {})
    _write(folder / "sentence_bert_config.json", {"max_seq_length": most_tokens, "do_lower_case": False})


def _write(file: Path, content: Any) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read ({error}); copy the folder again") from error
