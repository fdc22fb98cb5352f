import pytest
from pydantic import ValidationError

from ikt_model.config import (
    ExperimentConfig,
    UnknownPreset,
    list_presets,
    resolve_config,
    setting_names,
    setting_of,
)
from ikt_model.settings import DktSettings, PfaSettings


def test_every_shipped_preset_is_valid_and_has_a_name_of_its_own() -> None:
    prints = {resolve_config(name).fingerprint() for name in list_presets()}
    assert {"small-mean", "small-dynamic", "l23-mean", "l23-pointwise"} <= set(list_presets())
    assert len(prints) == len(list_presets())


def test_overrides_replace_single_settings_and_keep_the_rest() -> None:
    config = resolve_config("small-dynamic", {"loss": {"lambda_target": 0.7}})
    assert config.loss.lambda_target == 0.7
    assert config.loss.ability_target == resolve_config("small-dynamic").loss.ability_target


def test_config_survives_json() -> None:
    config = resolve_config("l23-mean")
    again = ExperimentConfig.model_validate_json(config.model_dump_json())
    assert again == config
    assert again.fingerprint() == config.fingerprint()


def test_unknown_preset_names_the_known_ones() -> None:
    with pytest.raises(UnknownPreset, match="small-dynamic"):
        resolve_config("huge")


@pytest.mark.parametrize(
    ("overrides", "location"),
    [
        ({"loss": {"lambda_target": 1.5}}, ("loss", "lambda_target")),
        ({"loss": {"lambda_target": float("nan")}}, ("loss", "lambda_target")),
        ({"loss": {"ability_alignment": "cosine"}}, ("loss", "ability_alignment")),
        ({"model": {"d_model": 4}}, ("model", "d_model")),
        ({"model": {"d_model": 30, "n_heads": 4}}, ("model",)),
        ({"training": {"epochs": 0}}, ("training", "epochs")),
        ({"training": {"momentum": 0.9}}, ("training", "momentum")),
        ({"loss": {"balancing": "luck"}}, ("loss", "balancing")),
        ({"loss": {"lambda_schedule": "steep"}}, ("loss", "lambda_schedule")),
        ({"reference": {"name": "oracle"}}, ("reference", "name")),
        ({"reference": {"name": "pfa", "slope_sd": 0}}, ("reference", "slope_sd")),
        ({"reference": {"name": "pfa", "em_iterations": 5}}, ("reference", "em_iterations")),
        (
            {"reference": {"name": "skill-rate"}, "loss": {"ability_alignment": "standardized"}},
            ("loss", "ability_alignment"),
        ),
        ({"model": {"type": "gru"}}, ("model", "type")),
        ({"model": {"type": "dkt", "n_heads": 4}}, ("model", "n_heads")),
        ({"model": {"mastery": "skill-wise"}}, ("model", "mastery")),
        ({"model": {"type": "reference"}}, ("training", "epochs")),
        ({"model": {"d_model": 2048, "n_blocks": 48}}, ("model",)),
        ({"model": {"window": 4096}, "training": {"batch_tokens": 1_048_576}}, ("training", "batch_tokens")),
    ],
)
def test_bad_setting_is_refused_by_name(overrides: dict[str, object], location: tuple[str, ...]) -> None:
    with pytest.raises(ValidationError) as refusal:
        resolve_config("small-dynamic", overrides)
    assert setting_of(refusal.value.errors()[0]) == location


def test_settings_cannot_be_changed_afterwards() -> None:
    config = resolve_config("small-mean")
    with pytest.raises(ValidationError, match="frozen"):
        config.training.epochs = 3  # type: ignore[misc]


def test_a_section_that_becomes_of_another_kind_starts_from_its_defaults() -> None:
    config = resolve_config("small-dynamic", {"model": {"type": "dkt", "d_model": 32}})
    assert config.model == DktSettings(d_model=32)
    assert config.training == resolve_config("small-dynamic").training
    pfa = resolve_config("small-dynamic", {"reference": {"name": "pfa"}})
    assert pfa.reference == PfaSettings()


def test_a_kind_said_again_keeps_the_preset_s_settings() -> None:
    config = resolve_config("small-dynamic", {"model": {"type": "ikt", "dropout": 0.0}})
    assert config.model.d_model == resolve_config("small-dynamic").model.d_model


def test_settings_are_named_by_the_kinds_that_are_chosen() -> None:
    assert "forgetting" in setting_names("bkt", {})["reference"]
    assert "forgetting" not in setting_names("small-dynamic", {})["reference"]
    assert "forgetting" in setting_names("small-dynamic", {"reference": {"name": "bkt"}})["reference"]
    assert "n_heads" not in setting_names("dkt", {"model": {"dropout": 0.1}})["model"]
    assert "n_heads" in setting_names("no such preset", {"model": 3})["model"]
