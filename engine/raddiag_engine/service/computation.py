"""The engine's side of a job: a model, the case it was last asked about, and what a case costs."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from raddiag_engine.cases import Anatomy, Case, Modality, Scan, Window
from raddiag_engine.cases.scan import Kind
from raddiag_engine.diagnosis.device import place
from raddiag_engine.diagnosis.embedding_cache import EmbeddingCache
from raddiag_engine.diagnosis.engine import Engine
from raddiag_engine.errors import RaddiagError
from raddiag_engine.models.folder import load_model
from raddiag_engine.pipe import Arrays
from raddiag_engine.preparation import prepare_case
from raddiag_engine.protocol.case_message import CaseMessage, ScanMessage, case_from_message, scan_from_message
from raddiag_engine.protocol.job import JobRequest, request_from_data
from raddiag_engine.protocol.maps import pack_maps
from raddiag_engine.protocol.reports import DeviceReport
from raddiag_engine.service.memory import Memory, processor_name, system_memory

Progress = Callable[[int, int, str], None]
JOBS_REMEMBERED = 9
WARM_UP_SLICES = 8


class Computation:
    """One engine at a time, and the voxels and scans of one case, so that editing the case encodes only what changed.

    Args:
        folder: Of the model to begin with.
        device: "auto", "cpu" or "cuda".

    Raises:
        ModelError: There is no model in that folder, or a damaged one.
        RaddiagError: CUDA was asked for and is not there.
    """

    def __init__(self, folder: str, device: str) -> None:
        self.placement = place(device)
        self._cache = EmbeddingCache()
        self._folder = folder
        self._engine = self._load(folder)
        self._voxels: Arrays = {}
        self._scans: dict[ScanMessage, Scan] = {}
        self._set: tuple[str, CaseMessage, dict[str, Window]] | None = None
        self._job_seconds: deque[float] = deque(maxlen=JOBS_REMEMBERED)
        self._warm_up_seconds: float | None = None

    def run(
        self, message: Mapping[str, Any], arrays: Arrays, progress: Progress, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], Arrays]:
        """Do one job.

        Args:
            message: "request" is a `JobRequest`, "model_folder" where its model lies.
            arrays: SHA-256 -> those of the case's voxels that were not sent with the job before.
            progress: Called with steps done, steps in all and what is being done.
            cancelled: Asked between chunks.

        Returns:
            A diagnosis as JSON data, packed maps, or prepared voxels.

        Raises:
            RaddiagError: The case or the request cannot be worked with.
            Cancelled: `cancelled` said so.
        """
        request = request_from_data(message["request"])
        case = self._case(request.case, arrays)
        engine = self._engine_of(message["model_folder"], progress)
        if request.kind == "prepare":
            return {}, {"voxels": _prepared(engine, case, request)}
        engine.set_vocabulary(request.vocabulary, progress=progress, cancelled=cancelled)
        key = (message["model_folder"], request.case, request.windows)
        if request.kind == "diagnose" or self._set != key:
            self._set = None
            engine.set_case(case, windows=request.windows, progress=progress, cancelled=cancelled)
            self._set = key
        if request.kind == "explain":
            return self._explain(engine, request, progress, cancelled)
        diagnosis = engine.diagnose(top=request.top)
        if diagnosis.seconds.get("encode"):
            self._job_seconds.append(sum(diagnosis.seconds.values()))
        return diagnosis.to_mapping(), {}

    def report(self) -> dict[str, Any]:
        """`DeviceReport` as JSON data."""
        on_gpu = self.placement.device.type == "cuda"
        memory = Memory(*reversed(torch.cuda.mem_get_info(self.placement.device))) if on_gpu else system_memory()
        expected = median(self._job_seconds) if self._job_seconds else self._warm_up_seconds
        return asdict(
            DeviceReport(
                device=self.placement.description,
                precision=self.placement.precision,
                name=torch.cuda.get_device_name(self.placement.device) if on_gpu else processor_name(),
                memory_total_bytes=memory.total,
                memory_free_bytes=memory.free,
                case_seconds=expected,
                case_seconds_from=None if expected is None else "jobs" if self._job_seconds else "warm-up",
            )
        )

    def warm_up(self, cancelled: Callable[[], bool]) -> None:
        """Diagnose one made-up image and one short volume, so that the first case meets a warm engine, and take time.

        Args:
            cancelled: Asked between chunks; what was measured until then is dropped.
        """
        depth = self._engine.card.preparation.depth
        slices = min(depth, WARM_UP_SLICES)
        try:
            # The first pass pays for what is loaded and tuned once.
            self._seconds_of(0, seed=0, cancelled=cancelled)
            image = self._seconds_of(0, seed=1, cancelled=cancelled)
            volume = self._seconds_of(slices, seed=2, cancelled=cancelled)
        except (RaddiagError, RuntimeError, MemoryError):  # cancelled, or too little memory: then it stays unknown
            return
        self._warm_up_seconds = image + volume * depth / slices

    def _seconds_of(self, slices: int, seed: int, cancelled: Callable[[], bool]) -> float:
        config = self._engine.card.preparation
        edge = config.volume_size_px if slices else config.image_size_px
        shape = (slices, edge, edge) if slices else (edge, edge)
        voxels = np.random.default_rng(seed).integers(0, 1000, shape, dtype=np.int16)
        coverage = next(iter(self._engine.card.coverage), None)
        modality, anatomy = (coverage.modality, coverage.anatomy) if coverage else (Modality.CT, Anatomy.UNKNOWN)
        kind: Kind = "volume" if slices else "image"
        scan = Scan("warm-up", kind, voxels, modality=modality, anatomy=anatomy, windows=(Window(500, 1000),))
        start = time.perf_counter()
        self._engine.set_case(Case((scan,)), cancelled=cancelled)
        self._engine.diagnose()
        return time.perf_counter() - start

    def _explain(
        self, engine: Engine, request: JobRequest, progress: Progress, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, Any], Arrays]:
        maps = engine.explain_many(request.disorders, request.method, progress=progress, cancelled=cancelled)
        headers, arrays = pack_maps(maps)
        return headers, dict(arrays)

    def _case(self, message: CaseMessage, arrays: Arrays) -> Case:
        """The case, made of the scans and voxels of the case before where they are the same."""
        have = {**self._voxels, **arrays}
        self._voxels = {name: have[name] for name in message.voxels}
        known = self._scans
        self._scans = {scan: known.get(scan) or scan_from_message(scan, self._voxels) for scan in message.scans}
        return case_from_message(message, self._scans.__getitem__)

    def _engine_of(self, folder: str, progress: Progress) -> Engine:
        if folder != self._folder:
            progress(0, 0, "loading the model")
            self._set = None
            self._engine = self._load(folder)
            self._folder = folder
            self._job_seconds.clear()
            self._warm_up_seconds = None
        return self._engine

    def _load(self, folder: str) -> Engine:
        return Engine(load_model(Path(folder)), self.placement, self._cache)


def _prepared(engine: Engine, case: Case, request: JobRequest) -> NDArray[np.float32]:
    """What the network is given of one scan; where the range is taken over the case, the other scans count too."""
    config = engine.card.preparation
    scans = case.used if config.range_over == "case" else (case.scan(request.scan),)
    prepared = prepare_case(scans, config, windows=request.windows)
    return next(part.voxels for part in prepared if part.scan_id == request.scan)
