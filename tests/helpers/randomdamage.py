"""Random damage to a registry on disk: anything that happens to files, by accidents and by people. Need not make sense.

damages = [random_damage(rng, registry) for _ in range(2)]   # what was done, in words
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from hashlib import sha512
from pathlib import Path
from random import Random
from typing import Any

from randomtrees import NOWHERE
from tonnage.sample import Builder, documents

STRAYS = (
    ".DS_Store", "_x", "__y", "_", "_layers", "_manifests", "_uploads", "link", "data", "a b", "a\nb", "current", "Foo",
    "tags", "x", "link.tmp", "0", "sha256", "sha512", "ü", "index", os.fsdecode(b"\xff\xfe"), os.fsdecode(b"a\xe9"),
    "revisions", "._data", "n" * 255,
)  # fmt: skip
JUNK = (
    b"", b"\n", b"{}", b"null", b'{"a":1}', b"sha256:", b"sha256:abc", b"md5:" + b"0" * 32, b"\xff\xfe",
    b"sha512:" + b"a" * 128, b"x" * 71, b"sha256:" + b"A" * 64, b"sha384:" + b"b" * 96, b"[]", b'{"schemaVersion":2}',
    b'{"schemaVersion":2,"manifests":[]}', b'\xef\xbb\xbf{"schemaVersion":2}',
)  # fmt: skip
TAILS = (b"\n", b" ", b"x", b"\0", b"\r\n", b"{}")
ODD_VALUES: tuple[Any, ...] = (
    None, 5, 1.5, -1, "x", "", True, [], {}, [None], [{}], {"digest": None}, [{"digest": f"sha256:{'e' * 64}"}], [1],
    {"a": 1}, 2, 1, "YQ==", "YQ", documents.OCI_MANIFEST, documents.OCI_INDEX, documents.DOCKER_MANIFEST,
    documents.DOCKER_LIST, "application/vnd.oci.artifact.manifest.v1+json", 2**63, 1e3, [[]], "sha256:x",
)  # fmt: skip
BAD_NAMES = (
    "Foo", "a/B", "x..y", "a b", "u_", "K/l", "host:80/x", "-a", "0", "ok/ok", "x___y", "a/-x", "n/" + "m" * 254,
    "/".join("deep" for _ in range(60)), "é", "localhost/x/Y", "a.B/c",
)  # fmt: skip
CIRCLES = (".", "..", "../..")
MANIFEST_LIMIT = 4 * 1024 * 1024

_KINDS: dict[str, Callable[[str], bool]] = {
    "revision": lambda path: "/_manifests/revisions/" in path and path.endswith("/link"),
    "tag": lambda path: path.endswith("/current/link"),
    "history": lambda path: "/index/" in path and path.endswith("/link"),
    "layer": lambda path: "/_layers/" in path,
    "blob": lambda path: path.startswith("blobs/") and path.endswith("/data"),
    "any": lambda path: True,
}
_OFTEN = ("revision", "revision", "tag", "tag", "history", "layer", "blob", "manifest", "manifest", "manifest", "any")


def random_damage(rng: Random, registry: Builder) -> str:
    """Do one random damage; return what was done, or that nothing was, where what was drawn is not there."""
    name = rng.choice(sorted(_DAMAGES))
    done = None
    with contextlib.suppress(OSError, shutil.Error):  # what was drawn cannot be done among earlier damages
        done = _DAMAGES[name](rng, registry)
    return f"{name}: {done or 'nothing'}"


def keep_scannable(registry: Builder) -> None:
    """Make the folder `repositories` where damage has left neither of the two that make a storage."""
    if not any((registry.v2 / name).is_dir() for name in ("blobs", "repositories")):
        clear(registry.v2 / "repositories")
        (registry.v2 / "repositories").mkdir()


def _files(registry: Builder) -> list[str]:
    return sorted(_below(registry, want_folders=False))


def _folders(registry: Builder) -> list[str]:
    """Return all folders. Raises FileNotFoundError if earlier damages have left none."""
    if not (found := sorted(_below(registry, want_folders=True))):
        raise FileNotFoundError("there are no folders")
    return found


def _below(registry: Builder, *, want_folders: bool) -> list[str]:
    """Return paths below `v2/`; symbolic links are not followed, pipes are left out."""
    found = []
    for folder, folders, files in os.walk(registry.v2):
        found += [Path(folder, name) for name in (folders if want_folders else files)]
    is_wanted = Path.is_dir if want_folders else Path.is_file
    return [str(path.relative_to(registry.v2)) for path in found if is_wanted(path) and not path.is_symlink()]


def _pick(rng: Random, registry: Builder, kind: str = "") -> str:
    """Return some file. Raises FileNotFoundError if there is none of the kind."""
    kind = kind or rng.choice(_OFTEN)
    manifests = {str(registry.blob_path(digest).relative_to(registry.v2)) for digest in registry.references}
    fits = manifests.__contains__ if kind == "manifest" else _KINDS[kind]
    found = [path for path in _files(registry) if fits(path)]
    if not found:
        raise FileNotFoundError(kind)
    return rng.choice(found)


def _write(registry: Builder, path: str, content: bytes) -> str:
    registry.write(registry.v2 / path, content)
    return f"{path} = {content[:20]!r}"


def clear(path: Path) -> None:
    """Remove a file, a symbolic link or a folder with all that is in it."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry)
    clear(registry.v2 / path)
    return path


