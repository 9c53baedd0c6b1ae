"""How the registry's own collector reads a manifest: Go's encoding/json, to the letter. Pure.

The collector stops on the first manifest it cannot read, so to predict it is to know what Go takes and what it does
not: keys match in any case (and with the two letters Unicode folds onto ASCII), null is not a change, a key met twice is
decoded into what the first one left, the type of every field it knows is checked, and of no other. 2.x and 3.x know
different fields. Sources: encoding/json (decode.go, fold.go) of Go 1.19 and 1.2x; distribution 2.8.2 and 3.1.1,
manifest/*/ and registry/storage/manifeststore.go, blobstore.go.

Nearly all manifests are plain and are never read here: see oci.parse_manifest.
"""

import json
import re
from typing import Any, Literal, NamedTuple, assert_never

from tonnage.formats.deepjson import readable

MANIFEST_BYTES_LIMIT = 4 * 1024 * 1024
"""A manifest of exactly this size is read, a larger one refused ("read exceeds limit")."""

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"

PANIC = "panic"
"""How a reason begins on which the collector does not stop with an error but crashes (exit code 2)."""

Version = Literal[2, 3]
Kind = Literal["image", "index", "schema1"]


class Reading(NamedTuple):
    """A manifest as one version of the server reads it."""

    kind: Kind
    document: dict[str, Any]
    """The fields the server knows, under their own names; absent where it has Go's zero value without being named."""


class RefusedError(ValueError):
    """The server cannot read the manifest, for the reason given."""


class _List(NamedTuple):
    of: "_Type"


class _Object(NamedTuple):
    fields: dict[str, "_Type"]


_Type = Literal["text", "integer", "base64", "texts by name"] | _List | _Object


class _Pairs(list[tuple[str, Any]]):
    """A JSON object as it was written: the same key may come twice."""


class _Number(str):
    """A JSON number as it was written."""


class _Slice:
    """A Go slice: a key that comes again is decoded into the elements that the first one left, even dropped ones."""

    __slots__ = ("elements", "length")

    def __init__(self) -> None:
        self.elements: list[Any] = []
        self.length = 0


_VERSIONED: dict[str, _Type] = {"schemaVersion": "integer", "mediaType": "text"}
_PLATFORM: dict[str, _Type] = {
    "architecture": "text",
    "os": "text",
    "os.version": "text",
    "os.features": _List("text"),
    "variant": "text",
}
_DESCRIPTOR: dict[Version, dict[str, _Type]] = {
    2: {
        "mediaType": "text",
        "size": "integer",
        "digest": "text",
        "urls": _List("text"),
        "annotations": "texts by name",
        "platform": _Object(_PLATFORM),
    }
}
_DESCRIPTOR[3] = {**_DESCRIPTOR[2], "data": "base64", "artifactType": "text"}


def _child(version: Version) -> _Type:
    """An element of a Docker list: its platform has a field more."""
    return _Object({**_DESCRIPTOR[version], "platform": _Object({**_PLATFORM, "features": _List("text")})})


def _image(version: Version) -> dict[str, _Type]:
    descriptor = _Object(_DESCRIPTOR[version])
    return {**_VERSIONED, "config": descriptor, "layers": _List(descriptor)}


_DOCKER_IMAGE: dict[Version, _Type] = {2: _Object(_image(2)), 3: _Object(_image(3))}
_OCI_IMAGE: dict[Version, _Type] = {
    2: _Object({**_image(2), "annotations": "texts by name"}),
    3: _Object({**_image(3), "annotations": "texts by name"}),
}
_DOCKER_LIST: dict[Version, _Type] = {
    2: _Object({**_VERSIONED, "manifests": _List(_child(2))}),
    3: _Object({**_VERSIONED, "manifests": _List(_child(3))}),
}
_OCI_LIST: dict[Version, _Type] = {
    2: _DOCKER_LIST[2],  # 2.x has one type for both
    3: _Object({**_VERSIONED, "manifests": _List(_Object(_DESCRIPTOR[3])), "annotations": "texts by name"}),
}
_SCHEMA1 = _Object(
    {
        **_VERSIONED,
        "name": "text",
        "tag": "text",
        "architecture": "text",
        "fsLayers": _List(_Object({"blobSum": "text"})),
        "history": _List(_Object({"v1Compatibility": "text"})),
    }
)
_BY_MEDIA_TYPE: dict[str, tuple[Kind, dict[Version, _Type]]] = {
    DOCKER_MANIFEST: ("image", _DOCKER_IMAGE),
    OCI_MANIFEST: ("image", _OCI_IMAGE),
    DOCKER_INDEX: ("index", _DOCKER_LIST),
    OCI_INDEX: ("index", _OCI_LIST),
}

