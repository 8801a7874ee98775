"""raddiag knowledge embed: names of disorders as vectors, for a knowledge head or for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any


def add_parser(subparsers: Any) -> None:
    """Register `raddiag knowledge embed`."""
    parser = subparsers.add_parser(
        "embed",
        help="names as vectors, with the encoder's hash",
        description="Embed names with a knowledge encoder. Writes a safetensors file: the tensor 'embeddings', a row "
        "of length 1 for each name; names, encoder and its SHA-256 are in the metadata.",
    )
    parser.add_argument("names", type=Path, metavar="NAMES", help="a name a line (after a tab, ICD-10-CM codes)")
    parser.add_argument(
        "--encoder",
        required=True,
        metavar="E",
        help='folder, run or repository of the hub, or "hashed_ngram" for the untrained one',
    )
    parser.add_argument(
        "--pooling",
        choices=("auto", "cls", "mean"),
        default="auto",
        help="of a plain transformers folder (default: what it states)",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="F.safetensors")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Read, embed, write, and say by which encoder."""
    import time

    from raddiag_engine.diagnosis.vocabulary import read_vocabulary
    from raddiag_engine.errors import ConfigError

    if args.output.suffix != ".safetensors" or not args.output.parent.is_dir():
        raise ConfigError(f"{args.output}: name a .safetensors file in a folder that exists")
    names = [disorder.name for disorder in read_vocabulary(args.names, most_names=None)]

    from raddiag_engine.knowledge.embedding_file import write_embeddings
    from raddiag_engine.knowledge.identity import encoder_sha256
    from raddiag_train.training.knowledge_config import UNTRAINED
    from raddiag_train.training.label_text import encoder_name, named_encoder

    encoder = named_encoder(args.encoder, args.pooling)
    title = args.encoder if args.encoder == UNTRAINED else encoder_name(Path(args.encoder))
    start = time.perf_counter()
    vectors_NW = encoder.encode(names)
    seconds = time.perf_counter() - start
    digest = encoder_sha256(encoder)
    write_embeddings(args.output, names, vectors_NW, title, digest)
    rate = len(names) / max(seconds, 1e-9)
    print(f"{len(names)} names, {vectors_NW.shape[1]} numbers each, {rate:.0f} names a second")
    print(f"encoder {title}, SHA-256 {digest}")
    return 0
