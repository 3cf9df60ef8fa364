"""The tables of countries and networks, and the operator's own file."""

from pathlib import Path

import pytest

from mo_gateway.data import generate
from mo_gateway.errors import ConfigError
from mo_gateway.numbering import Numbering, load_numbering

APPENDIX_B = {
    "BEL": "20601 20610 20620",
    "FRA": "20820 20801 20810",
    "DEU": "26201 26203 26213 26207 26202",
    "ESP": "21403 21407 21401",
    "NLD": "20408 20404 20416 20412 20420 20402",
    "TUR": "28604 28602 28601",
    "GBR": "23420 23410 23433 23430 23415",
}


@pytest.fixture(scope="module")
def numbering() -> Numbering:
    return load_numbering()


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    return tmp_path / "operators.csv"


@pytest.mark.parametrize(
    ("operator", "country"),
    [(operator, country) for country, operators in APPENDIX_B.items() for operator in operators.split()],
)
def test_each_code_of_appendix_b_is_known_with_its_country(
    numbering: Numbering, operator: str, country: str
) -> None:
    assert numbering.operators[operator] == {country}


def test_appendix_b_is_shipped_whole() -> None:
    path = Path(generate.FOLDER, "operators_spryng.csv")
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]

    assert len(lines) == 1 + 28


def test_the_world_has_more_operators_than_appendix_b(numbering: Numbering) -> None:
    assert len(numbering.operators) > 2000
    assert numbering.operators["27201"] == {"IRL"}


@pytest.mark.parametrize("operator", ["99999", "00101", "99901", "20698"])
def test_test_networks_and_codes_nobody_has_are_in_no_table(numbering: Numbering, operator: str) -> None:
    assert operator not in numbering.operators


def test_every_code_has_the_five_digits_of_the_wire(numbering: Numbering) -> None:
    odd = [code for code in numbering.operators if not (len(code) == 5 and code.isascii() and code.isdigit())]

    assert odd == []


def test_the_countries_are_the_officially_assigned_ones(numbering: Numbering) -> None:
    assert len(numbering.countries) == 249
    assert {"ABW", "BEL", "ZWE"} <= numbering.countries
    assert not {"XKX", "EUR", "bel", "BE"} & numbering.countries


def test_every_country_of_an_operator_is_an_assigned_one(numbering: Numbering) -> None:
    assert frozenset().union(*numbering.operators.values()) <= numbering.countries
    assert frozenset().union(*numbering.mcc_countries.values()) <= numbering.countries


def test_an_mcc_is_assigned_where_all_its_networks_have_three_digit_mncs(numbering: Numbering) -> None:
    assert numbering.mcc_countries["302"] == {"CAN"}
    assert not any(code.startswith("302") for code in numbering.operators)


def test_every_operator_has_an_assigned_mcc_and_test_networks_have_none(numbering: Numbering) -> None:
    assert {code[:3] for code in numbering.operators} <= numbering.mcc_countries.keys()
    assert not {"001", "999"} & numbering.mcc_countries.keys()


@pytest.mark.parametrize(
    ("operator", "country", "differs"),
    [
        pytest.param("20601", "BEL", False, id="the operator's own country"),
        pytest.param("20601", "NLD", True, id="another country"),
        pytest.param("23458", "GBR", False, id="the first of two countries"),
        pytest.param("23458", "IMN", False, id="the second of two countries"),
        pytest.param("23458", "FRA", True, id="neither of two countries"),
        pytest.param("23415", "IMN", True, id="a country of the MCC, not of the operator"),
        pytest.param("20698", "BEL", False, id="an unlisted operator, the country of its MCC"),
        pytest.param("20698", "NLD", True, id="an unlisted operator, another country than its MCC"),
        pytest.param("90114", "NLD", False, id="an international operator"),
        pytest.param("90198", "NLD", False, id="an international operator that is unlisted"),
        pytest.param("22101", "BEL", False, id="an operator whose country has no assigned code"),
        pytest.param("99999", "BEL", False, id="an MCC nobody has"),
    ],
)
def test_a_country_differs_where_the_operators_are_known_and_lack_it(
    numbering: Numbering, operator: str, country: str, differs: bool
) -> None:
    assert numbering.country_differs(operator, country) is differs


def test_the_operators_own_file_adds_codes_to_the_tables(own_file: Path) -> None:
    own_file.write_text(
        "# our own\n\noperator,countries,name\n20698,BEL LUX,Lab\n# tests\n00101,,Test network\n,,\n"
    )

    numbering = load_numbering(own_file)

    assert numbering.operators["20698"] == {"BEL", "LUX"}
    assert numbering.operators["00101"] == frozenset()
    assert numbering.operators["20601"] == {"BEL"}
    assert {"LUX", "BEL"} <= numbering.mcc_countries["206"]


def test_what_one_gateway_adds_to_the_tables_another_does_not_have(own_file: Path, numbering: Numbering) -> None:
    own_file.write_text("operator,countries\n20698,LUX\n20601,LUX\n")

    assert load_numbering(own_file).operators["20601"] == {"BEL", "LUX"}
    assert load_numbering() == numbering
    assert "20698" not in numbering.operators
    assert numbering.operators["20601"] == {"BEL"}
    assert "LUX" not in numbering.mcc_countries["206"]


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("operator,country\n20698,BEL\n", id="country for countries"),
        pytest.param("name,Operator,COUNTRY,remark\nLab,20698,BEL,ours\n", id="another order, other columns"),
        pytest.param('operator, countries\n"20698",  BEL \n', id="blanks and quotes"),
        pytest.param("\ufeffoperator,countries\r\n20698,BEL\r\n", id="as a spreadsheet writes it"),
    ],
)
def test_the_operators_own_file_may_be_laid_out_freely(own_file: Path, text: str) -> None:
    own_file.write_bytes(text.encode())

    numbering = load_numbering(own_file)

    assert numbering.operators["20698"] == {"BEL"}


