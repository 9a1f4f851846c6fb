"""The files in deploy/ parse; every command, module, variable and file they name exists."""

import importlib.util
import re
import shlex
import tomllib
from itertools import pairwise
from pathlib import Path

import click
import pytest
import yaml

from sitecast.cli import main
from sitecast.deployment import Deployment
from sitecast.settings import load_plan_file
from sitecast_dagster.instance_settings import instance_settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
KUBERNETES = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))
PODS = {item["metadata"]["name"]: item["spec"]["template"]["spec"]
        for item in KUBERNETES if item["kind"] == "Deployment"}  # fmt: skip
OURS = {name: service for name, service in COMPOSE["services"].items() if "build" in service}
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NOT_OURS = {"POSTGRES_PASSWORD", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
            "AWS_DEFAULT_REGION", "DAGSTER_HOME", "PYTHONUNBUFFERED"}  # fmt: skip


def example() -> dict[str, str]:
    lines = (DEPLOY / "example.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def commands() -> dict[str, list[str]]:
    """Every command of a part of ours, split as a shell splits it."""
    found = {f"compose {name}": shlex.split(service["command"]) for name, service in OURS.items()}
    for name, pod in PODS.items():
        (container,) = pod["containers"]
        found[f"kubernetes {name}"] = container["command"]
    return {name: shlex.split(" ".join(words[2:]).replace("exec ", ""))
            if words[:2] == ["sh", "-c"] else words for name, words in found.items()}  # fmt: skip


@pytest.mark.parametrize("name", commands())
def test_every_command_and_module_exists(name: str) -> None:
    words = commands()[name]
    modules = [after for word, after in pairwise(words) if word == "-m"]
    assert modules
    assert all(importlib.util.find_spec(module) is not None for module in modules)
    if words[0] == "sitecast":
        assert isinstance(main, click.Group)
        assert words[1] in main.commands


def test_both_ways_run_the_same_parts() -> None:
    compose = {words[words.index("-m") + 1] for n, words in commands().items() if "compose" in n}
    pods = {words[words.index("-m") + 1] for n, words in commands().items() if "compose" not in n}
    assert compose == pods
    assert {f"sitecast-{name}" for name in OURS} == set(PODS)


def test_every_variable_is_a_setting() -> None:
    settings = {f"SITECAST_{name.upper()}" for name in Deployment.model_fields}
    (config,) = [item for item in KUBERNETES if item["kind"] == "ConfigMap"]
    named = {*example(), *config["data"], *re.findall(r"\b(\w+)=", DOCKERFILE.partition("ENV")[2])}
    for service in OURS.values():
        named |= set(service["environment"])
    assert named - settings == NOT_OURS


def test_the_example_is_a_deployment_whose_workers_share_all_they_need() -> None:
    given = {name.removeprefix("SITECAST_").lower(): value for name, value in example().items()}
    text = instance_settings(Deployment(**given))  # type: ignore[arg-type]
    assert "WorkerRunLauncher" in text
    assert "change-me" not in text
    assert given["store_url"].startswith("s3://")


def test_the_image_is_the_one_that_is_built() -> None:
    tag = f"sitecast:{PROJECT['version']}"
    assert {service["image"] for service in OURS.values()} == {tag}
    assert f"-t {tag} " in DOCKERFILE
    (image,) = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())["images"]
    assert f"{image['newName']}:{image['newTag']}" == tag
    assert {c["image"] for pod in PODS.values() for c in pod["containers"]} == {image["name"]}
    for line in re.findall(r"^COPY (.*) \S+$", DOCKERFILE, flags=re.M):
        assert [path for path in line.split() if not (ROOT / path).exists()] == []
    (extras,) = re.findall(r'"\.\[(.*)\]"', DOCKERFILE)
    assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])
    assert re.search(r"FROM python:3\.(11|12|13)-", DOCKERFILE)


def test_what_is_mounted_is_there_and_where_the_image_looks_for_it() -> None:
    assert load_plan_file(DEPLOY / "plan.yaml").source == "database"
    kustomize = yaml.safe_load((DEPLOY / "kustomization.yaml").read_text())
    files = [name for made in kustomize["configMapGenerator"] for name in made["files"]]
    assert [
        name for name in [*kustomize["resources"], *files] if not (DEPLOY / name).exists()
    ] == []
    assert "SITECAST_PLAN_FILE=/etc/sitecast/plan.yaml" in DOCKERFILE
    for service in OURS.values():
        assert service["volumes"] == ["./plan.yaml:/etc/sitecast/plan.yaml:ro"]
    for pod in PODS.values():
        mounts = {
            mount["name"]: mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"]
        }
        assert mounts == {"home": "/var/lib/sitecast", "plan": "/etc/sitecast"}
        assert pod["securityContext"]["runAsNonRoot"]


def test_a_worker_is_given_time_to_end_its_week() -> None:
    allowed = yaml.safe_load(instance_settings(Deployment()))["run_monitoring"][
        "max_runtime_seconds"
    ]
    assert PODS["sitecast-worker"]["terminationGracePeriodSeconds"] >= allowed
    assert OURS["worker"]["stop_grace_period"] == f"{allowed // 3600}h"


def test_the_ui_is_reached_from_its_own_machine_only() -> None:
    assert OURS["ui"]["ports"] == ["127.0.0.1:3000:3000"]
    assert [item for item in KUBERNETES if item["kind"] in ("Service", "Ingress")] == []
