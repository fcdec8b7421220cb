"""Does ProspectModel find what was planted, are its intervals honest, and what if its law is wrong?

Run: python benchmarks/prospect_recovery.py [runs]
Prints, for funnels of several sizes, the mean estimate and how often the 95 % interval of each
parameter, of the share that never converts, and of each open prospect's P(won within a year) holds
the truth (for the latter the 80 % interval too). Planted: never one half, Weibull 1.4 and 230 days;
losses Weibull 1.2 and 620 days.

Run: python benchmarks/prospect_recovery.py replay STUDY DATA DAY [DAY ...]
Holds a study's funnel against what came within a year of each past day, by a fit to all history and
by `fit_funnel`.

Run: python benchmarks/prospect_recovery.py wrong [runs [prospects]]
Prints the same of `fit_funnel` in worlds that are not as the model has them (WORLDS), with what was
said of the coming year, what came, and how often the fit warned.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from goodlib.history import Study, read_history
from goodlib.value.conversion import area, calibration, draw_won, judge, replay
from goodlib.value.period import fit_funnel
from goodlib.value.prospect import ProspectModel

AS_OF, YEARS = pd.Timestamp("2025-12-31"), 4.0
NEVER, WON, LOST = 0.5, (1.4, 230.0), (1.2, 620.0)
TRUE = {"never[Intercept]": 0.0, "when[Intercept]": np.log(WON[1]), "shape": WON[0]}


def funnel(n: int, seed: int, told: str) -> pd.DataFrame:
    """A funnel of n prospects; losses are dated, undated or not known at all."""
    random = np.random.default_rng(seed)
    age = np.floor(YEARS * 365 * random.random(n)) + 1
    gone = random.random(n) < NEVER
    law = np.where(gone[:, None], LOST, WON)
    span = np.ceil(law[:, 1] * random.weibull(law[:, 0]))
    seen = (span <= age) & ((told != "no losses") | ~gone)
    first = AS_OF - pd.to_timedelta(age, unit="D")
    date = pd.Series(first + pd.to_timedelta(np.where(seen, span, 0), unit="D"))
    return pd.DataFrame(
        {
            "prospect_id": [f"P{i}" for i in range(n)],
            "first_contact": first,
            "outcome": np.where(seen, np.where(gone, "lost", "won"), ""),
            "outcome_date": date.where(seen & (~gone | (told == "dated"))),
        }
    )


def true_p_won(age: np.ndarray, told: str) -> np.ndarray:
    """P(won within 365 days | open at age) at the planted values."""

    def stays(t: np.ndarray, law: tuple[float, float]) -> np.ndarray:
        return np.exp(-((t / law[1]) ** law[0]))

    kept = np.ones_like(age) if told == "no losses" else stays(age, LOST)
    now = (1 - NEVER) * stays(age, WON)
    return (now - (1 - NEVER) * stays(age + 365, WON)) / (now + NEVER * kept)


def main(runs: int) -> None:
    rows = []
    for told in ("dated", "undated", "no losses"):
        for n in (120, 300, 1000):
            started, inside, means, problems = time.process_time(), [], [], 0
            for seed in range(runs):
                fit = ProspectModel(funnel(n, seed, told), as_of=AS_OF).fit()
                bounds = fit.conf_int()
                hit = {
                    k: bounds.loc[k, "lower"] <= v <= bounds.loc[k, "upper"]
                    for k, v in TRUE.items()
                }
                hit["never"] = fit.never["lower"] <= NEVER <= fit.never["upper"]
                age = (AS_OF - fit.model.open["first_contact"]).dt.days.to_numpy(float)
                chance, truth = fit.p_won(days=365), true_p_won(age, told)
                within = (chance["lower"] <= truth) & (truth <= chance["upper"])
                hit["p_won"] = within.mean()
                narrow = fit.p_won(days=365, alpha=0.2)
                hit["p_won 80"] = (
                    narrow["p_won"]
                    .where((narrow["lower"] <= truth) & (truth <= narrow["upper"]))
                    .notna()
                    .mean()
                )
                inside.append(hit)
                means.append({k: fit.params[k] for k in TRUE})
                problems += bool(fit.problems)
            cover, mean = pd.DataFrame(inside).mean(), pd.DataFrame(means).mean()
            cost = (time.process_time() - started) / runs
            rows.append(
                {"losses": told, "n": n}
                | {f"mean {k.split('[')[0]}": round(v, 3) for k, v in mean.items()}
                | {
                    f"cover {k.split('[')[0]}": f"{v:.1%}"
                    for k, v in cover.drop("never[Intercept]").items()
                }
                | {"flagged": problems, "CPU s a fit": round(cost, 3)}
            )
    print(f"planted: never logit 0, when {np.log(WON[1]):.3f}, shape {WON[0]}; {runs} runs each")
    print(pd.DataFrame(rows).to_string(index=False))


WORLDS = {
    "as the model has it": {},
    "the same for eight years": {"years": 8.0},
    "gamma times": {"law": "gamma"},
    "log-normal times": {"law": "lognormal"},
    "everybody at their own pace": {"frailty": 1.0},
    "a strong season": {"season": 0.8},
    "twice as fast since two years": {"faster": 2.0, "years": 8.0},
    "the ready get lost as well": {"crossed": True},
    "three columns that mean nothing": {"noise": 3},
    "known for eight months only": {"years": 0.66},
    "slow and nobody never, two years": {"law": "slow", "never": 0.0, "years": 2.0},
    "slow and half never, two years": {"law": "slow", "years": 2.0},
}
"""Names of worlds and how they differ from the planted one."""


def world(n: int, random: np.random.Generator, **how) -> pd.DataFrame:
    """A funnel of n prospects with all that will ever come of it: age, won and lost (days)."""
    age = np.floor(how.get("years", YEARS) * 365 * random.random(n)) + 1
    gone = random.random(n) < how.get("never", NEVER)
    law = how.get("law", "weibull")
    won = {
        "weibull": WON[1] * random.weibull(WON[0], n),
        "gamma": random.gamma(2.5, 85.0, n),
        "lognormal": np.exp(random.normal(np.log(180.0), 0.9, n)),
        "slow": np.exp(random.normal(np.log(500.0), 1.2, n)),
    }[law]
    if "frailty" in how:
        won = won * random.gamma(1 / how["frailty"], how["frailty"], n)
    if "faster" in how:  # time runs faster in the last two years before AS_OF
        slow = np.maximum(age - 730.0, 0.0)
        won = np.where(
            won * how["faster"] <= slow,
            won * how["faster"],
            slow + (won * how["faster"] - slow) / how["faster"],
        )
    if "season" in how:  # operational time: the pace swings over the year
        won = _swing(won, age, how["season"])
    lost = LOST[1] * random.weibull(LOST[0], n)
    lost = np.where(gone | how.get("crossed", False), lost, np.inf)
    won = np.where(gone, np.inf, np.ceil(won))
    frame = pd.DataFrame({"age": age, "won": won, "lost": np.ceil(lost)})
    for number in range(how.get("noise", 0)):
        frame["source industry region".split()[number]] = random.choice(list("abcd"), n)
    return frame


def _swing(span: np.ndarray, age: np.ndarray, depth: float) -> np.ndarray:
    """Days until `span` days of operational time have gone by at a pace of 1 + depth sin."""
    days = np.arange(-12 * 365, 60 * 365)
    clock = np.cumsum(1 + depth * np.sin(2 * np.pi * days / 365))
    start = np.interp(-age, days, clock)
    return np.interp(start + span, clock, days) + age


def observed(truth: pd.DataFrame) -> pd.DataFrame:
    """What a firm has written down of a world by AS_OF."""
    won = (truth["won"] <= truth["age"]) & (truth["won"] < truth["lost"])
    lost = (truth["lost"] <= truth["age"]) & ~won
    first = AS_OF - pd.to_timedelta(truth["age"], unit="D")
    days = truth["won"].where(won, truth["lost"].where(lost, 0.0))
    date = (first + pd.to_timedelta(days, unit="D")).where(won | lost)
    outcome = np.where(won, "won", np.where(lost, "lost", ""))
    frame = truth.drop(columns=["age", "won", "lost"])
    return frame.assign(
        prospect_id=[f"P{i}" for i in range(len(truth))],
        first_contact=first,
        outcome=outcome,
        outcome_date=date,
    )


def wrong(runs: int, n: int = 400) -> None:
    """Every world: what the fit says of never and of the coming year, and what is so."""
    rows = []
    for name, how in WORLDS.items():
        big = world(400_000, np.random.default_rng(999), **how)
        stands = (big["won"] > big["age"]) & (big["lost"] > big["age"])
        comes = stands & (big["won"] <= big["age"] + 365) & (big["won"] < big["lost"])
        never = float(((big["won"] == np.inf) | (big["lost"] < big["won"])).mean())
        bins = big["age"][stands] // 30
        by_age = comes[stands].groupby(bins).mean()  # at the middle of thirty days
        found = []
        for seed in range(runs):
            truth = world(n, np.random.default_rng(seed), **how)
            frame = observed(truth)
            fit = fit_funnel(frame, as_of=AS_OF)
            said = fit.p_won(days=365, alpha=0.2)
            age = truth.set_index(frame["prospect_id"]).loc[said.index, "age"]
            middle = by_age.index.to_numpy(float) * 30 + 15
            real = pd.Series(np.interp(age, middle, by_age), age.index)
            young = (age < 365).to_numpy()
            warned = {problem.name for problem in fit.problems}
            found.append(
                {
                    "never": fit.never["estimate"],
                    "held": fit.never["lower"] <= never <= fit.never["upper"],
                    "young said": said["p_won"][young].mean(),
                    "young true": real[young].mean(),
                    "old said": said["p_won"][~young].mean(),
                    "old true": real[~young].mean(),
                    "80 % held": ((said["lower"] <= real) & (real <= said["upper"]))[
                        real >= 0.01  # below it the truth itself is only simulated
                    ].mean(),
                    "too short": "never or late cannot be told apart" in warned,
                    "hangs on law": "the share that never converts hangs on the law" in warned,
                    "misfit": "the law does not fit the count" in warned,
                    "pace": "the pace has changed" in warned,
                    "season": "prospects are won by season" in warned,
                    "any doubt": bool(warned),
                    "recent only": fit.model.since is not None,
                    "log-normal": fit.model.time_law == "lognormal",
                    "grouped": len(fit.model.names) > 5,
                }
            )
        mean = pd.DataFrame(found).astype(float).mean()
        rows.append({"world": name, "true never": never} | mean.to_dict())
        print(f"{name}: done", file=sys.stderr, flush=True)
    print(f"{runs} funnels of {n} prospects each")
    print(pd.DataFrame(rows).set_index("world").round(3).T.to_string())


def replayed(path: str, data: str, days: list[str]) -> None:
    """A study's prospects scored at past days, and what came of them."""
    study = Study.read(path, data=data)
    prospects = read_history(study).tables["prospects"]
    for name, fit in (("all history, Weibull", ProspectModel), ("fit_funnel", fit_funnel)):

        def scored(frame, as_of, fit=fit):
            return (
                fit(frame, as_of=as_of).fit() if fit is ProspectModel else fit(frame, as_of=as_of)
            )

        started = time.process_time()
        told = replay(prospects, days, days=365.25, as_of=study.as_of, fit=scored)
        print(
            f"{name}: Brier {((told['p_won'] - told['won']) ** 2).mean():.4f}, "
            f"{time.process_time() - started:.1f} CPU s"
        )
        print(judge(told).query("method == 'model' or method == 'newest first'").to_string())
        print((100 * calibration(told, 8).drop(columns="n")).round(1).to_string())
        sure = [part for _, part in told[~told["undated"]].groupby("origin")]
        print("AUC without undated losses", [round(area(p["p_won"], p["won"]), 2) for p in sure])
        print("newest first             ", [round(area(-p["age"], p["won"]), 2) for p in sure])


