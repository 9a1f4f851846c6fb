"""The order simulator."""

from sitecast.simulate.choice_weights import infeasible_shares
from sitecast.simulate.draw_boxes import boxes_of_draw, placed_boxes
from sitecast.simulate.simulate_orders import simulate_orders

__all__ = ["boxes_of_draw", "infeasible_shares", "placed_boxes", "simulate_orders"]
