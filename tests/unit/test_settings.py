import datetime as dt

import pytest

from sitecast.errors import SettingsError
from sitecast.settings import PlanSettings, load_plan_file, plan_settings


def _load(tmp_path, text):
    path = tmp_path / "plan.yaml"
    path.write_text(text, encoding="utf-8")
    return load_plan_file(path)


def test_scalars_keep_the_text_that_was_written(tmp_path):
    text = "company: NO\nseed: 010\nsimulator: {recipe_caps: [{recipe_id: 12:30, max_kits: 5}]}\n"
    settings = _load(tmp_path, text)
    assert settings.company == "NO"
    assert settings.seed == 10
    assert settings.simulator.recipe_caps[0].recipe_id == "12:30"


def test_as_of_is_utc(tmp_path):
    settings = _load(tmp_path, "as_of: 2026-11-20T07:00:00+01:00\n")
    assert settings.as_of == dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC)
    assert _load(tmp_path, "as_of: 2026-11-20 06:00\n").as_of == settings.as_of


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "horizon_week: 6",
            "horizon_week: unknown setting, the nearest known one is horizon_weeks",
        ),
        ("simulator: {portion: [2]}", "nearest known one is portions"),
        ("horizon_weeks: many", "horizon_weeks: Input should be a valid integer"),
        ("draws: 0", "draws: Input should be greater than or equal to 1"),
        ("service_level: .nan", "service_level"),
        ("seed: 1\nseed: 2", "written twice: seed"),
        ("a: &x [1]\nb: *x", "aliases are not allowed"),
        ("- 1", "expected `name: value` lines"),
        ("!!python/object/apply:os.system [ls]", "cannot read the file"),
        ('publication: {recipients: ["a@x.org, b@y.org"]}', "not exactly one email address"),
        ('publication: {recipients: ["a@x.org@y.org"]}', "not exactly one email address"),
        ('publication: {recipients: ["a@x.org\\nBcc: b@y.org"]}', "not exactly one email address"),
        ("company: " + "x" * 1_000_001, "too large"),
        (f"allocation: {{move_cost: {10**30}}}", "move_cost: Input should be less than"),
        (
            "allocation: {cap_overrides: [{site_id: a, menu_week: 2026-W48, reason: x, "
            f"cap_boxes: {10**30}}}]}}",
            "cap_boxes: Input should be less than or equal to 9007199254740992",
        ),
        (
            f"simulator: {{recipe_caps: [{{recipe_id: r, max_kits: {10**30}}}]}}",
            "max_kits: Input should be less than",
        ),
    ],
)
def test_wrong_settings_are_named(tmp_path, text, message):
    with pytest.raises(SettingsError, match=message.replace("(", r"\(")):
        _load(tmp_path, text)


def test_a_missing_file_is_a_settings_error(tmp_path):
    with pytest.raises(SettingsError, match="cannot read the file"):
        load_plan_file(tmp_path / "absent.yaml")


def test_every_breach_is_listed_at_once():
    with pytest.raises(SettingsError, match=r"seed.*draws"):
        plan_settings({"draws": 0, "seed": -1})


def test_every_setting_is_documented():
    undocumented = [
        name for name, field in PlanSettings.model_fields.items() if not field.description
    ]
    assert undocumented == []
