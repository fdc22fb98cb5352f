"""Bodies of many lines: read in blocks by a thread, while more of them comes in."""

from collections.abc import Iterable, Iterator, Sequence

import msgspec
from anyio import fail_after, from_thread
from fastapi import HTTPException, Request

from api.body_limit import raise_limit
from api.services.refusals import BodyTooSlow, FieldRefused, InteractionsRefused, UploadUnsupported

JSON = "application/json"
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl")
BLOCK_BYTES = 1024 * 1024
LONGEST_LINE_BYTES = BLOCK_BYTES


async def open_items(
    request: Request, *, limit_bytes: int, stall_seconds: float
) -> tuple[Iterable[Sequence[bytes]], bool]:
    """The body's JSON values in batches, each value as it was sent, and whether it is a list.

    Batches of lines have to be read by a thread of anyio's; a list is read at once and may be as long as any
    other body. Raises UploadUnsupported, HTTPException when a list can't be parsed; and while lines are read
    also BodyTooSlow, InteractionsRefused.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == JSON:
        return [await _read_list(request)], True
    if media_type not in LINES:
        raise UploadUnsupported(media_type, supported=(*LINES, JSON))
    raise_limit(request.scope, limit_bytes)
    return split_lines(_blocks(request, stall_seconds=stall_seconds)), False


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
        yield lines
    yield [rest]


async def _read_list(request: Request) -> list[bytes]:
    try:
        return [bytes(item) for item in msgspec.json.decode(await request.body(), type=list[msgspec.Raw])]
    except msgspec.MsgspecError as error:
        raise HTTPException(400) from error


def _blocks(request: Request, *, stall_seconds: float) -> Iterator[bytes]:
    chunks = aiter(request.stream())

    async def next_block() -> bytes:
        block = bytearray()
        try:
            with fail_after(stall_seconds):
                while len(block) < BLOCK_BYTES and (chunk := await anext(chunks, None)) is not None:
                    block += chunk
        except TimeoutError as error:
            raise BodyTooSlow(stall_seconds) from error
        return bytes(block)

    while block := from_thread.run(next_block):
        yield block
