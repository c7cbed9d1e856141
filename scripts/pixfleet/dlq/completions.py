"""The ids of redrives that a shell completes after TAB."""

import os

import typer
from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.dlq.records import Records
from scripts.pixfleet.options.completions import plain
from scripts.pixfleet.options.declared import typed_options
from scripts.pixfleet.options.target import find_target
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.discovery import StackName, find_stack
from shared.model.errors import PixfleetError


def redrive_ids(command: typer.Context, incomplete: str) -> list[str]:
    """Return the ids of the redrives that begin with the incomplete word, the newest first.

    The list is empty if AWS refuses: a message would land in the middle of the command line.
    """
    try:
        target = find_target(typed_options(command), os.environ)
        clients = AwsClients(target.endpoint_url, target.profile, target.region, is_impatient=True)
        stack = find_stack(StackName(target.stack), clients)
        ids = Records(clients.s3, stack.variants_bucket).ids()
        return sorted(plain(ids, incomplete), reverse=True)
    except (PixfleetError, ClientError, BotoCoreError, OSError):
        return []
