"""A database that the first release filled goes on with the code of today, rows and all."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine

from api.services.experiments import get_experiment
from api.services.experiments import list_experiments as show_experiments
from db.engine import create_session_factory, downgrade, read_scope, session_scope, upgrade
from db.errors import DatasetInUse
from db.lifecycle import ExperimentStatus
from db.models import DEFAULT_TENANT, Calibration, CrossValidation, Experiment, Model, StudentState
from db.repositories import cohorts, cross_validations, datasets, experiments, runs, states
from db.repositories.erasures import erase_student
from db.repositories.interactions import add_interactions, list_history, read_histories
from db.repositories.students import get_student
from ikt_model.config import resolve_config
from ikt_model.references import calibration_from_dict
from tests.builders import make_event, make_experiment, make_states, make_sweep, make_trial
from tests.db.revisions import (
    CALIBRATION,
    DATASET,
    EXPERIMENTS,
    FIRST_CONFIG,
    MODEL,
    ROWS,
    Rows,
    filled,
    in_order,
    interaction,
    stored_rows,
    table_of,
)
from tests.stacks import STACK_NAMES


@pytest.fixture(params=STACK_NAMES)
def first_release(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database at the first revision, every table of which holds a row."""
    if request.param == "embedded":
        with filled(f"sqlite:///{tmp_path / 'first.db'}", "0001") as engine:
            yield engine
    else:
        with (
            request.getfixturevalue("services").fresh_database(migrated=False) as url,
            filled(url, "0001") as engine,
        ):
            yield engine


EXPECTED = in_order(ROWS)


def _completed(rows: Rows) -> Rows:
    """The same with every setting that there is today; who has answered is scored again."""
    config = resolve_config("small-dynamic")
    named: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "config_fingerprint": config.fingerprint(),
    }
    fit = {"settings": named["config"]["reference"]}
    return in_order({
        **rows,
        "interactions": [
            {name: value for name, value in row.items() if name != "id"} for row in rows["interactions"]
        ],
        "student_states": [],
        "experiments": [row | named for row in rows["experiments"]],
        "calibrations": [row | fit for row in rows["calibrations"]],
    })  # fmt: skip


def test_upgrade_and_downgrade_keep_every_row(first_release: Engine) -> None:
    upgrade(first_release)
    after_upgrade = stored_rows(first_release, ROWS)
    downgrade(first_release, "0001")
    assert after_upgrade == _completed(EXPECTED)
    assert stored_rows(first_release, ROWS) == {**EXPECTED, "student_states": []}


def test_arrivals_are_numbered_and_everybody_who_answered_is_due(first_release: Engine) -> None:
    upgrade(first_release)
    sessions = create_session_factory(first_release, tenant=DEFAULT_TENANT)
    with session_scope(sessions) as session:
        again = [
            make_event(number, student_id="ana", event_id=name) for number, name in enumerate(("e1", "x"))
        ]
        assert add_interactions(session, again).is_new == [False, True]
        assert states.list_due(session, limit=5) == [(1, 4), (2, 1)]
        ana = get_student(session, "ana")
        history = [(row.event_id, row.arrival) for row in list_history(session, ana)]
        assert history == [("e1", 1), ("e9", 0), ("e5", 2), ("x", 3)]
        assert read_histories(session, [2, 1]).offsets.tolist() == [0, 1, 5]


def test_an_upgraded_database_holds_states_and_cohorts(first_release: Engine) -> None:
    upgrade(first_release)
    sessions = create_session_factory(first_release, tenant=DEFAULT_TENANT)
    with session_scope(sessions) as session:
        pair, model = [get_student(session, name) for name in ("ana", "bob")], session.get_one(Model, MODEL)
        states.upsert_states(session, make_states(pair, model))
        cohorts.set_members(session, "5b", ["ana", "bob"])
        erase_student(session, "ana")
    with session_scope(sessions) as session:
        assert session.scalars(sa.select(StudentState.student_pk)).all() == [2]
        assert cohorts.list_cohorts(session) == [("5b", 1)]
        session.delete(session.get_one(Model, MODEL))
    with read_scope(sessions) as session:
        assert session.scalars(sa.select(StudentState.student_pk)).all() == []


def test_downgrade_keeps_the_order_of_arrival(first_release: Engine) -> None:
    upgrade(first_release)
    with session_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        add_interactions(session, [make_event(-9, student_id=name) for name in ("zoe", "ana")])
        add_interactions(session, [make_event(-9, student_id="ana", event_id="last")])
    downgrade(first_release, "0001")
    table = table_of("interactions", ROWS)
    with first_release.begin() as connection:
        mine = sa.select(table.c.event_id).where(table.c.student_pk == 1).order_by(table.c.id)
        assert connection.scalars(mine).all() == ["e9", "e1", "e5", "event--9", "last"]
        # The numbers go on by themselves.
        row = interaction(0, 1, "next")
        connection.execute(sa.insert(table), {name: row[name] for name in row if name != "id"})
        assert connection.scalars(mine).all()[-1] == "next"
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(table), interaction(99, 1, "next"))


