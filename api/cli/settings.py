"""IKT_* variables as commands find them: what can't be is refused, what nobody reads is told."""

import os
from difflib import get_close_matches

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

from api.cli.console import stderr
from api.cli.failures import BadInput
from db.wrong_settings import PREFIX, WrongSettings, explain, require

NOT_SETTINGS = frozenset({"IKT_URL", "IKT_API_KEY", "IKT_ADDRESS", "IKT_DATA_DIR"})
"""What commands and docker-compose.yml read by themselves, and what everybody sets."""
OF_TESTS = ("IKT_TEST_", "IKT_BENCH_")


def require_settings() -> None:
    """Everything that API and worker read, before either is started. Raises BadInput."""
    try:
        require(*_kinds())
    except WrongSettings as wrong:
        raise _bad_input(wrong.lines) from wrong


def refusal_of(error: ValidationError | SettingsError) -> BadInput | None:
    """What to tell about settings that could not be read; None when the error is about something else."""
    if isinstance(error, SettingsError):
        return _bad_input(explain(error, BaseSettings))
    from db.settings import DatabaseSettings

    kinds: tuple[type[BaseSettings], ...] = (*_kinds(), DatabaseSettings)
    for kind in kinds:
        if error.title == kind.__name__:
            return _bad_input(explain(error, kind))
    return None


def warn_of_unknown() -> None:
    """One line about IKT_* variables that nothing reads, for they are misspelt."""
    names = {name for name in os.environ if name.startswith(PREFIX) and not name.startswith(OF_TESTS)}
    if not names - NOT_SETTINGS:
        return  # without the cost of reading the classes
    known = {PREFIX + field.upper() for kind in _kinds() for field in kind.model_fields}
    if unknown := sorted(names - NOT_SETTINGS - known):
        named = ", ".join(_with_nearest(name, known) for name in unknown)
        stderr().print(f"[yellow]![/] nothing reads {named}", soft_wrap=True)


def _with_nearest(name: str, known: set[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.8)
    return f"{name} (is {nearest[0]} meant?)" if nearest else name


def _kinds() -> tuple[type[BaseSettings], ...]:
    from api.settings import ApiSettings
    from worker.settings import WorkerSettings

    return ApiSettings, WorkerSettings


def _bad_input(lines: list[str]) -> BadInput:
    title = "A setting is wrong" if len(lines) == 1 else f"{len(lines)} settings are wrong"
    return BadInput(title, "\n  ".join(lines))
