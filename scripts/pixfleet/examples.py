"""The examples at the end of each command's help page: the words after the command's name."""

from collections.abc import Mapping, Sequence

EXAMPLES: Mapping[str, Sequence[str]] = {
    "status": ("", "--watch --every 10", "--json --stack photos --region eu-west-1"),
    "doctor": ("", "--all --profile on-call"),
    "drill": ("--dry-run", "--prefix _drill/ --timeout 300"),
    "plan": ("recipes.yaml", "new.yaml --against recipes.yaml --images photos"),
    "why": ("cats/tabby.jpg", "'cats/été (1).jpg' --log 30d", "--json cats/tabby.jpg"),
    "rejected": ("--prefix cats/ --since 7d --csv > rejected.csv", "--cause truncated --json"),
    "show": ("cats/tabby.jpg", "cats/tabby.jpg --no-open --to page"),
    "urls": ("cats/tabby.jpg", "cats/tabby.jpg --sizes '(min-width: 900px) 50vw, 100vw'"),
    "sign": ("cats/tabby.jpg --key-id K2JCJMDEHXQW5F --private-key key.pem --expires 7d",),
    "sync": (
        "~/photos --prefix 2024/ --dry-run",
        "~/photos --prefix 2024/ --delete --max-deletions 50",
        "/archive/2009 --prefix bulk/2009/ --lane bulk --report left-out.jsonl",
    ),
    "verify": (
        "",
        "--prefix cats/ --repair --dry-run",
        "--rebuild-ledger --dry-run",
        "--report differences.jsonl --json",
    ),
    "purge": ("cats/tabby.jpg --dry-run", "--prefix cats/", "--all --yes"),
    "console": ("", "--act --stack photos", "--no-open --port 8080"),
    "recipes check": ("recipes.yaml",),
    "recipes explain": ("photos/cat.jpg", "photos/cat.jpg --file recipes.yaml --size 4032x3024"),
    "recipes schema": ("> recipes.schema.json",),
    "backfill upload": ("~/photos --prefix 2024/ --report left-out.jsonl", "~/photos --dry-run"),
    "backfill enqueue": ("--prefix 2024/ --dry-run", "--only stale --max-dollars 50"),
    "dlq groups": ("", "--json"),
    "dlq list": ("--cause truncated --since 2d --csv > truncated.csv", "--prefix cats/ --jsonl"),
    "dlq show": ("1f0c2d", "1f0c2d --no-thumbnail"),
    "dlq try": ("--cause truncated -n 10", "--prefix cats/"),
    "dlq redrive": ("--cause throttled --dry-run", "--cause throttled --rate 5 --yes"),
    "dlq status": ("", "20261130-030000-9f3a --watch"),
    "dlq delete": ("--cause not_an_image --dry-run", "--cause not_an_image --copy deleted.jsonl"),
    "context add": (
        "photos --stack photos --region eu-west-1 --profile on-call",
        "laptop --stack ./terraform --endpoint-url http://127.0.0.1:4566",
    ),
    "context use": ("photos", "--none"),
    "context list": ("", "--json"),
    "context remove": ("photos",),
    "completion": ("bash > ~/.local/share/bash-completion/completions/pixfleet", "zsh", "fish"),
}
