"""One client: a process of its own that does a bit of everything until time is over."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.soak.caller import Caller, NeverTold
from tests.soak.journal import Journal
from tests.soak.reading import Reader
from tests.soak.students import Roll
from tests.soak.training import Trainer
from tests.soak.writing import Writer

PROMOTER = 0  # the client that promotes models; two at once would refuse each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """What one client is told when it starts."""

    client: int
    seed: int
    urls: tuple[str, ...]
    journals: Path
    dataset_id: str
    skills: tuple[str, ...]
    shared: tuple[str, ...]
    n_students: int
    until: float
    """Seconds since 1970."""
    pause_seconds: float
    """Mean time between two requests."""


def run_client(errand: Errand) -> None:
    """Send mixed requests until time is over; the last one is waited for."""
    rng = random.Random(f"{errand.seed}-{errand.client}")
    journal = Journal(errand.journals / f"client-{errand.client}.jsonl")
    caller = Caller(errand.urls, journal, rng)
    deeds = _deeds(errand, caller, journal, rng)
    try:
        while time.time() < errand.until:
            deed = rng.choices(list(deeds), weights=list(deeds.values()))[0]
            try:
                deed()
            except NeverTold:
                continue  # it is in the journal; what was asked stays unknown
            time.sleep(rng.expovariate(1 / errand.pause_seconds))
        journal.note("done")
    finally:
        caller.close()
        journal.close()


def _deeds(
    errand: Errand, caller: Caller, journal: Journal, rng: random.Random
) -> dict[Callable[[], None], float]:
    """What there is to do, and how often."""
    skills = list(errand.skills)
    roll = Roll(
        errand.client,
        n_own=errand.n_students,
        shared=list(errand.shared),
        skills=skills,
        seed=rng.randrange(2**31),
    )
    writer = Writer(caller, journal, roll, rng)
    reader = Reader(caller, roll, rng, skills)
    trainer = Trainer(caller, journal, rng, client=errand.client, dataset_id=errand.dataset_id)
    return {
        writer.single: 30,
        writer.batch: 8,
        writer.late: 6,
        writer.again: 4,
        writer.bulk: 3,
        writer.erase: 1.5,
        writer.upload: 0.5,
        reader.mastery: 25,
        reader.trajectory: 5,
        reader.history: 2,
        reader.predictions: 5,
        reader.recommendations: 4,
        reader.export: 1,
        reader.lists: 2,
        trainer.submit: 1.5,
        trainer.cancel: 0.2,
        trainer.compare: 0.4,
        trainer.promote: 0.3 if errand.client == PROMOTER else 0,
    }
