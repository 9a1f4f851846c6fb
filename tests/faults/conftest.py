"""The small company of tests/orchestration, for the fault tests."""

from orchestration.conftest import company, stage

__all__ = ["company", "stage"]
