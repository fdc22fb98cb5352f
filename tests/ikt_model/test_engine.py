"""Students read on response by response stand where reading everything anew would put them.

Each model is tiny, with a window of 30, and its weights are disturbed so that nothing is zero by chance.
"""

from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from threading import Thread
from typing import Any

import numpy as np
import pytest
import torch

from ikt_model.checkpoint import StoredModel
from ikt_model.config import resolve_config
from ikt_model.inference import Engine, Histories, History, Scores, Seen
from ikt_model.levels import MASTERED
from ikt_model.networks import build_network
from ikt_model.references import calibrate
from tests.ikt_model.classrooms import classroom

SMALL = {"d_model": 16, "n_heads": 2, "n_blocks": 2, "d_ff": 16, "window": 30}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "scalar": ("small-dynamic", {"model": SMALL}),
    "skill-wise": ("skill-wise", {"model": {**SMALL, "recurrent_width": 8, "skill_rank": 4}}),
    "odd window": ("small-dynamic", {"model": {**SMALL, "window": 17}}),
    "bkt aligned": ("skill-wise", {"model": {**SMALL, "recurrent_width": 8}, "reference": {"name": "bkt"}}),
    "likeliest": ("small-dynamic", {"model": SMALL, "reference": {"ability": "maximum-likelihood"}}),
    "pfa": ("pfa", {}),
    "bkt": ("bkt", {}),
    "rasch": ("rasch", {}),
    "skill-rate": ("skill-rate", {}),
}
N_SKILLS = 6


def model_of(kind: str) -> StoredModel:
    preset, settings = KINDS[kind]
    config = resolve_config(preset, settings)
    sequences = classroom(n_students=150, n_skills=N_SKILLS, seed=6).sequences
    calibration = calibrate(sequences, settings=config.reference)
    torch.manual_seed(0)
    network = build_network(config.model, calibration=calibration).eval()
    with torch.no_grad():
        for weights in network.parameters():
            weights += 0.1 * torch.randn_like(weights)
    return StoredModel(network, config, sequences.vocabulary.names, calibration, target_std=1.0)


@pytest.fixture(scope="module", params=KINDS)
def engine(request: pytest.FixtureRequest) -> Engine:
    return Engine(model_of(request.param))


@pytest.fixture(scope="module")
def resolved() -> Engine:
    return Engine(model_of("skill-wise"))


def some_histories(engine: Engine, lengths: Sequence[int], seed: int = 0) -> list[History]:
    """One or two skills a step; every tenth step or so on a skill that the model never saw."""
    rng = np.random.default_rng(seed)

    def skills() -> list[str]:
        if rng.random() < 0.1:
            return ["unheard of"]
        return [engine.skills[skill] for skill in rng.choice(N_SKILLS, rng.integers(1, 3), replace=False)]

    return [History([skills() for _ in range(n)], rng.integers(0, 2, n).tolist()) for n in lengths]


def cut(history: History, *places: int) -> list[History]:
    """The pieces between these places."""
    return [
        History(history.skills[first:last], history.responses[first:last])
        for first, last in pairwise([0, *places, len(history.responses)])
    ]


def read_in_pieces(engine: Engine, key: object, pieces: Sequence[History]) -> Scores:
    """From nothing, one piece after the other; steps counted from the first."""
    engine.load_students([Seen(key, 0)], Histories.of([History([], [])]))
    last, mastered, n = np.full((1, N_SKILLS), -1), np.full((1, N_SKILLS), -1), 0
    for piece in pieces:
        scores = engine.extend([Seen(key, n)], Histories.of([piece])).scores
        last = np.where(scores.last_step >= 0, n + scores.last_step, last)
        mastered = np.where((mastered < 0) & (scores.mastered_step >= 0), n + scores.mastered_step, mastered)
        n += len(piece.responses)
    scores.last_step[:], scores.mastered_step[:] = last, mastered
    return scores


def assert_alike(one: Scores, other: Scores) -> None:
    for field in fields(Scores):
        ours, theirs = getattr(one, field.name), getattr(other, field.name)
        np.testing.assert_allclose(ours, theirs, atol=1e-5, err_msg=field.name)


LENGTHS = (1, 2, 16, 17, 29, 30, 31, 45, 46, 100)


def test_one_response_at_a_time_ends_where_all_at_once_does(engine: Engine) -> None:
    """Across the ends of windows, too."""
    for history in some_histories(engine, LENGTHS):
        steps = range(1, len(history.responses))
        incremental = read_in_pieces(engine, "one by one", cut(history, *steps))
        assert_alike(incremental, engine.score(Histories.of([history])))


