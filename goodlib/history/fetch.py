"""Public histories that a user may fetch; nothing is fetched while a study runs.

CDNOW (Fader & Hardie) travels inside the wheel of the PyPI package `lifetimes`; pip brings the
wheel, its hash is checked, and only the data is taken out of it.
"""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

PACKAGE = "lifetimes==0.11.3"
SHA256 = "261e3dc89977c2b60767ca6728aaa29d429de0c814635070a749c36555895da8"
CDNOW = {
    "cdnow_master": ["customer_id", "date", "n_cds", "amount"],
    "cdnow_sample": ["master_id", "customer_id", "date", "n_cds", "amount"],
}
HEADERS = {"cdnow_master": 1, "cdnow_sample": 0}
"""Lines above the first row."""


class FetchError(RuntimeError):
    """The data could not be had, or is not what it should be."""


def get_cdnow(folder: str | Path, wheel: str | Path | None = None) -> list[Path]:
    """Writes cdnow/cdnow_master.parquet and cdnow/cdnow_sample.parquet to `folder`.

    Parameters
    ----------
    folder : path
        Root of the data: data/raw of the project, or what GOODLIB_DATA names.
    wheel : path, optional
        The wheel where it is there already; else pip downloads it.

    Raises
    ------
    FetchError
        pip could not download the wheel, or its SHA-256 is not the known one.
    """
    with tempfile.TemporaryDirectory() as place:
        path = Path(wheel) if wheel else _download(Path(place))
        found = hashlib.sha256(path.read_bytes()).hexdigest()
        if found != SHA256:
            message = (
                f"{path.name} must have the SHA-256 {SHA256}, it has {found}: nothing was written. "
                "Download it again, from an index that you trust."
            )
            raise FetchError(message)
        with zipfile.ZipFile(path) as archive:
            frames = {name: _frame(archive, name) for name in CDNOW}
    target = Path(folder) / "cdnow"
    target.mkdir(parents=True, exist_ok=True)
    for name, frame in frames.items():
        frame.to_parquet(target / f"{name}.parquet", index=False)
    return [target / f"{name}.parquet" for name in frames]


def _download(place: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary"]
    done = subprocess.run(
        [*command, ":all:", "--dest", str(place), PACKAGE],
        capture_output=True,
        text=True,
        check=False,
    )
    wheels = sorted(place.glob("*.whl"))
    if done.returncode or not wheels:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        message = f"pip could not download {PACKAGE}: {said}"
        raise FetchError(message)
    return wheels[0]


def _frame(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    text = archive.read(f"lifetimes/datasets/{name.replace('cdnow', 'CDNOW')}.txt").decode("ascii")
    frame = pd.read_csv(
        io.StringIO(text), sep=r"\s+", header=None, skiprows=HEADERS[name], names=CDNOW[name]
    )
    return frame.assign(date=pd.to_datetime(frame["date"].astype(str), format="%Y%m%d"))
