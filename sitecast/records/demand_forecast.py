"""What the demand models say of a week, and what the order simulator turns into boxes."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class DemandForecast:
    """Expected volumes and tastes of one menu week.

    Every frame has plain columns; probabilities and shares sum to 1 per segment.
    """

    boxes: pd.DataFrame
    """delivery_date, region_id, segment, mean_boxes (placed included), sd_boxes (or NaN)."""
    shares: pd.DataFrame
    """segment, recipe_id, share = P(recipe | kit), cv = relative uncertainty of the share."""
    box_sizes: pd.DataFrame
    """segment, n_kits, probability."""
    portions: pd.DataFrame
    """segment, portions, probability."""
