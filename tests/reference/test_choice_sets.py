"""Public choice sets: the log-likelihoods that others report for the same specifications."""

from pathlib import Path

import pytest

from benchmarks.forecast_quality_choice import WITHIN, heating, mode_canada

DATA = Path(__file__).parents[3] / "shared" / "data" / "choice"


@pytest.mark.shared_data
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the evaluation data are not in {DATA}")
@pytest.mark.parametrize("read", [mode_canada, heating])
def test_the_fit_reaches_the_reference(read):
    data = read(DATA)
    assert data.fitted().log_likelihood == pytest.approx(data.reference, abs=WITHIN)
