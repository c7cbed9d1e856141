"""What the API answers instead of a result: problem details (RFC 9457), one class for each kind.

`detail` is one sentence that says what to do. https://www.rfc-editor.org/rfc/rfc9457.html
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, ClassVar

import msgspec

from shared.model.errors import PixfleetError

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:problem-type:pixfleet:"


class ProblemDocument(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A problem details document."""

    type: str
    title: str
    status: int
    detail: str
    request_id: str = ""


class Problem(PixfleetError):
    """The base class of what a request can be answered with instead of a result.

    `members` are further members of the document, `headers` those of the response.
    """

    name: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init__(
        self,
        detail: str,
        *,
        members: Mapping[str, Any] | None = None,  # any JSON
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.members = dict(members or {})
        self.headers = dict(headers or {})

    def document(self, request_id: str) -> bytes:
        """Return the document as JSON."""
        fields = ProblemDocument(
            type=TYPE_PREFIX + self.name,
            title=self.title,
            status=self.status,
            detail=self.detail,
            request_id=request_id,
        )
        return msgspec.json.encode({**msgspec.to_builtins(fields), **self.members})


class BadRequest(Problem):
    """A body, a parameter or a header does not have the documented form."""

    name, status = "bad-request", HTTPStatus.BAD_REQUEST
    title = "The request cannot be read"


class BadKey(Problem):
    """A key cannot be stored or served."""

    name, status = "bad-key", HTTPStatus.BAD_REQUEST
    title = "The key cannot be used"


class ForgedCursor(Problem):
    """A cursor that this stack did not issue."""

    name, status = "bad-cursor", HTTPStatus.BAD_REQUEST
    title = "The cursor is not valid"


class Unauthenticated(Problem):
    """Nobody is known to have sent the request."""

    name, status = "unauthenticated", HTTPStatus.UNAUTHORIZED
    title = "Sign in first"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(Problem):
    """The caller may not touch this key."""

    name, status = "forbidden", HTTPStatus.FORBIDDEN
    title = "The token does not reach this key"


class NotFound(Problem):
    """There is no such image, upload, receipt or route."""

    name, status = "not-found", HTTPStatus.NOT_FOUND
    title = "There is nothing here"


class MethodNotAllowed(Problem):
    """The route exists for other methods."""

    name, status = "method-not-allowed", HTTPStatus.METHOD_NOT_ALLOWED
    title = "The method is not allowed here"


class AlreadyExists(Problem):
    """A source of this key exists, and the request asks for none."""

    name, status = "already-exists", HTTPStatus.CONFLICT
    title = "There is an image of this key"


class Incomplete(Problem):
    """A multipart upload lacks parts, or has parts of other lengths than were signed."""

    name, status = "incomplete", HTTPStatus.CONFLICT
    title = "The upload is not complete"


class Gone(Problem):
    """The image was deleted."""

    name, status = "removed", HTTPStatus.GONE
    title = "The image was deleted"


class TooLarge(Problem):
    """A body or an announced file is over a limit."""

    name, status = "too-large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    title = "That is too large"


class UnsupportedType(Problem):
    """The Content-Type is none of those that may be uploaded or read."""

    name, status = "unsupported-type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE
    title = "The type cannot be used"


class Rejected(Problem):
    """No variants can be made from this source."""

    name, status = "rejected", HTTPStatus.UNPROCESSABLE_ENTITY
    title = "No variants can be made from this image"


class NoRecipe(Problem):
    """No recipe of the stack matches the key, so no worker would render it."""

    name, status = "no-recipe", HTTPStatus.UNPROCESSABLE_ENTITY
    title = "No recipe matches the key"


class InternalError(Problem):
    """A mistake in this program or in the deployment."""

    name, status = "internal-error", HTTPStatus.INTERNAL_SERVER_ERROR
    title = "Something is wrong on our side"


class NotConfigured(Problem):
    """The stack does not have this function."""

    name, status = "not-configured", HTTPStatus.FORBIDDEN
    title = "This stack cannot do that"


class Unavailable(Problem):
    """AWS did not answer in time."""

    name, status = "unavailable", HTTPStatus.SERVICE_UNAVAILABLE
    title = "Try again shortly"

    def __init__(self, detail: str, *, members: Mapping[str, Any] | None = None) -> None:
        super().__init__(detail, members=members, headers={"Retry-After": "5"})