def _remove_with_folder(rng: Random, registry: Builder) -> str:
    path = os.path.dirname(_pick(rng, registry))
    clear(registry.v2 / path)
    return path


def _remove_folder(rng: Random, registry: Builder) -> str:
    path = rng.choice(_folders(registry))
    clear(registry.v2 / path)
    return path


def _main_folder(rng: Random, registry: Builder) -> str:
    """Return a folder of the layout itself, of which there are few among the many that are digests."""
    names = {
        "_layers",
        "_manifests",
        "_uploads",
        "revisions",
        "tags",
        "current",
        "index",
        "sha256",
        "blobs",
        "repositories",
    }
    return rng.choice([path for path in _folders(registry) if os.path.basename(path) in names])


def _remove_main_folder(rng: Random, registry: Builder) -> str:
    path = _main_folder(rng, registry)
    clear(registry.v2 / path)
    return path


def _file_for_main_folder(rng: Random, registry: Builder) -> str:
    path = _main_folder(rng, registry)
    clear(registry.v2 / path)
    return _write(registry, path, rng.choice(JUNK))


def _put_junk(rng: Random, registry: Builder) -> str:
    return _write(registry, _pick(rng, registry), rng.choice(JUNK))


def _append(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry)
    return _write(registry, path, (registry.v2 / path).read_bytes() + rng.choice(TAILS))


def _truncate(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry)
    content = (registry.v2 / path).read_bytes()
    return _write(registry, path, content[: rng.randint(0, max(0, len(content) - 1))])


def _swap(rng: Random, registry: Builder) -> str:
    """Let a link say another digest: a copy to the wrong place."""
    path = _pick(rng, registry, rng.choice(("revision", "tag", "layer")))
    others = [NOWHERE.digest, f"sha512:{sha512(b'nowhere').hexdigest()}", *sorted(registry.references)]
    return _write(registry, path, rng.choice([*sorted(registry.blobs), *others]).encode())


def _folder_for_file(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry)
    clear(registry.v2 / path)
    (registry.v2 / path).mkdir()
    if rng.random() < 0.3:
        _write(registry, f"{path}/{rng.choice(('data', 'link', 'x'))}", b"x")
    return path


def _file_for_folder(rng: Random, registry: Builder) -> str:
    path = rng.choice(_folders(registry))
    clear(registry.v2 / path)
    return _write(registry, path, rng.choice(JUNK))


