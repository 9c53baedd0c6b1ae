"""Is it known that the registry's lists of tags are whole? Any list of it may prove that, so others are looked at too."""

import threading

from tonnage.errors import RegistryError, RegistryUnreachableError
from tonnage.registry import ReadOnlyRegistry

_LISTS_LIMIT = 1000
"""Lists to look at: most have two tags of which one begins with the other."""


class ListProof:
    """Looks for the proof once, when it is first asked for; used by several threads."""

    def __init__(self, registry: ReadOnlyRegistry) -> None:
        self._registry = registry
        self._lock = threading.Lock()
        self._is_searched = False

    def is_found(self) -> bool:
        """Return whether a list proves it. Raises RegistryUnreachableError."""
        with self._lock:
            if not self._is_searched and not self._registry.habits.has_sound_lists:
                self._search()
            self._is_searched = True
        return self._registry.habits.has_sound_lists

    def _search(self) -> None:
        """Read lists until one proves it. What cannot be listed proves nothing, and is nothing worse than that."""
        try:
            for repository in self._registry.list_repositories().names[:_LISTS_LIMIT]:
                if not self._registry.habits.has_sound_lists:
                    self._read(repository)
        except RegistryUnreachableError:
            raise
        except RegistryError:
            return

    def _read(self, repository: str) -> None:
        try:
            self._registry.list_tags(repository)
        except RegistryUnreachableError:
            raise
        except RegistryError:
            return
