"""What needs a planner's eye in a published plan, the most urgent first."""

from sitecast.records.contract import TableContract, count, day, json_text, text

CAP_LIKELY_BROKEN, UNALLOCATED_BOXES, MISSING_BOM, SHARE_OUTSIDE_INTERVAL, OVER_MOQ = RULES = (
    "cap_likely_broken", "unallocated_boxes", "missing_bom", "share_outside_interval",
    "over_moq_or_shelf_life",
)  # fmt: skip
SEVERITIES = ("high", "medium", "low")

EXCEPTIONS = TableContract(
    "exceptions",
    "What needs a planner's eye: rules with thresholds in the plan file (settings exceptions), "
    "ranked by money at risk and by how soon somebody must act. Several may tell of the same "
    "boxes or goods: their money does not add up.",
    ("rank",),
    (
        count("rank", "place in the list, 1 first", minimum=1),
        text("rule", "the rule's name", values=RULES),
        text("severity", "by money at risk, less the more days there are to act",
             values=SEVERITIES),
        count("value_at_risk", "money at risk; how it is valued is told for each rule in "
              "docs/how-to/read-exceptions.md", "minor units"),
        day("order_by", "next last day to order what it is about; empty where it is not about "
            "an order", nullable=True),
        text("menu_week", "menu week, the first one where there are several"),
        json_text("keys", "its rows: the table's name, and the values of columns that select "
                  "them, as a JSON object"),
        text("message", "what is wrong, in one sentence"),
    ),
)  # fmt: skip
