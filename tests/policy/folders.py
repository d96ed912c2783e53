"""Folders of policies with one fault in them."""

from __future__ import annotations

from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "src" / "carecode" / "disclosure" / "cedar"


def planted(folder: Path, file: str, text: str) -> Path:
    """Copy the shipped policies and write one more file, or another in place of one."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in SHIPPED.iterdir():
        (folder / one.name).write_text(one.read_text("utf-8"), "utf-8")
    (folder / file).write_text(text, "utf-8")
    return folder
