"""The broker's journal: chained, on the disk in time, and a cut or a change is told."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from carecode.disclosure.broker import journal as module
from carecode.disclosure.broker.journal import Journal, verify
from carecode.kernel.errors import CorruptError, UnavailableError


def opened(folder: Path | None) -> Journal:
    return Journal(folder, lambda: datetime(2026, 11, 23, 9, tzinfo=UTC), time.monotonic)


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.log"))


async def filled(folder: Path, count: int) -> None:
    journal = opened(folder)
    for number in range(count):
        journal.append("ABCD-1234", f"{number:064x}", number)
    await journal.close()


async def test_lines_are_on_the_disk_in_time(folder: Path) -> None:
    journal = opened(folder)
    journal.append("ABCD-1234", "00", 3)
    journal.append("ABCD-1235", "01", 1)
    await asyncio.sleep(0.3)
    lines = files(folder)[0].read_text().splitlines()
    assert [line.split()[:1] + line.split()[2:5] for line in lines] == [
        ["1", "ABCD-1234", "00", "3"],
        ["2", "ABCD-1235", "01", "1"],
    ]
    assert lines[0].split()[1] == "2026-11-23T09:00:00.000+00:00"
    journal.check()
    await journal.close()
    assert verify(folder) == 2


async def test_it_goes_on_after_a_start(folder: Path) -> None:
    await filled(folder, 5)
    journal = opened(folder)
    assert (journal.seq, len(journal.last)) == (5, 5)
    journal.append("ABCD-1234", "ff", 1)
    await journal.close()
    assert verify(folder) == 6


async def test_a_line_that_a_crash_cut_in_half_is_dropped(folder: Path) -> None:
    await filled(folder, 5)
    (folder / "journal.head").unlink()
    [path] = files(folder)
    path.write_bytes(path.read_bytes()[:-10])
    journal = opened(folder)
    assert journal.seq == 4
    journal.append("ABCD-1234", "ff", 1)
    await journal.close()
    assert verify(folder) == 5


@pytest.mark.parametrize("fault", ["changed", "removed", "swapped", "cut", "emptied", "added"])
async def test_a_journal_that_was_touched_is_refused(folder: Path, fault: str) -> None:
    await filled(folder, 6)
    [path] = files(folder)
    lines = path.read_text().splitlines(keepends=True)
    if fault == "changed":
        lines[2] = lines[2].replace("ABCD", "ABCE")
    elif fault == "removed":
        del lines[3]
    elif fault == "swapped":
        lines[1], lines[2] = lines[2], lines[1]
    elif fault == "cut":
        del lines[4:]
    elif fault == "emptied":
        lines = []
    else:
        lines.append("7 2026-11-23T09:00:00.000+00:00 ABCD-1234 00 1 " + "0" * 64 + "\n")
    path.write_text("".join(lines))
    with pytest.raises(CorruptError, match="changed or cut off"):
        opened(folder)
    with pytest.raises(CorruptError):
        verify(folder)


async def test_it_goes_on_in_a_new_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILE_BYTES_MAX", 400)
    for _ in range(5):
        await filled(folder, 2)
    assert len(files(folder)) > 2
    assert verify(folder) == 10
    first = files(folder)[0]
    first.write_text(first.read_text().replace("ABCD", "ABCE"))
    with pytest.raises(CorruptError):
        verify(folder)


async def test_a_disk_that_refuses_stops_the_broker(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = opened(folder)

    def full(_data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(journal, "_write", full)
    journal.append("ABCD-1234", "00", 1)
    journal.check()
    await asyncio.sleep(0.3)
    with pytest.raises(UnavailableError, match="Nothing was opened"):
        journal.check()
    await journal.close()


async def test_without_a_folder_it_only_counts() -> None:
    journal = opened(None)
    for _ in range(50):
        journal.append("ABCD-1234", "00", 1)
    journal.check()
    assert (journal.seq, len(journal.last)) == (50, module.LAST_MAX)
    await journal.close()
