"""XML of strangers: read, or a ValueError; nothing is fetched, nothing grows."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from xml.etree.ElementTree import Element

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mo_gateway.xmltext import child_text, cut_out, declared_charset, read_xml

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DECLARATION = '<?xml version="1.0" encoding="{}"?>'

tags = st.sampled_from(["a", "MSGLST", "Text"])
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
pieces = st.sampled_from(
    [
        "<a>",
        "</a>",
        "<a/>",
        "<a b='c'>",
        "&amp;",
        "&x;",
        "&#0;",
        "&#xD800;",
        "]]>",
        "<![CDATA[",
        "<!--",
        "-->",
        "<?p?>",
        "<!DOCTYPE a>",
        "<!DOCTYPE a [<!ENTITY x 'y'>]>",
        "<!DOCTYPE a SYSTEM 'http://127.0.0.1:9/x.dtd'>",
        *map(DECLARATION.format, ["utf-8", "utf-16", "utf-7", "hex", "idna", "undefined", "punycode", "klingon"]),
    ]
)
documents = st.lists(pieces | texts, max_size=8).map("".join)


@contextmanager
def nobody_connects() -> Iterator[int]:
    """Give a port, and see that nobody has connected to it in the end."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]
        server.settimeout(0)
        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        ("<a>één &amp; &#8364;</a>", "één & €"),
        ("<a><![CDATA[<b>]]></a>", "<b>"),
        ("<!-- x --><?p q?><a>b</a>", "b"),
        (f"{DECLARATION.format('iso-8859-1')}<a>é</a>".encode("latin-1"), "é"),
        (f"{DECLARATION.format('utf-8')}<a>é</a>".encode(), "é"),
        (f"{DECLARATION.format('utf-16')}<a>é</a>".encode("utf-16"), "é"),
        ("\ufeff<a>é</a>".encode(), "é"),
    ],
)
def test_a_document_is_read_in_its_own_encoding(document: str | bytes, expected: str) -> None:
    assert read_xml(document).text == expected


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8"])
def test_text_is_read_as_text_whatever_it_declares(encoding: str) -> None:
    assert read_xml(f"{DECLARATION.format(encoding)}<a>é€</a>").text == "é€"


def test_a_document_type_is_stepped_over_and_never_fetched() -> None:
    with nobody_connects() as port:
        url = f"http://127.0.0.1:{port}/x.dtd"

        assert read_xml(f'<!DOCTYPE a SYSTEM "{url}"><a>b</a>').text == "b"
        assert read_xml(f'<!DOCTYPE a PUBLIC "-//x" "{url}"><a>b</a>').text == "b"


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY x SYSTEM "http://127.0.0.1:{port}/x">',
        '<!ENTITY % x SYSTEM "http://127.0.0.1:{port}/x"> %x;',
        '<!ENTITY % x "y">',
        '<!ENTITY x SYSTEM "file:///etc/passwd">',
        '<!ENTITY x "y">',
        '<!NOTATION n SYSTEM "n"><!ENTITY x SYSTEM "http://127.0.0.1:{port}/x" NDATA n>',
    ],
)
def test_a_document_with_entities_of_its_own_is_refused(declared: str) -> None:
    with nobody_connects() as port:
        document = f"<!DOCTYPE a [{declared.format(port=port)}]><a>&x;</a>"

        with pytest.raises(ValueError, match="entities of its own"):
            read_xml(document)


def test_a_document_that_grows_is_refused() -> None:
    with pytest.raises(ValueError, match="entities of its own"):
        read_xml(f'<!DOCTYPE a [<!ENTITY l0 "ha">{LAUGHS}]><a>&l9;</a>')


