"""Commands that the output suggests, which a person copies into a shell."""

import re
import shlex

from shared.text import is_visible

SUGGESTED_COMMAND = re.compile(
    r"\bpixfleet (?:(?:dlq|backfill) [a-z]+|recipes explain|"
    r"(?:console|doctor|drill|logs|plan|purge|rejected|restore|show|sign|status|sync|urls|verify|wait|why)\b)"
)
# A command of AWS's own command line, which takes its general options after the operation:
# https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-commandstructure.html
_AWS_COMMAND = r"\baws (?!sso )[a-z0-9]+ [a-z0-9-]+"
# Text in quotes may be a key that contains the name of a command. An apostrophe inside
# of a word begins no quotation.
_QUOTATION = re.compile(r"""(?<!\w)(?:\$'(?:\\.|[^'\\])*'|'[^']*'|"(?:\\.|[^"\\])*")""")
_COMMAND_OR_QUOTATION = re.compile(
    f"(?P<quotation>{_QUOTATION.pattern})|(?P<aws>{_AWS_COMMAND})|{SUGGESTED_COMMAND.pattern}"
)


def suggest(command: str, *arguments: str, **options: str) -> str:
    """Return a command line that a person may copy, whatever its arguments contain.

    `command` is our own text, such as `dlq redrive`; arguments and values of options may be from
    outside. An argument that begins with `-` would be read as an option, so `--` comes first.
    """
    named = [f"--{name.replace('_', '-')} {shell_word(value)}" for name, value in options.items()]
    end = ["--"] if any(each.startswith("-") for each in arguments) else []
    return " ".join(("pixfleet", command, *named, *end, *map(shell_word, arguments)))


def shell_word(text: str) -> str:
    """Return text as one word for bash, zsh and ksh, in visible characters only.

    Text with other characters becomes `$'…'`, in which they are escape sequences of its UTF-8.
    https://www.gnu.org/software/bash/manual/html_node/ANSI_002dC-Quoting.html
    """
    if is_visible(text):
        return shlex.quote(text)
    return f"$'{''.join(map(_ansi_c, text))}'"


def with_options(text: str, options: str, *, aws: str = "") -> str:
    """Return the text with `options` after each command of ours, and `aws` after each of AWS's."""

    def add(found: re.Match[str]) -> str:
        added = "" if found["quotation"] else aws if found["aws"] else options
        return f"{found[0]} {added}" if added else found[0]

    return _COMMAND_OR_QUOTATION.sub(add, text) if options or aws else text


def _ansi_c(char: str) -> str:
    if char in "\\'":
        return f"\\{char}"
    if is_visible(char):
        return char
    # An argument of this process that is not UTF-8 has surrogates for its bytes (PEP 383).
    encoded = char.encode(errors="surrogateescape" if "\udc80" <= char <= "\udcff" else "replace")
    # Octal, since a hexadecimal sequence may swallow the characters after it in some shells.
    return "".join(f"\\{byte:03o}" for byte in encoded)
