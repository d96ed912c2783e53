"""What README shows is what is there."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_day_in_readme_is_the_script() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"```sh\n(#!/bin/sh\n.*?)```", readme, re.DOTALL)
    assert shown == [(ROOT / "docs" / "day.sh").read_text(encoding="utf-8")]


def test_every_picture_is_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", readme)
    assert len(pictures) == 8
    assert [picture for picture in pictures if not (ROOT / picture).is_file()] == []


def test_nothing_is_left_to_fill_in() -> None:
    assert "@@" not in (ROOT / "README.md").read_text(encoding="utf-8")
