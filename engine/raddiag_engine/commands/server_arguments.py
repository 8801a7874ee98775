"""The arguments of the commands that can use an engine elsewhere, and the client they name."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from raddiag_engine.client.remote_token import TOKEN_VARIABLE

if TYPE_CHECKING:
    from raddiag_engine.client import EngineClient


def add_server_arguments(parser: argparse.ArgumentParser) -> None:
    """--server, --token-file and --ca-file."""
    parser.add_argument(
        "--server",
        metavar="URL",
        help="use the engine of a `raddiag serve`, such as https://HOST:PORT; names and dates stay here",
    )
    parser.add_argument(
        "--token-file", type=Path, metavar="F", help=f"holds the server's token (default: variable {TOKEN_VARIABLE})"
    )
    parser.add_argument("--ca-file", type=Path, metavar="F", help="certificates to trust (PEM) instead of the system's")


def client_from(arguments: argparse.Namespace) -> EngineClient:
    """The client of --server.

    Raises:
        ConfigError: No address, no token, a device, or files that cannot be read.
    """
    from raddiag_engine.client import EngineClient
    from raddiag_engine.client.remote_token import read_token
    from raddiag_engine.errors import ConfigError

    if arguments.device != "auto":
        raise ConfigError("--device is for an engine in this process; the server computes on its own device")
    if arguments.ca_file is not None and not arguments.ca_file.is_file():
        raise ConfigError(f"{arguments.ca_file}: there is no such file; --ca-file names certificates (PEM)")
    return EngineClient(arguments.server, read_token(arguments.token_file), ca_file=arguments.ca_file)
