"""Prospects: who never converts, who does and when; the funnel as it stood; worth and rank."""

import numpy as np
import pandas as pd
import pytest
from scipy.integrate import quad
from scipy.optimize import approx_fprime
from scipy.special import expit
from statsmodels.duration.survfunc import SurvfuncRight

from goodlib.history import demo
from goodlib.value.conversion import area, calibration, draw_won, judge, replay
from goodlib.value.funnel import already_customers, at_origin, check_stages
from goodlib.value.newcomer import score_prospects, segment_factor
from goodlib.value.period import fit_funnel
from goodlib.value.prospect import ProspectModel

AS_OF = pd.Timestamp("2025-12-31")
WON, LOST = (1.4, 230.0), (1.2, 620.0)


def simulate(n, seed, never=0.5, losses=True, years=4.0, dated=True):
    """A funnel with known truth: never, Weibull times, everybody seen until AS_OF."""
    random = np.random.default_rng(seed)
    age = np.floor(years * 365 * random.random(n)) + 1
    gone = random.random(n) < never
    shape, scale = np.where(gone, LOST[0], WON[0]), np.where(gone, LOST[1], WON[1])
    time = np.ceil(scale * random.weibull(shape))
    seen = (time <= age) & (losses | ~gone)
    first = AS_OF - pd.to_timedelta(age, unit="D")
    end = first + pd.to_timedelta(np.where(seen, time, 0), unit="D")
    told = seen & (dated | ~gone)
    return pd.DataFrame(
        {
            "prospect_id": [f"P{i:04d}" for i in range(n)],
            "first_contact": first,
            "outcome": np.where(seen, np.where(gone, "lost", "won"), ""),
            "outcome_date": pd.Series(end).where(told),
            "group": random.choice(["a", "b"], n),
            "size": random.normal(size=n),
            "truth": np.where(gone, np.inf, time) - age,
        }
    )


@pytest.fixture(scope="module")
def firm():
    return demo.simulate()


# --- Oracle


@pytest.mark.parametrize("law", ["weibull", "lognormal"])
@pytest.mark.parametrize("kind", ["dated losses", "undated losses", "no losses"])
@pytest.mark.parametrize("since", [None, "2024-06-30"])
def test_gradient_is_that_of_the_likelihood(law, kind, since):
    frame = simulate(80, 3, losses=kind != "no losses", dated=kind == "dated losses")
    if kind == "undated losses":  # some days of losses known
        lost = frame.index[frame["outcome"] == "lost"][::3]
        frame.loc[lost, "outcome_date"] = frame["first_contact"] + pd.Timedelta(days=3)
    shape = {"time": law, "never": "group", "when": "size", "since": since}
    model = ProspectModel(frame, as_of=AS_OF, **shape)
    theta = model.start() + np.random.default_rng(1).normal(0, 0.3, len(model.names))
    found = approx_fprime(theta, model.value, 1e-6)
    np.testing.assert_allclose(model.derivatives(theta)[1], found, rtol=1e-4, atol=1e-3)


def test_likelihood_is_that_of_a_naive_loop():
    frame = simulate(60, 4)
    model = ProspectModel(frame, as_of=AS_OF)
    never, when, shape, loss, loss_shape = 0.2, 5.4, 1.3, 6.2, 1.1

    def density(t, k, location):
        z = (t / np.exp(location)) ** k
        return k / t * z * np.exp(-z)

    total, share = 0.0, expit(never)
    for row in frame.itertuples():
        if row.outcome == "won":
            t = (row.outcome_date - row.first_contact).days
            total += np.log((1 - share) * density(t, shape, when))
        elif row.outcome == "lost":
            t = (row.outcome_date - row.first_contact).days
            total += np.log(share * density(t, loss_shape, loss))
        else:
            t = (AS_OF - row.first_contact).days
            kept = 1 - quad(density, 0, t, args=(loss_shape, loss))[0]
            stay = 1 - quad(density, 0, t, args=(shape, when))[0]
            total += np.log((1 - share) * stay + share * kept)
    assert model.loglike([never, when, shape, loss, loss_shape]) == pytest.approx(total, rel=1e-8)


