"""What an experiment is: frozen, validated settings, free of torch.

Every number that changes a result stands here, so that a configuration and a seed name a run.
"""

import hashlib
import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Any, get_args

from pydantic import TypeAdapter, model_validator

from ikt_model.settings import (
    SKILL_WISE_REFERENCES,
    IktSettings,
    LossSettings,
    ModelSettings,
    RaschSettings,
    ReferenceSettings,
    Settings,
    TrainingSettings,
)

# What names the kind of a section that has several kinds, and the kind it is of when nothing is said.
TAGS = {"model": ("type", "ikt"), "reference": ("name", "rasch")}

MOST_WEIGHTS = 500_000_000  # 6 GB with the optimiser's moments
MOST_ATTENTION_SCORES = 1_000_000_000  # 4 GB for each of the few copies that a step keeps


class UnknownPreset(LookupError):
    """No preset of that name is shipped."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"preset {name!r} does not exist; choose one of {', '.join(list_presets())}")


class ExperimentConfig(Settings):
    """Everything that decides an experiment's numbers, besides its data and fold."""

    model: ModelSettings = IktSettings()
    reference: ReferenceSettings = RaschSettings()
    loss: LossSettings = LossSettings()
    training: TrainingSettings = TrainingSettings()

    @model_validator(mode="before")
    @classmethod
    def _name_the_usual_kind(cls, given: Any) -> Any:
        """A section without its tag is of the default kind."""
        if not isinstance(given, Mapping):
            return given
        tagged = {
            section: {tag: kind} | dict(given[section])
            for section, (tag, kind) in TAGS.items()
            if isinstance(given.get(section), Mapping)
        }
        training = given.get("training", {})
        if tagged.get("model", {}).get("type") == "reference" and isinstance(training, Mapping):
            tagged["training"] = {"epochs": 1} | dict(training)
        return {**given, **tagged}

    @model_validator(mode="after")
    def _skill_wise_needs_a_skill_wise_reference(self) -> "ExperimentConfig":
        model, reference = self.model, self.reference
        is_skill_wise = isinstance(model, IktSettings) and model.mastery == "skill-wise"
        if is_skill_wise and reference.name not in SKILL_WISE_REFERENCES:
            raise ValueError(
                f"model.mastery: 'skill-wise' needs a reference that tells skills apart, and "
                f"{reference.name!r} does not; choose reference.name from "
                f"{', '.join(SKILL_WISE_REFERENCES)}, or mastery 'scalar'"
            )
        return self

    @model_validator(mode="after")
    def _a_scale_needs_a_spread(self) -> "ExperimentConfig":
        if self.reference.name == "skill-rate" and self.loss.ability_alignment == "standardized":
            raise ValueError(
                "loss.ability_alignment: 'standardized' divides by the spread of the reference's abilities, "
                "and 'skill-rate' gives every student the same; choose 'pointwise' or another reference.name"
            )
        return self

    @model_validator(mode="after")
    def _a_reference_is_trained_already(self) -> "ExperimentConfig":
        if self.model.type == "reference" and self.training.epochs != 1:
            raise ValueError(
                f"training.epochs: a reference has nothing left to train, so 1 epoch measures it; "
                f"{self.training.epochs} would repeat the same figures"
            )
        return self

    @model_validator(mode="after")
    def _fits_a_machine(self) -> "ExperimentConfig":
        model, tokens = self.model, self.training.batch_tokens
        scores = model.attention_rows * model.window * max(tokens, model.window)
        if model.n_weights > MOST_WEIGHTS:
            raise ValueError(
                f"model: about {model.n_weights:,} weights in its blocks, at most {MOST_WEIGHTS:,} are "
                "possible; lower n_blocks, d_model or d_ff"
            )
        if scores > MOST_ATTENTION_SCORES:
            raise ValueError(
                f"training.batch_tokens: about {scores:,} attention scores per batch, at most "
                f"{MOST_ATTENTION_SCORES:,} are possible; lower batch_tokens, window, n_heads or n_blocks"
            )
        return self

    def every_setting(self) -> dict[str, Any]:
        """All settings by section as JSON takes them: also those that a configuration says only where they
        are chosen.
        """
        sections = {name: dict(section) for name, section in self}
        return TypeAdapter(dict[str, Any]).dump_python(sections, mode="json")  # type: ignore[no-any-return]

    def fingerprint(self) -> str:
        """Stable name of this configuration: equal settings, equal name."""
        return fingerprint_of(self.model_dump(mode="json"))


