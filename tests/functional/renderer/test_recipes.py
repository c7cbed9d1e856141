"""The renderer reads the recipes of the worker, with its own role."""

import json
from contextlib import closing

import pytest

from shared.cloud.clients import Clients
from tests.functional.conftest import RECIPES, VARIANTS
from tests.functional.test_context import settings
from worker.renderer.context import build_context

pytestmark = pytest.mark.functional


def test_the_renderer_reads_the_recipes_that_the_environment_names(clients: Clients) -> None:
    clients.s3.put_object(
        Bucket=VARIANTS, Key="_recipes/1.json", Body=json.dumps(RECIPES).encode()
    )
    environment = {"PIXFLEET_ON_DEMAND": "true", "PIXFLEET_SERVING_TABLE": "pixfleet-serving"}

    context = build_context(settings(f"s3://{VARIANTS}/_recipes/1.json", **environment))

    with closing(context.render_pool):
        assert [recipe.name for recipe in context.recipes.recipes] == ["tiny", "square"]
