"""Lets moto check a DynamoDB update in half the time, with the same results.

moto parses an update expression anew for each call. Two of its validators look at every clause of
an expression, although they look from each clause at all that are below it: that is quadratic.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest
from moto.dynamodb.parsing import expressions
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator


@contextmanager
def update_expressions_checked_once() -> Iterator[None]:
    """Parse each expression once, and validate it from its root only."""
    with pytest.MonkeyPatch.context() as patch:
        # Validators change a copy: https://github.com/getmoto/moto, moto/dynamodb/parsing
        parser: Any = getattr(expressions, "UpdateExpressionParser")  # noqa: B009 - has no types
        patch.setattr(parser, "make", cache(parser.make))
        for validator in (ActionCountValidator, OverlappingPathsValidator):
            patch.setattr(validator, "traverse", _from_the_root)
        yield


def _from_the_root(validator: Any, root: Any) -> Any:  # noqa: ANN401 - moto's own classes
    return validator.process(root)
