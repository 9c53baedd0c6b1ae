"""The registry's own configuration: where it is found, and whether it is that of the storage that was scanned."""

import contextlib
import os

from tonnage.checks.configured import Configured
from tonnage.errors import UsageError
from tonnage.formats.registry_config import RegistryConfig, parse_environment, parse_registry_config

_PLACES = ("/etc/distribution/config.yml", "/etc/docker/registry/config.yml")
"""Where the registry's image and packages have it, from 3.0 and before."""
_SCHEMES = {"s3": "s3", "gcs": "gs", "azure": "az"}
_BELOW = "docker/registry/v2"
_MOST_BYTES = 1 << 17


def configured_for(location: str, config: str | None, environment: str | None) -> Configured | None:
    """Return a registry's configuration: the one that is given, else one of this machine that is for this storage.

    Raises UsageError for a given one that cannot be read, and RegistryConfigError for one the registry does not start with.
    """
    if config is None and environment is not None:
        raise UsageError("`--config-env` is laid over a configuration", "give that too: --config config.yml")
    if config is not None:
        return _read(config, environment, location)
    for place in _PLACES:
        if os.access(place, os.R_OK):
            try:
                found = _read(place, None, location)
            except UsageError:
                continue  # nobody asked for it, and it need not be about this storage
            if found.is_scanned:
                return found
    return None


def _read(path: str, environment: str | None, location: str) -> Configured:
    variables = parse_environment(_text(environment)) if environment else {}
    config = parse_registry_config(_text(path), path, variables)
    return Configured(path, config, _is_scanned(config, location))


def _text(path: str) -> str:
    from tonnage.cli.output import read_text

    text = read_text(path, _MOST_BYTES + 1)
    if len(text) > _MOST_BYTES:
        raise UsageError(f"`{path}` is larger than any such file", "name the registry's own configuration")
    return text


def _is_scanned(config: RegistryConfig, location: str) -> bool:
    """Return whether a configuration's storage is what was scanned: the same folder, or the same place of a bucket."""
    if not config.bucket:
        with contextlib.suppress(ValueError):  # a zero byte, which is in no folder's name, or half a character
            return os.path.realpath(os.path.join(config.root, _BELOW)) == os.path.realpath(location)
        return False
    place = "/".join(filter(None, (config.bucket, config.root.strip("/"), _BELOW)))
    return location == f"{_SCHEMES.get(config.driver)}://{place}"
