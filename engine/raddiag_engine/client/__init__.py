"""The engine as other processes use it: a service on this machine or elsewhere. Free of torch; HTTP loads when used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.client.engine_client import EngineClient
    from raddiag_engine.client.errors import EngineError
    from raddiag_engine.client.local_service import LocalService

__all__ = ["EngineClient", "EngineError", "LocalService"]

_HOMES = {"EngineClient": "engine_client", "EngineError": "errors", "LocalService": "local_service"}


def __getattr__(name: str) -> Any:
    # The command line reads a token without paying for numpy (PEP 562).
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
