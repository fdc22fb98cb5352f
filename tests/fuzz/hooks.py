"""What schemathesis must know of this service besides its document: what exists, and what can be read."""

import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, HookContext
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response

from api.schemas.experiments import DATASET_ID
from tests.fuzz.datasets import csv_files
from tests.keys import HEADERS

STAGE = json.loads(Path(os.environ["FUZZ_STAGE"]).read_text())
STREAM = "/experiments/{experiment_id}/events"
ENDED = ("succeeded", "failed", "cancelled", "pruned")
LISTS = {
    "experiment": "experiment_id",
    "candidate": "experiment_id",
    "student_id": "student_id",
    "skill": "skill",
}
LINES = "application/x-ndjson"
EVENT: dict[str, Any] = {
    "type": "object",
    "required": ["data", "event"],
    "properties": {
        "event": {"enum": ["epoch", "progress", "end"]},
        "data": {
            "type": "string",
            "contentMediaType": "application/json",
            "contentSchema": {"type": "object"},
        },
        "id": {"type": "string", "pattern": "^[0-9]+$"},
        "retry": {"type": "integer"},
    },
}
UPLOADS = ("/datasets", "/experiments/{experiment_id}/evaluations")
LONGEST_URL = 60_000  # the server itself refuses request lines of 64 KiB

# What is refused although no schema could say so: it depends on what is stored, or on a file's inside.
BEYOND_SCHEMAS = {
    "bad-cursor": "a cursor is opaque; only those that a page gave are valid",
    "not-acceptable": "Accept may name anything",
    "skills-unknown": "the serving model's skills are its own",
    "experiment-refused": "settings depend on each other, and on the dataset",
    "sweep-refused": "settings depend on each other, and on the dataset",
    "evaluation-refused": "a file may be about other skills than the model",
    "dataset-unreadable": "any text may be sent as a file",
    "dataset-bad-rows": "any text may be sent as a file",
    "idempotency-key-reused": "a key may have been used before",
}
DETAILS_BEYOND_SCHEMAS = (
    "must not lie in the future",
    "must lie after the beginning of the year 1970",
    "can't be given with",  # parameters that exclude each other
    "give either skill or skills",  # the dictionary's skill may be put beside skills
    "skill ",  # unknown to the model
    "low ",  # a range's bounds depend on each other
    "high ",
    "step ",
    "has ",  # more points than a sweep may try
)


@schemathesis.serializer(LINES)
def write_lines(context: Any, value: Any) -> bytes:  # noqa: ARG001
    """Items of a list as lines, anything else as the one line that there is."""
    lines = value if isinstance(value, list) else [value]
    return "\n".join(json.dumps(line) for line in lines).encode()


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:  # noqa: ARG001
    """OpenAPI 3.1 can't say what a line or an event is.

    Lines are items of the list that may be sent instead. What schemathesis takes for the schema of a stream
    is that of each event.
    """
    content = raw_schema["paths"]["/interactions"]["post"]["requestBody"]["content"]
    content[LINES] = {"schema": content["application/json"]["schema"]}
    stream = raw_schema["paths"][STREAM]["get"]["responses"]["200"]["content"]
    stream["text/event-stream"] = {"schema": EVENT}
    raw_schema["paths"] = _about_this_stage(raw_schema["paths"])
    raw_schema["components"] = _about_this_stage(raw_schema["components"])
    # What is erased is nothing that others are to find.
    raw_schema["components"]["schemas"]["ErasureCreate"]["examples"] = [
        {"student_id": STAGE["spent"]["student_id"][0]}
    ]
    for path, methods in raw_schema["paths"].items():
        for method, operation in methods.items():
            is_spent = method == "delete" or path.endswith(("/cancel", "/retry"))
            for parameter in operation.get("parameters", ()):
                _give_example(parameter, STAGE["kept"] | (STAGE["spent"] if is_spent else {}))


def _give_example(parameter: dict[str, Any], names: dict[str, list[str]]) -> None:
    """Something that exists, for what the coverage phase leaves as it is while it varies the rest."""
    name, is_list = parameter["name"], parameter["schema"].get("type") == "array"
    known = names.get("experiment_id" if name == "baseline" else LISTS.get(name, name))
    if known:
        parameter["example"] = known[:2] if is_list else known[0]


