"""An inventory as Parquet in a bucket: written below a prefix where nothing is, copied from there to be opened.

This is the one room that writes to buckets, and what it writes is an inventory. What scans cannot import it, and a prefix
that lies in a registry's storage is refused.
"""
