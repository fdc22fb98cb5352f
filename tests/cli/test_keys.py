"""`ikt key` as an operator types it, and the other commands with a key."""

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from api.cli.client import authorization
from api.cli.keys import key_of_its_own
from api.cli.processes import free_port
from tests.cli.conftest import Ikt, Said
from tests.cli.test_processes import IKT, WAIT_SECONDS, environment, read_document, run


@pytest.fixture(scope="module", autouse=True)
def database(data_dir: Path, ikt: Ikt) -> Path:
    """A database for this file's commands."""
    assert ikt("db", "upgrade").code == 0
    return data_dir


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path, str]]:
    """A service that asks for keys on every address, its folder, and what its API said at the start."""
    folder = tmp_path_factory.mktemp("asking")
    process = subprocess.Popen(
        [*IKT, "up", "--host", "0.0.0.0", "--port", str(free_port()), "--json"],
        env=environment(folder),
        stdout=subprocess.PIPE,
        text=True,
    )
    document = read_document(process)
    yield document["url"], folder, Path(document["logs"]["api"]).read_text()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=WAIT_SECONDS)


def create(ikt: Ikt, *options: str) -> Said:
    return ikt("key", "create", "--name", "test", *options)


def listed(ikt: Ikt, prefix: str) -> dict[str, object]:
    return next(key for key in ikt("key", "list", "--json").json if key["prefix"] == prefix)


class TestCreate:
    def test_the_key_stands_alone_on_standard_output(self, ikt: Ikt) -> None:
        said = create(ikt)
        assert said.code == 0
        assert said.out.startswith("ikt_")
        assert len(said.out.split()) == 1
        assert "not shown again" in said.err
        assert said.out.strip() not in said.err

    def test_everything_can_be_said(self, ikt: Ikt) -> None:
        options = ("--tenant", "north", "--scopes", "train, read", "--expires", "90d", "--rate", "600")
        said = create(ikt, *options, "--json")
        made = said.json
        assert (made["tenant"], made["scopes"], made["requests_per_minute"]) == (
            "north",
            ["read", "train"],
            600,
        )
        end = datetime.fromisoformat(made["expires_at"])
        assert abs(end - datetime.now(UTC) - timedelta(days=90)) < timedelta(minutes=5)
        assert "tenant north is new" in said.err
        assert "is new" not in create(ikt, *options).err
        kept = listed(ikt, made["prefix"])
        assert "key" not in kept
        assert kept["state"] == "valid"

    @pytest.mark.parametrize(
        ("options", "complaint"),
        [
            (("--scopes", "read,write"), "there is no write"),
            (("--scopes", ","), "names none"),
            (("--expires", "soon"), "'soon' is no time"),
            (("--expires", "2020-01-01"), "is over already"),
            (("--expires", "0d"), "is over already"),
            (("--expires", "999999w"), "is no time"),
            (("--tenant", " "), "is no name"),
            (("--tenant", "x" * 101), "is no name"),
            (("--rate", "0"), "Invalid value"),
        ],
    )
    def test_what_makes_no_key(self, ikt: Ikt, options: tuple[str, ...], complaint: str) -> None:
        before = len(ikt("key", "list", "--json").json)
        said = create(ikt, *options)
        assert (said.code, said.out) == (2, "")
        assert complaint in said.err
        assert len(ikt("key", "list", "--json").json) == before

    def test_a_date_is_its_first_moment(self, ikt: Ikt) -> None:
        assert create(ikt, "--expires", "2099-12-31", "--json").json["expires_at"] == "2099-12-31T00:00:00Z"

    def test_a_database_that_is_not_there_is_told(self, tmp_path: Path) -> None:
        ended = run(*IKT, "key", "list", env=environment(tmp_path / "state"))
        assert ended.returncode == 2
        assert f"There is no database at {tmp_path / 'state' / 'ikt.db'}" in ended.stderr.replace("\n", "")
        assert "Is IKT_DATA_DIR (it is" in ended.stderr
        assert "ikt db upgrade" in ended.stderr
        assert not (tmp_path / "state").exists()


class TestList:
    def test_people_see_every_key_without_its_secret(self, ikt: Ikt) -> None:
        made = create(ikt, "--tenant", "south").out.strip()
        said = ikt("key", "list", "--tenant", "south")
        assert made.split("_")[1] in said.out
        assert made not in said.out
        unknown = ikt("key", "list", "--tenant", "nobody", "--json")
        assert (unknown.code, unknown.out, "There is no tenant 'nobody'" in unknown.err) == (2, "", True)


