"""A choice model for sitecast: a logit on what recipes are and on what else is on the menu.

utility = x·nation + a·own: `a` is a recipe's attributes and how many others on the menu share its
protein (cannibalisation), `x` the recipe itself besides, `own` a taste class. Fitted to counts of
kits per menu by penalised maximum likelihood (Newton's method), classes by EM.
"""

import json

import numpy as np
import pandas as pd

from sitecast.demand import Choices

PRIOR_SD, START = 0.5, (-0.5, 0.5)  # of a coefficient; each class's first liking for plant dishes
KEY = ["menu_week", "recipe_id"]


class MultinomialLogit:
    """National tastes, and around them two taste classes per segment."""

    def choices(self, week, plan, segments):
        sold = week["history_items"].query("item_type == 'recipe'")
        sold, menu = sold.rename(columns={"item_id": "recipe_id"}), week["menu"].query("available")
        offers = pd.concat([week["history_menu"][KEY], sold[KEY], menu[KEY]]).drop_duplicates()
        kits = sold.pivot_table("pieces", KEY, "segment", "sum", fill_value=0)
        kits = kits.reindex(pd.MultiIndex.from_frame(offers), fill_value=0).astype(float)
        weeks = pd.get_dummies(offers["menu_week"]).to_numpy(float).T
        a, x = features(offers, week["recipes"].set_index("recipe_id")["attributes"], weeks)
        nation, unsure = fit(x, kits.sum(axis=1).to_numpy(), 0.0, weeks)
        now, answer = (offers["menu_week"] == week.menu_week).to_numpy(), []
        for segment in segments:
            mine = kits[segment].to_numpy() if segment in kits else np.zeros(len(x))
            for k, (part, own, doubt) in enumerate(taste_classes(a, mine, x @ nation, weeks)):
                utility = x @ nation + a @ own
                answer.append(offers.assign(
                    segment=segment, taste_class=k, class_share=part, utility=utility,
                    sd=np.sqrt((x @ unsure * x).sum(axis=1) + (a @ doubt * a).sum(axis=1)),
                    share=part * chosen(utility, weeks))[now])  # fmt: skip
        told = pd.concat(answer)
        return Choices(told, told.groupby(["segment", "recipe_id"], as_index=False)["share"].sum())


def features(offers, attributes, weeks):
    """`a` and `x`, a row per offer, less the mean of its menu: only differences choose."""
    known = pd.DataFrame(map(json.loads, offers["recipe_id"].map(attributes).fillna("{}")),
                         columns=["protein", "cuisine", "cook_min", "diet_tags"])  # fmt: skip
    a = pd.DataFrame({"plant": known["diet_tags"].astype(str).str.contains("vegetarian") * 1.0})
    a["minutes"] = known["cook_min"].fillna(30.0) / 30.0
    rivals = known.groupby([offers["menu_week"].to_numpy(), "protein"])["protein"].transform("size")
    a["rivals"] = np.log(rivals.fillna(1.0))
    a = np.hstack([a, pd.get_dummies(known[["protein", "cuisine"]].astype(str))]).astype(float)
    x = np.hstack([a, pd.get_dummies(offers["recipe_id"])])
    x -= weeks.T @ (weeks @ x / weeks.sum(axis=1, keepdims=True))
    return x[:, : a.shape[1]], x


def chosen(utility, weeks):
    """(offers,) P(recipe | kit) on the offer's menu; `weeks` is (weeks, offers) of 0 and 1."""
    weight = np.exp(utility - utility.max())
    return weight / (weeks.T @ (weeks @ weight))


def fit(x, counts, offset, weeks, steps=12):
    """Coefficients of a logit beside a known part of the utility, and their covariance."""
    beta, prior, total = np.zeros(x.shape[1]), np.eye(x.shape[1]) / PRIOR_SD**2, weeks @ counts
    for _ in range(steps):
        p = chosen(offset + x @ beta, weeks)
        mean, expected = weeks @ (p[:, None] * x), (weeks.T @ total) * p
        curve = x.T @ (expected[:, None] * x) - mean.T @ (total[:, None] * mean) + prior
        step = np.linalg.solve(curve, x.T @ (counts - expected) - prior @ beta)
        beta += step / max(1.0, np.abs(x @ step).max())  # no utility moves more than 1 at once
    return beta, np.linalg.inv(curve)


def taste_classes(a, counts, offset, weeks, rounds=8):
    """Share, coefficients and their covariance of each class."""
    found = [(1 / len(START), start * np.eye(a.shape[1])[0], None) for start in START]
    for _ in range(rounds):
        joint = np.array([share * chosen(offset + a @ own, weeks) for share, own, _ in found])
        mine, total = joint / joint.sum(axis=0) * counts, counts.sum() + len(START)
        found = [((n.sum() + 1.0) / total, *fit(a, n, offset, weeks, steps=4)) for n in mine]
    return found
