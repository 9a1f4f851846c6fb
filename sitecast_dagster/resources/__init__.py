"""Resources: settings only; they open library objects."""

from sitecast_dagster.resources.installation import InstallationResource

__all__ = ["InstallationResource"]
