"""One of the other ranks of a training: `python -m ikt_model.following FOLDER RANK SIZE PORT THREADS`."""

import json
import os
import sys
from pathlib import Path
from threading import Thread

import torch

from ikt_model.checkpoint import load_checkpoint
from ikt_model.determinism import deterministic
from ikt_model.epochs import train_epoch
from ikt_model.leading import FAILED, Job
from ikt_model.ranks import Ranks, join, leave, meet


def follow(folder: Path, ranks: Ranks, *, port: int) -> None:
    """Train along with the first rank, from the checkpoint that it starts from."""
    job = Job.load(folder / "ranks")
    if job.memory is not None:
        index = torch.device(job.device_of(ranks)).index
        whole = torch.cuda.get_device_properties(index).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, job.memory / whole), index)
    store = meet(port)
    store.set(f"rank {ranks.rank}", "ready")
    with deterministic(job.config.training.deterministic, job.device):
        join(store, ranks, device=job.device)
        run = job.prepare(ranks)
        progress = load_checkpoint(folder / "checkpoint", run.learned, run.optimizer, run=job.name)
        for epoch in range(1 + (progress.epoch if progress else 0), job.config.training.epochs + 1):
            train_epoch(run, epoch, lambda _: True)
        leave()


def _end_with_the_first() -> None:
    """The first rank holds the other end of this pipe, and never writes."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    Thread(target=_end_with_the_first, daemon=True).start()
    place, rank, size, port, threads = sys.argv[1:]
    torch.set_num_threads(int(threads))
    try:
        follow(Path(place), Ranks(int(rank), int(size)), port=int(port))
    except Exception as error:
        told = {"error": type(error).__name__, "said": str(error)}
        draft = Path(place, "ranks", f"{rank}.draft")
        draft.write_text(json.dumps(told), "utf-8")
        draft.rename(draft.with_suffix(FAILED))
        raise
