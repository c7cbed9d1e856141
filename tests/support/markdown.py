"""Headings, anchors and links of Markdown pages."""

import re

FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
LINK = re.compile(r"\]\(([^()\s]+(?:\([^()\s]*\)[^()\s]*)*)\)")


def anchors(text: str) -> set[str]:
    """Return a page's anchors, which GitHub makes from its headings."""
    titles = HEADING.findall(FENCED.sub("", text))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


def links(text: str) -> list[str]:
    """Return the targets of a page's links and pictures, without those in fenced code."""
    return LINK.findall(FENCED.sub("", text))
