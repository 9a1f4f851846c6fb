from sitecast.publish import PlanVersion, plans_due, run_key

PLANS = {"a": ("w1", "w2"), "b": ("w2",)}


def test_complete_unpublished_plans_are_due() -> None:
    made = {"a": {"w1": "1", "w2": "2", "w9": "other week"}, "b": {"w2": "3"}}
    due = plans_due(PLANS, made, [PlanVersion("b", {"w2": "3"})])
    assert due == [PlanVersion("a", {"w1": "1", "w2": "2"})]


def test_plan_with_a_missing_or_deleted_week_is_not_due() -> None:
    assert plans_due(PLANS, {"a": {"w1": "1"}}, []) == []
    assert plans_due(PLANS, {"a": {"w1": "1", "w2": None}}, []) == []
    assert plans_due({"empty": ()}, {}, []) == []


def test_week_made_again_makes_the_plan_due_again() -> None:
    published = [PlanVersion("b", {"w2": "3"})]
    assert plans_due(PLANS, {"b": {"w2": "4"}}, published) == [PlanVersion("b", {"w2": "4"})]


def test_run_key_changes_with_every_failed_attempt() -> None:
    version = PlanVersion("b", {"w2": "3"})
    assert run_key(version, 0) == run_key(PlanVersion("b", {"w2": "3"}), 0)
    assert len({run_key(version, failed) for failed in range(5)}) == 5
