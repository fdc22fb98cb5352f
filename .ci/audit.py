"""Look for known vulnerabilities of locked packages: audit.py LOCK…; AUDIT_SOURCE names another OSV address.

Exit code 0 also where the source can't be asked, for then nothing is known; it is said in capitals. 1 where
something is found, 2 where a lock can't be read.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOUND, UNREADABLE = 1, 2
SECONDS = "20"


def main(locks: list[str]) -> int:
    source = os.environ.get("AUDIT_SOURCE")
    asked = ["--vulnerability-service", "osv", "--timeout", SECONDS]
    asked += ["--osv-url", source] if source else []
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        done = run(locks, ["--format", "json", "--output", str(report), *asked])
        packages = json.loads(report.read_text())["dependencies"] if report.exists() else None
    if packages is None:
        return say_why(locks, done.stderr)
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed = ", ".join(found["fix_versions"]) or "no release yet"
            name = f"{package['name']} {package['version']}"
            say(f"{name}: {found['id']}, fixed in {fixed}: {found['description']}")
    say(f"{len(packages)} packages checked, {len(vulnerable)} of them with known vulnerabilities")
    return FOUND if vulnerable or done.returncode else 0


def say_why(locks: list[str], reason: str) -> int:
    """Nothing was reported: because of the locks, or because of the source."""
    collected = run(locks, ["--dry-run"])
    if collected.returncode != 0:
        say(f"the lock files can't be audited: {collected.stderr.strip()}")
        return UNREADABLE
    last_line = reason.strip().rpartition("\n")[2]
    say(f"NOTHING WAS CHECKED for known vulnerabilities: the advisory source can't be reached ({last_line})")
    return 0


def run(locks: list[str], options: list[str]) -> "subprocess.CompletedProcess[str]":
    # Locks are complete, so nothing is resolved, and no index is asked.
    command = [sys.executable, "-m", "pip_audit", "--no-deps", "--disable-pip", "--progress-spinner", "off"]
    files = [word for lock in locks for word in ("--requirement", lock)]
    return subprocess.run(  # a command of our own, no shell # nosec B603
        [*command, *files, *options], capture_output=True, text=True, check=False
    )


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
