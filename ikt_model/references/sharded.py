"""References fitted to shards: what is sufficient is counted shard by shard.

One pass over the responses for `skill-rate`, `rasch` and `bkt`, whose fits equal those in memory; one more
for `pfa`, which is one Newton step away from a fit to the largest shard.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from ikt_model.data.sequences import Sequences
from ikt_model.data.shards import Shards
from ikt_model.references.bkt import BktCalibration, fit_bkt_to_counts
from ikt_model.references.counts import Counts
from ikt_model.references.pfa import PfaCalibration
from ikt_model.references.pfa_fit import fit_pfa_in_one_step
from ikt_model.references.protocol import Calibration
from ikt_model.references.quality import assess
from ikt_model.references.rasch import RaschCalibration, fit_rasch_to_counts
from ikt_model.references.run_counts import RunCounts
from ikt_model.references.skill_rate import SkillRateCalibration, fit_skill_rate_to_counts
from ikt_model.settings import BktSettings, PfaSettings, RaschSettings, ReferenceSettings

SLICE_RESPONSES = 2**18  # of a shard, of which evidence and abilities are computed at a time

_Fitted = RaschCalibration | PfaCalibration | BktCalibration | SkillRateCalibration


def calibrate_shards(
    shards: Shards, *, settings: ReferenceSettings, held_out: int | None = None
) -> Calibration:
    """Fit the reference named in the settings to all students outside a fold, with memory for the counts and
    one shard.

    Its quality is measured on the training students of the largest shard. Raises NothingToCalibrate.
    """
    training = TrainingStudents(shards, held_out)
    fitted = _fit(training, settings)
    return replace(fitted, quality=assess(fitted, training.sample()).figures())


@dataclass(frozen=True, slots=True)
class TrainingStudents:
    """The students of some shards who are not held out."""

    shards: Shards
    held_out: int | None

    def __iter__(self) -> Iterator[Sequences]:
        return (self.of_shard(index) for index in range(len(self.shards)))

    def of_shard(self, index: int) -> Sequences:
        """Those of one shard."""
        sequences = self.shards.load(index)
        if self.held_out is None:
            return sequences
        return sequences.select(sequences.folds != self.held_out)

    def sample(self) -> Sequences:
        """Those of the largest shard: as good as drawn by lot, for the hash of a name knows nothing."""
        sizes = [entry.n_responses for entry in self.shards.entries]
        return self.of_shard(int(np.argmax(sizes)))

    def slices(self) -> Iterator[Sequences]:
        """About SLICE_RESPONSES responses of whole students at a time."""
        for sequences in self:
            n_slices = -(-sequences.n_responses // SLICE_RESPONSES)
            for students in np.array_split(np.arange(sequences.n_students), max(n_slices, 1)):
                yield sequences.select(students)


def _fit(training: TrainingStudents, settings: ReferenceSettings) -> _Fitted:
    if isinstance(settings, BktSettings):
        counted: list[Counts] = []
        runs = RunCounts.merged(_count_both(training, counted))
        return fit_bkt_to_counts(Counts.merged(counted), runs, settings=settings)
    counts = Counts.merged(Counts.of(part) for part in training)
    if isinstance(settings, RaschSettings):
        return fit_rasch_to_counts(counts, settings=settings)
    if isinstance(settings, PfaSettings):
        return fit_pfa_in_one_step(counts, training.slices(), pilot=training.sample(), settings=settings)
    return fit_skill_rate_to_counts(counts)


def _count_both(training: TrainingStudents, counted: list[Counts]) -> Iterator[RunCounts]:
    """Runs of each part, whose counts are put aside, so that a part is read once."""
    for part in training:
        counted.append(Counts.of(part))
        yield RunCounts.of(part)
