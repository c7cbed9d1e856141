"""Whether the recipes that the worker reads are there, can be used, and are the newest."""

from collections.abc import Iterator
from json import loads
from pathlib import Path

from botocore.exceptions import ClientError

from scripts.doctor.finding import Finding, Verdict, wrong
from scripts.doctor.patient import Patient
from scripts.operator.denial import is_denied
from scripts.operator.recipes import deployed_recipes
from scripts.recipe_file import recipes_document
from shared.model.errors import Misconfigured
from shared.model.recipe_reader import read_recipes

AREA = "recipes"
LOCAL = Path("recipes.yaml")


def look(patient: Patient) -> Iterator[Finding]:
    """Yield what is to be said of the recipes."""
    where = patient.stack.recipes
    try:
        document = loads(deployed_recipes(patient.stack, patient.reach))
        book = read_recipes(document, where=where)
    except ClientError as refused:
        if is_denied(refused):
            raise
        yield wrong(AREA, f"{where}: {refused}", "terraform apply: the worker cannot start")
        return
    except (Misconfigured, ValueError) as refused:
        yield wrong(AREA, f"{where}: {refused}", "`pixfleet recipes check`, then terraform apply")
        return
    yield Finding(AREA, f"{where}: {', '.join(recipe.name for recipe in book.recipes)}")
    if LOCAL.is_file():
        yield _local(document)


def _local(deployed: object) -> Finding:
    if dict(recipes_document(LOCAL)) == deployed:
        return Finding(AREA, f"{LOCAL} here is what is deployed")
    told = f"{LOCAL} here differs from what is deployed: `pixfleet plan` says what it would change"
    return Finding(AREA, told, Verdict.SKIPPED)
