"""Relations in mark-up: a word such as "Dicabut dengan", then links to the products it is about."""

from __future__ import annotations

from collections.abc import Iterator

from bs4 import Tag
from bs4.element import NavigableString

from collectors.legal_relations import Kind, Place, Relation, in_words, kind_of, named

_LONGEST_HEADING = 60


def relations_in(root: Tag, selector: str, stated_in: Place) -> Iterator[Relation]:
    """The relations in the elements of `root` that `selector` finds.

    Text that names a kind announces the links after it, up to the next such text or a label that ends in a
    colon ("Download file:"). Text that names kind and product at once stands for itself.
    """
    for scope in root.select(selector):
        kind: Kind | None = None
        for node in scope.descendants:
            if isinstance(node, Tag):
                if node.name == "a" and kind is not None:
                    found = named(kind, node.get_text(" "), stated_in)
                    if found is not None:
                        yield found
                continue
            # Comments are strings too, of a type of their own.
            if type(node) is not NavigableString or node.find_parent("a") is not None:
                continue
            words = " ".join(node.split())
            stated = in_words(words, stated_in)
            if stated:
                yield from stated
            elif len(words) <= _LONGEST_HEADING and kind_of(words) is not None:
                kind = kind_of(words)
            elif words.endswith(":"):
                kind = None
