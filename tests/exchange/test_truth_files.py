from __future__ import annotations

from pathlib import Path

import pytest

from carecode.exchange.refusals import SentRefusedError
from carecode.exchange.truth_files import CLASSES_OF_RECORD_MAX, Fact, truth


def written(folder: Path, text: str) -> Path:
    path = folder / "truth.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "record,entity,class\ncounty-2|M7,e1,id-typo; moved\ncounty-2|M8,e1,\n",
        "source,local_id,truth,errors\ncounty-2,M7,e1,id-typo;moved;id-typo\ncounty-2,M8,e1,\n",
        '记录;实体;类别\ncounty-2|M7;e1;"id-typo;moved"\ncounty-2|M8;e1;\n',
        "Record\tENTITY\tx\tClass\ncounty-2|M7\te1\t?\tid-typo;\x07moved\ncounty-2|M8\te1\t\t\n",
    ],
    ids=["record", "source", "chinese", "tabs"],
)
def test_a_truth_says_which_record_is_about_whom(tmp_path: Path, text: str) -> None:
    found = truth(written(tmp_path, text))
    assert found.records == {"county-2|M7": Fact("e1", ("id-typo", "moved")), "county-2|M8": Fact("e1", ())}
    assert found.refused == ()


def test_a_broken_line_is_named_and_costs_itself_only(tmp_path: Path) -> None:
    lines = ["record,entity", "a|1,e1", "a|2", ",e1", "a|3,", 'a|4,"e1', "a|1,e2", "a|1,e1", "a|5,e2", "x" * 500 + ",e"]
    found = truth(written(tmp_path, "\n".join(lines)))
    assert list(found.records) == ["a|1", "a|5"]
    assert [(one.line, one.code) for one in found.refused] == [
        (3, "people-line-columns"),
        (4, "truth-line-empty"),
        (5, "truth-line-empty"),
        (6, "people-line-quotes"),
        (7, "truth-twice"),
        (10, "truth-line-long"),
    ]


@pytest.mark.parametrize("text", ["record,x\na,b\n", "entity\ne\n", "source,entity\na,b\n"])
def test_a_file_that_is_no_truth_says_what_one_has(tmp_path: Path, text: str) -> None:
    with pytest.raises(SentRefusedError, match="record and entity"):
        truth(written(tmp_path, text))


def test_classes_are_bounded(tmp_path: Path) -> None:
    found = truth(
        written(tmp_path, 'record,entity,class\na|1,e1,"' + ";".join(f"c{n}" + "y" * 99 for n in range(50)) + '"\n')
    )
    classes = found.records["a|1"].classes
    assert len(classes) == CLASSES_OF_RECORD_MAX
    assert max(map(len, classes)) == 60


def test_parquet_says_the_same(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {"record": ["a|1", "a|2", None], "entity": [7, 7, 8], "class": ["x;y", None, None]}
    parquet.write_table(arrow.table(columns), tmp_path / "truth.parquet")
    found = truth(tmp_path / "truth.parquet")
    assert found.records == {"a|1": Fact("7", ("x", "y")), "a|2": Fact("7", ())}
    assert [(one.line, one.code) for one in found.refused] == [(4, "truth-line-empty")]


def test_what_cannot_be_read_says_so(tmp_path: Path) -> None:
    with pytest.raises(SentRefusedError) as caught:
        truth(tmp_path / "absent")
    assert caught.value.code == "file-unreadable"
