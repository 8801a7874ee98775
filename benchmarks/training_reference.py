"""A straightforward reference of the trainer: what a first version of the paper's recipe looks like.

One case at a time, float32, contiguous layout. Every scan is read and resized whenever its case comes, augmented by
MONAI's transforms one by one, an image padded with empty slices to the depth of a volume, a case padded with empty
scans to the largest number there is; all of that goes through the 3D encoder, and a mask hides the empty scans from the
fusion module. The gradients of a batch are accumulated, so that it makes the steps that the trainer makes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from monai.transforms import (
    Compose,
    LoadImage,
    Rand3DElastic,
    RandAdjustContrast,
    RandAffine,
    RandGaussianNoise,
    ScaleIntensityRangePercentiles,
)
from torch import Tensor, nn

from raddiag_engine.network.model import RadDiag
from raddiag_engine.network.packing import NetworkScan, pack
from raddiag_engine.preparation.config import PreparationConfig
from raddiag_train.data.records import CaseRecord
from raddiag_train.training.losses import prior_log_odds
from raddiag_train.training.optimisation_config import OptimisationConfig
from raddiag_train.training.schedule import learning_rate_factor


@dataclass(frozen=True)
class Learned:
    """What a training loop did.

    Attributes:
        losses: Mean loss of each optimiser step.
        seconds: From before the first step to after the last.
        cpu_seconds: Of the whole process in that time.
        waiting_seconds: Of `seconds`, before a batch was there.
    """

    losses: tuple[float, ...]
    seconds: float
    cpu_seconds: float
    waiting_seconds: float


class ReferenceCases(torch.utils.data.Dataset):
    """Cases read, resized and augmented whenever they are asked for.

    Args:
        records: The cases.
        preparation: Gives the size.
    """

    def __init__(self, records: Sequence[CaseRecord], preparation: PreparationConfig) -> None:
        self.records = records
        self.shape = (preparation.depth, preparation.volume_size_px, preparation.volume_size_px)
        self.modality_ids = preparation.modality_ids
        self.most_scans = max(len(record.scans) for record in records)
        self.load = LoadImage(image_only=True, ensure_channel_first=True)
        self.rescale = ScaleIntensityRangePercentiles(0.5, 99.5, 0.0, 1.0, clip=True)
        px = self.shape[1] / 256
        self.augment = Compose(
            [
                RandAffine(
                    prob=0.15,
                    rotate_range=(np.pi / 12, 0.0, 0.0),
                    translate_range=(0.0, 10 * px, 10 * px),
                    scale_range=(0.0, 0.1, 0.1),
                    shear_range=(0.0, 0.0, 0.0, 0.0, 0.2, 0.2),
                    padding_mode="zeros",
                ),
                Rand3DElastic(prob=0.15, sigma_range=(5, 7), magnitude_range=(10, 20), padding_mode="border"),
                RandGaussianNoise(prob=0.15, std=0.07),
                RandAdjustContrast(prob=0.15, gamma=(0.5, 1.5)),
            ]
        )

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> tuple[Tensor, list[int]]:
        """Voxels (scans, D, H, W), padded with empty scans, and the modality ids of those that are there."""
        voxels_SDHW = torch.zeros(self.most_scans, *self.shape)
        record = self.records[index]
        for row, scan in enumerate(record.scans):
            voxels_SDHW[row] = self.augment(self._resized(self.load(str(scan.path))))[0]
        return voxels_SDHW, [self.modality_ids.get(str(scan.modality), (0,))[-1] for scan in record.scans]

    def _resized(self, image_CXYZ: Tensor) -> Tensor:
        """(1, D, H, W) in [0, 1]; an image is the first slice, and the others are empty."""
        voxels_DHW = self.rescale(image_CXYZ).as_tensor().float().squeeze(0)
        voxels_DHW = voxels_DHW.squeeze().permute(*reversed(range(voxels_DHW.squeeze().ndim)))
        if voxels_DHW.ndim == 2:
            image_HW = F.interpolate(voxels_DHW[None, None], size=self.shape[1:], mode="bilinear", antialias=True)[0, 0]
            padded_DHW = torch.zeros(self.shape)
            padded_DHW[0] = image_HW
            return padded_DHW[None]
        slices_DHW = F.interpolate(voxels_DHW[:, None], size=self.shape[1:], mode="bilinear", antialias=True)[:, 0]
        return F.interpolate(slices_DHW[None, None], size=self.shape, mode="trilinear")[0]


def learn(
    network: RadDiag,
    cases: ReferenceCases,
    labels_NK: np.ndarray,
    optimisation: OptimisationConfig,
    batches: Sequence[Sequence[int]],
    workers: int,
) -> Learned:
    """Train.

    Args:
        network: On its device, with the weights to start from.
        cases: To learn from.
        labels_NK: Their targets.
        optimisation: Learning rate, schedule and decay.
        batches: Indices of the cases of each optimiser step.
        workers: Processes that read ahead.
    """
    network.train()
    device = network.device
    with torch.no_grad():
        last = [module for module in network.head.modules() if isinstance(module, nn.Linear)][-1]
        last.bias.copy_(prior_log_odds(torch.from_numpy(labels_NK.sum(0)), len(labels_NK)))
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=optimisation.weight_decay)
    order = [index for batch in batches for index in batch]
    loader = iter(torch.utils.data.DataLoader(cases, batch_size=None, sampler=order, num_workers=workers))
    losses, waiting = [], 0.0
    start, cpu_start = time.perf_counter(), time.process_time()
    for step, batch in enumerate(batches):
        factor = learning_rate_factor(step, len(batches), round(optimisation.warmup_share * len(batches)))
        for group in optimiser.param_groups:
            group["lr"] = optimisation.learning_rate * factor
        step_losses = []
        for index in batch:
            before = time.perf_counter()
            voxels_SDHW, modality_ids = next(loader)
            waiting += time.perf_counter() - before
            packed = pack([[NetworkScan(v, True, 0) for v in voxels_SDHW]], network.config).to(device)
            packed.modality_ids_BS[0, : len(modality_ids)] = torch.tensor(modality_ids, device=device)
            packed.mask_BS[0, len(modality_ids) :] = False
            target_K = torch.from_numpy(labels_NK[index]).to(device)
            loss = F.binary_cross_entropy_with_logits(network(packed)[0], target_K, reduction="sum")
            (loss / len(batch)).backward()
            step_losses.append(float(loss.detach()))
        nn.utils.clip_grad_norm_(network.parameters(), optimisation.gradient_clip)
        optimiser.step()
        optimiser.zero_grad()
        losses.append(sum(step_losses) / len(batch))
    seconds, cpu_seconds = time.perf_counter() - start, time.process_time() - cpu_start
    return Learned(tuple(losses), seconds, cpu_seconds, waiting)
