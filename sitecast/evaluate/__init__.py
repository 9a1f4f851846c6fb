"""How good forecasts were: measures, the comparison with actual weeks, and the ledger of both."""

from sitecast.evaluate.backtest import Backtest, backtest, replay, weeks_between, weeks_named
from sitecast.evaluate.calibrate import Calibration, calibrate_spreads, latest_delivered
from sitecast.evaluate.compare import PlannedWeek, compare_with_actuals
from sitecast.evaluate.delivered import actual_cells, actual_need
from sitecast.evaluate.ledger import (
    EvaluationReport,
    evaluate_published,
    stored_week,
    weeks_corrected,
    weeks_to_measure,
    weeks_with_actuals,
)  # fmt: skip
from sitecast.evaluate.measure import measure, noise_floor
from sitecast.evaluate.metrics import bias, coverage, pinball, wape_global, wape_site
from sitecast.evaluate.references import references
from sitecast.records.accuracy import PARTS, accuracy_by_lead, accuracy_in_short

__all__ = [
    "PARTS", "Backtest", "Calibration", "EvaluationReport", "PlannedWeek", "accuracy_by_lead",
    "accuracy_in_short", "actual_cells", "actual_need", "backtest", "bias", "calibrate_spreads",
    "compare_with_actuals", "coverage", "evaluate_published", "latest_delivered", "measure",
    "noise_floor", "pinball", "references", "replay", "stored_week", "wape_global", "wape_site",
    "weeks_between", "weeks_corrected", "weeks_named", "weeks_to_measure", "weeks_with_actuals",
]  # fmt: skip
