from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from ikt_model.checkpoint import ModelUnreadable
from ikt_model.config import ExperimentConfig, resolve_config
from ikt_model.data.sequences import Sequences
from ikt_model.evaluation import NothingToEvaluate
from ikt_model.inference import Engine, Histories, History, Predictor, Scores
from ikt_model.inference.windows import overlapping_windows
from tests.ikt_model.classrooms import classroom, random_histories, tiny_config, train_on


def resolved_config() -> ExperimentConfig:
    """Every part of the resolved model, tiny; its reference's evidence fades faster than usual."""
    tiny = tiny_config()
    model = {"d_model": 16, "n_heads": 2, "n_blocks": 1, "d_ff": 16, "window": 30}
    return resolve_config(
        "skill-wise",
        {
            "model": {**model, "skill_rank": 4, "recurrent_width": 8},
            "reference": {"decay": 0.5},
            "training": tiny.training.model_dump(),
        },
    )


@pytest.fixture(scope="module", params=["scalar", "resolved"])
def model_folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    config = tiny_config() if request.param == "scalar" else resolved_config()
    sequences = classroom(n_students=150, n_skills=6, seed=6).sequences
    return train_on(sequences, config, tmp_path_factory.mktemp("run")).model_folder


@pytest.fixture(scope="module")
def engine(model_folder: Path) -> Engine:
    return Engine.load(model_folder)


@pytest.fixture(scope="module")
def predictor(engine: Engine) -> Predictor:
    return engine.predictor


def state_of(engine: Engine, history: History) -> Scores:
    """Of the only student."""
    return engine.score(Histories.of([history]))


def some_history(predictor: Predictor, length: int, seed: int = 0) -> History:
    rng = np.random.default_rng(seed)
    skills = [
        [predictor.skills[index] for index in rng.choice(6, rng.integers(1, 3), replace=False)]
        for _ in range(length)
    ]
    return History(skills, rng.integers(0, 2, length).tolist())


def first(history: History, steps: int) -> History:
    return History(history.skills[:steps], history.responses[:steps])


@pytest.mark.parametrize("length", [2, 29, 30, 31, 45, 46, 100])
def test_a_state_is_what_the_trajectory_says_next(engine: Engine, length: int) -> None:
    """Also where a history outgrows the model's window of 30."""
    history = some_history(engine.predictor, length)
    asked = engine.skills.index(history.skills[-1][0])
    history = History([*history.skills[:-1], [engine.skills[asked]]], history.responses)
    trajectory, state = engine.predictor.trajectory(history), state_of(engine, first(history, length - 1))
    for name in ("theta", "theta_reference", "theta_reference_sd"):
        before = float(getattr(trajectory, name)[length - 2])
        assert getattr(state, name)[0] == pytest.approx(before, abs=2e-6)
    assert state.probability[0, asked] == pytest.approx(float(trajectory.probability[-1]), abs=2e-6)
    assert state.mastery[0, asked] == pytest.approx(float(trajectory.mastery[-1]), abs=2e-6)


def test_later_responses_leave_the_trajectory_as_it_was(predictor: Predictor) -> None:
    history = some_history(predictor, 120)
    whole = predictor.trajectory(history)
    for steps in (1, 15, 30, 31, 60, 119):
        part = predictor.trajectory(first(history, steps))
        np.testing.assert_allclose(part.theta, whole.theta[:steps], atol=1e-6)
        np.testing.assert_allclose(part.probability[1:], whole.probability[1:steps], atol=1e-6)


def test_mastery_is_ability_less_difficulty_and_what_is_known_of_the_skill(engine: Engine) -> None:
    state = state_of(engine, some_history(engine.predictor, 20))
    of_skill = np.log(state.mastery / (1 - state.mastery)) - (state.theta - engine.predictor.difficulty)
    is_scalar = engine.predictor.config.model == tiny_config().model
    assert np.allclose(of_skill, 0, atol=1e-5) == is_scalar


def test_nobody_known_is_as_the_prior_says(engine: Engine) -> None:
    state = engine.nobody()
    assert (state.theta[0], state.evidence.sum()) == (0.0, 0)
    assert state.theta_reference_sd[0] > 0.1
    assert ((state.mastery > 0) & (state.mastery < 1)).all()
    is_scalar = engine.predictor.config.model == tiny_config().model
    spoken = 1 / (1 + np.exp(engine.predictor.difficulty)) if is_scalar else state.mastery_reference[0]
    np.testing.assert_allclose(state.mastery[0], spoken, atol=1e-6)
    assert len(engine.predictor.trajectory(History([], [])).theta) == 0


