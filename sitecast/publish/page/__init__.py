"""The page of a publication: one HTML file that needs no network."""

from sitecast.publish.page.render import render_page

__all__ = ["render_page"]
