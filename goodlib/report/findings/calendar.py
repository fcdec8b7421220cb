"""What chapter 03 says of season and level: what moves all customers at once."""

from __future__ import annotations

from goodlib.report.words import Sentence
from goodlib.value.worth import Recalled

MONTHS = (
    "January February March April May June July August September October November December"
).split()


def told(found: Recalled) -> Sentence:
    """Season and level in words, or why none is read out of this history."""
    parts: list[str] = []
    values: dict[str, object] = {}
    if found.moves("season"):
        season = found.calendar.groupby(found.calendar["month"].dt.month)["season"].mean()
        season = season / season.mean()
        values |= {"peak": MONTHS[season.idxmax() - 1], "high": float(season.max() - 1)}
        values |= {"trough": MONTHS[season.idxmin() - 1], "low": float(1 - season.min())}
        parts.append(
            "purchases run highest around {peak:name}, {high:percent} above the mean, and lowest "
            "around {trough:name}, {low:percent} below it"
        )
    if found.moves("level"):
        level = found.calendar["level"].to_numpy()
        back = min(36, len(level) - 1)
        change = float(level[-1] / level[-1 - back] - 1)
        since = found.calendar["month"].iloc[-1 - back]
        values |= {"change": abs(change), "since": int(since.year)}
        if abs(change) < 0.05:
            parts.append("the level of the whole base has hardly moved since {since}")
        else:
            way = "risen" if change > 0 else "fallen"
            parts.append(
                f"the level of the whole base has {way} by {{change:percent}} since {{since}}"
            )
    reasons = list(found.refused)
    values["reasons"] = "; ".join(reasons)
    if not parts:
        values["reasons"] = "; ".join(
            reasons or ["nothing that moved the whole base could be told from chance"]
        )
        text = "No season and no common rise or fall of all customers is used: {reasons:name}."
        return Sentence(text, values)
    text = "; ".join(parts)
    text = text[0].upper() + text[1:] + "."
    if found.decided:
        values["decided"] = found.decided[0].upper() + found.decided[1:]
        text += " {decided:name}."
    if reasons:
        text += " Not used: {reasons:name}."
    return Sentence(text, values)


def curves(found: Recalled, length: str) -> Sentence:
    """What the figure of the calendar shows: only the curves that are drawn.

    `length` names the horizon ("year", "5 years").
    """
    dots = (
        "Dots are purchases counted against what the customers known at that time would be "
        "expected to buy"
    )
    wide = "that is why the interval of the total is wide"
    level, values = "", {}
    if found.moves("level"):
        level, values = _level_ahead(found, length)
        level += f": {wide}."
    drawn = found.moves("level"), found.moves("season")
    if drawn == (True, True):
        text = (
            f"{dots}; the line and the bars are the smooth curves that the forecast uses. {level}"
        )
    elif drawn == (True, False):
        text = (
            f"{dots}; the line is the smooth curve that the forecast uses. {level} By month of the "
            "year nothing is drawn, for no season is used."
        )
    elif drawn == (False, True):
        text = (
            f"{dots}; the bars are the smooth curve that the forecast uses. No curve of the level "
            f"is used: it is taken to stay as it was on average, and it may move: {wide}."
        )
    else:
        text = (
            f"{dots}. The forecast draws no curve through them and takes the pace to stay as it "
            f"was on average. It may move all the same: {wide}."
        )
    return Sentence(text, values)


def _level_ahead(found: Recalled, length: str) -> tuple[str, dict[str, object]]:
    """Where the level is expected over the horizon, beside the end of its line."""
    last = found.calendar.iloc[-1]
    change, lower, upper = (
        float(last[f"level_ahead{end}"] / last["level"] - 1)
        for end in ("", "_lower_80", "_upper_80")
    )
    values = {"next": length, "change": abs(change), "lower": 1 + lower, "upper": 1 + upper}
    if abs(change) < 0.01:
        text = "Over the next {next:name} the level is expected to stay where the line ends"
    else:
        way = "higher" if change > 0 else "lower"
        text = (
            f"Over the next {{next:name}} the level is expected {{change:percent}} {way} than "
            "where the line ends, carried on by its growth as far as that can be told from chance"
        )
    text += (
        ", and it may be anything between {lower:percent} and {upper:percent} of that (80% range)"
    )
    return text, values
