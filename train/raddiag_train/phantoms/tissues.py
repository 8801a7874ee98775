"""What a tissue is to each kind of imaging.

T1 and T2 at 1.5 T after Stanisz et al., Magn Reson Med 54:507 (2005) and Bottomley et al., Med Phys 11:425 (1984),
rounded; HU and acoustic values after Bushberg et al., The Essential Physics of Medical Imaging. Echo is relative.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Tissue:
    """One tissue's properties; NaN means as whatever the tissue displaces.

    Attributes:
        hu: CT number.
        t1_ms: Longitudinal relaxation time.
        t2_ms: Transverse relaxation time.
        proton_density: Relative to water.
        echo: Amplitude of the scatterers, liver is 1.
        attenuation_db_per_mm: One way, at the probe's frequency.
        impedance_mrayl: Acoustic impedance; its steps reflect.
        texture: Strength of its texture: relative in MRI and ultrasound, in units of 100 HU in CT.
    """

    hu: float
    t1_ms: float = 1000.0
    t2_ms: float = 60.0
    proton_density: float = 0.8
    echo: float = 0.8
    attenuation_db_per_mm: float = 0.06
    impedance_mrayl: float = 1.63
    texture: float = 0.1


AIR = Tissue(-1000, proton_density=0.0, echo=0.0, attenuation_db_per_mm=3.0, impedance_mrayl=0.4, texture=0.0)
LUNG = Tissue(-860, proton_density=0.1, echo=0.5, attenuation_db_per_mm=2.0, impedance_mrayl=0.6, texture=0.2)
FAT = Tissue(-100, t1_ms=260, t2_ms=80, proton_density=0.9, echo=0.55, impedance_mrayl=1.38, texture=0.05)
MUSCLE = Tissue(50, t1_ms=900, t2_ms=45, proton_density=0.8, echo=0.4, impedance_mrayl=1.70)
SOFT = Tissue(40, t1_ms=900, t2_ms=60, proton_density=0.8)
BLOOD = Tissue(45, t1_ms=1400, t2_ms=200, proton_density=0.9, echo=0.06, attenuation_db_per_mm=0.02)
CORTICAL_BONE = Tissue(
    1100, t1_ms=1000, t2_ms=2, proton_density=0.1, echo=3.0, attenuation_db_per_mm=2.0, impedance_mrayl=6.0
)
TRABECULAR_BONE = Tissue(
    330, t1_ms=270, t2_ms=80, proton_density=0.8, echo=0.3, attenuation_db_per_mm=1.0, impedance_mrayl=2.0, texture=0.4
)
WATER = Tissue(
    5, t1_ms=3000, t2_ms=500, proton_density=1.0, echo=0.02, attenuation_db_per_mm=0.0, impedance_mrayl=1.5, texture=0.0
)
CSF = Tissue(5, t1_ms=4000, t2_ms=1800, proton_density=1.0, echo=0.02, attenuation_db_per_mm=0.0, texture=0.0)
WHITE_MATTER = Tissue(28, t1_ms=700, t2_ms=80, proton_density=0.73, texture=0.04)
GREY_MATTER = Tissue(38, t1_ms=1000, t2_ms=95, proton_density=0.80, texture=0.04)
