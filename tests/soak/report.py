"""The closing table."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from tests.soak.accountant import KINDS, Finding
from tests.soak.claims import Claims
from tests.soak.journal import Record
from tests.soak.memory import MEBIBYTE, Life

MOST_GROWTH = 0.05
SHORTEST_JUDGED_SECONDS = 300.0
"""Lives that are shorter are shown only: caches of a minute are still filling."""
MOST_DETAILS = 40


@dataclass(frozen=True, slots=True)
class Outcome:
    """All that is told in the end."""

    title: str
    claims: Claims
    findings: Sequence[Finding]
    lives: Sequence[Life]
    spared: frozenset[str]
    """Processes that were never ended, whose memory is judged."""

    @property
    def grown(self) -> list[Life]:
        """Lives that took more and more memory."""
        return [life for life in self.lives if is_judged(life, self.spared) and life.growth > MOST_GROWTH]

    @property
    def is_kept(self) -> bool:
        """Whether every promise was kept."""
        return not self.findings and not self.grown


def is_judged(life: Life, spared: frozenset[str]) -> bool:
    return life.name in spared and life.seconds >= SHORTEST_JUDGED_SECONDS


def show(outcome: Outcome, console: Console) -> None:
    """Print everything plainly."""
    console.print(f"\n{outcome.title}\n")
    for table in (_traffic(outcome.claims), _faults(outcome.claims), _memory(outcome), _promises(outcome)):
        console.print(table)
    for finding in outcome.findings[:MOST_DETAILS]:
        console.print(f"{finding.kind}: {finding.detail}", markup=False, highlight=False)
    if len(outcome.findings) > MOST_DETAILS:
        console.print(f"… and {len(outcome.findings) - MOST_DETAILS} more")
    console.print("every promise was kept" if outcome.is_kept else "promises were broken")


def _traffic(claims: Claims) -> Table:
    table = Table("request", "sent", "p50 ms", "p99 ms", "503 announced", "connection lost", title="Traffic")
    for kind, answers in _by(claims.answers, lambda answer: str(answer["kind"])):
        took = [answer["seconds"] * 1e3 for answer in answers if answer["error"] is None]
        p50, p99 = np.percentile(took, (50, 99)) if took else (float("nan"), float("nan"))
        announced = sum(answer["status"] == 503 for answer in answers)
        lost = sum(answer["error"] is not None for answer in answers)
        table.add_row(kind, f"{len(answers):,}", f"{p50:.1f}", f"{p99:.0f}", f"{announced}", f"{lost}")
    return table


def _faults(claims: Claims) -> Table:
    table = Table("fault", "struck", "longest s", title="Faults")
    for name, faults in _by(claims.faults, lambda fault: str(fault["name"])):
        longest = max(fault["ended"] - fault["began"] for fault in faults)
        table.add_row(name, f"{len(faults)}", f"{longest:.1f}")
    return table


def _memory(outcome: Outcome) -> Table:
    table = Table("process", "seconds", "after warm-up", "at the end", "growth", "by a line", title="Memory")
    for life in outcome.lives:
        judged = f"at most {MOST_GROWTH:.0%}" if is_judged(life, outcome.spared) else "not judged"
        first, last = (f"{used / MEBIBYTE:.1f} MiB" for used in (life.first_bytes, life.last_bytes))
        growth = f"{life.growth:+.1%} ({judged})"
        table.add_row(life.name, f"{life.seconds:.0f}", first, last, growth, f"{life.slope:+.1%}")
    return table


def _promises(outcome: Outcome) -> Table:
    claims = outcome.claims
    found = Counter(finding.kind for finding in outcome.findings)
    table = Table("promise", "broken", title="Accounts")
    n_events = sum(map(len, claims.events.values()))
    table.caption = (
        f"{n_events:,} responses of {len(claims.events):,} students, {len(claims.erased)} erased; "
        f"{len(claims.experiments)} experiments, {len(claims.cancelled)} cancelled; "
        f"{len(claims.datasets)} datasets"
    )
    for kind in KINDS:
        table.add_row(kind, f"{found[kind]}")
    table.add_row("memory", f"{len(outcome.grown)}")
    return table


def _by(records: Iterable[Record], name: Callable[[Record], str]) -> list[tuple[str, list[Record]]]:
    groups: dict[str, list[Record]] = {}
    for record in records:
        groups.setdefault(name(record), []).append(record)
    return sorted(groups.items())
