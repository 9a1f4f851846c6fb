"""How good forecasts were: measures, the comparison with actual weeks, and the ledger of both."""

from sitecast.evaluate.backtest import Backtest, backtest, weeks_between
from sitecast.evaluate.compare import compare_with_actuals
from sitecast.evaluate.delivered import actual_cells, actual_need
from sitecast.evaluate.ledger import EvaluationReport, accuracy_by_lead, evaluate_published
from sitecast.evaluate.measure import measure, noise_floor
from sitecast.evaluate.metrics import bias, coverage, pinball, wape_global, wape_site
from sitecast.evaluate.references import references

__all__ = [
    "Backtest", "EvaluationReport", "accuracy_by_lead", "actual_cells", "actual_need", "backtest",
    "bias", "compare_with_actuals", "coverage", "evaluate_published", "measure", "noise_floor",
    "pinball", "references", "wape_global", "wape_site", "weeks_between",
]  # fmt: skip
