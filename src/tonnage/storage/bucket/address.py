"""From what a user types to which bucket of which cloud: pure, no input or output.

    s3://BUCKET/PREFIX      gs://BUCKET/PREFIX      az://CONTAINER/PREFIX      abfs[s]://CONTAINER@ACCOUNT.dfs.…/PREFIX
    https://BUCKET.s3.REGION.amazonaws.com/PREFIX   https://s3.REGION.amazonaws.com/BUCKET/PREFIX
    https://BUCKET.storage.googleapis.com/PREFIX    https://storage.googleapis.com/BUCKET/PREFIX
    https://ACCOUNT.blob.core.windows.net/CONTAINER/PREFIX

Any other `https://` address is not a bucket: it may be a registry. A store of another make is `s3://` with an endpoint.
"""

import re
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from tonnage.errors import UsageError


class Cloud(StrEnum):
    """Whose API is spoken."""

    S3 = "s3"
    GCS = "gs"
    AZURE = "az"


class Address(NamedTuple):
    """A place in a bucket. Parts that the address does not say are empty."""

    cloud: Cloud
    bucket: str
    prefix: str = ""
    """Without slashes around it."""
    region: str = ""
    account: str = ""
    """Of Azure."""
    endpoint: str = ""
    """Of a cloud that is apart from the others: China, the government of the United States."""

    @property
    def location(self) -> str:
        """The address in its short form."""
        return "/".join(filter(None, (f"{self.cloud.value}://{self.bucket}", self.prefix)))


_SCHEMES = {
    "s3": Cloud.S3, "s3a": Cloud.S3, "gs": Cloud.GCS, "az": Cloud.AZURE, "abfs": Cloud.AZURE, "abfss": Cloud.AZURE,
}  # fmt: skip
_BUCKET = re.compile(r"[A-Za-z0-9$][A-Za-z0-9._$-]*")
_S3_HOST = re.compile(
    r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?(?P<region>[a-z0-9-]+))?\.amazonaws\.com(?P<apart>\.cn)?\Z"
)
_GCS_HOST = re.compile(r"(?:(?P<bucket>.+)\.)?storage\.(?:googleapis|cloud\.google)\.com\Z")
_AZURE_HOST = re.compile(
    r"(?P<account>[a-z0-9]+)\.(?:blob|dfs)\.core\.(?:windows\.net|(?P<apart>usgovcloudapi\.net|chinacloudapi\.cn))\Z"
)


def is_bucket(address: str) -> bool:
    """Return whether the address is one of a bucket: by its scheme, or by its host one of a cloud."""
    scheme = address.partition("://")[0]
    return scheme in _SCHEMES or (scheme in ("https", "http") and _of_url(address) is not None)


def parse_address(address: str) -> Address:
    """Return the place an address names. Raises UsageError for one without a bucket, and for one of something else."""
    scheme, _, rest = address.partition("://")
    found = None
    if scheme in ("https", "http"):
        found = _of_url(address)
    elif scheme in _SCHEMES:
        bucket, _, prefix = rest.partition("/")
        container, _, host = bucket.partition("@") if scheme.startswith("abfs") else (bucket, "", "")
        found = Address(_SCHEMES[scheme], container, prefix.strip("/"), account=host.partition(".")[0])
        if azure := _AZURE_HOST.match(host):
            found = found._replace(endpoint=_azure_endpoint(azure))
    if found is None or not found.bucket:
        raise UsageError(f"`{address}` names no bucket", "such as s3://bucket/prefix")
    if not _BUCKET.fullmatch(found.bucket):
        # Not repeated: it may be a login.
        raise UsageError("the address names a bucket that cannot exist", "such as s3://bucket/prefix")
    if not found.prefix.isprintable() or {".", ".."} & set(found.prefix.split("/")):
        raise UsageError(f"`{found.prefix}` cannot be a prefix in a bucket", "such as s3://bucket/prefix")
    return found


def _of_url(address: str) -> Address | None:
    """Return the place a cloud's own URL names; None where the host is not a cloud's."""
    try:
        url = urlsplit(address)
    except ValueError:  # such as half an IPv6 address: nothing a cloud has
        return None
    host = (url.hostname or "").lower()
    path = unquote(url.path).strip("/")
    first, _, rest = path.partition("/")
    if found := _S3_HOST.match(host):
        region = found["region"] or ""
        endpoint = f"https://s3.{region}.amazonaws.com.cn" if found["apart"] else ""
        bucket, prefix = (found["bucket"], path) if found["bucket"] else (first, rest)
        return Address(Cloud.S3, bucket, prefix, region, endpoint=endpoint)
    if found := _GCS_HOST.match(host):
        bucket = found["bucket"]
        return Address(Cloud.GCS, bucket, path) if bucket else Address(Cloud.GCS, first, rest)
    if found := _AZURE_HOST.match(host):
        return Address(Cloud.AZURE, first, rest, account=found["account"], endpoint=_azure_endpoint(found))
    return None


def _azure_endpoint(host: re.Match[str]) -> str:
    """Return the endpoint of an account; nothing where it is the usual one."""
    return f"https://{host['account']}.blob.core.{host['apart']}" if host["apart"] else ""
