"""What is kept of a training: a file to go on from, and a folder to use.

Weights and optimiser moments are safetensors, everything else is JSON: nothing that is loaded can run code.
The random state needs no place here, for each epoch's generators are seeded by (seed, epoch) alone.
"""

import json
import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor, nn

from ikt_model.config import ExperimentConfig
from ikt_model.data.sequences import SkillVocabulary
from ikt_model.networks import empty_network
from ikt_model.references import Calibration, calibration_from_dict
from ikt_model.tracer import Tracer

FORMAT_VERSION = 1
CHECKPOINT_FILE = "checkpoint.safetensors"


class ModelUnreadable(ValueError):
    """A model folder is incomplete or of another format."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a training is."""

    epoch: int  # finished epochs, or steps of a training without epochs
    run: str  # names configuration, data and fold: another run's checkpoint is never taken up


def save_checkpoint(
    folder: Path, learned: nn.Module, optimizer: torch.optim.Optimizer | None, progress: Progress
) -> None:
    """Replace the folder's checkpoint by this state, atomically."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors: dict[str, Tensor] = {f"learned.{name}": value for name, value in learned.state_dict().items()}
    for index, state in (optimizer.state_dict()["state"] if optimizer else {}).items():
        tensors |= {f"optimizer.{index}.{name}": value for name, value in state.items()}
    header = {"format_version": str(FORMAT_VERSION), "run": progress.run}
    header["epoch"] = str(progress.epoch)
    temporary = folder / f".{CHECKPOINT_FILE}.{secrets.token_hex(4)}"
    try:
        _write_tensors(temporary, tensors, header)
        _sync(temporary)
        temporary.replace(folder / CHECKPOINT_FILE)
    finally:
        temporary.unlink(missing_ok=True)


def load_checkpoint(
    folder: Path, learned: nn.Module, optimizer: torch.optim.Optimizer | None, *, run: str
) -> Progress | None:
    """Put the last state into what is learned and its optimiser; None when there is none of this run."""
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    with safe_open(path, framework="pt") as file:
        header = file.metadata() or {}
        if header.get("run") != run or header.get("format_version") != str(FORMAT_VERSION):
            return None
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    learned.load_state_dict(_under("learned.", tensors))
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in _under("optimizer.", tensors).items():
        index, key = name.split(".", 1)
        state.setdefault(int(index), {})[key] = value
    if optimizer:
        optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    return Progress(epoch=int(header["epoch"]), run=run)


def _under(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}


def save_model(
    folder: Path,
    network: Tracer,
    *,
    config: ExperimentConfig,
    vocabulary: SkillVocabulary,
    calibration: Calibration,
    target_std: float,
) -> None:
    """Write a model folder whole: a reader never sees half of one."""
    temporary = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    temporary.mkdir(parents=True)
    _write_tensors(temporary / "weights.safetensors", network.state_dict())
    documents: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "model": {
            "format_version": FORMAT_VERSION,
            "skills": list(vocabulary.names),
            "target_std": target_std,
        },
        "calibration": calibration.to_dict(),
    }
    for name, content in documents.items():
        (temporary / f"{name}.json").write_text(json.dumps(content, indent=1, allow_nan=False), "utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    temporary.rename(folder)


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A model folder, read."""

    network: Tracer
    config: ExperimentConfig
    skills: tuple[str, ...]
    calibration: Calibration
    target_std: float  # of what l_23 pulled towards, over training steps


def load_model(folder: Path) -> StoredModel:
    """Read a model folder. Raises ModelUnreadable."""
    try:
        documents = {
            name: json.loads((folder / f"{name}.json").read_text("utf-8"))
            for name in ("config", "model", "calibration")
        }
        weights = load_file(folder / "weights.safetensors")
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelUnreadable(
            f"model folder {folder.name!r}: {error}; train or fetch the model again"
        ) from error
    if documents["model"].get("format_version") != FORMAT_VERSION:
        raise ModelUnreadable(
            f"model folder {folder.name!r}: format_version must be {FORMAT_VERSION}; train it again"
        )
    try:
        return _assemble(documents, weights)
    except (KeyError, ValueError, RuntimeError) as error:  # RuntimeError: weights of another network
        reason = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ModelUnreadable(f"model folder {folder.name!r}: {reason}; train it again") from error


def _assemble(documents: dict[str, Any], weights: dict[str, Tensor]) -> StoredModel:
    config = ExperimentConfig.model_validate(documents["config"])
    skills = tuple(documents["model"]["skills"])
    network = empty_network(config.model, n_skills=len(skills))
    network.load_state_dict(weights)
    network.eval()
    calibration = calibration_from_dict(documents["calibration"])
    return StoredModel(network, config, skills, calibration, documents["model"]["target_std"])


def _write_tensors(path: Path, tensors: dict[str, Tensor], header: dict[str, str] | None = None) -> None:
    # Not by save_file: of a full disk it tells in an error of its own, which nobody knows as one that passes.
    path.write_bytes(
        save({name: value.detach().contiguous().cpu() for name, value in tensors.items()}, header)
    )


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
