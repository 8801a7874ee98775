"""One measurement of benchmarks/inference.py, in a process of its own so that its peak memory is its own.

Prints one line of JSON; the logits go to a file.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import released_cases
import released_reference
import torch
from safetensors.torch import load_file
from torch import Tensor

from raddiag_engine.network.folding import folded
from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_engine.network.released_names import our_name

# On a CPU more slices at once only leave the cache, and glibc's allocator maps fresh pages for each 32 MB tensor.
CHUNK_SLICES = {"cpu": 4, "cuda": 64}


def reference(weights: dict[str, Tensor], case: str, device: str) -> Callable[[], Tensor]:
    """The naive reference on one case, its input already on the device."""
    here = {name: tensor.to(device) for name, tensor in weights.items()}
    scans = [(modality_id, voxels.to(device)) for modality_id, _, voxels in released_cases.scans(case)]
    return lambda: released_reference.logits(here, scans)


def ours(weights: dict[str, Tensor], case: str, device: str, precision: str) -> Callable[[], Tensor]:
    """The folded network on one case."""
    with torch.device("meta"):
        network = RadDiag(released_cases.RELEASED)
    network.load_state_dict({our_name(name): tensor for name, tensor in weights.items()}, assign=True)
    twin = folded(network.to(device))
    if precision == "bfloat16":
        twin.encoder.resnet.to(torch.bfloat16)  # the transformers are a small share and stay in float32
    scans = [
        NetworkScan(voxels.to(device), is_volume, modality_id)
        for modality_id, is_volume, voxels in released_cases.scans(case)
    ]
    batch = pack([scans], released_cases.RELEASED).to(device)

    def diagnose() -> Tensor:
        embeddings_SC = twin.encode_scans(scans, CHUNK_SLICES[device])
        return twin.diagnose(embeddings_SC[None], batch.modality_ids_BS, batch.mask_BS)[0]

    return diagnose


def measure(run: Callable[[], Tensor], device: str, repeats: int, warm_up: bool) -> tuple[Tensor, dict[str, float]]:
    """Result of the last run, and of a run the median seconds and CPU seconds (which a busy neighbour cannot raise)."""
    if warm_up:
        run()
    seconds, cpu_seconds = [], []
    for _ in range(repeats):
        _synchronise(device)
        start, cpu_start = time.perf_counter(), time.process_time()
        logits_K = run()
        _synchronise(device)
        seconds.append(time.perf_counter() - start)
        cpu_seconds.append(time.process_time() - cpu_start)
    return logits_K, {"seconds": statistics.median(seconds), "cpu_seconds": statistics.median(cpu_seconds)}


def main() -> None:
    """Measure one implementation on one case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("implementation", choices=["reference", "ours"])
    parser.add_argument("--case", required=True)
    parser.add_argument("--device", choices=["cpu", "cuda"], required=True)
    parser.add_argument("--precision", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--logits", type=Path, required=True, help="written as .npy")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--repeats", type=int, required=True)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.allow_tf32 = False  # float32 means float32, for reference and engine alike
    weights = load_file(arguments.weights)
    device, case = arguments.device, arguments.case
    with torch.no_grad():
        if arguments.implementation == "reference":
            # Its 128 slices last long enough on a CPU to need no warming up, and doing it twice would double the wait.
            run, warm_up = reference(weights, case, device), device == "cuda"
        else:
            run, warm_up = ours(weights, case, device, arguments.precision), True
        logits_K, figures = measure(run, device, arguments.repeats, warm_up)
    np.save(arguments.logits, logits_K.float().cpu().numpy())
    on_gpu = device == "cuda"
    peak_bytes = (
        torch.cuda.max_memory_allocated() if on_gpu else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    )
    print(json.dumps({**figures, "peak_memory_mb": peak_bytes / 1e6}))


def _synchronise(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    main()