def test_rows_say_that_nothing_was_left_out_or_doubted(first_release: Engine) -> None:
    upgrade(first_release)
    with read_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        for experiment in session.scalars(sa.select(Experiment)):
            assert (experiment.exclude_folds, experiment.warnings) == ([], [])
            assert (experiment.sweep_id, experiment.cross_validation_id, experiment.trial) == (None,) * 3
        assert [row.exclude_folds for row in session.scalars(sa.select(Calibration))] == [[]]


def test_callers_read_experiments_of_the_first_release(first_release: Engine) -> None:
    upgrade(first_release)
    with read_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        shown = {status: get_experiment(session, identifier) for status, identifier in EXPERIMENTS.items()}
        assert {row.id for row in show_experiments(session).items} == {*EXPERIMENTS.values()}
    assert {status: row.environment.device for status, row in shown.items()} == {
        "queued": None, "succeeded": "cpu", "failed": "cpu",
    }  # fmt: skip
    assert {row.calibration_seconds for row in shown.values()} == {1.5}
    assert shown["succeeded"].metrics == {"auc": 0.73}
    assert shown["succeeded"].best is not None


def test_fits_of_the_first_release_are_read(first_release: Engine) -> None:
    upgrade(first_release)
    with read_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        fitted = calibration_from_dict(session.get_one(Calibration, CALIBRATION).parameters)
    assert fitted.title == "'rasch' (marginal, posterior-mean)"
    assert fitted.ability_sd == 0.7064484214411282


def test_experiments_of_the_first_release_go_on(first_release: Engine) -> None:
    upgrade(first_release)
    sessions = create_session_factory(first_release, tenant=DEFAULT_TENANT)
    with session_scope(sessions) as session:
        experiments.retry(session, EXPERIMENTS["failed"])
        running = runs.claim(session, EXPERIMENTS["queued"], "worker-1", lease_seconds=60)
        assert running is not None
    with session_scope(sessions) as session, pytest.raises(DatasetInUse):
        datasets.delete_dataset(session, DATASET)


def test_an_upgraded_database_holds_trials_and_folds(first_release: Engine) -> None:
    upgrade(first_release)
    sessions = create_session_factory(first_release, tenant=DEFAULT_TENANT)
    with session_scope(sessions) as session:
        trial = make_trial(session, make_sweep(session, dataset_id=DATASET), status="pruned").id
        row = cross_validations.add_cross_validation(
            session, name="cv", dataset_id=DATASET, folds=[0, 1], exclude_folds=[], preset=None, config={},
            config_fingerprint="f",
        )  # fmt: skip
        member = make_experiment(session, dataset_id=DATASET, cross_validation_id=row.id).id
        group = row.id
    with session_scope(sessions) as session:
        session.delete(session.get_one(CrossValidation, group))
    with read_scope(sessions) as session:
        assert session.get_one(Experiment, member).cross_validation_id is None
        assert session.get_one(Experiment, trial).status == ExperimentStatus.PRUNED


def test_downgrade_calls_a_pruned_trial_cancelled(first_release: Engine) -> None:
    upgrade(first_release)
    with session_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        trial = make_trial(session, make_sweep(session, dataset_id=DATASET), status="pruned").id
    downgrade(first_release, "0001")
    table = table_of("experiments", ROWS)
    with first_release.connect() as connection:
        status = connection.scalar(sa.select(table.c.status).where(table.c.id == trial))
        assert status == "cancelled"
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.text("UPDATE experiments SET status = 'pruned'"))


def test_downgrade_keeps_the_device_taken_and_choices_of_today(first_release: Engine) -> None:
    """The first release refuses a setting that it does not know; without it, it would train another model."""
    upgrade(first_release)
    config = resolve_config("skill-wise")
    with session_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        stored: dict[str, Any] = {
            "config": config.model_dump(mode="json"),
            "config_fingerprint": config.fingerprint(),
        }
        added = make_experiment(
            session, dataset_id=DATASET, device="auto", device_used="cuda", status="succeeded", **stored
        ).id
    downgrade(first_release, "0001")
    table = table_of("experiments", ROWS)
    with first_release.connect() as connection:
        row = connection.execute(sa.select(table).where(table.c.id == added)).one()
    assert row.device == "cuda"
    kept = {"mastery", "prediction", "recurrent_width"}
    assert row.config["model"].keys() == FIRST_CONFIG["model"].keys() | kept
    assert row.config["reference"] == stored["config"]["reference"]
    upgrade(first_release)
    with read_scope(create_session_factory(first_release, tenant=DEFAULT_TENANT)) as session:
        again = session.get_one(Experiment, added)
        assert {"config": again.config, "config_fingerprint": again.config_fingerprint} == stored
