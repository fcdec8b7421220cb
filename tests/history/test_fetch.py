"""A fetched history is what it should be, or nothing is written."""

import hashlib
import zipfile

import pytest

from goodlib.history import fetch

MASTER = " customer_id  date number_of_cds  dollar_value\r\n 00001 19970101  1   11.77\r\n"
SAMPLE = " 00004 0001 19970101  2   29.33\r\n 00004 0001 19970118  2   29.73\r\n"


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "some.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("lifetimes/datasets/CDNOW_master.txt", MASTER)
        archive.writestr("lifetimes/datasets/CDNOW_sample.txt", SAMPLE)
    return path


def test_a_wheel_with_another_hash_is_refused(wheel, tmp_path):
    with pytest.raises(fetch.FetchError, match=r"some.whl must have the SHA-256 261e3dc.* nothing"):
        fetch.get_cdnow(tmp_path / "raw", wheel)
    assert not (tmp_path / "raw").exists()


def test_the_data_is_taken_out_of_the_wheel(wheel, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    import pandas as pd

    master, sample = (pd.read_parquet(p) for p in fetch.get_cdnow(tmp_path / "raw", wheel))
    assert master.to_dict("records") == [
        {"customer_id": 1, "date": pd.Timestamp("1997-01-01"), "n_cds": 1, "amount": 11.77}
    ]
    assert sample["amount"].tolist() == [29.33, 29.73]
