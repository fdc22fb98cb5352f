"""Random lives of many rows at once, on both databases; FUZZ_EXAMPLES says how many."""

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from tests.db.repositories.model_lives import Lives

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))


def test_every_life_follows_the_account(shared_engine: Engine) -> None:
    lives = type("LivesHere", (Lives,), {"engine": shared_engine})
    run_state_machine_as_test(
        lives,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=40,
            deadline=None,
            # Each time others, where the time is taken to try many.
            derandomize="FUZZ_EXAMPLES" not in os.environ,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
