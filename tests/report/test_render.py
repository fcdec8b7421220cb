"""One file: self-contained, escaped, accessible, complete."""

import base64
import hashlib
import re

import html5lib
import pytest
from nbformat import v4

from goodlib.report.figures import style
from goodlib.report.render import RenderError, deeper, prose, render, statements

EVIL = "<img src=x onerror=alert(1)>"
PROVENANCE = {
    "sentence": "Made.",
    "parts": [{"title": "Run", "heads": ["What", "Value"], "rows": [("a", EVIL)]}],
}


def picture(**metadata):
    data = base64.b64encode(style.png(style.axes())).decode()
    return v4.new_output(
        "display_data", {"image/png": data, "text/plain": "Figure"}, metadata=metadata
    )


def says(kind, text, tag="p"):
    from html import escape

    data = {"text/html": f'<{tag} class="{kind}">{escape(text)}</{tag}>', "text/plain": text}
    meta = {"goodlib": {"kind": kind, "text": text, "template": text, "values": {"n": 1}}}
    return v4.new_output("display_data", data, metadata=meta)


def notebook(*outputs, title="What has happened?"):
    cells = [v4.new_markdown_cell(f"# {title}\n\nProse with *stress* and {EVIL}.")]
    return v4.new_notebook(
        cells=cells + [v4.new_code_cell("secret_code()", outputs=[o]) for o in outputs]
    )


def page(*notebooks, **options):
    named = {f"{n:02}-chapter": book for n, book in enumerate(notebooks, 1)}
    given = {
        "title": f"Firm {EVIL}",
        "as_of": "31 December 2024",
        "currency": "EUR",
        "provenance": PROVENANCE,
    }
    return render(named, **(given | options))


def parsed(html):
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    tree = parser.parse(html)
    assert not parser.errors, parser.errors
    return tree


FULL = (
    says("finding", f"We found {EVIL}."),
    says("claim", "A claim", "h2"),
    picture(goodlib={"kind": "figure", "alt": f'An alt "text" {EVIL}'}),
    says("alert", "Careful."),
    v4.new_output("execute_result", {"text/plain": "a result"}, execution_count=1),
    v4.new_output("stream", name="stdout", text=f"printed {EVIL}"),
    v4.new_output("stream", name="stderr", text="a warning"),
)


def test_page_is_valid_and_data_is_never_an_element():
    tree = parsed(page(notebook(*FULL), notices=[EVIL], source=EVIL))
    assert [e.get("src")[:22] for e in tree.iter("img")] == ["data:image/png;base64,"]
    assert len(list(tree.iter("script"))) == 1
    assert not [e for e in tree.iter() if any(str(name).startswith("on") for name in e.attrib)]


def test_page_asks_the_network_for_nothing():
    text = page(notebook(*FULL))
    asks = {"src", "href", "action", "data", "poster", "srcset"}
    for element in parsed(text).iter():
        for name in asks & set(element.attrib):
            assert element.get(name).startswith(("#", "data:")), element.attrib
    assert "<link" not in text
    assert "url(" not in text
    assert "@import" not in text


def test_policy_names_the_script_that_is_there():
    text = page(notebook())
    script = re.search(r"<script>(.*?)</script>", text, re.S)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy


def test_findings_and_alerts_stand_first_and_link_to_their_chapters():
    tree = parsed(page(notebook(*FULL), notebook(title="And then?")))
    ids = {e.get("id"): e for e in tree.iter() if e.get("id")}
    assert "".join(ids["findings"].itertext()).count("We found") == 1
    assert "Careful." in "".join(ids["alerts"].itertext())
    links = [e.get("href") for e in tree.iter("a")]
    assert all(link[1:] in ids for link in links)
    order = [
        e.get("id") for e in tree.iter() if e.get("id") in ("findings", "alerts", "01-chapter")
    ]
    assert order == ["findings", "alerts", "01-chapter"]


def test_decisions_stand_before_findings_and_a_front_picture_between_them():
    alt = {"kind": "figure", "alt": "Value against relationship."}
    tree = parsed(
        page(
            notebook(*FULL),
            notebook(says("decision", f"Talk to {EVIL}."), picture(goodlib=alt | {"front": True})),
        )
    )
    ids = {e.get("id"): e for e in tree.iter() if e.get("id")}
    assert f"Talk to {EVIL}." in "".join(ids["decisions"].itertext())
    assert [e.get("href") for e in ids["decisions"].iter("a")] == ["#02-chapter"]
    shown = [e.get("id") or e.get("alt") for e in tree.iter() if e.tag in ("section", "img")]
    front = "From chapter 2: Value against relationship."
    assert shown[:3] == ["decisions", front, "findings"]
    assert shown[-1] == "Value against relationship."


def test_a_page_without_decisions_has_no_room_for_them():
    assert 'id="decisions"' not in page(notebook(*FULL))


def test_code_and_warnings_stay_out_and_every_output_comes_out():
    text = page(notebook(*FULL))
    assert "secret_code" not in text
    assert "a warning" not in text
    assert "a result" in text
    assert text.count(" data-output") == 6


def test_headings_go_down_in_steps():
    tree = parsed(page(notebook(*FULL)))
    levels = [int(e.tag[1]) for e in tree.iter() if re.fullmatch("h[1-6]", str(e.tag))]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(levels, levels[1:], strict=False))


def test_an_output_that_is_not_a_chapters_is_shown_as_plain_text():
    data = {"text/html": EVIL, "text/plain": "plain"}
    text = page(notebook(v4.new_output("display_data", data)))
    assert '<pre data-output tabindex="0">plain</pre>' in text


def test_what_a_chapter_said_is_read_back():
    said = statements(notebook(*FULL))
    assert [s.kind for s in said] == ["finding", "claim", "figure", "alert"]
    assert said[0].values == {"n": 1}


def test_headings_lose_ids_and_gain_a_level():
    assert deeper('<h2 id="a" class="b">x</h2>') == '<h3 class="b">x</h3>'
    assert "<h3>Section</h3>" in prose("## Section")


@pytest.mark.parametrize("metadata", [{}, {"goodlib": {"kind": "figure", "alt": " "}}])
def test_a_figure_without_alt_fails_with_notebook_and_cell(metadata):
    with pytest.raises(RenderError, match="01-chapter, cell 2: a figure without alt text"):
        page(notebook(picture(**metadata)))


def test_an_output_that_cannot_be_shown_fails_the_report():
    lost = v4.new_output("display_data", {"application/json": {"a": 1}})
    with pytest.raises(RenderError, match="1 outputs went in and 0 came out"):
        page(notebook(lost))
