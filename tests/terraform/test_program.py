from pathlib import Path

import pytest

from scripts.local.terraform import NoProvider, plugin_dir

pytestmark = pytest.mark.terraform


def test_a_plugin_directory_without_the_provider_is_refused_with_the_remedy(
    tmp_path: Path,
) -> None:
    with pytest.raises(NoProvider, match="Set TF_PLUGIN_DIR to a folder that contains"):
        plugin_dir({"TF_PLUGIN_DIR": str(tmp_path)})


@pytest.mark.parametrize("registry", ["registry.terraform.io", "registry.opentofu.org"])
def test_a_plugin_directory_of_either_registry_is_accepted(tmp_path: Path, registry: str) -> None:
    (tmp_path / registry / "hashicorp" / "aws").mkdir(parents=True)

    assert plugin_dir({"TF_PLUGIN_DIR": str(tmp_path)}) == tmp_path


def test_without_a_plugin_directory_the_registry_is_used() -> None:
    assert plugin_dir({"TF_PLUGIN_DIR": ""}) is None
