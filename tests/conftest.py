"""Fixtures that more than one room's tests use."""

import os
from pathlib import Path

import matplotlib as mpl
import pandas as pd
import pytest

mpl.use("agg")
ROOT = Path(__file__).resolve().parent.parent
REAL_DATA = Path(os.environ.get("GOODLIB_DATA", ROOT.parent / "shared" / "data"))


@pytest.fixture(scope="session")
def real_data():
    """The folder of the optional real histories; a test that needs them skips without it."""
    if not REAL_DATA.is_dir():
        pytest.skip("the optional real data is not on this machine (GOODLIB_DATA names its folder)")
    return REAL_DATA


@pytest.fixture(scope="session")
def cdnow_orders(real_data):
    """The CDNOW 1/10 sample, one row a purchase: customer_id, date, amount."""
    frame = pd.read_parquet(real_data / "cdnow" / "cdnow_sample.parquet")
    return frame
