"""Looks for known vulnerabilities in an environment, or in what a lock file pins.

    python .ci/audit.py SITE_PACKAGES
    python .ci/audit.py LOCK_FILE

Fails if there are any, and if nothing was audited although the package index can be asked. Where it
cannot, says so loudly and goes on.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

PUBLISHED = "pip==24.0"  # every package index knows it

_OF_FILE = ("--no-deps", "--disable-pip", "--requirement")


def audited(*arguments: str) -> tuple[list[dict[str, Any]], list[str]]:
    """What was audited, with its vulnerabilities, and the names of what was not."""
    command = (sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off")
    answer = subprocess.run((*command, *arguments), stdout=subprocess.PIPE, text=True).stdout  # noqa: S603
    # Where nobody answers at all, pip-audit says so on standard error and nothing here.
    packages = json.loads(answer)["dependencies"] if answer.strip() else []
    skipped = [package["name"] for package in packages if "skip_reason" in package]
    return [package for package in packages if "skip_reason" not in package], skipped


def index_answers() -> bool:
    """Whether the package index can be asked about a version that it must know."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder, "requirements.txt")
        requirements.write_text(PUBLISHED)
        known, _ = audited(*_OF_FILE, str(requirements))
    return bool(known)


def main() -> int:
    """Runs the command line; the exit code."""
    place = sys.argv[1]
    is_file = Path(place).is_file()
    known, skipped = audited(*_OF_FILE, place) if is_file else audited("--path", place)
    vulnerable = [package for package in known if package["vulns"]]
    print(f"{len(known)} packages audited, {len(vulnerable)} with known vulnerabilities")  # noqa: T201
    for package in vulnerable:
        names = ", ".join(vulnerability["id"] for vulnerability in package["vulns"])
        print(f"{package['name']} {package['version']}: {names}")  # noqa: T201
    if skipped:
        print(f"not audited, {len(skipped)}: {', '.join(skipped)}")  # noqa: T201
    if known:
        return 1 if vulnerable else 0
    if index_answers():
        print(f"nothing in {place} was audited, although the package index answers")  # noqa: T201
        return 1
    print("!" * 80 + "\nNOTHING WAS AUDITED: no package index answers here.\n" + "!" * 80)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
