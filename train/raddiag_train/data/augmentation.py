"""Augmentation of whole batches on the device (paper section 5.3; numbers of the release).

Every random number but the pixel noise is drawn on the CPU from one generator, and the noise from a seed a scan drawn
there: the generator's state is all that an exact resume needs, and a GPU is never waited for. A process that has only
some of a batch's scans draws for all of them, so that a scan is changed in the same way wherever that is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from raddiag_engine.network.packing import GroupRows, PackedBatch, ScanGroup
from raddiag_train.data.erasing import borders, corners, rectangles
from raddiag_train.data.geometric_augmentation import (
    affine_matrices,
    elastic_displacement,
    elastic_grid,
    resample,
    sampling_grid,
)
from raddiag_train.data.lesion_batches import GroupLesions


@dataclass(frozen=True)
class AugmentationConfig:
    """What is done to a scan, and how often. A probability of 0 switches a part off.

    Attributes:
        reference_size_px: Lengths in px below are for slices of this size, and scale with it.
        affine_probability: In-plane rotation, translation, scale and shear together.
        rotation_degrees: Largest, either way.
        translation_px: Largest, either way, along each axis.
        scale: Largest relative change, along each axis on its own.
        shear: Largest, either way.
        elastic_probability: Smooth deformation in the slice.
        elastic_sigma_px: Range of the standard deviation of its smoothing.
        elastic_magnitude_px: Range of its factor on the smoothed uniform noise.
        elastic_scale: Largest relative change of size that goes with it, along each axis on its own.
        flip_probability: Left and right exchanged, in all scans of a case alike. Off in the paper.
        noise_probability: Gaussian noise.
        noise_std: Its largest standard deviation; the one used is uniform below it.
        contrast_probability: value ** gamma, between the least and the greatest value of the scan.
        gamma: Range of gamma.
        intensity_probability: value x (1 + scale) + shift.
        intensity_scale: Largest, either way.
        intensity_shift: Largest, either way.
        erase_probability: A rectangle painted over.
        erase_fraction: Range of its height and width, of the slice.
        border_probability: Margins painted over.
        border_fraction: Largest width of a margin, of the slice.
        corner_probability: Each corner painted over with even odds.
        corner_fraction: Range of a corner's height and width, of the slice.
    """

    reference_size_px: int = 256
    affine_probability: float = 0.15
    rotation_degrees: float = 15.0
    translation_px: float = 10.0
    scale: float = 0.1
    shear: float = 0.2
    elastic_probability: float = 0.15
    elastic_sigma_px: tuple[float, float] = (5.0, 7.0)
    elastic_magnitude_px: tuple[float, float] = (10.0, 20.0)
    elastic_scale: float = 0.1
    flip_probability: float = 0.0
    noise_probability: float = 0.15
    noise_std: float = 0.07
    contrast_probability: float = 0.15
    gamma: tuple[float, float] = (0.5, 1.5)
    intensity_probability: float = 0.0
    intensity_scale: float = 0.15
    intensity_shift: float = 0.08
    erase_probability: float = 0.0
    erase_fraction: tuple[float, float] = (0.1, 0.25)
    border_probability: float = 0.0
    border_fraction: float = 0.08
    corner_probability: float = 0.0
    corner_fraction: tuple[float, float] = (0.05, 0.3)


def augment(
    batch: PackedBatch, config: AugmentationConfig, generator: torch.Generator, device: torch.device | str = "cpu"
) -> PackedBatch:
    """A batch moved to the device, with every scan changed there at random.

    Args:
        batch: On the CPU; voxels uint8 (0 to 255) or float in [0, 1].
        config: What is done, and how often.
        generator: On the CPU.
        device: Where the work is done.

    Returns:
        The batch on `device`, voxels float32 in [0, 1]. The slices of a scan are changed alike.
    """
    return augment_with_lesions(batch, (None,) * len(batch.groups), config, generator, device)[0]


def augment_with_lesions(
    batch: PackedBatch,
    lesions: Sequence[GroupLesions | None],
    config: AugmentationConfig,
    generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> tuple[PackedBatch, tuple[GroupLesions | None, ...]]:
    """As `augment`, with the lesion maps deformed as their scans are.

    Args:
        batch: As for `augment`.
        lesions: Of each group of the batch, on the CPU.
        config: What is done, and how often.
        generator: On the CPU.
        device: Where the work is done.

    Returns:
        The batch and its lesion maps, both on `device`.
    """
    cases, most_scans = batch.mask_BS.shape
    flipped_B = torch.rand(cases, generator=generator) < config.flip_probability
    groups, deformed = [], []
    for group, of_group in zip(batch.groups, lesions, strict=True):
        flipped_N = flipped_B[group.slots_N // most_scans]
        there = group.to(device, non_blocking=True)
        augmentation = _Augmentation(
            _rows(there), _scan_of_row(group), flipped_N, config, generator, of_group, group.rows
        )
        groups.append(replace(there, voxels=augmentation.run().view(there.voxels.shape)))
        deformed.append(augmentation.lesions)
    modality_ids_BS = batch.modality_ids_BS.to(device, non_blocking=True)
    return PackedBatch(tuple(groups), modality_ids_BS, batch.mask_BS.to(device, non_blocking=True)), tuple(deformed)


def as_float(batch: PackedBatch) -> PackedBatch:
    """The same batch with voxels float32 in [0, 1], not augmented."""
    groups = tuple(replace(group, voxels=_float_voxels(group.voxels)) for group in batch.groups)
    return replace(batch, groups=groups)


def _float_voxels(voxels: Tensor) -> Tensor:
    return voxels.float() / 255.0 if voxels.dtype == torch.uint8 else voxels.float()


def _rows(group: ScanGroup) -> Tensor:
    """A copy as (rows, slices, H, W): a volume is one row of many slices, a stack many rows of one slice."""
    voxels = _float_voxels(group.voxels)
    voxels = voxels.clone() if voxels is group.voxels else voxels
    return voxels.flatten(1, -3) if group.kind == "volumes" else voxels


def _scan_of_row(group: ScanGroup) -> Tensor:
    """int64: the scan of the group to which each row of its voxels belongs."""
    if group.slice_index_NL is None:
        return torch.arange(len(group.slots_N))
    index_NL = group.slice_index_NL
    scan_of_row = torch.empty(len(group.voxels), dtype=torch.long)
    scans_NL = torch.arange(len(index_NL))[:, None].expand_as(index_NL)
    scan_of_row[index_NL[index_NL >= 0]] = scans_NL[index_NL >= 0]
    return scan_of_row


class _Augmentation:
    """One group on its way through the augmentations; every draw is made once a scan and used for all its rows."""

    def __init__(
        self,
        rows_NSHW: Tensor,
        scan_of_row: Tensor,
        flipped: Tensor,
        config: AugmentationConfig,
        generator: torch.Generator,
        lesions: GroupLesions | None = None,
        own: GroupRows | None = None,
    ) -> None:
        self.rows_NSHW = rows_NSHW
        self.drawn = len(flipped) if own is None else len(own.slots_A)
        self.own: Tensor | slice = slice(None) if own is None else own.rows_N
        self.lesions = None if lesions is None else lesions.to(rows_NSHW.device)
        self.scan_of_row = scan_of_row
        self.flipped = flipped
        self.scans = len(flipped)
        self.config = config
        self.generator = generator
        self.height_px, self.width_px = rows_NSHW.shape[-2:]
        self.px = max(self.height_px, self.width_px) / config.reference_size_px

    def run(self) -> Tensor:
        """The rows, changed."""
        self._deform()
        self._contrast()
        self._intensity()
        self._noise()
        self._paint()
        return self.rows_NSHW.clamp_(0.0, 1.0)

    def _deform(self) -> None:
        config = self.config
        turned, bent = self._chosen(config.affine_probability), self._chosen(config.elastic_probability)
        limit = math.radians(config.rotation_degrees)
        shift = config.translation_px * self.px
        matrices = affine_matrices(
            torch.where(turned, self._uniform(-limit, limit), 0.0),
            torch.where(turned[:, None], self._uniform(-config.shear, config.shear, 2), 0.0),
            torch.where(turned[:, None], self._uniform(-shift, shift, 2), 0.0),
            torch.where(turned[:, None], 1.0 + self._uniform(-config.scale, config.scale, 2), 1.0),
        )
        matrices[self.flipped, 1] *= -1.0
        sigma = self._uniform(*config.elastic_sigma_px) * self.px
        magnitude = self._uniform(*config.elastic_magnitude_px) * self.px
        growth = 1.0 + self._uniform(-config.elastic_scale, config.elastic_scale, 2)
        seeds = self._seeds()
        scans = torch.nonzero(turned | bent | self.flipped).flatten()
        if len(scans) == 0:
            return
        grid = sampling_grid(self._there(matrices[scans]), self.height_px, self.width_px)
        elastic = torch.nonzero(bent).flatten()
        if len(elastic):
            noise = torch.empty(len(elastic), 2, self.height_px, self.width_px, device=self.rows_NSHW.device)
            self._fill(noise, elastic, seeds, lambda part, generator: part.uniform_(-1.0, 1.0, generator=generator))
            displacement = elastic_displacement(noise, sigma[elastic].tolist(), self._there(magnitude[elastic]))
            bent_grid = elastic_grid(self._there(matrices[elastic]), displacement, self._there(growth[elastic]))
            grid[self._there(torch.searchsorted(scans, elastic))] = bent_grid
        position = torch.full((self.scans,), -1)
        position[scans] = torch.arange(len(scans))
        rows, rows_there = self._rows_of(position >= 0)
        grid = grid[self._there(position[self.scan_of_row[rows]])]
        self.rows_NSHW[rows_there] = resample(self.rows_NSHW[rows_there], grid)
        self._change_lesions(
            rows_there, lambda maps, of: resample(maps.float(), grid[of], nearest=True).to(torch.uint8)
        )

    def _contrast(self) -> None:
        chosen, gamma = self._chosen(self.config.contrast_probability), self._uniform(*self.config.gamma)
        rows, rows_there = self._rows_of(chosen)
        if len(rows):
            scan = self._there(self.scan_of_row[rows])
            values = self.rows_NSHW[rows_there]
            least = self._of_scan(values.amin((1, 2, 3)), scan, "amin")
            spread = self._of_scan(values.amax((1, 2, 3)), scan, "amax") - least
            exponent = self._there(gamma)[scan][:, None, None, None]
            # A constant scan has no contrast to change.
            shares = ((values - least) / spread.clamp(min=1e-7)).clamp_(0.0, 1.0)
            self.rows_NSHW[rows_there] = shares**exponent * spread + least

    def _intensity(self) -> None:
        config = self.config
        chosen = self._chosen(config.intensity_probability)
        scale = 1.0 + self._uniform(-config.intensity_scale, config.intensity_scale)
        shift = self._uniform(-config.intensity_shift, config.intensity_shift)
        rows, rows_there = self._rows_of(chosen)
        if len(rows):
            scan = self.scan_of_row[rows]
            factor, offset = self._there(scale[scan]), self._there(shift[scan])
            values = self.rows_NSHW[rows_there]
            self.rows_NSHW[rows_there] = values * factor[:, None, None, None] + offset[:, None, None, None]

    def _noise(self) -> None:
        chosen, std = self._chosen(self.config.noise_probability), self._uniform(0.0, self.config.noise_std)
        seeds = self._seeds()
        rows, rows_there = self._rows_of(chosen)
        if len(rows):
            noise = torch.empty(len(rows), *self.rows_NSHW.shape[1:], device=self.rows_NSHW.device)
            scans = self.scan_of_row[rows]
            self._fill(noise, scans, seeds, lambda part, generator: part.normal_(generator=generator))
            self.rows_NSHW[rows_there] += noise * self._there(std[self.scan_of_row[rows]])[:, None, None, None]

    def _paint(self) -> None:
        """Erase with black or, as often, with one grey value."""
        config = self.config
        painted = torch.zeros(self.scans, self.height_px, self.width_px, dtype=torch.bool)
        erased = self._chosen(config.erase_probability)
        size = self._uniform(*config.erase_fraction, 2)
        start = self._uniform(0.0, 1.0, 2) * (1.0 - size)
        box = torch.stack([start[:, 0], start[:, 0] + size[:, 0], start[:, 1], start[:, 1] + size[:, 1]], 1)
        margins = self._uniform(0.0, config.border_fraction, 4)
        framed = self._chosen(config.border_probability)
        cornered = self._chosen(config.corner_probability)
        sizes = self._uniform(*config.corner_fraction, 4, 2) * (self._uniform(0.0, 1.0, 4, 1) < 0.5)
        grey = self._uniform(0.0, 1.0) * (self._uniform(0.0, 1.0) < 0.5)
        shape = (self.height_px, self.width_px)
        painted[erased] |= rectangles(box[erased], *shape)
        painted[framed] |= borders(margins[framed], *shape)
        painted[cornered] |= corners(sizes[cornered], *shape)
        rows, rows_there = self._rows_of(erased | framed | cornered)
        if len(rows):
            scan = self.scan_of_row[rows]
            mask, value = self._there(painted[scan])[:, None], self._there(grey[scan])[:, None, None, None]
            self.rows_NSHW[rows_there] = torch.where(mask, value, self.rows_NSHW[rows_there])
            # What is painted over is no longer seen to be a lesion.
            self._change_lesions(rows_there, lambda maps, of: maps.masked_fill(mask[of], 0))

    def _change_lesions(self, rows: Tensor, change: Callable[[Tensor, Tensor], Tensor]) -> None:
        """Carry the lesion maps along; images and volumes only, whose rows are their scans.

        Args:
            rows: That were changed.
            change: Lesion maps, and the positions of their scans in `rows`, to the maps as they are now.
        """
        if self.lesions is None:
            return
        mapped, positions = torch.nonzero(self.lesions.rows_R[:, None] == rows).unbind(1)
        maps_RDHW = self.lesions.maps_RDHW.clone()
        maps_RDHW[mapped] = change(maps_RDHW[mapped], positions)
        self.lesions = replace(self.lesions, maps_RDHW=maps_RDHW)

    def _chosen(self, probability: float) -> Tensor:
        return torch.rand(self.drawn, generator=self.generator)[self.own] < probability

    def _uniform(self, low: float, high: float, *shape: int) -> Tensor:
        return low + (high - low) * torch.rand(self.drawn, *shape, generator=self.generator)[self.own]

    def _seeds(self) -> Tensor:
        return torch.randint(2**62, (self.drawn,), generator=self.generator)[self.own]

    def _fill(
        self, rows: Tensor, scans: Tensor, seeds: Tensor, fill: Callable[[Tensor, torch.Generator], Tensor]
    ) -> None:
        """Fill rows at random, scan by scan.

        Args:
            rows: To be filled; the rows of a scan follow one another.
            scans: The scan of each row.
            seeds: Of every scan.
            fill: Draws the values of a scan's rows, in place.
        """
        start = 0
        generator = torch.Generator(rows.device)
        for scan, count in zip(*(part.tolist() for part in scans.unique_consecutive(return_counts=True)), strict=True):
            fill(rows[start : start + count], generator.manual_seed(int(seeds[scan])))
            start += count

    def _of_scan(self, values_R: Tensor, scan_R: Tensor, reduce: Literal["amin", "amax"]) -> Tensor:
        """The least or the greatest of each row's scan, given one of each row; (R, 1, 1, 1)."""
        of_scan = values_R.new_zeros(self.scans).scatter_reduce(0, scan_R, values_R, reduce, include_self=False)
        return of_scan[scan_R][:, None, None, None]

    def _rows_of(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Rows of the chosen scans, on the CPU and where the voxels are."""
        rows = torch.nonzero(chosen[self.scan_of_row]).flatten()
        return rows, self._there(rows)

    def _there(self, tensor: Tensor) -> Tensor:
        return tensor.to(self.rows_NSHW.device, non_blocking=True)