def test_no_word_is_left_out_because_a_document_type_may_declare_it() -> None:
    with nobody_connects() as port, pytest.raises(ValueError, match="entities of its own"):
        read_xml(f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/x.dtd"><a>STOP &x; WIN</a>')


@pytest.mark.parametrize(
    "document",
    [
        "",
        b"",
        "STOP",
        "<a>",
        "<a></b>",
        "<a>&x;</a>",
        "<a>&#0;</a>",
        "<a>\x00</a>",
        "<a>\ud83d</a>",
        b"<a>\xff</a>",
        "<a/><a/>",
        '<a b="1" b="2"/>',
        f"{DECLARATION.format('klingon')}<a/>".encode(),
        f"{DECLARATION.format('hex')}<a/>".encode(),
        f"{DECLARATION.format('idna')}<a/>".encode(),
        "<!DOCTYPE html><html><body><p>Welcome<br></body></html>",
    ],
)
def test_what_is_no_xml_is_a_value_error(document: str | bytes) -> None:
    with pytest.raises(ValueError, match=r"it is no XML|multi-byte"):
        read_xml(document)


def test_a_deep_document_is_read() -> None:
    root = read_xml("<a>" * 20_000 + "</a>" * 20_000)

    assert len(root) == 1


@given(st.binary() | documents | documents.map(str.encode) | documents.map(lambda text: text.encode("utf-16")))
def test_whatever_comes_is_an_element_or_a_value_error(document: str | bytes) -> None:
    with suppress(ValueError):
        assert isinstance(read_xml(document), Element)


@given(tags, texts)
def test_what_is_read_can_be_stored(tag: str, text: str) -> None:
    with suppress(ValueError):
        assert "\0" not in (read_xml(f"<{tag}>{text}</{tag}>").text or "")


def test_a_child_is_found_whatever_the_case_of_its_name() -> None:
    root = read_xml("<a><Status> OK </Status><status>no</status><empty/></a>")

    assert child_text(root, "STATUS") == "OK"
    assert child_text(root, "empty") == ""
    assert child_text(root, "none") == ""


@pytest.mark.parametrize(
    ("document", "charset"),
    [
        (b"<a/>", None),
        (b"<?xml version='1.0'?><a/>", None),
        (b"<?xml version='1.0'?><a x=' encoding=\"hex\"'/>", None),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "ISO-8859-1"),
        (b'\n<?xml version="1.0" encoding = "utf-8" standalone="yes"?>', "utf-8"),
        ("\ufeff<?xml version='1.0'?><a/>".encode(), "utf-8"),
        ("\ufeff<a/>".encode(), "utf-8"),
        ("<?xml version='1.0' encoding='é'?>".encode(), None),
        (b"", None),
    ],
)
def test_the_encoding_is_the_one_that_a_document_declares(document: bytes, charset: str | None) -> None:
    assert declared_charset(document) == charset


@pytest.mark.parametrize(
    ("document", "pieces"),
    [
        (b"<a/>", []),
        (b"<a><m>1</m></a>", [b"<m>1</m>"]),
        (b"<A><M>1</M><m>2</m></A>", [b"<M>1</M>", b"<m>2</m>"]),
        (
            b"<a> <m>\xe9 &amp; &#8364;</m>\n<m/>text<m x='1'/></a>",
            [b"<m>\xe9 &amp; &#8364;</m>", b"<m/>", b"<m x='1'/>"],
        ),
        (b"<a><m>1</m ><!-- <m>2</m> --><m><m>3</m></m></a>", [b"<m>1</m >", b"<m><m>3</m></m>"]),
        (b"<a><b><m>1</m></b><m><![CDATA[</m>]]></m></a>", [b"<m><![CDATA[</m>]]></m>"]),
        ("\ufeff<a><m>é</m></a>".encode(), ["<m>é</m>".encode()]),
        (b"<?xml version='1.0' encoding='utf-16'?><a><m>1</m></a>", [b"<m>1</m>"]),
    ],
)
def test_children_are_cut_out_byte_for_byte(document: bytes, pieces: list[bytes]) -> None:
    assert cut_out(document, "a", "m") == pieces


def test_a_document_type_is_not_fetched_for_cutting_either() -> None:
    with nobody_connects() as port:
        document = f'<!DOCTYPE a SYSTEM "http://127.0.0.1:{port}/x.dtd"><a><m>1</m></a>'.encode()

        assert cut_out(document, "a", "m") == [b"<m>1</m>"]


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<a><m>1</m>",
        b"<b><m>1</m></b>",
        b"<m>1</m>",
        b"<a><m></a></m>",
        b"<!DOCTYPE a [<!ENTITY x 'y'>]><a><m>&x;</m></a>",
    ],
)
def test_what_cannot_be_cut_is_a_value_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r"no XML|its root is|entities of its own"):
        cut_out(document, "a", "m")


@given(st.binary() | documents.map(str.encode) | documents.map(lambda inner: f"<a>{inner}</a>".encode()))
def test_whatever_comes_is_cut_or_a_value_error(document: bytes) -> None:
    with suppress(ValueError):
        for piece in cut_out(document, "a", "a"):
            assert piece in document
