"""What a user may say about a bucket besides its address."""

from typing import NamedTuple


class BucketOptions(NamedTuple):
    """How to reach a bucket. What is not said comes from the environment, as the clouds' own programs have it."""

    endpoint: str = ""
    """URL of a store of another make, or of an emulator."""
    region: str = ""
    virtual_host: bool = False
    """The bucket's name goes before the endpoint's host, not into the path."""
    profile: str = ""
    """Of ~/.aws; needs the extra `aws-profile`."""
    anonymous: bool = False
    """Ask without credentials, as public buckets allow."""
    ca_file: str = ""
    """Certificates to trust as well, as PEM."""
    timeout_seconds: float = 20.0
    """How long one request may take, and how long one is tried again."""
    requests_at_once: int = 32
