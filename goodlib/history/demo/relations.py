"""How the firm and its clients get on: the latent relationship drives the ratings and the log."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from goodlib.history.demo import cast
from goodlib.history.demo.calendar import START, TODAY, day

SEVERITY = {"Adler": -0.9, "Bianchi": -0.2, "Chen": 1.1, "Dupont": 0.1, "Eze": 0.6, "Fischer": -0.7}
SPREAD = {"Adler": 1.0, "Bianchi": 0.6, "Chen": 1.2, "Dupont": 1.0, "Eze": 1.4, "Fischer": 0.8}
DIFFICULTY = {"trust": -0.4, "respect": -0.1, "candor": 0.5, "responsiveness": 0.2}
CUTS = np.array([-3.2, -1.5, 0.4, 2.3])
ROUNDS = ("2023-11-06", "2024-11-04", "2025-11-03")  # the weeks in which everybody rates
OWN = 0.4  # of one's own clients one thinks better
UNASKED = 0.12  # share of clients nobody was ever asked about
KINDS = 8  # strained clients, and as many warm ones
LOG = (pd.Timestamp("2023-01-02") - START).days  # the firm's log begins


def characters(base: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """`base` with `character`: the eight most strained and eight warmest clients in the log."""
    count = invoices[invoices["day"] >= LOG].groupby("client")["day"].nunique()
    seen = base["customer_id"].map(count).fillna(0) >= 4
    rank = base["relationship"].where(seen).rank()
    character = np.full(len(base), "ordinary", dtype=object)
    character[(rank <= KINDS).to_numpy()] = "strained"
    character[(rank > seen.sum() - KINDS).to_numpy()] = "warm"
    moved = base["relationship"] + 0.7 * (character == "warm") - 0.7 * (character == "strained")
    return base.assign(character=character, relationship=moved.round(4))


def ratings(
    seed: int, base: pd.DataFrame, invoices: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores from 1 to 5 by partners and by some clients; and the truth of the raters.

    A cumulative logit: the score is one more than the number of cuts below
    spread x (1.3 relationship + own) - severity - difficulty + noise.
    """
    random = np.random.default_rng([seed, 7])
    billed = invoices[["client", "day"]].to_numpy()
    partners = list(SEVERITY)
    asked = random.random(len(base)) > UNASKED
    knows = random.random((len(base), len(partners))) < np.array(
        [0.55, 0.45, 0.45, 0.35, 0.35, 0.3]
    )
    halo = random.normal(0, 0.5, (len(base), len(partners)))
    answers = random.random(len(base)) < 0.45  # clients who answer when asked
    theirs = 0.75 * base["relationship"].to_numpy() + 0.65 * random.standard_normal(len(base))
    rows = []
    for date in ROUNDS:
        now = (pd.Timestamp(date) - START).days
        seen = {c: d for c, d in billed if now - 500 <= d <= now}
        for i, c in enumerate(base.itertuples()):
            if c.customer_id not in seen or not asked[i]:
                continue
            for r, partner in enumerate(partners):
                own = partner == c.owner
                if not (own or knows[i, r]) or random.random() < 0.25:
                    continue
                at = now + int(random.integers(0, 5))
                eta = (
                    SPREAD[partner] * (1.3 * c.relationship + halo[i, r] + OWN * own)
                    - SEVERITY[partner]
                )
                rows += [
                    (c.customer_id, partner, "staff", at, *line) for line in _scores(random, eta)
                ]
            if answers[i] and random.random() < 0.7:
                at = now + int(random.integers(7, 28))
                contact = f"contact at {c.customer_id}"
                rows += [
                    (c.customer_id, contact, "client", at, *line)
                    for line in _scores(random, 1.3 * theirs[i] + 0.5)
                ]
    frame = pd.DataFrame(
        rows, columns=["customer_id", "rater", "side", "day", "item", "score", "comment"]
    )
    frame.insert(3, "date", day(frame.pop("day")))
    raters = pd.DataFrame(
        {"rater": partners, "severity": list(SEVERITY.values()), "spread": list(SPREAD.values())}
    )
    return frame, raters


def _scores(random: np.random.Generator, eta: float) -> list[tuple[str, str, str]]:
    """Item, score and comment of one rater's sheet; now and then somebody does not know."""
    lines = []
    for item, hard in DIFFICULTY.items():
        score = 1 + int((eta - hard + random.logistic() > CUTS).sum())
        unknown = random.random() < 0.03
        comment = ""
        if not unknown and score in (1, 5) and random.random() < 0.15:
            comment = "hard to work with" if score == 1 else "a pleasure to work with"
        lines.append((item, "don't know" if unknown else str(score), comment))
    return lines


class Event(NamedTuple):
    """One line of the log."""

    customer_id: str
    at: float
    side: str
    kind: str
    thread: str
    text: str
    due: str = ""


