"""The alert rules, by Prometheus' own tool and in its own form of test: deploy/prometheus/alerts_test.yml."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from realprometheus import PROMTOOL

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "deploy" / "prometheus"


def promtool(*arguments: str) -> str:
    """Run it in the folder of the rules; return what it says if it disagrees."""
    done = subprocess.run([PROMTOOL, *arguments], capture_output=True, text=True, cwd=PROMETHEUS)
    return done.stdout + done.stderr if done.returncode else ""


def test_the_rules_are_rules() -> None:
    """Expressions and templates parse."""
    assert promtool("check", "rules", "alerts.yml") == ""


def test_the_configuration_is_one() -> None:
    """It names rules that are there."""
    assert promtool("check", "config", "prometheus.yml") == ""


def test_each_alert_fires_when_it_should() -> None:
    """And keeps still when it should, and says what to run next."""
    assert promtool("test", "rules", "alerts_test.yml") == ""


def test_no_alert_is_without_a_test() -> None:
    """Of each there is a moment at which it fires."""
    rules = [rule for group in read("alerts.yml")["groups"] for rule in group["rules"]]
    cases = [case for test in read("alerts_test.yml")["tests"] for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == {rule["alert"] for rule in rules}


def read(name: str) -> Any:
    """Return what is in a file of YAML."""
    return yaml.safe_load((PROMETHEUS / name).read_text())


def test_the_commands_of_the_how_to_succeed() -> None:
    """As they stand there, from the top of a clone."""
    page = (ROOT / "docs" / "how-to" / "alerts-and-dashboard.md").read_text()
    commands = re.findall(r"^promtool .*$", page, re.MULTILINE)
    assert commands
    for command in commands:
        assert subprocess.run(shlex.split(command), cwd=ROOT, stdout=subprocess.DEVNULL).returncode == 0, command
