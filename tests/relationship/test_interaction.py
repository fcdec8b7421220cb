"""The log of the work, and the evidence and signals in it."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.duration.survfunc import SurvfuncRight

from goodlib.history import demo
from goodlib.relationship.evidence import evidence, story, strained
from goodlib.relationship.interaction import gaps, median_wait, read_log, waits
from goodlib.relationship.signal import burstiness, conduct, promises, signals, standardized

COLUMNS = ["customer_id", "time", "side", "kind", "thread", "text"]
# the client of the essay: six months of silence, then one day of patience
ESSAY = pd.DataFrame(
    [
        ("X", "2023-01-16 10:00", "us", "deliverable", "paper", "White paper, 24 pages"),
        ("X", "2023-02-03 09:00", "them", "dismissal", "paper", "unacceptable"),
        ("X", "2023-02-04 09:00", "us", "mail", "paper", "What should be different?"),
        ("X", "2023-08-04 09:30", "them", "request", "paper", "We need this now"),
        ("X", "2023-08-05 10:00", "them", "chase", "paper", "Where is it?"),
    ],
    columns=COLUMNS,
)
STORY = "2023-02-03 'unacceptable', no comment; silence 182 days; 2023-08-05 chase after 1 day"


@pytest.fixture(scope="module")
def firm():
    """The simulated firm's log, and who is strained in truth."""
    made = demo.simulate()
    return read_log(made.tables["interactions"], "2025-12-31"), made.truth["clients"]


# Published


def test_the_client_of_the_essay_from_the_raw_log_to_the_sentence():
    assert story(evidence(read_log(ESSAY, "2023-08-06")), "X") == STORY


def test_waits_of_180_days_and_1_day_are_an_asymmetry_of_5_19():
    log = ESSAY.copy()
    log["time"] = [
        "2023-01-16 10:00", "2023-02-03 09:00", "2023-02-04 09:00", "2023-08-03 09:00",
        "2023-08-04 09:00",
    ]  # fmt: skip
    log.loc[0, "kind"] = "meeting"
    found = signals(read_log(log, "2023-08-04")).set_index("signal")["value"]
    assert found["asymmetry"] == pytest.approx(np.log(180 / 1), abs=1e-9)
    assert found["asymmetry"] == pytest.approx(5.19, abs=5e-3)


def test_an_open_silence_is_censored_and_not_left_out():
    days, answered = np.array([1, 2, 3, 4, 180.0]), np.array([1, 1, 1, 1, 0])
    assert SurvfuncRight(days, answered).surv_prob[3] == pytest.approx(0.2)
    assert median_wait(days, answered) == 3.0
    assert days[:4].mean() == 2.5


# Oracle


def test_waits_by_hand():
    found = waits(read_log(ESSAY, "2023-08-06")).set_index(["side", "asked"])
    assert found.loc[("them", "deliverable"), "days"] == pytest.approx(17.958, abs=1e-3)
    assert found.loc[("us", "dismissal"), "answer"] == "mail"
    assert found.loc[("them", "mail"), "days"] == pytest.approx(181.021, abs=1e-3)
    last = found.loc[("us", "request")]
    assert not last["answered"]
    assert last["chased"] == pytest.approx(24.5 / 24)


def test_promises_by_hand():
    log = pd.DataFrame(
        [
            ("A", "2025-01-01", "us", "promise", "1", "", "2025-01-10"),
            ("A", "2025-01-10 17:00", "us", "deliverable", "1", "", ""),
            ("A", "2025-02-01", "us", "promise", "2", "", "2025-02-10"),
            ("A", "2025-02-11", "us", "deliverable", "2", "", ""),
            ("A", "2025-03-01", "us", "promise", "3", "", "2025-03-10"),
            ("A", "2025-05-01", "us", "promise", "4", "", "2025-12-01"),
        ],
        columns=[*COLUMNS, "due"],
    )
    assert promises(read_log(log, "2025-06-01"))["kept"].tolist() == [True, False, False]


def test_owed_gaps_match_a_search_through_all_turns(firm):
    log, _ = firm
    found, turns = gaps(log), waits(log).query("side == 'them'")
    until = turns["until"].fillna(log.as_of)
    for row in found.sample(200, random_state=1).itertuples():
        end = log.as_of if pd.isna(row.end) else row.end
        middle = row.start + (end - row.start) / 2
        own = turns["customer_id"] == row.customer_id
        assert row.owed == (own & (turns["since"] <= middle) & (until >= end)).any()


# Laws


def test_order_of_rows_does_not_matter():
    shuffled = read_log(ESSAY.iloc[::-1], "2023-08-06")
    assert story(evidence(shuffled), "X") == STORY
    (problem,) = shuffled.problems
    assert problem.startswith("4 of 5 events stand before an earlier one of their thread")


def test_swapping_sides_twice_changes_nothing_and_once_turns_the_table():
    log = read_log(ESSAY, "2023-08-06")
    pd.testing.assert_frame_equal(log.swapped().swapped().events, log.events)
    ours, theirs = conduct(log), conduct(log.swapped())
    assert ours.chased == 0.5
    assert theirs.chased == 0.0
    assert theirs.reply > 10 * ours.reply
    assert ours.rework == 1.0  # one dismissal of one deliverable
    assert np.isnan(theirs.rework)  # they delivered nothing


