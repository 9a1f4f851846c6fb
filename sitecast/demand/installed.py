"""Models by name: a plan file selects what is installed, and can never bring code of its own.

A package brings a model as an entry point of the groups below. What is built in is a table here,
so that it is found in a checkout that nobody installed.
"""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import Any, Literal

from sitecast.demand.combined_volumes import CombinedVolumes
from sitecast.demand.fading_shares import FadingShares
from sitecast.demand.shares import ShrunkShares
from sitecast.demand.volumes import MovingMeanVolumes
from sitecast.errors import SettingsError
from sitecast.records.plan import ForecastPlan
from sitecast.settings import ModelSettings

Kind = Literal["volumes", "choice"]
GROUPS: Mapping[Kind, str] = {
    "volumes": "sitecast.volume_models", "choice": "sitecast.choice_models",
}  # fmt: skip
BUILT_IN: Mapping[Kind, Mapping[str, Callable[[], Any]]] = {
    "volumes": {"combination": CombinedVolumes, "moving_mean": MovingMeanVolumes},
    "choice": {"fading_shares": FadingShares, "shrunk_shares": ShrunkShares},
}  # fmt: skip
_METHOD: Mapping[Kind, str] = {"volumes": "boxes", "choice": "choices"}
_HOW_TO = "docs/how-to/swap-a-model.md"


@dataclass(frozen=True)
class InstalledModel:
    """A model that a plan may name."""

    kind: Kind
    name: str
    origin: str
    """The package that brings it, with its version."""
    load: Callable[[], Any]
    """Imports it, and returns the class."""

    @property
    def label(self) -> str:
        """Name and version: what a plan's fingerprint and its errors call the model."""
        return f"{self.name} ({self.origin})"

    def make(self) -> Any:
        """A fresh VolumeModel or ChoiceModel.

        Raises:
            SettingsError: the package cannot be loaded, or brings something else.
        """
        method = _METHOD[self.kind]
        try:
            model = self.load()()
        except Exception as error:
            raise self._unusable(f"{type(error).__name__}: {error}") from error
        if not callable(getattr(model, method, None)):
            raise self._unusable(f"{type(model).__name__} has no method {method}()")
        return model

    def _unusable(self, reason: str) -> SettingsError:
        return SettingsError(
            f"the {self.kind} model {self.label} cannot be used: {reason}",
            {"setting": f"models.{self.kind}"},
            f"correct or install its package again ({_HOW_TO}), or name another model",
        )


def model_labels(settings: ModelSettings) -> dict[str, str]:
    """Name and version of each model a plan file selects, by kind; each proved to load.

    Raises:
        SettingsError: a name that no package brings, or two do; a model that cannot be loaded.
    """
    chosen = [find_model(kind, getattr(settings, kind)) for kind in GROUPS]
    for model in chosen:
        model.make()
    return {model.kind: model.label for model in chosen}


def planned_model(kind: Kind, plan: ForecastPlan) -> InstalledModel:
    """The model that a plan was made with.

    Raises:
        SettingsError: as model_labels(); or another version is installed by now.
    """
    model = find_model(kind, getattr(plan.settings.models, kind))
    planned = plan.models.get(kind, model.label)
    if planned != model.label:
        raise SettingsError(
            f"the plan was made with the {kind} model {planned}, but {model.label} is installed",
            {"plan_id": plan.plan_id},
            "make a new plan (`sitecast plan`), or install the plan's version again",
        )
    return model


def find_model(kind: Kind, name: str) -> InstalledModel:
    """The one installed model of this name."""
    known = installed(kind)
    named = [model for model in known if model.name == name]
    if len(named) == 1:
        return named[0]
    place = {"setting": f"models.{kind}"}
    if named:
        origins = " and ".join(model.origin for model in named)
        raise SettingsError(f"two models are named {name!r}: of {origins}", place,
                            "uninstall one of the packages")  # fmt: skip
    near = difflib.get_close_matches(name, [model.name for model in known], n=3, cutoff=0.0)
    raise SettingsError(f"no {kind} model named {name!r} is installed", place,
                        f"the nearest installed: {', '.join(near)}; install the package that "
                        f"brings {name!r}, or name another ({_HOW_TO})")  # fmt: skip


def installed(kind: Kind) -> list[InstalledModel]:
    """Every model of a kind that a plan may name."""
    ours = [
        InstalledModel(kind, name, "built in", partial(BUILT_IN[kind].__getitem__, name))
        for name in BUILT_IN[kind]
    ]
    theirs = [
        InstalledModel(kind, entry.name, f"{entry.dist.name} {entry.dist.version}", entry.load)
        for entry in entry_points(group=GROUPS[kind])
        if entry.dist is not None
    ]
    return ours + theirs
