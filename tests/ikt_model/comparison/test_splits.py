from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from ikt_model.comparison.splits import (
    count_by_skill,
    duplicate_sequences,
    future_labels,
    reference_fit,
    student_overlap,
)
from ikt_model.config import resolve_config
from ikt_model.data.sequences import Sequences
from ikt_model.references import calibrate
from tests.ikt_model.classrooms import classroom, random_histories, with_responses


def running_share(sequences: Sequences, *, peek: int = 0) -> pa.Table:
    """A model: the share of right answers so far, and of `peek` responses from the one asked on."""
    owner = sequences.student_of_step()
    position = np.arange(sequences.n_responses) - sequences.offsets[owner]
    total = np.concatenate([[0], np.cumsum(sequences.responses)])
    end = np.minimum(np.arange(sequences.n_responses) + peek, sequences.offsets[1:][owner])
    start = sequences.offsets[owner]
    seen = (total[end] - total[start] + 1) / (end - start + 2)
    after = (total[start + position + 1] - total[start] + 1) / (position + 3)
    asked = np.flatnonzero(position > 0)
    return pa.table(
        {
            "student_id": sequences.student_ids.take(pa.array(owner[asked])),
            "position": pa.array(position[asked], pa.int32()),
            "response": pa.array(sequences.responses[asked]),
            "probability": pa.array(seen[asked], pa.float32()),
            "mastery_after": pa.array(after[asked], pa.float32()),
        }
    )


class TestFutureLabels:
    @pytest.mark.parametrize("seed", range(5))
    def test_a_model_of_the_past_passes(self, seed: int) -> None:
        found = future_labels(running_share, random_histories(80, seed=seed), protocol="window", seed=seed)
        assert (found.check, found.status, found.value) == ("future_labels_window", "pass", 0.0)
        assert "later ones did" in found.message

    @pytest.mark.parametrize("peek", [1, 3])
    def test_a_glance_at_the_answer_is_a_leak(self, peek: int) -> None:
        leaky = random_histories(80, seed=1)
        found = future_labels(lambda those: running_share(those, peek=peek), leaky, protocol="window")
        assert found.status == "fail"
        assert found.value
        assert found.value > 10

    def test_what_stands_after_a_response_may_know_it_but_nothing_later(self) -> None:
        def late(sequences: Sequences) -> pa.Table:
            said = running_share(sequences, peek=1)
            return said.set_column(4, "mastery_after", said["probability"]).set_column(
                3, "probability", pa.array(np.zeros(len(said), np.float32))
            )

        assert future_labels(late, random_histories(80, seed=2), protocol="window").status == "pass"

    def test_only_a_sample_of_a_large_fold_is_asked(self) -> None:
        asked: list[int] = []

        def count(sequences: Sequences) -> pa.Table:
            asked.append(sequences.n_responses)
            return running_share(sequences)

        future_labels(count, random_histories(2000, seed=3), protocol="window")
        assert len(asked) == 2
        assert 200 < asked[0] == asked[1] <= 2048


class TestReferenceFit:
    def test_a_fit_on_training_students_passes(self) -> None:
        everyone = random_histories(60, seed=4)
        settings = resolve_config(None).reference
        training = everyone.select(everyone.folds != 1)
        fitted = calibrate(training, settings=settings)
        assert reference_fit(fitted.responses_per_skill, everyone, fold=1).status == "pass"

    def test_a_fit_on_everybody_fails_and_is_named(self) -> None:
        everyone = random_histories(60, seed=4)
        found = reference_fit(count_by_skill(everyone), everyone, fold=1)
        assert found.status == "fail"
        assert "held-out students too" in found.message

    def test_a_fit_on_another_fold_fails(self) -> None:
        everyone = random_histories(60, seed=4)
        other = count_by_skill(everyone.select(everyone.folds != 2))
        assert reference_fit(other, everyone, fold=1).status == "fail"


class TestStudents:
    def test_a_student_on_both_sides_is_found(self) -> None:
        everyone = random_histories(10, seed=5)
        assert student_overlap(everyone, fold=0).status == "pass"
        names = everyone.student_ids.to_pylist()
        names[1] = names[0]
        found = student_overlap(replace(everyone, student_ids=pa.array(names)), fold=0)
        assert (found.status, found.value) == ("fail", 1.0)


class TestDuplicates:
    def test_copied_histories_are_found(self) -> None:
        everyone = classroom(n_students=200, seed=3, mean_length=100).sequences
        assert duplicate_sequences(everyone, fold=0).status == "pass"
        held_out, training = (np.flatnonzero(everyone.folds == 0), np.flatnonzero(everyone.folds != 0))
        long = held_out[everyone.lengths[held_out] > 100][:5]
        copied = everyone.select(np.concatenate([training, held_out, long]))
        folds = copied.folds.copy()
        folds[-5:] = 1
        found = duplicate_sequences(replace(copied, folds=folds), fold=0)
        assert found.status == "fail"
        assert found.message.startswith("5 of ")

    def test_one_other_answer_makes_another_history(self) -> None:
        everyone = classroom(n_students=100, seed=3, mean_length=40).sequences
        held_out = np.flatnonzero((everyone.folds == 0) & (everyone.lengths > 40))[:5]
        copied = everyone.select(np.concatenate([np.arange(100), held_out]))
        responses = copied.responses.copy()
        responses[copied.offsets[100:105]] ^= 1
        folds = copied.folds.copy()
        folds[-5:] = 1
        changed = replace(with_responses(copied, responses), folds=folds)
        assert duplicate_sequences(changed, fold=0).value == 0.0

    def test_histories_that_chance_repeats_do_not_count(self) -> None:
        everyone = random_histories(40, seed=6, longest=8)
        same = replace(
            everyone,
            skill_sets=np.zeros_like(everyone.skill_sets),
            responses=np.ones_like(everyone.responses),
        )
        assert duplicate_sequences(same, fold=0).value == 0.0