class TestEnding:
    def test_revoking_by_prefix_and_by_id(self, ikt: Ikt) -> None:
        for name in ("prefix", "id"):
            made = create(ikt, "--json").json
            assert "is revoked" in ikt("key", "revoke", made[name]).out
            assert listed(ikt, made["prefix"])["state"] == "revoked"
            assert ikt("key", "revoke", made[name], "--json").json["state"] == "revoked"

    def test_a_whole_key_is_taken_by_its_prefix_and_never_repeated(self, ikt: Ikt) -> None:
        made = create(ikt, "--json").json
        said = ikt("key", "revoke", made["key"])
        assert "is revoked" in said.out
        assert made["key"] not in said.out + said.err
        assert listed(ikt, made["prefix"])["state"] == "revoked"

    @pytest.mark.parametrize("command", ["revoke", "rotate"])
    @pytest.mark.parametrize("text", ["ikt_aaaaaaaa_SECRET{}", "ikt_SECRET{}", "SECRET{}"])
    def test_what_may_be_a_secret_is_not_repeated(self, ikt: Ikt, command: str, text: str) -> None:
        said = ikt("key", command, text.format("x" * 37))
        assert (said.code, said.out) == (2, "")
        assert "SECRET" not in said.err

    def test_a_key_in_the_wrong_place_is_not_repeated(self, ikt: Ikt) -> None:
        said = ikt("key", "revoke", "one", f"ikt_aaaaaaaa_SECRET{'x' * 37}")
        assert (said.code, "unexpected extra argument" in said.err) == (2, True)
        assert "SECRET" not in said.err

    def test_rotating_keeps_the_old_one_for_a_while(self, ikt: Ikt) -> None:
        old = create(ikt, "--scopes", "ingest", "--json").json
        said = ikt("key", "rotate", old["prefix"], "--grace", "2h")
        assert said.out.startswith("ikt_")
        assert "goes on until" in said.err
        new = listed(ikt, said.out.split("_")[1])
        assert (new["scopes"], new["name"]) == (["ingest"], "test")
        assert listed(ikt, old["prefix"])["expires_at"] is not None

    def test_a_revoked_key_is_not_rotated(self, ikt: Ikt) -> None:
        old = create(ikt, "--json").json
        assert ikt("key", "rotate", old["id"], "--grace", "0").code == 0
        again = ikt("key", "rotate", old["id"])
        assert (again.code, again.out) == (2, "")
        assert "is revoked" in again.err

    def test_a_key_is_rotated_once(self, ikt: Ikt) -> None:
        old = create(ikt, "--json").json
        new = ikt("key", "rotate", old["prefix"], "--json").json
        again = ikt("key", "rotate", old["prefix"])
        assert (again.code, again.out) == (2, "")
        assert f"has a successor already, {new['prefix']}" in " ".join(again.err.split())

    @pytest.mark.parametrize("command", [("revoke",), ("rotate",), ("rotate", "--grace", "long")])
    def test_no_such_key(self, ikt: Ikt, command: tuple[str, ...]) -> None:
        said = ikt("key", *command, "nothing")
        assert (said.code, said.out) == (2, "")


class TestServing:
    def test_keys_off_elsewhere_is_refused_before_anything_starts(self, tmp_path: Path) -> None:
        for command in ("up", "api"):
            ended = run(*IKT, command, "--host", "0.0.0.0", env=environment(tmp_path, IKT_KEYS="off"))
            assert (ended.returncode, ended.stdout) == (2, "")
            assert "others can reach the address 0.0.0.0" in ended.stderr
        assert not (tmp_path / "ikt.db").exists()

    def test_commands_show_the_key_of_the_environment(self, asking: tuple[str, Path, str]) -> None:
        url, folder, said = asking
        assert "ikt key create --name first --scopes admin" in said
        assert httpx.get(f"{url}/datasets", trust_env=False).status_code == 401
        command = (*IKT, "experiments", "--url", url, "--json")
        without = run(*command, env=environment(folder))
        assert (without.returncode, "IKT_API_KEY" in without.stderr) == (2, True)

        made = run(*IKT, "key", "create", "--name", "first", "--scopes", "admin", env=environment(folder))

        told = run(*command, env=environment(folder, IKT_API_KEY=made.stdout.strip()))
        assert (told.returncode, json.loads(told.stdout)) == (0, [])
        wrong = run(*command, env=environment(folder, IKT_API_KEY="ikt_\u00e9"))
        assert (wrong.returncode, "IKT_API_KEY holds no key" in wrong.stderr) == (2, True)

    def test_a_command_may_make_a_key_for_itself(self, ikt: Ikt, monkeypatch: pytest.MonkeyPatch) -> None:
        with key_of_its_own("demo") as key:
            assert key is None
        monkeypatch.setenv("IKT_KEYS", "on")
        with key_of_its_own("demo") as key:
            assert key is not None
            prefix = key.split("_")[1]
            assert listed(ikt, prefix)["state"] == "valid"
            assert authorization(key) == {"Authorization": f"Bearer {key}"}
        assert listed(ikt, prefix)["state"] == "revoked"
