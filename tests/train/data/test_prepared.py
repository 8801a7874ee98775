"""Prepared data: the engine's own numbers, stored once, kept after an interruption, renewed when anything changed."""

from __future__ import annotations

import os
import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from raddiag_engine.cases import Anatomy, Modality, WarningCode
from raddiag_engine.errors import RaddiagError, ReadError
from raddiag_engine.preparation import PreparationConfig, prepare_case
from raddiag_engine.reading import read_file
from raddiag_train.data import prepared as prepared_module
from raddiag_train.data.case_identity import ContentIndex
from raddiag_train.data.labels import label_space
from raddiag_train.data.npy_append import NpyAppender
from raddiag_train.data.prepared import PreparedDataset
from raddiag_train.data.prepared_shards import ShardReader, ShardWriter, StoredScan
from raddiag_train.data.records import CaseRecord, ScanRecord
from raddiag_train.data.scan_reading import read_scan
from tests.engine.reading.dicom_files import noise, write_series
from tests.train.data.made_up_images import case, write_picture

CONFIG = PreparationConfig(image_size_px=32, volume_size_px=24, depth=6)


@pytest.fixture
def records(tmp_path: Path) -> list[CaseRecord]:
    volume = np.random.default_rng(0).normal(size=(20, 22, 9)).astype(np.float32)
    nibabel.Nifti1Image(volume, np.diag([1, 1, 3, 1])).to_filename(tmp_path / "mri.nii.gz")
    picture = write_picture(tmp_path / "one.png", 1)
    both = (ScanRecord(picture, Modality.XRAY), ScanRecord(tmp_path / "mri.nii.gz", Modality.MRI))
    return [
        CaseRecord("both", "", Anatomy.CHEST, "train", both, ("Abscess",)),
        case(2, "Normal", path=write_picture(tmp_path / "two.png", 2)),
    ]


def dataset(records: list[CaseRecord], cache: Path, config: PreparationConfig = CONFIG) -> PreparedDataset:
    return PreparedDataset(records, label_space(records), config, cache, workers=1)


def shards(cache: Path) -> list[Path]:
    return sorted(cache.glob("*/shard-*"))


@pytest.mark.parametrize("config", [CONFIG, PreparationConfig(32, 24, 16, "subsample", image_slices=3)])
def test_stored_scans_are_those_the_engine_prepares(
    records: list[CaseRecord], tmp_path: Path, config: PreparationConfig
) -> None:
    data = dataset(records, tmp_path / "cache", config)
    [picture] = read_file(tmp_path / "one.png")
    [volume] = read_file(tmp_path / "mri.nii.gz")
    expected = prepare_case(
        [picture.with_modality(Modality.XRAY, Anatomy.CHEST), volume.with_modality(Modality.MRI, Anatomy.CHEST)], config
    )
    stored = data[0].scans
    assert [scan.is_volume for scan in stored] == [False, True]
    for scan, engines in zip(stored, expected, strict=True):
        assert scan.voxels.shape == engines.voxels.shape
        assert scan.modality_id == engines.modality_id
        assert np.abs(scan.voxels / 255.0 - engines.voxels).max() <= 0.5 / 255 + 1e-6
    assert stored[1].voxels.shape[0] == (6 if config is CONFIG else 9)
    assert data[0].labels_K.tolist() == [1.0, 0.0]


