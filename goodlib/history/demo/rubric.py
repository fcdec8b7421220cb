"""How much good the firm's work does beyond those who pay for it, as its partners rate it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from goodlib.history.demo.calendar import START, day
from goodlib.history.demo.relations import CUTS, ROUNDS, SEVERITY

ITEM = "good for others"
FIELDS = {  # what the work is for: how far it reaches beyond the client, on the latent scale
    "health": 1.1,
    "education": 0.8,
    "public sector": 0.7,
    "energy": 0.2,
    "manufacturing": -0.5,
    "retail": -0.7,
    "finance": -0.9,
}
OWN_SPREAD = 0.7  # of clients of one field
STRICT = 0.8  # a partner who is strict about people is strict about the good of the work, too


def benefit(seed: int, base: pd.DataFrame) -> pd.DataFrame:
    """`base` with `good_for_others`: latent, 0 the mean, nothing to do with money or liking."""
    random = np.random.default_rng([seed, 9])
    field = base["industry"].map(FIELDS).to_numpy()
    drawn = field - field.mean() + OWN_SPREAD * random.standard_normal(len(base))
    return base.assign(good_for_others=drawn.round(4))


def rubric(seed: int, base: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """Scores from 1 to 5 by the partners, in the weeks in which they rate the relationship too.

    A cumulative logit: the score is one more than the number of cuts below 1.3 good_for_others
    + view - STRICT x severity + noise. Who owns a client rates it, others now and then.
    """
    random = np.random.default_rng([seed, 10])
    billed = invoices[["client", "day"]].to_numpy()
    view = random.normal(0, 0.5, (len(base), len(SEVERITY)))
    knows = random.random((len(base), len(SEVERITY))) < 0.22
    rows = []
    for date in ROUNDS:
        now = (pd.Timestamp(date) - START).days
        seen = {c for c, d in billed if now - 500 <= d <= now}
        for i, c in enumerate(base.itertuples()):
            for r, (partner, severity) in enumerate(SEVERITY.items()):
                asked = c.customer_id in seen and (partner == c.owner or knows[i, r])
                if not asked or random.random() < 0.3:
                    continue
                eta = 1.3 * c.good_for_others + view[i, r] - STRICT * severity + random.logistic()
                score = 1 + int((eta > CUTS).sum())
                rows.append((c.customer_id, partner, "staff", now, ITEM, str(score)))
    frame = pd.DataFrame(rows, columns=["customer_id", "rater", "side", "day", "item", "score"])
    frame.insert(3, "date", day(frame.pop("day")))
    return frame
