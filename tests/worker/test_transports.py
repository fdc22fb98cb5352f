"""Brokers: in folders every message is read once, and whole; Redis may go away and come back."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu.connection import Connection

from tests.running import Redis
from worker.transports import FolderChannel

N_MESSAGES = 200


def open_channel(folder: Path) -> FolderChannel:
    options = {
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "processed_folder": str(folder / "taken"),
    }
    connection: Any = Connection(  # type: ignore[no-untyped-call]
        transport="worker.transports:FolderTransport", transport_options=options
    )
    channel: FolderChannel = connection.channel()
    return channel


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[FolderChannel]:
    channel = open_channel(tmp_path)
    yield channel
    channel.close()  # type: ignore[no-untyped-call]


def read_all(channel: FolderChannel) -> list[Any]:
    messages: list[Any] = []
    while len(messages) < N_MESSAGES:
        try:
            messages.append(channel._get("cpu"))
        except Empty:
            return messages
    return messages


def test_messages_come_in_the_order_in_which_they_were_sent(channel: FolderChannel) -> None:
    for number in range(5):
        channel._put("cpu", {"number": number})
    assert [message["number"] for message in read_all(channel)] == [0, 1, 2, 3, 4]


def test_queues_do_not_mix(channel: FolderChannel) -> None:
    channel._put("gpu", {"number": 1})
    with pytest.raises(Empty):
        channel._get("cpu")
    assert channel._get("gpu") == {"number": 1}


def test_readers_and_writers_at_once_lose_and_repeat_nothing(channel: FolderChannel, tmp_path: Path) -> None:
    readers = [open_channel(tmp_path) for _ in range(3)]

    def write() -> None:
        for number in range(N_MESSAGES):
            channel._put("cpu", {"number": number, "padding": "x" * 20_000})

    def read(reader: FolderChannel) -> list[int]:
        seen: list[int] = []
        while not writing.done():
            seen += [message["number"] for message in read_all(reader)]
        return seen + [message["number"] for message in read_all(reader)]

    with ThreadPoolExecutor() as pool:
        writing = pool.submit(write)
        answers = [pool.submit(read, reader) for reader in readers]
        seen = [number for answer in answers for number in answer.result()]
    assert sorted(seen) == list(range(N_MESSAGES))


def test_nothing_is_left_in_the_folders(channel: FolderChannel, tmp_path: Path) -> None:
    channel._put("cpu", {"number": 1})
    channel._get("cpu")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_message_that_can_not_be_written_is_not_read(channel: FolderChannel, tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        channel._put("cpu", {"number": object()})
    with pytest.raises(Empty):
        channel._get("cpu")
    assert list((tmp_path / "taken").iterdir()) == []


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path).start()
    server.wait_until_ready()
    yield server
    if server.is_running:
        server.kill()


def connect(server: Redis) -> Any:
    return Connection(server.url, transport="worker.transports:RedisTransport")  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("settle", ["ack", "reject"])
def test_a_worker_asks_for_messages_again_after_redis_was_gone(settle: str, server: Redis) -> None:
    taken: list[Any] = []
    connection = connect(server)
    channel = connection.channel()
    channel.basic_qos(prefetch_count=1)
    channel.basic_consume("cpu", no_ack=False, callback=taken.append, consumer_tag="1")
    channel.basic_publish(channel.prepare_message("{}"), exchange="", routing_key="cpu")
    connection.drain_events(timeout=5)
    assert not channel.qos.can_consume()

    server.kill()
    with pytest.raises(connection.connection_errors):
        getattr(taken[0], settle)()

    assert channel.qos.can_consume()
    with pytest.raises(connection.connection_errors):
        connection.drain_events(timeout=5)


def test_a_connection_that_was_closed_in_between_is_a_lost_one(server: Redis) -> None:
    connection = connect(server)
    channel = connection.channel()
    channel.basic_consume("cpu", no_ack=False, callback=print, consumer_tag="1")
    with pytest.raises(TimeoutError):
        connection.drain_events(timeout=0.05)
    channel.client.connection.disconnect()

    with pytest.raises(connection.connection_errors):
        channel._brpop_read()


def test_what_is_no_message_is_dropped(channel: FolderChannel, tmp_path: Path) -> None:
    garbage = (b"", b"{", b"\xff\xfe", b"[]", b'{"body": 1}', b'{"properties": {}}')
    for number, content in enumerate(garbage):
        (tmp_path / "messages" / f"{number}_0.cpu.msg").write_bytes(content)
    connection, taken = channel.connection.client, []
    channel.basic_consume("cpu", no_ack=True, callback=taken.append, consumer_tag="1")
    message = channel.prepare_message('{"number": 1}')  # type: ignore[no-untyped-call]
    channel.basic_publish(message, exchange="", routing_key="cpu")

    for _ in range(len(garbage) + 1):
        with suppress(TimeoutError):
            connection.drain_events(timeout=0.1)

    assert [json.loads(one.body) for one in taken] == [{"number": 1}]
    assert [*(tmp_path / "messages").iterdir(), *(tmp_path / "taken").iterdir()] == []
