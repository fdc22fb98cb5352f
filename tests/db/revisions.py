"""Rows as each revision of the schema had them, for the tests of upgrades.

A revision that landed never changes, and neither do its rows: they are written down here, not made by today's
code. A new revision adds a function to `CHANGES` that says what its databases hold besides.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.types import TypeEngine

from db.base import Json, UtcDateTime
from db.engine import create_engine, upgrade
from tests.builders import NOON

Row = dict[str, Any]
Rows = dict[str, list[Row]]

FIT = Path(__file__).parents[1] / "ikt_model/first_release/model/calibration.json"
DATASET, CALIBRATION, MODEL, SEARCH, FOLDS, RUNNING, PRUNED = (uuid4() for _ in range(7))
KEY, SUBJECT, TOKEN, ERASURE = (uuid4() for _ in range(4))
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


def _experiment(status: str, identifier: UUID) -> Row:
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


def interaction(identifier: int, student_pk: int, event_id: str, *, minutes: int = 0) -> Row:
    return {
        "id": identifier, "student_pk": student_pk, "event_id": event_id, "skills": ["add"], "item": None,
        "correct": True, "occurred_at": NOON + timedelta(minutes=minutes),
        "received_at": NOON + timedelta(minutes=identifier),
    }  # fmt: skip


ROWS: Rows = {
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
        interaction(1, 1, "e9"), interaction(2, 2, "e1"), interaction(3, 1, "e1", minutes=-5),
        interaction(4, 1, "e5"),
    ],
    "student_states": [{
        "student_pk": 1, "model_id": MODEL, "theta": 0.1, "theta_reference": 0.2, "theta_reference_sd": 0.5,
        "mastery": [0.6], "probability": [0.7], "mastery_reference": [0.5], "n_interactions": 1,
        "as_of": NOON,
    }],
}  # fmt: skip


def _with_searches(rows: Rows) -> Rows:
    """0002: cross-validations and sweeps, folds left out, and more settings."""
    settings: Mapping[str, Row] = {
        "model": {"mastery": "scalar", "prediction": "separate", "skill_rank": 64, "recurrent_width": 0,
                  "recurrent_dropout": 0.5},
        "reference": {"difficulty": "marginal", "ability": "posterior-mean"},
        "loss": {"lambda_schedule": "linear", "balancing": "fixed"},
    }  # fmt: skip
    config = {section: given | settings.get(section, {}) for section, given in FIRST_CONFIG.items()}
    stored = {"preset": "small-dynamic", "config": config, "config_fingerprint": "4001e1f9f2e0f103"}
    alone: Row = {
        "exclude_folds": [], "warnings": [], "cross_validation_id": None, "sweep_id": None, "trial": None,
        "trial_settings": None, "device_used": None,
    }  # fmt: skip
    running = {
        "lease_owner": "host:1:abc", "lease_expires_at": NOON, "heartbeat_at": NOON, "attempt": 2,
        "progress": 0.5, "package_versions": None, "finished_at": None,
    }  # fmt: skip
    trial: Row = {"sweep_id": SEARCH, "trial": 0, "trial_settings": {"loss.lambda_target": 0.1}}
    member = {"cross_validation_id": FOLDS, "warnings": ["doubtful"], "exclude_folds": [2]}
    submitted: Row = {
        "dataset_id": DATASET, "exclude_folds": [2], **stored, "request_hash": "hash", "created_at": NOON
    }  # fmt: skip
    return rows | {
        "cross_validations": [
            {"id": FOLDS, "name": "folds", "folds": [0, 1], "idempotency_key": "folds"} | submitted
        ],
        "sweeps": [{
            "id": SEARCH, "name": "search", "fold": 1, "device": "auto", "metric": "auc",
            "search": {"method": "grid", "space": {"loss.lambda_target": [0.0, 0.1]}},
            "direction": "maximise", "pruner": {"name": "none"}, "parallel": 2, "n_trials": 2,
            "status": "running", "n_created": 1, "idempotency_key": "search", "rung_at": NOON, "rings": 3,
            "finished_at": None, "error_type": None, "error_detail": None,
        } | {name: value for name, value in submitted.items() if name != "config_fingerprint"}],
        "calibrations": [
            row | {"exclude_folds": [], "settings": config["reference"]} for row in rows["calibrations"]
        ],
        "experiments": [
            *(row | alone | {"config": config, "config_fingerprint": stored["config_fingerprint"]}
              for row in rows["experiments"]),
            _experiment("running", RUNNING) | alone | running | stored | member,
            _experiment("pruned", PRUNED) | alone | stored | trial | {"package_versions": None},
        ],
    }  # fmt: skip


def _with_arrays(rows: Rows) -> Rows:
    """0003: arrivals are counted, states are arrays, students are in cohorts and wait for scoring."""
    float_of_one, count_of_one, time_of_one = b"\x00\x00\x00?", b"\x02\x00\x00\x00", bytes(7) + b"\x01"
    priors = {"prior_mastery": 0.4, "prior_probability": 0.5, "prior_mastery_reference": None}
    return rows | {
        "interactions": [_counted(row, rows["interactions"]) for row in rows["interactions"]],
        "student_states": [row | {
            **dict.fromkeys(("mastery", "probability", "mastery_reference"), float_of_one),
            "evidence": count_of_one, "last_practised": time_of_one, "mastered_at": bytes(8),
        } for row in rows["student_states"]],
        "students": [row | {"scoring_due": row["student_id"] == "bob"} for row in rows["students"]],
        "skills": [row | priors for row in rows["skills"]],
        "models": [row | {"scored_through": 2, "ability_sd": 0.7} for row in rows["models"]],
        "cohort_members": [{"cohort": "5b", "student_pk": 1}],
    }  # fmt: skip


def _counted(row: Row, rows: Iterable[Row]) -> Row:
    earlier = [one for one in rows if one["student_pk"] == row["student_pk"] and one["id"] < row["id"]]
    return {name: value for name, value in row.items() if name != "id"} | {"arrival": len(earlier)}


def _with_job_versions(rows: Rows) -> Rows:
    """0004: jobs say which worker they need."""
    return rows | {
        name: [row | {"job_version": version} for version, row in enumerate(rows[name], start=1)]
        for name in ("experiments", "sweeps", "models")
    }


def _with_tenants(rows: Rows) -> Rows:
    """0005: each root has a tenant, and tenants have keys."""
    roots = ("datasets", "experiments", "cross_validations", "sweeps", "models", "students", "cohort_members")
    return rows | {name: [row | {"tenant_pk": 1} for row in rows[name]] for name in roots} | {
        "tenants": [{"id": 1, "name": "default", "created_at": NOON}],
        "api_keys": [{
            "id": KEY, "tenant_pk": 1, "name": "gradebook", "prefix": "k7vq2mzd", "secret_hash": "ab" * 32,
            "scopes": ["read", "ingest"], "requests_per_minute": 600, "created_at": NOON,
            "expires_at": NOON + timedelta(days=90), "revoked_at": None, "last_used_at": NOON,
        }],
    }  # fmt: skip


def _with_erasures(rows: Rows) -> Rows:
    """0006: erasures, the audit log, and what was trained on students who were erased since."""
    return rows | {
        "experiments": [
            row | {"erased_students": 1, "content_hash": "c0ffee"} for row in rows["experiments"]
        ],
        "models": [row | {"erased_students": 1} for row in rows["models"]],
        "student_tokens": [{"student_pk": 1, "token": TOKEN}],
        "erasures": [{
            "id": ERASURE, "tenant_pk": 1, "origin": "request", "key_id": KEY, "student_id": None,
            "subject": SUBJECT, "student_pk": None, "student_created_at": None, "n_interactions": 3,
            "n_states": 1, "n_cohorts": 1, "n_experiments": 1, "n_models": 1, "datasets": [str(DATASET)],
            "attempt": 1, "lease_owner": None, "lease_expires_at": None, "due_at": NOON, "error_type": None,
            "error_detail": None, "requested_at": NOON, "finished_at": NOON,
        }],
        "audit_entries": [{
            "id": 1, "tenant_pk": 1, "at": NOON, "key_id": KEY, "operation": "delete_student",
            "method": "DELETE", "status": 202, "subject": SUBJECT, "resource": None,
        }],
    }  # fmt: skip


def _with_devices(rows: Rows) -> Rows:
    """0007: experiments say on how many devices they train."""
    return rows | {"experiments": [row | {"devices": 2} for row in rows["experiments"]]}


CHANGES: Mapping[str, Callable[[Rows], Rows]] = {
    "0001": lambda _: ROWS,
    "0002": _with_searches,
    "0003": _with_arrays,
    "0004": _with_job_versions,
    "0005": _with_tenants,
    "0006": _with_erasures,
    "0007": _with_devices,
}
NOT_CARRIED_OVER: Mapping[str, set[str]] = {"0003": {"student_states"}}
"""Tables that a revision empties in either direction: what they held is computed again."""


def rows_at(revision: str) -> Rows:
    """What a database of that revision holds, table by table: every table, and every column."""
    rows: Rows = {}
    for name, change in CHANGES.items():
        rows = change(rows)
        if name == revision:
            return rows
    raise KeyError(f"revision {revision} has no rows: say in {__name__}.CHANGES what its databases hold")


@contextmanager
def filled(url: str, revision: str) -> Iterator[Engine]:
    """A database at that revision, with its rows. Fails where a table or a column of it is left out."""
    engine = create_engine(url)
    try:
        upgrade(engine, revision)
        rows, schema = rows_at(revision), inspect(engine)
        assert {*schema.get_table_names()} == {*rows, "alembic_version"}
        for name, stored in rows.items():
            columns = {column["name"] for column in schema.get_columns(name)}
            assert all(row.keys() == columns for row in stored), name
        with engine.begin() as connection:
            insert_rows(connection, rows)
        yield engine
    finally:
        engine.dispose()


def insert_rows(connection: Connection, rows: Rows) -> None:
    """Store rows in place of a revision's own, with nothing said about columns that they do not have."""
    schema = inspect(connection)
    for name, _ in schema.get_sorted_table_and_fkc_names():
        if name in rows:
            connection.execute(sa.delete(sa.table(name)))
            connection.execute(sa.insert(table_of(name, rows)), rows[name])
    # Keys of our own choice leave PostgreSQL's counters behind.
    for name in rows if connection.dialect.name == "postgresql" else ():
        if f"{name}_id_seq" in schema.get_sequence_names():
            connection.execute(sa.text(f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))"))


