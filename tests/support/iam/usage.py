"""At the end of a complete run, finds permissions that no test needs.

Each worker of pytest-xdist sends what its tests used to the controller, which compares the union
with the rendered policies. A run that leaves out tests of these folders compares nothing.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.iam.recorder import RECORDER, Permission, policies
from tests.support.iam.unneeded import UNNEEDED

SENT = "pixfleet_permissions"
FOLDERS = ("tests/functional", "tests/faults")
LIST = "tests/support/iam/unneeded.py"


class Usage:
    """The permissions that all workers of a run used, as a plugin of pytest."""

    def __init__(self) -> None:
        self.used: set[Permission] = set()
        self.files: set[str] = set()
        self.is_partial = False

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Remember which files are tested, and whether some of their tests are left out."""
        self.files |= {item.nodeid.partition("::")[0] for item in session.items}
        options = session.config.option
        self.is_partial |= (
            options.collectonly
            or bool(options.keyword or options.deselect)
            or any("::" in each for each in options.file_or_dir)
        )

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:  # noqa: ANN401 - xdist has no types
        """Take what a worker sent when it ended."""
        sent = getattr(node, "workeroutput", {}).get(SENT)
        if sent is None:
            self.is_partial = True  # the worker crashed
            return
        self.used |= {tuple(each) for each in sent["used"]}
        self.files |= set(sent["files"])
        self.is_partial |= sent["is_partial"]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send what this process used; or in the controller, fail if a permission is unneeded."""
        self.used |= RECORDER.used
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            used, files = sorted(map(list, self.used)), sorted(self.files)
            output[SENT] = {"used": used, "files": files, "is_partial": self.is_partial}
        elif self._is_complete(session.config.rootpath):
            self._report(session)

    def _is_complete(self, root: Path) -> bool:
        paths = (path for folder in FOLDERS for path in (root / folder).rglob("test_*.py"))
        wanted = {path.relative_to(root).as_posix() for path in paths}
        return not self.is_partial and wanted <= self.files

    def _report(self, session: pytest.Session) -> None:
        problems = list(differences(self.used, policies().permissions, UNNEEDED))
        if problems:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
            for each in problems:
                reporter.write_line(each, red=True)


def differences(
    used: Iterable[Permission],
    granted: Iterable[Permission],
    unneeded: Mapping[Permission, str],
) -> Iterable[str]:
    """Yield a sentence for each permission that is not needed and not listed, or wrongly so."""
    used, granted = set(used), set(granted)
    for role, sid, action in sorted(granted - used - unneeded.keys()):
        yield (
            f"No test needs {action} of the statement {sid} of the {role}: take it away, or give "
            f"the reason in {LIST}."
        )
    for role, sid, action in sorted(unneeded.keys() & used):
        yield f"A test needs {action} ({sid}, {role}): take it out of {LIST}."
    for role, sid, action in sorted(unneeded.keys() - granted):
        yield f"The {role} has no {action} in {sid}: remove it from {LIST}."