def _about_this_stage(document: Any) -> Any:
    """The examples speak of things that nobody has here; let them speak of what is."""
    skills, kept = STAGE["kept"]["skill"], STAGE["kept"]
    text = json.dumps(document)
    for example, real in {
        '"57"': json.dumps(skills[0]),
        "skills/57": f"skills/{skills[0]}",
        "fractions": skills[0],
        "decimals": skills[1],
        DATASET_ID: kept["dataset_id"][0],
        '"learner-16894"': json.dumps(kept["student_id"][0]),
    }.items():
        text = text.replace(example, real)
    return json.loads(text)


@schemathesis.hook
def map_query(context: HookContext, query: dict[str, Any] | None) -> dict[str, Any] | None:  # noqa: ARG001
    """Put things that exist in most places of lists."""
    for name, kind in LISTS.items():
        if query and isinstance(query.get(name), list):
            known = STAGE["kept"][kind]
            query[name] = [_exchange(value, known, is_id=kind == "experiment_id") for value in query[name]]
    return query


@schemathesis.hook
def flatmap_body(context: HookContext, body: Any) -> st.SearchStrategy[Any]:
    """Files that can nearly always be read, besides those that are anything at all."""
    if context.operation is None or context.operation.path not in UPLOADS:
        return st.just(body)
    texts = csv_files().map(lambda content: content.decode("utf-8", "replace"))
    if isinstance(body, str):
        return st.just(body) | texts
    if isinstance(body, dict) and isinstance(body.get("file"), str):
        return texts.map(lambda text: {**body, "file": text})
    return st.just(body)


def _exchange(value: Any, known: list[str], *, is_id: bool) -> Any:
    if not isinstance(value, str) or not value or len(value) > 100 or (is_id and not _is_uuid(value)):
        return value
    place = sum(value.encode()) % (len(known) + 1)
    return known[place] if place < len(known) else value


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


@schemathesis.hook
def filter_case(context: HookContext, case: Case) -> bool:  # noqa: ARG001
    return len(str(case.query or "")) < LONGEST_URL / 12


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:  # noqa: ARG001
    """Listen only where the experiment has ended: a stream of one that waits would be read for ever."""
    if case.operation.path != STREAM or case.path_parameters is None or case.method != "GET":
        return
    experiment_id = str(case.path_parameters.get("experiment_id", ""))
    if _is_uuid(experiment_id):
        found = httpx.get(f"{STAGE['url']}/experiments/{experiment_id}", headers=HEADERS, trust_env=False)
        if found.status_code == 200 and found.json()["status"] not in ENDED:
            case.path_parameters["experiment_id"] = STAGE["kept"]["experiment_id"][0]


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:  # noqa: ARG001
    """Whether it is a defect."""
    if failure.code == "ST202":
        return not (_is_beyond_schemas(response) or _is_half_negative(case))
    if failure.code == "ST201" and response.status_code == 200:
        return not _told_of_each(response)
    # DELETE /cohorts/mastery forgets a cohort of that name, so that OPTIONS names it besides GET.
    return not (failure.code == "ST205" and case.operation.path == "/cohorts/mastery")


def _is_half_negative(case: Case) -> bool:
    """Cases of the coverage phase take headers from a template whose values may break their pattern."""
    return case.meta is not None and any(part.mode.is_negative for part in case.meta.components.values())


def _is_beyond_schemas(response: Response) -> bool:
    problem = response.json()
    slug = problem["type"].removeprefix("/problems/")
    details = [error.get("detail", "") for error in problem.get("errors") or []]
    return slug in BEYOND_SCHEMAS or (
        details != [] and all(detail.startswith(DETAILS_BEYOND_SCHEMAS) for detail in details)
    )


def _told_of_each(response: Response) -> bool:
    """With `partial` an answer is given although single responses are refused; it says which.

    Statements about other matters are ignored as they are, and counted.
    """
    told = response.json()
    return isinstance(told, dict) and bool(told.get("refused") or told.get("ignored"))