def _new_place(rng: Random, registry: Builder, names: tuple[str, ...]) -> str:
    """Return a path that is not there yet. Raises FileExistsError if it is."""
    path = f"{rng.choice([*_folders(registry), 'repositories', 'blobs'])}/{rng.choice(names)}"
    if os.path.lexists(registry.v2 / path):
        raise FileExistsError(path)
    return path


def _stray(rng: Random, registry: Builder) -> str:
    digests = [digest.encode() for digest in sorted(registry.references)[:3]]
    return _write(registry, _new_place(rng, registry, STRAYS), rng.choice([*JUNK, NOWHERE.digest.encode(), *digests]))


def _stray_folder(rng: Random, registry: Builder) -> str:
    deep = ("Bad/sub", "x/_layers", "Y/_layers", "q/_manifests/revisions", "ab/data2")
    path = _new_place(rng, registry, STRAYS + deep)
    (registry.v2 / path).mkdir(parents=True)
    return path


def _rename(rng: Random, registry: Builder) -> str:
    old = rng.choice(_folders(registry) + _files(registry))
    base = os.path.basename(old)
    name = rng.choice((*STRAYS, "new", "ab", "ff", f"{base} (1)", base.upper()))
    new = os.path.join(os.path.dirname(old), name)
    if os.path.lexists(registry.v2 / new):
        raise FileExistsError(new)
    os.rename(registry.v2 / old, registry.v2 / new)
    return f"{old} -> {new}"


def _copy(rng: Random, registry: Builder) -> str:
    old = rng.choice(_folders(registry))
    name = rng.choice(("copy", "Copy", "x" * 64, "_copy", documents.digest_of(b"copy")[7:]))
    new = os.path.join(os.path.dirname(old), name)
    shutil.copytree(registry.v2 / old, registry.v2 / new, symlinks=True)
    return f"{old} -> {new}"


def _pad(rng: Random, registry: Builder) -> str:
    """Let a manifest grow to about the limit of what the registry reads."""
    path = _pick(rng, registry, "manifest")
    content = (registry.v2 / path).read_bytes()
    return _write(registry, path, content.ljust(MANIFEST_LIMIT + rng.randint(-1, 1)))


def _pipe(rng: Random, registry: Builder) -> str:
    """Make a pipe; not where the collector would read it, and wait for ever."""
    path = _new_place(rng, registry, ("x", "pipe", "_x", "tags"))
    os.mkfifo(registry.v2 / path)
    return path


def _symlinks(registry: Builder) -> list[str]:
    """Return where the symbolic links lead."""
    paths = (os.path.join(top, name) for top, *both in os.walk(registry.v2) for names in both for name in names)
    return [os.readlink(path) for path in paths if os.path.islink(path)]


def _circle(rng: Random, registry: Builder) -> str:
    """Link to a folder above. With more than one such link the collector would walk for hours."""
    if _symlinks(registry):
        raise FileExistsError
    link = _new_place(rng, registry, ("loop", "_loop", "zz"))
    target = rng.choice(CIRCLES)
    os.symlink(target, registry.v2 / link)
    return f"{link} -> {target}"


def _symlink(rng: Random, registry: Builder) -> str:
    """Link to nowhere, to itself, to a folder or a file; not to a folder above: the collector would walk for hours."""
    link = _new_place(rng, registry, ("lnk", "link", "data", "_layers", "q", "sha256"))
    folder = registry.v2 / os.path.dirname(link)
    to = registry.v2 / rng.choice(_folders(registry) + _files(registry))
    target = rng.choice(("nope", os.path.basename(link), os.path.relpath(to, folder)))
    if f"{folder}/".startswith(f"{os.path.normpath(folder / target)}/") or set(CIRCLES) & set(_symlinks(registry)):
        raise FileExistsError(target)
    os.symlink(target, registry.v2 / link)
    return f"{link} -> {target}"


