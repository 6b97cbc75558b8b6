"""CI's audit of the app's environment, with an index that knows everything, nothing or is away."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

AUDIT = Path(__file__).parent.parent / ".ci" / "audit.py"

# In place of pip-audit: answers from a file of what is said about each of its arguments.
AUDITOR = """
import json, os, sys
answers = json.loads(os.environ["ANSWERS"])
(answer,) = [answers[key] for key in answers if key in sys.argv]
print("" if answer is None else json.dumps({"dependencies": answer}))
"""

GOOD = {"name": "pillow", "version": "13.0.0", "vulns": []}
BAD = {"name": "numpy", "version": "2.0.0", "vulns": [{"id": "PYSEC-1"}]}
UNKNOWN = {"name": "own", "skip_reason": "Dependency not found"}


def audit(
    place: str, answers: Mapping[str, list[object] | None], folder: Path
) -> subprocess.CompletedProcess[str]:
    (folder / "pip_audit.py").write_text(AUDITOR)
    settings = os.environ | {"PYTHONPATH": str(folder), "ANSWERS": json.dumps(answers)}
    command = (sys.executable, str(AUDIT), place)
    return subprocess.run(command, env=settings, capture_output=True, text=True)  # noqa: S603


@pytest.mark.parametrize(
    ("environment", "published", "exit_code", "said"),
    [
        ([GOOD, UNKNOWN], None, 0, ["1 packages audited, 0 with", "not audited, 1: own"]),
        ([GOOD, BAD], None, 1, ["2 packages audited, 1 with", "numpy 2.0.0: PYSEC-1"]),
        ([], [GOOD], 1, ["nothing in folder was audited, although the package index answers"]),
        ([UNKNOWN], [GOOD], 1, ["nothing in folder was audited"]),
        (None, [GOOD], 1, ["nothing in folder was audited"]),
        ([UNKNOWN], [UNKNOWN], 0, ["!!!!!\nNOTHING WAS AUDITED", "not audited, 1: own"]),
        (None, None, 0, ["!!!!!\nNOTHING WAS AUDITED"]),
    ],
)
def test_an_audit_fails_for_vulnerabilities_and_for_looking_at_nothing(
    environment: list[object] | None,
    published: list[object] | None,
    exit_code: int,
    said: list[str],
    tmp_path: Path,
):
    ended = audit("folder", {"--path": environment, "--requirement": published}, tmp_path)
    assert ended.returncode == exit_code, ended.stderr
    assert all(words in ended.stdout for words in said), ended.stdout


def test_what_a_lock_file_pins_is_audited_without_an_environment(tmp_path: Path):
    lock = tmp_path / "server.lock"
    lock.write_text("numpy==2.0.0")
    ended = audit(str(lock), {"--path": [], "--requirement": [GOOD, BAD]}, tmp_path)
    assert ended.returncode == 1, ended.stderr
    assert "2 packages audited, 1 with" in ended.stdout
