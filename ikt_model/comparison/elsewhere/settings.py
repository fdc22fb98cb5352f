"""Settings of an experiment from elsewhere: those that audits read are checked, the rest may be anything."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from ikt_model.comparison.elsewhere.refusals import FiguresRefused, is_count, require, require_known
from ikt_model.settings import LossSettings

SECTIONS = ("model", "reference", "loss", "training")
CHOICES = {"model.type": ("ikt", "dkt", "reference"), "model.mastery": ("scalar", "skill-wise")}
COUNTS = ("model.window", "training.epochs")


def read_settings(given: Any, place: str) -> dict[str, Any]:
    """The same with floats for decimals. Raises FiguresRefused."""
    if given is None:
        return {}
    require(isinstance(given, dict), place, "is no object", 'give {"loss": {"lambda_target": 0.5}, …}')
    require_known(given, SECTIONS, place)
    for name, section in given.items():
        require(isinstance(section, dict), f"{place}.{name}", "is no object", f'give {{"{name}": {{…}}}}')
    config = {
        name: {key: float(value) if isinstance(value, Decimal) else value for key, value in section.items()}
        for name, section in given.items()
    }
    loss = config.get("loss", {})
    try:
        LossSettings.model_validate(loss)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]) if first["loc"] else ""
        require_known(loss, tuple(LossSettings.model_fields), f"{place}.loss")
        raise FiguresRefused(f"{place}.loss.{name}", first["msg"], "give another value") from error
    for setting, choices in CHOICES.items():
        value = _at(config, setting)
        allowed = value is None or value in choices
        require(allowed, f"{place}.{setting}", "is none of its values", f"choose from {', '.join(choices)}")
    for setting in COUNTS:
        value = _at(config, setting)
        allowed = value is None or is_count(value)
        require(allowed, f"{place}.{setting}", "is no count", "give a whole number from 1")
    return config


def _at(config: Mapping[str, Any], setting: str) -> Any:
    section, _, name = setting.partition(".")
    return config.get(section, {}).get(name)
