"""`make study`: run what the plan says and has not been run, then write it up.

make study DATA=train_valid.csv DATA2009=events.csv    everything, or what is left of it
make study DATA=train_valid.csv PART=ac                parts a and c
make study STUDY=short                                 a miniature on simulated classrooms
make study STUDY=write                                 the page alone, from docs/study/results.json
"""

import argparse
import os
import sys
from pathlib import Path

from rich.console import Console

from api.cli.failures import FAILED_WORK, INTERRUPTED, BadInput, Failure, ProcessDied
from api.cli.serve import interruptible
from docs.study.plan import FULL, SHORT, Plan, load_plan
from docs.study.results import load_results
from docs.study.service import simulate
from docs.study.study import PAGE, RESULTS, Study, missing
from docs.study.write import write_page

WRITE = "write"


def main() -> int:
    said = _arguments()
    console = Console(highlight=False, soft_wrap=True)
    try:
        plan = load_plan(SHORT if said.study == SHORT else FULL)
        if said.study == WRITE:
            write_page(load_results(RESULTS, plan), plan, PAGE)
            console.print(f"written: {os.path.relpath(PAGE)}")
            return 0
        return _run(said, plan, console)
    except KeyboardInterrupt:
        console.print("stopped; the same command goes on from here")
        return INTERRUPTED
    except Failure as failure:
        log = failure.last_lines if isinstance(failure, ProcessDied) else []
        sys.stderr.write("\n".join([f"{failure}. {failure.detail}".strip(), *log]) + "\n")
        return failure.exit_code


def _run(said: argparse.Namespace, plan: Plan, console: Console) -> int:
    state = Path(os.environ.get("IKT_DATA_DIR") or ".ikt").absolute() / f"study-{plan.study}"
    parts = said.part or "".join(plan.parts)
    files = _files(plan, said, parts, state)
    study = Study(plan, parts=parts, files=files, state=state, workers=said.workers, console=console)
    try:
        with interruptible():
            failed = study.run()
    finally:
        write_page(study.results, plan, study.page)
    console.print(f"written: {os.path.relpath(study.page)}")
    if left := [name for name in missing(plan, study.results) if name not in failed]:
        console.print(f"not run yet: {', '.join(left)}")
    if failed:
        console.print(f"failed: {', '.join(failed)}; the same command tries them again")
    return FAILED_WORK if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make study", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--study", choices=("", FULL, SHORT, WRITE), default=FULL)
    parser.add_argument("--data", default="", help="ASSISTments 2015 in pyKT's rows")
    parser.add_argument("--data2009", default="", help="ASSISTments 2009 as events with items")
    parser.add_argument("--part", default="", help="letters of the parts to run; default: all")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="experiments at once")
    return parser.parse_args()


def _files(plan: Plan, said: argparse.Namespace, parts: str, state: Path) -> dict[str, Path]:
    """The file of every data set that can be had. Raises BadInput."""
    if unknown := [part for part in parts if part not in plan.parts]:
        raise BadInput(f"PART={parts}: there is no part {unknown[0]}", f"Parts are {', '.join(plan.parts)}.")
    needed = list(dict.fromkeys(run.data for run in plan.of_parts(parts)))
    given = {"assist2015": said.data, "assist2009": said.data2009}
    made = [name for name in needed if plan.study == SHORT or name not in given]
    files = {name: Path(given[name]) for name in needed if name not in made and given[name]}
    for name, file in files.items():
        if not file.is_file():
            variable = plan.data[name]["variable"]
            raise BadInput(f"{variable}={file} is not a file", f"Name {plan.data[name]['title']}.")
    lacking = [name for name in needed if name not in files and name not in made]
    if lacking and (not files or said.part):
        wanted = " ".join(f"{plan.data[name]['variable']}={plan.data[name]['file']}" for name in lacking)
        raise BadInput(
            f"The study needs {' and '.join(plan.data[name]['title'] for name in lacking)}",
            f"Say make study {wanted}, or make study STUDY=short for a miniature on a simulated classroom.",
        )
    return files | {name: simulate(plan, name, state) for name in made}


if __name__ == "__main__":
    sys.exit(main())
