"""Names and texts as SQL, for the few places that take no parameter. What is quoted may be any text."""


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


def is_utf_8(text: str) -> bool:
    r"""Return whether a path, an address or a query is text: the system allows any bytes, databases do not.

    >>> is_utf_8("café"), is_utf_8("caf\udce9")
    (True, False)
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