def test_what_is_prepared_is_not_prepared_again(
    records: list[CaseRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset(records, tmp_path / "cache")
    before = shards(tmp_path / "cache")

    def never(*_: object) -> None:
        raise AssertionError("prepared again")

    monkeypatch.setattr(prepared_module, "prepare_record", never)
    assert dataset(records[::-1], tmp_path / "cache")[1].scans[1].is_volume
    assert shards(tmp_path / "cache") == before


def test_a_data_set_that_was_moved_or_touched_is_read_but_not_prepared_again(
    records: list[CaseRecord], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = tmp_path / "cache"
    before = np.array(dataset(records, cache)[1].scans[0].voxels)
    monkeypatch.setattr(prepared_module, "prepare_record", lambda *_: pytest.fail("prepared again"))
    moved = tmp_path / "moved.png"
    shutil.copy(tmp_path / "two.png", moved)
    os.utime(tmp_path / "one.png", (1, 1))
    again = dataset([records[0], replace(records[1], scans=(ScanRecord(moved, Modality.MRI),))], cache)
    np.testing.assert_array_equal(again[1].scans[0].voxels, before)
    monkeypatch.setattr(prepared_module, "content_key", lambda *_: pytest.fail("read again"))
    assert len(dataset(records, cache)) == 2


def test_content_is_told_apart_though_size_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(64, dtype=np.uint8).reshape(8, 8))
    one = case(1, path=path)
    before = np.array(dataset([one], tmp_path / "cache")[0].scans[0].voxels)
    np.save(path, np.arange(64, dtype=np.uint8)[::-1].reshape(8, 8))
    os.utime(path, (1, 1))
    assert not np.array_equal(dataset([one], tmp_path / "cache")[0].scans[0].voxels, before)


def test_half_a_line_of_the_index_is_passed_over(tmp_path: Path) -> None:
    index = ContentIndex(tmp_path)
    index.add([("a" * 64, "b" * 64)])
    with (tmp_path / "contents.txt").open("a") as stream:
        stream.write("c" * 64 + " dd")
    ContentIndex(tmp_path).add([("e" * 64, "f" * 64)])
    again = ContentIndex(tmp_path)
    assert [again.get(letter * 64) for letter in "ace"] == ["b" * 64, None, "f" * 64]


def test_a_changed_file_or_modality_is_prepared_again(records: list[CaseRecord], tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    before = np.array(dataset(records, cache)[1].scans[0].voxels)
    write_picture(tmp_path / "two.png", 3, size_px=70)
    os.utime(tmp_path / "two.png", (1, 1))
    assert not np.array_equal(dataset(records, cache)[1].scans[0].voxels, before)
    as_ct = [records[0], CaseRecord(**{**vars(records[1]), "scans": (ScanRecord(tmp_path / "two.png", Modality.CT),)})]
    assert dataset(as_ct, cache)[1].scans[0].modality_id == CONFIG.modality_ids["CT"][0]


def test_a_bad_file_is_named_and_what_was_prepared_before_it_is_kept(records: list[CaseRecord], tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    several = [
        case(n, "Normal", path=write_picture(tmp_path / f"{n}.png", n)) for n in range(prepared_module.CASES_PER_TASK)
    ]
    with pytest.raises(ReadError, match=r"bad\.png"):
        dataset([*several, case(99, "Normal", path=bad)], tmp_path / "cache")
    [shard] = shards(tmp_path / "cache")
    assert shard.suffix == ""
    assert len(dataset(several, tmp_path / "cache")) == len(several)
    assert shards(tmp_path / "cache") == [shard]


def test_a_missing_and_a_constant_file_are_named(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match=r"gone\.png.*case-1"):
        dataset([case(1, path=tmp_path / "gone.png")], tmp_path / "cache")
    Image.fromarray(np.full((20, 20), 7, dtype=np.uint8)).save(tmp_path / "flat.png")
    with pytest.raises(ReadError, match=r"flat\.png.*every voxel has the value 7"):
        dataset([case(1, path=tmp_path / "flat.png")], tmp_path / "cache")


def tilted(folder: Path, seed: int = 0, **attributes: object) -> None:
    positions = [(0.0, 1.2 * index, 4.0 * index) for index in range(6)]
    write_series(folder, noise(6, 24, 20, seed=seed), positions=positions, **attributes)


def test_of_a_tilted_folder_the_straightened_copy_is_taken(tmp_path: Path) -> None:
    tilted(tmp_path / "ct")
    write_series(tmp_path / "ct" / "scout", noise(1, 24, 20), SeriesInstanceUID="1.2.3", SeriesDescription="Scout")
    one = case(1, path=tmp_path / "ct")
    scan = read_scan(one, one.scans[0])
    assert scan.usable
    assert scan.modality is Modality.MRI, "as the record says"
    assert WarningCode.GEOMETRY_RESAMPLED in {warning.code for warning in scan.warnings}
    assert abs(scan.affine[:3, 0] @ scan.affine[:3, 1]) < 1e-9
    [stored] = dataset([one], tmp_path / "cache")[0].scans
    [expected] = prepare_case([scan], CONFIG)
    assert np.abs(stored.voxels / 255.0 - expected.voxels).max() <= 0.5 / 255 + 1e-6


def test_two_usable_scans_in_a_folder_are_not_chosen_between(tmp_path: Path) -> None:
    tilted(tmp_path / "ct" / "a")
    write_series(tmp_path / "ct" / "b", noise(6, 24, 20, seed=1), SeriesInstanceUID="1.2.3")
    one = case(1, path=tmp_path / "ct")
    with pytest.raises(ReadError, match=r"ct: holds 2 scans; name a file or folder of one scan \(case case-1\)"):
        read_scan(one, one.scans[0])


def test_a_folder_without_a_usable_scan_says_why(tmp_path: Path) -> None:
    for number in (1, 2):
        series = {"SeriesInstanceUID": f"1.2.{number}", "SeriesDescription": "Scout"}
        write_series(tmp_path / "ct" / str(number), noise(1, 24, 20, seed=number), **series)
    one = case(1, path=tmp_path / "ct")
    with pytest.raises(ReadError, match=r"ct: a localizer, made to plan or to time other scans \(case case-1\)"):
        read_scan(one, one.scans[0])
    (tmp_path / "empty").mkdir()
    one = case(2, path=tmp_path / "empty")
    with pytest.raises(ReadError, match="holds 0 scans"):
        read_scan(one, one.scans[0])


def test_several_processes_prepare_the_same(records: list[CaseRecord], tmp_path: Path) -> None:
    many = [case(n, "Normal", path=write_picture(tmp_path / f"{n}.png", n)) for n in range(40)]
    done: list[tuple[int, int]] = []
    labels = label_space(many)
    parallel = PreparedDataset(
        many, labels, CONFIG, tmp_path / "a", workers=2, progress=lambda now, total: done.append((now, total))
    )
    alone = dataset(many, tmp_path / "b")
    assert done[-1] == (40, 40)
    for index in range(40):
        np.testing.assert_array_equal(parallel[index].scans[0].voxels, alone[index].scans[0].voxels)


def test_a_data_set_sent_to_a_worker_carries_no_voxels(records: list[CaseRecord], tmp_path: Path) -> None:
    many = [case(n, "Normal", path=write_picture(tmp_path / f"{n}.png", n)) for n in range(30)]
    data = dataset(many, tmp_path / "cache")
    expected = np.array(data[7].scans[0].voxels)
    sent = pickle.dumps(data)
    assert len(sent) < 30 * 32 * 32
    np.testing.assert_array_equal(pickle.loads(sent)[7].scans[0].voxels, expected)


def test_shards_end_at_their_size_and_an_unfinished_one_is_not_seen(tmp_path: Path) -> None:
    voxels = np.arange(100, dtype=np.uint8).reshape(10, 10)
    with ShardWriter(tmp_path, shard_bytes=250) as writer:
        for number in range(4):
            writer.add(str(number), [StoredScan(voxels + number, False, number)])
        assert len(list(tmp_path.glob("shard-*.partial"))) == 1
        assert "3" not in ShardReader(tmp_path)
    reader = ShardReader(tmp_path)
    assert len(list(tmp_path.glob("shard-*"))) == 2
    for number in range(4):
        [scan] = reader.read(str(number))
        np.testing.assert_array_equal(scan.voxels, voxels + number)
        assert scan.modality_id == number


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("kept", [0, 1])
def test_on_a_full_disk_the_folder_is_named_and_no_half_shard_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: int
) -> None:
    def scan(value: int) -> StoredScan:
        return StoredScan(np.full((300, 300), value, np.uint8), is_volume=False, modality_id=0)

    def full(path: Path, *options: object) -> NpyAppender:
        return NpyAppender(Path("/dev/full"), *options)  # type: ignore[arg-type]

    with pytest.raises(RaddiagError) as raised, ShardWriter(tmp_path, shard_bytes=300 * 300) as writer:
        for value in range(kept):
            writer.add(str(value), [scan(value)])
        monkeypatch.setattr("raddiag_train.data.prepared_shards.NpyAppender", full)
        writer.add("lost", [scan(9)])
    assert str(raised.value).startswith(f"{tmp_path}: ")
    assert "free space" in str(raised.value)
    assert not list(tmp_path.glob("*.partial"))
    assert sorted(ShardReader(tmp_path).keys()) == [str(value) for value in range(kept)]


def test_an_appended_npy_file_is_read_by_numpy(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).integers(0, 256, (1234, 3, 5), dtype=np.uint8)
    with NpyAppender(tmp_path / "rows.npy", (3, 5), np.dtype(np.uint8)) as appender:
        assert appender.append(rows[:1000]) == (0, 1000)
        assert appender.append(rows[1000:]) == (1000, 1234)
        with pytest.raises(ValueError, match="expected"):
            appender.append(rows[:, :2])
    np.testing.assert_array_equal(np.load(tmp_path / "rows.npy"), rows)
