"""A resource's head: its type read, its id and meta replaced, on bytes.

Source: FHIR R4 3.1.0.8 (create: the server gives id, meta.versionId and meta.lastUpdated and
ignores what was sent for them), 2.26.0 (Meta).
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from carecode.exchange.refusals import SentRefusedError

RESOURCE_BYTES_MAX: Final = 16 * 1024 * 1024
"""Bytes of one resource."""

_HEAD: Final = re.compile(
    rb'\{"resourceType":"([A-Z][A-Za-z]{1,63})"(?:,"id":"([A-Za-z0-9\-.]{1,64})")?(,"meta":\{(?!\}))?'
)
_TYPE: Final = re.compile(rb'"[A-Z][A-Za-z]{1,63}"\Z')
_ID: Final = re.compile(rb'"[A-Za-z0-9\-.]{1,64}"\Z')
_SERVER_META: Final = ("versionId", "lastUpdated")
_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def head(raw: bytes) -> tuple[str, str | None]:
    """Read the type and the id that was sent, from compact bytes.

    >>> head(b'{"resourceType":"Patient","id":"a","active":true}')
    ('Patient', 'a')

    SentRefusedError ``resource-type`` or ``id`` when they are not what FHIR says.
    """
    if len(raw) > RESOURCE_BYTES_MAX:
        raise SentRefusedError(
            "too-large", f"One resource has more than {RESOURCE_BYTES_MAX >> 20} MB.", issue="too-long"
        )
    match = _HEAD.match(raw)
    if match is not None and (match[2] or b'"id":' not in raw):
        return match[1].decode(), match[2].decode() if match[2] else None
    fields = _top(raw)
    return bytes(fields["resourceType"])[1:-1].decode(), _sent_id(fields)


def with_head(raw: bytes, type_name: str, new_id: str, meta: bytes) -> bytes:
    """Put the new id, and version and time in front of the meta that was sent.

    ``meta`` is what ``server_meta`` makes.  Everything else keeps its bytes.

    >>> with_head(b'{"resourceType":"Basic","id":"a","meta":{"tag":[1]},"n":1.50}', "Basic", "b", b'"v":1')
    b'{"resourceType":"Basic","id":"b","meta":{"v":1,"tag":[1]},"n":1.50}'
    """
    match = _HEAD.match(raw)
    if match is None or not _simple(raw, match):
        return _rebuilt(raw, type_name, new_id, meta)
    start = f'{{"resourceType":"{type_name}","id":"{new_id}","meta":{{'.encode()
    return start + meta + (b"," if match[3] else b"}") + raw[match.end() :]


def server_meta(version: int, updated: str) -> bytes:
    """Write the members of meta that the server gives."""
    return f'"versionId":"{version}","lastUpdated":"{updated}"'.encode()


def _simple(raw: bytes, match: re.Match[bytes]) -> bool:
    """Say whether id and meta stand in front, and nothing in meta needs to be taken out."""
    return (
        (match[2] is not None or b'"id":' not in raw)
        and (match[3] is not None or b'"meta":' not in raw)
        and b'"versionId":' not in raw
        and b'"lastUpdated":' not in raw
    )


def _rebuilt(raw: bytes, type_name: str, new_id: str, meta: bytes) -> bytes:
    """Do the same for a resource whose properties stand in another order."""
    fields = _top(raw)
    _sent_id(fields)
    sent = b""
    if "meta" in fields:
        sent = _sent_meta(bytes(fields["meta"]))
    start = f'{{"resourceType":"{type_name}","id":"{new_id}","meta":{{'.encode()
    rest = b"".join(
        b"," + msgspec.json.encode(name) + b":" + bytes(value)
        for name, value in fields.items()
        if name not in {"resourceType", "id", "meta"}
    )
    return start + meta + sent + b"}" + rest + b"}"


def _sent_meta(raw: bytes) -> bytes:
    try:
        members = _fields.decode(raw)
    except msgspec.MsgspecError:
        raise SentRefusedError("meta", "meta must be an object.", "meta", "structure") from None
    _once(raw, members, "meta")
    if not members:
        raise SentRefusedError("empty-value", "An empty object is not a value in FHIR.", "meta", "structure")
    kept = (
        b"," + msgspec.json.encode(name) + b":" + bytes(value)
        for name, value in members.items()
        if name not in _SERVER_META
    )
    return b"".join(kept)


def _top(raw: bytes) -> dict[str, msgspec.Raw]:
    """Read the top level of a resource.

    SentRefusedError ``resource-type`` when it is none.
    """
    try:
        fields = _fields.decode(raw)
    except msgspec.MsgspecError:
        raise SentRefusedError("resource-type", "A resource must be an object.", issue="structure") from None
    if not _TYPE.match(bytes(fields.get("resourceType", b""))):
        raise SentRefusedError("resource-type", "A resource must name its resourceType.", "resourceType", "structure")
    _once(raw, fields, "")
    return fields


def _once(raw: bytes, fields: dict[str, msgspec.Raw], path: str) -> None:
    """Refuse a property that stands twice on this level; deeper ones are seen later."""
    names = sum(msgspec.json.encode(name).count(b'":') + 1 for name in fields)
    if names + sum(bytes(value).count(b'":') for value in fields.values()) != raw.count(b'":'):
        raise SentRefusedError("duplicate-property", "A property stands twice in one object.", path, "structure")


def _sent_id(fields: dict[str, msgspec.Raw]) -> str | None:
    sent = bytes(fields["id"]) if "id" in fields else None
    if sent is None:
        return None
    if not _ID.match(sent):
        raise SentRefusedError("id", "An id has 1 to 64 of A-Z a-z 0-9 - and full stop.", "id", "value")
    return sent[1:-1].decode()
