"""The command line: a thin shell over the library, one file per command group."""

import sys

import click

from sitecast import __version__
from sitecast.cli.backtest import backtest, calibrate
from sitecast.cli.data import check_data, import_data
from sitecast.cli.doctor import doctor, settle
from sitecast.cli.downstream import feed, recall
from sitecast.cli.results import compare, evaluate, show
from sitecast.cli.run import demo, init, plan, publish, run
from sitecast.errors import SitecastError, memory_told


class _Group(click.Group):
    """Shows a SitecastError as its message, never as a traceback; exit code 2."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            with memory_told():
                return super().invoke(ctx)
        except SitecastError as error:
            click.echo(f"sitecast: {error}", err=True)
            sys.exit(2)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="sitecast")
def main() -> None:
    """Forecast how much of each ingredient each factory needs, menu week by menu week.

    Exit codes: 0 done; 1 some weeks failed or data is wrong; 2 wrong settings or input.
    """


for command in (
    demo, init, plan, run, publish, recall, feed, check_data, import_data, show, compare, evaluate,
    backtest, calibrate, doctor, settle,
):  # fmt: skip
    main.add_command(command)
