"""What is wrong with a fit, twice: plain words for who decides, the figures for who computes.

A problem of a fit has a name, evidence and a cure that its author wrote for an analyst. On the
report's front page stands what it means: what rests on it, and what to do instead.
"""

from __future__ import annotations

from collections.abc import Iterable

from goodlib.report.words import Sentence
from goodlib.value.problem import Problem

UNFIXED = (
    "{what:name} asks more than this history tells: some of its parameters are hardly known. The "
    "ranges carry that doubt, so read ranges, not single numbers; a longer history would narrow "
    "them."
)
FEW = "{what:name} rests on little: {evidence:name}. Read ranges, not single numbers."
PLAIN = {
    "did not converge": "{what:name} did not settle on one reading of this history. Take what "
    "rests on it as rough until the history is longer or a simpler model is chosen.",
    "at the boundary": "{what:name} has a part that this history has no use for. Totals and ranges "
    "stand; a simpler model would say the same.",
    "not identified": UNFIXED,
    "standard errors blown up": UNFIXED,
    "two tops": "{what:name} can read this history in two ways that fit almost equally well, and "
    "the better one is used. Read ranges, not single numbers; a longer history would decide.",
    "few repeat customers": FEW,
    "few repeat buyers": FEW,
    "history too short": "{what:name} has not seen most customers for long enough to tell who has "
    "left from who has yet to return. Take who is still a customer as a guess until the history is "
    "longer.",
    "free purchases": "{what:name} leaves some out: {evidence:name}. Look at their orders.",
    "spend has no mean": "{what:name} finds a few amounts so large that what a new customer brings "
    "has no reliable mean. Look at the largest amounts; known customers are less touched by it.",
    "few won": FEW,
    "never or late cannot be told apart": "{what:name} cannot tell who never comes from who comes "
    "late, for too few prospects have been known for long. Trust its chances for the near future "
    "only.",
    "the share that never converts hangs on the law": "{what:name} leaves open how many never "
    "come: {evidence:name}. Take both as the range, and trust its chances for the near future "
    "only.",
    "the law does not fit the count": "{what:name} does not follow the plain count: "
    "{evidence:name}. Where the two part, believe the count.",
    "the pace has changed": "{what:name} sees that the pace has changed: {evidence:name}. "
    "{cure:name}.",
}
"""What each problem means: rule, evidence where it is plain, and cure."""


def alerts(what: str, problems: Iterable[Problem]) -> list[Sentence]:
    """What a reader must know of a fit, each thing once. `what`: "The model of purchases"."""
    said = [_plain(what, problem) for problem in problems]
    return [each for n, each in enumerate(said) if each.text not in [s.text for s in said[:n]]]


def details(what: str, problems: Iterable[Problem]) -> list[Sentence]:
    """The same for who knows the model: names and figures."""
    return [
        Sentence("{what:name}, for the analyst: {problem:name}", {"what": what, "problem": str(p)})
        for p in problems
    ]


def _plain(what: str, problem: Problem) -> Sentence:
    values = {"what": what, **problem._asdict()}
    other = "{what:name} has a problem ({name:name}): {evidence:name}. {cure:name}."
    return Sentence(PLAIN.get(problem.name, other), values)