@pytest.mark.parametrize("undated", [0.0, 0.3, 1.0])
def test_all_that_can_be_seen_since_a_day_has_probability_one(undated):
    """Aged e on `since` and t today: won or lost in between, lost on an unknown day, or open."""
    e, t, params = 100, 250, [0.2, 5.4, 1.3, 6.2, 1.1]
    first, since = AS_OF - pd.Timedelta(days=t), AS_OF - pd.Timedelta(days=t - e)
    days = [*range(e + 1, t + 1)]
    ways = [("won", day) for day in days] + [("lost", day) for day in days]
    rows = pd.DataFrame([*ways, ("lost", None), ("", None)], columns=["outcome", "day"])
    rows["outcome_date"] = first + pd.to_timedelta(rows["day"], unit="D")
    rows = rows.assign(first_contact=first, prospect_id=rows.index)
    model = ProspectModel(rows, as_of=AS_OF, since=since)
    model.undated_share = undated
    kinds = {name: getattr(model, name) for name in ("won", "lost", "lost_some_day", "is_open")}
    weights = {"won": 1.0, "lost": 1 - undated, "lost_some_day": undated, "is_open": 1.0}
    theta, total = model.to_theta(params), 0.0
    for row in range(len(rows)):
        only = np.arange(len(rows)) == row
        for name, kind in kinds.items():
            setattr(model, name, kind & only)
        model.fresh = ~only
        weight = sum(weights[name] for name, kind in kinds.items() if kind[row])
        total += weight * np.exp(model.value(theta))
    assert total == pytest.approx(1, abs=0.01)  # days are counted whole


def test_p_won_is_bayes_rule_by_hand():
    fit = ProspectModel(simulate(200, 5), as_of=AS_OF).fit()
    params, model = fit.params, fit.model
    share = expit(params["never[Intercept]"])
    age = (AS_OF - model.open["first_contact"]).dt.days.to_numpy()

    def stays(t, k, location):
        return np.exp(-((t / np.exp(location)) ** k))

    own = (params["shape"], params["when[Intercept]"])
    still = (1 - share) * stays(age, *own)
    open_now = still + share * stays(age, params["loss_shape"], params["loss"])
    by_hand = (still - (1 - share) * stays(age + 365, *own)) / open_now
    np.testing.assert_allclose(fit.p_won(days=365)["p_won"], by_hand, rtol=1e-8)


def test_kaplan_meier_is_that_of_statsmodels_with_the_lost_at_risk():
    frame = simulate(150, 6)
    curve = ProspectModel(frame, as_of=AS_OF).fit().curve([90, 365])
    won = frame["outcome"].eq("won").to_numpy()
    until = frame["outcome_date"].where(won, AS_OF)
    seen = SurvfuncRight((until - frame["first_contact"]).dt.days, won.astype(int))
    for row in curve.itertuples():
        at = seen.surv_prob[seen.surv_times <= row.day]
        assert row.kaplan_meier == pytest.approx(1 - at[-1])


def test_count_since_a_day_has_each_at_risk_from_the_age_reached_then():
    """By hand: at day 20 two of three are at risk (c is met later), at day 40 b and c; one each."""
    since = AS_OF - pd.Timedelta(days=50)
    ages = pd.to_timedelta([60, 75, 45], unit="D")
    frame = pd.DataFrame({"prospect_id": list("abc"), "first_contact": AS_OF - ages})
    frame["outcome"], frame["outcome_date"] = ["won", "", "won"], pd.NaT
    frame["outcome_date"] = frame["first_contact"] + pd.to_timedelta([20, None, 40], unit="D")
    seen = ProspectModel(frame, as_of=AS_OF, since=since).counted
    assert seen.surv_times.tolist() == [20, 40]
    assert seen.n_risk.tolist() == [2, 2]  # b is 25 days old on `since`: not at risk at day 20
    np.testing.assert_allclose(seen.surv_prob, [1 / 2, 1 / 4])


def test_area_counts_pairs():
    assert area(np.array([1, 2, 3, 4]), np.array([0, 1, 0, 1], bool)) == 0.75
    assert area(np.array([1, 1]), np.array([0, 1], bool)) == 0.5


# --- Laws


def test_planted_funnel_is_recovered_with_honest_intervals():
    truth = {"never[Intercept]": 0.0, "when[Intercept]": np.log(230), "shape": 1.4}
    inside = dict.fromkeys(truth, 0)
    runs = 150
    for seed in range(runs):
        fit = ProspectModel(simulate(250, 1000 + seed), as_of=AS_OF).fit()
        bounds = fit.conf_int()
        for name, value in truth.items():
            inside[name] += bounds.loc[name, "lower"] <= value <= bounds.loc[name, "upper"]
    for name, count in inside.items():  # 95 % less three standard errors of 150 runs
        assert 0.89 <= count / runs, f"{name} covered in {count} of {runs}"


