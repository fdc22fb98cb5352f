"""Where new responses leave their students: one step further where possible, else read anew.

S students, N responses, K skills.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import compress
from operator import not_
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from api.inference import gather, histories_of, seen
from api.serving import ServingModel
from db.base import from_microseconds, to_microseconds
from db.engine import SessionFactory, read_scope, session_scope
from db.repositories.interactions import NewInteraction, StoredHistories, Touched, read_histories
from db.repositories.states import (
    Head,
    State,
    StateBatch,
    clear_due,
    read_heads,
    read_states,
    upsert_states,
)

if TYPE_CHECKING:
    from api.inference import Engine, Scores

STUDENTS_AT_ONCE = 64  # others wait for the engine meanwhile
MOST_NEW_STEPS = 64  # beyond, reading the history anew costs no more

New = Mapping[str, Sequence[NewInteraction]]


def refresh_states(
    session: Session, engine: Engine, model: ServingModel, students: Sequence[Touched], new: New
) -> dict[str, State]:
    """The states of these students after their `new` responses, which are stored already; stored as well.

    The engine then remembers students who exist only if the transaction commits: when it fails, it has to
    forget them.
    """
    known = read_states(session, model.id, [one.pk for one in students])
    states = {one.student_id: known[one.pk] for one in students if one.pk in known}
    behind = [one for one in students if _included(known, one) != one.n_interactions]
    goes_on = [_included(known, one) == one.n_before and _goes_on(one, new) for one in behind]
    further = list(compress(behind, goes_on))
    anew = list(compress(behind, map(not_, goes_on)))
    batches = [_extend(session, engine, model, further, new, known)] if further else []
    batches += [_read_anew(session, engine, model, anew)] if anew else []
    if batches:
        batch = _together(batches)
        upsert_states(session, batch)
        states |= {one.student_id: _state(batch, row) for row, one in enumerate(further + anew)}
    return states


def score_anew(
    sessions: SessionFactory, engine: Engine, model: ServingModel, student_ids: Sequence[str]
) -> None:
    """Bring the states of these students up to date from everything that is known of them.

    Some at a time, and each step in a transaction of its own: nobody is locked while the engine works, nor
    are states locked before students, which would be crosswise to those who store responses.
    """
    for first in range(0, len(student_ids), STUDENTS_AT_ONCE):
        with read_scope(sessions) as session:
            heads = read_heads(session, model.id, student_ids[first : first + STUDENTS_AT_ONCE]).values()
            behind = [head for head in heads if head.n_included != head.n_interactions]
            histories = read_histories(session, [head.pk for head in behind])
        if behind:
            batch = _score(engine, model, behind, histories)
            with session_scope(sessions) as session:
                upsert_states(session, batch)
        with session_scope(sessions) as session:
            clear_due(session, model.id, [(head.pk, head.n_interactions) for head in heads])


def _included(known: Mapping[int, State], student: Touched) -> int | None:
    state = known.get(student.pk)
    return None if state is None else state.n_interactions


def _goes_on(student: Touched, new: New) -> bool:
    """Whether what is new follows upon everything that was known, and is not too much."""
    events = new[student.student_id]
    is_late = student.last_before is not None and any(
        event.occurred_at < student.last_before for event in events
    )
    return not is_late and len(events) <= MOST_NEW_STEPS


def _extend(
    session: Session,
    engine: Engine,
    model: ServingModel,
    students: Sequence[Touched],
    new: New,
    known: Mapping[int, State],
) -> StateBatch:
    before = [seen(one.pk, one.created_at, one.n_before) for one in students]
    missing = [index for index, is_missing in enumerate(engine.missing(before)) if is_missing]
    if missing:
        histories = read_histories(session, [students[index].pk for index in missing])
        old = _first(histories, [students[index].n_before for index in missing])
        engine.load_students([before[index] for index in missing], histories_of(old))
    # The sort is stable: of one moment, what came first comes first.
    steps = [sorted(new[one.student_id], key=lambda event: event.occurred_at) for one in students]
    try:
        scores = engine.extend(before, gather(steps)).scores
    except KeyError:  # the cache is too small for all of them
        return _read_anew(session, engine, model, students)
    times = np.array([to_microseconds(event.occurred_at) for events in steps for event in events], np.int64)
    offsets = np.cumsum([0, *map(len, steps)])
    states = [known[one.pk] for one in students]
    practised, mastered = (
        _times(scores.last_step, offsets, times),
        _times(scores.mastered_step, offsets, times),
    )
    practised_before = np.stack([state.last_practised for state in states])
    mastered_before = np.stack([state.mastered_at for state in states])
    return _batch(
        model,
        students,
        scores,
        last_practised=np.where(practised > 0, practised, practised_before),
        mastered_at=np.where(mastered_before > 0, mastered_before, mastered),
    )


def _read_anew(
    session: Session, engine: Engine, model: ServingModel, students: Sequence[Touched | Head]
) -> StateBatch:
    return _score(engine, model, students, read_histories(session, [one.pk for one in students]))


def _score(
    engine: Engine, model: ServingModel, students: Sequence[Touched | Head], histories: StoredHistories
) -> StateBatch:
    scores = engine.score(histories_of(histories))
    times = histories.occurred_at
    return _batch(
        model,
        students,
        scores,
        last_practised=_times(scores.last_step, histories.offsets, times),
        mastered_at=_times(scores.mastered_step, histories.offsets, times),
    )


def _first(histories: StoredHistories, counts: Sequence[int]) -> StoredHistories:
    """The first so many responses of each student."""
    lengths = np.diff(histories.offsets)
    place = np.arange(len(histories.responses)) - np.repeat(histories.offsets[:-1], lengths)
    is_kept = place < np.repeat(counts, lengths)
    return replace(
        histories,
        offsets=np.cumsum([0, *np.minimum(counts, lengths)]),
        skill_sets=histories.skill_sets[is_kept],
        responses=histories.responses[is_kept],
        occurred_at=histories.occurred_at[is_kept],
    )


def _times(
    steps: NDArray[np.int32], offsets: NDArray[np.int64], times: NDArray[np.int64]
) -> NDArray[np.int64]:
    """When these steps [S, K] of each student happened, µs since 1970; 0 for a step before the first."""
    if not len(times):
        return np.zeros(steps.shape, np.int64)
    return np.where(steps >= 0, times[offsets[:-1, None] + np.maximum(steps, 0)], 0)


def _batch(
    model: ServingModel,
    students: Sequence[Touched | Head],
    scores: Scores,
    *,
    last_practised: NDArray[np.int64],
    mastered_at: NDArray[np.int64],
) -> StateBatch:
    return StateBatch(
        model_id=model.id,
        student_pks=np.array([one.pk for one in students], np.int64),
        n_interactions=np.array([one.n_interactions for one in students], np.int64),
        as_of=np.array(
            [to_microseconds(one.last_interaction_at or one.created_at) for one in students], np.int64
        ),
        last_practised=last_practised,
        mastered_at=mastered_at,
        theta=scores.theta,
        theta_reference=scores.theta_reference,
        theta_reference_sd=scores.theta_reference_sd,
        mastery=scores.mastery,
        probability=scores.probability,
        mastery_reference=scores.mastery_reference,
        evidence=scores.evidence,
    )


def _together(batches: Sequence[StateBatch]) -> StateBatch:
    names = [field.name for field in fields(StateBatch) if field.name != "model_id"]
    columns = {name: np.concatenate([getattr(batch, name) for batch in batches]) for name in names}
    return StateBatch(model_id=batches[0].model_id, **columns)


def _state(batch: StateBatch, row: int) -> State:
    """One student's state, as it would be read back."""
    return State(
        model_id=batch.model_id,
        student_pk=int(batch.student_pks[row]),
        theta=float(batch.theta[row]),
        theta_reference=float(batch.theta_reference[row]),
        theta_reference_sd=float(batch.theta_reference_sd[row]),
        n_interactions=int(batch.n_interactions[row]),
        as_of=from_microseconds(int(batch.as_of[row])),
        mastery=batch.mastery[row],
        probability=batch.probability[row],
        mastery_reference=batch.mastery_reference[row],
        evidence=batch.evidence[row],
        last_practised=batch.last_practised[row],
        mastered_at=batch.mastered_at[row],
    )
