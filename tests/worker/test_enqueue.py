"""Doorbells: what is sent, and what happens when nobody takes it."""

import socket
import time
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.stacks import Stack
from tests.worker.support import receive, settings_of
from worker.enqueue import (
    BrokerUnavailable,
    enqueue_promotion,
    enqueue_scoring,
    enqueue_training,
    leave_to_janitor,
)
from worker.settings import WorkerSettings

ID = uuid4()


@pytest.mark.parametrize(
    ("device", "queue"), [("auto", "cpu"), ("cpu", "cpu"), ("cuda", "gpu"), ("cuda:1", "gpu")]
)
def test_training_goes_to_the_queue_of_its_device(stack: Stack, device: str, queue: str) -> None:
    enqueue_training(ID, device=device, settings=settings_of(stack))
    assert receive(stack, queue) == ("ikt.train", [str(ID)])


def test_promotions_do_not_wait_behind_trainings(stack: Stack) -> None:
    enqueue_promotion(ID, settings=settings_of(stack))
    assert receive(stack, "cpu") is None
    assert receive(stack, "bulk") == ("ikt.promote", [str(ID)])


def test_scoring_names_nobody(stack: Stack) -> None:
    enqueue_scoring(settings=settings_of(stack))
    assert receive(stack, "bulk") == ("ikt.score", [])


def test_what_no_broker_takes_is_left_to_the_janitor(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "broker").write_text("a file where the folder should be")
    settings = WorkerSettings(data_dir=tmp_path)
    leave_to_janitor(lambda: enqueue_promotion(ID, settings=settings), model_id=ID)()
    assert f"event=broker_unavailable model_id={ID}" in caplog.text


def test_settings_come_from_the_environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in stack.env().items():
        monkeypatch.setenv(name, value)
    enqueue_training(ID)
    assert receive(stack, "cpu") == ("ikt.train", [str(ID)])


def ring_in_vain(settings: WorkerSettings, row_id: UUID) -> tuple[str, float]:
    started = time.monotonic()
    with pytest.raises(BrokerUnavailable) as refused:
        enqueue_training(row_id, settings=settings)
    return str(refused.value), time.monotonic() - started


def test_a_redis_that_is_down_is_told_within_seconds_and_without_its_password(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but not listening
        port = taken.getsockname()[1]
        url = f"redis://:secret@127.0.0.1:{port}/0"
        message, seconds = ring_in_vain(WorkerSettings(data_dir=tmp_path, broker_url=url), ID)
    assert seconds < 5
    assert f"127.0.0.1:{port}" in message
    assert "secret" not in message


def test_a_redis_that_does_not_answer_is_told_within_seconds(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        _, seconds = ring_in_vain(WorkerSettings(data_dir=tmp_path, broker_url=url), ID)
    assert seconds < 12


def test_a_broker_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "broker").write_text("a file where the folder should be")
    message, seconds = ring_in_vain(WorkerSettings(data_dir=tmp_path), ID)
    assert "filesystem://" in message
    assert seconds < 5
