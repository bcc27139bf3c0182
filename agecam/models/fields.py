"""Makes dataclasses from JSON: the content of a file that anyone may have written is checked field by field."""

import dataclasses
import math
import types
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def from_json(kind: type[T], content: object, name: str, **given: object) -> T:
    """`kind` with the fields of a JSON object; lists become tuples where the field is one.

    Args:
        kind: a dataclass of plain values, lists, tuples and dicts.
        content: the object.
        name: of the object inside the file, for the error; empty for the file itself.
        given: fields that are not in the object, and not checked.

    Raises:
        ValueError: a field is missing, unknown or has another type; the message names it.
    """
    if not isinstance(content, dict):
        raise ValueError(f"its {name} is not an object")
    expected = get_type_hints(kind)
    values = dict(given)
    for field in dataclasses.fields(kind):  # type: ignore[arg-type]
        label = f"{name} {field.name}".replace("_", " ").strip()
        if field.name in given:
            continue
        if field.name in content:
            values[field.name] = _checked(content[field.name], expected[field.name], label)
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"its {label} is missing")
    if unknown := sorted(str(key) for key in content.keys() - expected.keys() | content.keys() & given.keys()):
        raise ValueError(f"{f'its {name}' if name else 'it'} has an unknown field '{unknown[0][:50]}'")
    return kind(**values)


def _checked(value: Any, expected: Any, label: str) -> Any:
    if not _fits(value, expected):
        raise ValueError(f"its {label} is not {_described(expected)}")
    return tuple(value) if get_origin(expected) is tuple else value


def _fits(value: Any, expected: Any) -> bool:
    if expected is Any:
        return True
    origin, arguments = get_origin(expected), get_args(expected)
    if origin in (Union, types.UnionType):
        return any(_fits(value, one) for one in arguments)
    if origin is Literal:  # whoever uses it checks which values are supported
        return isinstance(value, str)
    if origin is list:
        return isinstance(value, list) and all(_fits(item, arguments[0]) for item in value)
    if origin is dict:
        return isinstance(value, dict) and all(_fits(item, arguments[1]) for item in value.values())
    if origin is tuple:
        if not isinstance(value, list):
            return False
        kinds = [arguments[0]] * len(value) if arguments[-1] is Ellipsis else list(arguments)
        return len(kinds) == len(value) and all(map(_fits, value, kinds))
    if expected in (int, float):
        is_number = isinstance(value, int | (float if expected is float else int)) and not isinstance(value, bool)
        return is_number and (isinstance(value, int) or not math.isnan(value))
    return value is None if expected is type(None) else isinstance(value, expected)


def _described(expected: Any) -> str:
    origin = get_origin(expected)
    if origin in (Union, types.UnionType):
        return " or ".join(_described(one) for one in get_args(expected))
    names = {str: "a text", int: "a whole number", float: "a number", bool: "true or false", type(None): "null"}
    return names.get(expected, {dict: "an object", Literal: "a text"}.get(origin, "a list of the right values"))
