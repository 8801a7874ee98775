"""The engine: a model on a device, set on a case once, then asked as often as one likes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from raddiag_engine.cases import Case, Window
from raddiag_engine.diagnosis.case_encoder import encode_case, prepare_again
from raddiag_engine.diagnosis.device import Placement, float32_throughout, place
from raddiag_engine.diagnosis.disorder_lookup import find_disorder
from raddiag_engine.diagnosis.embedding_cache import EmbeddingCache
from raddiag_engine.diagnosis.encoded_case import EncodedCase
from raddiag_engine.diagnosis.evidence import CaseEvidence
from raddiag_engine.diagnosis.fusion import fuse_case
from raddiag_engine.diagnosis.input_score import PREFIX as INPUT_SCORE_PREFIX
from raddiag_engine.diagnosis.input_score import InputScore
from raddiag_engine.diagnosis.open_vocabulary import OpenVocabulary
from raddiag_engine.diagnosis.report import build_diagnosis
from raddiag_engine.diagnosis.result import Diagnosis
from raddiag_engine.diagnosis.scan_encoder import Progress, ScanEncoder
from raddiag_engine.diagnosis.stopwatch import Stopwatch
from raddiag_engine.diagnosis.vocabulary import NamedDisorder
from raddiag_engine.errors import CaseError, ModelError, RaddiagError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import Model, load_model
from raddiag_engine.models.registry import find_model
from raddiag_engine.network.folding import folded
from raddiag_engine.network.packing import NetworkScan

if TYPE_CHECKING:
    from raddiag_engine.saliency import SaliencyMap


class Engine:
    """One model, ready to diagnose.

    Args:
        model: As loaded.
        placement: Device and precision.
        cache: Of scan embeddings; engines of several models can share one.
        encoder_folder: Of the model's knowledge encoder, where the model does not store it.
    """

    def __init__(
        self,
        model: Model,
        placement: Placement,
        cache: EmbeddingCache | None = None,
        encoder_folder: Path | None = None,
    ) -> None:
        self.card: ModelCard = model.card
        self.placement = placement
        # Two twins with most weights in common: one for speed, one with the modules and gradients that saliency needs.
        self._twin = model.network.to(placement.device).requires_grad_(False)
        self._network = folded(self._twin)
        scored = any(name.startswith(INPUT_SCORE_PREFIX) for name in model.extra)
        input_score = InputScore.from_tensors(model.extra) if scored else None
        self._encoder = ScanEncoder(
            self._network, model.card, placement, input_score, EmbeddingCache() if cache is None else cache
        )
        self._encoded: EncodedCase | None = None
        self._open_vocabulary = OpenVocabulary(model, self._network, self._twin, encoder_folder)
        self._label_space = self._open_vocabulary.closed
        self._vocabulary: tuple[NamedDisorder, ...] = ()

    @classmethod
    def load(cls, model: str | Path = "demo", device: str = "auto", encoder: str | Path | None = None) -> Engine:
        """Load a model.

        Args:
            model: The name of a bundled or pulled model, or a model folder.
            device: "auto" (a GPU if there is one), "cpu" or "cuda".
            encoder: Folder of the model's knowledge encoder, where the model does not store it.

        Raises:
            ModelError: There is no such model, or its folder is damaged.
            RaddiagError: CUDA was asked for and is not there.
        """
        placement = place(device)
        folder = None if encoder is None else Path(encoder).expanduser()
        return cls(load_model(find_model(str(model))), placement, encoder_folder=folder)

    @property
    def device(self) -> str:
        """Where it computes, in words."""
        return self.placement.description

    @property
    def vocabulary(self) -> tuple[NamedDisorder, ...]:
        """The disorders that are asked for by name."""
        return self._vocabulary

    def set_vocabulary(
        self,
        vocabulary: Sequence[NamedDisorder],
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Ask for disorders by name from now on, in place of those asked for before; needs no new encoding of scans.

        Those that the model knows are given among its own, whatever their rank; the others are scored by their text
        (`Diagnosis.unseen`), and can be explained.

        Args:
            vocabulary: Any disorders; none for the model's own alone.
            progress: Called with names done, names to do and what is being done.
            cancelled: Asked between chunks of names.

        Raises:
            RaddiagError: A name is there twice, or there are too many.
            ModelError: The model has no knowledge head, or its knowledge encoder is not here or another one.
            Cancelled: `cancelled` said so.
        """
        given = tuple(vocabulary)
        if given != self._vocabulary:
            self._label_space = self._open_vocabulary.opened(given, progress or _no_progress, cancelled or _never)
            self._vocabulary = given

    def set_case(
        self,
        case: Case,
        *,
        windows: Mapping[str, Window] | None = None,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> None:
        """Prepare and encode a case's scans; those met before are recalled.

        Args:
            case: Of one patient.
            windows: Scan id -> a window chosen by a person instead of the prescribed one.
            progress: Called with scans done, scans to do and what is being done.
            cancelled: Asked between chunks of scans.

        Raises:
            CaseError: No usable scan, or scans of two patients.
            Cancelled: `cancelled` said so. No case is set then, so that no older one is taken for it.
        """
        self._encoded = None
        self._encoded = encode_case(
            case, self._encoder, dict(windows or {}), progress or _no_progress, cancelled or _never
        )

    def diagnose(self, top: int = 20) -> Diagnosis:
        """Fuse the scans of the case that was set and rank the disorders.

        Args:
            top: Disorders wanted; all positive ones are given whatever it is.

        Raises:
            CaseError: No case is set.
            ModelError: The network's output is not finite.
        """
        encoded = self._set_encoded()
        stopwatch = Stopwatch()
        with stopwatch.stage("fuse"):
            logits_RK = fuse_case(self._label_space.network, encoded.embeddings_SC, encoded.modality_ids)
        seconds = {**encoded.seconds, **stopwatch.seconds}
        return build_diagnosis(encoded, logits_RK.numpy(), self.card, self.placement, top, seconds, self._label_space)

    def explain(
        self,
        disorder: str,
        method: str = "gradcam",
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        **options: Any,
    ) -> list[SaliencyMap]:
        """Where in each scan in use the evidence for a disorder lies.

        Args:
            disorder: Its name on the card, or in the vocabulary.
            method: Of `raddiag_engine.saliency`.
            progress: Called with steps done, steps to do and what is being done.
            cancelled: Asked between steps.
            **options: Of the method.

        Returns:
            One map per scan in use, on that scan's own voxel grid.

        Raises:
            CaseError: No case is set.
            RaddiagError: The model has no such disorder (the nearest are suggested), or it is Normal.
            Cancelled: `cancelled` said so.
        """
        return self.explain_many([disorder], method, progress=progress, cancelled=cancelled, **options)[0]

    def explain_many(
        self,
        disorders: Sequence[str],
        method: str = "gradcam",
        *,
        progress: Progress | None = None,
        cancelled: Callable[[], bool] | None = None,
        **options: Any,
    ) -> list[list[SaliencyMap]]:
        """As `explain`, for several disorders, which share what the method can share; in the order given."""
        from raddiag_engine.saliency import explain_case  # captum takes seconds to import

        classes = [self.find_disorder(name) for name in disorders]
        for disorder in (self._label_space.card.disorders[index] for index in classes):
            if disorder.normal:
                raise RaddiagError(f"{disorder.name} has no evidence to show; name a disorder")
        return explain_case(
            self.evidence(),
            classes,
            method,
            progress=progress or _no_progress,
            cancelled=cancelled or _never,
            **options,
        )

    def find_disorder(self, name: str) -> int:
        """Class index of a disorder of the model or of the vocabulary, in any case and spacing.

        Raises:
            RaddiagError: There is none; the nearest names are suggested.
        """
        return find_disorder(self._label_space.card, name)

    def disorder_called(self, name: str) -> str:
        """The name of a disorder as the card or the vocabulary spells it; errors are those of `find_disorder`."""
        return self._label_space.card.disorders[self.find_disorder(name)].name

    def evidence(self) -> CaseEvidence:
        """The set case as the saliency methods see it.

        Raises:
            CaseError: No case is set.
        """
        encoded = self._set_encoded()
        return CaseEvidence(
            case_id=encoded.case.id,
            case_hash=encoded.case.hash,
            input_hash=encoded.input_hash,
            card=self._label_space.card,
            network=self._label_space.twin,
            device=self.placement.device,
            scans=tuple(fused.scan for fused in encoded.fused),
            modality_ids_S=torch.tensor(encoded.modality_ids, device=self.placement.device),
            embeddings_SC=encoded.embeddings_SC,
            prepare=partial(prepare_again, encoded, self.card.preparation),
        )

    def logits_of_prepared(self, scans: Sequence[tuple[int, NDArray[np.floating]]]) -> NDArray[np.float32]:
        """Logits of scans that are prepared already, in float32 on any device: for parity with other code.

        Args:
            scans: Modality id and voxels in [0, 1], (height, width, slices), of each scan; one slice is an image.

        Returns:
            logits_K.

        Raises:
            CaseError: No scan, or voxels of another number of axes.
            ModelError: A shape or modality id that the network does not take.
        """
        inputs = [self._network_input(modality_id, voxels) for modality_id, voxels in scans]
        if not inputs:
            raise CaseError("no scan was given")
        with float32_throughout():
            embeddings_SC = self._network.encode_scans(inputs, self.placement.slices_per_chunk)
            logits_RK = fuse_case(self._network, embeddings_SC, [scan.modality_id for scan in inputs])
        return logits_RK[0].float().numpy()

    def _network_input(self, modality_id: int, voxels: NDArray[np.floating]) -> NetworkScan:
        if voxels.ndim != 3:
            raise CaseError(f"prepared voxels are (height, width, slices), not of shape {voxels.shape}")
        if not 0 <= modality_id < self.card.network.fusion.modalities:
            raise ModelError(
                f"modality id {modality_id} is not one of the model's {self.card.network.fusion.modalities}"
            )
        slices_DHW = torch.from_numpy(np.ascontiguousarray(np.moveaxis(voxels, -1, 0), dtype=np.float32))
        is_volume = len(slices_DHW) > 1
        return NetworkScan(slices_DHW if is_volume else slices_DHW[0], is_volume, modality_id)

    def _set_encoded(self) -> EncodedCase:
        if self._encoded is None:
            raise CaseError("no case is set; call set_case first (a cancelled or failed one does not count)")
        return self._encoded


def _no_progress(done: int, total: int, what: str) -> None:
    pass


def _never() -> bool:
    return False
