"""Where and in which precision the encoder runs; always said in the result."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from raddiag_engine.errors import RaddiagError

DeviceChoice = Literal["auto", "cpu", "cuda"]
DEVICE_CHOICES: tuple[DeviceChoice, ...] = ("auto", "cpu", "cuda")


@dataclass(frozen=True)
class Placement:
    """A device and how it is used.

    Attributes:
        device: Where the network lives.
        precision: Of the encoder's matrix products; the fusion, which costs nothing, is always float32.
        scans_per_chunk: Most scans encoded between two looks at whether the user cancelled.
        slices_per_chunk: Most slices computed at once; an image is one slice.
    """

    device: torch.device
    precision: Literal["float32", "bfloat16"]
    scans_per_chunk: int
    slices_per_chunk: int

    @property
    def description(self) -> str:
        """ "cpu", or "cuda:0 (its name)"."""
        if self.device.type == "cpu":
            return "cpu"
        return f"{self.device} ({torch.cuda.get_device_name(self.device)})"

    def autocast(self) -> torch.autocast:
        """The context in which scans are encoded."""
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bfloat16")


@contextmanager
def float32_throughout() -> Iterator[None]:
    """Switch off TF32, which cuDNN uses for float32 convolutions by default and which keeps only 10 bits."""
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = False
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = before


def place(choice: str = "auto") -> Placement:
    """Choose the device: a GPU where there is one, in bfloat16 if it can; else the CPU, in float32.

    One scan at a time on the CPU, where larger chunks gain nothing, make cancelling slower, and let the last digits
    depend on what else is in the case.

    Raises:
        RaddiagError: CUDA was asked for and is not there, or another word than auto, cpu, cuda.
    """
    if choice not in DEVICE_CHOICES:
        raise RaddiagError(f"no device {choice!r}; choose {', '.join(DEVICE_CHOICES)}")
    if choice == "cpu" or (choice == "auto" and not torch.cuda.is_available()):
        return Placement(torch.device("cpu"), "float32", scans_per_chunk=1, slices_per_chunk=4)
    if not torch.cuda.is_available():
        built = "finds no usable GPU" if torch.backends.cuda.is_built() else "is a CPU build"
        raise RaddiagError(f"device cuda was asked for, but torch {torch.__version__} {built}; use --device cpu")
    # Emulated bfloat16 is slower than float32, so only what the chip does itself counts.
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    device = torch.device("cuda", torch.cuda.current_device())
    return Placement(device, "bfloat16" if native else "float32", scans_per_chunk=32, slices_per_chunk=128)
