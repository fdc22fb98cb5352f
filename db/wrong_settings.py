"""Settings that can't be, told in one line each to whoever typed them."""

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_settings import BaseSettings, SettingsError

PREFIX = "IKT_"
LIST = """should be a JSON list of texts, such as ["https://school.example"]"""

Refusal = ValidationError | SettingsError


class WrongSettings(ValueError):
    """What stands in IKT_* variables is not possible; `lines` has one for each."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = [*dict.fromkeys(lines)]
        super().__init__("; ".join(self.lines))


def require(*kinds: type[BaseSettings]) -> None:
    """Read them all, so that everything wrong is told together. Raises WrongSettings."""
    lines: list[str] = []
    for kind in kinds:
        try:
            kind()
        except (ValidationError, SettingsError) as error:
            lines += explain(error, kind)
    if lines:
        raise WrongSettings(lines)


def explain(error: Refusal, kind: type[BaseSettings]) -> list[str]:
    """A line for each setting of that kind: its variable, the value, and what is possible."""
    if isinstance(error, SettingsError):  # a list that is no JSON; pydantic names the field in words alone
        named = re.search(r'field "(\w+)"', str(error))
        return [f"{_shown(named[1])} {LIST}" if named else str(error)]
    return [_line(told, kind) for told in error.errors(include_url=False, include_input=False)]


def _line(told: Mapping[str, Any], kind: type[BaseSettings]) -> str:
    reason = str(told["msg"]).removeprefix("Value error, ").removeprefix("Input ")
    if not told["loc"]:  # about several: its text names them as the code does
        fields = "|".join(kind.model_fields)
        return re.sub(rf"\b({fields})\b", lambda name: PREFIX + name[0].upper(), reason)
    return f"{_shown(str(told['loc'][0]))} {reason}"


def _shown(field: str) -> str:
    variable = PREFIX + field.upper()
    value = os.environ.get(variable)
    # Addresses may hold passwords.
    return variable if value is None or field.endswith("_url") else f"{variable}={value!r}"
