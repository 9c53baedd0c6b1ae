"""What lies in a layer: the one place, beside a scan, where bytes of the storage are read, and only when someone asks.

`archive.py` reads a tar as it comes, `packing.py` unpacks, `listing.py` keeps the largest files within bounds,
`opening.py` finds the blob.
"""
