"""Groups of students: who is in them, and how well they master skills. n students, K skills."""

from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote, urlencode

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.cursors import decode_cursor, encode_cursor
from api.schemas.cohorts import CohortMasteryRead, CohortPage, CohortRead, CohortSkill, GroupMastery
from api.services.refusals import CohortTooSmall, NoServingModel
from api.serving import ServingModels
from db.repositories import cohorts
from ikt_model.levels import MASTERED

LISTING = "cohort"


def set_members(session: Session, cohort: str, student_ids: Sequence[str]) -> CohortRead:
    """Let the cohort consist of these students. Raises StudentsNotFound."""
    distinct = list(dict.fromkeys(student_ids))
    cohorts.set_members(session, cohort, distinct)
    return _present(cohort, len(distinct))


def list_cohorts(session: Session, *, cursor: str | None, limit: int) -> CohortPage:
    """By name. Raises BadCursor."""
    after = None if cursor is None else decode_cursor(LISTING, cursor)
    found = cohorts.list_cohorts(session, after=after, limit=limit + 1)
    shown = found[:limit]
    return CohortPage(
        items=[_present(*one) for one in shown],
        next_cursor=encode_cursor(LISTING, shown[-1].cohort) if len(found) > limit else None,
    )


def delete_cohort(session: Session, cohort: str) -> None:
    """Forget the cohort, not its students. Raises CohortNotFound."""
    cohorts.delete_cohort(session, cohort)


def show_mastery(
    session: Session,
    serving: ServingModels,
    *,
    cohort: str | None,
    student_ids: Sequence[str] | None,
    active_since: datetime | None,
    minimum: int,
) -> CohortMasteryRead:
    """Means over the students that meet every condition.

    Raises NoServingModel, CohortNotFound, StudentsNotFound, and CohortTooSmall for fewer than `minimum`, also
    where the others of the cohort, or of all, are so few: the difference of two means would show them.
    """
    model = serving.current(session)
    if model is None:
        raise NoServingModel
    overall, practised = _Moments(len(model.names)), _Moments(len(model.names))
    n_students = 0
    chunks = cohorts.iterate_mastery(
        session, model.id, cohort=cohort, student_ids=student_ids, active_since=active_since
    )
    for evidence, mastery in chunks:
        n_students += len(mastery)
        exists = np.isfinite(mastery)
        overall.add(mastery, exists)
        practised.add(mastery, exists & (evidence > 0))
    if n_students < minimum:
        raise CohortTooSmall(minimum)
    if student_ids is not None or active_since is not None:
        n_others = cohorts.count_scored(session, model.id, cohort=cohort) - n_students
        if 0 < n_others < minimum:
            raise CohortTooSmall(minimum, are_others=True)
    hidden = practised.too_few(among=overall, minimum=minimum)
    skills = zip(model.names, overall.present(), practised.present(hidden), strict=True)
    return CohortMasteryRead(
        model=model.reference,
        cohort=cohort,
        active_since=active_since,
        n_students=n_students,
        skills=[CohortSkill(skill=name, overall=every, practised=some) for name, every, some in skills],
    )


class _Moments:
    """Mean and spread of each skill's mastery over students, chunk by chunk (Chan, Golub & LeVeque 1983)."""

    def __init__(self, n_skills: int) -> None:
        self.n = np.zeros(n_skills, np.int64)
        self._mean = np.zeros(n_skills)
        self._squares = np.zeros(n_skills)  # of the distances from the mean
        self._mastered = np.zeros(n_skills, np.int64)

    def add(self, mastery: NDArray[np.float32], chosen: NDArray[np.bool_]) -> None:
        """The chosen cells of a chunk [n, K]."""
        values = np.where(chosen, mastery, 0).astype(np.float64)
        n = chosen.sum(axis=0)
        mean = values.sum(axis=0) / np.maximum(n, 1)
        squares = (np.where(chosen, values - mean, 0) ** 2).sum(axis=0)
        together = np.maximum(self.n + n, 1)
        apart = mean - self._mean
        self._squares += squares + apart**2 * self.n * n / together
        self._mean += apart * n / together
        self._mastered += (chosen & (mastery >= MASTERED)).sum(axis=0)
        self.n += n

    def too_few(self, *, among: "_Moments", minimum: int) -> NDArray[np.bool_]:
        """Where these students, or the others, are so few that single ones could be worked out [K]."""
        others = among.n - self.n
        return (self.n < minimum) | ((others > 0) & (others < minimum))

    def present(self, hidden: NDArray[np.bool_] | None = None) -> list[GroupMastery]:
        """One group per skill; without its figures where they are hidden."""
        kept = self.n > 0 if hidden is None else (self.n > 0) & ~hidden
        n = np.maximum(self.n, 1)
        sd = np.where(self.n > 1, np.sqrt(self._squares / np.maximum(self.n - 1, 1)), np.nan)
        columns = (np.where(kept, values, np.nan).tolist() for values in (self._mean, sd, self._mastered / n))
        return [
            GroupMastery(n=count, mean=mean, sd=spread, share_mastered=share)
            for count, mean, spread, share in zip(self.n.tolist(), *columns, strict=True)
        ]


def _present(cohort: str, n_students: int) -> CohortRead:
    links = {
        "students": f"/cohorts/{quote(cohort, safe='')}/students",
        "mastery": f"/cohorts/mastery?{urlencode({'cohort': cohort})}",
    }
    return CohortRead(cohort=cohort, n_students=n_students, links=links)
