"""A made-up collection: a few hundred case records with articles, the same for a seed; nothing in it is a patient's."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image

SECRET = "Mrs Confidential of 12 Privet Lane"  # stands in every patient's data, and may turn up nowhere else

# Disorder -> the code that a careful annotator gives, "none" where nothing fits.
DISORDERS = {
    "Pneumothorax": "J93.9",
    "Tension pneumothorax": "J93.0",
    "Lobar pneumonia": "J18.1",
    "Adenoviral pneumonia": "J12.0",
    "Pulmonary embolism": "I26.99",
    "Sarcoidosis of lung": "D86.0",
    "Pulmonary fibrosis": "J84.10",
    "Bronchiectasis": "J47.9",
    "Pleural effusion": "J90",
    "Lung abscess": "J85.2",
    "Emphysema": "J43.9",
    "Asbestosis": "J61",
    "Meningioma": "D32.9",
    "Glioblastoma": "C71.9",
    "Subdural haematoma": "I62.00",
    "Subarachnoid haemorrhage": "I60.9",
    "Cerebral infarction": "I63.9",
    "Multiple sclerosis": "G35",
    "Hydrocephalus": "G91.9",
    "Brain abscess": "G06.0",
    "Vestibular schwannoma": "D33.3",
    "Moyamoya disease": "I67.5",
    "Acute appendicitis": "K35.80",
    "Diverticulitis": "K57.92",
    "Crohn disease": "K50.90",
    "Ulcerative colitis": "K51.90",
    "Intussusception": "K56.1",
    "Volvulus": "K56.2",
    "Acute pancreatitis": "K85.90",
    "Cholelithiasis": "K80.20",
    "Hepatic cirrhosis": "K74.60",
    "Hydronephrosis": "N13.30",
    "Kidney stone": "N20.0",
    "Renal cell carcinoma": "C64.9",
    "Abdominal aortic aneurysm": "I71.40",
    "Horseshoe kidney": "Q63.1",
    "Osteoarthritis of knee": "M17.9",
    "Rheumatoid arthritis": "M06.9",
    "Gout": "M10.9",
    "Osteosarcoma": "C41.9",
    "Paget disease of bone": "M88.9",
    "Osteomyelitis": "M86.9",
    "Scaphoid fracture": "S62.009A",
    "Colles fracture": "S52.539A",
    "Rickets": "E55.0",
    "Spondylolisthesis": "M43.10",
    "Scoliosis": "M41.9",
    "Fibroadenoma of breast": "D24.9",
    "Mastitis": "N61.0",
    "Ductal carcinoma in situ of breast": "D05.10",
    "Pneumoperitoneum": "K66.8",
    "Rigler sign": "none",
    "Double bubble sign": "none",
}
OTHERS = (
    "Circle of Willis",
    "Anatomy of the knee",
    "Bosniak classification",
    "TNM staging of lung cancer",
    "Fluid attenuated inversion recovery",
    "Chest radiograph (approach)",
    "Hounsfield unit",
    "Azygos lobe",
    "CHARGE (mnemonic)",
    "Wilhelm Roentgen",
    "Central venous catheter",
    "Barium swallow technique",
    "Fleischner guidelines",
    "BI-RADS lexicon",
    "Dual energy CT",
    "Gadolinium contrast agents",
    "Portal vein",
    "Radiation dose units",
    "Salter-Harris classification",
    "=cmd|' /C calc'!A0",
)
# The prompts disagree about these two and answer nonsense to the third; a reviewer knows better.
DISAGREED = ("Rigler sign", "Azygos lobe")
NONSENSE = ("Horseshoe kidney",)
# The prompts are wrong together about these: what the check is to find.
WRONGLY_KEPT = ("Portal vein",)
WRONGLY_LEFT_OUT = ("Double bubble sign",)
_MODALITIES = (("CT", "axial", "chest"), ("MRI", "sagittal", "head and neck"), ("X-ray", "frontal", "lower limb"))


@dataclass(frozen=True)
class MadeUpCollection:
    """Files and what is in them.

    Attributes:
        records: Raw case records.
        normal: Further records, all normal.
        cases: In `records`.
        normal_cases: Among these.
    """

    records: Path
    normal: Path
    cases: int
    normal_cases: int


def article(title: str) -> dict[str, str]:
    """An article of two paragraphs."""
    if title in DISORDERS:
        text = f"{title} is a disorder that is made up here. It is seen in few.\n\nRadiographic features: it is there."
    else:
        text = f"{title} is something to know of. Nobody suffers from it.\n\nSee also other articles."
    return {"title": title, "text": text}


def write_collection(folder: Path, cases: int = 300, seed: int = 0) -> MadeUpCollection:
    """Write records, further normal records and their images."""
    generator = random.Random(seed)
    (folder / "images").mkdir(parents=True)
    records = [_record(folder, f"case-{number}", generator) for number in range(cases)]
    for title, record in zip((*DISORDERS, *OTHERS), records, strict=False):  # so that each is there at least once
        record["articles"].append(article(title))
    for record in records[-12:]:
        record["normal"] = True
    further = [_record(folder, f"normal-{number}", generator) for number in range(25)]
    for record in further:
        del record["articles"]
    return MadeUpCollection(
        _write(folder / "records.jsonl", records),
        _write(folder / "normal.jsonl", further),
        cases,
        sum("normal" in record for record in records),
    )


def _record(folder: Path, case_id: str, generator: random.Random) -> dict[str, Any]:
    modality, plane, anatomy = generator.choice(_MODALITIES)
    images = []
    for number in range(generator.randint(1, 3)):
        path = folder / "images" / f"{case_id}-{number}.png"
        pixels = bytes(generator.randrange(256) for _ in range(64))
        Image.frombytes("L", (8, 8), pixels).save(path)
        images.append({"path": f"images/{path.name}", "modality": modality, "plane": plane})
    # Few disorders are common and many are rare.
    disorders = list(DISORDERS)
    titles = {disorders[min(int(generator.expovariate(0.06)), len(disorders) - 1)] for _ in range(2)}
    titles = set(sorted(titles)[: generator.randint(0, 2)])
    titles |= {generator.choice(OTHERS) for _ in range(generator.randint(0, 2))}
    return {
        "case_id": case_id,
        "patient_id": f"patient-{case_id}",
        "patient": {"age": f"{generator.randint(18, 90)} years", "name": SECRET},
        "anatomy": anatomy,
        "images": images,
        "articles": [article(title) for title in sorted(titles)],
        "diagnosis": f"As {SECRET} was told.",
        "source": "made up",
    }


def _write(path: Path, records: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    return path
