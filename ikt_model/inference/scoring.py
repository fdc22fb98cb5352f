"""Students scored from nothing, many at a time.

S students, N steps, E (step, skill) entries, K skills, D width, W state width.
"""

from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.special import logit
from torch import Tensor

from ikt_model.checkpoint import StoredModel
from ikt_model.data.batches import batch_rows
from ikt_model.data.features import Entries, evidence_of, read_query
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import NEVER, Tally, after
from ikt_model.inference.heads import Heads
from ikt_model.inference.histories import Histories
from ikt_model.inference.reading import NumberedSteps, Reader, practised_skills
from ikt_model.inference.scores import Scores, not_yet
from ikt_model.inference.students import select
from ikt_model.inference.windows import overlapping_windows
from ikt_model.levels import MASTERED

STUDENTS_AT_ONCE = 256
ROW_STEPS = 1152  # of a batch of windows: what its blocks pass on stays in the processor's cache
REACHED = float(logit(MASTERED))


class Scorer:
    """Scores students of one model."""

    def __init__(self, model: StoredModel, reader: Reader, heads: Heads) -> None:
        self._network = model.network
        self._calibration = model.calibration
        self._window: int = model.config.model.window
        self._reader = reader
        self._heads = heads

    def score(self, histories: Histories) -> Scores:
        """Where these students stand."""
        n_students = histories.n_students
        cuts = [*range(0, n_students, STUDENTS_AT_ONCE), n_students]
        some = [histories.between(first, last) for first, last in pairwise(cuts)]
        return Scores.together([self._score_some(part) for part in some or [histories]])

    def _score_some(self, histories: Histories) -> Scores:
        sequences, known = self._reader.numbering.sequences(histories)
        decay = self._calibration.decay
        entries = Entries.of(sequences, decay=decay)
        tally = Tally.of_entries(entries, sequences, decay=decay)
        standing = self._calibration.standing(self._calibration.remember(sequences), tally)
        if self._network.reads_history:
            read = evidence_of(entries, sequences, decay=decay).state
            states, reached = self._read(sequences, entries, read)
        else:
            states = torch.zeros(sequences.n_students, self._network.state_width)
            reached = self._follow_reference(sequences, entries)
        say = self._heads.say(states, tally, standing)
        mastered = np.full(tally.last.size, NEVER)
        # Of several entries written to one place the last one stays: the earliest, written last.
        mastered[entries.runs[reached][::-1]] = entries.position[reached][::-1]
        places = np.flatnonzero(known) - np.repeat(histories.offsets[:-1], sequences.lengths)
        return Scores(
            theta=say.theta,
            theta_reference=standing.theta,
            theta_reference_sd=standing.theta_sd,
            mastery=say.mastery,
            probability=say.probability,
            mastery_reference=say.mastery_reference,
            evidence=tally.attempts.astype(np.int32),
            last_step=_placed(tally.last, sequences, places),
            mastered_step=_placed(mastered.reshape(tally.last.shape), sequences, places),
        )

    def _read(
        self, sequences: Sequences, entries: Entries, read: NDArray[np.float32]
    ) -> tuple[Tensor, NDArray[np.bool_]]:
        """States after the last step [S, W], and after which entries the skill was mastered [E]."""
        steps = NumberedSteps.of_all(sequences, read=read, numbering=self._reader.numbering)
        windows, first_fresh = overlapping_windows(sequences, window=self._window)
        states = torch.zeros(sequences.n_students, self._network.state_width)
        mastery = np.zeros(len(entries.steps), np.float32)
        first_entry = np.searchsorted(entries.steps, np.arange(sequences.n_responses + 1))
        query = _asked_again(entries, sequences, decay=self._calibration.decay)
        with torch.inference_mode():
            for rows in batch_rows(windows.lengths, batch_tokens=ROW_STEPS):
                starts, lengths = windows.starts[rows], windows.lengths[rows]
                reading = self._network.read_on(steps.rows(torch.as_tensor(starts), torch.as_tensor(lengths)))
                is_last = starts + lengths == sequences.offsets[windows.students[rows] + 1]
                states[windows.students[rows][is_last]] = reading.states[torch.as_tensor(is_last)]
                fresh = first_fresh[rows] - starts
                row, step = _runs(fresh, lengths - fresh)
                at = starts[row] + step
                sizes = first_entry[at + 1] - first_entry[at]
                owner, member = _runs(first_entry[at], sizes)
                knowledge = reading.knowledge[torch.as_tensor(row[owner]), torch.as_tensor(step[owner])]
                skills = torch.as_tensor(entries.skills[member])
                told = self._network.mastery_of(knowledge, skills, torch.as_tensor(query[member]))
                mastery[member] = told.numpy()
        return states, mastery >= REACHED

    def _follow_reference(self, sequences: Sequences, entries: Entries) -> NDArray[np.bool_]:
        """The same of a reference as a model: all students move on together, one step at a time, longest
        first.
        """
        longest_first = np.argsort(-sequences.lengths, kind="stable")
        nothing = np.zeros(0, np.int64)
        began = self._reader.numbering.restore(
            np.zeros_like(longest_first), nothing, nothing.astype(np.int8), {}
        )
        tally = Tally.of(began, decay=self._calibration.decay)
        memory = self._calibration.remember(began)
        first_entry = np.searchsorted(entries.steps, np.arange(sequences.n_responses + 1))
        mastery = np.zeros(len(entries.steps))
        for step in range(sequences.lengths.max(initial=0)):
            going = longest_first[sequences.lengths[longest_first] > step]
            some, at = slice(len(going)), sequences.offsets[going] + step
            practised, responses = practised_skills(sequences, at), sequences.responses[at]
            tally = tally.select(some).add(practised, responses)
            memory = self._calibration.add(select(memory, some), practised, responses)
            told = self._calibration.standing(memory, tally).mastery_logit
            owner, member = _runs(first_entry[at], first_entry[at + 1] - first_entry[at])
            mastery[member] = told[owner, entries.skills[member]]
        return mastery >= REACHED


def _runs(firsts: NDArray[np.int64], sizes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers first, first + 1, … of each run, so many of each, and the run that each belongs to."""
    run = np.repeat(np.arange(len(sizes)), sizes)
    rank = np.arange(len(run)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    return run, firsts[run] + rank


def _asked_again(entries: Entries, sequences: Sequences, *, decay: float) -> NDArray[np.float32]:
    """Evidence on the skill of each entry right after its response [E, QUERY_FEATURES]."""
    counts = after(entries.before, sequences.responses[entries.steps], decay=decay)
    return read_query(np.hstack([counts, np.ones((len(counts), 1))]))


def _placed(
    position: NDArray[np.int64], sequences: Sequences, places: NDArray[np.int64]
) -> NDArray[np.int32]:
    """For positions among the steps that the model knows [S, K] those among all responses of the student,
    from the place of each known step [N].
    """
    there = position != NEVER
    placed = not_yet(position.shape)
    placed[there] = places[(sequences.offsets[:-1, None] + position)[there]]
    return placed
