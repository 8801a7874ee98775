"""The memory of a step as measured without computing it, and the setting that is named where it does not suffice."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil
import pytest
import torch

from raddiag_engine.errors import RaddiagError
from raddiag_engine.network.config import FusionConfig, NetworkConfig, ResNetConfig, SliceAttentionConfig
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_train.training import loop, memory
from raddiag_train.training.activation_memory import saved_bytes
from raddiag_train.training.config import RECIPES, read_config
from raddiag_train.training.distributed import Processes
from raddiag_train.training.loop import train
from raddiag_train.training.memory import StepMemory, remedy
from raddiag_train.training.training_data import load_training_data
from raddiag_train.training.training_run import TrainingRun, start_run
from tests.train.training.blob_cases import write_blob_cases, write_recipe

SMALL = NetworkConfig(
    embedding_width=32,
    resnet=ResNetConfig(10, 10, 4, 4),
    slice_attention=SliceAttentionConfig(width=2, blocks=(1, 1, 1, 1)),
    fusion=FusionConfig(layers=1, heads=2),
)
GIB = 2**30


def really_saved(config: NetworkConfig, *shape: int) -> int:
    """Bytes that two scans computed on the CPU keep, halved."""
    encoder = RadDiag(config).encoder.train()
    weights = {tensor.untyped_storage().data_ptr() for tensor in encoder.state_dict(keep_vars=True).values()}
    saved: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.untyped_storage().data_ptr() not in weights:
            saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    scans = [NetworkScan(torch.randn(*shape), len(shape) == 3, 0) for _ in range(2)]
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        kept = encoder(pack([[scan] for scan in scans], config).groups[0])
    assert kept.requires_grad
    return sum(tensor.untyped_storage().nbytes() for tensor in saved.values()) // 2


@pytest.mark.parametrize("encoder", ["resnet", "vit", "slice_attention"])
def test_a_pass_without_values_keeps_as_much_as_one_with_values(encoder: str) -> None:
    config = NetworkConfig(**{**vars(SMALL), "encoder": encoder})
    for shape in ((64, 64), (4, 64, 64)):
        assert saved_bytes(config, shape, len(shape) == 3) == pytest.approx(
            really_saved(config, *shape), rel=0.05
        )  # attention differs a little


def test_the_papers_volume_takes_what_was_measured_of_a_step() -> None:
    config = read_config(RECIPES / "paper_resnet_512.toml", ['data.cases=["none"]'])
    plain, checkpointed = (
        saved_bytes(config.network, (32, 512, 512), True, checkpointing=checkpointing) for checkpointing in (0, 1)
    )
    assert plain / GIB == pytest.approx(4.6, rel=0.1)  # resident memory of a step, measured
    assert checkpointed < plain / 2


@pytest.fixture(scope="module")
def recipe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("blobs")
    write_blob_cases(folder, train=32, validation=24)
    return write_recipe(folder)


def run_with(recipe: Path, folder: Path, *settings: str) -> TrainingRun:
    config = read_config(recipe, list(settings))
    return start_run(config, folder, load_training_data(config.data, config.preparation), False, Processes())


def test_the_first_setting_that_fits_is_named(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = {False: StepMemory(2 * GIB, 8 * GIB), True: StepMemory(1 * GIB, 4 * GIB)}
    monkeypatch.setattr(memory, "step_memory", lambda run, checkpointing: kept[checkpointing])
    monkeypatch.setattr(memory, "MARGIN", 1.0)
    run = run_with(recipe, tmp_path / "run")

    def named(free_gib: float, run: TrainingRun = run) -> str:
        monkeypatch.setattr(memory, "memory_for_scans_bytes", lambda run: free_gib * GIB)
        return remedy(run)

    # Eight of the mean and the largest among them are 22 GiB; four are 14, two are 10, one is 8.
    assert (
        named(23)
        == "set optimisation.accumulation=2: 8 cases at once in place of 16, about 22.0 GiB of the 23.0 GiB there"
    )
    assert named(14).startswith("set optimisation.accumulation=4: 4 cases at once in place of 16")
    assert named(9).startswith("set optimisation.accumulation=16: 1 cases")
    assert named(7.5).startswith("set optimisation.accumulation=4 and run.gradient_checkpointing=true: 4 cases")
    least = "the largest case alone takes about 4.0 GiB of the 3.0 GiB there; set optimisation.accumulation=16 and "
    assert named(3).startswith(least + "run.gradient_checkpointing=true and preparation.volume_size_px=24, which")
    split = run_with(recipe, tmp_path / "split", "optimisation.accumulation=16")
    assert named(7.5, split).startswith("set run.gradient_checkpointing=true: 1 cases at once in place of 1")


def test_the_largest_case_and_the_mean_are_those_of_the_training_cases(recipe: Path, tmp_path: Path) -> None:
    run = run_with(recipe, tmp_path / "run")
    found = memory.step_memory(run, False)
    network = run.config.network
    image, volume = saved_bytes(network, (32, 32), False), saved_bytes(network, (4, 48, 48), True)
    assert found.largest_bytes == image + volume
    assert found.mean_bytes == pytest.approx(image + volume * 11 / 32)  # every third case has a volume
    assert 2**28 < memory.memory_for_scans_bytes(run) < 2**44


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limit")
def test_a_limit_of_the_process_counts(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    run = run_with(recipe, tmp_path / "run")
    unlimited = memory.memory_for_scans_bytes(run)
    reserved = psutil.Process().memory_info().vms
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (reserved + GIB // 8, resource.RLIM_INFINITY))
    limited = memory.memory_for_scans_bytes(run)
    own = psutil.Process().memory_info()
    assert limited < unlimited
    # An eighth of a GiB to come, and what the process has now.
    assert limited <= GIB // 8 + own.rss - getattr(own, "shared", 0) + GIB // 16
    monkeypatch.setattr(resource, "getrlimit", lambda kind: (reserved // 2, resource.RLIM_INFINITY))
    assert memory.memory_for_scans_bytes(run) >= 0


def test_memory_that_runs_out_is_one_line(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_much(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")

    monkeypatch.setattr(loop, "step_loss", too_much)
    with pytest.raises(RaddiagError, match=r"^not enough memory for a step; set optimisation\.accumulation=2: 8 cases"):
        train(read_config(recipe), tmp_path / "run")


def test_a_map_of_a_single_value_is_one_line(recipe: Path, tmp_path: Path) -> None:
    small = ["preparation.image_size_px=16", "preparation.volume_size_px=16", "preparation.depth=1"]
    settings = [*small, "optimisation.batch_cases=1", "optimisation.mixup_alpha=0", "run.validation_steps=1000"]
    with pytest.raises(RaddiagError, match=r"step \d+ has a single scan.*1 x 1.*now 16 and 16.*\(now 1: a larger"):
        train(read_config(recipe, settings), tmp_path / "run")