def test_p_won_is_calibrated_over_many_funnels():
    said, came = [], []
    for seed in range(60):
        frame = simulate(200, 5000 + seed).set_index("prospect_id")
        chance = ProspectModel(frame, as_of=AS_OF).fit().p_won(days=365)["p_won"]
        said.append(chance)
        came.append(frame.loc[chance.index, "truth"] <= 365)
    said, came = pd.concat(said), pd.concat(came)
    assert said.mean() == pytest.approx(came.mean(), abs=0.02)
    top = said >= said.quantile(0.8)
    assert said[top].mean() == pytest.approx(came[top].mean(), abs=0.05)


def test_met_yesterday_and_silent_for_three_years_get_different_answers():
    frame = simulate(300, 8)
    ages = AS_OF - pd.to_timedelta([1, 3 * 365], unit="D")
    extra = pd.DataFrame({"prospect_id": ["new", "old"], "first_contact": ages, "outcome": ""})
    frame = pd.concat([frame, extra.assign(group="a", size=0.0)], ignore_index=True)
    chance = ProspectModel(frame, as_of=AS_OF).fit().p_won(days=365)
    assert chance.loc["new", "lower"] > 0.3
    assert chance.loc["old", "upper"] < 0.1
    assert (chance["lower"] <= chance["p_won"]).all()
    assert (chance["p_won"] <= chance["upper"]).all()


def test_longer_waits_win_more_and_rows_may_be_shuffled():
    frame = simulate(200, 9)
    fit = ProspectModel(frame, as_of=AS_OF).fit()
    again = ProspectModel(frame.sample(frac=1, random_state=1), as_of=AS_OF).fit()
    near, far = fit.p_won(days=90)["p_won"], fit.p_won(days=900)["p_won"]
    assert (near < far).all()
    pd.testing.assert_series_equal(far, again.p_won(days=900)["p_won"].loc[far.index], rtol=1e-5)


def test_draws_agree_with_the_delta_method():
    fit = ProspectModel(simulate(300, 10), as_of=AS_OF).fit()
    exact, drawn = fit.p_won(days=365, alpha=0.2), fit.draw_p_won(365, draws=3000, seed=1)
    young = exact["p_won"] > 0.2
    np.testing.assert_allclose(drawn.mean(axis=1)[young], exact["p_won"][young], atol=0.01)
    np.testing.assert_allclose(drawn.quantile(0.1, axis=1)[young], exact["lower"][young], atol=0.01)


def test_no_first_contact_gets_a_wider_answer():
    frame = simulate(200, 11)
    lost_dates = frame.index[frame["outcome"] == ""][:5]
    frame.loc[lost_dates, "first_contact"] = pd.NaT
    fit = ProspectModel(frame, as_of=AS_OF).fit()
    chance = fit.p_won(days=365)
    width = (chance["upper"] - chance["lower"]).rename("width")
    undated = frame.loc[lost_dates, "prospect_id"]
    assert set(undated) <= set(chance.index)
    assert width[undated].min() > width.drop(undated).median()
    assert fit.draw_p_won(365, draws=20, seed=1).index.equals(chance.index)


def test_the_demo_firms_conversion_is_found_again(firm):
    prospects = firm.tables["prospects"].replace("", None)
    fit = ProspectModel(prospects, as_of=AS_OF).fit()
    share = firm.truth["prospects"]["never"].mean()
    assert fit.never["lower"] < share < fit.never["upper"]
    bounds = fit.conf_int()
    assert (
        bounds.loc["when[Intercept]", "lower"]
        < np.log(230)
        < bounds.loc["when[Intercept]", "upper"]
    )
    assert bounds.loc["shape", "lower"] < 1.4 < bounds.loc["shape", "upper"]
    by_source = ProspectModel(prospects, as_of=AS_OF, never="source").fit()
    assert by_source.params["never[source[T.referral]]"] < -1.0  # planted: -2.1 beside cold contact
    assert by_source.lr_test(fit).pvalue < 0.01


def test_nothing_later_is_in_the_funnel_of_an_origin():
    frame = simulate(300, 12).assign(stage="negotiation")
    origin = pd.Timestamp("2024-06-30")
    then = at_origin(frame, origin)
    assert then["first_contact"].max() <= origin
    assert then["outcome_date"].max() <= origin
    assert "stage" not in then
    changed = frame.copy()
    later = changed["outcome_date"] > origin
    changed.loc[later, ["outcome", "outcome_date"]] = ["lost", AS_OF]
    pd.testing.assert_frame_equal(
        at_origin(changed, origin).drop(columns="truth"), then.drop(columns="truth")
    )