def _change_json(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry, "manifest")
    return _write(registry, path, change_json(rng, (registry.v2 / path).read_bytes()))


def change_json(rng: Random, content: bytes) -> bytes:
    """Return a JSON document with something in it changed, as a manifest by a careless writer."""
    try:
        document = json.loads(content)
    except ValueError:
        return content[: rng.randint(0, len(content))]
    if not isinstance(document, dict) or not document:
        return b"{}"
    value, draw = rng.choice(ODD_VALUES), rng.random()
    if draw < 0.35:
        document[rng.choice([*document, "manifests", "layers", "config", "annotations", "mediaType", "fsLayers"])] = (
            value
        )
    elif draw < 0.5:
        document.pop(rng.choice(list(document)))
    elif draw < 0.8:
        _change_descriptor(rng, document, value)
    elif draw < 0.9:
        key = rng.choice(list(document))
        other = key.upper() if rng.random() < 0.7 else key.replace("s", "\u017f")
        document[other] = document[key] if rng.random() < 0.5 else value
    else:  # the same key twice, which a dict cannot hold
        key = rng.choice(("layers", "config", "manifests", "schemaVersion", "mediaType"))
        return f'{json.dumps(document)[:-1]}, "{key}": {json.dumps(value)}}}'.encode()
    return json.dumps(document).encode()


def _change_descriptor(rng: Random, document: dict[str, Any], value: Any) -> None:
    lists = [inner for inner in document.values() if isinstance(inner, list) and inner and isinstance(inner[0], dict)]
    lists += [[inner] for inner in document.values() if isinstance(inner, dict)]
    keys = (
        "size",
        "digest",
        "mediaType",
        "urls",
        "annotations",
        "platform",
        "data",
        "artifactType",
        "Digest",
        "blobSum",
    )
    if lists:
        rng.choice(rng.choice(lists))[rng.choice(keys)] = value


def _bad_name(rng: Random, registry: Builder) -> str:
    repo = registry.repository(rng.choice(BAD_NAMES))
    if rng.random() < 0.5:
        repo.image([registry.layer(b"bad")], tag="v1")
    else:
        (repo.path / "_layers").mkdir(parents=True)
    return repo.name


def _odd_blob(rng: Random, registry: Builder) -> str:
    """Write a `data` where no blob can be, or one that passes for a blob elsewhere."""
    digits = documents.digest_of(b"odd %d" % rng.randint(0, 5))[7:]
    shard = digits[:2]
    places = (
        "data", "a/data", f"sha256/{digits}/data", f"sha256/zz/{digits}/data", f"old/sha256/{shard}/{digits}/data",
        f"md5/{shard}/{digits}/data", f"sha256/{shard}/{digits[:-1]}/data", f"sha512/ab/{'ab' * 64}/data",
        f"sha384/ab/{'ab' * 48}/data", f"sha256/{shard}/x/data", f"sha256/{shard}/{digits.upper()}/data",
    )  # fmt: skip
    return _write(registry, f"blobs/{rng.choice(places)}", b"odd")


_DAMAGES: dict[str, Callable[[Random, Builder], str]] = {
    "remove": _remove,
    "remove with its folder": _remove_with_folder,
    "remove folder": _remove_folder,
    "put junk": _put_junk,
    "append": _append,
    "truncate": _truncate,
    "say another digest": _swap,
    "folder for file": _folder_for_file,
    "file for folder": _file_for_folder,
    "stray file": _stray,
    "stray folder": _stray_folder,
    "rename": _rename,
    "copy": _copy,
    "symbolic link": _symlink,
    "circle": _circle,
    "pipe": _pipe,
    "pad": _pad,
    "remove main folder": _remove_main_folder,
    "file for main folder": _file_for_main_folder,
    "change JSON": _change_json,
    "change more JSON": _change_json,
    "bad name": _bad_name,
    "odd blob": _odd_blob,
}
