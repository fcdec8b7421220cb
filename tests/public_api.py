"""The public names as a user's program would use them; mypy reads it, nobody runs it."""

import pandas as pd

import goodlib


def value_of_customers(path: str) -> pd.DataFrame:
    """From a file of orders to what each customer is still worth."""
    orders = goodlib.read_orders(path, customer="client", date="invoiced", amount="fee")
    summary = goodlib.summarize(orders, end="2025-12-31", unit="W")
    models = (goodlib.ParetoNBD, goodlib.BetaGeoNBD, goodlib.ModifiedBetaGeoNBD)
    fits = [model(summary).fit() for model in models]
    spend = goodlib.GammaGamma(summary).fit()
    return goodlib.residual_value(
        fits[0], spend, margin=0.4, horizon=52, discount=0.10, periods_per_year=52.18
    )


def relationships(ratings: pd.DataFrame, study: str) -> pd.DataFrame:
    """From ratings to one relationship a customer."""
    firm = goodlib.Study.read(study)
    assert firm.as_of.year > 1900
    agreement = goodlib.krippendorff_alpha(ratings, level="ordinal")
    relation = goodlib.RatingModel(ratings, scale=[1, 2, 3, 4, 5]).fit()
    return relation.customers.join(agreement)
