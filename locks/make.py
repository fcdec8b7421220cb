"""Make the lock files anew: one resolution for all groups, then one file a group (needs uv)."""

import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPILE = [
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--no-emit-index-url", "--no-header", "--no-annotate", "pyproject.toml"),
]
FILES = {"report": ["build"], "test": ["build", "test"], "lab": ["build", "lab"]}


def compile_lock(groups: list[str], output: Path, *options: str) -> None:
    flags = [flag for group in groups for flag in ("--group", group)]
    command = [*COMPILE, *flags, *options, "--output-file", str(output)]
    subprocess.run(command, cwd=HERE.parent, check=True)


with tempfile.TemporaryDirectory() as folder:
    whole = Path(folder, "all.txt")
    compile_lock(sorted(set().union(*FILES.values())), whole)
    for name, groups in FILES.items():
        lock = HERE / f"{name}.txt"
        lock.unlink(missing_ok=True)
        compile_lock(groups, lock, "--generate-hashes", "--constraints", str(whole))
        if re.search(r"https?://", lock.read_text()):
            message = f"{lock} carries an address"
            raise SystemExit(message)
