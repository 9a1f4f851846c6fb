"""The small company of tests/orchestration, for the fault tests."""

from orchestration.conftest import company, kept, stage

__all__ = ["company", "kept", "stage"]