def interactions(seed: int, base: pd.DataFrame, invoices: pd.DataFrame) -> pd.DataFrame:
    """The log since 2023: one thread an invoice, and the stories of strained and warm clients."""
    random = np.random.default_rng([seed, 8])
    log: list[Event] = []
    felt = base.set_index("customer_id")["relationship"]
    for o in invoices[(invoices["fee"] > 0) & (invoices["day"] >= LOG + 45)].itertuples():
        log += _thread(random, o.client, float(o.day), felt[o.client], f"T{o.invoice[1:]}")
    stories = []
    for who in base.itertuples():
        if who.character == "ordinary":
            continue
        days = np.unique(invoices.loc[invoices["client"] == who.customer_id, "day"])
        days = np.append(days[days >= LOG], [TODAY])
        quiet = int(np.argmax(np.diff(days)))
        start = float(min(days[quiet] + 6, TODAY - 215))
        if who.character == "strained":  # nothing else happens in the months of silence
            log = [
                e for e in log if e.customer_id != who.customer_id or not start < e.at < start + 192
            ]
            stories += _strained(random, who.customer_id, start)
        else:
            stories += _warm(random, who.customer_id, start)
    frame = pd.DataFrame([e for e in log + stories if LOG <= e.at < TODAY + 1])
    frame = frame.sort_values(["at", "customer_id"], kind="stable", ignore_index=True)
    minutes = START + pd.to_timedelta((frame.pop("at") * 1440).round(), unit="min")
    frame.insert(1, "time", minutes.dt.strftime("%Y-%m-%dT%H:%M"))
    return frame


def _hour(random: np.random.Generator, at: float) -> float:
    """The same day, at an hour at which people work."""
    return np.floor(at) + (8.5 + 9 * random.random()) / 24


def _thread(
    random: np.random.Generator, client: str, invoiced: float, relation: float, thread: str
) -> list[Event]:
    """From request to payment: the worse the relationship, the longer the waits and the ruder."""

    def chance(level: float, slope: float) -> bool:
        return random.random() < 1 / (1 + np.exp(-(level + slope * relation)))

    def wait(median: float, slope: float) -> float:
        return float(np.exp(np.log(median) + slope * relation + 0.6 * random.standard_normal()))

    log: list[Event] = []

    def event(at: float, side: str, kind: str, due: str = "") -> float:
        at = _hour(random, max(at, log[-1].at + 0.06 if log else at))
        at = max(at, log[-1].at + 0.02) if log else at
        log.append(Event(client, at, side, kind, thread, cast.say(random, kind), due))
        return at

    asked = event(invoiced - 16 - wait(12, 0.0), "them", "request")
    given = asked + max(3.0, min(wait(9, 0.0), invoiced - asked - 4))
    if random.random() < 0.35:
        due = given + (1 if random.random() < 0.85 else -4)
        event(asked + wait(1, -0.1), "us", "promise", due=day(np.array([due])).iloc[0])
    if chance(-2.2, -0.8):
        event(asked + min(wait(3, 0.5), given - asked - 0.5), "them", "chase")
    if random.random() < 0.3:
        event(given - 1, "us" if random.random() < 0.6 else "them", "meeting")
    given = event(given, "us", "deliverable")
    heard = given + wait(3.0, -0.55)
    if heard - given > 10 and random.random() < 0.7:
        event(given + 8, "us", "chase")
    if chance(-4.0, -1.2):
        heard = event(heard, "them", "dismissal")
        event(heard + wait(1, 0), "us", "mail")
        event(heard + 4, "us", "deliverable")
    elif chance(-1.3, -0.6):
        heard = event(heard, "them", "edits")
        heard = event(heard + wait(3, 0), "us", "deliverable")
        event(heard + wait(3, -0.5), "them", "approval")
    elif chance(0.0, 0.5):
        event(heard, "them", "comment")
    else:
        event(heard, "them", "approval")
    event(max(invoiced, log[-1].at) + wait(24, -0.2), "them", "payment")
    return log


def _strained(random: np.random.Generator, client: str, start: float) -> list[Event]:
    """Dismissed without a reason, six months of silence, a chase after one day; never read."""
    back = int(random.integers(183, 188))
    lines = [
        (0, "us", "deliverable", "Concept as agreed, 24 pages"),
        (2, "them", "dismissal", "unacceptable"),
        (3, "us", "mail", "What should be different?"),
        (back, "them", "request", "We need this now"),
        (back + 1, "them", "chase", "Where is it?"),
        (back + 2, "us", "promise", "New version within the week"),
        (back + 5, "us", "deliverable", "New version"),
        (back + 6, "them", "comment", "I have not read the first version"),
        (back + 9, "them", "edits", "Reworded throughout, other title"),
        (back + 10, "them", "chase", "Still waiting for the new wording"),
    ]
    return _told(random, client, start, lines, "S")


def _warm(random: np.random.Generator, client: str, start: float) -> list[Event]:
    """Read within a day, commented with reasons, thanked, and paid early."""
    lines = [
        (0, "us", "promise", "Draft on Thursday"),
        (2, "us", "deliverable", "Draft, 18 pages"),
        (
            3,
            "them",
            "comment",
            "Read it twice: sections 2 and 4 are strong, I doubt table 3 because of the sample",
        ),
        (5, "us", "mail", "You are right about table 3"),
        (7, "them", "meeting", "Walked through it with our team"),
        (9, "us", "deliverable", "Final version"),
        (10, "them", "approval", "Thank you, this changed how we see it"),
        (18, "them", "payment", "Paid early"),
        (30, "them", "mail", "Told our sister company about you"),
    ]
    return _told(random, client, start, lines, "W")


def _told(
    random: np.random.Generator, client: str, start: float, lines: list[tuple], sign: str
) -> list[Event]:
    """A story as lines of the log, each at an hour of its day."""
    return [
        Event(client, _hour(random, start + after), side, kind, f"{sign}{client[1:]}", text)
        for after, side, kind, text in lines
    ]
