"""Preparation of scans for the network: window, display orientation, resampling, and the exact way back."""

from raddiag_engine.preparation.config import PreparationConfig
from raddiag_engine.preparation.plan import PreparationPlan, plan_scan
from raddiag_engine.preparation.prepare import modality_ids, prepare_case, prepare_scan
from raddiag_engine.preparation.prepared_scan import PreparedScan
from raddiag_engine.preparation.window_presets import WindowPreset, presets_for, window_presets
from raddiag_engine.preparation.windowing import choose_window

__all__ = [
    "PreparationConfig",
    "PreparationPlan",
    "PreparedScan",
    "WindowPreset",
    "choose_window",
    "modality_ids",
    "plan_scan",
    "prepare_case",
    "prepare_scan",
    "presets_for",
    "window_presets",
]
