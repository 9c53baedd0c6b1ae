"""Which of our SQL is for any database, and which is DuckDB's alone, by decision.

Answers are portable: whoever keeps an inventory in PostgreSQL asks them there, and whoever has its tables in Spark asks
views, reports and metrics there, some of them as sqlglot spells them. What makes an inventory, and what works in steps
with sets in temporary tables, runs in DuckDB, to which an inventory is copied first.
"""

PORTABLE = ("views", "card", "reports", "metrics", "metrics_compat", "verify", "names", "check", "page")
"""Folders below `sql/` of which every file runs unchanged in PostgreSQL 15 and newer, with the same rows in order; of
`page` some do.
"""
DUCKDB_ONLY = {
    "blobs": "asked beside the storage, in the process that reads it",
    "catalog": "every database keeps its comments elsewhere",
    "diff": "two inventories are attached to one database",
    "heads": "what is said above a report asks as the report does",
    "ncdu": "writes a tree for a program, from an inventory in a file",
    "rows": "rows of a scan before are kept or left out, as a rescan loads them",
    "gc": "the replay of a collection keeps its sets in temporary tables, between steps in Python",
    "leftovers": "shares the checks of paths with the plan",
    "load": "makes the tables of the rows that were staged",
    "plan": "a set of deletions is kept in temporary tables",
    "scan": "stages and measures, in the process that reads the storage",
    "staged": "gives numbers to rows that were read elsewhere, before they go into their tables",
    "tables": "types have other names elsewhere; they are translated one by one",
    "tags": "puts tags kept elsewhere into a copy",
}
"""The other folders, with the reason; `catalog_postgresql` and `postgresql` are for that database alone."""
_OF_THE_PAGE = {
    "blockers", "classes", "growth_classes", "growth_repositories", "problems_count", "scan", "search", "totals",
    "untagged_revisions",
}  # fmt: skip
"""Parts of the page that are one question each; others ask for lists, for sets of a plan, or for what the page keeps."""


def is_portable(folder: str, name: str) -> bool:
    """Return whether a file of ours runs unchanged in other databases."""
    return name in _OF_THE_PAGE if folder == "page" else folder in PORTABLE
