"""What is wrong with an installation, and what to do about it. Reads only, unless asked to tidy."""

from sitecast.doctor.examine import Doctor, examine
from sitecast.doctor.findings import Finding, Findings
from sitecast.doctor.leftovers import remove_leftovers

__all__ = ["Doctor", "Finding", "Findings", "examine", "remove_leftovers"]
