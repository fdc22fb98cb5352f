"""A database that the first release filled goes on with the code of today, rows and all."""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy import Engine, inspect

from api.services.experiments import get_experiment
from api.services.experiments import list_experiments as show_experiments
from db.base import Base, BigKey, Json
from db.engine import create_engine, create_session_factory, downgrade, read_scope, session_scope, upgrade
from db.errors import DatasetInUse
from db.lifecycle import ExperimentStatus
from db.models import DEFAULT_TENANT, Calibration, CrossValidation, Experiment, Model, StudentState
from db.repositories import cohorts, cross_validations, datasets, experiments, runs, states
from db.repositories.erasures import erase_student
from db.repositories.interactions import add_interactions, list_history, read_histories
from db.repositories.students import get_student
from ikt_model.config import resolve_config
from ikt_model.references import calibration_from_dict
from tests.builders import NOON, make_event, make_experiment, make_states, make_sweep, make_trial
from tests.stacks import STACK_NAMES

FIT = Path(__file__).parents[1] / "ikt_model/first_release/model/calibration.json"
DATASET, CALIBRATION, MODEL = uuid4(), uuid4(), uuid4()
EXPERIMENTS = {status: uuid4() for status in ("queued", "succeeded", "failed")}

# `resolve_config("small-dynamic")` of the first release, and its fingerprint
FIRST_CONFIG = {
    "model": {"type": "ikt", "d_model": 128, "n_heads": 4, "n_blocks": 2, "d_ff": 256, "dropout": 0.1,
              "window": 200},
    "reference": {"name": "rasch", "grid_points": 81, "em_iterations": 60},
    "loss": {"ability_alignment": "pointwise", "ability_target": "dynamic", "lambda_target": 0.3,
             "lambda_warmup_epochs": 1, "difficulty_weight": 1.0, "scale_weight": 0.0},
    "training": {"epochs": 8, "batch_tokens": 2048, "learning_rate": 0.001, "schedule": "one-cycle",
                 "weight_decay": 0.01, "gradient_clip": 1.0, "seed": 42},
}  # fmt: skip
FIRST_FINGERPRINT = "c7c292b19dfae4e4"


def _experiment(status: str, identifier: UUID) -> dict[str, Any]:
    ran = status != "queued"
    return {
        "id": identifier, "name": f"{status} one", "dataset_id": DATASET, "fold": 0,
        "preset": "small-dynamic", "config": FIRST_CONFIG, "config_fingerprint": FIRST_FINGERPRINT,
        "seed": 42, "status": status, "attempt": int(ran), "max_attempts": 5, "lease_owner": None,
        "lease_expires_at": None, "heartbeat_at": None, "cancel_requested": False, "progress": 0.0,
        "epochs_done": int(ran), "epochs": 8, "code_version": "0.1.0" if ran else None,
        "package_versions": {"torch": "2.13.0"} if ran else None,
        "device": "cpu" if ran else "auto",  # a worker replaced the device asked for by the one it took
        "error_type": "OutOfMemory" if status == "failed" else None, "error_detail": None,
        "metrics": {"auc": 0.73} if status == "succeeded" else None, "idempotency_key": status,
        "request_hash": "hash", "rung_at": NOON, "rings": 0, "created_at": NOON,
        "started_at": NOON if ran else None, "finished_at": NOON if ran else None,
    }  # fmt: skip


def _interaction(identifier: int, student_pk: int, event_id: str, *, minutes: int = 0) -> dict[str, Any]:
    return {
        "id": identifier, "student_pk": student_pk, "event_id": event_id, "skills": ["add"], "item": None,
        "correct": True, "occurred_at": NOON + timedelta(minutes=minutes),
        "received_at": NOON + timedelta(minutes=identifier),
    }  # fmt: skip


