"""The routes file: what is right becomes handlers, what is wrong is named with its line."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mo_gateway.errors import ConfigError
from mo_gateway.handlers.building import Surroundings
from mo_gateway.handlers.file import BUILT_IN, ENTRIES, RouteOptions, handlers_in_file
from mo_gateway.plugin import Form, Handler, Keyword, Terms
from mo_gateway.routing import Routes

Load = Callable[[str], list[Handler]]

ROUTE = '[[route]]\nkeyword = "WIN"\n'
STORE = "[route.store]\n"


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """A function that loads a text as a routes file."""

    def load(text: str) -> list[Handler]:
        path = tmp_path / "routes.toml"
        path.write_text(text)
        return handlers_in_file(path, Surroundings(folder=tmp_path, timezone=ZoneInfo("Europe/Amsterdam")))

    return load


@pytest.fixture
def faults(load: Load) -> Callable[[str], list[str]]:
    """A function that gives the faults of a text, each with its line and without the path."""

    def faults(text: str) -> list[str]:
        with pytest.raises(ConfigError) as refused:
            load(text)
        return [re.sub(r"^.*routes\.toml:", "", line) for line in str(refused.value).splitlines()]

    return faults


def test_every_key_of_a_route_is_read(load: Load, tmp_path: Path) -> None:
    (tmp_path / "vips.txt").write_text("# ours\n32411111111\n\n32422222222\n")

    (handler,) = load("""
[[route]]
name = "campaign"
keyword = ["WIN", "GAGNE"]
aliases = "WINN"
shortcode = "4414"
countries = ["BEL", "NLD"]
operators = ["20601"]
senders = ["32412345678"]
senders_file = "vips.txt"
form = "with text"
from = 2026-12-01T18:00:00
until = 2026-12-02T00:00:00Z
priority = 3
always = true
[route.store]
""")

    terms = Terms(
        senders=frozenset({"32412345678", "32411111111", "32422222222"}),
        operators=frozenset({"20601"}),
        countries=frozenset({"BEL", "NLD"}),
        form=Form.WITH_TEXT,
        since=datetime(2026, 12, 1, 17, tzinfo=UTC),
        until=datetime(2026, 12, 2, tzinfo=UTC),
    )
    words = ("WIN", "GAGNE", "WINN")
    assert handler.keywords == tuple(Keyword(word, "4414", always=True, terms=terms, priority=3) for word in words)
    assert (handler.name, handler.place.rpartition(":")[2]) == ("campaign", "2")


def test_a_date_alone_is_its_first_moment(load: Load) -> None:
    (handler,) = load(f"{ROUTE}from = 2026-12-01\n{STORE}")

    assert handler.keywords[0].terms.since == datetime(2026, 11, 30, 23, tzinfo=UTC)


def test_a_pattern_two_shortcodes_an_answer_and_an_observer(load: Load) -> None:
    found = load("""
