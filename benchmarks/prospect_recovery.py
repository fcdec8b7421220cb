"""Does ProspectModel find what was planted, and are its intervals honest?

Run: python benchmarks/prospect_recovery.py [runs]
Prints, for funnels of several sizes, the mean estimate and how often the 95 % interval of each
parameter, of the share that never converts, and of each open prospect's P(won within a year) holds
the truth. Planted: never one half, Weibull 1.4 and 230 days; losses Weibull 1.2 and 620 days.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

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


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
