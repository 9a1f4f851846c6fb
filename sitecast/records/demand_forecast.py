"""What the demand models say of a week, and what the order simulator turns into boxes."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Choices:
    """What a choice model says of a week's menu: how segments choose, and what that must give.

    A kit of a box is a recipe with probability exp(utility) ÷ Σ exp(utility of what is left), so a
    recipe loses to what else is on the menu. Both frames have plain columns.
    """

    utilities: pd.DataFrame
    """segment, taste_class, class_share, recipe_id, utility, sd.

    A segment is a mixture of taste classes (one, or several latent ones): a box belongs to class
    `taste_class` (a whole number from 0) with probability `class_share`; these sum to 1 per
    segment. `utility` has any zero point; a recipe without a row is never chosen. `sd` is the
    standard deviation of the utility: how little is known of it."""
    shares: pd.DataFrame
    """segment, recipe_id, share: P(recipe | kit), default boxes included, that the week is to show.

    The simulator shifts utilities until exact inclusion probabilities give these shares. Shares
    sum to 1 per segment; a segment without rows chooses by its utilities as they are. A missing
    segment names shares of all segments together."""

    @classmethod
    def of_shares(cls, shares: pd.DataFrame) -> "Choices":
        """One taste class per segment, from segment, recipe_id, share and cv.

        `cv` is the relative uncertainty of the share.
        """
        return cls.of_classes(shares.assign(taste_class=0, class_share=1.0))

    @classmethod
    def of_classes(cls, shares: pd.DataFrame) -> "Choices":
        """From segment, taste_class, class_share, recipe_id, share and cv.

        `share` is the recipe's among kits of the class, `cv` its relative uncertainty.
        """
        some = shares[shares["share"] > 0].reset_index(drop=True)
        utilities = some[["segment", "taste_class", "class_share", "recipe_id"]].assign(
            utility=np.log(some["share"]), sd=np.sqrt(np.log1p(np.square(some["cv"]))),
        )  # fmt: skip
        of_kits = some[["segment", "recipe_id"]].assign(share=some["class_share"] * some["share"])
        by_recipe = of_kits.groupby(["segment", "recipe_id"], as_index=False, sort=False)
        return cls(utilities, by_recipe["share"].sum())


@dataclass(frozen=True)
class DemandForecast:
    """Expected volumes and tastes of one menu week.

    Every frame has plain columns; probabilities sum to 1 per segment.
    """

    boxes: pd.DataFrame
    """delivery_date, region_id, segment, mean_boxes (placed included), sd_boxes (or NaN)."""
    choices: Choices
    """How segments choose, for every segment that has boxes."""
    box_sizes: pd.DataFrame
    """segment, n_kits, probability."""
    portions: pd.DataFrame
    """segment, portions, probability."""
    defaults: pd.DataFrame
    """segment, probability that a box is a default box: filled by the system, not its customer."""
