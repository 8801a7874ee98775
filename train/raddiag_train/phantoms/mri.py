"""Magnetic resonance imaging of a body: signal equations, receive field, Rician noise."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from raddiag_train.phantoms.body import Body
from raddiag_train.phantoms.lattice import Lattice
from raddiag_train.phantoms.texture import SmoothField
from raddiag_train.phantoms.tissues import Tissue

STORED_SCALE = 4000.0


@dataclass(frozen=True)
class Sequence:
    """A spin-echo sequence, with an inversion pulse if `inversion_ms` is given (FLAIR, STIR).

    Attributes:
        name: As in a series description.
        repetition_ms: TR.
        echo_ms: TE.
        inversion_ms: TI, None for none.
    """

    name: str
    repetition_ms: float
    echo_ms: float
    inversion_ms: float | None = None

    def signal(self, tissue: Tissue) -> float:
        """Magnitude of the signal, fully relaxed water is 1 (Haacke et al., MR Imaging, 1999, chapter 8).

        Spin echo: PD (1 - e^(-TR/T1)) e^(-TE/T2); with inversion: PD |1 - 2 e^(-TI/T1) + e^(-TR/T1)| e^(-TE/T2).
        """
        recovered = 1.0 - np.exp(-self.repetition_ms / tissue.t1_ms)
        if self.inversion_ms is not None:
            recovery = np.exp(-self.repetition_ms / tissue.t1_ms)
            recovered = abs(1.0 - 2.0 * np.exp(-self.inversion_ms / tissue.t1_ms) + recovery)
        return float(tissue.proton_density * recovered * np.exp(-self.echo_ms / tissue.t2_ms))

    def varied(self, rng: np.random.Generator) -> Sequence:
        """The sequence as another scanner would run it: TR and TE up to 6 % off; TI stays where it nulls."""
        tr, te = rng.uniform(0.94, 1.06, 2) * (self.repetition_ms, self.echo_ms)
        return replace(self, repetition_ms=float(tr), echo_ms=float(te))


T1 = Sequence("T1 spin echo", repetition_ms=450, echo_ms=12)
FLAIR = Sequence("FLAIR", repetition_ms=9000, echo_ms=110, inversion_ms=2373)
STIR = Sequence("STIR", repetition_ms=4000, echo_ms=40, inversion_ms=180)


def scan_mri(
    body: Body,
    lattice: Lattice,
    sequence: Sequence,
    rng: np.random.Generator,
    *,
    noise: float,
    gain: float,
    subslices: int = 2,
) -> NDArray[np.uint16]:
    """A magnitude series on `lattice`, uint16.

    Args:
        body: What is scanned.
        lattice: The slices.
        sequence: Its signal equation is applied to every tissue; a voxel mixes signals, not relaxation times.
        rng: For the receive field and the noise.
        noise: Standard deviation of each of the two channels, in units of the signal.
        gain: The receiver's.
        subslices: Planes averaged in a slice.
    """
    fine = body.paint(
        lattice.refined(subslices),
        sequence.signal,
        texture_of=lambda tissue: tissue.texture * sequence.signal(tissue),
        background=0.0,
    )
    signal = np.maximum(fine.reshape(lattice.counts[0], subslices, *lattice.counts[1:]).mean(axis=1), 0.0)
    extent_mm = max(abs(step) * n for step, n in zip(lattice.steps_mm, lattice.counts, strict=True))
    receive_field = SmoothField.random(rng, wavelength_mm=1.5 * extent_mm, waves=3)
    signal *= np.exp(np.float32(rng.uniform(0.03, 0.10)) * receive_field.sample(*lattice.block(None)[1]))
    real = signal + np.float32(noise) * rng.standard_normal(signal.shape, dtype=np.float32)
    imaginary = np.float32(noise) * rng.standard_normal(signal.shape, dtype=np.float32)
    magnitude = np.hypot(real, imaginary)
    return np.clip(np.rint(magnitude * np.float32(gain * STORED_SCALE)), 0, 65535).astype(np.uint16)
