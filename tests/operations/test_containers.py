"""What containers may do: little, and nothing without a secret of the operator's own."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
SECRETS = ("POSTGRES_PASSWORD", "REDIS_PASSWORD")
COMPOSE = (ROOT / "docker-compose.yml").read_text()
DOCKERFILE = (ROOT / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE)["services"]
NETWORKS: dict[str, Any] = yaml.safe_load(COMPOSE)["networks"]

every_service = pytest.mark.parametrize("name", SERVICES)


@every_service
def test_it_writes_only_where_it_must(name: str) -> None:
    service = SERVICES[name]

    assert service["read_only"] is True
    written = [mount.partition(":")[0] for mount in service["tmpfs"]]
    assert "/tmp" in written
    assert all(":" in mount for mount in service["volumes"])
    assert not any(mount.startswith((".", "/")) for mount in service["volumes"])


@every_service
def test_it_has_no_rights_of_roots(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"privileged", "cap_add", "pid", "ipc", "network_mode"} & service.keys() == set()
    # Our own images say it themselves.
    assert "build" in service or service["user"] not in ("root", "0")


@every_service
def test_only_the_api_is_reached_from_outside(name: str) -> None:
    service = SERVICES[name]

    reachable = {one for one in service["networks"] if not (NETWORKS[one] or {}).get("internal")}
    assert bool(reachable) is (name == "api")
    assert bool(service.get("ports")) is (name == "api")
    # Other machines are let in by name, not by default.
    assert all(port.startswith("${IKT_ADDRESS:-127.0.0.1}:") for port in service.get("ports", []))


@every_service
def test_it_is_looked_after(name: str) -> None:
    service = SERVICES[name]

    assert service["restart"] == ("no" if name == "migrate" else "unless-stopped")
    assert ("healthcheck" in service) is (name != "migrate")


@every_service
def test_versions_are_named(name: str) -> None:
    own = "build" in SERVICES[name]

    assert own or re.fullmatch(r"[a-z]+:\d+\.\d+(\.\d+)?", SERVICES[name]["image"])


@pytest.mark.parametrize("secret", SECRETS)
def test_secrets_have_no_default(secret: str) -> None:
    used = re.findall(rf"\$\{{{secret}(.*?)\}}", COMPOSE)

    assert used
    assert all(how.startswith(":?") for how in used)


def test_stores_ask_for_their_secrets() -> None:
    environment = SERVICES["api"]["environment"]

    assert "requirepass" in SERVICES["redis"]["command"][-1]
    assert re.match(r"redis://:\$\{REDIS_PASSWORD", environment["IKT_BROKER_URL"])
    assert "ikt:${POSTGRES_PASSWORD" in environment["IKT_DATABASE_URL"]
    # In no argument that whoever lists processes could read.
    assert not any("${" in str(SERVICES[name].get("command", "")) for name in SERVICES)


def test_images_end_as_a_user_of_their_own_from_a_named_release() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.M)[1:]
    final = [stage for stage in stages if re.match(r"\S+ AS (cpu|cuda)\n", stage)]

    assert len(final) == 2
    for stage in final:
        assert re.findall(r"^USER (\S+)", stage, re.M) == ["10001"]
    assert "--uid 10001" in DOCKERFILE
    assert re.match(r"python:\d+\.\d+\.\d+-", stages[0])
