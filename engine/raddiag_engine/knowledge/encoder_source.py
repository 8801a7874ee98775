"""Where an encoder that was named lies: in a folder, or on the Hugging Face hub, from which it is fetched once.

The real hub has never been seen from here, as the machines this was made on have no network; tests serve its interface
on this machine, and huggingface_hub speaks to that.
"""

from __future__ import annotations

import re
from pathlib import Path

from raddiag_engine.models.hub import one_line_on_failure

REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*")
# An encoder of ours, or one of transformers with its tokeniser and its pooling; never a pickled file.
FILES = [
    "encoder.json",
    "config.json",
    "model.safetensors",
    "model-*-of-*.safetensors",
    "model.safetensors.index.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.*",
    "merges.txt",
    "*.model",
    "modules.json",
    "1_Pooling/config.json",
]


def is_repository(name: str) -> bool:
    """Whether a name may be that of a repository; a folder of that name goes before it."""
    return REPOSITORY.fullmatch(name) is not None


def encoder_folder(name: str) -> Path:
    """The folder of an encoder.

    Args:
        name: A folder; or, if there is none of this name, a repository of the hub, such as
            "ncbi/MedCPT-Query-Encoder", which is then fetched into the cache of huggingface_hub.

    Returns:
        The folder; it need not exist if `name` cannot be a repository's.

    Raises:
        ModelError: There is no such folder and the hub does not give it out, or is out of reach.
    """
    folder = Path(name).expanduser()
    if folder.exists() or not is_repository(name):
        return folder
    from huggingface_hub import snapshot_download

    advice = "check the name (there is no such folder here), or download the repository and name its folder"
    with one_line_on_failure(f"huggingface.co/{name}", advice):
        return Path(snapshot_download(name, allow_patterns=FILES))
