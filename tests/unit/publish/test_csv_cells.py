import pandas as pd
import pytest

from sitecast.publish.csv_cells import to_csv
from sitecast.records.contract import TEXT


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "\x00", "|", "%", "＝"])
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(start: str) -> None:
    frame = pd.DataFrame({"name": pd.Series([f"{start}cmd|' /C calc'!A0", "plain"], dtype=TEXT)})
    text = to_csv(frame).decode("utf-8-sig")
    assert f"'{start}cmd" in text
    assert "plain" in text
    assert "'plain" not in text


def test_numbers_dates_and_empty_cells_stay_as_they_are() -> None:
    frame = pd.DataFrame({
        "number": [-1.5, 2.0],
        "day": pd.to_datetime(["2026-11-28", None]).astype("datetime64[ms]"),
        "cap": pd.array([None, 7], dtype="Int64"),
        "text": pd.Series([None, "é"], dtype=TEXT),
    })  # fmt: skip
    assert to_csv(frame) == (
        "\ufeffnumber,day,cap,text\r\n-1.5,2026-11-28,,\r\n2.0,,7,é\r\n".encode()
    )
