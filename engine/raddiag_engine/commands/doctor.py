"""`raddiag doctor`: what is installed, which device there is, and whether a network computes here."""

from __future__ import annotations

import argparse
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from raddiag_engine.errors import RaddiagError

if TYPE_CHECKING:
    from raddiag_engine.network.model import RadDiag
    from raddiag_engine.network.packing import PackedBatch

REQUIRED = ("numpy", "pydicom", "nibabel", "pillow", "tifffile", "torch", "safetensors", "captum")
OPTIONAL = ("huggingface-hub", "monai", "napari", "PySide6")
SELF_TEST_TOLERANCE = 1e-3  # of the largest logit: sums in another order stay far below, a wrong kernel far above


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; `sound` is False if it keeps the engine from working."""

    subject: str
    text: str
    sound: bool = True


def add_parser(subparsers: Any) -> None:
    """Register `raddiag doctor`."""
    parser = subparsers.add_parser("doctor", help="what is installed, which device, self-test")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print a table of findings; 1 if one of them keeps the engine from working."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    findings = list(examine())
    table = Table("", "what")
    table.add_column("found", overflow="fold")
    for finding in findings:
        mark = Text("ok", "green") if finding.sound else Text("FAILED", "bold red")
        table.add_row(mark, finding.subject, Text(finding.text))
    Console().print(table)
    return 0 if all(finding.sound for finding in findings) else 1


def examine() -> Iterator[Finding]:
    """Everything that `raddiag doctor` looks at, in order."""
    yield Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    yield from packages()
    try:
        import torch
    except (ImportError, OSError) as error:  # OSError: a shared library that does not load, as on Windows
        yield Finding("engine", f"torch does not import ({error}); pip install 'napari-raddiag[engine]'", False)
        return
    yield from devices()
    yield bundled_model()
    for device in ["cpu", *(f"cuda:{index}" for index in range(torch.cuda.device_count()))]:
        yield self_test(device)


def packages() -> Iterator[Finding]:
    """The installed versions, without importing them."""
    for name in ("napari-raddiag", *REQUIRED, *OPTIONAL):
        try:
            yield Finding(name, version(name))
        except PackageNotFoundError:
            optional = name in OPTIONAL
            remedy = "not installed" if optional else "missing; pip install 'napari-raddiag[engine]'"
            yield Finding(name, remedy, optional)


def devices() -> Iterator[Finding]:
    """The processor's threads, then each CUDA device."""
    import torch

    yield Finding("CPU", f"{torch.get_num_threads()} threads; the engine computes in float32 there")
    if not torch.cuda.is_available():
        yield Finding("GPU", "no CUDA device; the engine uses the CPU")
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        bf16 = "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "no bf16"
        yield Finding(f"GPU {index}", f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, {bf16}")


def bundled_model() -> Finding:
    """Whether the bundled model is whole."""
    from raddiag_engine.models.registry import find_model

    try:
        from raddiag_engine.models.verification import verify_model

        verified = verify_model(find_model("demo"))
    except ModuleNotFoundError as error:
        remedy = "pip install 'napari-raddiag[engine]'"
        return Finding("model demo", f"cannot be loaded, as {error.name} is missing; {remedy}", False)
    except RaddiagError as error:
        return Finding("model demo", str(error), False)
    return Finding("model demo", f"{len(verified.card.disorders)} disorders, SHA-256 matches, all weights finite")


def self_test(device: str) -> Finding:
    """One forward pass of a small case, compared with the CPU, and one convolution of known result."""
    import torch

    subject = f"self-test on {device}"
    try:
        network, batch, name = _small_case()
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            expected = network(batch)
            logits = network.to(device)(batch.to(device)).cpu()
            ones = torch.ones(1, 1, 3, 3, 3, device=device)
            convolved = torch.nn.functional.conv3d(ones, ones).item()
    except (RuntimeError, RaddiagError) as error:
        return Finding(subject, f"{type(error).__name__}: {str(error).splitlines()[0]}", False)
    difference = float((logits - expected).abs().max() / expected.abs().max())
    if convolved != 27 or not difference <= SELF_TEST_TOLERANCE:  # a NaN is not below either
        return Finding(subject, f"wrong numbers (off by {difference:.1e}); update torch and the driver", False)
    compared = "" if device == "cpu" else f", within {difference:.0e} of the CPU"
    return Finding(subject, f"one image and one volume through {name}{compared}")


def _small_case() -> tuple[RadDiag, PackedBatch, str]:
    """The bundled model, or a small random network where there is none, with one image and one volume."""
    import torch

    from raddiag_engine.models.registry import find_model
    from raddiag_engine.network.config import NetworkConfig, ResNetConfig
    from raddiag_engine.network.model import RadDiag
    from raddiag_engine.network.packing import NetworkScan, pack

    torch.manual_seed(0)
    try:
        from raddiag_engine.models.folder import load_model

        model = load_model(find_model("demo"))
        network, preparation, name = model.network, model.card.preparation, "the demo model"
        image_px, volume_px, depth = preparation.image_size_px, preparation.volume_size_px, preparation.depth
    except (ModuleNotFoundError, RaddiagError):  # reported on its own line
        small = ResNetConfig(normalisation_width=8, shared_width=8)
        network, name = RadDiag(NetworkConfig(embedding_width=64, classes=4, resnet=small)).eval(), "a random network"
        image_px, volume_px, depth = 64, 64, 16
    image = NetworkScan(torch.rand(image_px, image_px), False, 0)
    volume = NetworkScan(torch.rand(depth, volume_px, volume_px), True, 0)
    return network, pack([[image, volume]], network.config), name
