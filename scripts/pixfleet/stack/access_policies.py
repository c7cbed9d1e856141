"""Which of a stack's three policies for people a command needs.

terraform/operator_policies.tf and uploader_policy.tf have their permissions; docs/access.md is the
page about them.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

# Options by which a command that looks begins to act.
ACTING_OPTIONS: Mapping[str, frozenset[str]] = {
    "verify": frozenset({"--repair", "--rebuild-ledger"})
}


class Policy(StrEnum):
    """An IAM policy for people; the value is the beginning of its Terraform output's name."""

    ON_CALL_READER = "on_call_reader"
    ON_CALL_REDRIVER = "on_call_redriver"  # allows what the reader's allows, and more
    UPLOADER = "uploader"


ACTING = frozenset(
    {"backfill enqueue", "dlq delete", "dlq redrive", "dlq triage", "drill", "purge"}
)
UPLOADING = frozenset({"backfill upload", "restore", "sync"})


def policy_for(command: str, options: Iterable[str] = ()) -> Policy:
    """Return the smallest policy that allows a command, such as `dlq groups`, with its options."""
    if command in UPLOADING:
        return Policy.UPLOADER
    acts = command in ACTING or ACTING_OPTIONS.get(command, frozenset()) & set(options)
    return Policy.ON_CALL_REDRIVER if acts else Policy.ON_CALL_READER


def policies_with(commands: Iterable[str]) -> Sequence[Policy]:
    """Return the policies that allow all that one of these commands needs only to look."""
    found = {policy_for(each) for each in commands}
    if Policy.ON_CALL_READER in found:
        found.add(Policy.ON_CALL_REDRIVER)
    return [each for each in Policy if each in found]
