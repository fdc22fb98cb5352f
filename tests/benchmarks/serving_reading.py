"""Reading: against a bare endpoint with the same bytes, and from a large table against a small one."""

import json
import sys
from urllib.parse import quote

import httpx

from tests.benchmarks.serving_figures import Figure, alternate, middle, ratio
from tests.benchmarks.serving_load import Heard, Plan, ask, get, read_hard
from tests.benchmarks.serving_meter import Meter
from tests.benchmarks.serving_stage import Api, Stage
from tests.benchmarks.serving_tables import bytes_of_rows, sequential_scans
from tests.keys import HEADERS

CLIENTS = 16
RATE = 200.0  # reads per second of the two tables
BARE = [sys.executable, "-m", "tests.benchmarks.serving_bare"]


def rate(heard: Heard) -> float:
    return heard.rate


def p99(heard: Heard) -> float:
    return heard.p99_ms


def address(student_id: str) -> str:
    return f"/students/{quote(student_id)}/mastery"


def measure_reading(stage: Stage, api: Api) -> list[Figure]:
    """Mastery of the same students read again and again, then again with what is known of it."""
    ids = [f"known-{number}" for number in range(stage.scale.read)]
    with httpx.Client(base_url=api.url, headers=HEADERS, trust_env=False) as client:
        answers = {student_id: client.get(address(student_id)).raise_for_status() for student_id in ids}
    bodies = stage.folder / "bodies.json"
    bodies.write_text(json.dumps({student_id: answer.text for student_id, answer in answers.items()}))
    environment = stage.environment("few") | {"IKT_BENCH_BODIES": str(bodies)}
    reads = [get(address(student_id)) for student_id in ids]
    conditional = [get(address(one), etag=answer.headers["etag"]) for one, answer in answers.items()]
    nothing = [get(f"/unchanged/{quote(student_id)}") for student_id in ids]
    meter = Meter(stage, api)
    with stage.process(BARE, environment) as bare:
        bare.wait_for(address(ids[0]))
        ours, theirs, known, empty = alternate(
            stage.scale.rounds,
            meter.around(lambda: _read(stage, api, reads)),
            lambda: _read(stage, bare, reads),
            lambda: _read(stage, api, conditional),
            lambda: _read(stage, bare, nothing),
        )
    size = sum(len(answer.content) for answer in answers.values()) / len(answers)
    row, skills = f"GET …/mastery, {stage.scale.skills} skills", f"{size / 1000:.1f} KB"
    return [
        Figure(row, "rate to bare", ratio(ours, theirs, rate), least=0.5, beside=f"{CLIENTS} clients"),
        Figure(row, "p99 to bare", ratio(ours, theirs, p99), most=3.0),
        Figure(row, "rate", middle(ours, rate), "/s", beside=skills),
        Figure(row, "p99", middle(ours, p99), "ms"),
        Figure(row, "bare: rate", middle(theirs, rate), "/s", beside="the same bytes"),
        Figure(row, "bare: p99", middle(theirs, p99), "ms"),
        *meter.figures(row, each="a read"),
        Figure("If-None-Match hit", "rate to bare", ratio(known, theirs, rate), least=0.7, beside="200"),
        Figure("If-None-Match hit", "rate to bare 304", ratio(known, empty, rate), beside="no bytes"),
        Figure("If-None-Match hit", "rate", middle(known, rate), "/s"),
        Figure("If-None-Match hit", "bare 304: rate", middle(empty, rate), "/s"),
    ]


def _read(stage: Stage, api: Api, requests: list[bytes]) -> Heard:
    plan = Plan(port=api.port, requests=requests, clients=CLIENTS, seconds=stage.scale.seconds)
    return read_hard(plan)


def measure_tables(stage: Stage, small: Api, many: str, *, students: int) -> list[Figure]:
    """Students read for the first time, at one rate, from the large table and from the small one."""
    scale = stage.scale
    scans = sequential_scans(stage, many)
    with stage.apis((many, {})) as (large,):
        small_reads, large_reads = _reads(stage, scale.few), _reads(stage, students)
        for api, reads in ((small, small_reads), (large, large_reads)):
            _read_steadily(stage, api, reads[-1:], 0)
        of_small, of_large = iter(range(scale.rounds)), iter(range(scale.rounds))
        meter = Meter(stage, large)
        heard = alternate(
            scale.rounds,
            meter.around(lambda: _read_steadily(stage, large, large_reads, next(of_large))),
            lambda: _read_steadily(stage, small, small_reads, next(of_small)),
        )
    in_large, in_small = heard
    row = f"table of {students:,} students, {students * scale.steps:,} interactions"
    scans = sequential_scans(stage, many) - scans
    return [
        Figure(row, "p99 to that of the small table", ratio(in_large, in_small, p99), most=1.5),
        Figure(row, "sequential scans", scans, most=0),
        Figure(row, "p99", middle(in_large, p99), "ms", beside=f"{RATE:g} reads/s, each for the first time"),
        Figure(row, f"p99, {scale.few:,} students", middle(in_small, p99), "ms"),
        Figure(row, "p50", middle(in_large, lambda one: one.p50_ms), "ms"),
        *meter.figures(row, each="a first read"),
        Figure(row, "on disk", stage.gigabytes(many), "GB"),
        *(
            Figure(row, f"{table}: a row", size, "bytes")
            for table, size in bytes_of_rows(stage, many).items()
        ),
    ]


def _reads(stage: Stage, students: int) -> list[bytes]:
    """Reads of students from all over the table, none twice, and none who were read again and again."""
    first, n = stage.scale.read, stage.scale.asked_once
    return [
        get(address(f"known-{first + number * 7919 % n * (students - first) // n}")) for number in range(n)
    ]


def _read_steadily(stage: Stage, api: Api, requests: list[bytes], number: int) -> Heard:
    seconds = stage.scale.seconds
    first = round(number * seconds * RATE)
    plan = Plan(port=api.port, requests=requests, clients=CLIENTS, seconds=seconds, rate=RATE, first=first)
    return ask(plan)