def test_a_year_that_differs_is_in_the_range_of_the_number_won():
    """300 expected, years that differ by a tenth, three of them tried: 80 % hold, 51 % without."""
    random, held = np.random.default_rng(5), []
    for run in range(300):
        came = random.poisson(300 * np.exp(0.1 * random.normal(size=4)))
        tried = pd.DataFrame({"method": "model", "expected": 300.0, "won": came[:3]})
        alone = random.poisson(300, 500)
        ends = np.quantile([alone, draw_won(alone, tried, seed=run)], [0.1, 0.9], axis=1)
        held.append((ends[0] <= came[3]) & (came[3] <= ends[1]))
    without, held = np.mean(held, axis=0)
    assert without < 0.6
    assert 0.75 < held < 0.88


def test_untried_years_widen_the_range_and_leave_its_middle():
    alone = np.random.default_rng(6).poisson(100, 20_000)
    drawn = draw_won(alone, pd.DataFrame(), seed=1)
    assert np.median(drawn) == pytest.approx(np.median(alone), rel=0.01)
    assert np.ptp(np.quantile(drawn, [0.1, 0.9])) > 1.3 * np.ptp(np.quantile(alone, [0.1, 0.9]))


def test_replay_is_calibrated_and_beats_largest_first():
    frame = simulate(900, 13, years=6).assign(expected_value=1.0)
    told = replay(frame, ["2023-06-30", "2024-06-30"], days=365, as_of=AS_OF)
    table = judge(told).set_index(["method", "origin"])
    model = table.loc["model"]
    assert (abs(model["won"] - model["expected"]) < 4 * np.sqrt(model["expected"])).all()
    assert (model["auc"] > table.loc["largest first"]["auc"] + 0.1).all()
    assert (model["brier"] < model["brier_base_rate"]).all()
    groups = calibration(told, groups=3)
    assert groups["n"].sum() == len(told)
    assert groups["won"].is_monotonic_increasing


def test_rank_and_value_by_hand():
    chance = pd.DataFrame([[1.0] * 4, [0.0] * 4], index=["sure", "none"])
    value = pd.DataFrame([[100.0] * 4, [900.0] * 4], index=["sure", "none"])
    customers = pd.DataFrame([[50.0] * 4, [150.0] * 4], index=["c", "d"])
    table = score_prospects(chance, value, customers=customers, seed=1)
    assert table.loc["sure", "expected_value"] == 100
    assert table.loc["sure", "expected_rank"] == 2
    assert table.loc["none", "expected_value"] == 0
    assert table.loc["none", "expected_rank"] == 4
    assert list(table.index) == ["sure", "none"]


def test_segments_that_differ_by_chance_only_get_one_factor():
    random = np.random.default_rng(1)
    segments = pd.Series(random.choice(["a", "b", "c"], 600))
    same = segment_factor(pd.Series(random.gamma(2, 1, 600)), segments)
    assert same["factor"].sub(1).abs().max() < 0.1
    shifted = pd.Series(random.gamma(2, 1, 600)) * segments.map({"a": 1, "b": 1, "c": 4})
    factor = segment_factor(shifted, segments)
    assert factor.loc["c", "factor"] / factor.loc["a", "factor"] == pytest.approx(4, rel=0.25)
    plain = shifted.groupby(segments).agg(["std", "size"])
    by_hand = plain["std"].loc["c"] / np.sqrt(plain["size"].loc["c"]) / shifted.mean()
    assert factor.loc["c", "std_err"] < by_hand  # one variance for all, and drawn in
    assert factor.loc["c", "std_err"] > by_hand / 4


def habits_changed(n, seed):
    """Met over eight years; three years ago who stays unwon by an age changed: one law, another."""
    random, since = np.random.default_rng(seed), AS_OF - pd.DateOffset(years=3)
    age = np.floor(8 * 365 * random.random(n)) + 1
    e = np.maximum(age - (AS_OF - since).days, 0)

    def unwon(t, scale, never):
        return (1 - never) * np.exp(-((t / scale) ** 1.4)) + never

    def won_at(level, scale, never):  # the age by which the share unwon has fallen to `level`
        ready = np.maximum((level - never) / (1 - never), 0.0)
        with np.errstate(divide="ignore"):
            return scale * (-np.log(ready)) ** (1 / 1.4)

    early = won_at(random.random(n), 600, 0.2)
    late = won_at(random.random(n) * unwon(e, 200, 0.5), 200, 0.5)
    time = np.ceil(np.where(early < e, early, late))
    won, first = time <= age, AS_OF - pd.to_timedelta(age, unit="D")
    date = pd.Series(first + pd.to_timedelta(np.where(won, time, 0), unit="D")).where(won)
    frame = pd.DataFrame({"prospect_id": range(n), "first_contact": first, "outcome_date": date})
    return frame.assign(outcome=np.where(won, "won", "")), since


