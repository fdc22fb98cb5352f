"""IKT_* variables that can't be, and those that nothing reads: told in a line, whatever the command."""

import pytest

from tests.cli.conftest import Ikt
from worker.__main__ import main

SECRET = "s3cr3t"
WRONG = {
    "IKT_KEYS": ("maybe", "IKT_KEYS='maybe' should be 'on' or 'off'"),
    "IKT_REQUESTS_PER_MINUTE": ("abc", "IKT_REQUESTS_PER_MINUTE='abc' should be a valid integer"),
    "IKT_RETENTION_DAYS": ("0", "IKT_RETENTION_DAYS='0' should be greater than or equal to 1"),
    "IKT_CORS_ORIGINS": ("https://x", "IKT_CORS_ORIGINS='https://x' should be a JSON list"),
    "IKT_LEASE_SECONDS": ("1", "IKT_HEARTBEAT_SECONDS 3 must be below IKT_LEASE_SECONDS 1"),
}


@pytest.fixture(autouse=True)
def empty(data_dir: object) -> None:
    """No variable of anybody else's."""


@pytest.mark.parametrize("variable", WRONG)
def test_a_wrong_setting_is_one_line(ikt: Ikt, monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    value, told = WRONG[variable]
    monkeypatch.setenv(variable, value)
    said = ikt("up")
    assert (said.code, said.out) == (2, "")
    assert told in said.err
    assert len(said.err.splitlines()) == 2


@pytest.mark.parametrize("command", [("api",), ("up",)])
def test_all_of_them_are_told_before_anything_starts(
    ikt: Ikt, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for variable in ("IKT_KEYS", "IKT_REQUESTS_PER_MINUTE"):
        monkeypatch.setenv(variable, WRONG[variable][0])
    said = ikt(*command)
    assert said.code == 2
    assert "2 settings are wrong" in said.err
    assert all(WRONG[variable][1] in said.err for variable in ("IKT_KEYS", "IKT_REQUESTS_PER_MINUTE"))


@pytest.mark.parametrize("command", [("key", "list"), ("db", "upgrade"), ("compare", "a", "b", "--inline")])
def test_every_command_that_reads_settings_tells(
    ikt: Ikt, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.setenv("IKT_AUDIT_DAYS", "0")
    said = ikt(*command)
    assert (said.code, "IKT_AUDIT_DAYS='0' should be" in said.err) == (2, True)


def test_addresses_are_not_repeated(ikt: Ikt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IKT_BROKER_URL", f"redis://:{SECRET}@127.0.0.1:port/0")
    said = ikt("up")
    assert (said.code, "IKT_BROKER_URL is no readable address" in said.err) == (2, True)
    assert SECRET not in said.err


def test_a_worker_tells_it_as_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IKT_RETENTION_DAYS", "0")
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert WRONG["IKT_RETENTION_DAYS"][1] in capsys.readouterr().err


def test_a_misspelt_variable_is_told_and_its_value_is_not(ikt: Ikt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IKT_RETENTION_DAY", SECRET)
    monkeypatch.setenv("IKT_LOG_LEVEL", "INFO")
    said = ikt("db", "upgrade")
    assert said.code == 0
    assert "nothing reads IKT_RETENTION_DAY (is IKT_RETENTION_DAYS meant?)" in said.err
    assert len(said.err.splitlines()) == 1
    assert SECRET not in said.err
