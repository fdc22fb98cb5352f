"""Bodies of many lines: read in blocks by a thread, while more of them comes in."""

import time
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence

import msgspec
from anyio import fail_after, from_thread
from fastapi import HTTPException, Request

from api.body_limit import leave_uncounted, raise_limit
from api.media_types import JSON, media_type_of
from api.services.refusals import (
    BatchTooLarge,
    BodyTooSlow,
    FieldRefused,
    InteractionsRefused,
    UploadUnsupported,
)

LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
BLOCK_BYTES = 1024 * 1024
LONGEST_LINE_BYTES = BLOCK_BYTES
LONGEST_LIST = 100_000  # as many of the shortest responses fill a body
ITEMS_AT_ONCE = 20_000  # whoever reads them may give up after each batch


async def open_items(
    request: Request, *, limit_bytes: int, stall_seconds: float, wait_seconds: float
) -> tuple[Iterable[Sequence[bytes]], bool]:
    """The body's JSON values in batches, each value as it was sent, and whether it is a list.

    Batches of lines have to be read by a thread of anyio's, which waits `stall_seconds` for a block and
    `wait_seconds` for all of them; a list is read at once and may be as long as any other body. A byte order
    mark before either is skipped. Raises UploadUnsupported, InteractionsRefused when JSON is no list,
    BatchTooLarge when the list is too long, HTTPException when it can't be parsed; and while lines are read
    also BodyTooSlow, InteractionsRefused.
    """
    media_type = media_type_of(request.headers)
    if media_type == JSON:
        leave_uncounted(request.scope)
        return _in_batches(await _read_list(request)), True
    if media_type not in LINES:
        raise UploadUnsupported(media_type, supported=(*LINES, JSON))
    raise_limit(request.scope, limit_bytes)
    return split_lines(_blocks(request, stall_seconds=stall_seconds, wait_seconds=wait_seconds)), False


def split_lines(blocks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The lines that end in each block. Raises InteractionsRefused for one that seems to have no end."""
    rest, n_lines = b"", 0
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        n_lines += len(lines)
        if len(rest) > LONGEST_LINE_BYTES:
            detail = f"must not be longer than {LONGEST_LINE_BYTES} bytes; end each response with a line feed"
            raise InteractionsRefused([FieldRefused("", detail, n_lines + 1)])
        yield from _in_batches(lines)
    yield [rest]


def _in_batches(items: list[bytes]) -> Iterator[list[bytes]]:
    for start in range(0, len(items), ITEMS_AT_ONCE):
        yield items[start : start + ITEMS_AT_ONCE]


async def _read_list(request: Request) -> list[bytes]:
    body = (await request.body()).removeprefix(BOM_UTF8)
    try:
        items = msgspec.json.decode(body, type=list[msgspec.Raw])
    except msgspec.ValidationError as error:
        detail = f"must be a list of responses; send a single one in brackets, or as a line of {LINES[0]}"
        raise InteractionsRefused([FieldRefused("", detail)]) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise HTTPException(400) from error
    if len(items) > LONGEST_LIST:
        raise BatchTooLarge(LONGEST_LIST, remedy=f"send them as lines of {LINES[0]}, or in several requests")
    return [bytes(item) for item in items]


def _blocks(request: Request, *, stall_seconds: float, wait_seconds: float) -> Iterator[bytes]:
    blocks = read_blocks(request, stall_seconds=stall_seconds, wait_seconds=wait_seconds)

    async def next_block() -> bytes:
        return await anext(blocks, b"")

    mark = BOM_UTF8
    while block := from_thread.run(next_block):
        yield block.removeprefix(mark)
        mark = b""


async def read_blocks(request: Request, *, stall_seconds: float, wait_seconds: float) -> AsyncIterator[bytes]:
    """The body in pieces of about BLOCK_BYTES. Raises BodyTooSlow when it keeps the service waiting, for
    `stall_seconds` for a piece or for `wait_seconds` in all."""
    chunks, left = aiter(request.stream()), wait_seconds
    while True:
        block, began = bytearray(), time.monotonic()
        try:
            with fail_after(min(stall_seconds, left)):
                while len(block) < BLOCK_BYTES and (chunk := await anext(chunks, None)) is not None:
                    block += chunk
        except TimeoutError as error:
            raise BodyTooSlow(stall_seconds if stall_seconds <= left else wait_seconds) from error
        left -= time.monotonic() - began
        if not block:
            return
        yield bytes(block)
