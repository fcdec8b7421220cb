"""Who are our good customers?

The rooms, in the way of the data (docs/architecture.md):

    history -> value        -> decision -> report -> cli
            -> relationship ->
"""

from goodlib.decision.association import pairs, rank_biased_overlap, weighted_kappa
from goodlib.decision.balance import aitchison
from goodlib.decision.comparison import association, sides, transition
from goodlib.decision.goods import three_goods
from goodlib.decision.quadrant import quadrants, rank_gap
from goodlib.decision.segment import rfm, whale_curve
from goodlib.history import Study, read_orders, summarize
from goodlib.relationship import RatingModel, krippendorff_alpha
from goodlib.value.amount import LogNormalSpend, repeat_amounts
from goodlib.value.backtest import backtest
from goodlib.value.discrete import BetaGeoBetaBinomial, ShiftedBetaGeometric
from goodlib.value.forecast import forecast
from goodlib.value.future import simulate_future, tomorrows_best
from goodlib.value.inference import compare
from goodlib.value.lifetime import residual_value
from goodlib.value.posterior import PosteriorError
from goodlib.value.prospect import ProspectModel
from goodlib.value.purchase import NBD, BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD
from goodlib.value.referral import referral_value
from goodlib.value.regularity import choose_k, log_gaps, regularity
from goodlib.value.spend import GammaGamma

__all__ = [
    "NBD",
    "BetaGeoBetaBinomial",
    "BetaGeoNBD",
    "GammaGamma",
    "LogNormalSpend",
    "ModifiedBetaGeoNBD",
    "ParetoNBD",
    "PosteriorError",
    "ProspectModel",
    "RatingModel",
    "ShiftedBetaGeometric",
    "Study",
    "aitchison",
    "association",
    "backtest",
    "choose_k",
    "compare",
    "forecast",
    "krippendorff_alpha",
    "log_gaps",
    "pairs",
    "quadrants",
    "rank_biased_overlap",
    "rank_gap",
    "read_orders",
    "referral_value",
    "regularity",
    "repeat_amounts",
    "residual_value",
    "rfm",
    "sides",
    "simulate_future",
    "summarize",
    "three_goods",
    "tomorrows_best",
    "transition",
    "weighted_kappa",
    "whale_curve",
]
__version__ = "0.1.0"