_INTEGER = re.compile(r"-?[0-9]{1,19}\Z")
_BYTE = re.compile(r"[0-9]{1,3}\Z")
_BASE64 = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?\Z")
_FOLDED = str.maketrans({**{chr(c): chr(c + 32) for c in range(65, 91)}, "\u017f": "s", "\u212a": "k"})


def read(content: bytes, version: Version) -> Reading:
    """Return the manifest as that version of the server reads it.

    Raises RefusedError where the collector stops on it, with a reason that begins with `panic` where it crashes.
    """
    if len(content) > MANIFEST_BYTES_LIMIT:
        raise RefusedError("larger than 4 MiB, the server's limit")
    return read_tree(parse(content), version)


def parse(content: bytes) -> Any:
    """Return the JSON as it was written, but for what lies deeper than any field. Raises RefusedError as Go does."""
    if not content:
        raise RefusedError("empty file")
    try:
        return json.loads(
            readable(content),
            object_pairs_hook=_Pairs,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
        )
    except ValueError as error:
        raise RefusedError(f"not JSON: {error}") from error


def read_tree(tree: Any, version: Version) -> Reading:
    """Return what `parse` gave as that version of the server reads it. Raises RefusedError."""
    head = _decode(tree, _Object(_VERSIONED))
    schema_version, media_type = head.get("schemaVersion", 0), head.get("mediaType", "")
    if schema_version == 1 and version == 2:
        if _has_infinite_number(tree):
            raise RefusedError("wrong type: a number that no float can hold")
        return Reading("schema1", _decode(tree, _SCHEMA1))
    if schema_version != 2:
        raise RefusedError("no schemaVersion" if schema_version == 0 else f"unknown schemaVersion {schema_version}")
    if media_type in _BY_MEDIA_TYPE:
        kind, types = _BY_MEDIA_TYPE[media_type]
        return Reading(kind, _decode(tree, types[version]))
    if media_type:
        raise RefusedError(f"unknown mediaType {media_type!r}")
    return _read_untyped(tree, version)


def _read_untyped(tree: Any, version: Version) -> Reading:
    """Without a media type it is an index if it has `manifests`; the server does not look whether that is a list."""
    try:
        index = _decode(tree, _OCI_LIST[version])
    except RefusedError as error:
        raise RefusedError(f"{PANIC}: no mediaType, and `manifests` is not what an index has ({error})") from error
    if index.get("manifests") is not None:
        return Reading("index", index)
    return Reading("image", _decode(tree, _OCI_IMAGE[version]))


def _decode(tree: Any, type_: _Type) -> dict[str, Any]:
    """Return a document of that type. Raises RefusedError with the first field of a wrong type."""
    decoder = _Decoder()
    value = _plain(decoder.value(tree, type_, {}, "$"))
    if decoder.wrong:
        raise RefusedError(decoder.wrong)
    return dict(value)