def test_steps_on_unknown_skills_are_marked_and_left_out(predictor: Predictor) -> None:
    history = some_history(predictor, 6)
    with_strangers = History([["?"], *history.skills, ["?", "!"]], [1, *history.responses, 0])
    trajectory = predictor.trajectory(with_strangers)
    assert trajectory.known.tolist() == [False, *[True] * 6, False]
    np.testing.assert_array_equal(trajectory.theta, predictor.trajectory(history).theta)
    half_known = History([[*names, "?"] for names in history.skills], history.responses)
    np.testing.assert_array_equal(predictor.trajectory(half_known).theta, trajectory.theta)


class TestMasteryAlong:
    def test_each_moment_is_what_the_state_said_then(self, engine: Engine) -> None:
        """Also where a history outgrows the model's window of 30."""
        history = some_history(engine.predictor, 100)
        counts = [0, 1, 2, 29, 30, 31, 45, 46, 99, 100]
        along = engine.predictor.mastery_along(history, counts)
        then = engine.score(Histories.of([first(history, count) for count in counts]))
        np.testing.assert_allclose(along, then.mastery, atol=2e-6)

    @pytest.mark.parametrize("preset", ["dkt", "bkt", "skill-rate"])
    def test_so_it_is_with_every_kind_of_model(self, preset: str, tmp_path: Path) -> None:
        """Its mastery at a moment is the one that the trajectory held of the step that came next."""
        config = resolve_config(preset, {"training": {"epochs": 1}})
        sequences = classroom(n_students=60, n_skills=6, seed=6).sequences
        predictor = Predictor.load(train_on(sequences, config, tmp_path).model_folder)
        history = some_history(predictor, 40)
        trajectory = predictor.trajectory(history)
        counts = [step for step, skills in enumerate(history.skills) if step and len(skills) == 1]
        assert len(counts) > 10
        for count, mastery in zip(counts, predictor.mastery_along(history, counts), strict=True):
            asked = predictor.skills.index(history.skills[count][0])
            assert mastery[asked] == pytest.approx(float(trajectory.mastery[count]), abs=2e-6)

    def test_steps_on_unknown_skills_count_and_move_nothing(self, predictor: Predictor) -> None:
        history = some_history(predictor, 6)
        with_strangers = History([["?"], *history.skills, ["?"]], [1, *history.responses, 0])
        along = predictor.mastery_along(with_strangers, [0, 1, 4, 7, 8])
        np.testing.assert_array_equal(along, predictor.mastery_along(history, [0, 0, 3, 6, 6]))

    def test_no_moment_and_no_history_are_nothing_special(self, engine: Engine) -> None:
        predictor = engine.predictor
        assert predictor.mastery_along(some_history(predictor, 3), []).shape == (0, 6)
        nobody = predictor.mastery_along(History([], []), [0])
        np.testing.assert_array_equal(nobody, engine.nobody().mastery)

    @pytest.mark.parametrize("count", [-1, 4])
    def test_a_moment_outside_the_history_is_refused(self, predictor: Predictor, count: int) -> None:
        with pytest.raises(ValueError, match="each must be 0 to 3"):
            predictor.mastery_along(some_history(predictor, 3), [1, count])


def test_malformed_histories_are_refused() -> None:
    with pytest.raises(ValueError, match="one each"):
        History([["a"]], [])
    with pytest.raises(ValueError, match="0 \\(wrong\\) or 1"):
        History([["a"]], [2])


def test_evaluation_says_what_it_left_out(predictor: Predictor) -> None:
    strange = random_histories(30, seed=1)  # skills a to e, none of them the model's
    renamed = Sequences(
        student_ids=strange.student_ids,
        folds=strange.folds,
        offsets=strange.offsets,
        skill_sets=strange.skill_sets,
        responses=strange.responses,
        vocabulary=type(strange.vocabulary)(
            names=(*predictor.skills[:4], "unheard of"),
            set_members=strange.vocabulary.set_members,
            set_offsets=strange.vocabulary.set_offsets,
        ),
    )
    evaluation = predictor.evaluate(renamed)
    assert evaluation.unknown_skills == ("unheard of",)
    assert evaluation.n_responses < renamed.n_responses
    assert evaluation.n_predicted == evaluation.predictions.num_rows
    assert 0 <= evaluation.metrics["auc"] <= 1


