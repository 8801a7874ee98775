"""The precision of the forward pass in training: bf16 on a GPU that computes it itself, float32 on a CPU."""

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
    if precision == "bf16" and not has_native_bf16(device):
        raise ConfigError(f'optimisation.precision: this {device.type} has no bf16; choose "auto" or "fp32"')
    return torch.autocast(device.type, torch.bfloat16, enabled=uses_bf16(device, precision))


def uses_bf16(device: torch.device, precision: Precision) -> bool:
    """True if the forward pass is in bfloat16.

    Never unasked on a CPU, where fewer kernels are well tried in it.
    """
    return has_native_bf16(device) and (precision == "bf16" or (precision == "auto" and device.type != "cpu"))


def has_native_bf16(device: torch.device) -> bool:
    """True if the chip multiplies in bfloat16 (AVX512-BF16 or AMX on a CPU)."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
