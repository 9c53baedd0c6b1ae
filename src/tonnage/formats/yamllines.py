"""YAML with the line of each value, for files that people write and programs have to trust. Pure.

What costs more than its length is refused before anything is made of it.
"""

from collections.abc import Iterable
from typing import Any, NamedTuple

_DEEPEST = 10
"""Levels of nesting; no format read here has more than six."""


class Node(NamedTuple):
    """A value of the file, and its line."""

    value: Any
    """Text, number, truth value, null, a dict of text to Node, or a list of Nodes."""
    line: int


class WrongYamlError(Exception):
    """The text is not what it should be, and where."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def parse_yaml(text: str) -> Node:
    """Return a YAML document with its lines. Aliases, tags and deep nesting are refused: no such file needs them."""
    import yaml

    try:
        _check_events(yaml.parse(text, Loader=yaml.SafeLoader))
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return Node(None, 1) if root is None else _node(root, yaml.SafeLoader(""))
    except yaml.MarkedYAMLError as error:
        is_key = error.context == "while scanning a simple key"  # whose missing colon shows in the next line only
        mark = error.context_mark if is_key else error.problem_mark
        raise WrongYamlError(mark.line + 1 if mark else 1, error.problem or "no YAML") from error
    except yaml.YAMLError as error:
        raise WrongYamlError(1, str(error).partition("\n")[0]) from error


def _check_events(events: Iterable[Any]) -> None:
    """Refuse what costs more than its length, before anything is made of it: a few lines of aliases are a terabyte."""
    import yaml

    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise WrongYamlError(line, f"`{event.anchor}`: anchors and aliases are not supported; write it out")
        if getattr(event, "tag", None):
            raise WrongYamlError(line, f"`{event.tag}`: tags are not supported; put text in quotes")
        if depth > _DEEPEST:
            raise WrongYamlError(line, f"it is nested deeper than {_DEEPEST} levels")


def _node(node: Any, loader: Any) -> Node:
    import yaml

    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return Node(_pairs(node, loader), line)
    if isinstance(node, yaml.SequenceNode):
        return Node([_node(child, loader) for child in node.value], line)
    try:
        return Node(loader.construct_object(node), line)
    except (ValueError, OverflowError, yaml.YAMLError) as error:  # looks like a date or a number, and is neither
        raise WrongYamlError(line, f"`{node.value[:100]}` cannot be read; put text in quotes") from error


def _pairs(node: Any, loader: Any) -> dict[str, Node]:
    found: dict[str, Node] = {}
    for key, value in node.value:
        line = key.start_mark.line + 1
        if not isinstance(key.value, str):
            raise WrongYamlError(line, "a key is text")
        if key.value in found:
            raise WrongYamlError(line, f"`{key.value}` is there twice")
        found[key.value] = _node(value, loader)._replace(line=line)
    return found
