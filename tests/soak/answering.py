"""What the service says in the end, held against what clients know and against the model asked anew."""

import random
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from db.artifacts import open_artifacts
from db.engine import read_scope
from db.repositories import models
from ikt_model.inference import Engine, Histories, History
from tests.running import System
from tests.soak.accountant import Finding
from tests.soak.claims import Claims
from tests.soak.students import Event

SAMPLE = 200
TOLERANCE = 1e-5


def check_answers(system: System, claims: Claims, *, seed: int) -> Iterator[Finding]:
    """Of a sample of students at every API process, and of those who were erased."""
    rng = random.Random(seed)
    names = rng.sample(sorted(claims.events), min(SAMPLE, len(claims.events)))
    gone = rng.sample(sorted(claims.erased), min(SAMPLE, len(claims.erased)))
    expected = _score_anew(system, {name: claims.events[name] for name in names})
    for api in system.apis:
        with api.client() as client:
            for name in names:
                yield from _check_mastery(name, client, n=len(claims.events[name]), expected=expected[name])
            for name in gone:
                yield from _check_gone(name, client)


def _score_anew(system: System, events: Mapping[str, dict[str, Event]]) -> dict[str, dict[str, float]]:
    """θ and the mastery of each skill by student, from what the clients sent and nothing that was kept."""
    with read_scope(system.sessions) as session:
        serving = models.find_serving_model(session)
        assert serving is not None, "no model serves"
        artifact = serving.artifact
    engine = Engine.load(open_artifacts(system.settings).fetch(artifact))
    scores = engine.score(Histories.of([_history(some) for some in events.values()]))
    return {
        name: {"theta": float(scores.theta[place])}
        | dict(zip(engine.skills, scores.mastery[place].tolist(), strict=True))
        for place, name in enumerate(events)
    }


def _history(events: dict[str, Event]) -> History:
    in_order = sorted(events.values(), key=lambda event: event["timestamp"])
    return History([event["skills"] for event in in_order], [int(event["correct"]) for event in in_order])


def _check_mastery(
    name: str, client: httpx.Client, *, n: int, expected: Mapping[str, float]
) -> Iterator[Finding]:
    answer = client.get(f"/students/{name}/mastery")
    if not answer.is_success:
        yield Finding("lost", f"mastery of {name}: {answer.status_code} {answer.text}")
        return
    told: dict[str, Any] = answer.json()
    if (told["n_interactions"], told["n_pending"]) != (n, 0):
        detail = f"{told['n_interactions']} included, {told['n_pending']} pending, {n} accepted"
        yield Finding("stuck", f"mastery of {name}: {detail}")
    said = {"theta": told["theta"]} | {one["skill"]: one["mastery"] for one in told["skills"]}
    apart = max(abs(said[key] - expected[key]) for key in expected)
    if apart > TOLERANCE:
        yield Finding("wrong", f"mastery of {name} is {apart:.2g} away from a fresh scoring")


def _check_gone(name: str, client: httpx.Client) -> Iterator[Finding]:
    for path in ("", "/mastery", "/trajectory", "/export"):
        status = client.get(f"/students/{name}{path}").status_code
        if status != httpx.codes.NOT_FOUND:
            yield Finding("wrong", f"erased {name}{path} answers {status}")
