"""The rows of sdk/docs/tested_models.md are those that quipu check prints today for the models that are here.

QUIPU_TEST_MODELS names their folder (~/.cache/quipu-test-models). Exits with 77 when none of them is there."""

import os
import pathlib
import subprocess
import sys

PROGRAM = os.environ["QUIPU_PROGRAM"]
ROWS = pathlib.Path(os.environ["QUIPU_TESTED_MODELS"]).read_text().splitlines()
EXPECT = pathlib.Path(os.environ["QUIPU_TEST_DATA"]) / "checks" / "real_models.expect.json"
FOLDER = pathlib.Path(os.environ.get("QUIPU_TEST_MODELS", pathlib.Path.home() / ".cache" / "quipu-test-models"))
COLUMNS = "file,size,quantisation,architecture,loads,runs,text,template"

found = [FOLDER / row.split(" | ")[0].removeprefix("| ") for row in ROWS if ".gguf | " in row]
here = [file for file in found if file.exists()]
if not here:
    print(f"skipped: no models in {FOLDER}")
    sys.exit(77)
run = subprocess.run([PROGRAM, "check", *here, "--expect", EXPECT, "--format", "markdown", "--columns", COLUMNS], capture_output=True, text=True)
missing = [row for row in run.stdout.splitlines() if row not in ROWS]
print(f"{len(here)} models")
print("\n".join(["not in the document:", *missing, run.stderr]) if missing else "")
sys.exit(bool(missing) or run.returncode != 0)
