"""The record of rendered policies, which functional tests check calls against, is up to date."""

import json

import pytest

from scripts.local.terraform import program
from tests.support.iam.recorder import RENDERED
from tests.terraform.program import Terraform
from tests.terraform.rendered_policies import rendered_policies, written

pytestmark = [
    pytest.mark.terraform,
    pytest.mark.skipif(program() is None, reason="Terraform is not on PATH"),
]


def test_the_recorded_policies_are_those_that_terraform_renders(terraform: Terraform) -> None:
    rendered = rendered_policies(terraform)

    remedy = "python -m tests.terraform.rendered_policies writes the record again"
    assert rendered == json.loads(RENDERED.read_text(encoding="utf-8")), remedy
    assert written(rendered) == RENDERED.read_text(encoding="utf-8"), remedy
