"""Names that a person types for what is in an inventory: globs, and the names there are.

A parameter of a report has such a type (`repository`, `namespace`, `tag`, `kind`), and there is a file of SQL for each:
what it yields is offered for completion, and what it does not yield is a slip of the finger and no empty answer.
"""

from tonnage.errors import UsageError
from tonnage.formats.closest import meant
from tonnage.inventory.database import Inventory
from tonnage.inventory.statements import statements

ANY = "any"
ESCAPE = "!"
"""What stands before a character that `like` would not take for itself; reports write `like $tag escape '!'`."""
_LIKE = {"*": "%", "?": "_", **{special: ESCAPE + special for special in ("%", "_", ESCAPE)}}


_ALL = {
    "repository": "select repository from repository",
    "namespace": "select namespace from namespace_usage",
    "tag": "select distinct tag from tag",
    "kind": "from problem_kind",
}
"""How a person lists them."""


def is_name_type(type_: str) -> bool:
    """Return whether a parameter of this type names something in the inventory."""
    return type_ in statements("names")


def like_of(glob: str) -> str:
    """Return a glob as a pattern of SQL's `like`, with `!` as the escape; `any` matches all. Raises ValueError.

    >>> like_of("shop/*"), like_of("v1_?"), like_of("any"), like_of("100%!")
    ('shop/%', 'v1!__', '%', '100!%!!')
    """
    if "[" in glob:
        raise ValueError(f"`{glob}` is not a name; write * for any characters and ? for one")
    return "%" if glob == ANY else "".join(_LIKE.get(character, character) for character in glob)


def names_of(inventory: Inventory, type_: str) -> list[str]:
    """Return all that a parameter of this type may name, in order."""
    return [name for (name,) in inventory.query(statements("names")[type_].sql).rows]


def insist_on_name(inventory: Inventory, type_: str, glob: str, option: str) -> None:
    """Raise UsageError, with what may have been meant, for a name or a glob that nothing matches; `any` always does."""
    if glob == ANY:
        return
    select = statements("names")[type_].sql.rstrip().removesuffix(";")
    matches = f"select 1 from ({select}\n) as known where name like $pattern escape '{ESCAPE}' limit 1"
    if not inventory.query(matches, {"pattern": like_of(glob)}).rows:
        hint = meant(glob, names_of(inventory, type_), f'all there are: tonnage sql "{_ALL[type_]}"')
        raise UsageError(f"`{option}`: there is no {type_} `{glob}`", hint)
