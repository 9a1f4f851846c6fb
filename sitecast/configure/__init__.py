"""The configurator: which weeks are planned, and the frozen plan."""

from sitecast.configure.make_plan import make_plan, plan_weeks

__all__ = ["make_plan", "plan_weeks"]
