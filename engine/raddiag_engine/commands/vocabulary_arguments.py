"""Arguments of commands that can be asked about disorders by name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from raddiag_engine.diagnosis.vocabulary import NamedDisorder


def add_vocabulary_arguments(parser: argparse.ArgumentParser) -> None:
    """Add --vocabulary and --encoder."""
    parser.add_argument(
        "--vocabulary",
        type=Path,
        metavar="F",
        help="also score the disorders named in this file, a line each (after a tab, ICD-10-CM codes); those that the "
        "model never learned are scored by the text of their names, for models with a knowledge head",
    )
    parser.add_argument(
        "--encoder",
        type=Path,
        metavar="DIR",
        help="folder of the model's knowledge encoder, where the model does not hold it",
    )


def vocabulary_from(args: argparse.Namespace) -> tuple[NamedDisorder, ...]:
    """The disorders of the file; none without a file.

    Raises:
        ConfigError: The file or a line of it is wrong, or an encoder is named for nothing.
    """
    if args.vocabulary is None:
        if args.encoder is not None:
            from raddiag_engine.errors import ConfigError

            raise ConfigError("--encoder embeds the names of --vocabulary, which is not given")
        return ()
    from raddiag_engine.diagnosis.vocabulary import read_vocabulary

    return read_vocabulary(args.vocabulary)
