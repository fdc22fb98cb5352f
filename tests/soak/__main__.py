"""Mixed traffic from several processes while things break; then the accounts are settled: `make soak`.

Two APIs, two workers, and the servers that they stand on. Clients write down what they are told; a fault
strikes every 20 seconds; when all is quiet an accountant compares the journals with the database and with
what the service says. Prints tables, and fails when any promise was broken.
"""

import argparse
import secrets
import sys
import time
from pathlib import Path

from rich.console import Console

from db.engine import read_scope
from tests.running import System
from tests.soak import stage
from tests.soak.accountant import compare
from tests.soak.answering import check_answers
from tests.soak.claims import gather
from tests.soak.faults import Faults
from tests.soak.journal import Journal, read_journals
from tests.soak.memory import Life, Meter
from tests.soak.report import Outcome, show
from tests.soak.stage import Plan
from tests.soak.stored import read_stored
from tests.stacks import STACK_NAMES

N_CLIENTS = 4
FAULT_SECONDS = 20.0


def main() -> int:
    plan = _read_arguments()
    console = Console(width=120)
    console.print(f"{plan.minutes:g} minutes on the {plan.stack} stack, seed {plan.seed}")
    with stage.open_stage(plan) as (system, journals):
        lives = _run(system, journals, plan)
        outcome = _settle(system, journals, plan, lives)
    show(outcome, console)
    return 0 if outcome.is_kept else 1


def _run(system: System, journals: Path, plan: Plan) -> list[Life]:
    """Traffic and faults until time is over, then quiet."""
    errand = stage.prepare(system, journals, plan)
    journal = Journal(journals / "faults.jsonl")
    faults = Faults(system, journal, seed=plan.seed)
    with Meter([*system.apis, *system.workers]) as meter, stage.clients(errand, n=plan.n_clients):
        faults.rage(until=errand.until, every_seconds=plan.fault_seconds)
        time.sleep(max(0.0, errand.until - time.time()))
    stage.wait_for_quiet(system)
    faults.look_for_dead()
    journal.close()
    stage.prove_spared_worker(system, errand)
    return meter.lives()


def _settle(system: System, journals: Path, plan: Plan, lives: list[Life]) -> Outcome:
    claims = gather(read_journals(journals))
    with read_scope(system.sessions) as session:
        stored = read_stored(session)
    findings = compare(claims, stored, n_clients=plan.n_clients)
    return Outcome(
        title=f"Soak of {plan.minutes:g} minutes on the {plan.stack} stack, seed {plan.seed}",
        claims=claims,
        findings=[*findings, *check_answers(system, claims, seed=plan.seed)],
        lives=lives,
        spared=frozenset({system.apis[0].name, system.workers[0].name}),
    )


def _read_arguments() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long the traffic lasts")
    parser.add_argument("--stack", choices=STACK_NAMES, default="services")
    parser.add_argument("--seed", type=int, default=None, help="of traffic and faults; told in any case")
    parser.add_argument("--clients", type=int, default=N_CLIENTS)
    parser.add_argument("--every", type=float, default=FAULT_SECONDS, help="seconds from fault to fault")
    parser.add_argument("--keep", type=Path, default=None, help="folder to leave journals and logs in")
    given = parser.parse_args()
    return Plan(
        minutes=given.minutes,
        stack=given.stack,
        seed=secrets.randbelow(2**31) if given.seed is None else given.seed,
        n_clients=given.clients,
        fault_seconds=given.every,
        keep=given.keep,
    )


if __name__ == "__main__":
    sys.exit(main())
