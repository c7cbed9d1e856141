"""The golden cases: pixels written by hand, golden images, and a program that renews those.

`python -m tests.imaging.golden_cases` renders every case into `build/goldens.png`. With `--write`
the results become golden images, unless they contradict their case. Look at the sheet before you
commit them.
"""

import argparse
import sys
from pathlib import Path

from tests.imaging.golden_colours import ALPHA, COLOUR, ORIENTATION
from tests.imaging.golden_files import contradictions, shots, write_goldens
from tests.imaging.golden_shapes import ANIMATION, CROP, SCALE
from tests.imaging.golden_sheet import contact_sheet
from tests.imaging.golden_watermarks import WATERMARK

SHEET = Path("build/goldens.png")
CASES = [*ORIENTATION, *COLOUR, *ALPHA, *ANIMATION, *CROP, *WATERMARK, *SCALE]


def main(arguments: list[str]) -> int:
    """Write the contact sheet, and golden images with `--write`; 1 if a case is contradicted."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="make the results golden")
    is_writing = parser.parse_args(arguments).write
    wrong, written = 0, set()
    for case in CASES:
        taken = list(shots(case))
        found = [said for shot in taken for said in contradictions(case, shot)]
        wrong += bool(found)
        for said in found:
            print(f"{case.name}: {said}")  # noqa: T201 - talks to a person
        if is_writing and not found and case.golden not in written:
            write_goldens(case, taken)
            written.add(case.golden)
    SHEET.parent.mkdir(exist_ok=True)
    contact_sheet(CASES).save(SHEET)
    print(f"{len(CASES)} cases, {wrong} wrong. Look at {SHEET}.")  # noqa: T201 - as above
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
