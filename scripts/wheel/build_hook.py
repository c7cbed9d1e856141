"""Tags a wheel with this machine's platform if it has the library that `make setup` compiles.

Without the library the wheel runs everywhere, and the trials of `pixfleet dlq try` and `plan` do
not see the damage in a JPEG's scans that only the library finds.
"""

import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

LIBRARY = Path("shared/imaging/native/libjpeg_walk.so")


class PlatformTag(BuildHookInterface[BuilderConfig]):
    """Sets the tag of the wheel, as described at `initialize`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Set the tag: any Python 3, on this machine's platform."""
        # https://hatch.pypa.io/latest/plugins/builder/wheel/#build-data
        if version == "standard" and (Path(self.root) / LIBRARY).is_file():
            platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{platform}"
