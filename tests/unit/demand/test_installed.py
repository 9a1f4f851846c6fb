import dataclasses

import pytest
from installing import write_metadata
from worlds import small_plan, small_week

from sitecast.demand import forecast_demand, model_labels
from sitecast.demand.installed import find_model, installed, planned_model
from sitecast.errors import SettingsError
from sitecast.settings import ModelSettings, plan_settings

CHOICE, VOLUMES = "sitecast.choice_models", "sitecast.volume_models"
MODULE = """
from sitecast.demand import ShrunkShares
class Logit(ShrunkShares): pass
class Breaks:
    def __init__(self): raise RuntimeError("no licence")
class Idle: pass
"""


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Install a package of the module above; entries are those of its metadata."""
    (tmp_path / "logits_of_tests.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)

    def install(name="logits", version="1.2", group=CHOICE, **entries):
        targets = {entry: f"logits_of_tests:{made}" for entry, made in entries.items()}
        write_metadata(tmp_path, name, version, {group: targets})

    return install


def test_the_built_in_models_are_the_default():
    told = {"volumes": "combination (built in)", "choice": "fading_shares (built in)"}
    assert model_labels(ModelSettings()) == told
    assert model_labels(plan_settings({}).models) == told


def test_an_installed_package_brings_a_model_with_its_version(packages):
    packages(logit="Logit")
    labels = model_labels(ModelSettings(choice="logit"))
    assert labels["choice"] == "logit (logits 1.2)"
    plan = dataclasses.replace(small_plan(models={"choice": "logit"}), models=labels)
    assert type(planned_model("choice", plan).make()).__name__ == "Logit"
    assert len(forecast_demand(small_week(), plan).choices.utilities) == 12


def test_an_unknown_name_lists_the_nearest(packages):
    packages(logit="Logit", other="Logit")
    with pytest.raises(SettingsError, match="no choice model named 'logti'") as caught:
        model_labels(ModelSettings(choice="logti"))
    assert "nearest installed: logit, " in caught.value.remedy
    assert "install the package" in caught.value.remedy
    assert caught.value.where == {"setting": "models.choice"}


@pytest.mark.parametrize("text", ["os:system", "logits_of_tests:Logit", "logits_of_tests.Logit"])
def test_a_plan_file_cannot_point_at_code(packages, text):
    packages(logit="Logit")
    with pytest.raises(SettingsError, match="is installed"):
        model_labels(ModelSettings(choice=text))


def test_a_choice_model_is_not_offered_for_volumes(packages):
    packages(logit="Logit")
    assert [m.name for m in installed("volumes")] == ["combination", "moving_mean"]
    with pytest.raises(SettingsError, match="no volumes model named 'logit'"):
        model_labels(ModelSettings(volumes="logit"))


def test_nobody_can_take_the_name_of_a_built_in_model(packages):
    packages(shrunk_shares="Logit")
    with pytest.raises(SettingsError, match=r"of built in and logits 1\.2"):
        find_model("choice", "shrunk_shares")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("Breaks", "RuntimeError: no licence"),
        ("Idle", r"Idle has no method choices\(\)"),
        ("Gone", "AttributeError"),
    ],
)
def test_a_package_that_does_not_load_is_named(packages, target, reason):
    packages(mine=target)
    with pytest.raises(SettingsError, match=rf"mine \(logits 1.2\) cannot be used: .*{reason}"):
        model_labels(ModelSettings(choice="mine"))


def test_volumes_come_through_the_same_door(packages):
    packages(group=VOLUMES, idle="Idle")
    with pytest.raises(SettingsError, match=r"Idle has no method boxes\(\)"):
        model_labels(ModelSettings(volumes="idle"))


def test_a_plan_is_never_continued_with_another_version(packages):
    packages(version="1.3", logit="Logit")
    made = small_plan(models={"choice": "logit"})
    plan = dataclasses.replace(made, models={"choice": "logit (logits 1.2)"})
    with pytest.raises(SettingsError, match=r"\(logits 1.2\), but logit \(logits 1.3\) is") as told:
        forecast_demand(small_week(), plan)
    assert "make a new plan" in told.value.remedy
