"""Answering: one interaction sent, the refreshed mastery in the reply."""

from datetime import UTC, datetime
from itertools import count, cycle

from tests.benchmarks.serving_figures import Figure, alternate, middle, ratio
from tests.benchmarks.serving_load import NUMBER, Heard, Plan, ask, post
from tests.benchmarks.serving_meter import Meter, memory
from tests.benchmarks.serving_reading import p99, rate
from tests.benchmarks.serving_stage import Api, Stage

CLIENTS, MANY_CLIENTS = 16, 32
RATE = 160.0  # answers per second
HISTORY = 100  # responses that the students have given before

_numbers = count()


def p50(heard: Heard) -> float:
    return heard.p50_ms


def measure_answering(stage: Stage, api: Api) -> list[Figure]:
    """As fast as 16 clients can, and at a rate such as a platform has."""
    answers = _answers(stage, "answering")
    cold = _answer(stage, api, _answers(stage, "known", stage.scale.few), clients=CLIENTS)
    _answer(stage, api, answers, clients=CLIENTS)  # the caches fill
    meter = Meter(stage, api)
    hard, steady = alternate(
        stage.scale.rounds,
        meter.around(lambda: _answer(stage, api, answers, clients=CLIENTS)),
        lambda: _answer(stage, api, answers, clients=CLIENTS, rate=RATE),
    )
    row = f"POST of one interaction, {HISTORY}-step history, {CLIENTS} clients"
    each = "the next as soon as one is answered"
    return [
        Figure(row, "rate", middle(hard, rate), "/s", least=150, beside=each),
        Figure(row, "p50", middle(hard, p50), "ms", most=25),
        Figure(row, "p99", middle(hard, p99), "ms", most=100),
        Figure(row, f"p50 at {RATE:g}/s", middle(steady, p50), "ms", most=25),
        Figure(row, f"p99 at {RATE:g}/s", middle(steady, p99), "ms", most=100),
        *meter.figures(row, each="an answer"),
        Figure(row, "rate, students not kept", cold.rate, "/s", beside=f"{stage.scale.steps}-step history"),
        Figure(row, "API: memory", memory(api), "MB"),
    ]


def measure_batching(stage: Stage, together: Api, alone: Api) -> list[Figure]:
    """Requests that arrive together handled together, against each by itself."""
    of_together, of_alone = _answers(stage, "together"), _answers(stage, "alone")
    for api, answers in ((together, of_together), (alone, of_alone)):
        _answer(stage, api, answers, clients=MANY_CLIENTS)
    on, off = alternate(
        stage.scale.rounds,
        lambda: _answer(stage, together, of_together, clients=MANY_CLIENTS),
        lambda: _answer(stage, alone, of_alone, clients=MANY_CLIENTS),
    )
    row = f"micro-batching on against off, {MANY_CLIENTS} clients"
    return [
        Figure(row, "rate to that without", ratio(on, off, rate), least=2.0),
        Figure(row, "on: rate", middle(on, rate), "/s"),
        Figure(row, "off: rate", middle(off, rate), "/s"),
        Figure(row, "on: p99", middle(on, p99), "ms"),
        Figure(row, "off: p99", middle(off, p99), "ms"),
    ]


def _answers(stage: Stage, prefix: str, students: int | None = None) -> list[bytes]:
    """A response of each student, to a skill of their course."""
    skills = cycle(stage.scale.names)
    return [
        post(
            f"/students/{prefix}-{number}/interactions",
            {
                "event_id": f"answer-{NUMBER.decode()}",
                "skill": next(skills),
                "correct": number % 3 != 0,
                "timestamp": datetime.now(UTC).isoformat(),
            },
        )
        for number in range(students or stage.scale.answering)
    ]


def _answer(
    stage: Stage, api: Api, answers: list[bytes], *, clients: int, rate: float | None = None
) -> Heard:
    plan = Plan(
        port=api.port,
        requests=answers,
        clients=clients,
        seconds=stage.scale.seconds,
        rate=rate,
        first=next(_numbers) * 1_000_000,
    )
    return ask(plan)
