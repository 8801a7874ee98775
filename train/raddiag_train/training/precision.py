"""The precision of the forward pass in training: bf16 where the chip computes it itself."""

from __future__ import annotations

from typing import Literal

import torch

from raddiag_engine.errors import ConfigError

Precision = Literal["auto", "bf16", "fp32"]


def autocast(device: torch.device, precision: Precision) -> torch.autocast:
    """The context of the forward pass.

    Raises:
        ConfigError: bf16 was asked for where it is emulated, which is many times slower than fp32.
    """
    native = has_native_bf16(device)
    if precision == "bf16" and not native:
        raise ConfigError(f'optimisation.precision: this {device.type} has no bf16; choose "auto" or "fp32"')
    return torch.autocast(device.type, torch.bfloat16, enabled=native and precision != "fp32")


def has_native_bf16(device: torch.device) -> bool:
    """True if the chip multiplies in bfloat16 (AVX512-BF16 or AMX on a CPU)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
