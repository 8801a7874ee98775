"""raddiag serve: the engine as a service on this machine, or for known clients over TLS."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from raddiag_engine.client.remote_token import TOKEN_VARIABLE
from raddiag_engine.commands.engine_arguments import add_engine_arguments


def add_parser(subparsers: Any) -> None:
    """Register `raddiag serve`."""
    parser = subparsers.add_parser(
        "serve",
        help="the engine as a service, for the viewer and `raddiag diagnose --server`",
        description=(
            "Serve one model's engine. On this machine only, with a token for this launch (taken from the environment "
            f"variable {TOKEN_VARIABLE}, or made and shown), unless --host names another address: then TLS and a file "
            "of named tokens are required. Research use only."
        ),
    )
    add_engine_arguments(parser)
    parser.add_argument("--host", default="127.0.0.1", metavar="H", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="default: a free one")
    parser.add_argument("--name", action="append", default=[], help="host name by which clients ask for it; repeatable")
    parser.add_argument("--tls-cert", type=Path, metavar="F", help="certificate chain (PEM)")
    parser.add_argument("--tls-key", type=Path, metavar="F", help="its key (PEM)")
    parser.add_argument("--tokens", type=Path, metavar="F", help="file of named tokens, which holds their hashes only")
    parser.add_argument("--add-token", metavar="NAME", help="make a token for this client, show it once, and end")
    unasked = "end after N minutes without a request; looks at health and device do not count"
    parser.add_argument("--idle-minutes", type=_minutes, metavar="N", help=unasked)
    parser.add_argument(
        "--with-parent", action="store_true", help="token on the first line of standard input; end with it"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Add a token, or serve until a signal, the parent's end or idleness."""
    if args.add_token is not None:
        return _add_token(args)

    from raddiag_engine.service.listening import Listening
    from raddiag_engine.service.tokens import Tokens

    listening = Listening(args.host, args.port, args.tls_cert, args.tls_key, args.tokens, tuple(args.name))
    token = ""
    if args.tokens is not None:
        tokens = Tokens.read(args.tokens)
    else:
        token = _token(args)
        tokens = Tokens.of_launch(token)

    from raddiag_engine.service.server import ServeSettings, announce_as_json, serve

    settings = ServeSettings(
        tokens, args.model, args.device, listening, idle_minutes=args.idle_minutes, with_parent=args.with_parent
    )
    serve(settings, announce_as_json if args.with_parent else lambda url: _announce(url, token))
    return 0


def _token(args: argparse.Namespace) -> str:
    """From the pipe of who started it, from the environment, or new."""
    from raddiag_engine.errors import ConfigError
    from raddiag_engine.service.tokens import new_token

    if args.with_parent:
        return sys.stdin.buffer.readline().decode("utf-8", "replace").strip()
    given = os.environ.pop(TOKEN_VARIABLE, "")  # the worker has no use for it
    if given:
        return given
    if not sys.stdout.isatty():
        raise ConfigError(f"set {TOKEN_VARIABLE} to a secret of 32 or more characters; it is not written to a file")
    return new_token()


def _announce(url: str, token: str) -> None:
    print(f"RadDiag engine at {url}; end it with Ctrl-C. Research use only.", flush=True)
    if token and sys.stdout.isatty():
        print(f"For its clients: {TOKEN_VARIABLE}={token}", flush=True)


def _add_token(args: argparse.Namespace) -> int:
    from raddiag_engine.errors import ConfigError
    from raddiag_engine.service.tokens import add_token

    if args.tokens is None:
        raise ConfigError("--add-token needs --tokens FILE to add it to")
    token = add_token(args.tokens, args.add_token)
    print(f"{args.add_token} is in {args.tokens}; its token is shown this once:", file=sys.stderr)
    print(token)
    return 0


def _minutes(text: str) -> float:
    try:
        minutes = float(text)
    except ValueError:
        minutes = 0.0
    if not 0 < minutes < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of minutes")
    return minutes
