"""Made-up trees in the layouts of published data sets: what `write_layout` writes is what their publishers ship."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ComputedRadiographyImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

from tests.train.data.made_up_images import smooth_picture, write_picture


@dataclass(frozen=True)
class Layout:
    """One made-up data set and what its import gives.

    Attributes:
        files: Scans, by the suffix of their path.
        texts: Tables and lists.
        cases: Number of cases.
        scans: Number of scans.
        disorders: Of all cases.
        modalities: Of all scans.
        anatomies: Of all cases.
        splits: Of all cases, "" for none.
        patients: Number of patients named.
    """

    files: tuple[str, ...]
    cases: int
    scans: int
    disorders: frozenset[str]
    modalities: frozenset[str]
    anatomies: frozenset[str]
    splits: frozenset[str] = frozenset({""})
    patients: int = 0
    texts: dict[str, str] = field(default_factory=dict)


def write_layout(root: Path, layout: Layout) -> None:
    """Write the tables and tiny scans."""
    for name, text in layout.texts.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for seed, name in enumerate(layout.files):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[name.rpartition(".")[2]](path, seed)


def _dicom(path: Path, seed: int) -> None:
    meta = FileMetaDataset()
    of_a_series = path.suffix == ".dcm"
    meta.MediaStorageSOPClassUID = MRImageStorage if of_a_series else ComputedRadiographyImageStorage
    meta.MediaStorageSOPInstanceUID = generate_uid()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset(path, pydicom.Dataset(), file_meta=meta, preamble=b"\0" * 128)
    dataset.SOPClassUID, dataset.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    pixels = smooth_picture(seed, 16)
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 8, 8, 7, 0
    dataset.Modality = "MR" if of_a_series else "CR"
    dataset.SeriesInstanceUID, dataset.StudyInstanceUID = generate_uid(), generate_uid()
    if of_a_series:
        dataset.PixelSpacing, dataset.SliceThickness = [1, 1], 2
        dataset.ImagePositionPatient, dataset.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    dataset.PixelData = pixels.tobytes()
    dataset.save_as(path, enforce_file_format=True)


def _picture(path: Path, seed: int) -> None:
    write_picture(path, seed, size_px=24)


def _nifti(path: Path, seed: int) -> None:
    nibabel.save(nibabel.Nifti1Image(_volume(seed).astype(np.int16), np.diag([2.0, 2, 5, 1])), path)


def _metaimage(path: Path, seed: int) -> None:
    header = {
        "ObjectType": "Image",
        "NDims": 3,
        "BinaryDataByteOrderMSB": "False",
        "TransformMatrix": "1 0 0 0 1 0 0 0 1",
        "Offset": "-10 -20 30",
        "ElementSpacing": "0.5 0.75 2",
        "DimSize": "6 5 4",
        "ElementType": "MET_SHORT",
        "ElementDataFile": f"{path.stem}.raw",
    }
    path.write_text("".join(f"{key} = {value}\n" for key, value in header.items()), encoding="ascii")
    path.with_suffix(".raw").write_bytes(_volume(seed).astype("<i2").tobytes())


def _npz(path: Path, seed: int) -> None:
    np.savez_compressed(path, ct=_volume(seed).astype(np.int16))


def _pickled(path: Path, seed: int) -> None:
    path.write_bytes(pickle.dumps(_volume(seed).astype(np.uint16), protocol=2))


def _volume(seed: int) -> Any:
    """(slice 4, row 5, column 6)."""
    return np.random.default_rng(seed).integers(0, 1000, (4, 5, 6))


_WRITERS = {
    "dicom": _dicom,
    "dcm": _dicom,
    "png": _picture,
    "jpg": _picture,
    "jpeg": _picture,
    "gz": _nifti,
    "mhd": _metaimage,
    "npz": _npz,
    "pck": _pickled,
}
TCIA_COLUMNS = "Series UID,Collection,Study UID,Modality,Number of Images,File Location,Subject ID\n"


def one(*words: str) -> frozenset[str]:
    """Words as a set."""
    return frozenset(words)


LAYOUTS = {
    "vindr_mammo": Layout(
        files=("images/s1/a.dicom", "images/s1/b.dicom", "images/s1/c.dicom", "images/s2/d.dicom"),
        texts={
            "breast-level_annotations.csv": "study_id,series_id,image_id,laterality,view_position,height,width,"
            "breast_birads,breast_density,split\n"
            "s1,x,a,L,CC,9,9,BI-RADS 1,DENSITY C,training\ns1,x,b,L,MLO,9,9,BI-RADS 1,DENSITY C,training\n"
            "s1,x,c,R,CC,9,9,BI-RADS 4,DENSITY C,training\ns2,x,d,R,CC,9,9,BI-RADS 2,DENSITY A,test\n"
        },
        cases=3,
        scans=4,
        patients=2,
        disorders=one("Normal", "BI-RADS 2", "BI-RADS 4"),
        modalities=one("mammography"),
        anatomies=one("breast"),
        splits=one("train", "test"),
    ),
    "cxr14": Layout(
        files=("images_001/images/00000001_000.png", "images_012/images/00030805_000.png"),
        texts={
            "Data_Entry_2017_v2020.csv": "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,"
            'View Position,"OriginalImage[Width","Height]"\n'
            "00000001_000.png,Cardiomegaly|Emphysema,0,1,58,M,PA,2682,2749\n"
            "00030805_000.png,No Finding,0,30805,27,M,PA,2048,2500\n",
            "train_val_list.txt": "00000001_000.png\n",
            "test_list.txt": "00030805_000.png\n",
        },
        cases=2,
        scans=2,
        patients=2,
        disorders=one("Normal", "Cardiomegaly", "Emphysema"),
        modalities=one("X-ray"),
        anatomies=one("chest"),
        splits=one("train", "test"),
    ),
    "vindr_spine": Layout(
        files=("train_images/a.dicom", "test_images/b.dicom"),
        texts={
            "annotations/train.csv": "study_id,series_id,image_id,lesion_type,xmin,ymin,xmax,ymax\n"
            "s1,x,a,Osteophytes,1,2,3,4\ns1,x,a,Osteophytes,5,6,7,8\ns1,x,a,Surgical implant,1,1,2,2\n",
            "annotations/test.csv": "study_id,series_id,image_id,lesion_type,xmin,ymin,xmax,ymax\n"
            "s2,x,b,No finding,,,,\n",
        },
        cases=2,
        scans=2,
        patients=2,
        disorders=one("Normal", "Osteophytes", "Spinal implant"),
        modalities=one("X-ray"),
        anatomies=one("spine"),
        splits=one("train", "test"),
    ),
    "mosmeddata": Layout(
        files=("studies/CT-0/study_0001.nii.gz", "studies/CT-4/study_1109.nii.gz", "masks/study_0255_mask.nii.gz"),
        cases=2,
        scans=2,
        patients=2,
        disorders=one("Normal", "COVID-19 pneumonia, CT-4"),
        modalities=one("CT"),
        anatomies=one("chest"),
    ),
    "adni": Layout(
        files=(
            "ADNI/002_S_0295/MPRAGE/2006-04-18_08_20_30.0/I13722/a.dcm",
            "ADNI/011_S_0002/MPRAGE/2005-08-26_09_00_00.0/I8130/b.dcm",
        ),
        texts={
            "ADNI1_Screening.csv": '"Image Data ID","Subject","Group","Sex","Age","Visit","Modality","Description"\n'
            '"I13722","002_S_0295","CN","M","85","sc","MRI","MPRAGE"\n'
            '"I8130","011_S_0002","AD","F","70","sc","MRI","MPRAGE"\n'
        },
        cases=2,
        scans=2,
        patients=2,
        disorders=one("Normal", "Alzheimer disease"),
        modalities=one("MRI"),
        anatomies=one("head and neck"),
    ),
    "nsclc": Layout(
        files=(
            "manifest-1/NSCLC-Radiomics/LUNG1-001/study/series/1-001.dcm",
            "manifest-1/NSCLC-Radiomics/LUNG1-001/study/mask/1-1.dcm",
        ),
        texts={
            "manifest-1/metadata.csv": TCIA_COLUMNS
            + "1.2,NSCLC-Radiomics,1,CT,1,./NSCLC-Radiomics/LUNG1-001/study/series,LUNG1-001\n"
            + "1.3,NSCLC-Radiomics,1,SEG,1,./NSCLC-Radiomics/LUNG1-001/study/mask,LUNG1-001\n",
            "NSCLC-Radiomics-Lung1.clinical-version3-Oct-2019.csv": "PatientID,age,clinical.T.Stage,Overall.Stage,"
            "Histology,gender\nLUNG1-001,78.7,2,IIIb,large cell,male\n",
        },
        cases=1,
        scans=1,
        patients=1,
        disorders=one("Large cell carcinoma of the lung"),
        modalities=one("CT"),
        anatomies=one("chest"),
    ),
    "tcga": Layout(
        files=(
            "manifest-2/TCGA-LUAD/TCGA-05-4244/study/series/1-1.dcm",
            "manifest-2/TCGA-BRCA/TCGA-AO-A03M/study/left/1-1.dcm",
            "manifest-2/TCGA-BRCA/TCGA-AO-A03M/study/dynamic/1-1.dcm",
        ),
        texts={
            "manifest-2/metadata.csv": TCIA_COLUMNS
            + "1.2,TCGA-LUAD,1,CT,1,.\\TCGA-LUAD\\TCGA-05-4244\\study\\series,TCGA-05-4244\n"
            + "1.3,TCGA-BRCA,2,MG,1,.\\TCGA-BRCA\\TCGA-AO-A03M\\study\\left,TCGA-AO-A03M\n"
            + "1.4,TCGA-BRCA,2,MR,1,.\\TCGA-BRCA\\TCGA-AO-A03M\\study\\dynamic,TCGA-AO-A03M\n"
        },
        cases=2,
        scans=3,
        patients=2,
        disorders=one("Adenocarcinoma of the lung", "Malignant breast neoplasm"),
        modalities=one("CT", "mammography", "MRI"),
        anatomies=one("chest", "breast"),
    ),
    "ispy1": Layout(
        files=("m/ISPY1/ISPY1_1001/study/dyn/1-1.dcm", "m/ISPY1/ISPY1_1002/study/dyn/1-1.dcm"),
        texts={
            "m/metadata.csv": TCIA_COLUMNS
            + "1.2,ISPY1,11,MR,1,./ISPY1/ISPY1_1001/study/dyn,ISPY1_1001\n"
            + "1.3,ISPY1,12,MR,1,./ISPY1/ISPY1_1002/study/dyn,ISPY1_1002\n",
            "TCIA Outcomes Subset.csv": "SUBJECTID,DataExtractDt,sstat,PCR,RCBClass\n"
            "ISPY1_1001,1,8,0,2\nISPY1_1002,1,7,,\n",
        },
        cases=1,
        scans=1,
        patients=1,
        disorders=one("Breast cancer without pathological complete response"),
        modalities=one("MRI"),
        anatomies=one("breast"),
    ),
    "chestx_det10": Layout(
        files=("train_data/36199.png", "train_data/36200.png", "test_data/36201.png"),
        texts={
            "train.json": json.dumps(
                [
                    {"file_name": "36199.png", "syms": ["Mass", "Mass", "Nodule"], "boxes": [[1, 2, 3, 4]] * 3},
                    {"file_name": "36200.png", "syms": [], "boxes": []},
                ]
            ),
            "test.json": json.dumps([{"file_name": "36201.png", "syms": ["Fracture"], "boxes": [[1, 2, 3, 4]]}]),
        },
        cases=3,
        scans=3,
        disorders=one("Normal", "Lung mass", "Lung nodule", "Rib fracture"),
        modalities=one("X-ray"),
        anatomies=one("chest"),
        splits=one("train", "test"),
    ),
    "chexpert": Layout(
        files=(
            "train/patient00001/study1/view1_frontal.jpg",
            "train/patient00001/study1/view2_lateral.jpg",
            "valid/patient64541/study1/view1_frontal.jpg",
        ),
        texts={
            "train.csv": "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
            "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,"
            "Pleural Other,Fracture,Support Devices\n"
            "CheXpert-v1.0-small/train/patient00001/study1/view1_frontal.jpg,F,68,Frontal,AP"
            ",,,1.0,,,-1.0,,,,0.0,,,,1.0\n"
            "CheXpert-v1.0-small/train/patient00001/study1/view2_lateral.jpg,F,68,Lateral,"
            ",,,1.0,,,-1.0,,,,0.0,,,,1.0\n",
            "valid.csv": "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,"
            "Lung Opacity,Lung Lesion,Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,"
            "Pleural Other,Fracture,Support Devices\n"
            "CheXpert-v1.0-small/valid/patient64541/study1/view1_frontal.jpg,M,73,Frontal,AP"
            ",1.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0\n",
        },
        cases=2,
        scans=3,
        patients=2,
        disorders=one("Normal", "Cardiomegaly", "Support device"),
        modalities=one("X-ray"),
        anatomies=one("chest"),
        splits=one("train", "test"),
    ),
    "covid19_radiography": Layout(
        files=(
            "COVID/images/COVID-1.png",
            "COVID/masks/COVID-1.png",
            "Lung_Opacity/images/Lung_Opacity-1.png",
            "Normal/images/Normal-1.png",
            "Viral Pneumonia/images/Viral Pneumonia-1.png",
        ),
        cases=4,
        scans=4,
        disorders=one("Normal", "COVID-19", "Lung opacity", "Viral pneumonia"),
        modalities=one("X-ray"),
        anatomies=one("chest"),
    ),
    "iu_xray": Layout(
        files=(
            "images/images_normalized/1_IM-0001-4001.dcm.png",
            "images/images_normalized/1_IM-0001-3001.dcm.png",
            "images/images_normalized/2_IM-0652-1001.dcm.png",
        ),
        texts={
            "indiana_projections.csv": "uid,filename,projection\n1,1_IM-0001-4001.dcm.png,Frontal\n"
            "1,1_IM-0001-3001.dcm.png,Lateral\n2,2_IM-0652-1001.dcm.png,Frontal\n",
            "indiana_reports.csv": "uid,MeSH,Problems,image,indication,comparison,findings,impression\n"
            "1,normal,normal,PA and lateral,x,None.,ok,Normal.\n"
            '2,Cardiomegaly/borderline,Cardiomegaly;Pulmonary Artery,"Chest, 2 views",x,None.,x,x\n',
        },
        cases=2,
        scans=3,
        patients=2,
        disorders=one("Normal", "Cardiomegaly", "Pulmonary Artery"),
        modalities=one("X-ray"),
        anatomies=one("chest"),
    ),
    "lndb": Layout(
        files=("data0/LNDb-0001.mhd", "data3/LNDb-0200.mhd"),
        texts={"trainset_csv/trainFleischner.csv": "LNDbID,Fleischner\n1,0\n200,3\n"},
        cases=2,
        scans=2,
        patients=2,
        disorders=one(
            "Lung nodule, no routine follow-up (Fleischner 0)", "Lung nodule, CT after 3 to 6 months (Fleischner 3)"
        ),
        modalities=one("CT"),
        anatomies=one("chest"),
    ),
    "padchest": Layout(
        files=("0/1001.png", "54/1002.png", "54/1003.png"),
        texts={
            "PADCHEST_chest_x_ray_images_labels_160K_01.02.19.csv": ",ImageID,ImageDir,StudyDate_DICOM,StudyID,"
            "PatientID,Projection,Labels\n0,1001.png,0,20140915,st1,839860488694292331637988235681460987,PA,['normal']\n"
            "1,1002.png,54,20140915,st2,77,PA,\"['cardiomegaly', 'pleural effusion']\"\n"
            "2,1003.png,54,20140915,st2,77,L,\"['cardiomegaly', 'pleural effusion']\"\n"
        },
        cases=2,
        scans=3,
        patients=2,
        disorders=one("Normal", "Cardiomegaly", "Pleural effusion"),
        modalities=one("X-ray"),
        anatomies=one("chest"),
    ),
    "cc_ccii": Layout(
        files=(
            "NCP/1/1001/0000.png",
            "NCP/1/1001/0001.png",
            "NCP/1/1001/0002.png",
            "CP/2/1002/0000.jpg",
            "CP/2/1003/0000.jpg",
            "Normal/3/1004/0000.png",
        ),
        cases=4,
        scans=4,
        patients=3,
        disorders=one("Normal", "COVID-19 pneumonia", "Pneumonia"),
        modalities=one("CT"),
        anatomies=one("chest"),
    ),
    "rad_chestct": Layout(
        files=("trn00001.npz", "val00001.npz", "tst00001.npz"),
        texts={
            "imgtrain_Abnormality_and_Location_Labels.csv": "NoteAcc_DEID,nodule*right_lung,nodule*left_lung,mass*rul\n"
            "trn00001,1,1,0\n",
            "imgvalid_Abnormality_and_Location_Labels.csv": "NoteAcc_DEID,nodule*right_lung,nodule*left_lung,mass*rul\n"
            "val00001,0,0,0\n",
            "imgtest_Abnormality_and_Location_Labels.csv": "NoteAcc_DEID,nodule*right_lung,nodule*left_lung,mass*rul\n"
            "tst00001,0,1,1\n",
        },
        cases=3,
        scans=3,
        disorders=one("Normal", "Nodule", "Mass"),
        modalities=one("CT"),
        anatomies=one("chest"),
        splits=one("train", "validation", "test"),
    ),
    "brain_tumor": Layout(
        files=("Training/glioma/Tr-gl_0010.jpg", "Training/notumor/Tr-no_0010.jpg", "Testing/pituitary/Te-pi_0010.jpg"),
        cases=3,
        scans=3,
        disorders=one("Normal", "Glioma", "Pituitary tumour"),
        modalities=one("MRI"),
        anatomies=one("head and neck"),
        splits=one("train", "test"),
    ),
    "brain_tumor_17": Layout(
        files=(
            "Glioma (Astrocitoma, Ganglioglioma, Glioblastoma, Oligodendroglioma, Ependimoma) T1C+/a.jpg",
            "NORMAL T2/b.jpeg",
            "Outros Tipos de Lesões (Abscessos, Cistos, Encefalopatias Diversas) T1/c.jpeg",
            "Schwannoma (Acustico, Vestibular - Trigeminal) T2/d.jpg",
        ),
        cases=4,
        scans=4,
        disorders=one("Normal", "Glioma, T1 with contrast", "Other brain lesion, T1", "Schwannoma, T2"),
        modalities=one("MRI"),
        anatomies=one("head and neck"),
    ),
    "pocus": Layout(
        files=(
            "covid/Cov-Butterfly-COVID Lung 1.mov_frame0.jpg",
            "covid/Cov-Butterfly-COVID Lung 1.mov_frame10.jpg",
            "pneumonia/Pneu_Image_atlas.png",
            "regular/Reg-youtube.avi_frame5.jpg",
        ),
        cases=4,
        scans=4,
        patients=3,
        disorders=one("Normal", "COVID-19", "Bacterial pneumonia"),
        modalities=one("ultrasound"),
        anatomies=one("chest"),
    ),
    "mura": Layout(
        files=(
            "MURA-v1.1/train/XR_SHOULDER/patient00001/study1_positive/image1.png",
            "MURA-v1.1/train/XR_SHOULDER/patient00001/study1_positive/image2.png",
            "MURA-v1.1/valid/XR_WRIST/patient11185/study1_negative/image1.png",
        ),
        cases=2,
        scans=3,
        patients=2,
        disorders=one("Normal", "Musculoskeletal abnormality"),
        modalities=one("X-ray"),
        anatomies=one("upper limb"),
        splits=one("train", "test"),
    ),
    "kneemri": Layout(
        files=("vol01/329637-8.pck", "vol10/1026280-5.pck"),
        texts={
            "metadata.csv": "examId,seriesNo,aclDiagnosis,kneeLR,roiX,roiY,roiZ,roiHeight,roiWidth,roiDepth,"
            "volumeFilename\n329637,8,0,1,139,184,14,74,72,3,329637-8.pck\n"
            "1026280,5,2,0,139,184,14,74,72,3,1026280-5.pck\n"
        },
        cases=2,
        scans=2,
        patients=2,
        disorders=one("Normal", "Anterior cruciate ligament, complete tear"),
        modalities=one("MRI"),
        anatomies=one("lower limb"),
    ),
    "ct_kidney": Layout(
        files=(
            "CT-KIDNEY-DATASET-Normal-Cyst-Tumor-Stone/Cyst/Cyst- (1).jpg",
            "CT-KIDNEY-DATASET-Normal-Cyst-Tumor-Stone/Normal/Normal- (1).jpg",
            "CT-KIDNEY-DATASET-Normal-Cyst-Tumor-Stone/Stone/Stone- (1).jpg",
            "CT-KIDNEY-DATASET-Normal-Cyst-Tumor-Stone/Tumor/Tumor- (1).jpg",
        ),
        cases=4,
        scans=4,
        disorders=one("Normal", "Renal cyst", "Kidney stone", "Kidney tumour"),
        modalities=one("CT"),
        anatomies=one("abdomen and pelvis"),
    ),
}
