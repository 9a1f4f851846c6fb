import importlib.util
import sys
import types
from typing import Any

NAME = "sitecast.publish.charts"
if NAME not in sys.modules and importlib.util.find_spec(NAME) is None:
    charts: Any = types.ModuleType("sitecast.publish.charts")
    charts.site_load_svg = lambda load, width, height: (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}">'
        f'<rect x="10" y="40" width="{width - 20}" height="{height - 60}" fill="#9cb"/></svg>'
    )
    charts.sparkline_svg = lambda values: "<svg/>"
    charts.to_png = lambda svg, scale=1: __import__("vl_convert").svg_to_png(svg, scale)
    sys.modules["sitecast.publish.charts"] = charts
