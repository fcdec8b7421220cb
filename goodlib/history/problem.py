"""What is wrong with a study file, in sentences with the line, the key and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any

import yaml


def explain(
    problem: Any,
    tree: yaml.Node | None,
    file: str,
    known: Callable[[tuple[Any, ...]], set[str]],
) -> str:
    """One validation problem as a sentence with the line it stands on.

    `known` gives the keys that may stand at a place of the file.
    """
    where = tuple(part for part in problem["loc"] if not _branch(part))
    key = ".".join(str(part) for part in where) or "the file"
    at = line(tree, where) or line(tree, where[:-1]) or 1
    kind, said = problem["type"], problem["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        names = sorted(known(where[:-1]))
        near = difflib.get_close_matches(str(where[-1]), names, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(names)}."
        said = f"unknown key {where[-1]!r}: {hint}"
    elif kind == "missing":
        said = f"the key {where[-1]!r} is missing. Add it."
    else:
        said = (
            f"{said} (is {problem['input']!r})." if not isinstance(problem["input"], dict) else said
        )
    return f"{file}, line {at}, {key}: {said}"


def other_branch(problem: Any) -> bool:
    """Whether a problem only says that one table is not a list of tables, or the other way."""
    branches = sum(_branch(part) for part in problem["loc"])
    return branches > 0 and problem["type"] in ("list_type", "model_type", "model_attributes_type")


def twice(tree: yaml.Node | None, file: str, where: tuple[str, ...] = ()) -> Iterator[str]:
    """A sentence for each key that stands twice in one place: the later would win unsaid."""
    if isinstance(tree, yaml.SequenceNode):
        for node in tree.value:
            yield from twice(node, file, where)
    if not isinstance(tree, yaml.MappingNode):
        return
    first: dict[str, int] = {}
    for key, value in tree.value:
        at, name = key.start_mark.line + 1, str(key.value)
        if name in first:
            yield (
                f"{file}, line {at}, {'.'.join((*where, name))}: the key {name!r} stands on line "
                f"{first[name]} already. Keep one of the two."
            )
        first.setdefault(name, at)
        yield from twice(value, file, (*where, name))


def line(node: yaml.Node | None, where: tuple[Any, ...]) -> int | None:
    """The line of the key that `where` leads to."""
    found = None
    for part in where:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    node, found = value, key.start_mark.line + 1
                    break
            else:
                return None
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            found = node.start_mark.line + 1
        else:
            return None
    return found


def _branch(part: Any) -> bool:
    """Whether a part of a location says how a value was read (a table or several): no key."""
    return isinstance(part, str) and (part == "Table" or "[" in part)
