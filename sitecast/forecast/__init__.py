"""From kits at sites to quantities of SKUs: explode once, sum, then take quantiles."""

from sitecast.forecast.check_conservation import check_conservation
from sitecast.forecast.forecast_sites import forecast_sites
from sitecast.forecast.roll_up import roll_up, summed_draws

__all__ = ["check_conservation", "forecast_sites", "roll_up", "summed_draws"]
