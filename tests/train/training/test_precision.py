"""The precision of training: bfloat16 never unasked on a CPU."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.errors import ConfigError
from raddiag_train.training import precision
from raddiag_train.training.precision import autocast, uses_bf16

CPU, GPU = torch.device("cpu"), torch.device("cuda")


def test_on_a_chip_with_bf16_only_a_gpu_uses_it_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda device: True)
    assert uses_bf16(GPU, "auto") and uses_bf16(GPU, "bf16") and uses_bf16(CPU, "bf16")
    assert not uses_bf16(CPU, "auto") and not uses_bf16(GPU, "fp32") and not uses_bf16(CPU, "fp32")
    with autocast(CPU, "auto"):
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == torch.float32


def test_bf16_that_the_chip_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda device: False)
    with pytest.raises(ConfigError, match="this cpu has no bf16"):
        autocast(CPU, "bf16")
    assert not uses_bf16(GPU, "auto")
