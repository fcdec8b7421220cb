"""Who plays in the simulated firm: clients, prospects, friends, partners, and what they write.

All names are invented; the firm, its clients and their words do not exist.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Industry(NamedTuple):
    """A market the firm serves."""

    share: float
    """Share of clients."""
    endings: tuple[str, ...]
    """What a client of this industry is called after its place or family."""


INDUSTRIES = {
    "health": Industry(0.18, ("Clinics", "Care Homes", "Diagnostics", "Hospital Trust")),
    "manufacturing": Industry(0.20, ("Tools", "Castings", "Packaging", "Works", "Machines")),
    "public sector": Industry(0.14, ("City Council", "Water Board", "Transit", "Libraries")),
    "retail": Industry(0.14, ("Stores", "Outfitters", "Books", "Grocers")),
    "energy": Industry(0.10, ("Energy", "Wind", "Grid Services", "Solar")),
    "finance": Industry(0.12, ("Savings Bank", "Mutual", "Insurance", "Leasing")),
    "education": Industry(0.12, ("College", "Academy", "Schools Group", "Institute")),
}
ROOTS = (
    "Aldermoor Bergström Castellari Duarte Eberharting Farouk Gündoğan Hallerbach Ivarsson Jelinek "
    "Kowalczyk Lindqvist Mbeki-Rowe Nakagawa Obuya Pellerin Quintanilha Rasmusson Szabolcs "
    "Ulriksen Vasquez Wexcombe Xanthos Yamane Zielonka Ashgrove Brackwater Corvane Dunmarrow "
    "Ellisford Fenwick-Shah Glenharrow Hollowell Inverbrae Jadwiga Kestrelby Larkmoor Merrivale "
    "Northgale Oakhanger Pennyford Quarrybank Ravensholm Silverlea Thornbury "
    "Umbervale Tamarind Vellacott Winterbourne Yarrowdale"
).split()
FIRST = {  # the names that try a report: another script, an apostrophe with an umlaut, a long one
    0: "مؤسسة النخيل",
    1: "O'Hallermühle Brauerei",
    2: "Verband der Genossenschaften im Oberhallertal e. V.",
}
CITIES = (
    "Aarhus Bilbao Cork Dresden Eindhoven Florence Ghent Helsinki Innsbruck Kraków "
    "Lyon Malmö Porto Riga Tartu"
).split()
FRIENDS = (  # they never pay; some of them send others
    "Prof. Amara Nwosu",
    "Judge Ines Carvalho (ret.)",
    "Tomasz Wrona, journalist",
    "Dr. Leila Haddad",
    "Rector Henrik Dahl",
    "Mei-Ling Sun, trade association",
    "Paolo Ferri, auditor",
    "Saoirse Quinn, foundation",
)
PARTNERS = ("Adler", "Bianchi", "Chen", "Dupont", "Eze", "Fischer")
ITEMS = ("trust", "respect", "candor", "responsiveness")
SERVICES = {  # service: the skill it asks for, its share of engagements, its fee against the mean
    "strategy": ("facilitation", 0.18, 1.5),
    "operations review": ("process analysis", 0.27, 1.1),
    "data analysis": ("statistics", 0.20, 1.0),
    "training": ("teaching", 0.20, 0.55),
    "interim lead": ("leadership", 0.15, 0.95),
}
STAGES = ("first talk", "needs analysis", "proposal", "negotiation")
SOURCES = ("referral", "conference", "article", "cold contact")

WORDS = {
    "request": ("Next steps?", "New question", "Could you look at this?", "Scope of the next part"),
    "promise": ("Draft is coming", "We will send the draft", "You will have it by then"),
    "deliverable": (
        "Draft report",
        "Revised draft",
        "Workshop notes",
        "Final report",
        "Model and notes",
    ),
    "comment": (
        "Comments inside",
        "Two questions on section 3",
        "Good direction, one doubt",
        "Notes from us",
    ),
    "approval": ("Approved", "Fine, go ahead", "Thank you, this helps", "Agreed as it stands"),
    "edits": ("Reworded throughout", "Please change the wording", "Other title, other order"),
    "dismissal": ("Not acceptable", "This will not do", "No"),
    "chase": ("Any news?", "Where are we?", "Reminder"),
    "mail": ("Short update", "Dates", "Question on data", "For your file"),
    "meeting": ("Review meeting", "Call", "Kick-off", "Steering group"),
    "payment": ("Invoice paid",),
}


def names(random: np.random.Generator, industries: np.ndarray) -> list[str]:
    """A different name for each, in keeping with its industry."""
    left = {
        industry: random.permutation(
            [f"{root} {end}" for root in ROOTS for end in kind.endings]
        ).tolist()
        for industry, kind in INDUSTRIES.items()
    }
    return [FIRST.get(i) or left[industry].pop() for i, industry in enumerate(industries)]


def say(random: np.random.Generator, kind: str) -> str:
    """A subject line of that kind."""
    words = WORDS[kind]
    return words[random.integers(len(words))]
