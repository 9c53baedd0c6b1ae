"""Names and texts as SQL, for the few places that take no parameter. What is quoted may hold anything."""


def literal(text: str) -> str:
    """Return an SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    r"""Return the name of a table or a column as SQL, whatever is in it.

    >>> identifier('blob" as t; drop table x --')
    '"blob"" as t; drop table x --"'
    """
    return '"' + name.replace('"', '""') + '"'
