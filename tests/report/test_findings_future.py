"""Sentences of the chapter on tomorrow's best customers."""

from types import SimpleNamespace

import pandas as pd
import pytest

from goodlib.report.findings import comparison, future, tier
from goodlib.report.words import Words

SAY = Words("USD").say


def test_of_a_long_list_the_hits_are_written_as_all_counts_are():
    best = pd.DataFrame({"name": "586", "p_top": 0.6, "top_today": True}, index=range(2000))
    assert "of the 2,000 on the list about 1,200 will be right" in SAY(future.listed(best))


@pytest.mark.parametrize(("p", "said"), [(1e-9, "p below 0.01"), (0.11, "p = 0.11")])
def test_no_chance_is_said_to_be_nothing(p, said):
    found = SimpleNamespace(fall=-0.5, rise=-0.1, symmetry=SimpleNamespace(pvalue=p))
    assert SAY(tier.returning(found)).endswith(f"(Bowker's test, {said}).")


def test_a_calendar_that_is_not_used_does_not_say_that_nothing_moved():
    none = SimpleNamespace(moves=lambda part: False, refused=(), decided="")
    said = SAY(future.calendar(none))
    assert said.endswith("nothing that moved the whole base could be told from chance.")


@pytest.mark.parametrize(
    ("names", "held"),
    [(["Ada"], "Ada: it holds 50% of the expected value and is among"),
     (["Ada", "Ben"], "Ada and Ben: together they hold 50% of the expected value and are among")],
)  # fmt: skip
def test_whom_money_missed_holds_a_share_and_is_good_to_work_with(names, held):
    customers = pd.DataFrame({"name": [*names, "Cleo"], "told": "missed", "relationship": 1.0})
    customers["residual_value"] = [*[1.0] * len(names), float(len(names))]
    customers.loc[customers["name"] == "Cleo", "told"] = ""
    assert held in SAY(comparison.missed(customers))
