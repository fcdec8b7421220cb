"""Make the lock files anew: one resolution for all groups, then one file a group (needs uv)."""

import re
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMPILE = [
    *("uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11"),
    *("--no-emit-index-url", "--no-header", "--no-annotate"),
]
FILES = {
    "report": ["build"],
    "test": ["build", "test"],
    "lab": ["build", "lab"],
    "spark": ["build", "spark"],
}


def compile_lock(source: str, groups: list[str], output: Path, *options: str) -> None:
    flags = [flag for group in groups for flag in ("--group", group)]
    command = [*COMPILE, source, *flags, *options, "--output-file", str(output)]
    subprocess.run(command, cwd=HERE.parent, check=True)


with tempfile.TemporaryDirectory() as folder:
    whole = Path(folder, "all.txt")
    compile_lock("pyproject.toml", sorted(set().union(*FILES.values())), whole)
    for name, groups in FILES.items():
        lock = HERE / f"{name}.txt"
        lock.unlink(missing_ok=True)
        options = ("--generate-hashes", "--constraints", str(whole))
        compile_lock("pyproject.toml", groups, lock, *options)
(HERE / "bench.txt").unlink(missing_ok=True)
compile_lock("locks/bench.in", [], HERE / "bench.txt", "--generate-hashes")
for lock in HERE.glob("*.txt"):
    if re.search(r"https?://", lock.read_text()):
        message = f"{lock} carries an address"
        raise SystemExit(message)
