"""A 64-bit hash of texts, the same on every machine, without a Python object for each."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

FNV_OFFSET, FNV_PRIME = np.uint64(0xCBF29CE484222325), np.uint64(0x100000001B3)


def hash_texts(texts: pa.StringArray) -> NDArray[np.uint64]:
    """Hash of the UTF-8 bytes of each text [n]; there may be no null.

    FNV-1a (Fowler, Noll & Vo), whose low bits are weak, stirred by the finaliser of SplitMix64
    (Steele, Lea & Flood 2014, OOPSLA, 453-472). All texts are read together, a byte at a time, the longest
    first.
    """
    _, offsets_buffer, bytes_buffer = texts.buffers()
    offsets = np.frombuffer(offsets_buffer, np.int32)[texts.offset :][: len(texts) + 1].astype(np.int64)
    content = np.frombuffer(bytes_buffer or b"", np.uint8)
    lengths = np.diff(offsets)
    longest_first = np.argsort(-lengths, kind="stable")
    starts = offsets[:-1][longest_first]
    going = np.searchsorted(-lengths[longest_first], -np.arange(lengths.max(initial=0)), side="left")
    hashes = np.full(len(texts), FNV_OFFSET)
    for position, n in enumerate(going.tolist()):
        hashes[:n] = (hashes[:n] ^ content[starts[:n] + position]) * FNV_PRIME
    unsorted = np.empty_like(hashes)
    unsorted[longest_first] = hashes
    return _stirred(unsorted)


def _stirred(hashes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = (hashes ^ (hashes >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    hashes = (hashes ^ (hashes >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(hashes ^ (hashes >> np.uint64(31)))