def test_an_own_code_without_a_country_has_that_of_its_mcc(own_file: Path) -> None:
    own_file.write_text("operator\n20698\n")

    numbering = load_numbering(own_file)

    assert not numbering.country_differs("20698", "BEL")
    assert numbering.country_differs("20698", "NLD")


def test_a_bad_file_is_refused_with_all_its_bad_lines(own_file: Path) -> None:
    own_file.write_text(
        "# our own\n"
        "operator,countries\n"
        "2069,BEL\n"
        "20698,BEL\n"
        "206-1,XKX\n"
        "2060\u0661,bel\n"
        "310260,USA\n"
        "20697,BEL,LUX\n"
        " ,BEL\n"
    )

    with pytest.raises(ConfigError) as caught:
        load_numbering(own_file)

    digits = "must be 5 digits 0-9, MCC and MNC, such as 20601"
    assigned = "must be an assigned ISO 3166-1 alpha-3 code in capitals, such as BEL"
    assert str(caught.value).splitlines() == [
        f"{own_file}, line 3: operator '2069' {digits}",
        f"{own_file}, line 5: operator '206-1' {digits}",
        f"{own_file}, line 5: country 'XKX' {assigned}",
        f"{own_file}, line 6: operator '2060\u0661' {digits}",
        f"{own_file}, line 6: country 'bel' {assigned}",
        f"{own_file}, line 7: operator '310260' {digits}",
        f"{own_file}, line 8: 3 cells must be 2, as in the header: put spaces between countries",
        f"{own_file}, line 9: operator '' {digits}",
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "is empty: its first line must name the columns", id="empty"),
        pytest.param(b"# nothing yet\n", "is empty: its first line must name the columns", id="comments only"),
        pytest.param(b"20698,BEL\n", "line 1: '20698,BEL' must name the columns", id="no header"),
        pytest.param(b"operator;country\n20698;BEL\n", "line 1: 'operator;country' must", id="semicolons"),
        pytest.param(b"operator,name\n20698,Caf\xe9\n", "is not UTF-8 text", id="another charset"),
        pytest.param(b'operator,name\n20698,"Lab\n20697,Lab\n', "line 3: not CSV", id="an open quote"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_what_would_be_one(
    own_file: Path, content: bytes, sentence: str
) -> None:
    own_file.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        load_numbering(own_file)

    assert str(own_file) in str(caught.value)
    assert sentence in str(caught.value)


def test_a_file_that_went_away_is_refused_by_name(own_file: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: No such file or directory"):
        load_numbering(own_file)


def record(mnc: str, country: str | None, **changes: str | None) -> generate.Record:
    """Make a row as mcc-mnc-list has them."""
    usual = {"type": "National", "mcc": "206", "mnc": mnc, "countryCode": country, "brand": "Lab"}
    return {"operator": "Lab Inc.", "status": "Unknown", **usual, **changes}


def test_generating_keeps_the_codes_that_five_digits_can_say() -> None:
    records = generate.networks(
        [
            record("01", "BE"),
            record("02", None, type="International", mcc="901"),
            record("03", "BE", status="Not operational", brand=None),
            record("001", "US", mcc="310"),
            record("100 - 190", "US", mcc="314"),
            record("?", "BE"),
            record("50144", "BE"),
            record("01", None, type="Test", mcc="001"),
        ]
    )

    rows = generate.operator_rows(records, {"BE": "BEL", "US": "USA"})

    assert rows == [("20601", "BEL", "Lab"), ("20603", "BEL", "Lab Inc."), ("90102", "", "Lab")]


def test_generating_keeps_the_mcc_of_every_network_but_test_networks() -> None:
    records = generate.networks(
        [
            record("01", "BE"),
            record("02", "LU"),
            record("001", "US", mcc="310"),
            record("?", "GT", mcc="704"),
            record("01", None, type="International", mcc="901"),
            record("01", None, type="Test", mcc="001"),
        ]
    )

    rows = generate.mcc_rows(records, {"BE": "BEL", "LU": "LUX", "US": "USA", "GT": "GTM"})

    assert rows == [("206", "BEL LUX"), ("310", "USA"), ("704", "GTM"), ("901", "")]


@pytest.mark.parametrize(
    ("code", "countries"),
    [
        pytest.param("BE", {"BEL"}, id="one country"),
        pytest.param("AU/CC", {"AUS", "CCK"}, id="several countries"),
        pytest.param("GE-AB", {"GEO"}, id="a part of a country"),
        pytest.param("XK", set(), id="not assigned"),
        pytest.param(None, set(), id="no country"),
    ],
)
def test_generating_reads_every_kind_of_country_code(code: str | None, countries: set[str]) -> None:
    alpha3 = {"BE": "BEL", "AU": "AUS", "CC": "CCK", "GE": "GEO"}

    assert generate.countries_of(record("01", code), alpha3) == countries


def test_codes_that_countries_share_have_one_row() -> None:
    records = [record("58", "GB", mcc="234"), record("58", "IM", mcc="234", brand="Pronto")]

    rows = generate.operator_rows(records, {"GB": "GBR", "IM": "IMN"})

    assert rows == [("23458", "GBR IMN", "Lab / Pronto")]
