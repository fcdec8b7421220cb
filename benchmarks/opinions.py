"""Which purchase models should a forecast listen to? Rules held against what came.

    python benchmarks/opinions.py FOLDER [history ...]

At each day of benchmarks/promise.py all models are fitted in their own calendars, there and at an
earlier day, and the chance that each gave to every customer's count has a closed form, so no draw
blurs the comparison. Rules: the best AIC of the day without a warning; all that may be believed in
equal parts; weighted by stacking (the shares under which the counts after the earlier day were
likeliest), wholly or half-way to equal; the one that foretold best there. One column a rule: minus
the log score of a customer, and the mean absolute log error of the total.
"""

import sys
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from promise import trials

from goodlib.value import selection
from goodlib.value.choice import LAWS, choose_calendar
from goodlib.value.feature import Past, teaches
from goodlib.value.forecast import earlier, fit_models


def told(
    past: Past, day: pd.Timestamp, ahead: float, unit: str, kind: str, names: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Chance each model gave to each customer's count (customers, models), and expected totals."""
    came = past.after(day, ahead, unit)["purchases"].to_numpy()
    chances, totals = np.zeros((len(came), len(names))), []
    for column, name in enumerate(names):
        fit = fit_models(past, day, unit, name, kind)
        length = fit.calendar.expected_future(ahead)
        for count in np.unique(came):
            rows = came == count
            found = fit.purchases.p_purchases(int(count), length, fit.summary[rows])
            chances[rows, column] = found.to_numpy()[:, 0]
        totals.append(fit.purchases.expected_purchases(length, fit.summary).sum())
    return np.maximum(chances, 1e-12), np.array(totals)


def stacked(chances: np.ndarray) -> np.ndarray:
    """Shares of the models under which what came was likeliest."""
    share = np.full(chances.shape[1], 1 / chances.shape[1])
    for _ in range(300):
        each = chances * share
        share = (each / each.sum(axis=1, keepdims=True)).mean(axis=0)
    return share


def judge(past: Past, day: pd.Timestamp, ahead: float, unit: str) -> dict[str, float]:
    """Scores of every rule at one day; empty where the base was too small before."""
    now = past.at(day, ahead, unit)
    before, length = earlier(past, day, ahead, unit)
    if not teaches(past.at(before, length, unit)):
        return {}
    kind = choose_calendar(past, day, length, unit).kind
    fits = selection.sound(selection.fit_purchases(now))
    names = [name for fit in fits for name, law in LAWS.items() if type(fit.model) is law]
    tried, _ = told(past, before, length, unit, kind, names)
    chances, totals = told(past, day, ahead, unit, kind, names)
    came = past.after(day, ahead, unit)["purchases"].sum()
    one, equal = np.eye(len(names)), np.full(len(names), 1 / len(names))
    shares = {"AIC": one[0], "equal": equal, "stacked": stacked(tried)}
    shares["half-way"] = (shares["stacked"] + equal) / 2
    shares["best before"] = one[np.argmax(np.log(tried).sum(axis=0))]
    found = {"models": len(names)}
    for rule, share in shares.items():
        found[f"{rule}: score"] = -float(np.log(chances @ share).mean())
        found[f"{rule}: error"] = abs(float(np.log(totals @ share / came)))
    return found


def main() -> None:
    """Prints the means of each history."""
    warnings.simplefilter("ignore")
    folder, rows = Path(sys.argv[1]), []
    for name, past, day, ahead, unit in trials(folder, sys.argv[2:]):
        found = judge(past, day, ahead, unit)
        rows += [{"history": name.rstrip("01234567")} | found] if found else []
    frame = pd.DataFrame(rows)
    grouped = frame.groupby("history")
    print(grouped.mean().assign(days=grouped.size()).round(4).T.to_string())


if __name__ == "__main__":
    main()
