"""Random registries on disk, healthy and damaged, from a seed: the same seed gives the same tree, to the byte.

    rng = Random(7)
    registry = random_registry(rng, root)
    damages = [random_damage(rng, registry) for _ in range(2)]   # what was done, in words

Everything the registry's own collector looks at occurs: several repositories, one inside another, that share layers and
manifests; tags, their history, revisions without one; indexes, nested, with children of other repositories or of none;
referrers; schema 1; folders that are missing. A damage is anything that happens to files: it need not make sense.
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

from tonnage.sample import Builder, Descriptor, Repository, documents

NAMES = (
    "app", "app/sub", "app/1st", "app-bar", "app.bar", "lib", "lib/x/y", "zoo", "a", "team/one", "team/two", "Foo/bar",
    "tags", "blobs/sha256", "9",
)  # fmt: skip
TAGS = ("v1", "v2", "latest", "1.0", "1.0-alpine", "link", "index", "current", "A", "z" * 60, "_x")
STRAYS = (
    ".DS_Store", "_x", "__y", "_layers", "_manifests", "_uploads", "link", "data", "a b", "current", "Foo", "tags", "x",
    "link.tmp", "0", "sha256", "ü", "index",
)  # fmt: skip
JUNK = (
    b"", b"\n", b"{}", b"null", b'{"a":1}', b"sha256:", b"sha256:abc", b"md5:" + b"0" * 32, b"\xff\xfe",
    b"sha512:" + b"a" * 128, b"x" * 71,
)  # fmt: skip
TAILS = (b"\n", b" ", b"x", b"\0", b"\r\n")
ODD_VALUES: tuple[Any, ...] = (
    None, 5, 1.5, -1, "x", "", True, [], {}, [None], [{}], {"digest": None}, [{"digest": f"sha256:{'e' * 64}"}], [1],
    {"a": 1}, 2, 1, "YQ==", "YQ", documents.OCI_MANIFEST, documents.OCI_INDEX, documents.DOCKER_MANIFEST,
    documents.DOCKER_LIST,
)  # fmt: skip
BAD_NAMES = ("Foo", "a/B", "x..y", "a b", "u_", "K/l", "host:80/x", "-a", "0", "ok/ok")
NOWHERE = Descriptor(documents.OCI_MANIFEST, documents.digest_of(b"nowhere"), 7)


def random_registry(rng: Random, root: Path) -> Builder:
    """Build a registry of one to six repositories."""
    registry = Builder(root)
    for name in ("blobs", "repositories"):
        (registry.v2 / name).mkdir(parents=True)
    shared = [registry.layer(b"shared layer %d" % number) for number in range(4)]
    manifests: list[Descriptor] = []
    for name in rng.sample(NAMES, rng.randint(1, 6)):
        _fill_repository(rng, registry.repository(name), shared, manifests)
    for number in range(rng.randint(0, 3)):
        registry.blob(b"orphan %d" % number)
    return registry


def _fill_repository(rng: Random, repo: Repository, shared: list[Descriptor], manifests: list[Descriptor]) -> None:
    """Push up to five manifests, and leave what registries leave."""
    for folder in ("_layers", "_manifests/tags", "_uploads"):
        (repo.path / folder).mkdir(parents=True, exist_ok=True)
    own: list[Descriptor] = []
    for _ in range(rng.randint(0, 5)):
        pushed = _push(rng, repo, shared, own, manifests)
        own.append(pushed)
        manifests.append(pushed)
        if rng.random() < 0.55:
            tag = rng.choice(TAGS)
            for former in rng.sample(own, min(len(own), rng.randint(0, 2))):
                repo.link(repo.history_link(tag, former.digest), former.digest)
            repo.tag(tag, pushed.digest)
    for chance, leave in _LEAVINGS:
        if rng.random() < chance:
            leave(rng, repo, shared)


def _push(
    rng: Random, repo: Repository, shared: list[Descriptor], own: list[Descriptor], manifests: list[Descriptor]
) -> Descriptor:
    """Push an image, an index, a schema 1 manifest, or link what another repository has."""
    draw = rng.random()
    if draw < 0.30 and own:
        children = rng.sample(own, rng.randint(0, min(3, len(own))))
        children += rng.sample(manifests, 1) if rng.random() < 0.3 else []
        children += [NOWHERE] if rng.random() < 0.1 else []
        return _index(rng, repo, children)
    if draw < 0.34:
        return repo.schema1(rng.choices(shared, k=2), tag="")
    if draw < 0.40 and manifests:
        return _link_elsewhere(repo, rng.choice(manifests))
    return _image(rng, repo, shared, own)


def _image(rng: Random, repo: Repository, shared: list[Descriptor], own: list[Descriptor]) -> Descriptor:
    seed = f"{repo.name if rng.random() < 0.8 else 'common'} {rng.randint(0, 6)}"
    layers = [repo.registry.layer(f"layer {seed} {number}".encode()) for number in range(rng.randint(0, 3))]
    layers += rng.choices(shared, k=rng.randint(0, 3)) if rng.random() < 0.4 else []
    subject = rng.choice(own) if own and rng.random() < 0.2 else None
    if rng.random() < 0.2:  # the media type is left out, as some clients do
        config = repo.registry.blob(f"config {seed}".encode(), documents.OCI_CONFIG)
        repo.link_layers([config, *layers])
        document = json.loads(documents.image_manifest(config, layers, subject=subject))
        return repo.manifest(documents.encode({k: v for k, v in document.items() if k != "mediaType"}))
    return repo.image(layers, docker=rng.random() < 0.3, subject=subject, labels={"seed": seed})


def _index(rng: Random, repo: Repository, children: list[Descriptor]) -> Descriptor:
    if rng.random() < 0.25:
        document = json.loads(documents.index_manifest(children))
        return repo.manifest(documents.encode({k: v for k, v in document.items() if k != "mediaType"}))
    return repo.index(children, docker=rng.random() < 0.3)


def _link_elsewhere(repo: Repository, manifest: Descriptor) -> Descriptor:
    """Give the repository another one's manifest, without its layers: a copy by hand, or half a mount."""
    repo.revisions.add(manifest.digest)
    repo.link(repo.revision_link(manifest.digest), manifest.digest)
    return manifest


