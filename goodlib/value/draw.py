"""One joint draw of what the models leave open about each customer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Draw(NamedTuple):
    """One draw a customer; `rate` and `leaving` are as if active, whatever `active` says.

    active : bool, still a customer at T.
    rate : purchases (events, for k > 1) a unit of time while active, lambda.
    leaving : rate of leaving, mu (ParetoNBD), or chance to leave after a purchase, p (BG/NBD and
    kin). purchases : number in (T, T + horizon].
    """

    active: np.ndarray
    rate: np.ndarray
    leaving: np.ndarray
    purchases: np.ndarray
