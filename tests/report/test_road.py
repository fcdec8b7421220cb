"""The whole road once: the demo study to its report, read as HTML and in a browser."""

import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import html5lib
import nbformat
import pandas as pd
import pytest

from goodlib.history import Study
from goodlib.report.tables import KINDS, kind

ROOT = Path(__file__).resolve().parents[2]
STUDY = ROOT / "studies" / "demo.yml"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update --hide-scrollbars"
).split()


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The report of the demo study, as the command leaves it."""
    if not list((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        pytest.skip("no notebooks yet")
    out = tmp_path_factory.mktemp("reports")
    command = [sys.executable, "-m", "goodlib.cli", "report", str(STUDY), "--out", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def tree(report):
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    parsed = parser.parse(report.read_text(encoding="utf-8"))
    assert not parser.errors, parser.errors[:3]
    return parsed


def test_every_chapter_is_there_and_has_findings(report, tree):
    names = sorted(p.stem for p in (ROOT / "notebooks").glob("[0-9]*.ipynb"))
    articles = [e.get("id") for e in tree.iter("article")]
    assert articles == names
    front = next(e for e in tree.iter("section") if e.get("id") == "findings")
    linked = {e.get("href") for e in front.iter("a")}
    assert linked == {f"#{name}" for name in names}


def test_as_many_outputs_come_out_as_went_in(report, tree):
    went_in = 0
    for path in (report.parent / "notebooks").glob("*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            went_in += sum(output.get("name") != "stderr" for output in cell.get("outputs", []))
    assert sum("data-output" in e.attrib for e in tree.iter()) == went_in > 20


def test_it_says_that_the_firm_is_simulated_and_when_it_stands(tree):
    header = "".join(next(tree.iter("header")).itertext())
    assert "simulated" in header
    assert "31 December 2025" in header


def test_figures_have_alt_texts_that_are_sentences(tree):
    alts = [e.get("alt") for e in tree.iter("img")]
    assert len(alts) >= 7
    assert all(len(alt.split()) >= 5 and alt.strip()[-1] in ".!?" for alt in alts), alts
    assert len(set(alts)) == len(alts)


def test_ids_are_unique_and_links_lead_somewhere(tree):
    ids = [e.get("id") for e in tree.iter() if e.get("id")]
    assert len(ids) == len(set(ids))
    for link in tree.iter("a"):
        assert link.get("href")[1:] in ids


def test_no_number_is_left_unsaid(tree):
    text = " ".join(next(tree.iter("main")).itertext())
    assert not re.findall(r"\b(?:nan|NaN|NaT|inf|None(?! of))\b|\{\w*:?\w*\}", text)


def test_nothing_warned_while_the_chapters_ran(report):
    warned = re.search(r"Warnings while the chapters ran.*?</details>", report.read_text(), re.S)
    assert not warned, re.sub(r"<[^>]+>", " ", warned[0])


# Tables


def glossary():
    """Column and how it is written, of docs/glossary.md."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (\w+) \|", text, re.M)
    return {name: how for names, how in rows for name in re.findall(r"`(\w+)`", names)}


def test_glossary_says_how_the_report_writes_each_column():
    known = glossary()
    assert set(known.values()) <= set(KINDS)
    for column, how in known.items():
        values = pd.Series({"text": ["a"], "count": [1], "date": [pd.Timestamp(0)]}.get(how, [0.5]))
        assert kind(column, values) == how, column


def test_tables_of_a_run_hold_columns_of_the_glossary_only(report):
    known = set(glossary())
    study = Study.read(STUDY)
    own = {c for table in study.tables for source in study.sources(table) for c in source.columns}
    unknown = {}
    for path in sorted((report.parent / "tables").glob("*.parquet")):
        frame = pd.read_parquet(path)
        names = {*frame.columns, *filter(None, frame.index.names)}
        names = {re.sub(r"(^|_)(lower|upper)_\d\d$|_holdout$", "", name) for name in names} - {""}
        if lost := sorted(names - known - own):
            unknown[path.stem] = lost
    assert not unknown, f"not in docs/glossary.md: {unknown}"


def test_one_row_a_customer(report):
    customers = pd.read_parquet(report.parent / "tables" / "customers.parquet")
    assert customers.index.name == "customer_id"
    assert customers.index.is_unique
    assert {"frequency", "p_alive", "residual_value", "relationship"} <= set(customers.columns)


# In a browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    driver = shutil.which("chromedriver")
    if not driver:
        pytest.skip("no Chromium with chromedriver on this machine; .ci/run installs Debian's")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('browser')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    window = webdriver.Chrome(options=options, service=Service(driver))
    yield window
    window.quit()


def show(browser, report, width, scheme):
    """Opens the report at a width, light or dark."""
    preference = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": preference})
    size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(report.as_uri())
    time.sleep(0.2)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_is_accessible(browser, report, width, scheme):
    from axe_core_python.selenium import Axe

    show(browser, report, width, scheme)
    violations = Axe().run(browser)["violations"]
    said = [f"{v['id']}: {v['help']}: {v['nodes'][0]['html'][:200]}" for v in violations]
    assert not said


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_is_wider_than_the_window(browser, report, width):
    show(browser, report, width, "light")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width


@pytest.mark.browser
def test_on_a_phone_a_picture_fits_and_is_enlarged_by_a_tap(browser, report):
    show(browser, report, 390, "light")
    beyond = (
        "return [...document.querySelectorAll('.figure')].map(f => f.scrollWidth - f.clientWidth)"
    )
    seen = browser.execute_script(beyond)
    assert len(seen) > 20
    assert max(seen) == 0
    browser.execute_script("document.querySelector('.figure').focus()")  # as a tap does
    assert browser.execute_script(beyond)[0] > 100
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


@pytest.mark.browser
def test_all_pictures_are_there_and_no_script_of_the_data_ran(browser, report):
    browser.get_log("performance")  # what the browser did before
    show(browser, report, 1280, "light")
    broken = "return [...document.images].filter(i => !i.complete || !i.naturalWidth).length"
    assert browser.execute_script(broken) == 0
    said = [entry["message"] for entry in browser.get_log("browser")]
    assert not said
    asked = re.findall(r'"url\\?":\\?"(https?:[^"\\]+)', str(browser.get_log("performance")))
    assert not asked


@pytest.mark.browser
def test_letters_have_a_size_that_can_be_read(browser, report):
    show(browser, report, 390, "light")
    sizes = browser.execute_script(
        "return [...document.querySelectorAll('p, li, td, th, h1, h2, h3, figcaption, pre')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert min(sizes) >= 13
