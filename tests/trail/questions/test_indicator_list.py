"""A list as people have it: what each line is taken for, what is folded, what is refused and how it is said."""

import hashlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trail.questions.indicator_list import (
    LONGEST,
    MOST,
    IndicatorKind,
    SecretsInList,
    TooManyIndicators,
    normalise_address,
    parse_indicators,
)

HASH = "0123456789abcdef" * 4
SECRET = "fm2_lJPECAAAAAAAAAAAxBAAAAAAAAAAAAAAAAAAAAAA"


@pytest.mark.parametrize(
    ("line", "value", "kind"),
    [
        ("192.0.2.7", "192.0.2.7", IndicatorKind.ADDRESS), (" 192.0.2.7/32 ", "192.0.2.7", IndicatorKind.ADDRESS),
        ("1.2.3[.]4", "1.2.3.4", IndicatorKind.ADDRESS), ("1[.]2(.)3{dot}4", "1.2.3.4", IndicatorKind.ADDRESS),
        ("hxxp://1.2.3[.]4/evil.sh", "1.2.3.4", IndicatorKind.ADDRESS), ("hxxps[://]198.51.100.1:8443/x", "198.51.100.1", IndicatorKind.ADDRESS),
        ("192.0.2.7:443", "192.0.2.7", IndicatorKind.ADDRESS), ("[2001:db8::1]:443", "2001:db8::1", IndicatorKind.ADDRESS),
        ("2001:DB8:0:0::1", "2001:db8::1", IndicatorKind.ADDRESS), ("::ffff:192.0.2.7", "192.0.2.7", IndicatorKind.ADDRESS),
        ("2001[:]db8[:][:]1", "2001:db8::1", IndicatorKind.ADDRESS),
        ("10.1.2.3/8", "10.0.0.0/8", IndicatorKind.NETWORK), ("2001:db8::/32", "2001:db8::/32", IndicatorKind.NETWORK),
        (HASH.upper(), HASH, IndicatorKind.HASH), (HASH[:40], HASH[:40], IndicatorKind.IDENTIFIER),
        ("u-1", "u-1", IndicatorKind.IDENTIFIER), ("evil[.]example", "evil.example", IndicatorKind.IDENTIFIER),
        ("https://evil.example/a?b#c", "evil.example", IndicatorKind.IDENTIFIER), ("arn:aws:iam::1:user/x", "arn:aws:iam::1:user/x", IndicatorKind.IDENTIFIER),
        ("Zoë # from the report", "Zoë", IndicatorKind.IDENTIFIER), ("a#b", "a#b", IndicatorKind.IDENTIFIER),
        ('"cn=a,dc=b",seen', "cn=a,dc=b", IndicatorKind.IDENTIFIER), ("192.0.2.7;high;botnet", "192.0.2.7", IndicatorKind.ADDRESS),
        ("u-2\tnote", "u-2", IndicatorKind.IDENTIFIER),
    ],
)  # fmt: skip
def test_each_line_is_taken_for_what_it_is(line: str, value: str, kind: IndicatorKind) -> None:
    (one,) = parse_indicators(f"\ufeff# a list\n\n{line}\n").indicators
    assert (one.value, one.kind, one.line) == (value, kind, 3)


def test_what_says_nothing_is_passed_over_and_what_says_the_same_is_one() -> None:
    found = parse_indicators("indicator,type\n// from the feed\n; old\n1.2.3.4,ip\n1.2.3[.]4\n\n#\n1.2.3.4/32\nu-1\n")
    assert [(one.value, one.line) for one in found.indicators] == [("1.2.3.4", 4), ("u-1", 9)]
    assert (found.duplicates, found.problems) == (2, ())
    assert found.digest() == hashlib.sha256(b"1.2.3.4\nu-1\n").hexdigest()


@pytest.mark.parametrize("line", ["999.1.2.3", "1.2.3.4/40", "2001:db8::/200", "x" * (LONGEST + 1), "a\x00b"])
def test_what_cannot_be_looked_for_is_said_with_its_line_and_the_rest_goes_on(line: str) -> None:
    found = parse_indicators(f"u-1\n{line}\nu-2")
    assert [one.value for one in found.indicators] == ["u-1", "u-2"]
    (problem,) = found.problems
    assert problem.line == 2
    assert line not in problem.sentence


def test_a_list_with_a_secret_is_refused_with_the_line_and_never_the_secret() -> None:
    with pytest.raises(SecretsInList) as refusal:
        parse_indicators(f"u-1\n{SECRET}\nu-2\n# {SECRET}")
    assert refusal.value.lines == (2, 4)
    assert "Lines 2, 4 look like tokens" in str(refusal.value)
    assert SECRET[:8] not in str(refusal.value)


def test_more_than_are_looked_for_at_once_are_refused_and_duplicates_do_not_count() -> None:
    assert len(parse_indicators("\n".join([*map(str, range(MOST)), "1", "2"])).indicators) == MOST
    with pytest.raises(TooManyIndicators, match="10,001"):
        parse_indicators("\n".join(map(str, range(MOST + 1))))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_text_is_too_odd_to_be_read(text: str) -> None:
    found = parse_indicators(text)
    values = [one.value for one in found.indicators]
    assert len(values) == len(set(values))
    assert len(values) + len(found.problems) + found.duplicates <= len(text.splitlines())


@given(st.ip_addresses())
def test_an_address_is_the_same_however_it_is_written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> None:
    defanged = str(address).replace(".", "[.]")
    written = {
        parse_indicators(text).indicators[0].value for text in (str(address), address.exploded.upper(), defanged)
    }
    assert written == {normalise_address(str(address))}
