"""One group of scans on its way through the augmentations."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor

from raddiag_engine.network.packing import GroupRows
from raddiag_train.data.augmentation_config import AugmentationConfig
from raddiag_train.data.erasing import borders, corners, rectangles
from raddiag_train.data.geometric_augmentation import (
    affine_matrices,
    elastic_displacement,
    elastic_grid,
    resample,
    sampling_grid,
)
from raddiag_train.data.lesion_batches import GroupLesions
from raddiag_train.data.scan_draws import ScanDraws, fill_scans


class GroupAugmentation:
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
        self.draws = ScanDraws(generator, len(flipped), own)
        self.lesions = None if lesions is None else lesions.to(rows_NSHW.device)
        self.scan_of_row = scan_of_row
        self.flipped = flipped
        self.scans = len(flipped)
        self.config = config
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
        turned, bent = self.draws.chosen(config.affine_probability), self.draws.chosen(config.elastic_probability)
        limit = math.radians(config.rotation_degrees)
        shift = config.translation_px * self.px
        matrices = affine_matrices(
            torch.where(turned, self.draws.uniform(-limit, limit), 0.0),
            torch.where(turned[:, None], self.draws.uniform(-config.shear, config.shear, 2), 0.0),
            torch.where(turned[:, None], self.draws.uniform(-shift, shift, 2), 0.0),
            torch.where(turned[:, None], 1.0 + self.draws.uniform(-config.scale, config.scale, 2), 1.0),
        )
        matrices[self.flipped, 1] *= -1.0
        sigma = self.draws.uniform(*config.elastic_sigma_px) * self.px
        magnitude = self.draws.uniform(*config.elastic_magnitude_px) * self.px
        growth = 1.0 + self.draws.uniform(-config.elastic_scale, config.elastic_scale, 2)
        seeds = self.draws.seeds()
        scans = torch.nonzero(turned | bent | self.flipped).flatten()
        if len(scans) == 0:
            return
        grid = sampling_grid(self._there(matrices[scans]), self.height_px, self.width_px)
        elastic = torch.nonzero(bent).flatten()
        if len(elastic):
            noise = torch.empty(len(elastic), 2, self.height_px, self.width_px, device=self.rows_NSHW.device)
            fill_scans(noise, elastic, seeds, lambda part, generator: part.uniform_(-1.0, 1.0, generator=generator))
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
        chosen, gamma = self.draws.chosen(self.config.contrast_probability), self.draws.uniform(*self.config.gamma)
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
        chosen = self.draws.chosen(config.intensity_probability)
        scale = 1.0 + self.draws.uniform(-config.intensity_scale, config.intensity_scale)
        shift = self.draws.uniform(-config.intensity_shift, config.intensity_shift)
        rows, rows_there = self._rows_of(chosen)
        if len(rows):
            scan = self.scan_of_row[rows]
            factor, offset = self._there(scale[scan]), self._there(shift[scan])
            values = self.rows_NSHW[rows_there]
            self.rows_NSHW[rows_there] = values * factor[:, None, None, None] + offset[:, None, None, None]

    def _noise(self) -> None:
        chosen, std = self.draws.chosen(self.config.noise_probability), self.draws.uniform(0.0, self.config.noise_std)
        seeds = self.draws.seeds()
        rows, rows_there = self._rows_of(chosen)
        if len(rows):
            noise = torch.empty(len(rows), *self.rows_NSHW.shape[1:], device=self.rows_NSHW.device)
            scans = self.scan_of_row[rows]
            fill_scans(noise, scans, seeds, lambda part, generator: part.normal_(generator=generator))
            self.rows_NSHW[rows_there] += noise * self._there(std[self.scan_of_row[rows]])[:, None, None, None]

    def _paint(self) -> None:
        """Erase with black or, as often, with one grey value."""
        config = self.config
        painted = torch.zeros(self.scans, self.height_px, self.width_px, dtype=torch.bool)
        erased = self.draws.chosen(config.erase_probability)
        size = self.draws.uniform(*config.erase_fraction, 2)
        start = self.draws.uniform(0.0, 1.0, 2) * (1.0 - size)
        box = torch.stack([start[:, 0], start[:, 0] + size[:, 0], start[:, 1], start[:, 1] + size[:, 1]], 1)
        margins = self.draws.uniform(0.0, config.border_fraction, 4)
        framed = self.draws.chosen(config.border_probability)
        cornered = self.draws.chosen(config.corner_probability)
        sizes = self.draws.uniform(*config.corner_fraction, 4, 2) * (self.draws.uniform(0.0, 1.0, 4, 1) < 0.5)
        grey = self.draws.uniform(0.0, 1.0) * (self.draws.uniform(0.0, 1.0) < 0.5)
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