def test_strained_clients_of_the_simulated_firm_are_found(firm):
    log, truth = firm
    truth = truth.set_index("customer_id")
    found = strained(evidence(log), standardized(signals(log)))
    planted = truth.index[truth["character"] == "strained"]
    assert set(planted) <= set(found)
    others = truth.loc[[c for c in found if c not in set(planted)], "relationship"]
    assert len(others) <= 8
    assert (others < truth["relationship"].quantile(0.3)).all()


def test_every_piece_of_evidence_is_an_event_of_its_customer_with_its_date(firm):
    log, _ = firm
    found = evidence(log)
    days = set(zip(log.events["customer_id"], log.events["time"].dt.date, strict=True))
    assert all(
        (c, d) in days for c, d in zip(found["customer_id"], found["date"].dt.date, strict=True)
    )


def test_small_counts_shrink_towards_the_firm(firm):
    found = signals(firm[0])
    for name in ("dismissed", "rework", "read", "chased"):
        part = found[found["signal"] == name]
        low, high = part[["value", "firm"]].min(axis=1), part[["value", "firm"]].max(axis=1)
        assert (part["shrunk"] >= low - 1e-12).all()
        assert (part["shrunk"] <= high + 1e-12).all()


def test_signals_go_with_the_latent_relationship(firm):
    log, truth = firm
    told = standardized(signals(log))
    truth = truth.set_index("customer_id")["relationship"].reindex(told.index)
    assert told["their_reply"].corr(truth) > 0.7
    assert told["dismissed"].corr(truth) > 0.3


@pytest.mark.parametrize(("gap", "expected"), [([5.0, 5.0, 5.0], -1.0), ([0, 0, 0, 9.0], 1.0)])
def test_burstiness_reaches_its_ends(gap, expected):
    assert burstiness(np.array(gap)) == pytest.approx(expected)


# Refusals


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("side", "they", "side must be one of us, them: 1 of 5 events.*side 'they'"),
        ("kind", "shout", "kind must be one of .*: 1 of 5 events.*kind 'shout'"),
        ("time", "2029-01-01", "No event may be from after 2023-08-06: 1 of 5.*later `as_of`"),
        ("time", "2023-01-16T10:00+02:00", "all name a time zone or none may: 1 of 5"),
    ],
)
def test_a_broken_event_is_refused(column, value, message):
    log = ESSAY.copy()
    log.loc[0, column] = value
    with pytest.raises(ValueError, match=message):
        read_log(log, "2023-08-06")


def test_a_log_without_threads_says_what_it_takes_for_one():
    log = read_log(ESSAY.drop(columns="thread"), "2023-08-06")
    assert log.problems[0].startswith("5 of 5 events name no thread and count as one thread")
    assert story(evidence(log), "X") == STORY
    with pytest.raises(ValueError, match=r"needs \['side'\]"):
        read_log(ESSAY.drop(columns="side"), "2023-08-06")


def test_a_thread_that_never_closes_is_said_with_its_cure():
    rows = [
        (name, f"2023-0{month}-01", side, kind, f"t{month}")
        for name in "AB"
        for month, (side, kind) in enumerate([("us", "deliverable")] * 3, start=1)
    ]
    rows += [(n, f"2023-0{m}-04", "them", "comment", f"t{m}") for n in "AB" for m in (1, 2)]
    rows += [("B", "2023-03-05", "them", "approval", "t3")]
    log = pd.DataFrame(rows, columns=COLUMNS[:5])
    (problem,) = read_log(log, "2023-06-08").problems
    assert problem.startswith("1 of 6 threads never closed")
    assert "(first: 'A', thread 't3', the deliverable of 2023-03-01 has waited on them for 100" in (
        problem
    )
    assert "log that, for instance as an approval" in problem
    assert read_log(log, "2023-03-05").problems == ()


def test_an_event_that_comes_twice_counts_once():
    log = read_log(pd.concat([ESSAY, ESSAY.tail(1)]), "2023-08-06")
    assert len(log.events) == 5
    (problem,) = log.problems
    assert problem.startswith("1 of 6 events come twice")
    assert problem.endswith("If they are two, give each its own time or thread.")


def test_events_out_of_order_are_counted_named_and_have_a_cure():
    swapped = ESSAY.iloc[[1, 0, *range(2, len(ESSAY))]]
    problem = read_log(swapped, "2023-08-06").problems[0]
    assert problem.startswith("1 of 5 events stand before an earlier one of their thread and were")
    assert problem.endswith("correct it: who waited for whom follows from the order.")


def test_a_word_of_the_firm_is_refused_with_the_line_that_maps_it():
    with pytest.raises(ValueError, match="case when kind = 'word' then '...' else kind end"):
        read_log(ESSAY.replace({"kind": {"mail": "e-mail"}}), "2023-08-06")


def test_a_log_in_which_nothing_waits_on_us_is_refused():
    log = read_log(ESSAY[ESSAY["side"] == "us"], "2023-08-06")
    with pytest.raises(ValueError, match="Nothing in this log ever waited on us"):
        conduct(log)
