"""Pulling a model, with a downloader that hands out local made-up files; the real hub cannot be reached from here."""

from __future__ import annotations

from pathlib import Path

import huggingface_hub
import pytest
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from raddiag_engine.errors import ModelError
from raddiag_engine.models import hub
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.registry import find_model, list_models
from raddiag_engine.models.verification import verify_model
from tests.engine.models.small_model import save_small_model


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_pulled_model_is_imported_from_the_downloaded_files_and_found_by_its_name(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def hand_out(repo_id: str, filename: str, *, repo_type: str) -> str:
        asked.append((repo_id, filename, repo_type))
        path = tmp_path / Path(filename).name
        path.write_text(f"made-up content of {path.name}")
        return str(path)

    def make_small_model(checkpoint: Path, labels: Path, output: Path, *, icd: Path | None) -> ModelCard:
        assert checkpoint.read_text() == "made-up content of pytorch_model.bin"
        assert labels.read_text() == "made-up content of disorder_label_dict.json"
        return save_small_model(output)

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", hand_out)
    monkeypatch.setattr(hub, "import_released", make_small_model)  # its own tests are in test_released_import.py
    card = hub.pull("raddiag-5569")
    assert find_model("raddiag-5569") == home / "models" / "raddiag-5569"
    assert [model.name for model in list_models() if model.origin == "pulled"] == ["raddiag-5569"]
    assert verify_model(find_model("raddiag-5569")).card == card
    assert asked == [
        ("QiaoyuZheng/RP3D-DiagDS", "disorder_label_dict.json", "dataset"),
        (
            "QiaoyuZheng/RadDiag",
            "RP3D_5569_res_ART_256_32_BCE_T_4_2_0.7_2048_E_F_F_F_N/pytorch_model.bin",
            "model",
        ),
    ]


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (LocalEntryNotFoundError("no outgoing traffic\nsecond line"), ("no connection", "raddiag models import")),
        (EntryNotFoundError("404"), ("does not give it out", "raddiag models import")),
        (OSError(28, "No space left on device"), ("No space left", "raddiag models import")),
    ],
)
def test_a_failed_download_is_one_line_and_writes_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception, words: tuple[str, ...]
) -> None:
    def fail(*args: object, **options: object) -> str:
        raise failure

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(ModelError) as error:
        hub.pull("raddiag-5569")
    assert "\n" not in str(error.value)
    for word in ("huggingface.co/datasets/QiaoyuZheng/RP3D-DiagDS", *words):
        assert word in str(error.value)
    assert not home.exists()


@pytest.mark.parametrize("kind", ["ProxyError", "ConnectError", "ReadTimeout", "RemoteProtocolError"])
def test_an_error_of_the_http_library_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    """From version 2 huggingface_hub lets these through; they are no OSErrors."""
    failure = getattr(pytest.importorskip("httpx2"), kind)("403 Forbidden\nsecond line")

    def fail(*args: object, **options: object) -> str:
        raise failure

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", fail)
    with pytest.raises(ModelError, match=f"{kind}: 403 Forbidden.*raddiag models import") as error:
        hub.pull("raddiag-5569")
    assert "\n" not in str(error.value)


def test_a_folder_with_other_things_is_refused_before_the_download(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.tex").write_text("years of work")
    monkeypatch.setattr(huggingface_hub, "hf_hub_download", lambda *args, **options: pytest.fail("downloaded"))
    with pytest.raises(ModelError, match=r"chapter1\.tex"):
        hub.pull("raddiag-5569", output=tmp_path / "thesis")


def test_an_unknown_name_suggests_the_nearest(home: Path) -> None:
    with pytest.raises(ModelError, match="did you mean 'raddiag-5569'"):
        hub.pull("radiag")