class TestProtocols:
    def test_whole_histories_are_told_what_students_would_be(self, predictor: Predictor) -> None:
        sequences = classroom(n_students=8, n_skills=6, seed=3, mean_length=60).sequences
        assert sequences.lengths.max() > predictor.config.model.window
        evaluation = predictor.evaluate(sequences, protocol="history")
        assert evaluation.protocol == "history"
        assert evaluation.n_predicted == sequences.n_responses - sequences.n_students
        said = evaluation.predictions
        for student, name in enumerate(sequences.student_ids.to_pylist()):
            steps = sequences.history(student)
            served = predictor.trajectory(
                History(
                    [[sequences.vocabulary.names[code]] for code in sequences.skill_sets[steps]],
                    sequences.responses[steps].tolist(),
                )
            )
            own = said.filter(pc.equal(said["student_id"], name))
            assert own["position"].to_pylist() == list(range(1, steps.stop - steps.start))
            assert own["probability"].to_numpy() == pytest.approx(served.probability[1:], abs=1e-5)
            assert own["mastery"].to_numpy() == pytest.approx(served.mastery[1:], abs=1e-5)
            assert own["theta"].to_numpy() == pytest.approx(served.theta[:-1], abs=1e-5)

    def test_where_one_window_holds_all_both_agree(self, predictor: Predictor) -> None:
        everybody = classroom(n_students=40, n_skills=6, seed=4, mean_length=12).sequences
        fits = (everybody.lengths >= 3) & (everybody.lengths <= predictor.config.model.window)
        sequences = everybody.select(fits)
        window, history = (predictor.evaluate(sequences, protocol=name) for name in ("window", "history"))
        assert window.n_predicted == history.n_predicted
        assert history.metrics == pytest.approx(window.metrics, rel=1e-4, abs=1e-5)

    def test_windows_ask_less_of_long_histories(self, predictor: Predictor) -> None:
        sequences = classroom(n_students=8, n_skills=6, seed=3, mean_length=60).sequences
        window = predictor.evaluate(sequences)
        assert window.protocol == "window"
        assert window.n_predicted < sequences.n_responses - sequences.n_students
        firsts = set(window.predictions["position"].to_pylist())
        assert predictor.config.model.window not in firsts

    def test_a_static_target_is_measured_per_student(self, model_folder: Path) -> None:
        predictor = Predictor.load(model_folder)
        static = predictor.config.loss.model_copy(update={"ability_target": "static"})
        predictor.config = predictor.config.model_copy(update={"loss": static})
        sequences = classroom(n_students=20, n_skills=6, seed=5, mean_length=40).sequences
        figures = predictor.evaluate(sequences, protocol="history").metrics
        s, target, rho = (figures[name] for name in ("theta_std", "target_theta_std", "theta_target_pearson"))
        delta = figures["theta_mean"] - figures["target_theta_mean"]
        assert figures["l_23_pointwise"] == pytest.approx(s**2 + target**2 - 2 * rho * s * target + delta**2)
        assert target != pytest.approx(figures["reference_theta_std"])

    def test_an_unknown_protocol_is_refused(self, predictor: Predictor) -> None:
        sequences = classroom(n_students=8, n_skills=6, seed=3).sequences
        with pytest.raises(ValueError, match="'peek' must be one of window, history"):
            predictor.evaluate(sequences, protocol="peek")

    def test_a_single_response_cannot_be_predicted(self, predictor: Predictor) -> None:
        sequences = classroom(n_students=3, n_skills=6, seed=3).sequences
        alone = Sequences(
            student_ids=sequences.student_ids[:1],
            folds=sequences.folds[:1],
            offsets=np.array([0, 1]),
            skill_sets=sequences.skill_sets[:1],
            responses=sequences.responses[:1],
            vocabulary=sequences.vocabulary,
        )
        with pytest.raises(NothingToEvaluate, match="at least 2 responses"):
            predictor.evaluate(alone, protocol="history")


@pytest.mark.parametrize("window", [16, 20, 30])
def test_every_step_is_answered_for_by_one_window_with_context(window: int) -> None:
    sequences = classroom(n_students=60, seed=1, mean_length=40).sequences
    windows, first_fresh = overlapping_windows(sequences, window=window)
    answered = np.zeros(sequences.n_responses, dtype=int)
    for start, length, fresh in zip(windows.starts, windows.lengths, first_fresh, strict=True):
        assert length <= window
        answered[fresh : start + length] += 1
        if start not in sequences.offsets:
            assert fresh - start >= window // 2
    assert (answered == 1).all()


def test_a_damaged_model_is_refused_by_name(model_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelUnreadable, match="nowhere"):
        Predictor.load(tmp_path / "nowhere")
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in model_folder.iterdir():
        (broken / path.name).write_bytes(path.read_bytes())
    (broken / "weights.safetensors").write_bytes(b"not tensors")
    with pytest.raises(ModelUnreadable, match="broken"):
        Predictor.load(broken)


def test_data_of_other_skills_is_refused_by_their_names(predictor: Predictor) -> None:
    with pytest.raises(NothingToEvaluate, match="'a', 'b', 'c', …"):
        predictor.evaluate(random_histories(10, seed=1))
