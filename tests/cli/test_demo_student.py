"""The demo's student is one that the service takes."""

from pathlib import Path

import pytest

from api.cli.demo_student import choose_student

HEADER = "fold,uid,concepts,responses\n"


@pytest.mark.parametrize(
    "unusable", ['0,..,"1,2,3","1,0,1"', f'0,z,"1,{"_".join(map(str, range(21)))},3","1,0,1"']
)
def test_longest_history_that_can_be_sent_is_chosen(tmp_path: Path, unusable: str) -> None:
    file = tmp_path / "rows.csv"
    file.write_text(f'{HEADER}{unusable}\n0,5b/7,"1,2","1,0"\n0,short,"1","1"\n1,other,"1,2,3","1,0,1"\n')

    student_id, interactions = choose_student(file, fold=0, source="x")

    assert student_id == "5b/7"
    assert [(one["skills"], one["correct"]) for one in interactions] == [(["1"], True), (["2"], False)]