def test_it_does_not_matter_where_a_student_is_taken_up(engine: Engine) -> None:
    histories = some_histories(engine, LENGTHS, seed=1)
    full = engine.score(Histories.of(histories))
    for behind in (1, 3, 40):
        split = [cut(history, max(0, len(history.responses) - behind)) for history in histories]
        seen = [Seen(index, len(before.responses)) for index, (before, _) in enumerate(split)]
        engine.load_students(seen, Histories.of([before for before, _ in split]))
        assert not any(engine.missing(seen))
        extended = engine.extend(seen, Histories.of([new for _, new in split])).scores
        for name in ("theta", "theta_reference", "theta_reference_sd", "mastery", "probability"):
            np.testing.assert_allclose(getattr(extended, name), getattr(full, name), atol=1e-5, err_msg=name)
        np.testing.assert_array_equal(extended.evidence, full.evidence)


@pytest.mark.parametrize("preset", ["dkt", "pfa"])
def test_a_model_that_serves_nobody_still_says_what_it_expects_of_anybody(preset: str) -> None:
    config = resolve_config(preset)
    sequences = classroom(n_students=60, n_skills=N_SKILLS, seed=6).sequences
    calibration = calibrate(sequences, settings=config.reference)
    network = build_network(config.model, calibration=calibration).eval()
    nobody = Engine(StoredModel(network, config, sequences.vocabulary.names, calibration, 1.0)).nobody()
    assert nobody.mastery.shape == (1, N_SKILLS)
    assert np.isfinite(nobody.mastery).all()


def test_company_changes_nobody(engine: Engine) -> None:
    histories = some_histories(engine, (0, 1, 5, 40, 80), seed=2)
    together = engine.score(Histories.of(histories))
    for student, history in enumerate(histories):
        alone = engine.score(Histories.of([history]))
        for field in fields(Scores):
            ours = getattr(together, field.name)[student]
            np.testing.assert_allclose(ours, getattr(alone, field.name)[0], atol=1e-5, err_msg=field.name)


def test_steps_say_when_a_skill_was_practised_and_mastered(engine: Engine) -> None:
    """Held to the slow way: every beginning of the history scored by itself."""
    (history,) = some_histories(engine, (40,), seed=5)
    scores = engine.score(Histories.of([history]))
    beginnings = [cut(history, step + 1)[0] for step in range(40)]
    along = engine.score(Histories.of(beginnings)).mastery
    last, mastered = np.full(N_SKILLS, -1), np.full(N_SKILLS, -1)
    for step, names in enumerate(history.skills):
        for skill in (engine.skills.index(name) for name in names if name in engine.skills):
            last[skill] = step
            if mastered[skill] < 0 and along[step, skill] >= MASTERED:
                mastered[skill] = step
    np.testing.assert_array_equal(scores.last_step[0], last)
    np.testing.assert_array_equal(scores.mastered_step[0], mastered)
    assert (last >= 0).all()


@pytest.mark.parametrize("length", [0, 1, 17, 29, 30, 31, 45, 60, 75])
def test_a_cold_cache_says_what_a_warm_one_does(engine: Engine, length: int) -> None:
    """Also where a history fills a window to its last step."""
    (history,) = some_histories(engine, (length,), seed=9)
    scored = engine.score(Histories.of([history]))
    nothing_new, unknown = History([], []), History([["?"]], [1])
    engine.load_students([Seen("cold", length)], Histories.of([history]))
    read_in_pieces(engine, "warm", cut(history, *range(1, length)) if length > 1 else [history])
    for key in ("cold", "warm"):
        imagined = engine.imagine(
            Seen(key, length), Histories.of([nothing_new, unknown, History([[engine.skills[0]]], [1])])
        )
        extended = engine.extend([Seen(key, length)], Histories.of([unknown])).scores
        for name in ("theta", "theta_reference", "mastery", "probability", "mastery_reference"):
            for said in (getattr(imagined, name)[:2], getattr(extended, name)):
                expected = np.broadcast_to(getattr(scored, name), said.shape)
                np.testing.assert_allclose(said, expected, atol=1e-5, err_msg=f"{key}: {name}")
    assert engine.imagine(Seen("cold", length + 1), Histories.of([])).mastery.shape == (0, N_SKILLS)


