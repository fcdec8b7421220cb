"""What `make test` runs, one after another; the last line counts everything, as pytest does."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PYTHON = [sys.executable, "-m"]
NOTEBOOKS = sorted(str(p.relative_to(ROOT)) for p in (ROOT / "notebooks").glob("[0-9]*.ipynb"))


def environment() -> dict[str, str]:
    """One thread of linear algebra a worker, and bytecode kept for the kernels that are started."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return threads | kept | {"PYTHONPATH": str(ROOT)}


def check(name: str, command: list[str]) -> Counter[str]:
    """One command that passes or fails as a whole."""
    print(f"\n{name}: {' '.join(command)}", flush=True)
    code = subprocess.run([*PYTHON, *command], cwd=ROOT, env=environment(), check=False).returncode
    return Counter(passed=int(code == 0), failed=int(code != 0))


def pytest(name: str, arguments: list[str]) -> Counter[str]:
    """One run of pytest, counted from its own record; a run that records nothing has failed."""
    print(f"\n{name}: pytest {' '.join(arguments)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        record = Path(folder) / "record.xml"
        code = subprocess.run(
            [*PYTHON, "pytest", "-q", *arguments, f"--junitxml={record}"],
            cwd=ROOT,
            env=environment(),
            check=False,
        ).returncode
        counts: Counter[str] = Counter()
        if record.exists():
            for suite in ET.parse(record).getroot().iter("testsuite"):
                total = {
                    k: int(suite.get(k, 0)) for k in ("tests", "failures", "errors", "skipped")
                }
                counts["failed"] += total["failures"]
                counts["errors"] += total["errors"]
                counts["skipped"] += total["skipped"]
                counts["passed"] += total["tests"] - sum(list(total.values())[1:])
    if code != 0 and not counts["failed"] + counts["errors"]:
        counts["errors"] += 1
    return counts


def main() -> int:
    """Runs everything, however much fails; zero when nothing did."""
    started = time.perf_counter()
    counts = check("Lint", ["ruff", "check", "."])
    counts += check("Format", ["ruff", "format", "--check", "."])
    counts += check("Types", ["mypy"])
    counts += pytest("Tests", ["-n", "2", "--dist", "loadfile"])
    if NOTEBOOKS:  # one process in the chapters' order: they hand tables over
        shutil.rmtree(ROOT / "data" / "processed" / "demo", ignore_errors=True)
        plain = ["--override-ini=addopts=", "--override-ini=filterwarnings=", "-p", "no:xdist"]
        strict = ["--nbval", "--nbval-current-env", "--import-mode=importlib"]
        counts += pytest("Notebooks", [*plain, *strict, *NOTEBOOKS])
    parts = ("failed", "passed", "skipped", "errors")
    told = ", ".join(f"{counts[part]} {part}" for part in parts if counts[part])
    print(f"\n===== {told} in {time.perf_counter() - started:.2f}s =====", flush=True)
    return int(bool(counts["failed"] + counts["errors"]))


if __name__ == "__main__":
    sys.exit(main())
