"""The embedded demo company: invented, seeded, and written as the tables a real one would bring."""

from sitecast.extract.demo.write import write_demo_company

__all__ = ["write_demo_company"]
