"""An address and options -> obstore's store of that bucket.

obstore reads the environment as the clouds' own programs do: keys, web identity, container and instance roles. It does
not read ~/.aws; boto3 does that, where the extra `aws-profile` is installed and a profile is asked for.
Retries end when one request's time is up, so an endpoint that stalls is reported in seconds. (obstore's own limits are
ten tries within three minutes.)
"""

import json
import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from tonnage.errors import BucketAccessError, UsageError
from tonnage.extras import how_to_add
from tonnage.storage.bucket.address import Address, Cloud
from tonnage.storage.bucket.options import BucketOptions

if TYPE_CHECKING:
    from obstore.store import AzureStore, GCSStore, S3Store

_RETRIES = 8
_CONNECT_SECONDS = 5.0
_ENDPOINTS = {
    Cloud.S3: ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"),
    Cloud.GCS: ("STORAGE_EMULATOR_HOST",),
    Cloud.AZURE: ("AZURE_STORAGE_ENDPOINT", "AZURE_ENDPOINT"),
}
"""Variables that name an endpoint, the strongest first."""
_SETTINGS = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_token",
    "BlobEndpoint": "endpoint",
}
"""Of an Azure connection string."""


def connect(place: Address, options: BucketOptions, *, keeps_slash: bool = False) -> "S3Store | GCSStore | AzureStore":
    """Return a store of the bucket; nothing is asked of it yet.

    With `keeps_slash` every key begins with a slash, as those of a 2.x registry on Azure do.
    """
    if options.timeout_seconds <= 0 or options.requests_at_once < 1:
        raise UsageError(
            "--timeout and --requests-at-once have to be more than 0", "without them: 20 seconds, 32 requests"
        )
    endpoint = endpoint_of(place, options)
    shared = {
        "client_options": _client_options(place, options, endpoint),
        "retry_config": _retry_config(options),
    }
    from obstore.exceptions import BaseError

    try:
        match place.cloud:
            case Cloud.S3:
                return _connect_s3(place, options, endpoint, shared)
            case Cloud.GCS:
                return _connect_gcs(place, options, endpoint, shared)
            case Cloud.AZURE:
                return _connect_azure(place, options, endpoint, shared, keeps_slash)
    except BaseError as error:
        raise BucketAccessError(
            f"cannot use `{place.location}` as it is set up: {str(error).partition(chr(10))[0]}"
        ) from error


def endpoint_of(place: Address, options: BucketOptions) -> str:
    """Return the endpoint that was asked for, by option, address or environment; nothing for the cloud's own."""
    named = next((os.environ[name] for name in _ENDPOINTS[place.cloud] if os.environ.get(name)), "")
    found = options.endpoint or place.endpoint or named
    if found and "://" not in found:
        found = f"http://{found}" if place.cloud is Cloud.GCS else f"https://{found}"
    return found.rstrip("/")


def s3_url(place: Address, options: BucketOptions, endpoint: str) -> str:
    """Return the URL of an S3 bucket, where requests of our own go."""
    base = endpoint or f"https://s3.{region_of(place, options)}.amazonaws.com"
    if not options.virtual_host:
        return f"{base}/{place.bucket}"
    url = urlsplit(base)
    if url.netloc.startswith(f"{place.bucket}."):
        return base
    return urlunsplit(url._replace(netloc=f"{place.bucket}.{url.netloc}"))


def region_of(place: Address, options: BucketOptions) -> str:
    """Return the region to ask in."""
    named = options.region or place.region
    return named or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or "us-east-1"


def s3_config(place: Address, options: BucketOptions) -> Any:
    """Return what obstore has to know besides the bucket and the endpoint."""
    config: Any = {"region": region_of(place, options)}
    if options.anonymous:
        config["skip_signature"] = True
    return config


def s3_credentials(options: BucketOptions) -> Any:
    """Return what gives the credentials of a profile; None where obstore finds them by itself."""
    profile = options.profile or os.environ.get("AWS_PROFILE", "")
    if not profile or options.anonymous:
        return None
    try:
        from boto3 import Session
        from botocore.exceptions import BotoCoreError
        from obstore.auth.boto3 import Boto3CredentialProvider
    except ImportError as error:
        raise UsageError(f"the profile `{profile}` is read by boto3", how_to_add("aws-profile")) from error
    try:
        return Boto3CredentialProvider(Session(profile_name=profile))
    except (BotoCoreError, ValueError) as error:
        raise BucketAccessError(f"the profile `{profile}` gives no credentials: {error}") from error


