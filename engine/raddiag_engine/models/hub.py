"""Fetches the authors' weights from the Hugging Face hub (`raddiag models pull`).

Written from the hub's documented interface and the release's own description of its files; the real download has never
been seen working, because the machines this was made on have no network.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from raddiag_engine.errors import ModelError
from raddiag_engine.models.card import ModelCard
from raddiag_engine.models.folder import refuse_foreign_folder
from raddiag_engine.models.registry import pulled_folder, suggestion
from raddiag_engine.models.released import import_released


@dataclass(frozen=True)
class HubFile:
    """A file on the hub.

    Attributes:
        repository: "owner/name".
        path: Inside the repository.
        kind: "model" or "dataset".
    """

    repository: str
    path: str
    kind: str

    def __str__(self) -> str:
        return f"huggingface.co/{'datasets/' if self.kind == 'dataset' else ''}{self.repository}/{self.path}"


@dataclass(frozen=True)
class Release:
    """The files of a released model."""

    weights: HubFile
    labels: HubFile


RELEASES = {
    "raddiag-5569": Release(
        weights=HubFile(
            "QiaoyuZheng/RadDiag", "RP3D_5569_res_ART_256_32_BCE_T_4_2_0.7_2048_E_F_F_F_N/pytorch_model.bin", "model"
        ),
        labels=HubFile("QiaoyuZheng/RP3D-DiagDS", "disorder_label_dict.json", "dataset"),
    )
}


def pull(name: str, *, labels: Path | None = None, icd: Path | None = None, output: Path | None = None) -> ModelCard:
    """Download a released model and import it.

    Args:
        name: A key of `RELEASES`.
        labels: The label file, if it is here already.
        icd: As for `import_released`.
        output: The model folder; None takes the user's data folder, where `find_model(name)` finds it.

    Raises:
        ModelError: Unknown name, an output that is no model folder, no connection, or a file that cannot be imported.
    """
    if name not in RELEASES:
        raise ModelError(f"no model {name!r} to pull{suggestion(name, list(RELEASES))}")
    release, folder = RELEASES[name], output or pulled_folder(name)
    refuse_foreign_folder(folder)  # before hundreds of megabytes are fetched for it
    label_file = labels if labels is not None else download(release.labels)
    return import_released(download(release.weights), label_file, folder, icd=icd)


def download(file: HubFile) -> Path:
    """A file of the hub, from its cache or from the network.

    Raises:
        ModelError: It cannot be fetched.
    """
    from huggingface_hub import hf_hub_download

    with one_line_on_failure(str(file), "download it in a browser and use: raddiag models import"):
        return Path(hf_hub_download(file.repository, file.path, repo_type=file.kind))


@contextmanager
def one_line_on_failure(source: str, advice: str) -> Iterator[None]:
    """Inside the `with` block, whatever keeps something from being downloaded becomes one line.

    Args:
        source: What is downloaded, as an address.
        advice: What else the user can do.

    Raises:
        ModelError: There is no connection, the hub refuses, or the download fails.
    """
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    from huggingface_hub.utils import logging

    logging.set_verbosity_error()  # its warnings about each attempt would bury the one line that is raised here
    try:
        yield
    except LocalEntryNotFoundError as error:
        raise ModelError(f"{source}: no connection to the hub; connect, or {advice}") from error
    except (EntryNotFoundError, HfHubHTTPError, HFValidationError) as error:
        raise ModelError(f"{source}: the hub does not give it out ({type(error).__name__}); {advice}") from error
    except _download_errors() as error:
        raise ModelError(f"{source}: not downloaded ({type(error).__name__}: {error}); {advice}") from error


def _download_errors() -> tuple[type[Exception], ...]:
    """What a failed download raises; what the HTTP libraries of newer releases of huggingface_hub do is no OSError."""
    errors: list[type[Exception]] = [OSError]
    for library in ("httpx2", "httpx"):
        try:
            errors.append(import_module(library).HTTPError)
        except ImportError:
            continue
    return tuple(errors)
