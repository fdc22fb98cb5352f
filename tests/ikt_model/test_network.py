"""The network may know the past of one student and nothing else: these properties hold to the last bit."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ikt_model.config import ReferenceSettings, resolve_config
from ikt_model.data.batches import Batch, WindowedSteps, Windows
from ikt_model.data.sequences import Sequences
from ikt_model.network import IktNetwork, Output, build_network
from ikt_model.references import Calibration, calibrate
from tests.ikt_model.classrooms import random_histories, tiny_config, with_responses

SEEDS = st.integers(0, 100_000)


@cache
def calibration() -> Calibration:
    return calibrate(random_histories(60, seed=0), settings=ReferenceSettings())


@cache
def network(width: int = 32) -> IktNetwork:
    torch.manual_seed(width)
    model = tiny_config().model.model_copy(
        update={"d_model": width, "n_heads": 4, "n_blocks": 2, "window": 64}
    )
    built = build_network(model, difficulty=calibration().difficulty)
    with torch.no_grad():  # leave the start, where some weights are zero, so that every path carries a signal
        for weights in built.parameters():
            weights += 0.1 * torch.randn_like(weights)
    return built.eval()


def batch_of(sequences: Sequences, students: list[int]) -> Batch:
    windows = Windows.cut(sequences, window=64, students=np.ones(sequences.n_students, dtype=bool))
    rows = np.array([int(np.flatnonzero(windows.students == student)[0]) for student in students])
    return WindowedSteps(sequences, calibration().targets(sequences)).gather(windows, rows)


def answer(batch: Batch, width: int = 32) -> tuple[Output, torch.Tensor]:
    """What the network and the reference say."""
    with torch.inference_mode():
        output = network(width)(batch)
    beta = torch.as_tensor(calibration().difficulty, dtype=torch.float32)
    return output, torch.sigmoid(
        batch.theta_reference - batch.sets.mean(beta[:, None])[batch.next_skill_sets, 0]
    )


def long_enough(sequences: Sequences) -> list[int]:
    return np.flatnonzero(sequences.lengths >= 3).tolist()


@settings(max_examples=60)
@given(seed=SEEDS, data=st.data(), width=st.sampled_from([16, 32, 128]))
def test_nothing_said_of_a_response_depends_on_it_or_on_later_ones(
    seed: int, data: st.DataObject, width: int
) -> None:
    sequences = random_histories(6, seed=seed)
    students = long_enough(sequences)
    student = data.draw(st.sampled_from(students))
    steps = sequences.history(student)
    flip = data.draw(st.integers(0, steps.stop - steps.start - 1))
    flipped = sequences.responses.copy()
    flipped[steps.start + flip : steps.stop] ^= 1
    row = students.index(student)
    before, reference_before = answer(batch_of(sequences, students), width)
    after, reference_after = answer(batch_of(with_responses(sequences, flipped), students), width)
    seen = slice(0, flip)  # step t speaks of response t + 1 and has seen 0..t
    for one, other in (
        (before.logit, after.logit),
        (before.theta, after.theta),
        (reference_before, reference_after),
    ):
        assert torch.equal(one[row, seen], other[row, seen])
    assert torch.equal(before.mastery_logit[row, seen], after.mastery_logit[row, seen])
    others = [index for index in range(len(students)) if index != row]
    assert torch.equal(before.logit[others], after.logit[others])
    assert torch.equal(before.theta[others], after.theta[others])
    assert torch.equal(reference_before[others], reference_after[others])


@settings(max_examples=60)
@given(seed=SEEDS, data=st.data(), width=st.sampled_from([16, 32, 128]))
def test_other_students_in_the_batch_change_nothing(seed: int, data: st.DataObject, width: int) -> None:
    sequences = random_histories(12, seed=seed)
    students = long_enough(sequences)
    shuffled = data.draw(st.permutations(students))
    before, _ = answer(batch_of(sequences, students), width)
    batch = batch_of(sequences, shuffled)
    after, _ = answer(batch, width)
    origin = [students.index(student) for student in shuffled]
    for one, other in ((before.logit, after.logit), (before.theta, after.theta), (before.beta, after.beta)):
        assert torch.equal(one[origin][batch.asked], other[batch.asked])


@settings(max_examples=60)
@given(seed=SEEDS, data=st.data(), width=st.sampled_from([16, 32, 128]))
def test_longer_padding_changes_nothing(seed: int, data: st.DataObject, width: int) -> None:
    sequences = random_histories(8, seed=seed)
    by_length = sorted(long_enough(sequences), key=lambda student: int(sequences.lengths[student]))
    kept = by_length[: data.draw(st.integers(1, len(by_length)))]
    alone = batch_of(sequences, kept)
    padded = batch_of(sequences, [*kept, by_length[-1]])
    before, _ = answer(alone, width)
    after, _ = answer(padded, width)
    width_alone = alone.valid.shape[1]
    assert torch.equal(after.logit[: len(kept), :width_alone][alone.asked], before.logit[alone.asked])
    assert torch.equal(after.theta[: len(kept), :width_alone][alone.valid], before.theta[alone.valid])


def test_a_response_does_move_what_is_said_after_it() -> None:
    sequences = random_histories(6, seed=5)
    students = long_enough(sequences)
    flipped = sequences.responses.copy()
    flipped[sequences.offsets[:-1]] ^= 1
    before, _ = answer(batch_of(sequences, students))
    batch = batch_of(with_responses(sequences, flipped), students)
    after, _ = answer(batch)
    assert not torch.equal(before.logit[batch.asked], after.logit[batch.asked])
    assert not torch.equal(before.theta[batch.valid], after.theta[batch.valid])


@pytest.mark.parametrize("preset", ["l23-mean", "l23-pointwise"])
def test_the_comparison_s_own_network_has_its_shapes_and_size(preset: str) -> None:
    settings_ = resolve_config(preset).model
    assert (settings_.d_model, settings_.n_heads, settings_.n_blocks, settings_.d_ff) == (256, 4, 8, 1536)
    built = build_network(settings_, difficulty=np.zeros(100))
    width, feed = 256, 1536
    attention = 2 * width * width + 2 * width + width * width + width + 2 * width * width + 2 * width
    block = attention + (width * feed + feed + feed * width + width) + 3 * 2 * width + 2 * 4
    assert sum(weights.numel() for weights in built.blocks.parameters()) == 8 * block
    total = sum(weights.numel() for weights in built.parameters())
    embeddings = 2 * 100 * width + 100 * width + 2 * width + 200 * width
    heads = (2 * width * width + width) + width * width + 6 * width + (width * 128 + 128) + 129
    heads += width * width + width + width + 1 + 100
    assert total == 8 * block + embeddings + (6 * width + width) + 2 * 2 * width + heads
    assert 9_000_000 < total < 10_000_000


def test_difficulties_start_at_the_reference() -> None:
    built = build_network(tiny_config().model, difficulty=np.array([-1.0, 0.5, 2.0]))
    assert built.difficulty.tolist() == [-1.0, 0.5, 2.0]
