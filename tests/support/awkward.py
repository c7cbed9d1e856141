"""Keys that URL encoding or parsers between S3 and the worker often damage."""

from hypothesis import strategies as st

KEYS = {
    "space": "red flower.jpg",
    "plus": "a+b.jpg",
    "percent": "100%.jpg",
    "literal-percent-20": "a%20b.jpg",
    "e-acute": "café.jpg",
    "e-and-combining-acute": "cafe\u0301.jpg",
    "emoji": "🏔️.jpg",
    "hash": "a#b.jpg",
    "question-mark": "a?w=640.jpg",
    "ampersand": "a&b=c.jpg",
    "leading-slash": "/photos/cat.jpg",
    "double-slash": "photos//cat.jpg",
    "trailing-space": "cat.jpg ",
    "backslash": "a\\b.jpg",
    "quotes": "\"a\"'b'.jpg",
    "1024-bytes": "k" * 1020 + ".jpg",
    "1000-bytes-of-emoji": "🐈" * 249 + ".jpg",
}

# Any text in UTF-8, as S3 keys are: a lone surrogate is not UTF-8.
any_key = st.text(st.characters(codec="utf-8"), min_size=1)
