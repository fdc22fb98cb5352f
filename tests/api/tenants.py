"""A tenant with one of everything, on a service that others use too."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from api.security.issue import issue_key
from db.artifacts import ArtifactStore
from db.base import Base, utc_now
from db.engine import SessionFactory, read_scope, session_scope
from db.lifecycle import ModelStatus
from db.models import Experiment
from db.repositories import cross_validations
from db.repositories.tenants import find_tenant
from db.tenancy import EVERY_TENANT
from tests.api.support import Service, events_csv
from tests.api.training import Trained
from tests.builders import make_experiment, make_model, make_sweep
from worker.stores import predictions_key, report_key

PLENTY = 2**31 - 1  # requests per minute
N_STUDENTS = 12  # of the cohort: smaller ones are not told of

# Tables without a tenant of their own: the column that leads to the row that has one.
PARENTS = {
    "interactions": ("student_pk", "students"),
    "student_states": ("student_pk", "students"),
    "student_tokens": ("student_pk", "students"),
    "skills": ("model_id", "models"),
    "epoch_metrics": ("experiment_id", "experiments"),
    "calibrations": ("dataset_id", "datasets"),
}


@dataclass
class Tenant:
    """Who asks, and an identifier of each kind that they have."""

    service: Service
    name: str
    pk: int
    headers: Mapping[str, str]
    things: dict[str, str] = field(default_factory=dict)

    @property
    def sessions(self) -> SessionFactory:
        return self.service.sessions.of(self.pk)

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return self.service.client.request(method, path, headers=headers, **options)

    def rows(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything that is stored of the tenant, table by table; but when a key was last used."""
        with read_scope(self.service.sessions, tenant=EVERY_TENANT) as session:
            return {
                table.name: _rows(session, table, self.pk)
                for table in Base.metadata.sorted_tables
                if table.name not in ("tenants", "api_keys")
            }


def _rows(session: Session, table: Table, tenant_pk: int) -> list[tuple[Any, ...]]:
    if "tenant_pk" in table.c:
        mine = table.c.tenant_pk == tenant_pk
    else:
        column, parent_name = PARENTS.get(table.name, ("", ""))
        assert column, f"say in PARENTS whose the rows of {table.name} are"
        parent = Base.metadata.tables[parent_name]
        mine = table.c[column].in_(select(parent.c.id).where(parent.c.tenant_pk == tenant_pk))
    rows = session.connection().execute(select(table).where(mine).order_by(*table.primary_key)).all()
    return [tuple(bytes(cell) if hasattr(cell, "tobytes") else cell for cell in row) for row in rows]


def open_tenant(service: Service, trained: Trained, name: str) -> Tenant:
    """A new tenant with one of everything; its model is the trained one under another name.

    The service asks for keys, and shares its stack with the trained one.
    """
    key = issue_key(service.sessions, tenant=name, name=name, scopes=("admin",), requests_per_minute=PLENTY)
    with read_scope(service.sessions, tenant=EVERY_TENANT) as session:
        found = find_tenant(session, name)
        assert found is not None
    headers = {"Authorization": f"Bearer {key.token.text}"}
    tenant = Tenant(service, name, found.id, headers, {"key": str(key.shown.id)})
    _upload(tenant)
    with session_scope(tenant.sessions) as session:
        experiments = _add_rows(session, tenant, trained)
    for experiment in experiments:
        _copy_files(service.resources.store, UUID(trained.candidate["id"]), experiment.id)
    _answer(tenant, trained.skills[0])
    return tenant


def _upload(tenant: Tenant) -> None:
    for number in range(2):
        content = events_csv(f"{tenant.name}-{number}")
        files = {"file": (f"{tenant.name}-{number}.csv", content)}
        stored = tenant.ask("POST", "/datasets", files=files).raise_for_status().json()
    tenant.things |= {"dataset": stored["id"], "content": f"{tenant.name}-1"}


def _add_rows(session: Session, tenant: Tenant, trained: Trained) -> list[Experiment]:
    """Experiments that have succeeded, in and out of a cross-validation and a sweep; the last one's model
    serves.
    """
    dataset_id = UUID(tenant.things["dataset"])
    done: dict[str, Any] = {
        "dataset_id": dataset_id, "status": "succeeded", "progress": 1.0, "epochs_done": 2,
        "metrics": trained.candidate["metrics"],
    }  # fmt: skip
    for number in range(2):
        validation = cross_validations.add_cross_validation(
            session, name=f"{tenant.name}-validation-{number}", dataset_id=dataset_id, folds=[0, 1],
            exclude_folds=[], preset="small-dynamic", config={}, config_fingerprint="0123456789abcdef",
        )  # fmt: skip
        sweep = make_sweep(session, dataset_id=dataset_id, name=f"{tenant.name}-sweep-{number}")
    experiments = [
        make_experiment(
            session, **done, name=f"{tenant.name}-{fold}", fold=fold, cross_validation_id=validation.id
        )
        for fold in range(2)
    ]
    once = f"{tenant.name}-once"
    experiments += [
        make_experiment(
            session,
            **done,
            name=f"{tenant.name}-trial",
            sweep_id=sweep.id,
            trial=0,
            idempotency_key=f"{once}-more",
            request_hash="hash",
        ),
        make_experiment(
            session, **done, name=f"{tenant.name}-run", idempotency_key=once, request_hash="hash"
        ),
    ]
    for experiment in experiments[-2:]:
        model = make_model(
            session, experiment_id=experiment.id, name=experiment.name, skills=trained.skills,
            artifact=f"experiments/{trained.candidate['id']}/model", metrics=trained.candidate["metrics"],
        )  # fmt: skip
    model.status, model.promoted_at = ModelStatus.SERVING, utc_now()
    tenant.things |= {
        "experiment": str(experiments[-1].id), "cross_validation": str(validation.id),
        "sweep": str(sweep.id), "model": str(model.id), "idempotency_key": once,
        "other_idempotency_key": f"{once}-more",
    }  # fmt: skip
    return experiments


def _copy_files(store: ArtifactStore, trained: UUID, experiment_id: UUID) -> None:
    for key in (predictions_key, report_key):
        source = Path(store.fetch(key(trained)))
        copy = source.with_name(f"{experiment_id}-{source.name}")
        shutil.copyfile(source, copy)
        store.put_file(copy, key(experiment_id))
        copy.unlink()


def _answer(tenant: Tenant, skill: str) -> None:
    """Students who answered and were scored, in two cohorts."""
    students = [f"{tenant.name}-student-{number}" for number in range(N_STUDENTS)]
    events = [str(uuid4()) for _ in range(2)]
    lines = [
        {"student_id": student, "event_id": event, "skill": skill, "correct": True}
        for student in students
        for event in events
    ]
    loaded = tenant.ask("POST", "/interactions?scoring=immediate", json=lines).raise_for_status().json()
    assert (loaded["accepted"], loaded["scoring"]) == (2 * N_STUDENTS, "done")
    for number in range(2):
        cohort = f"{tenant.name}-class-{number}"
        body = {"student_ids": students}
        tenant.ask("PUT", f"/cohorts/{cohort}/students", json=body).raise_for_status()
    named = {"student": students[-1], "event": events[-1], "cohort": cohort, "skill": skill}
    tenant.things |= named | {"other_student": students[-2], "other_cohort": f"{tenant.name}-class-0"}
    for student in students[:2]:
        made = tenant.ask("POST", "/erasures", json={"student_id": student}).raise_for_status().json()
    tenant.things["erasure"] = made["id"]
