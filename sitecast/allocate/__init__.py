"""Boxes to sites under caps, eligibility and serviceability, exactly and in every draw."""

from sitecast.allocate.allocate_orders import allocate_orders

__all__ = ["allocate_orders"]
