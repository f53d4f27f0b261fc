"""Reading the norm's YAML files strictly: no repeated keys, no unknown keys, no unquoted decimals."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

ROOT = Path(__file__).parent
"""The folder that holds the norm's files."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class InstrumentError(Exception):
    """A norm file that cannot be used. Each line names the file, the key path and what to do."""


class Problems:
    """What is wrong in one file, gathered so that all of it is told at once."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.lines: list[str] = []

    def add(self, path: str, message: str) -> None:
        """Note one problem at a key path."""
        self.lines.append(f"{self.where}: {path}: {message}")

    def raise_any(self) -> None:
        """Raise InstrumentError when anything was noted."""
        if self.lines:
            raise InstrumentError("\n".join(self.lines))


class _StrictLoader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """A safe loader that refuses a key written twice; plain YAML silently keeps the last one."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is written twice", key.start_mark
                )
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


def display(path: Path) -> str:
    """How a norm file is named in messages: its last folders, not the machine's whole path."""
    return "/".join(path.parts[-3:])


def read_text(path: Path) -> str:
    """The text of a file. Raises InstrumentError when it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InstrumentError(f"{display(path)}: cannot be read ({error}); restore the file") from error


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping at the top of a YAML file. Raises InstrumentError naming file and line."""
    try:
        data: Any = yaml.load(read_text(path), Loader=_StrictLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise InstrumentError(
            f"{display(path)}{line}: not usable YAML ({getattr(error, 'problem', error)})"
        ) from error
    if not isinstance(data, dict):
        raise InstrumentError(f"{display(path)}: expected a mapping at the top")
    return data


def validated(model: type[ModelT], data: Any, where: str, prefix: str = "") -> ModelT:
    """`data` as a model. Raises InstrumentError with one line per key at fault."""
    try:
        return model.model_validate(data)
    except ValidationError as error:
        lines = [f"{where}: {_explain(problem, prefix)}" for problem in error.errors()]
        raise InstrumentError("\n".join(lines)) from error


def _explain(problem: Any, prefix: str) -> str:
    path = ".".join(str(part) for part in (prefix, *problem["loc"]) if part != "") or "(top)"
    if problem["type"] == "extra_forbidden":
        return f"{path}: unknown key; correct the spelling or remove it"
    if problem["type"] == "string_type":
        return f"{path}: {problem['input']!r} must be a quoted string"
    return f"{path}: {str(problem['msg']).removeprefix('Value error, ')}"