def fingerprint_of(settings: Mapping[str, Any]) -> str:
    """The name of settings that need not go together."""
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def list_presets() -> list[str]:
    """Names of the presets that are shipped, sorted."""
    folder = resources.files("ikt_model") / "presets"
    return sorted(
        entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")
    )


def load_preset(name: str) -> dict[str, Any]:
    """Settings of one preset as nested dictionaries. Raises UnknownPreset."""
    if name not in list_presets():
        raise UnknownPreset(name)
    return tomllib.loads((resources.files("ikt_model") / "presets" / f"{name}.toml").read_text("utf-8"))


def resolve_config(
    preset: str | Mapping[str, Any] | None, overrides: Mapping[str, Any] | None = None
) -> ExperimentConfig:
    """A preset, by name or as `load_preset` gave it, with single settings replaced.

    Raises UnknownPreset, or pydantic's ValidationError whose locations name the offending field.
    """
    return ExperimentConfig.model_validate(merge_settings(preset, overrides or {}))


def merge_settings(preset: str | Mapping[str, Any] | None, overrides: Mapping[str, Any]) -> dict[str, Any]:
    """The same unchecked and without defaults. Raises UnknownPreset."""
    base = preset if isinstance(preset, Mapping) else load_preset(preset) if preset else {}
    return _merge(base, overrides)


def setting_of(refusal: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The setting that one entry of `ValidationError.errors()` is about, as section and name.

    Pydantic puts the kind of a section into its locations, and knows no location for a rule between sections:
    such a rule begins its message with the setting's dotted name.
    """
    location: tuple[str | int, ...] = refusal["loc"]
    section = str(location[0]) if location else ""
    if section in TAGS:
        is_about_the_tag = refusal["type"].startswith("union_tag")
        return (section, TAGS[section][0]) if is_about_the_tag else (section, *location[2:])
    named = re.match(r"(?:Value error, )?([a-z_]+(?:\.[a-z_]+)*): ", str(refusal["msg"]))
    return tuple(named[1].split(".")) if named and not location else location


def setting_names(preset: str | None, overrides: Mapping[str, Any]) -> dict[str, list[str]]:
    """Names of all settings by section, of the kinds of model and reference that preset and overrides choose;
    what is wrong with either is left for `resolve_config` to say.
    """
    base = load_preset(preset) if preset and preset in list_presets() else {}
    names = {}
    for section, field in ExperimentConfig.model_fields.items():
        kinds: Sequence[type[Settings]] = get_args(field.annotation) or [type(field.default)]
        if section in TAGS:
            tag, kind = TAGS[section]
            for part in (base.get(section), overrides.get(section)):
                kind = part.get(tag, kind) if isinstance(part, Mapping) else kind
            kinds = [each for each in kinds if each.model_fields[tag].default == kind] or kinds
        names[section] = sorted({name for each in kinds for name in each.model_fields})
    return names


def _merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Changes laid over the base; a section that becomes of another kind starts from that kind's defaults."""
    merged = dict(base)
    for key, value in changes.items():
        known = merged.get(key)
        if not isinstance(known, dict) or not isinstance(value, Mapping):
            merged[key] = value
            continue
        tag, usual = TAGS.get(key, ("", ""))
        is_of_another_kind = tag in value and value[tag] != known.get(tag, usual)
        merged[key] = dict(value) if is_of_another_kind else _merge(known, value)
    return merged
