"""Requests that cost an edge function most, up to CloudFront's limits on a request.

https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
"""

from collections.abc import Mapping

from tests.terraform.edge_model import EdgeRequest

URL_BYTES = 8_192
REQUEST_BYTES = 20_480
CHINESE = "%E4%B8%AD"
EMOJI = "%F0%9F%90%88"


def _path(piece: str, most: int = URL_BYTES) -> EdgeRequest:
    """Return a request whose path is this piece, repeated; `most` is in characters."""
    return EdgeRequest("/" + piece * ((most - 5) // len(piece)) + ".jpg")


def _accept(piece: str, most: int = REQUEST_BYTES) -> EdgeRequest:
    return EdgeRequest("/cat.jpg", {}, piece * (most // len(piece)))


def _hinted(value: str) -> EdgeRequest:
    """Return a request for `w=auto` with the same value in each hint."""
    names = ("sec-ch-width", "sec-ch-viewport-width", "sec-ch-dpr", "save-data")
    return EdgeRequest("/cat.jpg", {"w": ["auto"]}, "image/avif", dict.fromkeys(names, value))


# Keys that a source can have: at most 1,007 bytes, each of which is up to three characters here.
LONGEST_KEYS: Mapping[str, EdgeRequest] = {
    "ascii": _path("a", 1_000),
    "300 Chinese characters": EdgeRequest(f"/{CHINESE * 300}.jpg"),
    "300 Chinese characters, not encoded": EdgeRequest("/" + "\u4e2d" * 300 + ".jpg"),
    "emoji": EdgeRequest(f"/{EMOJI * 249}.jpg"),
    "990 quotes": _path("'", 995),
    "990 quotes, encoded": EdgeRequest("/" + "%27" * 990 + ".jpg"),
    "all characters that JavaScript leaves bare": _path("!'()*", 1_000),
    "each of these characters and slashes": EdgeRequest("/!'()*" + "/" * 980 + ".jpg"),
    "each of these characters and emoji": EdgeRequest(f"/!'()*{EMOJI * 248}.jpg"),
    "spaces": EdgeRequest("/" + "%20" * 990 + ".jpg"),
    "slashes": _path("/", 1_000),
    "slashes, encoded": EdgeRequest("/" + "%2F" * 990 + ".jpg"),
    "folders": _path("a/", 1_000),
    "dots": _path(".../", 1_000),
    "plus signs": _path("+", 1_000),
    "percent signs": EdgeRequest("/" + "%25" * 990 + ".jpg"),
    "quotes and Chinese characters": EdgeRequest("/" + f"'{CHINESE}/" * 200 + ".jpg"),
}
TOO_LONG_KEYS: Mapping[str, EdgeRequest] = {
    "ascii": _path("a"),
    "Chinese characters": _path(CHINESE),
    "Chinese characters, not encoded": _path("\u4e2d", URL_BYTES // 3),
    "quotes": _path("'"),
    "quotes, encoded": _path("%27"),
    "slashes": _path("/"),
    "folders": _path("a/"),
    "dots": _path("../"),
    "almost dots": _path(".../"),
    "control characters": _path("%00"),
    "malformed at the end": EdgeRequest("/" + "a" * 8_180 + "%zz"),
    "malformed": _path("%"),
    "no UTF-8": _path("%FF"),
    "no UTF-8 at the end": EdgeRequest("/" + CHINESE * 900 + "%FF"),
}
HEADERS: Mapping[str, EdgeRequest] = {
    "commas": _accept(","),
    "semicolons": _accept(";"),
    "spaces": _accept(" "),
    "tabs": _accept("\t"),
    "spaces in between": _accept("a "),
    "one range and spaces": EdgeRequest("/cat.jpg", {}, "image/avif" + " " * 20_000),
    "equal parameters": _accept(";q=0"),
    "invalid weights": _accept(",;q="),
    "ranges with parameters": _accept("image/x;v=1;q=0.5, "),
    "ranges with many parameters": _accept("image/avif" + ";v=1" * 100 + ";q=0.5,"),
    "a long weight": _accept("image/avif;q=0." + "5" * 5_000 + ","),
    "capitals beyond ASCII": _accept("\u0130"),
    "32 ranges": EdgeRequest("/cat.jpg", {}, ", ".join(f"image/x{n};q=0.5" for n in range(32))),
}
QUERIES: Mapping[str, EdgeRequest] = {
    "a long width": EdgeRequest("/cat.jpg", {"w": ["1" * 8_000]}),
    "a long ratio": EdgeRequest("/cat.jpg", {"w": ["1"], "dpr": ["1." + "1" * 8_000]}),
    "a long variant": EdgeRequest("/cat.jpg", {"variant": ["a" * 8_000]}),
    "a long version": EdgeRequest("/cat.jpg", {"v": ["0" * 8_000]}),
    "repeated": EdgeRequest("/cat.jpg", {"w": ["1"] * 2_000}),
    "many names": EdgeRequest("/cat.jpg", {f"k{n}": ["1"] for n in range(1_300)}),
}
HINTS: Mapping[str, EdgeRequest] = {
    "long numbers": _hinted("9" * 4_000),
    "long ratios": _hinted("1." + "1" * 4_000),
    "numbers and a newline": _hinted("1280\n"),
    "numbers and spaces": _hinted("1" + " " * 4_000),
    "commas": _hinted("," * 4_000),
}
OTHERS: Mapping[str, EdgeRequest] = {
    f"{kind}: {name}": request
    for kind, requests in (
        ("too long a key", TOO_LONG_KEYS),
        ("accept", HEADERS),
        ("query", QUERIES),
        ("hints", HINTS),
    )
    for name, request in requests.items()
}
# Not more than 20,480 bytes together.
COMBINED: Mapping[str, EdgeRequest] = {
    "all at once": EdgeRequest(
        LONGEST_KEYS["all characters that JavaScript leaves bare"].path,
        {"w": ["auto"], "v": ["0" * 12], **{f"k{n}": ["1"] for n in range(1_000)}},
        HEADERS["32 ranges"].accept,
        _hinted("9" * 2_000).hints,
    )
}
