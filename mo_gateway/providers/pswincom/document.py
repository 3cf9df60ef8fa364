"""PSWinCom's documents, which all its sides share: written, taken apart, read.

A document is XML with several messages or reports, or a form with one.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from mo_gateway import form
from mo_gateway.masking import plain_word
from mo_gateway.message import WebhookRequest
from mo_gateway.providers import Acknowledgement, Piece
from mo_gateway.xmltext import cut_out, declared_charset, read_xml

NAME = "pswincom"
CHARSET = "iso-8859-1"
DECLARATION = b'<?xml version="1.0" encoding="iso-8859-1"?>\n'

#: Named in the answer to a document without IDs that can be read; LINK's own receiver names it whatever came.
UNREADABLE_ID = "1"


class Fields(NamedTuple):
    """What a piece says."""

    fields: dict[str, list[str]]  #: each name in capitals, with all that came under it
    charset: str
    marks: tuple[str, ...]

    @property
    def first(self) -> dict[str, str]:
        """What came first under each name, without white space around it."""
        return {name: values[0].strip() for name, values in self.fields.items()}


def written(root: Element) -> bytes:
    """Write a document in Latin-1; other characters, such as € and Δ, become references: `&#8364;`."""
    document: bytes = tostring(root, encoding=CHARSET, xml_declaration=False)
    # a parser would make a line feed of a carriage return that stands there itself
    return DECLARATION + document.replace(b"\r", b"&#13;")


def add_child(parent: Element, name: str, text: str) -> None:
    """Give a parent one more child, which holds a text."""
    SubElement(parent, name).text = text


def acknowledgement_of(statuses: Sequence[tuple[str, str]]) -> Acknowledgement:
    """Write the documented answer to a list: each ID with its status."""
    root = Element("MSGLST")
    for name, status in statuses:
        msg = SubElement(root, "MSG")
        add_child(msg, "ID", name)
        add_child(msg, "STATUS", status)
    return Acknowledgement(body=written(root), content_type="text/xml")


def pieces_of(request: WebhookRequest) -> list[Piece]:
    """Take a list of messages or reports apart, each with its own bytes; a form is one. Raise ValueError."""
    if not is_xml(request.raw):
        ids = fields_of(request, CHARSET).first
        return [Piece(id=plain_word(ids.get("ID", "1")), request=request)]
    raw = _without_end(request.raw)
    named = form.named_charset(request.content_type) or declared_charset(raw)
    content_type = f"application/xml; charset={named}" if named else "application/xml"
    requests = [replace(request, raw=piece, content_type=content_type) for piece in cut_out(raw, "MSGLST", "MSG")]
    if not requests:
        raise ValueError("it holds no MSG")
    return [Piece(id=_id(piece, number), request=piece) for number, piece in enumerate(requests, start=1)]


def fields_of(request: WebhookRequest, charset: str) -> Fields:
    """Read the fields of one message or report, XML or a form; raise ValueError where it is neither."""
    if not is_xml(request.raw):
        read = form.read_form(request.raw, content_type=request.content_type, charset=charset)
        fields: dict[str, list[str]] = {}
        for name, value in read.parameters:
            fields.setdefault(name.upper(), []).append(value)
        return Fields(fields, read.charset, read.marks)
    document = decoded(request.raw, request.content_type, charset)
    root = read_xml(document.text)
    if root.tag.upper() != "MSG":
        raise ValueError(f"its root is {root.tag[:50]}, not MSG")
    return Fields(_children(root), document.charset, document.marks)


def decoded(document: bytes, content_type: str, charset: str) -> form.Document:
    """Decode a document by its Content-Type, else its declaration, else `charset`."""
    document = _without_end(document)
    declared = declared_charset(document)
    if declared and not form.named_charset(content_type):
        content_type = f"application/xml; charset={declared}"
    return form.read_document(document, content_type=content_type, charset=charset)


def is_xml(raw: bytes) -> bool:
    """Tell a list in XML from a form."""
    return raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _id(piece: WebhookRequest, number: int) -> str:
    """Give the ID of a message, or else its number in the document."""
    try:
        return plain_word(fields_of(piece, CHARSET).first.get("ID", "")) or str(number)
    except ValueError:
        return str(number)


def _children(msg: Element) -> dict[str, list[str]]:
    """Collect what stands in the children, and in the DATA of METADATA, under their names."""
    fields: dict[str, list[str]] = {}
    for child in msg:
        name = child.tag.upper()
        if name == "METADATA":
            for data in child:
                attributes = {key.upper(): value for key, value in data.attrib.items()}
                fields.setdefault(attributes.get("KEY", "").upper(), []).append(attributes.get("VALUE", ""))
        else:
            text = "".join(child.itertext())
            fields.setdefault(name, []).append(text if name == "TEXT" else text.strip())
    return fields


def _without_end(document: bytes) -> bytes:
    """Cut off the byte order mark, and the NUL by which PSWinCom's own clients end a document."""
    return document.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n")
