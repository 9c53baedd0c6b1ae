"""The page: what fills the disk, to be looked at. It asks the inventory, never deletes, and never writes to it.

`app.py` has the addresses, `pages/` a file for each page, `templates/` what they look like. A `Snapshot` is one
inventory with what is worked out once for all pages; a newer one takes its place between two answers.
"""
