"""A token's lineage as a tree."""

import csv
import re

from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from accounts.models import User
from tests.support.factories.events import issue, revoke, use, write
from tests.support.pages import at_sign_in, audit_log, link, text_of
from trail.connection import Trail
from trail.questions.lineage import CHILDREN

PAGE = "/tokens/t/lineage/"
ROOT, CHILD, GRANDCHILD = "a" * 64, "b" * 64, "c" * 64


def _family(trail: Trail) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, token__caveats__json="[]", at="2026-11-01T00:00:00Z"),
        use(
            "t",
            token__fingerprint=CHILD,
            token__caveats__json='["org:n"]',
            at="2026-11-02T00:00:00Z",
            source__ip="203.0.113.7",
        ),
        issue("n", "svc", token__fingerprint=GRANDCHILD, token__parent_fingerprint=CHILD, at="2026-11-03T00:00:00Z"),
        revoke("n", at="2026-11-04T00:00:00Z", id="end"),
    )


def test_it_shows_the_tree_with_what_each_edge_added_and_what_became_of_each(
    client: Client, alice: User, trail: Trail
) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(PAGE)
    for text in (
        "3 tokens in all",
        "2 active",
        "inferred",
        "recorded",
        "&quot;org:n&quot;",
        "203.0.113.7",
        "/events/end/",
        "Never used, as far as the trail has recorded",
    ):
        assertContains(response, text)
    page = text_of(response)
    assert [page.count(f"/tokens/{one}/") > 0 for one in (ROOT, CHILD, GRANDCHILD)] == [True] * 3
    assertContains(client.get(link(response, "All 4 events") or ""), "of <b>4</b> events")


def test_it_is_drawn_with_a_bar_for_each_token_and_a_line_for_each_edge(
    client: Client, alice: User, trail: Trail
) -> None:
    _family(trail)
    client.force_login(alice)
    picture = text_of(client.get(PAGE)).partition('<figure class="ll lin')[2].partition("</figure>")[0]
    plot = picture.partition("data-plot")[2]
    assert plot.count('<rect class="lin-bar') == 3
    assert len(re.findall(r'<line class="lin-edge(?: lin-edge--inferred)?"', plot)) == 2
    assert plot.count("lin-edge--inferred") == 1
    assert plot.count('class="lin-end"') == 1
    assert "+ org:n" in plot
    assert "3 tokens:" in picture


def test_of_a_thousand_children_the_notable_ones_are_drawn_and_the_others_fold(
    client: Client, alice: User, trail: Trail
) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        *(
            use("t", token__fingerprint=f"c{number:063x}", token__parent_fingerprint=ROOT, at="2026-11-02T00:00:00Z")
            for number in range(20)
        ),
        use("t", token__fingerprint=f"c{7:063x}", event__outcome="failure", at="2026-11-03T00:00:00Z"),
    )
    client.force_login(alice)
    page = client.get(PAGE)
    plot = text_of(page).partition("data-plot")[2].partition("</figure>")[0]
    assert plot.count('<rect class="lin-bar') == 2
    opened = client.get(PAGE + (link(page, "19 like this") or ""))
    plot = text_of(opened).partition("data-plot")[2].partition("</figure>")[0]
    assert plot.count('<rect class="lin-bar') == 21


def test_a_hostile_name_stays_a_text_in_the_picture(client: Client, alice: User, trail: Trail) -> None:
    name = '"><script>alert(1)</script>'
    write(
        trail,
        use(name, token__fingerprint=ROOT, token__caveats__json="[]", at="2026-11-01T00:00:00Z"),
        use(name, token__fingerprint=CHILD, token__caveats__json='["<script>x"]', at="2026-11-02T00:00:00Z"),
    )
    client.force_login(alice)
    response = client.get(f"/tokens/{ROOT}/lineage/")
    assertNotContains(response, "<script>alert(1)")
    assertNotContains(response, "<script>x")
    assertContains(response, "+ &lt;script&gt;x")


