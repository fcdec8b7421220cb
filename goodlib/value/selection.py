"""Which model? All are fitted to the same customers and compared by likelihood."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from goodlib.value.amount import LogNormalSpend, SingleGammaGamma, repeat_amounts
from goodlib.value.choice import LAWS
from goodlib.value.inference import compare
from goodlib.value.purchase import NBD, BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD
from goodlib.value.spend import GammaGamma

MODELS = (NBD, ParetoNBD, BetaGeoNBD, ModifiedBetaGeoNBD)
CLEAR = 10.0  # points of AIC by which a model must lose to be no opinion any more
BY_FREQUENCY = "~ np.log1p(frequency)"
"""Mean spend may go with how often a customer buys."""


def fit_purchases(summary: pd.DataFrame) -> list[Any]:
    """Every purchase model fitted to the customers of a summary, best AIC first.

    Customers who first came on its last day were not observed for any time and have no say.
    """
    seen = summary[summary["T"] > 0]
    return sorted((model(seen).fit() for model in MODELS), key=lambda fit: fit.aic)


def choose(fits: list[Any]) -> Any:
    """The fit with the best AIC of those without a problem; where all have one, of all."""
    return sound(fits)[0]


def sound(fits: list[Any]) -> list[Any]:
    """The fits that may be believed, in their order; where all have a problem, the first alone.

    Left out are fits with a problem, and a model without dropout where another beats it clearly
    (10 points of AIC): what it says of those who left is not another opinion but a mistake.
    """
    worst = min(fit.aic for fit in fits) + CLEAR
    kept = [fit for fit in fits if not fit.problems]
    kept = [fit for fit in kept if not isinstance(fit.model, NBD) or fit.aic < worst]
    return kept or fits[:1]


def law(summary: pd.DataFrame) -> str:
    """Name of the purchase model that describes a base best, as `forecast` takes it."""
    chosen = type(choose(fit_purchases(summary)).model)
    return next(name for name, model in LAWS.items() if model is chosen)


def others(
    fits: list[Any], spends: list[Any], law: str | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Models of purchases and of amounts that might have been used alone, by name.

    The sound ones of purchases, without that of `law` where it was used alone, and none where all
    that are sound is one; of the log-normals of amounts the better.
    """
    kept = sound(fits)
    kept = [fit for fit in kept if law is None or type(fit.model) is not LAWS[law]]
    kept = kept if law is not None or len(kept) > 1 else []
    lognormal = next(fit for fit in spends if isinstance(fit.model, LogNormalSpend))
    return {type(fit.model).__name__: fit for fit in kept}, {"log-normal": lognormal}


def fit_spend(orders: pd.DataFrame, summary: pd.DataFrame, *, end: Any = None) -> list[Any]:
    """Models of single amounts, fitted to the same repeat purchases, best AIC first.

    Gamma-Gamma and log-normal, and log-normal with a mean that may go with frequency. Their
    likelihoods are densities of the same amounts above 0, so they may be compared.
    """
    amounts = repeat_amounts(orders, end=end).reindex(summary.index)
    models = [SingleGammaGamma(amounts), LogNormalSpend(amounts)]
    if np.ptp(summary.loc[amounts["n"] > 0, "frequency"]) > 0:
        models.append(LogNormalSpend(amounts, BY_FREQUENCY, summary))
    return sorted((model.fit() for model in models), key=lambda fit: fit.aic)


def choose_spend(fits: list[Any], summary: pd.DataFrame) -> Any:
    """The spend model to use: the log-normal where it wins, else Gamma-Gamma fitted to means.

    Where Gamma-Gamma describes single amounts best, its classic fit to the customers' means is
    used: the same law, and it holds up better where single amounts are not quite gamma.
    """
    best = fits[0]
    return GammaGamma(summary).fit() if isinstance(best.model, SingleGammaGamma) else best


def compare_models(purchases: list[Any], spends: list[Any]) -> pd.DataFrame:
    """One row a model, those of purchases first, best AIC first among either."""
    return pd.concat([compare(purchases), compare(spends)], ignore_index=True)
