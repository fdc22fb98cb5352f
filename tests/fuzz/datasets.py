"""Files of responses as strategies: nearly always readable, or anything at all."""

import csv
from io import StringIO

from hypothesis import strategies as st

HEADERS = (
    ["student_id", "skill", "correct"],
    ["student_id", "skill", "correct", "timestamp"],
    ["student_id", "skill", "correct", "item", "fold"],
    ["fold", "uid", "concepts", "responses"],
    ["fold", "uid", "concepts", "responses", "questions", "timestamps", "is_repeat"],
)
CELLS = (
    "ana", "ben", "0", "1", "-1", "2", "1,0", "0,1,-1", "3_5", "add", "add;subtract", "", " ", "1.0", "true",
    "2025-12-07T20:10:37Z", "1700000000000", "é", "😀", "=1+1", "999", "1e400", "nan", "\x00", "a\nb", '"',
)  # fmt: skip


def cells() -> st.SearchStrategy[str]:
    return st.sampled_from(CELLS) | st.text(max_size=8)


@st.composite
def csv_files(draw: st.DrawFn) -> bytes:
    """CSV of either format whose cells mostly fit."""
    header = list(draw(st.sampled_from(HEADERS)))
    n_rows = draw(st.integers(0, 6))
    rows = [[draw(cells()) for _ in header] for _ in range(n_rows)]
    sink = StringIO()
    csv.writer(sink, lineterminator=draw(st.sampled_from(["\n", "\r\n"]))).writerows([header, *rows])
    return sink.getvalue().encode("utf-8", "surrogatepass")
