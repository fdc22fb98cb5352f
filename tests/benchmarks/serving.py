"""How fast are students served? `make bench-serving`, STUDENTS=1000000 or FULL=1 for a table of a million.

A durable PostgreSQL of its own, one `ikt api` process, load from another process (wrk where there is one),
and a model of a preset, trained for an epoch on a simulated classroom (MODEL=skill-wise for the resolved
one, which has a recurrent layer beside its two blocks). What is compared is measured in turns. Prints a table
and one line of JSON, and fails when a bound is missed. Everything that it writes lies in the temporary folder
and is gone at the end: about 2 GB, and 14 GB with a million students.
"""

import json
import os
import platform
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace

from rich.console import Console

from db.engine import session_scope
from db.repositories import models
from ikt_model.config import resolve_config
from tests.benchmarks.serving_answering import HISTORY, measure_answering, measure_batching
from tests.benchmarks.serving_figures import Figure, as_json, draw
from tests.benchmarks.serving_reading import measure_reading, measure_tables
from tests.benchmarks.serving_scoring import measure_scoring, measure_upload
from tests.benchmarks.serving_stage import FULL, PRESET, Api, Group, Scale, Stage, open_stage
from tests.benchmarks.serving_tables import copy_states, fill, serve_at_once, settle_log
from worker.promotion import promote

Say = Callable[[str], object]

MILLION = 1_000_000
GROUPS_WHO_ANSWER = ("answering", "together", "alone")


def measure(scale: Scale, *, say: Say = lambda _: None) -> list[Figure]:
    """Every row of the table; `say` is told what is being done."""
    with open_stage(scale) as stage, stage.database("few"):
        say(f"a table of {scale.few:,} students")
        groups = [Group(prefix, scale.answering, HISTORY) for prefix in GROUPS_WHO_ANSWER]
        fill(stage, "few", [Group("known", scale.few, scale.steps), *groups])
        with stage.sessions("few") as sessions, session_scope(sessions) as session:
            models.start_promotion(session, stage.model_id)
        promote(stage.model_id, settings=stage.settings("few"))
        settle_log(stage, "few")
        with stage.apis(("few", {}), ("few", {"IKT_BATCH_SIZE": "1"})) as (api, alone):
            say("reading")
            figures = measure_reading(stage, api)
            say("answering")
            figures += measure_answering(stage, api)
            say("micro-batching")
            figures += measure_batching(stage, api, alone)
            say("uploads")
            figures += measure_upload(stage, api)
            figures += _measure_large(stage, api, say)
    return figures


def _measure_large(stage: Stage, small: Api, say: Say) -> list[Figure]:
    scale = stage.scale
    with stage.database("rescored"), ExitStack() as opened:
        say(f"scoring {scale.rescored:,} students")
        fill(stage, "rescored", [Group("known", scale.rescored, scale.steps)])
        figures = measure_scoring(stage, "rescored", students=scale.rescored)
        many = "rescored"
        if scale.many != scale.rescored:
            say(f"a table of {scale.many:,} students")
            many = opened.enter_context(stage.database("many"))
            fill(stage, many, [Group("known", scale.many, scale.steps)])
            serve_at_once(stage, many)
            copy_states(stage, many)
        say("both tables")
        return figures + measure_tables(stage, small, many, students=scale.many)


def main(students: str, full: str) -> int:
    many = int(students) if students else MILLION if full else FULL.many
    scale = replace(FULL, many=many)
    console = Console(stderr=True)
    with console.status("starting") as status:
        figures = measure(scale, say=lambda text: status.update(f"measuring: {text}"))
    network = resolve_config(PRESET, {}).model.model_dump()
    model = f"{PRESET}, {network['n_blocks']} blocks, {network['d_model']} wide, {scale.skills} skills"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    load = "wrk" if shutil.which("wrk") else "asyncio client"
    Console().print(draw(figures, title=f"{model}; {machine}; reading by {load}"))
    missed = [f"{one.row}: {one.name}" for one in figures if one.met is False]
    line = {"model": model, "machine": machine, "load": load, "figures": as_json(figures), "missed": missed}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    main_arguments = [*sys.argv[1:], "", ""]
    sys.exit(main(*main_arguments[:2]))