def _connect_s3(place: Address, options: BucketOptions, endpoint: str, shared: dict[str, Any]) -> "S3Store":
    from obstore.store import S3Store

    config = s3_config(place, options)
    provider = s3_credentials(options)
    if options.virtual_host:
        config |= {"virtual_hosted_style_request": True, "endpoint": s3_url(place, options, endpoint)}
    elif endpoint:
        config["endpoint"] = endpoint
    return S3Store(place.bucket, config=config, credential_provider=provider, **shared)


def _connect_gcs(place: Address, options: BucketOptions, endpoint: str, shared: dict[str, Any]) -> "GCSStore":
    from obstore.store import GCSStore

    config: Any = {}
    if endpoint:  # the one way to tell obstore of another endpoint is inside a service account
        key: dict[str, Any] = {"gcs_base_url": endpoint, "disable_oauth": True}
        key |= {"client_email": "", "private_key": "", "private_key_id": ""}
        config["service_account_key"] = json.dumps(key)
    elif options.anonymous:
        config["skip_signature"] = True
    return GCSStore(place.bucket, config=config, **shared)


def _connect_azure(
    place: Address, options: BucketOptions, endpoint: str, shared: dict[str, Any], keeps_slash: bool
) -> "AzureStore":
    from obstore.store import AzureStore

    config: Any = azure_config(place, options, endpoint)
    if not keeps_slash:
        return AzureStore(place.bucket, config=config, **shared)
    # obstore takes a leading slash off every key. An endpoint that ends in the container, and a container without a
    # name after it, put it back: <endpoint>/<container>//docker/registry/…
    config["endpoint"] = azure_url(place, config)
    return AzureStore("", config=config, **shared)


def azure_url(place: Address, config: Mapping[str, Any]) -> str:
    """Return the URL of a container."""
    base = config.get("endpoint") or f"https://{config.get('account_name', '')}.blob.core.windows.net"
    return f"{base}/{place.bucket}"


def azure_config(place: Address, options: BucketOptions, endpoint: str) -> dict[str, Any]:
    """Return account, keys and endpoint, from a connection string too."""
    config: dict[str, Any] = {}
    for setting in os.environ.get("AZURE_STORAGE_CONNECTION_STRING", "").split(";"):
        name, _, value = setting.partition("=")
        if name in _SETTINGS and value:
            config[_SETTINGS[name]] = value
    account = place.account or os.environ.get("AZURE_STORAGE_ACCOUNT_NAME") or os.environ.get("AZURE_STORAGE_ACCOUNT")
    if account:
        config["account_name"] = account
    if endpoint:
        config["endpoint"] = endpoint
    if not config.get("account_name"):
        raise UsageError(f"`{place.location}` names no account", "set AZURE_STORAGE_ACCOUNT_NAME")
    if options.anonymous:
        config["skip_signature"] = True
    return config


def _client_options(place: Address, options: BucketOptions, endpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "timeout": timedelta(seconds=options.timeout_seconds),
        "connect_timeout": timedelta(seconds=min(_CONNECT_SECONDS, options.timeout_seconds)),
        "user_agent": "tonnage",
    }
    if endpoint.startswith("http://") or "BlobEndpoint=http://" in os.environ.get(
        "AZURE_STORAGE_CONNECTION_STRING", ""
    ):
        found["allow_http"] = True
    if ca := ca_file(place, options):
        try:
            found["root_certificate"] = Path(ca).read_bytes()
        except OSError as error:
            raise UsageError(f"cannot read the certificates in `{ca}`: {error.strerror}") from error
    return found


def ca_file(place: Address, options: BucketOptions) -> str:
    """Return the file of certificates to trust as well; those of the system are trusted in any case."""
    return options.ca_file or (os.environ.get("AWS_CA_BUNDLE", "") if place.cloud is Cloud.S3 else "")


def _retry_config(options: BucketOptions) -> dict[str, Any]:
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=3), "base": 2}
    return {
        "max_retries": _RETRIES,
        "retry_timeout": timedelta(seconds=options.timeout_seconds),
        "backoff": backoff,
    }