[[route]]
pattern = "[0-9]{4}"
shortcode = ["4414", "5515"]
[route.store]
[[answer]]
name = "postcode"
[answer.store]
[[every_message]]
[every_message.store]
""")

    route, answer, observer = found
    assert route.keywords == tuple(Keyword("[0-9]{4}", on, is_pattern=True) for on in ("4414", "5515"))
    assert (answer.answers, answer.name) == (("postcode",), "postcode")
    assert (observer.observes, observer.name) == (True, "store")
    assert len(Routes(found)) == 2


@pytest.mark.parametrize(
    ("entry", "name"),
    [
        ('keyword = "WIN"', "store:win"),
        ('keyword = "Win!"\nshortcode = "4414"', "store:win@4414"),
        ('keyword = "*"', "store:any"),
        ('pattern = ".*"', "store:pattern"),
    ],
)
def test_a_route_without_a_name_is_named_for_what_it_is(load: Load, entry: str, name: str) -> None:
    (handler,) = load(f"[[route]]\n{entry}\n[route.store]\n")

    assert handler.name == name


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[[route]]\nkeyword = 7\n[route.store]", "2: route.keyword: a text, or a list of texts"),
        ("[[route]]\nkeyword = []\n[route.store]", "2: route.keyword: a text, or a list of texts"),
        ("[[route]]\n[route.store]", "1: route.keyword: a route has a keyword or a pattern"),
        (f'{ROUTE}pattern = "x"\n{STORE}', "2: route.keyword: a route has a keyword or a pattern"),
        ('[[route]]\npattern = "("\n[route.store]', "2: route.pattern: '(' is not a regular expression"),
        (f"{ROUTE}shortcode = 4414\n{STORE}", "3: route.shortcode: a text, or a list of texts"),
        (f'{ROUTE}shortcode = "44 14"\n{STORE}', "3: route.shortcode: digits in quotes"),
        (f'{ROUTE}countries = ["BE"]\n{STORE}', "3: route.countries: ISO 3166-1 alpha-3 codes"),
        (f'{ROUTE}operators = ["2060"]\n{STORE}', "3: route.operators: five digits"),
        (f'{ROUTE}senders = ["+32412345678"]\n{STORE}', "3: route.senders: MSISDNs"),
        (f'{ROUTE}senders_file = "none.txt"\n{STORE}', "3: route.senders_file: "),
        (f'{ROUTE}form = "lone"\n{STORE}', '3: route.form: "any", "alone" or "with text"'),
        (f'{ROUTE}from = "2026-12-01"\n{STORE}', "3: route.from: a moment without quotes"),
        (f"{ROUTE}from = 2026-12-02\nuntil = 2026-12-01\n{STORE}", "4: route.until: it ends before it begins"),
        (f"{ROUTE}from = 2026-12-02T00:00:00Z\nuntil = 2026-12-01\n{STORE}", "4: route.until: it ends before"),
        (f"{ROUTE}from = 2026-12-01\nuntil = 2026-12-01\n{STORE}", "4: route.until: it ends before it begins"),
        (f"{ROUTE}from = 18:00:00\n{STORE}", "3: route.from: a moment without quotes"),
        (f"{ROUTE}from = 2026\n{STORE}", "3: route.from: a moment without quotes"),
        (f"{ROUTE}from = 0001-01-01T00:00:00\n{STORE}", "3: route.from: a moment of the years 1970 to 9998"),
        (f"{ROUTE}until = 9999-12-31T23:00:00-09:00\n{STORE}", "3: route.until: a moment of the years"),
        (f"{ROUTE}from = 2026-02-30\n{STORE}", "3: this is not TOML: invalid date"),
        (f"{ROUTE}priority = 1.5\n{STORE}", "3: route.priority: a whole number"),
        (f'{ROUTE}priority = "1"\n{STORE}', "3: route.priority: a whole number"),
        (f"{ROUTE}priority = true\n{STORE}", "3: route.priority: a whole number"),
        (f'{ROUTE}always = "yes"\n{STORE}', "3: route.always: true or false"),
        (f"{ROUTE}always = 1\n{STORE}", "3: route.always: true or false"),
        (f"{ROUTE}form = 7\n{STORE}", '3: route.form: "any", "alone" or "with text"'),
        (f'{ROUTE}aliases = ["A", ""]\n{STORE}', "3: route.aliases: a text, or a list of texts"),
        (f'{ROUTE}aliases = ["A", "BIG WIN"]\n{STORE}', "3: route.aliases: 'BIG WIN' is not one word that an SMS"),
        (
            '[[route]]\nkeyword = "?!"\n[route.store]',
            "2: route.keyword: '?!' is not one word that an SMS can begin",
        ),
        (f"{ROUTE}shortcode = [4414]\n{STORE}", "3: route.shortcode: a text, or a list of texts"),
        (f'{ROUTE}countries = "bel"\n{STORE}', "3: route.countries: ISO 3166-1 alpha-3 codes"),
        (f'{ROUTE}operators = ["２０６０１"]\n{STORE}', "3: route.operators: five digits"),
        (f'{ROUTE}senders = ["0032412345678901"]\n{STORE}', "3: route.senders: MSISDNs"),
        (f"{ROUTE}senders_file = 7\n{STORE}", "3: route.senders_file: a text, in quotes"),
        (f'{ROUTE}name = ""\n{STORE}', "3: route.name: a text of 1 to 80 characters"),
        (f'{ROUTE}name = "{81 * "x"}"\n{STORE}', "3: route.name: a text of 1 to 80 characters"),
        (f'{ROUTE}name = "a\\nb"\n{STORE}', "3: route.name: a text in one line"),
        ('[[answer]]\nname = "a\\tb"\n[answer.store]', "2: answer.name: a text in one line"),
        ('[[answer]]\nname = "a"\nkeyword = "A"\n[answer.store]', "3: answer.keyword: there is no such key"),
        ('[[every_message]]\nkeyword = "A"\n[every_message.store]', "2: every_message.keyword: there is no such"),
        ("[[every_mesage]]\n", "1: every_mesage: there is no such key; every_message was meant"),
        ("[[route]]\n[[route.store]]\n", "2: route.store: a table"),
        (f'{ROUTE}short_code = "1"\n{STORE}', "3: route.short_code: there is no such key; shortcode was meant"),
        (ROUTE, "1: route: it has one table that says what it does, such as [route.reply], and there is none"),
        (f'{ROUTE}{STORE}[route.reply]\ntext = "x"', "1: route: it has one table that says what it does"),
        (f"{ROUTE}[route.rely]\n", "3: route.rely: there is no such key; reply was meant"),
        (f"{ROUTE}{STORE}x = 1", "4: route.store.x: there is no such key"),
        (f"{ROUTE}store = 7", "3: route.store: a table"),
        ("[[answer]]\n[answer.store]", "1: answer.name: Missing data for required field"),
        ("[[rout]]\n", "1: rout: there is no such key; route was meant"),
        ('[route]\nkeyword = "WIN"\n', "1: route: it is written [[route]]"),
        ("route = 7", "1: route: it is written [[route]]"),
        ('[[route]]\nkeyword = "WIN\n', "2: this is not TOML: illegal character"),
        ("[[route]]\nkeyword = \n", "2: this is not TOML: invalid value"),
        ("a = 1\na = 2\n", "2: this is not TOML: cannot overwrite a value"),
    ],
)
def test_what_is_wrong_is_named_with_its_line_and_what_would_be_right(
    faults: Callable[[str], list[str]], text: str, fault: str
) -> None:
    found = faults(text)

    assert any(one.startswith(fault) for one in found), found


def test_every_fault_is_named_at_once_in_the_order_of_the_file(faults: Callable[[str], list[str]]) -> None:
    found = faults('''# a comment
[[route]]
keyword = "WIN"
form = "lone"

[route.reply]
text = """
[[route]]
{{ nobody }}"""

[[route]]
colour = "blue"
keyword = [
  "ONE",
]
[route.vote]
poll = "song"
options = { A = ["x"], B = ["X"] }
''')

    assert [int(one.partition(":")[0]) for one in found] == [4, 7, 12, 18]
    assert "a template has no nobody" in found[1]
    assert "'X' means A and B" in found[3]


@pytest.mark.parametrize(
    ("own", "fault"),
    [
        ('[route.vote]\npoll = "a\\nb"\noptions = ["A"]', "4: route.vote.poll: a text in one line"),
        (
            f'[route.vote]\npoll = "a"\noptions = ["{81 * "x"}"]',
            "5: route.vote.options: each option is a text of 1 to 80",
        ),
        (
            '[route.vote]\npoll = "a"\noptions = ["A\\u2028"]',
            "5: route.vote.options: each option is a text of 1 to 80",
        ),
        (
            '[route.vote]\npoll = "a"\noptions = ["A"]\nopens = 2026-12-02\ncloses = 2026-12-01',
            "7: route.vote.closes: it closes before it opens",
        ),
        ('[route.subscribe]\nlist = "a\\nb"', "4: route.subscribe.list: a text in one line"),
        ('[route.unsubscribe]\nlist = "a\\nb"', "4: route.unsubscribe.list: a text in one line"),
        ('[route.reply]\ntext = "a"\nexpect = "a\\nb"', "5: route.reply.expect: a text in one line"),
    ],
)
def test_what_could_not_be_stored_is_refused_before_anybody_sends_an_sms(
    faults: Callable[[str], list[str]], own: str, fault: str
) -> None:
    (found,) = faults(f"{ROUTE}{own}\n")

    assert found.startswith(fault)


def test_the_lines_are_right_behind_signs_that_only_look_like_ends_of_lines(
    faults: Callable[[str], list[str]],
) -> None:
    (found,) = faults(f"# a\u2028b\x85c\n{ROUTE}form = 'lone'\n{STORE}")

    assert found.startswith("4: route.form")


def test_a_file_that_notepad_wrote_is_read(tmp_path: Path) -> None:
    mark = "\ufeff".encode()
    (tmp_path / "vips.txt").write_bytes(mark + b"32411111111\r\n")
    path = tmp_path / "routes.toml"
    path.write_bytes(mark + f'{ROUTE}senders_file = "vips.txt"\n{STORE}'.replace("\n", "\r\n").encode())

    (handler,) = handlers_in_file(path, Surroundings(folder=tmp_path, timezone=ZoneInfo("UTC")))

    assert handler.keywords[0].terms.senders == {"32411111111"}


@pytest.mark.parametrize("written", ["7\n", "# nobody\n\n", "32411111111\n+32422222222\n", "3241111111x\n"])
def test_a_list_of_senders_with_anything_else_in_it_is_refused(
    faults: Callable[[str], list[str]], tmp_path: Path, written: str
) -> None:
    (tmp_path / "vips.txt").write_text(written)

    (found,) = faults(f'{ROUTE}senders_file = "vips.txt"\n{STORE}')

    assert found.startswith("3: route.senders_file: ")
    assert "vips.txt" in found


def test_what_is_wrong_in_a_list_of_senders_is_named_with_its_line(
    faults: Callable[[str], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "vips.txt").write_text("# ours\n32411111111\n\n+32422222222\n")

    (found,) = faults(f'{ROUTE}senders_file = "vips.txt"\n{STORE}')

    assert found.startswith("3: route.senders_file: vips.txt:4: MSISDNs: 6 to 15 digits")


@pytest.mark.parametrize("value", ["9" * 5000, "[" * 5000 + "]" * 5000])
def test_what_no_reader_of_toml_can_hold_is_one_sentence(load: Load, value: str) -> None:
    with pytest.raises(ConfigError, match=r"routes\.toml: it cannot be read"):
        load(f"a = {value}\n")


def test_two_entries_of_one_name_are_refused(faults: Callable[[str], list[str]]) -> None:
    assert faults(f"{ROUTE}{STORE}{ROUTE}form = 'alone'\n{STORE}") == [
        "4: route: there is another store:win: give one of them a name of its own."
    ]


def test_of_very_many_faults_the_first_are_told_and_the_others_counted(faults: Callable[[str], list[str]]) -> None:
    found = faults(f"{ROUTE}x = 1\n{STORE}" * 60)

    assert len(found) == 51
    assert "more" in found[-1]


def test_a_file_that_is_not_utf_8_or_not_there_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    here = Surroundings(folder=tmp_path, timezone=ZoneInfo("UTC"))

    for name in ("latin.toml", "none.toml"):
        with pytest.raises(ConfigError, match=f"{name}: it cannot be read"):
            handlers_in_file(tmp_path / name, here)


def test_an_empty_file_has_no_routes(load: Load) -> None:
    assert load("") == []


def test_the_page_names_every_key_and_every_handler() -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "routes.md").read_text()
    keys = {field.data_key or name for name, field in RouteOptions().fields.items()} - {"name"}

    assert keys <= set(re.findall(r"`([a-z_]+)`", page))
    assert ENTRIES.keys() <= set(re.findall(r"\[\[([a-z_]+)\]\]", page))
    handlers = (Path(__file__).parent.parent.parent / "docs" / "handlers.md").read_text()
    assert set(BUILT_IN) <= set(re.findall(r"`([a-z]+)`", handlers))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_page_names_every_key_of_each_handler(name: str) -> None:
    page = (Path(__file__).parent.parent.parent / "docs" / "handlers.md").read_text()

    assert set(BUILT_IN[name].Options().fields) <= set(re.findall(r"`([a-z_]+)`", page))
