"""`lgsp`: every command, in the order in which a newcomer meets them."""

from __future__ import annotations

import click

import lgsp.cli.deciding  # noqa: F401  commands of groups that stand below
from lgsp import __version__
from lgsp.cli.access import consumer, grant
from lgsp.cli.alert import alert
from lgsp.cli.audit import audit
from lgsp.cli.backup import backup
from lgsp.cli.call import call
from lgsp.cli.certify import certify
from lgsp.cli.check import check
from lgsp.cli.compliance import compliance
from lgsp.cli.config import config
from lgsp.cli.conform import conform
from lgsp.cli.contract import contract
from lgsp.cli.doctor import doctor
from lgsp.cli.drill import drill
from lgsp.cli.exchanges import exchange
from lgsp.cli.halves import serve, sim
from lgsp.cli.import_ import import_
from lgsp.cli.inside import crash_points
from lgsp.cli.keys import keys
from lgsp.cli.maintenance import maintenance
from lgsp.cli.new import new
from lgsp.cli.observe import observe
from lgsp.cli.output import json_too
from lgsp.cli.reload import reload
from lgsp.cli.report import report
from lgsp.cli.shadow import shadow
from lgsp.cli.simulate import simulate
from lgsp.cli.stage import stage
from lgsp.cli.status import status
from lgsp.cli.store import store
from lgsp.cli.submissions import submission
from lgsp.cli.through import through
from lgsp.cli.up import up
from lgsp.cli.upstream import upstream
from lgsp.cli.user import user
from lgsp.cli.witness import witness


class _InOrder(click.Group):
    """click sorts commands by name; here they stand in the order of `main`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(self.commands)


@click.group(cls=_InOrder, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="lgsp")
def main() -> None:
    """The data bus of a province: one gateway in front of every ministry database.

    `lgsp up` starts the demonstration. Exit codes: 0 fine, 1 the check failed or the call was refused, 2 wrong usage,
    3 degraded.
    """


for command in (
    up, call, status, check, new, contract, conform, stage, maintenance, consumer, grant, submission, exchange,
    import_, observe, through, upstream, compliance, shadow, user, audit, keys, backup, store, report, alert, witness,
    simulate, drill, certify, config, doctor, serve, reload, sim, crash_points,
):  # fmt: skip
    main.add_command(command)

json_too(maintenance, consumer, grant, submission, exchange, upstream, compliance, user, alert)
json_too(*(audit.commands[each] for each in ("export", "payload", "retention", "hold")))
