"""Sentences of the chapter on tomorrow's best customers."""

from types import SimpleNamespace

import pandas as pd
import pytest

from goodlib.report.findings import calendar, comparison, future, tier
from goodlib.report.words import Words

SAY = Words("USD").say


def test_of_a_long_list_the_hits_are_written_as_all_counts_are():
    best = pd.DataFrame({"name": "586", "p_top": 0.6, "top_today": True}, index=range(2000))
    assert SAY(future.listed(best, "year")) == (
        "Of the 2,000 customers on the list for the next year about 1,200 will be among the best; "
        "all of them are among today's best. First stands 586 (60%)."
    )
    best.loc[0, "top_today"] = False
    assert "; one of them is not among today's best." in SAY(future.listed(best, "year"))
    best.loc[:2, "top_today"] = False
    assert "; 3 of them are not among today's best." in SAY(future.listed(best, "year"))


def trial(found, rule, half, *, origins=2):
    """A backtest as `verdict` sees it: the combination against one rule, to within `half`."""
    table = pd.DataFrame({"origin": range(origins), "method": future.COMBINATION})
    means = pd.DataFrame({"hit_rate": {future.COMBINATION: found, "window spend": rule}})
    gap = found - rule
    differences = pd.DataFrame(
        {"method": "window spend", "difference": gap, "lower": gap - half, "upper": gap + half},
        index=range(origins),
    )
    return SimpleNamespace(table=table, differences=differences, means=lambda: means)


@pytest.mark.parametrize(
    ("found", "rule", "half", "said"),
    [
        (0.58, 0.50, 0.20, "named 50%: a difference that chance could make."),
        (0.58, 0.50, 0.02, "named 50%: more than chance would make."),
        (0.40, 0.50, 0.02, "named 50%: the rule did better, more than chance would make, so use"),
        (0.481, 0.478, 0.02, "named 48%: no difference, so the rule serves as well."),
    ],
)
def test_the_verdict_says_whether_chance_made_the_difference(found, rule, half, said):
    text = SAY(future.verdict(trial(found, rule, half), 0.1, "year"))
    assert text.startswith("Tried at two earlier days, the forecast named")
    assert "best 10% of the following year; the simple rule “who spent most lately” " + said in text


def test_a_trial_in_which_nobody_bought_judges_nothing():
    nothing = trial(float("nan"), float("nan"), 0.0, origins=1)
    assert SAY(future.verdict(nothing, 0.1, "year")) == (
        "Tried at one earlier day, the forecast could not be judged: nobody bought anything in the "
        "following year."
    )


@pytest.mark.parametrize(
    ("promised", "realised", "customers", "said"),
    [
        (0.5, 0.4, 2000, "and 40% were: it promises too much"),
        (0.5, 0.6, 2000, "and 60% were: it promises too little"),
        (0.5, 0.4, 200, "and 40% were: with 40 names on its lists, chance alone could make that"),
        (0.5, 0.48, 200, "and 48% were: its chances can be taken at their word."),
        (0.5, float("nan"), 200, "Whether chances are kept cannot be said: nobody bought"),
    ],
)
def test_promises_are_held_against_what_came(promised, realised, customers, said):
    own = {"method": future.COMBINATION, "promised": promised, "realised": realised}
    table = pd.DataFrame([own | {"customers": customers}] * 2)
    assert said in SAY(future.trust(SimpleNamespace(table=table), 0.1))


def test_lists_of_the_past_are_told_by_name():
    days = pd.to_datetime(["2019-06-30", "2014-06-30"])
    who = list("abcdefghij") * 2
    people = pd.DataFrame({"origin": days.repeat(10)}, index=pd.Index(who, name="customer_id"))
    people["score"] = [0.9, 0.8, *[0.3] * 8, *[0.1] * 8, 0.7, 0.6]
    people["top"] = [1.0, 0.0, 1.0, *[0.0] * 7, *[0.0] * 8, 1.0, 1.0]
    people["spend"] = people["top"] * 5.0
    named = pd.DataFrame({"customer_id": ["c"], "name": ["Ceres"]})
    chapter = SimpleNamespace(has=lambda table: True, load=lambda table: named)
    found = future.tried_by_name(chapter, SimpleNamespace(top=people), 0.2)
    assert found.index.tolist() == days.tolist()
    assert found["named"].tolist() == [2, 2]
    assert found["came"].tolist() == [1, 2]
    assert found["overlooked"].tolist() == ["Ceres", "nobody"]
    assert found["named_in_vain"].tolist() == ["customer b", "nobody"]


def test_a_long_list_names_the_first_and_counts_the_rest():
    people = pd.DataFrame({"origin": pd.Timestamp("2019"), "score": 0.5, "top": 0.0}, range(40))
    people.iloc[:20, 1], people.iloc[20:, 2] = 0.9, 1.0
    people["spend"] = people["top"] * people.index
    chapter = SimpleNamespace(has=lambda table: False)
    found = future.tried_by_name(chapter, SimpleNamespace(top=people), 0.5).iloc[0]
    who = "customer 39, customer 38, customer 37, customer 36 and 16 more"
    assert (found["came"], found["overlooked"]) == (0, who)


