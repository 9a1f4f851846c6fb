"""How good forecasts were: measures, and the comparison with actual weeks."""

from sitecast.evaluate.actual_need import actual_need
from sitecast.evaluate.compare import compare_with_actuals, measure, references
from sitecast.evaluate.metrics import bias, coverage, pinball, wape_global, wape_site

__all__ = [
    "actual_need", "bias", "compare_with_actuals", "coverage", "measure", "pinball", "references",
    "wape_global", "wape_site",
]  # fmt: skip