def test_what_is_imagined_is_what_would_be_and_leaves_no_trace(engine: Engine) -> None:
    (history,) = some_histories(engine, (31,), seed=3)
    seen = Seen("dreamer", 31)
    engine.load_students([seen], Histories.of([history]))
    futures = [History([[skill], [skill]], [right, 1]) for skill in engine.skills for right in (0, 1)]
    for n_steps in (0, 1, 2):
        imagined = [cut(future, n_steps)[0] for future in futures]
        scores = engine.imagine(seen, Histories.of(imagined))
        whole = [
            History([*history.skills, *future.skills], [*history.responses, *future.responses])
            for future in imagined
        ]
        expected = engine.score(Histories.of(whole))
        for name in ("theta", "theta_reference", "mastery", "probability", "evidence"):
            np.testing.assert_allclose(getattr(scores, name), getattr(expected, name), atol=1e-5)
    (new,) = some_histories(engine, (1,), seed=4)
    after = engine.extend([seen], Histories.of([new])).scores
    whole_history = History([*history.skills, *new.skills], [*history.responses, *new.responses])
    expected = engine.score(Histories.of([whole_history]))
    np.testing.assert_allclose(after.mastery, expected.mastery, atol=1e-5)


def test_only_responses_on_unknown_skills_move_nothing_and_count(resolved: Engine) -> None:
    (history,) = some_histories(resolved, (20,), seed=6)
    seen = Seen("stranger", 20)
    resolved.load_students([seen], Histories.of([history]))
    extension = resolved.extend([seen], Histories.of([History([["?"], ["!"]], [1, 0])]))
    assert extension.known.tolist() == [False, False]
    before = resolved.score(Histories.of([history]))
    np.testing.assert_allclose(extension.scores.mastery, before.mastery, atol=1e-5)
    assert (extension.scores.last_step == -1).all()
    assert resolved.missing([seen, Seen("stranger", 22)]) == [True, False]


class TestWhatIsKept:
    def test_another_count_is_missing(self, resolved: Engine) -> None:
        (history,) = some_histories(resolved, (3,))
        resolved.load_students([Seen("a", 3)], Histories.of([history]))
        assert resolved.missing([Seen("a", 3), Seen("a", 4), Seen("b", 3)]) == [False, True, True]
        with pytest.raises(KeyError):
            resolved.extend([Seen("a", 4)], Histories.of([history]))
        with pytest.raises(KeyError):
            resolved.imagine(Seen("b", 3), Histories.of([history]))

    def test_the_forgotten_are_missing(self, resolved: Engine) -> None:
        (history,) = some_histories(resolved, (3,))
        resolved.load_students([Seen("a", 3), Seen("b", 3)], Histories.of([history, history]))
        resolved.forget(["a", "nobody"])
        assert resolved.missing([Seen("a", 3), Seen("b", 3)]) == [True, False]

    def test_what_is_kept_of_one_is_not_the_whole_batch(self, resolved: Engine) -> None:
        histories = some_histories(resolved, [40] * 8, seed=10)
        seen = [Seen(("batch", index), 40) for index in range(8)]
        resolved.load_students(seen, Histories.of(histories))
        resolved.extend(seen, Histories.of(some_histories(resolved, [1] * 8, seed=11)))
        for student in resolved._students.values():
            for tensor in (student.state, student.recurrent):
                assert tensor.untyped_storage().nbytes() == tensor.nbytes

    def test_those_used_longest_ago_make_room(self) -> None:
        model = model_of("scalar")
        engine = Engine(model, cache_bytes=200_000)
        histories = some_histories(engine, [20] * 40, seed=7)
        for index, history in enumerate(histories):
            engine.load_students([Seen(index, 20)], Histories.of([history]))
            engine.extend([Seen(0, 20 + index)], Histories.of([some_histories(engine, (1,))[0]]))
        gone = engine.missing([Seen(index, 20) for index in range(1, 40)])
        assert gone[0]
        assert not gone[-1]
        assert gone == sorted(gone, reverse=True)
        assert not engine.missing([Seen(0, 60)])[0]
        assert 0 < engine.kept_bytes <= 200_000

    def test_many_threads_take_turns(self, resolved: Engine) -> None:
        histories = some_histories(resolved, [25] * 6, seed=8)
        expected = resolved.score(Histories.of(histories))
        found: dict[int, Scores] = {}

        def read(index: int) -> None:
            steps = range(1, 25)
            found[index] = read_in_pieces(resolved, ("thread", index), cut(histories[index], *steps))

        threads = [Thread(target=read, args=(index,)) for index in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for index in range(6):
            np.testing.assert_allclose(found[index].mastery[0], expected.mastery[index], atol=1e-5)