def test_who_moves_is_said_as_far_as_somebody_does():
    both = {"overlap": 0.56, "lower_80": 0.54, "upper_80": 0.57}
    everybody = pd.DataFrame({"top_today": [True, True, False], "p_top": [0.9, 0.6, 0.1]})
    nobody = pd.DataFrame({"move": [], "name": [], "p_top": []})
    base = "Of today's best about 56% will be among the best of the next year (80% interval 54% to "
    assert SAY(future.moving(both, everybody, nobody, "year")) == base + "57%)."
    everybody.loc[1, "p_top"] = 0.01
    movers = pd.DataFrame(
        {"move": ["riser", "fader"], "name": ["Ada", "Ben"], "p_top": [0.999, 0.2]}
    )
    said = SAY(future.moving(both, everybody, movers, "year"))
    assert "Likeliest to join them is Ada (more than 99%). One of them is as good as lost" in said
    assert said.endswith("The largest of those who may stay or go is Ben (20% to stay).")
    everybody.loc[0, "p_top"] = 0.02
    said = SAY(future.moving(both, everybody, movers, "year"))
    assert " 2 of them are as good as lost (a chance below 10% to stay)." in said


def test_of_the_faders_those_who_may_stay_are_shown_and_the_largest_first():
    names = list("abcdefgh")
    today = pd.Series([80.0, 70, 60, 50, 4, 3, 2, 1], index=names)
    chance = [0.05, 0.15, 0.40, 0.90, 0.95, 0.85, 0.50, 0.20]
    rank = dict.fromkeys(("expected_rank", *(f"expected_rank_{b}_80" for b in ("lower", "upper"))))
    customers = pd.DataFrame({"p_top": chance, **{name: 4.0 for name in rank}}, index=names)
    found = future.moves(SimpleNamespace(customers=customers, share=0.5), today, count=3)
    assert found.index[found["move"] == "fader"].tolist() == ["b", "c"]  # a is as good as lost
    assert found.index[found["move"] == "riser"].tolist() == ["e", "f", "g"]


@pytest.mark.parametrize(
    ("level", "season", "said", "silent"),
    [
        (True, True, "the line and the bars are", "no season"),
        (True, False, "the line is", "the bars"),
        (False, True, "the bars are", "the line"),
        (False, False, "draws no curve", "the bars"),
    ],
)
def test_only_curves_that_are_drawn_are_spoken_of(level, season, said, silent):
    used = {"level": level, "season": season}
    curve = pd.DataFrame({"level": [1.0, 1.2], "level_ahead": 1.26})
    curve = curve.assign(level_ahead_lower_80=0.96, level_ahead_upper_80=1.5)
    found = SimpleNamespace(moves=used.__getitem__, calendar=curve)
    text = SAY(calendar.curves(found, "2 years"))
    assert said in text
    assert silent not in text
    growth = (
        "Over the next 2 years the level is expected 5.0% higher than where the line ends, carried "
        "on by its growth as far as that can be told from chance, and it may be anything between "
        "80% and 125% of that (80% range): that is why the interval of the total is wide."
    )
    assert (growth in text) == level
    still = SimpleNamespace(moves=used.__getitem__, calendar=curve.assign(level_ahead=1.205))
    assert ("expected to stay where the line ends" in SAY(calendar.curves(still, "year"))) == level


def moved(p=0.5, stayed=0.6, luck=None):
    """Tiers of which only what the sentence reads is known."""
    known = {"symmetry": SimpleNamespace(pvalue=p), "missed": (1 - stayed, 0.3, 0.5)}
    return SimpleNamespace(**known, luck=luck and SimpleNamespace(stay=luck))


@pytest.mark.parametrize(("p", "said"), [(1e-9, "p below 0.01"), (0.11, "p = 0.11")])
def test_no_chance_is_said_to_be_nothing(p, said):
    assert SAY(tier.returning(moved(p))).endswith(f"(Bowker's test, {said}).")


@pytest.mark.parametrize(
    ("stayed", "said"),
    [
        (0.50, "more left than luck takes away, so some have changed"),
        (0.65, "luck is enough to explain how many left"),
        (0.80, "customers are steadier than purchases drawn by luck would be"),
    ],
)
def test_the_return_to_the_mean_stands_beside_what_came(stayed, said):
    text = SAY(tier.returning(moved(stayed=stayed, luck=(0.66, 0.58, 0.74))))
    assert text.startswith(f"Of the best fifth before, {stayed:.0%} stayed in it. If every")
    assert f"would have let 66% stay (95% range 58% to 74%): {said}." in text


def test_a_calendar_that_is_not_used_does_not_say_that_nothing_moved():
    none = SimpleNamespace(moves=lambda part: False, refused=(), decided="")
    said = SAY(calendar.told(none))
    assert said == (
        "No season and no common rise or fall of all customers is used: nothing that moved the "
        "whole base could be told from chance."
    )


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


@pytest.mark.parametrize(
    ("given", "other", "said"),
    [
        (0.26, 0.04, "of these 26% rose into it, of the others 4.0%. This is"),
        (0.26, 0.0, "of these 26% rose into it, of the others none. This is"),
        (0.0, 0.0, "of these none rose into it, of the others none. This is"),
    ],
)
def test_whether_hours_followed_the_tier(given, other, said):
    found = {"best_once_low": 0.39, "low": 166, "given_more": 0.37}
    text = SAY(tier.followed({**found, "rose_given": given, "rose_not": other}, 104.0))
    assert "37% got more hours than the median customer (104 hours); " + said in text
