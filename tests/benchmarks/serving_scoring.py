"""Scoring: one more response against the whole history, uploads by the hundred thousand, everybody anew.

As a program, the side that works in a process of its own with one thread: told the model's folder, how many
increments, and which model to promote, it prints what they took as JSON.
"""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import numpy as np

from db.artifacts import open_artifacts
from db.engine import session_scope
from db.repositories import models
from tests.benchmarks.serving_figures import Figure
from tests.benchmarks.serving_meter import Meter, seconds_of
from tests.benchmarks.serving_stage import ROOT, Api, Stage

if TYPE_CHECKING:
    from ikt_model.inference import Engine

HISTORY = 200
STUDENTS = 16  # as many as there are clients who answer
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
MOST_DIFFERENCE = 1e-5
EVENTS_OF_STUDENT = 50


def measure_scoring(stage: Stage, name: str, *, students: int) -> list[Figure]:
    """A response to histories that are known against the histories anew; then a promotion over everybody."""
    with stage.sessions(name) as sessions, session_scope(sessions) as session:
        artifact = models.start_promotion(session, stage.model_id).artifact
    folder = open_artifacts(stage.settings(name)).fetch(artifact)
    command = [sys.executable, "-m", "tests.benchmarks.serving_scoring"]
    before = seconds_of(stage.postgres_pid)
    ended = subprocess.run(
        [*command, str(folder), str(stage.scale.extensions), str(stage.model_id)],
        cwd=ROOT,
        env=stage.environment(name) | ONE_THREAD,
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        raise RuntimeError(f"scoring failed:\n{ended.stderr}")
    found = json.loads(ended.stdout.splitlines()[-1])
    found["rescore"]["postgres_seconds"] = seconds_of(stage.postgres_pid) - before
    return [*_increments(found["together"], found["alone"]), *_rescoring(stage, found["rescore"], students)]


def _increments(together: dict[str, float], alone: dict[str, float]) -> list[Figure]:
    row = f"incremental against full recomputation, {HISTORY}-step history"
    students = f"{STUDENTS} students together"
    difference = max(together["difference"], alone["difference"])
    times, times_alone = (found["full_ms"] / found["increment_ms"] for found in (together, alone))
    return [
        Figure(row, "times faster", times, least=8.0, beside=students),
        Figure(row, "times faster, one student", times_alone, beside="alone"),
        Figure(row, "incremental", together["increment_ms"], "ms", beside=students),
        Figure(row, "full", together["full_ms"], "ms", beside=students),
        Figure(row, "incremental, one student", alone["increment_ms"], "ms"),
        Figure(row, "full, one student", alone["full_ms"], "ms"),
        Figure(row, "into the cache, one student", alone["load_ms"], "ms", beside="what a miss costs"),
        Figure(row, "greatest difference", difference, most=MOST_DIFFERENCE),
    ]


def _rescoring(stage: Stage, found: dict[str, float], students: int) -> list[Figure]:
    row = f"rescore {students:,} students × {stage.scale.steps} steps"
    return [
        Figure(row, "rate", students / found["seconds"], "students/s", least=1500, beside="one thread"),
        Figure(row, "per second of the worker's CPU", students / found["cpu_seconds"], "students/s"),
        Figure(row, "seconds", found["seconds"], "s"),
        Figure(row, "worker: CPU of a student", found["cpu_seconds"] / students * 1e6, "µs"),
        Figure(row, "PostgreSQL: CPU of a student", found["postgres_seconds"] / students * 1e6, "µs"),
    ]


def measure_upload(stage: Stage, api: Api) -> list[Figure]:
    """Events of many students in the order of time, sent by `ikt students send`."""
    scale, rates, meter = stage.scale, [], Meter(stage, api)
    for number in range(scale.bulk_rounds):
        file = stage.folder / f"events-{number}.ndjson"
        _write_events(file, scale.bulk, scale.names)
        command = [sys.executable, "-m", "api.cli", "students", "send", str(file), "--url", api.url, "--json"]
        before = meter.spent()
        environment = stage.environment("few")
        sent = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        meter.add(scale.bulk, before)
        if sent.returncode:
            raise RuntimeError(f"the upload failed:\n{sent.stderr}")
        told = json.loads(sent.stdout)
        assert told["accepted"] == scale.bulk, told
        rates.append(told["events_per_second"])
        file.unlink()
    row = f"bulk NDJSON, {scale.bulk:,} events, scoring deferred"
    return [
        Figure(row, "rate", median(rates), "events/s", least=50_000, beside="sending to answer"),
        *meter.figures(row, each="an event"),
    ]


def _write_events(file: Path, n_events: int, skills: list[str]) -> None:
    n_students = max(1, n_events // EVENTS_OF_STUDENT)
    start = datetime.now(UTC) - timedelta(days=1)
    with file.open("w") as lines:
        for number in range(n_events):
            student, step = number % n_students, number // n_students
            time_of = (start + timedelta(milliseconds=number)).isoformat()
            skill = skills[(student + step // 4) % len(skills)]
            lines.write(
                f'{{"student_id":"bulk-{student}","event_id":"{uuid4()}","skill":"{skill}",'
                f'"correct":{"false" if number % 3 else "true"},"timestamp":"{time_of}"}}\n'
            )


def _measure_increments(engine: "Engine", n: int, *, n_students: int) -> dict[str, float]:
    """Medians over n times, ms, and how far the answers are apart."""
    from ikt_model.inference import Histories, History, Seen

    skills = [[engine.skills[step // 4 % len(engine.skills)]] for step in range(HISTORY)]
    responses = [int(step % 3 != 0) for step in range(HISTORY)]
    before, new, whole = (
        Histories.of([History(skills[steps], responses[steps])] * n_students)
        for steps in (slice(HISTORY - 1), slice(HISTORY - 1, None), slice(None))
    )
    seen = [Seen((number, 0), HISTORY - 1) for number in range(n_students)]
    taken: dict[str, list[float]] = {"load_ms": [], "increment_ms": [], "full_ms": []}
    difference = 0.0
    for _ in range(n):
        engine.forget([one.key for one in seen])
        moments = [time.perf_counter()]
        engine.load_students(seen, before)
        moments.append(time.perf_counter())
        extended = engine.extend(seen, new).scores
        moments.append(time.perf_counter())
        anew = engine.score(whole)
        moments.append(time.perf_counter())
        for name, seconds in zip(taken, np.diff(moments), strict=True):
            taken[name].append(seconds * 1000)
        for column in ("theta", "theta_reference", "mastery", "probability", "mastery_reference"):
            apart = np.abs(getattr(extended, column) - getattr(anew, column)).max()
            difference = max(difference, float(apart))
    return {name: median(all_of) for name, all_of in taken.items()} | {"difference": difference}


def _measure_rescoring(model_id: UUID) -> dict[str, float]:
    """Seconds of a promotion, and of its processor."""
    from worker.promotion import promote
    from worker.settings import WorkerSettings

    began, cpu = time.perf_counter(), time.process_time()
    assert promote(model_id, settings=WorkerSettings())
    return {"seconds": time.perf_counter() - began, "cpu_seconds": time.process_time() - cpu}


def main(folder: str, n: str, model_id: str) -> None:
    from ikt_model.inference import Engine

    engine = Engine.load(Path(folder))
    found = {
        "together": _measure_increments(engine, int(n), n_students=STUDENTS),
        "alone": _measure_increments(engine, int(n), n_students=1),
        "rescore": _measure_rescoring(UUID(model_id)),
    }
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
