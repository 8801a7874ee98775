"""Models are found by name or by path, and a wrong name is answered with the nearest one."""

from __future__ import annotations

from pathlib import Path

import pytest

from raddiag_engine.errors import ModelError
from raddiag_engine.models import registry, user_folder
from raddiag_engine.models.registry import find_model, list_models
from tests.engine.models.small_model import save_small_model


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty user folder and no bundled model."""
    monkeypatch.setenv("RADDIAG_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(registry, "bundled_folder", lambda name: tmp_path / "bundled" / name)
    return tmp_path / "home"


def test_models_are_found_by_name_and_by_path(home: Path, tmp_path: Path) -> None:
    save_small_model(tmp_path / "bundled" / "demo")
    save_small_model(home / "models" / "raddiag-5569")
    save_small_model(tmp_path / "mine")
    assert find_model("demo") == tmp_path / "bundled" / "demo"
    assert find_model("raddiag-5569") == home / "models" / "raddiag-5569"
    assert find_model(str(tmp_path / "mine")) == tmp_path / "mine"
    assert [(model.name, model.origin) for model in list_models()] == [("demo", "bundled"), ("raddiag-5569", "pulled")]


def test_an_unfinished_pull_is_no_model(home: Path) -> None:
    (home / "models" / ".raddiag-5569.1a2b").mkdir(parents=True)
    assert list_models() == ()


@pytest.mark.parametrize(("wrong", "nearest"), [("raddiag5569", "raddiag-5569"), ("dmeo", "demo"), ("Demo", "demo")])
def test_an_unknown_name_suggests_the_nearest(home: Path, tmp_path: Path, wrong: str, nearest: str) -> None:
    save_small_model(tmp_path / "bundled" / "demo")
    with pytest.raises(ModelError, match=f"did you mean '{nearest}'"):
        find_model(wrong)


def test_a_name_like_no_other_gets_the_list(home: Path) -> None:
    with pytest.raises(ModelError, match="known are 'raddiag-5569'"):
        find_model("zzzzzz")


def test_a_model_not_pulled_yet_says_how(home: Path) -> None:
    with pytest.raises(ModelError, match="raddiag models pull raddiag-5569"):
        find_model("raddiag-5569")


def test_a_missing_bundled_model_says_so(home: Path) -> None:
    with pytest.raises(ModelError, match="install napari-raddiag again"):
        find_model("demo")


def test_a_folder_without_a_card_is_no_model(home: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no card\.json"):
        find_model(str(tmp_path))


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {"XDG_DATA_HOME": "/data"}, "/data/raddiag"),
        ("linux", {"XDG_DATA_HOME": "relative"}, "/home/someone/.local/share/raddiag"),
        ("linux", {}, "/home/someone/.local/share/raddiag"),
        ("darwin", {}, "/home/someone/Library/Application Support/raddiag"),
        ("win32", {"LOCALAPPDATA": "/profile/Local"}, "/profile/Local/raddiag"),
        ("linux", {"RADDIAG_HOME": "/elsewhere"}, "/elsewhere"),
    ],
)
def test_the_user_folder_follows_the_platform(
    monkeypatch: pytest.MonkeyPatch, platform: str, environment: dict[str, str], expected: str
) -> None:
    for name in ("RADDIAG_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(user_folder.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/someone"))
    assert user_folder.user_folder() == Path(expected)