def test_habits_that_changed_are_found_from_what_happened_since():
    truth = {"never[Intercept]": 0.0, "when[Intercept]": np.log(200), "shape": 1.4}
    inside = dict.fromkeys(truth, 0)
    for seed in range(40):
        frame, since = habits_changed(500, seed)
        bounds = ProspectModel(frame, as_of=AS_OF, since=since).fit().conf_int()
        for name, value in truth.items():
            inside[name] += bounds.loc[name, "lower"] <= value <= bounds.loc[name, "upper"]
    assert min(inside.values()) >= 34, inside  # 95 % of 40 less three standard errors
    chosen = fit_funnel(frame, as_of=AS_OF)
    assert chosen.model.since == since
    whole = ProspectModel(frame, as_of=AS_OF).fit()
    assert whole.params["when[Intercept]"] > chosen.params["when[Intercept]"] + 0.3
    assert fit_funnel(simulate(500, 3, years=8), as_of=AS_OF).model.since is None


def test_groups_that_differ_are_taken_and_noise_is_not():
    frame = simulate(500, 21).assign(source="x", region="y", industry="z")
    random = np.random.default_rng(1)
    sent = random.random(500) < np.where(frame["truth"] == np.inf, 0.1, 0.6)
    frame["source"] = np.where(sent, "sent", "cold")
    frame["region"] = random.choice(list("abcd"), 500)
    frame.loc[0, "source"] = "once"
    fit = fit_funnel(frame, as_of=AS_OF)
    assert fit.params["never[source[T.sent]]"] < -1.5
    assert not fit.params.index.str.contains("region|once").any()
    plain = fit_funnel(frame.drop(columns="source"), as_of=AS_OF)
    assert list(plain.params.index) == list(ProspectModel(frame, as_of=AS_OF).names)


def test_a_group_in_which_nobody_was_lost_keeps_a_chance_of_it():
    frame = simulate(300, 24)
    frame["group"] = np.where((frame["outcome"] == "won") & (frame.index % 2 == 0), "b", "a")
    loose = ProspectModel(frame, as_of=AS_OF, never="group").fit()
    assert "not identified" in [problem.name for problem in loose.problems]
    held = ProspectModel(frame, as_of=AS_OF, never="group", penalty=0.25)
    fit = held.fit()
    assert fit.problems == ()
    assert -8 < fit.params["never[group[T.b]]"] < -3
    slope = approx_fprime(fit.optimum.theta, lambda theta: held.objective(theta)[0], 1e-6)
    np.testing.assert_allclose(slope, 0, atol=2e-2)


def test_few_won_bear_no_groups(firm):
    """At the end of 2023 nineteen had been won: groups of industries would fit them too well."""
    prospects = firm.tables["prospects"].replace("", None)
    fit = fit_funnel(at_origin(prospects, "2023-12-30"), as_of="2023-12-30")
    assert fit.model.won.sum() == 19
    assert list(fit.params.index[:3]) == ["never[Intercept]", "when[Intercept]", "shape"]
    today = fit_funnel(prospects, as_of=AS_OF)
    assert any("source" in name for name in today.params.index)
    told = replay(prospects, ["2023-12-30", "2024-12-30"], days=365, as_of=AS_OF)
    lowest = calibration(told, groups=3).iloc[0]
    assert lowest["lower"] <= lowest["p_won"] <= lowest["upper"]


# --- Refusals