def _leave_alias(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Link a layer by its sha512 digest, and push an image that names it so."""
    layer = rng.choice(shared)
    alias = Descriptor(layer.media_type, f"sha512:{sha512(layer.digest.encode()).hexdigest()}", layer.size_bytes)
    repo.link(repo.layer_link(alias.digest), layer.digest)
    repo.link(repo.layer_link(layer.digest), layer.digest)
    if rng.random() < 0.5:
        config = repo.registry.blob(b"{}")
        repo.link_layers([config])
        pushed = repo.manifest(documents.image_manifest(config, [alias]))
        repo.tag("alias", pushed.digest)


def _leave_signature(rng: Random, repo: Repository, shared: list[Descriptor]) -> None:
    """Leave a signature as registries before 2.5 kept it, below some revision."""
    if repo.revisions:
        revision = repo.revision_link(rng.choice(sorted(repo.revisions))).parent
        digest = rng.choice([repo.registry.blob(b"signature").digest, *sorted(repo.revisions)])
        repo.link(revision / "signatures" / digest.replace(":", "/") / "link", digest)


_LEAVINGS: tuple[tuple[float, Callable[[Random, Repository, list[Descriptor]], object]], ...] = (
    (0.2, lambda rng, repo, shared: repo.link_layers([repo.registry.layer(f"unused {repo.name}".encode())])),
    (0.1, lambda rng, repo, shared: repo.link(repo.layer_link(NOWHERE.digest), NOWHERE.digest)),
    (0.1, lambda rng, repo, shared: repo.upload(size_bytes=rng.randint(0, 99), started=repo.registry.when)),
    (0.1, _leave_alias),
    (0.1, _leave_signature),
    (0.1, lambda rng, repo, shared: shutil.rmtree(repo.path / "_manifests/tags")),
    (0.05, lambda rng, repo, shared: shutil.rmtree(repo.path / "_layers")),
)
"""What a repository may be left with, and how often."""


# --- damages --------------------------------------------------------------------------------------------------------

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


def _files(registry: Builder) -> list[str]:
    return sorted(_below(registry, want_folders=False))


def _folders(registry: Builder) -> list[str]:
    return sorted(_below(registry, want_folders=True))


def _below(registry: Builder, *, want_folders: bool) -> list[str]:
    """Return paths below `v2/`; symbolic links are not followed."""
    found = []
    for folder, folders, files in os.walk(registry.v2):
        names = folders if want_folders else files
        found += [os.path.relpath(os.path.join(folder, name), registry.v2) for name in names]
    return [path for path in found if not (registry.v2 / path).is_symlink()]


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


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _remove(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry)
    _clear(registry.v2 / path)
    return path


def _remove_with_folder(rng: Random, registry: Builder) -> str:
    path = os.path.dirname(_pick(rng, registry))
    _clear(registry.v2 / path)
    return path


def _remove_folder(rng: Random, registry: Builder) -> str:
    path = rng.choice(_folders(registry))
    _clear(registry.v2 / path)
    return path


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
    return _write(registry, path, rng.choice([*sorted(registry.blobs), NOWHERE.digest]).encode())


def _folder_for_file(rng: Random, registry: Builder) -> str:
    path = _pick(rng, registry)
    _clear(registry.v2 / path)
    (registry.v2 / path).mkdir()
    if rng.random() < 0.3:
        _write(registry, f"{path}/{rng.choice(('data', 'link', 'x'))}", b"x")
    return path


def _file_for_folder(rng: Random, registry: Builder) -> str:
    path = rng.choice(_folders(registry))
    _clear(registry.v2 / path)
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


def _symlink(rng: Random, registry: Builder) -> str:
    """Link to nowhere, to itself, to a folder or a file; not to a folder above: the collector would walk for hours."""
    link = _new_place(rng, registry, ("lnk", "link", "data", "_layers", "q", "sha256"))
    folder = registry.v2 / os.path.dirname(link)
    to = registry.v2 / rng.choice(_folders(registry) + _files(registry))
    target = rng.choice(("nope", os.path.basename(link), os.path.relpath(to, folder)))
    if f"{folder}/".startswith(f"{os.path.normpath(folder / target)}/"):
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
    "change JSON": _change_json,
    "change more JSON": _change_json,
    "bad name": _bad_name,
    "odd blob": _odd_blob,
}
