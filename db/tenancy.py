"""Whose rows a session sees: those of one tenant, or of all. One that was told neither sees and writes none.

Statements of the ORM get the tenant by themselves, and so do new rows. What is written in SQL asks
`tenant_of` and names the tenant; statements about tables instead of classes are refused.
"""

from enum import Enum
from functools import lru_cache
from typing import Any, Final, Literal, TypeAlias

from sqlalchemy import Table, event
from sqlalchemy.orm import (
    LoaderCriteriaOption,
    ORMExecuteState,
    Session,
    UOWTransaction,
    sessionmaker,
    with_loader_criteria,
)
from sqlalchemy.sql.util import find_tables

from db.base import Base
from db.errors import TenantMissing, TenantsMixed
from db.models.access import Owned


class _Every(Enum):
    TENANT = "every tenant"


EVERY_TENANT: Final = _Every.TENANT
TenantScope: TypeAlias = int | Literal[_Every.TENANT]
"""The primary key of one tenant, or EVERY_TENANT."""

INFO_KEY = "ikt_tenant"
_KEPT_CRITERIA = 4096  # tenants


def watch(sessions: sessionmaker[Session]) -> None:
    """Let sessions of that factory see what their tenant may."""
    event.listen(sessions, "do_orm_execute", _limit_statement)
    event.listen(sessions, "before_flush", _mark_new_rows)


def tenant_of(session: Session) -> int:
    """The one tenant of the session. Raises TenantMissing, also where it sees every tenant's rows."""
    scope = scope_of(session)
    if scope is EVERY_TENANT:
        raise TenantMissing("this session sees the rows of every tenant: open one for a single tenant")
    return scope


def scope_of(session: Session) -> TenantScope:
    """Raises TenantMissing where the session was not told."""
    scope: TenantScope | None = session.info.get(INFO_KEY)
    if scope is None:
        raise TenantMissing("this session has no tenant: pass one to session_scope or read_scope")
    return scope


def _limit_statement(state: ORMExecuteState) -> None:
    scope = scope_of(state.session)
    if not state.is_orm_statement:
        _refuse_owned_tables(state.statement)
    elif scope is EVERY_TENANT:
        return
    elif state.is_insert:
        _fill_in_tenant(state, scope)
    else:
        state.statement = state.statement.options(_criteria(scope))


@lru_cache(maxsize=_KEPT_CRITERIA)
def _criteria(tenant: int) -> LoaderCriteriaOption:
    return with_loader_criteria(Owned, lambda row: row.tenant_pk == tenant, include_aliases=True)


def _fill_in_tenant(state: ORMExecuteState, tenant: int) -> None:
    mapper, statement = state.bind_mapper, state.statement
    if mapper is None or not issubclass(mapper.class_, Owned):
        return
    if "tenant_pk" in (statement._select_names or ()):  # type: ignore[attr-defined]
        return
    if statement._select_names or statement._multi_values:  # type: ignore[attr-defined]
        raise TenantsMixed("rows of a tenant are inserted as parameters, or by a SELECT with tenant_pk")
    state.statement = statement.values(tenant_pk=tenant)  # type: ignore[attr-defined]


def _refuse_owned_tables(statement: Any) -> None:
    for table in find_tables(statement, check_columns=True, include_crud=True, include_selects=True):
        if isinstance(table, Table) and table.name in _owned_tables():
            raise TenantsMixed(f"a statement about the table {table.name!r} has no tenant: use its class")


@lru_cache(maxsize=1)
def _owned_tables() -> frozenset[str]:
    owned = [mapper for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)]
    return frozenset(str(mapper.local_table) for mapper in owned)


def _mark_new_rows(session: Session, context: UOWTransaction, instances: object) -> None:  # noqa: ARG001
    scope = scope_of(session)
    for row in session.new:
        if not isinstance(row, Owned):
            continue
        if row.tenant_pk is None and scope is not EVERY_TENANT:
            row.tenant_pk = scope
        if row.tenant_pk is None:
            raise TenantMissing(f"the new {type(row).__name__} has no tenant, and neither has its session")
        if scope not in (EVERY_TENANT, row.tenant_pk):
            raise TenantsMixed(f"the new {type(row).__name__} is another tenant's than its session")
