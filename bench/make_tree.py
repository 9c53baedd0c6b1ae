"""Write a registry storage tree of a given number of blobs, for measuring: python bench/make_tree.py OUT BLOBS

The shape is that of registries seen in the wild: repositories of about 100 tags, images of 2 to 8 layers, a third of
the layers shared through bases, every fifth tag multi-arch, half of the revisions untagged, one blob in ten orphaned.
Layers are sparse files. Standard library only; the same arguments give the same tree.
"""

import hashlib
import json
import os
import random
import sys
from pathlib import Path

CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"


class Tree:
    """A tree in the making."""

    def __init__(self, out: Path) -> None:
        self.v2 = out / "docker/registry/v2"
        self.blobs: set[str] = set()

    def blob(self, digest: str, content: bytes = b"", size_bytes: int = 0) -> None:
        """Write a blob: its bytes, or a sparse file of a size."""
        if digest in self.blobs:
            return
        self.blobs.add(digest)
        hexdigits = digest[7:]
        folder = f"{self.v2}/blobs/sha256/{hexdigits[:2]}/{hexdigits}"
        os.makedirs(folder)
        with open(f"{folder}/data", "wb") as file:
            file.write(content)
            if size_bytes:
                file.truncate(size_bytes)

    def document(self, document: dict[str, object]) -> tuple[str, int]:
        """Write JSON as a blob; return its digest and size."""
        content = json.dumps(document).encode()
        digest = "sha256:" + hashlib.sha256(content).hexdigest()
        self.blob(digest, content)
        return digest, len(content)

    def link(self, path: str, digest: str) -> None:
        """Write a link."""
        folder = f"{self.v2}/repositories/{path}"
        os.makedirs(folder, exist_ok=True)
        with open(f"{folder}/link", "w") as file:
            file.write(digest)


class Maker:
    """Fills a tree with images until it has enough blobs."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.dice = random.Random(1)
        self.bases = [[self.layer() for _ in range(self.dice.randint(1, 3))] for _ in range(20)]

    def layer(self) -> dict[str, object]:
        """Write a new layer; return its descriptor."""
        size_bytes = int(10 ** self.dice.uniform(3, 9))
        digest = "sha256:" + hashlib.sha256(self.dice.randbytes(16)).hexdigest()
        self.tree.blob(digest, size_bytes=size_bytes)
        return {"mediaType": LAYER, "digest": digest, "size": size_bytes}

    def image(self, repository: str) -> dict[str, object]:
        """Push an image; return its descriptor."""
        layers = [*self.dice.choice(self.bases), *(self.layer() for _ in range(self.dice.randint(1, 5)))]
        diff_ids = ["sha256:" + hashlib.sha256(str(layer["digest"]).encode()).hexdigest() for layer in layers]
        history = [{"created": "2026-01-01T00:00:00Z", "created_by": f"RUN step {n}"} for n in range(len(layers))]
        config, config_bytes = self.tree.document(
            {
                "os": "linux",
                "architecture": "amd64",
                "created": "2026-01-01T00:00:00Z",
                "rootfs": {"type": "layers", "diff_ids": diff_ids},
                "history": history,
                "n": self.dice.random(),
            }
        )
        parts = [{"mediaType": CONFIG, "digest": config, "size": config_bytes}, *layers]
        for part in parts:
            self.tree.link(f"{repository}/_layers/{str(part['digest']).replace(':', '/')}", str(part["digest"]))
        return self.manifest(
            repository, {"schemaVersion": 2, "mediaType": MANIFEST, "config": parts[0], "layers": layers}
        )

    def manifest(self, repository: str, document: dict[str, object]) -> dict[str, object]:
        """Push a manifest; return its descriptor."""
        digest, size_bytes = self.tree.document(document)
        self.tree.link(f"{repository}/_manifests/revisions/{digest.replace(':', '/')}", digest)
        return {"mediaType": document["mediaType"], "digest": digest, "size": size_bytes}

    def tag(self, repository: str, tag: str, pushed: dict[str, object]) -> None:
        """Point a tag to a manifest."""
        digest = str(pushed["digest"])
        self.tree.link(f"{repository}/_manifests/tags/{tag}/index/{digest.replace(':', '/')}", digest)
        self.tree.link(f"{repository}/_manifests/tags/{tag}/current", digest)

    def fill(self, blobs_count: int, images_count: int) -> None:
        """Push until there are so many blobs; another seven repositories are begun after so many images."""
        number = 0
        while len(self.tree.blobs) < blobs_count:
            repository = f"team-{number % 7}/app-{number // images_count}"
            if number % 5 == 0:
                children = [self.image(repository) for _ in range(2)]
                document = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
                self.tag(repository, f"v{number}", self.manifest(repository, document))
            else:
                self.tag(repository, "latest" if number % 3 else f"v{number}", self.image(repository))
            if number % 2 == 0:
                self.layer()
            number += 1


def make(out: Path, blobs_count: int, images_count: int = 100) -> None:
    """Write a tree with at least so many blobs; with 7 images, each has a repository of its own."""
    Maker(Tree(out)).fill(blobs_count, images_count)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
