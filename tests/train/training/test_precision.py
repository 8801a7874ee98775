"""The precision of training: bfloat16 where the chip computes it, and never unasked where it does not."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.errors import ConfigError
from raddiag_train.training import precision
from raddiag_train.training.precision import Precision, autocast


@pytest.mark.parametrize(
    ("asked", "native", "half"), [("auto", True, True), ("fp32", True, False), ("auto", False, False)]
)
def test_bf16_is_used_where_the_chip_has_it(
    asked: Precision, native: bool, half: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda device: native)
    with autocast(torch.device("cpu"), asked):
        assert torch.nn.Linear(2, 2)(torch.ones(1, 2)).dtype == (torch.bfloat16 if half else torch.float32)


def test_bf16_that_the_chip_does_not_have_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "has_native_bf16", lambda device: False)
    with pytest.raises(ConfigError, match="this cpu has no bf16"):
        autocast(torch.device("cpu"), "bf16")
