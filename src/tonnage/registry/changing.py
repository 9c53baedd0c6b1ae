"""A registry over HTTP, changed: manifests pushed and deleted. Nothing but `apply` and `undo` has a use for it."""

from collections.abc import Sequence
from typing import NamedTuple

from tonnage.errors import DeletionRefusedError, RegistryError, UsageError
from tonnage.registry.client import ReadOnlyRegistry
from tonnage.registry.connection import WRITING
from tonnage.registry.http import Answer
from tonnage.registry.manifests import DIGEST, RemoteManifest


class PushRefusedError(RegistryError):
    """The registry does not take a manifest."""

    def __init__(self, message: str, missing: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.missing = list(missing)
        """Digests the registry says it lacks."""


class Deletion(NamedTuple):
    """How a DELETE ended, other than by an error."""

    is_done: bool
    """Accepted; or already gone at a repeated attempt, whose first was carried out though its answer was lost."""
    status: int
    said: str


class Registry(ReadOnlyRegistry):
    """Asks a registry, and changes it."""

    _methods = WRITING

    def put_manifest(self, repository: str, reference: str, manifest: RemoteManifest) -> None:
        """Push a manifest under a tag or its digest. Raises PushRefusedError, with what the registry lacks."""
        headers = {"Content-Type": manifest.media_type}
        answer = self._manifest_call("PUT", repository, reference, "pull,push", headers, manifest.content)
        if answer.status == 405:
            raise DeletionRefusedError(f"`{self.url}` is read-only", _READ_ONLY_HINT)
        if answer.status not in (200, 201, 202):
            missing = [str(f.detail) for f in answer.faults if f.code in ("MANIFEST_BLOB_UNKNOWN", "BLOB_UNKNOWN")]
            raise PushRefusedError(f"`{self.url}` refuses `{repository}` `{reference}`: {answer.describe()}", missing)

    def delete_manifest(self, repository: str, digest: str) -> Deletion:
        """Delete a revision, and with it every tag of the repository that points to it."""
        if not DIGEST.match(digest):
            raise UsageError(f"`{digest}` is not a digest")
        return self._delete(repository, digest)

    def delete_tag(self, repository: str, tag: str) -> Deletion:
        """Delete a tag alone. Registries of 2.x cannot; their 400 DIGEST_INVALID comes back as not done."""
        return self._delete(repository, tag)

    def _delete(self, repository: str, reference: str) -> Deletion:
        answer = self._manifest_call("DELETE", repository, reference, "delete")
        if answer.status == 405:
            raise self._refusal(answer)
        was_lost = answer.status == 404 and answer.attempts_count > 1
        if answer.status in (200, 202, 204) or was_lost:
            return Deletion(True, answer.status, answer.describe())
        return Deletion(False, answer.status, answer.describe())

    def _refusal(self, answer: Answer) -> DeletionRefusedError:
        """Tell the two refusals apart: a switched-off deletion has an error code, read-only mode an `Allow` header."""
        if answer.code == "UNSUPPORTED":
            return DeletionRefusedError(
                f"deletion is switched off in `{self.url}` ({answer.describe()})",
                "set `storage.delete.enabled: true` in its configuration (REGISTRY_STORAGE_DELETE_ENABLED=true) and "
                "restart it; a pull-through cache never deletes over HTTP",
            )
        return DeletionRefusedError(f"`{self.url}` is read-only ({answer.describe()})", _READ_ONLY_HINT)


_READ_ONLY_HINT = (
    "set `storage.maintenance.readonly.enabled: false` in its configuration and restart it, or allow the method in the "
    "proxy before it"
)
