"""What a registry's own configuration says about what `doctor` asks, each with the next step. Pure."""

from collections.abc import Iterator
from typing import NamedTuple

from tonnage.checks.findings import Finding, State
from tonnage.formats.registry_config import Purging, RegistryConfig
from tonnage.sizes import format_size

_WEEK_SECONDS = 7 * 86400.0


class Configured(NamedTuple):
    """A registry's configuration, and whether it is that of the storage that was scanned."""

    path: str
    config: RegistryConfig
    is_scanned: bool


def settings(configured: Configured, location: str) -> Iterator[Finding]:
    """Yield what is said about the storage itself, deletion, writing, and where clients get blobs from."""
    config, path = configured.config, configured.path
    place = f"{config.bucket}/{config.root.lstrip('/')}" if config.bucket else config.root
    if configured.is_scanned:
        yield _setting("configuration", State.FINE, f"`{path}` is of this storage")
    else:
        text = f"`{path}` says {config.driver} `{place}`, and `{location}` was scanned"
        advice = "in a container the folder has another name: compare with its mounts, or give the other configuration"
        yield _setting("configuration", State.UNKNOWN, text, advice)
    yield _deletion(config)
    if config.is_read_only:
        yield _setting("read-only", State.FINE, "on: nothing can be pushed while a collection runs")
    else:
        advice = "before a collection stop it, or set storage.maintenance.readonly.enabled: true and start it again"
        yield _setting(
            "read-only", State.UNKNOWN, "off: what is pushed while a collection runs may be taken by it", advice
        )
    if config.bucket and config.redirects:
        text = "on: clients get blobs from the bucket, whose own access log tells of that"
    elif config.bucket:
        text = "off: the registry passes blobs on, and its own log tells of each"
    else:
        text = "there is nowhere to send clients to: the registry passes blobs on itself"
    yield _setting("redirect", State.FINE, text)


def _deletion(config: RegistryConfig) -> Finding:
    if not config.can_delete:
        advice = "set storage.delete.enabled: true, without quotes, and start the registry again"
        return _setting("deletion", State.ACT, "off: the registry refuses what tonnage apply asks of it", advice)
    if config.is_read_only:
        text = "on, but refused as long as the registry is read-only"
        return _setting(
            "deletion", State.ACT, text, "set storage.maintenance.readonly.enabled: false for tonnage apply"
        )
    return _setting("deletion", State.FINE, "on: manifests can be deleted through the API")


def purging(found: Purging, count: int, old: int, old_bytes: int) -> Finding:
    """Return what becomes of the uploads there are, of which `old` are older than a week."""
    question, where = "upload purging", "storage.maintenance.uploadpurging"
    waiting = f"{old:,} of {count:,} uploads are older than a week ({format_size(old_bytes)})"
    if not found.is_on:
        advice = f"set {where}.enabled: true, with age, interval and dryrun, and start the registry again"
        return Finding(question, State.ACT, f"off: nobody removes what broken pushes leave; {waiting}", advice)
    if found.is_dry_run:
        advice = f"set {where}.dryrun: false, and start the registry again"
        return Finding(question, State.ACT, f"a dry run, which removes nothing; {waiting}", advice)
    if old and found.age_seconds <= _WEEK_SECONDS:
        text = f"on, after {found.age}, and yet {waiting}"
        return Finding(question, State.ACT, text, "see that the registry runs, and with this configuration")
    return Finding(question, State.FINE, f"on, after {found.age}; {waiting}")


def cache_of(config: RegistryConfig, advice: str) -> Finding:
    """Return what it is that the registry is a cache of."""
    remote = config.remote.rpartition("@")[2]  # what stands before may be a login
    return Finding("cache", State.ACT, f"by its configuration it is a pull-through cache of {remote}", advice)


def _setting(question: str, state: State, text: str, advice: str = "") -> Finding:
    """Return a finding that no collection depends on: it tells what the registry does, not what its storage is."""
    return Finding(question, state, text, advice, matters=False)