def stored_rows(engine: Engine, like: Rows) -> Rows:
    """What is there of the tables and columns that `like` has."""
    found: Rows = {}
    with engine.connect() as connection:
        schema = inspect(connection)
        there = {*schema.get_table_names()}
        for name in like:
            if name in there:
                kept = {column["name"] for column in schema.get_columns(name)}
                columns = [column for column in table_of(name, like).c if column.name in kept]
                found[name] = [dict(row) for row in connection.execute(sa.select(*columns)).mappings()]
    return in_order(found)


def in_order(rows: Rows) -> Rows:
    """The same, so that equal ones compare equal."""
    return {name: sorted(stored, key=str) for name, stored in rows.items()}


def table_of(name: str, rows: Rows) -> sa.TableClause:
    """The columns that the rows have, of the types that their values have."""
    return sa.table(
        name, *(sa.column(column, _type_of([row[column] for row in rows[name]])) for column in rows[name][0])
    )


def _type_of(values: Iterable[Any]) -> TypeEngine[Any]:
    value = next((value for value in values if value is not None), None)
    kinds: tuple[tuple[type | tuple[type, ...], TypeEngine[Any]], ...] = (
        (bool, sa.Boolean()), (int, sa.BigInteger()), (float, sa.Double()), (str, sa.Text()),
        (UUID, sa.Uuid()), (datetime, UtcDateTime()), ((dict, list), Json()), (bytes, sa.LargeBinary()),
    )  # fmt: skip
    return next((known for kind, known in kinds if isinstance(value, kind)), sa.types.NullType())
