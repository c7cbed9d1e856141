"""The prefix of a drill in the sources bucket, and everything that the worker made of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from json import loads
from typing import Any

from botocore.exceptions import ClientError

from scripts.pixfleet.drill.own_dead_letters import OwnDeadLetters
from scripts.pixfleet.drill.samples import Sample
from scripts.pixfleet.stack.access import is_denied
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.terminal.text import quoted
from shared.clock import Clock
from shared.cloud.ledger import Ledger
from shared.cloud.queues import Queues
from shared.model.entry import Entry
from shared.model.errors import Misconfigured
from shared.model.keys import manifest_key, stored_key, variant_key
from shared.model.recipe import RecipeSet


@dataclass
class Site:
    """The keys under the prefix of one drill, in S3, the ledger and the dead-letter queue."""

    stack: Stack
    clients: AwsClients
    clock: Clock
    prefix: str
    recipes: RecipeSet
    # `None` while it is not known whether S3 has stored the file.
    _versions: dict[str, str | None] = field(default_factory=dict)
    _ledger: Ledger = field(init=False)
    dead_letters: OwnDeadLetters = field(init=False)

    def __post_init__(self) -> None:
        self._ledger = Ledger(
            self.clients.dynamodb, self.clients.calls, self.stack.ledger_table, self.clock
        )
        queues = Queues(self.clients.sqs, self.clients.calls)
        self.dead_letters = OwnDeadLetters(
            queues, self.stack.dead_letter_queue, self.prefix, self.clock
        )

    def key(self, sample: Sample) -> str:
        """Return the key under which a file is uploaded."""
        return f"{self.prefix}{sample.name}"

    def refuse_ignored(self, samples: Sequence[Sample]) -> None:
        """Raise `Misconfigured` if the worker would ignore a file: no recipe matches its key."""
        ignored = [
            self.key(sample)
            for sample in samples
            if self.recipes.matching(self.key(sample)) is None
        ]
        if ignored:
            raise Misconfigured(
                "The stack's recipes leave out the files of a drill",
                [
                    f"{quoted(key)}: expected a recipe that matches it, got none: name another "
                    "prefix (--prefix), or add a recipe"
                    for key in ignored
                ],
            )

    def upload(self, sample: Sample) -> None:
        """Put a file into the sources bucket."""
        key = self.key(sample)
        # Before the call: if it is interrupted, S3 may have stored the file all the same.
        self._versions[key] = None
        answer = self.clients.s3.put_object(
            Bucket=self.stack.sources_bucket, Key=key, Body=sample.data
        )
        self._versions[key] = answer.get("VersionId", "")

    def entry(self, sample: Sample) -> Entry:
        """Return the ledger entry of a file."""
        return self._ledger.read(self.key(sample))

    def expected(self, sample: Sample) -> set[str]:
        """Return the keys of the objects that must be stored for a good file at upload.

        A renderer makes lazy files and copies at the first request.
        """
        key, entry = self.key(sample), self.entry(sample)
        recipe = self.recipes.matching(key)
        if recipe is None:
            return {manifest_key(key)}
        names = recipe.stored_names() if entry.is_all_eager else recipe.eager_names()
        stored = [name for name in names if f"{name[0]}.{name[1]}" not in entry.equal]
        return {manifest_key(key), *(variant_key(key, *name) for name in stored)}

    def stored(self, sample: Sample) -> set[str]:
        """Return the keys of the objects that are stored for a file."""
        answer = self.clients.s3.list_objects_v2(
            Bucket=self.stack.variants_bucket, Prefix=stored_key(self.key(sample), "")
        )
        return {each["Key"] for each in answer.get("Contents", [])}

    def manifest(self, sample: Sample) -> Any:  # noqa: ANN401 - JSON
        """Return the manifest of a published file."""
        with self.clients.s3.get_object(
            Bucket=self.stack.variants_bucket, Key=manifest_key(self.key(sample))
        )["Body"] as body:
            return loads(body.read())

    def remove_sources(self) -> bool:
        """Delete the files that were uploaded and return whether no version of them is left.

        Without `s3:DeleteObjectVersion` a delete marker hides them, and their versions stay. A
        file that is deleted is forgotten, so that the call may be repeated after an error.
        """
        is_gone = True
        for key in list(self._versions):
            is_gone = self._remove(key) and is_gone
            del self._versions[key]
        return is_gone

    def _remove(self, key: str) -> bool:
        s3, bucket = self.clients.s3, self.stack.sources_bucket
        version = self._versions[key]
        versions = self._listed_versions(key) if version is None else [version]
        try:
            for each in filter(None, versions):
                s3.delete_object(Bucket=bucket, Key=key, VersionId=each)
        except ClientError as refused:
            if not is_denied(refused):
                raise
        else:
            # A delete marker for a file that S3 never stored would be left behind.
            if all(versions):
                return True
        s3.delete_object(Bucket=bucket, Key=key)
        return not any(versions)

    def _listed_versions(self, key: str) -> list[str]:
        """Return the versions of a key; one of an unknown id if they may not be listed."""
        bucket = self.stack.sources_bucket
        try:
            found = self.clients.s3.list_object_versions(Bucket=bucket, Prefix=key)
        except ClientError as refused:
            if not is_denied(refused):
                raise
            return [""]
        return [each["VersionId"] for each in found.get("Versions", []) if each["Key"] == key]
