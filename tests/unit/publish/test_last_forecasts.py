"""Which published forecasts a later plan finds to stay close to."""

import datetime as dt

from publish_world import NOW, UI_URL, WEEKS, World

from sitecast.publish import publish_plan
from sitecast.records.plan import PublishedForecast


def publish(world, plan, now=NOW, scale=1.0):
    versions = {week: world.store_week(week, plan, scale) for week in WEEKS}
    publish_plan(plan, world.weeks, world.ledger, world.folder, UI_URL, now)
    return {week: PublishedForecast(plan.plan_id, version) for week, version in versions.items()}


def test_the_last_publication_of_plans_that_knew_less(tmp_path):
    world = World(tmp_path)
    newer = world.make_plan("ba9876543210", hours=24)
    assert world.ledger.forecasts_before(newer.as_of) == {}
    first = publish(world, world.plan)
    again = publish(world, world.plan, NOW + dt.timedelta(minutes=1), scale=2.0)
    assert first != again
    assert world.ledger.forecasts_before(newer.as_of) == again
    assert world.ledger.forecasts_before(world.plan.as_of) == {}
    latest = publish(world, newer, NOW + dt.timedelta(hours=1))
    assert world.ledger.forecasts_before(newer.as_of) == again
    assert world.ledger.forecasts_before(newer.as_of + dt.timedelta(seconds=1)) == latest
