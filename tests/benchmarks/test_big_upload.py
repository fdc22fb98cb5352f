"""What `make bench-upload` measures with a gigabyte, with less of it."""

from pathlib import Path

from tests.benchmarks.big_upload import is_wrong, measure_all, run_api

N_MIB = 192
MOST_GROWTH_MIB = 64


def test_random_bytes_are_refused_and_stay_out_of_memory(tmp_path: Path) -> None:
    with run_api(tmp_path) as api:
        found = measure_all(api, N_MIB)

    assert [one for one in found if is_wrong(one, MOST_GROWTH_MIB)] == []
