"""Each parser for FUZZ_SECONDS under atheris, guided by what its branches have seen."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.fuzz.parsers import FEEDS, SEEDS, WORDS

SECONDS = int(os.environ.get("FUZZ_SECONDS", "300"))
MOST_MEGABYTES = 1500  # resident; libraries take 300 of it
LONGEST_INPUT = 4096
Note = Callable[[str, object], None]


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("parser", FEEDS)
def test_parser_reads_or_refuses(parser: str, tmp_path: Path, record_property: Note) -> None:
    corpus, words = tmp_path / "corpus", tmp_path / "words"
    corpus.mkdir()
    for number, content in enumerate(SEEDS[parser]):
        (corpus / f"seed-{number}").write_bytes(content)
    words.write_text("".join(f'"{word}"\n' for word in WORDS[parser]))
    command = [sys.executable, "-m", "tests.fuzz.atheris_target", parser, str(corpus)]
    command += [f"-max_total_time={SECONDS}", f"-max_len={LONGEST_INPUT}", f"-rss_limit_mb={MOST_MEGABYTES}"]
    # libFuzzer's own watch is not asked: it may end the process before that has told what it found.
    command += [f"-dict={words}", f"-artifact_prefix={tmp_path}/", "-timeout=86400", "-print_final_stats=1"]
    environment = os.environ | {"FUZZ_INPUT": str(tmp_path / "last-input")}
    with (tmp_path / "log").open("wb") as sink:
        process = subprocess.Popen(
            command, stdout=sink, stderr=sink, cwd=Path(__file__).parents[2], env=environment
        )
    try:
        ended = process.wait(timeout=SECONDS + 60)
    except subprocess.TimeoutExpired:
        process.kill()
        ended = process.wait()
    log = (tmp_path / "log").read_text(errors="replace")
    found = [path for path in tmp_path.iterdir() if path.name.startswith(("crash-", "oom-", "last-"))]
    told = "\n".join(f"{path.name}: {path.read_bytes()!r}" for path in found)
    assert ended == 0, f"ended with {ended}\n{told}\n{log[-5000:]}"
    record_property("fuzzing", f"{parser}: {_figures(log)}")


def _figures(log: str) -> str:
    """Executions and how far branches were covered, as libFuzzer tells."""
    seen = [int(count) for count in re.findall(r"\bcov: (\d+)", log)]
    executions = re.findall(r"number_of_executed_units: (\d+)", log)
    rate = re.findall(r"average_exec_per_sec:\s+(\d+)", log)
    peak = re.findall(r"peak_rss_mb:\s+(\d+)", log)
    assert seen, f"nothing was covered: {log[-2000:]}"
    assert executions, log[-2000:]
    return (
        f"{int(executions[-1]):,} inputs, {rate[-1] if rate else '?'}/s, coverage {seen[0]} → {seen[-1]}, "
        f"{peak[-1] if peak else '?'} MB"
    )
