"""The choice of device and precision."""

from __future__ import annotations

import pytest
import torch

from raddiag_engine.diagnosis.device import float32_throughout, place
from raddiag_engine.errors import RaddiagError


def test_a_cpu_computes_in_float32_and_says_so() -> None:
    placement = place("cpu")
    assert (placement.description, placement.precision) == ("cpu", "float32")
    with placement.autocast():
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is torch.float32


def test_cuda_that_is_not_there_is_an_error_and_not_a_silent_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RaddiagError, match="use --device cpu"):
        place("cuda")
    assert place("auto").description == "cpu"


@pytest.mark.parametrize(("native_bfloat16", "precision"), [(True, "bfloat16"), (False, "float32")])
def test_a_gpu_computes_in_bfloat16_if_the_chip_does(
    monkeypatch: pytest.MonkeyPatch, native_bfloat16: bool, precision: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: native_bfloat16)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "A GPU")
    placement = place("auto")
    assert (placement.description, placement.precision) == ("cuda:0 (A GPU)", precision)


def test_another_word_is_refused() -> None:
    with pytest.raises(RaddiagError, match="'gpu'"):
        place("gpu")


def test_tf32_is_off_within_and_as_before_afterwards() -> None:
    before = torch.backends.cudnn.allow_tf32
    with float32_throughout():
        assert not torch.backends.cudnn.allow_tf32
    assert torch.backends.cudnn.allow_tf32 == before
