"""Whether the bytes that are stored are those of their digest: read from the storage when someone asks, as in `layers`."""