def test_a_season_and_a_law_that_may_be_late_are_said():
    plain = simulate(500, 22)
    assert fit_funnel(plain, as_of=AS_OF).problems == ()
    winter = plain.copy()
    day = winter["outcome_date"]
    winter["outcome_date"] = day.where(day.dt.quarter != 3, day + pd.Timedelta(days=92))
    winter.loc[winter["outcome_date"] > AS_OF, ["outcome", "outcome_date"]] = ["", pd.NaT]
    names = [problem.name for problem in fit_funnel(winter, as_of=AS_OF).problems]
    assert "prospects are won by season" in names
    random, caught = np.random.default_rng(23), 0
    for _ in range(10):  # nobody is lost, everybody comes late, and two years were seen
        age = np.floor(730 * random.random(400)) + 1
        time = np.ceil(np.exp(random.normal(np.log(500), 1.2, 400)))
        first = AS_OF - pd.to_timedelta(age, unit="D")
        date = pd.Series(first + pd.to_timedelta(np.minimum(time, 4000), unit="D"))
        won = pd.Series(time <= age)
        late = pd.DataFrame({"prospect_id": range(400), "first_contact": first})
        late["outcome"], late["outcome_date"] = np.where(won, "won", ""), date.where(won)
        names = [problem.name for problem in fit_funnel(late, as_of=AS_OF).problems]
        caught += "never or late cannot be told apart" in names
    assert caught >= 9


def test_fit_says_what_it_cannot_know():
    few = simulate(400, 14, years=0.4)
    names = [p.name for p in ProspectModel(few, as_of=AS_OF).fit().problems]
    assert "never or late cannot be told apart" in names


def broken(column, value):
    frame = simulate(30, 15)
    frame.loc[2, column] = value
    return frame


@pytest.mark.parametrize(
    ("frame", "rule"),
    [
        (broken("outcome", "maybe"), "outcome must be won, lost or empty: 1 of 30.*'P0002'"),
        (broken("prospect_id", "P0001"), "prospect_id must be unique: 1 of 30.*'P0001'"),
        (
            simulate(30, 15).assign(outcome_date=pd.Timestamp("2019-01-01")),
            "outcome_date must not lie before first_contact: 30 of 30.*'P0000'",
        ),
        (
            simulate(30, 15).assign(outcome="won", outcome_date=pd.NaT),
            "a won prospect needs its outcome_date: 30 of 30",
        ),
        (simulate(30, 15).assign(outcome=""), "no prospect was won: 0 of 30.*Add|add"),
        (
            simulate(30, 15).assign(expected_value=-1.0),
            "expected_value must not be negative: 30 of 30",
        ),
        (simulate(30, 15).drop(columns="first_contact"), "must have the column first_contact"),
    ],
)
def test_the_door_names_rule_count_and_first(frame, rule):
    with pytest.raises(ValueError, match=rule):
        ProspectModel(frame, as_of=AS_OF)


def test_a_stage_cannot_explain_how_it_ended():
    with pytest.raises(ValueError, match="names stage"):
        ProspectModel(simulate(30, 15).assign(stage="x"), as_of=AS_OF, never="stage")


def test_unknown_law_and_missing_numbers_are_refused():
    with pytest.raises(ValueError, match="time must be one of weibull, lognormal: got 'gamma'"):
        ProspectModel(simulate(30, 15), as_of=AS_OF, time="gamma")
    with pytest.raises(ValueError, match="needs numbers for all: 1 of 30.*'P0002'"):
        ProspectModel(broken("size", np.nan), as_of=AS_OF, when="size")
    with pytest.raises(TypeError, match="prospects must be a DataFrame, not list"):
        ProspectModel([], as_of=AS_OF)


def test_stages_out_of_the_order_and_customers_already_are_named():
    frame = pd.DataFrame(
        {"prospect_id": ["a", "b"], "stage": ["talk", "odd"], "customer_id": [None, "C1"]}
    )
    with pytest.raises(ValueError, match="stage must be one of talk, offer: 1 of 2.*'b'"):
        check_stages(frame, ["talk", "offer"])
    days = pd.DataFrame({"prospect_id": ["a", "b"], "talk": AS_OF, "offer": AS_OF})
    days.loc[1, "offer"] = pd.Timestamp("2020-01-01")
    with pytest.raises(ValueError, match=r"reached in the order talk, offer: 1 of 2.*'b'"):
        check_stages(days, ["talk", "offer"])
    with pytest.raises(ValueError, match="stage must be one of talk: 30 of 30"):
        ProspectModel(simulate(30, 15).assign(stage="odd"), as_of=AS_OF, stages=["talk"])
    assert already_customers(frame, ["C1"]).to_dict() == {"a": False, "b": True}


def test_an_origin_too_late_to_judge_is_refused():
    with pytest.raises(ValueError, match="an origin must lie at least 365 days before as_of"):
        replay(simulate(60, 16), ["2025-06-30"], days=365, as_of=AS_OF)
