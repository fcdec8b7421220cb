"""Who are our good customers?

The rooms, in the way of the data (docs/architecture.md):

    history -> value        -> decision -> report -> cli
            -> relationship ->
"""

from goodlib.history import Study, read_orders, summarize
from goodlib.relationship import RatingModel, krippendorff_alpha
from goodlib.value.backtest import backtest
from goodlib.value.forecast import forecast
from goodlib.value.future import simulate_future, tomorrows_best
from goodlib.value.inference import compare
from goodlib.value.lifetime import residual_value
from goodlib.value.posterior import PosteriorError
from goodlib.value.prospect import ProspectModel
from goodlib.value.purchase import BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD
from goodlib.value.referral import referral_value
from goodlib.value.spend import GammaGamma

__all__ = [
    "BetaGeoNBD",
    "GammaGamma",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "PosteriorError",
    "ProspectModel",
    "RatingModel",
    "Study",
    "backtest",
    "compare",
    "forecast",
    "krippendorff_alpha",
    "read_orders",
    "referral_value",
    "residual_value",
    "simulate_future",
    "summarize",
    "tomorrows_best",
]
__version__ = "0.1.0"
