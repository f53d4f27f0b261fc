"""The made-up instrument of `tests/itemised/`, put beside the project's own norms and loaded from there."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from transforms.instrument import ROOT, Instrument, Rules, load_instrument, load_rules

FOLDER = Path(__file__).parent / "itemised"


def write_norm(root: Path, *, old: str = "", new: str = "", file: str = "instrument") -> Path:
    """The norm's folder with the made-up instrument in it, in which one text may be replaced by another."""
    for name in ("instruments", "rules", "probes", "models"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copy(ROOT / "topics.yml", root / "topics.yml")
    for name in ("instrument", "rules"):
        text = (FOLDER / f"{name}.yml").read_text(encoding="utf-8")
        if name == file:
            assert old in text
            text = text.replace(old, new, 1)
        folder = "instruments" if name == "instrument" else "rules"
        (root / folder / "desimal.yml").write_text(text, encoding="utf-8")
    return root


@cache
def itemised() -> tuple[Instrument, Rules]:
    """The made-up instrument and its rules."""
    with tempfile.TemporaryDirectory() as folder:
        root = write_norm(Path(folder) / "transforms")
        instrument = load_instrument("desimal", root)
        return instrument, load_rules(instrument, root)