class _Decoder:
    """Decodes as Go does: a wrong type is noted, and the rest is decoded all the same."""

    def __init__(self) -> None:
        self.wrong = ""

    def value(self, node: Any, type_: _Type, current: Any, path: str) -> Any:
        """Return `current` with the node decoded into it; None is Go's zero value."""
        if node is None:
            is_kept = type_ in ("text", "integer") or isinstance(type_, _Object)
            return current if is_kept else None
        if isinstance(type_, _List):
            return self._list(node, type_.of, current, path)
        if isinstance(type_, _Object):
            return self._object(node, type_.fields, current, path)
        return self._scalar(node, type_, current, path)

    def _scalar(
        self, node: Any, type_: Literal["text", "integer", "base64", "texts by name"], current: Any, path: str
    ) -> Any:
        match type_:
            case "text":
                return _text(node) if _is_text(node) else self._refuse(path, "a text", current)
            case "integer":
                is_integer = isinstance(node, _Number) and _INTEGER.match(node) and -(2**63) <= int(node) < 2**63
                return int(node) if is_integer else self._refuse(path, "a whole number", current)
            case "base64":
                return None if _is_base64(node) else self._refuse(path, "base64", None)  # checked, and of no use
            case "texts by name":
                return self._texts(node, path)
            case _:
                assert_never(type_)

    def _texts(self, node: Any, path: str) -> dict[str, str] | None:
        if not isinstance(node, _Pairs):
            self._refuse(path, "an object", None)
            return None
        return {_text(name): self.value(inner, "text", "", f"{path}.{_text(name)}") for name, inner in node}

    def _object(self, node: Any, fields: dict[str, _Type], current: Any, path: str) -> Any:
        if not isinstance(node, _Pairs):
            return self._refuse(path, "an object", current)
        current = {} if current is None else current
        for key, inner in node:
            name = key if key in fields else _field(key, fields)
            if name is not None:
                value = self.value(inner, fields[name], current.get(name), f"{path}.{name}")
                if value is None:
                    current.pop(name, None)
                else:
                    current[name] = value
        return current

    def _list(self, node: Any, of: _Type, current: _Slice | None, path: str) -> Any:
        if not isinstance(node, list) or isinstance(node, _Pairs):
            return self._refuse(path, "a list", current)
        if not node or current is None:
            current = _Slice()  # an empty list takes the place of the old elements, and is not null
        for position, inner in enumerate(node):
            if position == len(current.elements):
                current.elements.append({} if isinstance(of, _Object) else None)
            element = self.value(inner, of, current.elements[position], f"{path}[{position}]")
            current.elements[position] = element
        current.length = len(node)
        return current

    def _refuse(self, path: str, wanted: str, current: Any) -> Any:
        self.wrong = self.wrong or f"wrong type: `{path}` is not {wanted}"
        return current


def _field(key: str, fields: dict[str, _Type]) -> str | None:
    """Return the field that Go takes a key for."""
    folded = key.translate(_FOLDED)
    return next((name for name in fields if name.translate(_FOLDED) == folded), None)


def _is_text(node: Any) -> bool:
    return isinstance(node, str) and not isinstance(node, _Number)


def _text(node: str) -> str:
    """Return the text with U+FFFD for half of a surrogate pair, as Go has it."""
    return node if node.isascii() else node.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _is_base64(node: Any) -> bool:
    """Return whether Go takes the node for bytes: base64, or a list of small numbers."""
    if _is_text(node):
        return _BASE64.match(node.replace("\r", "").replace("\n", "")) is not None
    if not isinstance(node, list) or isinstance(node, _Pairs):
        return False
    return all(byte is None or (isinstance(byte, _Number) and _BYTE.match(byte) and int(byte) < 256) for byte in node)


def _has_infinite_number(tree: Any) -> bool:
    """Return whether a number anywhere overflows a float: schema 1 is decoded whole, unknown fields included."""
    todo = [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, _Number):
            if float(node) in (float("inf"), float("-inf")):
                return True
        elif isinstance(node, _Pairs):
            todo += [inner for _, inner in node]
        elif isinstance(node, list):
            todo += node
    return False


def _plain(value: Any) -> Any:
    """Return the value with lists in place of slices; an element that was never named is null."""
    if isinstance(value, _Slice):
        return [_plain(element) for element in value.elements[: value.length]]
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")
