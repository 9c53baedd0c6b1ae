"""Image configurations: bytes -> values. Pure."""

import msgspec

from tonnage.formats import deepjson


class Step(msgspec.Struct):
    """One build step of an image's history."""

    created: str | None = None
    created_by: str | None = None
    comment: str | None = None
    empty_layer: bool | None = None


class _RootFs(msgspec.Struct):
    diff_ids: list[str] | None = None


class _ContainerConfig(msgspec.Struct):
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class ImageConfig(msgspec.Struct):
    """An image configuration: the platform, when and how it was built."""

    os: str | None = None
    architecture: str | None = None
    variant: str | None = None
    os_version: str | None = msgspec.field(name="os.version", default=None)
    created: str | None = None
    config: _ContainerConfig | None = None
    rootfs: _RootFs | None = None
    history: list[Step] | None = None

    @property
    def labels(self) -> dict[str, str]:
        """The image's labels; empty without any."""
        return (self.config and self.config.labels) or {}

    @property
    def diff_ids(self) -> list[str]:
        """Digests of the *uncompressed* layers, in the order of the manifest's layers."""
        return (self.rootfs and self.rootfs.diff_ids) or []


_decode_config = msgspec.json.Decoder(ImageConfig).decode


def parse_config(content: bytes) -> ImageConfig:
    """Return the image configuration. Raises ValueError (of which msgspec's errors are a kind) if it is not one."""
    return deepjson.decode(_decode_config, content)
