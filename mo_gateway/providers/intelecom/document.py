"""Intelecom's documents, which all its sides share: lists of messages or reports, taken apart and read.

A list is JSON or XML, and may hold several; a query holds one.
"""

import json
import re
from dataclasses import replace
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from mo_gateway import form
from mo_gateway.message import WebhookRequest
from mo_gateway.xmltext import cut_out, declared_charset, read_xml

NAME = "intelecom"
CHARSET = "utf-8"
JSON = "application/json"

#: Stands between the reference of a reply and its id, where references must be unique.
REPLY = "#reply"

#: A string, or the beginning or end of a list or an object.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


class Fields(NamedTuple):
    """What a piece says."""

    fields: dict[str, list[str]]  #: each name in small letters, with all that came under it
    charset: str
    marks: tuple[str, ...]


def pieces_of(request: WebhookRequest, name: str) -> list[WebhookRequest]:
    """Take a list of messages (`mo`) or reports (`dr`) apart, each with its own bytes. Raise ValueError."""
    raw = _trimmed(request.raw)
    if raw.startswith((b"{", b"[")):
        pieces = _json_objects(raw.decode("latin-1"), name)
        content_type = request.content_type
    elif raw.startswith(b"<"):
        pieces = cut_out(raw, name, "message")
        named = form.named_charset(request.content_type) or declared_charset(raw)
        content_type = f"application/xml; charset={named}" if named else "application/xml"
    else:
        return [request]
    if not pieces:
        raise ValueError("it holds no message")
    return [replace(request, raw=piece, content_type=content_type) for piece in pieces]


def fields_of(request: WebhookRequest, charset: str) -> Fields:
    """Read the fields of one message or report, whatever they are written in. Raise ValueError."""
    raw = _trimmed(request.raw)
    if raw.startswith((b"{", b"[")):
        document = form.read_document(raw, content_type=request.content_type, charset=charset)
        return _in_words(read_json(document.text), document)
    if raw.startswith(b"<"):
        document = form.read_document(raw, content_type=request.content_type, charset=charset)
        root = read_xml(document.text)
        if root.tag.lower() != "message":
            raise ValueError(f"its root is {root.tag[:50]}, not message")
        return Fields(_children(root), document.charset, document.marks)
    read = form.read_form(request.raw, content_type=request.content_type, charset=charset)
    fields: dict[str, list[str]] = {}
    for name, value in read.parameters:
        fields.setdefault(name.lower(), []).append(value)
    return Fields(fields, read.charset, read.marks)


def read_json(text: str) -> Any:
    """Read a document; or raise ValueError, for one that is nested beyond reason too."""
    try:
        return json.loads(text)
    except RecursionError as exc:
        raise ValueError("it is nested too deep") from exc


def _json_objects(text: str, name: str) -> list[bytes]:
    """Cut the objects out of `{"mo": [{…}, {…}]}`, byte for byte: the text is bytes read as Latin-1."""
    document = read_json(text)
    listed = document.get(name) if isinstance(document, dict) else None
    pieces, depth, begin, key = [], 0, 0, ""
    for token in _JSON_TOKEN.finditer(text):
        if token[0] in ("{", "["):
            depth += 1
            begin = token.start() if depth == 3 else begin
        elif token[0] in ("}", "]"):
            if depth == 3 and key == f'"{name}"':
                pieces.append(text[begin : token.end()].encode("latin-1"))
            depth -= 1
        elif depth == 1:
            key = token[0]  # or a value, but before a list stands its key
    if not isinstance(listed, list) or len(pieces) != len(listed):
        raise ValueError(f'it has no list "{name}" with nothing but objects in it')
    return pieces


def _in_words(members: Any, document: form.Document) -> Fields:
    """Collect the members of a JSON object as text; half of a surrogate pair is no character."""
    fields: dict[str, list[str]] = {}
    marks = document.marks
    for name, value in members.items() if isinstance(members, dict) else ():
        written = "…" if isinstance(value, list | dict) else str(value)
        text = written.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if text != written and "undecodable-bytes" not in marks:
            marks = (*marks, "undecodable-bytes")
        if value is not None:
            fields.setdefault(name.lower(), []).append(text)
    return Fields(fields, document.charset, marks)


def _children(message: Element) -> dict[str, list[str]]:
    fields: dict[str, list[str]] = {}
    for child in message:
        name, text = child.tag.lower(), "".join(child.itertext())
        fields.setdefault(name, []).append(text if name == "content" else text.strip())
    return fields


def _trimmed(raw: bytes) -> bytes:
    return raw.removeprefix(b"\xef\xbb\xbf").strip(b"\0 \t\r\n")