def test_one_walks_up_as_well(client: Client, alice: User, trail: Trail) -> None:
    _family(trail)
    client.force_login(alice)
    response = client.get(f"/tokens/{GRANDCHILD}/lineage/")
    assertContains(response, "It was itself derived from 2 others")
    assertContains(response, "1 token in all")


def test_what_a_page_does_not_show_is_counted_and_a_link_away(client: Client, alice: User, trail: Trail) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        *(
            use("t", token__fingerprint=f"c{number:063x}", token__parent_fingerprint=ROOT, at="2026-11-02T00:00:00Z")
            for number in range(CHILDREN + 3)
        ),
    )
    client.force_login(alice)
    response = client.get(PAGE)
    assertContains(response, f"{CHILDREN + 4} tokens in all")
    more = link(response, f"3 more derived from {ROOT[:10]}…{ROOT[-9:]}")
    rest = client.get(more or "")
    assert text_of(rest).partition("data-tree")[2].count("/tokens/c000") == 3
    assertNotContains(rest, "more derived from")
    assertContains(client.get(PAGE, {"under": "d" * 64}), "does not descend", status_code=400)


def test_a_token_of_which_there_is_nothing_has_no_tree(client: Client, rae: User, trail: Trail) -> None:
    client.force_login(rae)
    assertContains(client.get(PAGE), "The trail holds no event of this token")
    (recorded,) = audit_log(trail, "question.ask")
    assert (recorded["resource"]["id"], recorded["labels"]) == ("lineage", {"token": "t"})


def test_a_trail_that_is_down_is_no_answer(client: Client, alice: User, trail: Trail, no_trail: None) -> None:
    client.force_login(alice)
    assertContains(client.get(PAGE), "does not answer", status_code=503)


def test_anonymous_goes_to_sign_in(client: Client, db: None) -> None:
    assert at_sign_in(client.get(PAGE), PAGE)


def test_only_reading_is_allowed(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.post(PAGE).status_code == 405


def _plot(text: str) -> str:
    return text.partition("data-plot")[2].partition("</figure>")[0]


def _used_by_two(trail: Trail) -> None:
    home, away = {"source__ip": "10.0.0.1"}, {"source__ip": "203.0.113.7"}
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z", **home),
        *(use("t", token__fingerprint=ROOT, at=f"2026-11-02T00:00:0{number}Z", **home) for number in range(3)),
        use("t", token__fingerprint=ROOT, at="2026-11-05T00:00:00Z", id="theirs", **away),
        use(
            "t",
            token__fingerprint=CHILD,
            token__parent_fingerprint=ROOT,
            at="2026-11-06T00:00:00Z",
            **away,
        ),
        use("t", token__fingerprint=ROOT, at="2026-11-07T00:00:00Z", event__outcome="failure", **away),
    )


def test_the_uses_of_whom_one_chooses_are_black_strokes_through_the_bars(
    client: Client, alice: User, trail: Trail
) -> None:
    _used_by_two(trail)
    client.force_login(alice)
    everyone = client.get(PAGE)
    assert "m-use--actor" not in _plot(text_of(everyone))
    assertContains(everyone, 'href="?actor=address%3A203.0.113.7#picture"')
    chosen = client.get(PAGE, {"actor": "address:203.0.113.7"})
    plot = _plot(text_of(chosen))
    assert plot.count('class="m-use m-use--actor"') == 2
    assert plot.count('href="#m-denied"') == 1
    assertContains(chosen, '<th scope="col" class="number">Of <bdi class="mono">203.0.113.7</bdi></th>', html=True)
    assertContains(client.get(PAGE, {"actor": "nobody"}), "names nobody", status_code=400)


def test_many_uses_of_whom_one_chooses_are_black_bars_that_hold_each_of_them(
    client: Client, alice: User, trail: Trail
) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        *(
            use("t", token__fingerprint=ROOT, at=f"2026-11-02T0{number % 10}:{number // 10}0:00Z", source__ip="1.2.3.4")
            for number in range(50)
        ),
        use("t", token__fingerprint=ROOT, at="2026-11-03T00:00:00Z", source__ip="10.0.0.1"),
    )
    client.force_login(alice)
    plot = _plot(text_of(client.get(PAGE, {"actor": "address:1.2.3.4"})))
    assert "ll-bar--actor" in plot
    numbers = re.findall(r"<title>([\d,]+) uses?, [^<]* by 1\.2\.3\.4</title>", plot)
    assert sum(map(int, numbers)) == 50


