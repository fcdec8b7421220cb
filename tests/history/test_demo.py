"""The simulated firm: the same seed gives the same files, and what was planted is really there."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from goodlib.history import Study, demo, prepare
from goodlib.history.study import TABLES

ROOT = Path(__file__).resolve().parents[2]
COMMITTED = ROOT / "data" / "raw"


@pytest.fixture(scope="module")
def firm():
    return demo.simulate()


# --- Laws: the files


def test_regenerating_gives_the_committed_files(tmp_path):
    for path in demo.write(tmp_path):
        kept = COMMITTED / path.relative_to(tmp_path)
        assert path.read_bytes() == kept.read_bytes(), f"{kept} is not what `goodlib demo` writes"


def test_files_are_small():
    sizes = [path.stat().st_size for path in (COMMITTED / "demo").iterdir()]
    assert sum(sizes) < 1_500_000


def test_another_seed_is_another_firm(firm):
    other = demo.simulate(7)
    assert not other.tables["orders"]["fee"].equals(firm.tables["orders"]["fee"])
    assert other.tables["customers"].shape == firm.tables["customers"].shape


def test_names_differ_and_try_the_report(firm):
    names = pd.concat([firm.tables["customers"]["name"], firm.tables["prospects"]["name"]])
    won = firm.tables["prospects"]["customer_id"].ne("").sum()
    assert names.nunique() == len(names) - won
    assert any("\u0600" <= letter <= "\u06ff" for name in names for letter in name)
    assert any("'" in name and "ü" in name for name in names)


# --- Laws: what was planted


def test_clients_never_buy_after_they_left(firm):
    truth = firm.truth["clients"].set_index("customer_id")
    bought = (
        firm.tables["orders"].query("fee > 0").assign(at=lambda d: pd.to_datetime(d["invoiced"]))
    )
    span = bought.groupby("client")["at"].agg(lambda at: (at.max() - at.min()).days)
    assert (span <= truth["leaves_after_days"]).all()
    assert set(span.index) == set(truth.index)


def test_value_and_relationship_go_together_only_weakly(firm):
    clients = firm.truth["clients"]
    value = clients["rate_per_week"] * clients["mean_fee"] * clients["margin"]
    assert 0.10 < value.corr(clients["relationship"], method="spearman") < 0.35


def test_the_calendar_is_in_the_orders(firm):
    month = pd.to_datetime(firm.tables["orders"]["invoiced"]).dt.month.value_counts()
    assert month[[9, 10, 11, 12]].sum() / month.sum() > 0.38  # a third if there were no season


def test_severity_orders_the_mean_scores(firm):
    scores = firm.tables["ratings"].query("side == 'staff'")
    mean = pd.to_numeric(scores["score"], errors="coerce").groupby(scores["rater"]).mean()
    severity = firm.truth["raters"].set_index("rater")["severity"]
    assert mean.corr(severity) < -0.9
    assert (scores["score"] == "don't know").sum() > 20


def test_raters_overlap_but_nobody_rates_everybody(firm):
    scores = firm.tables["ratings"].query("side == 'staff'")
    grid = pd.crosstab(scores["customer_id"], scores["rater"]) > 0
    shared = grid.T.astype(int) @ grid.astype(int)
    assert shared.to_numpy().min() >= 10
    assert grid.sum().max() < firm.tables["customers"]["customer_id"].nunique() * 0.6


def test_strained_clients_fall_silent_for_six_months_and_then_chase_at_once(firm):
    log = firm.tables["interactions"].assign(at=lambda d: pd.to_datetime(d["time"]))
    kinds = firm.truth["clients"].set_index("customer_id")["character"]
    assert (kinds == "strained").sum() == (kinds == "warm").sum() == 8
    for client in kinds.index[kinds == "strained"]:
        lines = log[log["customer_id"] == client].sort_values("at")
        story = lines[lines["thread"] == f"S{client[1:]}"]
        assert "unacceptable" in set(story["text"])
        gap = lines["at"].diff().dt.days
        assert gap.max() >= 175
        asked = story.loc[story["kind"] == "request", "at"].iloc[0]
        chased = story.loc[story["kind"] == "chase", "at"].iloc[0]
        assert 0.5 < (chased - asked) / pd.Timedelta(days=1) < 1.5


def test_three_who_never_paid_bring_a_noticeable_share_of_this_years_margin(firm):
    orders = firm.tables["orders"]
    year = orders[orders["invoiced"] > "2024-12-31"]
    margin = (year["fee"] - year["cost"]).groupby(year["client"]).sum()
    sent = firm.tables["referrals"]
    friends = sent[sent["referrer_id"].isin(["F01", "F02", "F03"])]
    assert not set(orders["client"]) & {"F01", "F02", "F03"}
    assert margin.reindex(friends["referred_id"]).sum() / margin.sum() == pytest.approx(
        0.15, abs=0.03
    )


def test_won_prospects_are_new_customers_on_the_day(firm):
    won = firm.tables["prospects"].query("outcome == 'won'")
    first = firm.tables["orders"].groupby("client")["invoiced"].min()
    assert (first.loc[won["customer_id"]].to_numpy() == won["outcome_date"].to_numpy()).all()
    assert (won["first_contact"] < won["outcome_date"]).all()


def test_lost_prospects_would_never_have_bought(firm):
    both = firm.tables["prospects"].merge(firm.truth["prospects"], on="prospect_id")
    assert (both.loc[both["outcome"] == "lost", "never"] == 1).all()
    assert (both.loc[both["outcome"] == "won", "never"] == 0).all()
    assert 0.4 < both["never"].mean() < 0.65
    assert both["outcome"].eq("").sum() >= 30


def test_fees_are_gamma_around_each_clients_mean(firm):
    orders, truth = firm.tables["orders"], firm.truth["clients"].set_index("customer_id")
    index = firm.truth["calendar"]
    paid = orders[orders["fee"] > 0]
    dear = np.interp(
        pd.to_datetime(paid["invoiced"]).astype("int64"),
        pd.to_datetime(index["date"]).astype("int64"),
        index["fee_index"],
    )
    ratio = paid["fee"] / dear / truth["mean_fee"].loc[paid["client"]].to_numpy()
    assert ratio.mean() == pytest.approx(1.0, abs=0.04)


def test_the_study_reads_every_canonical_table(tmp_path):
    study = Study.read(ROOT / "studies" / "demo.yml", data=COMMITTED)
    assert study.simulated
    prepare(study, tmp_path / "demo")
    for name in TABLES:
        frame = pd.read_parquet(tmp_path / "demo" / f"{name}.parquet")
        assert len(frame) > 0, name
    problems = pd.read_parquet(tmp_path / "demo" / "intake.parquet")
    assert {"refund", "no score"} <= set(problems["rule"])


def test_no_chapter_and_no_room_reads_the_truth():
    for path in [*ROOT.glob("notebooks/*.ipynb"), *ROOT.glob("studies/*.yml")]:
        assert "demo-truth" not in path.read_text(encoding="utf-8"), path.name