def years(runs: int) -> None:
    """How often the 80 % interval of the number won holds where one year differs from another."""
    random, rows = np.random.default_rng(1), []
    for expected in (9, 60, 300):
        for differ in (0.0, 0.05, 0.1, 0.2, 0.3):
            for origins in (0, 1, 3):
                held = []
                for run in range(runs):
                    came = random.poisson(expected * np.exp(differ * random.normal(size=origins)))
                    tried = {"method": "model", "expected": float(expected), "won": came}
                    alone = random.poisson(expected, 1000)
                    drawn = draw_won(alone, pd.DataFrame(tried), seed=run)
                    truth = random.poisson(expected * np.exp(differ * random.normal()))
                    held.append([_inside(truth, draws) for draws in (alone, drawn)])
                rows.append((expected, differ, origins, *np.mean(held, axis=0)))
    names = ["expected", "years differ by", "origins", "by chance alone", "with a level"]
    print(pd.DataFrame(rows, columns=names).round(2).to_string(index=False))


def _inside(truth: float, draws: np.ndarray) -> bool:
    low, high = np.quantile(draws, [0.1, 0.9])
    return bool(np.floor(low) <= truth <= np.ceil(high))


if __name__ == "__main__":
    words = sys.argv[1:]
    if words[:1] == ["years"]:
        years(int(words[1]) if words[1:] else 1500)
        raise SystemExit
    if words[:1] == ["replay"]:
        replayed(words[1], words[2], words[3:])
        raise SystemExit
    if words[:1] == ["wrong"]:
        sizes = [int(word) for word in words[1:]]
        wrong(*sizes) if sizes else wrong(100)
    else:
        main(int(words[0]) if words else 300)