def test_a_part_of_the_time_is_drawn_and_all_of_it_stands_below(client: Client, alice: User, trail: Trail) -> None:
    _used_by_two(trail)
    client.force_login(alice)
    whole = text_of(client.get(PAGE))
    assert "data-brush" in whole
    part = client.get(
        PAGE, {"from": "2026-11-04T00:00:00Z", "to": "2026-11-05T12:00:00Z", "actor": "address:203.0.113.7"}
    )
    plot = _plot(text_of(part))
    assert plot.count('class="m-use m-use--actor"') == 1
    assert (plot.count('href="#m-denied"'), plot.count("<circle"), plot.count('<rect class="lin-bar')) == (0, 0, 1)
    assertContains(part, 'value="2026-11-04T00:00:00Z"')
    assertContains(part, '<input type="hidden" name="actor" value="address:203.0.113.7">', html=True)
    assert "from=2026-11-04" in (link(part, "Even") or "")
    assert client.get(PAGE + (link(part, "All") or "")).context["picture"].typed == ("", "")
    assert [(row.accepted, row.acted) for row in part.context["rows"]] == [(4, 1), (1, 1)]
    assertContains(client.get(PAGE, {"from": "yesterday-ish"}), "is not a time", status_code=400)


def test_the_same_figures_are_a_table_and_a_file(client: Client, alice: User, trail: Trail) -> None:
    _used_by_two(trail)
    client.force_login(alice)
    page = client.get(PAGE)
    table = text_of(page).partition("lin__table")[2].partition("</table>")[0]
    for text in (ROOT[:10], CHILD[:10], "recorded", "203.0.113.7", "/events/theirs/"):
        assert text in table
    file = client.get(PAGE + (link(page, "CSV") or ""))
    assert file.headers["Content-Type"].startswith("text/csv")
    head, *rows = csv.reader(text_of(file).splitlines())
    assert [dict(zip(head, row, strict=True)) for row in rows] == [
        {
            "token": "t",
            "fingerprint": ROOT,
            "depth": "0",
            "parent": "",
            "edge": "",
            "caveats added": "",
            "state": "alive",
            "since (UTC)": "",
            "first accepted (UTC)": "2026-11-02T00:00:00.000000000Z",
            "last accepted (UTC)": "2026-11-05T00:00:00.000000000Z",
            "accepted": "4",
            "denied": "1",
            "addresses": "10.0.0.1 3, 203.0.113.7 2",
        },
        {
            "token": "t",
            "fingerprint": CHILD,
            "depth": "1",
            "parent": ROOT,
            "edge": "recorded",
            "caveats added": "not on record",
            "state": "alive",
            "since (UTC)": "",
            "first accepted (UTC)": "2026-11-06T00:00:00.000000000Z",
            "last accepted (UTC)": "2026-11-06T00:00:00.000000000Z",
            "accepted": "1",
            "denied": "0",
            "addresses": "203.0.113.7 1",
        },
    ]


def test_a_file_of_a_part_of_the_lineage_says_how_many_tokens_it_leaves_out(
    client: Client, alice: User, trail: Trail
) -> None:
    write(
        trail,
        issue("t", "svc", token__fingerprint=ROOT, at="2026-11-01T00:00:00Z"),
        *(
            use("t", token__fingerprint=f"c{number:063x}", token__parent_fingerprint=ROOT, at="2026-11-02T00:00:00Z")
            for number in range(CHILDREN + 3)
        ),
    )
    client.force_login(alice)
    file = text_of(client.get(PAGE, {"format": "csv"}))
    assert file.splitlines()[-1].startswith("(3 more tokens),")
