"""How a network is handed steps of students: whole windows, or one step more.

B students, J steps of a row, N steps in all, K skills, W state width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ikt_model.checkpoint import StoredModel
from ikt_model.data.batches import SkillSets
from ikt_model.data.features import Entries, evidence_of, expand_steps
from ikt_model.data.sequences import Sequences, SkillVocabulary
from ikt_model.data.tally import Tally
from ikt_model.inference.histories import Numbering, members_of
from ikt_model.inference.students import Student, Window, memory_of, reference_of, select, tally_of
from ikt_model.inference.windows import window_start
from ikt_model.references.protocol import Memory as ReferenceMemory
from ikt_model.tracer import Reading, Steps

STUDENTS_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class NumberedSteps:
    """Steps of some students, one after another."""

    sets: SkillSets
    skill_sets: Tensor  # [N]
    names: Tensor  # [N]
    responses: Tensor  # [N]
    read: Tensor  # [N, STATE_FEATURES]

    @classmethod
    def of(
        cls,
        vocabulary: SkillVocabulary,
        *,
        skill_sets: NDArray[np.int32],
        responses: NDArray[np.int8],
        read: NDArray[np.float32],
        numbering: Numbering,
    ) -> "NumberedSteps":
        return cls(
            sets=SkillSets.of(vocabulary, device="cpu"),
            skill_sets=torch.as_tensor(skill_sets.astype(np.int64)),
            names=torch.as_tensor(numbering.lasting(vocabulary)[skill_sets]),
            responses=torch.as_tensor(responses.astype(np.int64)),
            read=torch.as_tensor(read),
        )

    @classmethod
    def of_all(
        cls, sequences: Sequences, *, read: NDArray[np.float32], numbering: Numbering
    ) -> "NumberedSteps":
        """Every step of the sequences."""
        return cls.of(
            sequences.vocabulary,
            skill_sets=sequences.skill_sets,
            responses=sequences.responses,
            read=read,
            numbering=numbering,
        )

    @property
    def given(self) -> Tensor:
        """What a step is made of besides its skills [N, GIVEN], to make it again from."""
        return torch.cat([self.responses[:, None].float(), self.read], dim=1)

    def rows(self, starts: Tensor, lengths: Tensor) -> Steps:
        """So many steps from each start on [B]; padding repeats the last one."""
        time = torch.arange(int(lengths.max()))
        at = starts[:, None] + torch.minimum(time, lengths[:, None] - 1)
        return Steps(
            self.sets, self.skill_sets[at], self.names[at], self.responses[at], self.read[at], lengths
        )


@dataclass(frozen=True, slots=True)
class Further:
    """B students after one more step each."""

    read_from: Sequence[Student]  # [B] as they were before, in the window that the step belongs to
    members: list[tuple[int, ...]]  # [B] skills of the steps
    steps: NumberedSteps  # the steps [B]
    practised: NDArray[np.bool_]  # [B, K] their skills
    tally: Tally
    reference: ReferenceMemory
    states: Tensor  # [B, W]
    reading: Reading | None  # None where the network reads no history


class Reader:
    """Reads students of one model."""

    def __init__(self, model: StoredModel) -> None:
        self.numbering = Numbering(model.skills)
        self._network = model.network
        self._calibration = model.calibration
        self._window: int = model.config.model.window

    def begin(self, sequences: Sequences, counts: Sequence[int]) -> list[Student]:
        """Students after these histories, of so many responses each when those on unknown skills are counted
        in. The network reads the present window alone.
        """
        decay = self._calibration.decay
        entries = Entries.of(sequences, decay=decay)
        tally = Tally.of_entries(entries, sequences, decay=decay)
        reference = self._calibration.remember(sequences)
        steps = NumberedSteps.of_all(
            sequences, read=evidence_of(entries, sequences, decay=decay).state, numbering=self.numbering
        )
        given, several = steps.given, self._several(sequences.vocabulary)
        nothing, forgotten = self._network.nothing_read()
        # The window that answers for the last step: the next step may well belong to a later one.
        starts = window_start(np.maximum(sequences.lengths - 1, 0), window=self._window)
        students = []
        for index, (n, start) in enumerate(zip(counts, starts.tolist(), strict=True)):
            present = slice(int(sequences.offsets[index]) + start, int(sequences.offsets[index + 1]))
            students.append(
                Student(
                    n=n,
                    window=Window(
                        start=start,
                        length=present.stop - present.start,
                        names=steps.names[present].clone(),
                        several=dict(several),
                        given=given[present].clone(),
                        attended=nothing,
                    ),
                    recurrent=forgotten,
                    state=torch.zeros(self._network.state_width),
                    tally=tally.select(slice(index, index + 1)),
                    reference=select(reference, slice(index, index + 1)),
                )
            )
        self._read_windows(students)
        return students

    def further(self, students: Sequence[Student], sequences: Sequences, at: NDArray[np.int64]) -> Further:
        """After one more step each: steps `at` [B] of the sequences. The students stay where they are."""
        tally, responses = tally_of(students), sequences.responses[at]
        practised = practised_skills(sequences, at)
        read = tally.state_after(practised, responses)
        steps = NumberedSteps.of(
            sequences.vocabulary,
            skill_sets=sequences.skill_sets[at],
            responses=responses,
            read=read,
            numbering=self.numbering,
        )
        reading = None
        if self._network.reads_history:
            students = self._in_next_window(students)
            one = torch.ones(len(students), dtype=torch.int64)
            with torch.inference_mode():
                rows = steps.rows(torch.arange(len(students)), one)
                reading = self._network.read_on(rows, memory_of(students))
        return Further(
            read_from=students,
            members=[members_of(sequences.vocabulary, index) for index in sequences.skill_sets[at].tolist()],
            steps=steps,
            practised=practised,
            tally=tally.add(practised, responses),
            reference=self._calibration.add(reference_of(students), practised, responses),
            states=torch.zeros(len(students), 1) if reading is None else reading.states,
            reading=reading,
        )

    def keep(self, students: Sequence[Student], further: Further) -> None:
        """Let the students be where the step has brought them."""
        given, names, reading = further.steps.given, further.steps.names.tolist(), further.reading
        attended = None if reading is None else self._by_student(reading)
        for index, student in enumerate(students):
            one = slice(index, index + 1)
            student.tally, student.reference = further.tally.select(one), select(further.reference, one)
            # Copied: a view would keep the whole batch in memory.
            student.state = further.states[index].clone()
            if reading is not None and attended is not None:
                student.recurrent = reading.recurrent[index].clone()
                student.window = further.read_from[index].window
                student.window.append(
                    name=names[index],
                    members=further.members[index],
                    given=given[index],
                    attended=attended[index, :, :, :, 0],
                )

    def _in_next_window(self, students: Sequence[Student]) -> list[Student]:
        """The same where the next step belongs to their present window; of the others a copy that has read
        the beginning of the later one.
        """
        found = {}
        for student in students:
            start = int(window_start(student.tally.lengths[0], window=self._window))
            if id(student) not in found:
                is_spent = start != student.window.start
                found[id(student)] = student.copy(since=start) if is_spent else student
        self._read_windows([one for key, one in found.items() if id(one) != key])
        return [found[id(student)] for student in students]

    def _several(self, vocabulary: SkillVocabulary) -> dict[int, tuple[int, ...]]:
        """Skills behind the numbers of sets of several skills."""
        sets = [members_of(vocabulary, index) for index in range(vocabulary.n_skills, vocabulary.n_sets)]
        return {self.numbering.number(members): members for members in sets}

    def _read_windows(self, students: Sequence[Student]) -> None:
        """Let the network read the present windows from their beginning."""
        begun = [student for student in students if student.window.length and self._network.reads_history]
        for first in range(0, len(begun), STUDENTS_AT_ONCE):
            self._read_some(begun[first : first + STUDENTS_AT_ONCE])

    def _read_some(self, students: Sequence[Student]) -> None:
        windows = [student.window for student in students]
        lengths = np.array([window.length for window in windows])
        names, given = (
            torch.cat([getattr(window, part)[: window.length] for window in windows]).numpy()
            for part in ("names", "given")
        )
        several = {name: members for window in windows for name, members in window.several.items()}
        responses = given[:, 0].astype(np.int8)
        steps = NumberedSteps.of_all(
            self.numbering.restore(lengths, names, responses, several),
            read=given[:, 1:],
            numbering=self.numbering,
        )
        starts = torch.as_tensor(np.cumsum(lengths) - lengths)
        with torch.inference_mode():
            reading = self._network.read_on(steps.rows(starts, torch.as_tensor(lengths)))
        attended = self._by_student(reading)
        for index, student in enumerate(students):
            student.window.make_room(attended[index])
            student.recurrent, student.state = reading.recurrent[index].clone(), reading.states[index].clone()

    def _by_student(self, reading: Reading) -> Tensor:
        """Keys and values of the steps read [B, N, 2, H, J, D/H]."""
        heads = self._network.nothing_read()[0].shape[2]
        kept = torch.stack(reading.attended, dim=1)  # [B, N, J, 2, D]
        by_head = kept.view(*kept.shape[:-1], heads, kept.shape[-1] // heads)
        return by_head.permute(0, 1, 3, 4, 2, 5)


def practised_skills(sequences: Sequences, at: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which skills the steps `at` [B] practise [B, K]."""
    vocabulary, sets = sequences.vocabulary, sequences.skill_sets[at]
    steps, skills = expand_steps(sets, vocabulary)
    practised = np.zeros((len(sets), vocabulary.n_skills), bool)
    practised[steps, skills] = True
    return practised
