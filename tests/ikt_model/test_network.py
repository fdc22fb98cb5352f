"""The network may know the past of one student and nothing else: these properties hold to the last bit."""

from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ikt_model.config import resolve_config
from ikt_model.data.batches import Batch, WindowedSteps, Windows
from ikt_model.data.sequences import Sequences
from ikt_model.data.tally import Tally
from ikt_model.networks import build_network, empty_network
from ikt_model.references import Calibration, calibrate
from ikt_model.settings import DktSettings, IktSettings, PfaSettings, RaschSettings, ReferenceModelSettings
from ikt_model.tracer import Known, Output, Tracer
from tests.ikt_model.classrooms import (
    first_steps,
    mastery_logits,
    random_histories,
    tiny_config,
    with_responses,
)

SEEDS = st.integers(0, 100_000)


WIDTHS = st.sampled_from([16, 32, 128])


@cache
def calibration() -> Calibration:
    """Of the reference that reads everything a reference may read."""
    return calibrate(random_histories(60, seed=0), settings=PfaSettings())


@cache
def network(width: int = 32) -> Tracer:
    torch.manual_seed(width)
    model = IktSettings(
        mastery="skill-wise",
        prediction="on-mastery",
        recurrent_width=width,
        skill_rank=16,
        d_model=width,
        n_heads=4,
        n_blocks=2,
        d_ff=16,
        window=64,
    )
    built = build_network(model, calibration=calibration())
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
        output: Output = network(width)(batch)
    return output, batch.mastery_reference


def long_enough(sequences: Sequences) -> list[int]:
    return np.flatnonzero(sequences.lengths >= 3).tolist()


@settings(max_examples=60)
@given(seed=SEEDS, data=st.data(), width=WIDTHS)
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
    assert torch.equal(before.mastery_after_logit[row, seen], after.mastery_after_logit[row, seen])
    others = [index for index in range(len(students)) if index != row]
    assert torch.equal(before.logit[others], after.logit[others])
    assert torch.equal(before.theta[others], after.theta[others])
    assert torch.equal(reference_before[others], reference_after[others])


@settings(max_examples=60)
@given(seed=SEEDS, data=st.data(), width=WIDTHS)
def test_other_students_in_the_batch_change_nothing(seed: int, data: st.DataObject, width: int) -> None:
    sequences = random_histories(12, seed=seed)
    students = long_enough(sequences)
    shuffled = data.draw(st.permutations(students))
    before, _ = answer(batch_of(sequences, students), width)
    batch = batch_of(sequences, shuffled)
    after, _ = answer(batch, width)
    origin = [students.index(student) for student in shuffled]
    for name in ("logit", "mastery_logit", "mastery_after_logit", "theta", "beta"):
        assert torch.equal(getattr(before, name)[origin][batch.asked], getattr(after, name)[batch.asked])


@settings(max_examples=60)
@given(seed=SEEDS, data=st.data(), width=WIDTHS)
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
    for name in ("theta", "mastery_after_logit"):
        padded_values = getattr(after, name)[: len(kept), :width_alone]
        assert torch.equal(padded_values[alone.valid], getattr(before, name)[alone.valid])


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
    built = empty_network(settings_, n_skills=100)
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


def test_what_can_be_read_starts_at_the_reference() -> None:
    scalar = calibrate(random_histories(60, seed=0), settings=RaschSettings())
    built = build_network(tiny_config().model, calibration=scalar)
    np.testing.assert_allclose(built.difficulty.detach(), scalar.difficulty, rtol=1e-6)


class TestDkt:
    @settings(max_examples=40)
    @given(seed=SEEDS, data=st.data())
    def test_it_knows_the_past_alone(self, seed: int, data: st.DataObject) -> None:
        dkt = _dkt()
        sequences = random_histories(6, seed=seed)
        students = long_enough(sequences)
        student = data.draw(st.sampled_from(students))
        steps = sequences.history(student)
        flip = data.draw(st.integers(0, steps.stop - steps.start - 1))
        flipped = sequences.responses.copy()
        flipped[steps.start + flip : steps.stop] ^= 1
        with torch.inference_mode():
            before = dkt(batch_of(sequences, students)).logit
            after = dkt(batch_of(with_responses(sequences, flipped), students)).logit
        row = students.index(student)
        assert torch.equal(before[row, :flip], after[row, :flip])
        assert not torch.equal(before[row, flip : flip + 1], after[row, flip : flip + 1])

    def test_it_has_no_ability(self) -> None:
        output = _dkt()(batch_of(random_histories(6, seed=1), [0]))
        assert output.theta.isnan().all()
        assert output.beta.isnan().all()
        assert torch.equal(output.mastery_logit, output.logit)


def _dkt() -> Tracer:
    torch.manual_seed(0)
    return build_network(DktSettings(d_model=16, window=64), calibration=calibration()).eval()


@pytest.mark.parametrize("kind", ["skill-wise", "scalar", "on-mastery", "dkt", "reference"])
def test_every_skill_is_told_what_its_own_next_step_would_be(kind: str) -> None:
    tracer = {
        "skill-wise": lambda: network(16),
        "scalar": lambda: _perturbed(IktSettings(d_model=16, n_blocks=1, d_ff=16, window=64)),
        "on-mastery": lambda: _perturbed(
            IktSettings(d_model=16, n_blocks=1, d_ff=16, window=64, prediction="on-mastery")
        ),
        "dkt": _dkt,
        "reference": lambda: build_network(ReferenceModelSettings(), calibration=calibration()),
    }[kind]()
    sequences = random_histories(12, seed=4)
    n_asked = 0
    for student in long_enough(sequences):
        steps = sequences.history(student)
        asked = int(sequences.skill_sets[steps.stop - 1])
        if asked >= sequences.n_skills:
            continue
        n_asked += 1
        with torch.inference_mode():
            output = tracer(batch_of(sequences, [student]))
            last = steps.stop - steps.start - 2
            earlier = first_steps(sequences, student, steps.stop - steps.start - 1)
            known = Known(
                state=output.states[:, last],
                query=torch.as_tensor(Tally.of(earlier).query),
                reference=torch.as_tensor(mastery_logits(calibration(), earlier), dtype=torch.float32),
                prepared=tracer.prepare(),
            )
            logit, mastery = (told[0] for told in tracer.every_skill(known))
        assert logit[asked].item() == pytest.approx(output.logit[0, last].item(), abs=1e-5)
        assert mastery[asked].item() == pytest.approx(output.mastery_logit[0, last].item(), abs=1e-5)
    assert n_asked > 2


def _perturbed(model: IktSettings) -> Tracer:
    torch.manual_seed(1)
    built = build_network(model, calibration=calibration())
    with torch.no_grad():
        for weights in built.parameters():
            weights += 0.1 * torch.randn_like(weights)
    return built.eval()
