"""Saliency: where in each scan the evidence for a disorder lies. `SaliencyMap` is free of torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from raddiag_engine.saliency.explain import explain_case
    from raddiag_engine.saliency.randomisation import RandomisationStep, randomisation_check
    from raddiag_engine.saliency.saliency_map import SaliencyMap

__all__ = ["RandomisationStep", "SaliencyMap", "explain_case", "randomisation_check"]

_HOMES = {
    "explain_case": "explain",
    "RandomisationStep": "randomisation",
    "randomisation_check": "randomisation",
    "SaliencyMap": "saliency_map",
}


def __getattr__(name: str) -> Any:
    # Torch and captum take seconds to import: only who explains a case pays for them (PEP 562).
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