ROWS: Mapping[str, list[dict[str, Any]]] = {
    "datasets": [{
        "id": DATASET, "name": "classroom", "format": "pykt", "content_hash": "c0ffee", "n_students": 20,
        "n_responses": 400, "n_skills": 1, "n_folds": 5, "share_correct": 0.7, "statistics": {"a": 1.0},
        "artifact": "datasets/one.arrow", "created_at": NOON,
    }],
    "calibrations": [{
        "id": CALIBRATION, "dataset_id": DATASET, "fold": 0, "reference": "rasch",
        "settings": FIRST_CONFIG["reference"], "key": "key",
        "parameters": json.loads(FIT.read_text("utf-8")),
        "summary": {
            "beta_mean": -0.9422622613346611, "beta_std": 0.8744212035099229, "beta_min": -2.717364974245104,
            "beta_max": -0.18182947404337027, "ability_sd": 0.7064484214411282,
            "log_likelihood": -1256.739923223319, "iterations": 21.0, "n_students": 116.0,
            "n_responses": 2160.0,
        },
        "seconds": 1.5, "created_at": NOON,
    }],
    "experiments": [_experiment(status, identifier) for status, identifier in EXPERIMENTS.items()],
    "epoch_metrics": [{
        "experiment_id": EXPERIMENTS["succeeded"], "epoch": 1, "metrics": {"auc": 0.73}, "seconds": 2.0,
        "recorded_at": NOON,
    }],
    "models": [{
        "id": MODEL, "experiment_id": EXPERIMENTS["succeeded"], "name": "served", "artifact": "models/one",
        "metrics": {"auc": 0.73}, "status": "serving", "attempt": 1, "max_attempts": 5, "lease_owner": None,
        "lease_expires_at": None, "heartbeat_at": None, "rung_at": NOON, "rings": 0, "error_type": None,
        "error_detail": None, "created_at": NOON, "promoted_at": NOON,
    }],
    "skills": [{
        "model_id": MODEL, "position": 0, "name": "add", "difficulty": 0.5, "standard_error": None,
        "n_responses": 400,
    }],
    "students": [
        {"id": 1, "student_id": "ana", "n_interactions": 3, "created_at": NOON, "last_interaction_at": NOON},
        {"id": 2, "student_id": "bob", "n_interactions": 1, "created_at": NOON, "last_interaction_at": NOON},
        {"id": 3, "student_id": "new", "n_interactions": 0, "created_at": NOON, "last_interaction_at": None},
    ],
    "interactions": [
        _interaction(1, 1, "e9"), _interaction(2, 2, "e1"), _interaction(3, 1, "e1", minutes=-5),
        _interaction(4, 1, "e5"),
    ],
    "student_states": [{
        "student_pk": 1, "model_id": MODEL, "theta": 0.1, "theta_reference": 0.2, "theta_reference_sd": 0.5,
        "mastery": [0.6], "probability": [0.7], "mastery_reference": [0.5], "n_interactions": 1,
        "as_of": NOON,
    }],
}  # fmt: skip


@pytest.fixture(params=STACK_NAMES)
def first_release(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database at the first revision, every table of which holds a row."""
    if request.param == "embedded":
        yield from _filled(f"sqlite:///{tmp_path / 'first.db'}")
    else:
        with request.getfixturevalue("services").fresh_database(migrated=False) as url:
            yield from _filled(url)


def _filled(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    upgrade(engine, "0001")
    # A released revision never changes: what it left out, databases of that release do not have.
    schema = inspect(engine)
    assert {*schema.get_table_names()} == {*ROWS, "alembic_version"}
    for name, rows in ROWS.items():
        assert {column["name"] for column in schema.get_columns(name)} == rows[0].keys(), name
    with engine.begin() as connection:
        for name, rows in ROWS.items():
            connection.execute(sa.insert(_table(name)), rows)
        for name in ("students", "interactions") if engine.dialect.name == "postgresql" else ():
            last = f"(SELECT max(id) FROM {name})"
            connection.execute(sa.text(f"SELECT setval('{name}_id_seq', {last})"))
    yield engine
    engine.dispose()


# Columns that are gone, or of another type today
FIRST_TYPES: Mapping[str, dict[str, Any]] = {
    "interactions": {"id": BigKey},
    "student_states": dict.fromkeys(("mastery", "probability", "mastery_reference"), Json()),
}


def _table(name: str) -> sa.TableClause:
    """The columns that the first release knew."""
    types = {column.name: column.type for column in Base.metadata.tables[name].c} | FIRST_TYPES.get(name, {})
    return sa.table(name, *(sa.column(column, types[column]) for column in ROWS[name][0]))


def _stored(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """What is there of it."""
    found = {}
    with engine.connect() as connection:
        schema = inspect(connection)
        for name in ROWS:
            kept = {column["name"] for column in schema.get_columns(name)}
            columns = [column for column in _table(name).c if column.name in kept]
            found[name] = [dict(row) for row in connection.execute(sa.select(*columns)).mappings()]
    return _sorted(found)


def _sorted(found: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {name: sorted(rows, key=str) for name, rows in found.items()}


EXPECTED = _sorted(ROWS)


def _completed(rows: Mapping[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """The same with every setting that there is today; who has answered is scored again."""
    config = resolve_config("small-dynamic")
    named: dict[str, Any] = {
        "config": config.model_dump(mode="json"),
        "config_fingerprint": config.fingerprint(),
    }
    fit = {"settings": named["config"]["reference"]}
    return _sorted({
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
    after_upgrade = _stored(first_release)
    downgrade(first_release, "0001")
    assert after_upgrade == _completed(EXPECTED)
    assert _stored(first_release) == {**EXPECTED, "student_states": []}


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
    table = _table("interactions")
    with first_release.begin() as connection:
        mine = sa.select(table.c.event_id).where(table.c.student_pk == 1).order_by(table.c.id)
        assert connection.scalars(mine).all() == ["e9", "e1", "e5", "event--9", "last"]
        # The numbers go on by themselves.
        row = _interaction(0, 1, "next")
        connection.execute(sa.insert(table), {name: row[name] for name in row if name != "id"})
        assert connection.scalars(mine).all()[-1] == "next"
        with pytest.raises(sa.exc.IntegrityError):
            connection.execute(sa.insert(table), _interaction(99, 1, "next"))


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
    table = _table("experiments")
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
    table = _table("experiments")
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
