"""Sensors: each a pure decision with a thin shell around it."""

from sitecast_dagster.sensors.accuracy import accuracy
from sitecast_dagster.sensors.alerts import alerts
from sitecast_dagster.sensors.deliver import deliver
from sitecast_dagster.sensors.new_weeks import new_weeks
from sitecast_dagster.sensors.plan_late import plan_late
from sitecast_dagster.sensors.publish import publish

SENSORS = [new_weeks, publish, deliver, alerts, plan_late, accuracy]

__all__ = ["SENSORS", "accuracy", "alerts", "deliver", "new_weeks", "plan_late", "publish"]
