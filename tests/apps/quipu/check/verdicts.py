"""quipu check over models whose verdicts are known and that lie beside this repository: damaged files (../shared/hostile)
and tiny models with logits of another implementation (../shared/reference).

    verdicts.py [--sample]      --sample: every seventh of them

QUIPU_PROGRAM names the program, QUIPU_SHARED_DATA the folder. Exits with 77 when that is not there."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

PROGRAM = os.environ["QUIPU_PROGRAM"]
SHARED = pathlib.Path(os.environ["QUIPU_SHARED_DATA"])
STEP = 7 if "--sample" in sys.argv else 1
REFUSAL_SECONDS = 10  # a refusal takes milliseconds; the machine may be busy
failures = []


def check(model, *words):
    start = time.monotonic()
    run = subprocess.run([PROGRAM, "check", str(model), *map(str, words)], capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)
    return run.returncode, run.stderr, time.monotonic() - start


def expect(name, right, what):
    if not right:
        failures.append(f"{name}: {what}")


def damaged(folder):
    """A file that must be refused is invalid (3), needs what no plugin has (4), or fails a check (1), and a line says why."""
    maker = SHARED / "hostile" / "hostile_gguf.py"
    subprocess.run([sys.executable, "-B", maker, "--out", folder, "--special"], check=True, stdout=subprocess.DEVNULL)
    manifest = json.loads((folder / "open" / "manifest.json").read_text())
    for case in manifest["cases"][::STEP]:
        code, said, seconds = check(folder / "open" / case["file"])
        name = case["name"]
        # A dangling link cannot be read.
        codes = {"must_reject": {1, 3, 4, 5}, "must_accept": {0}, "either_but_no_crash": {0, 1, 3, 4}}[case["expected"]]
        expect(name, code in codes, f"expected one of {codes}, found {code}: {said[-200:]}")
        expect(name, code == 0 or said.startswith("quipu: "), f"expected a reason, found {said!r}")
        expect(name, seconds < REFUSAL_SECONDS, f"took {seconds:.1f} s")
    return len(manifest["cases"][::STEP])


def reference(folder):
    """Tiny models pass all stages with their logits and greedy tokens; those of another model fail them."""
    base = SHARED / "reference" / "models"
    entries = json.loads((base / "manifest.json").read_text())["models"][::STEP]
    for entry in entries:
        right = {"tokens": entry["prompt_ids"], "n_ctx": entry.get("n_ctx", 512), "greedy": entry["greedy_ids"],
                 "logits": str(base / entry["logits_file"]), "max_abs": entry["tolerance"]["max_abs"], "kl_max": entry["tolerance"]["kld_max"]}
        file = folder / "expect.json"
        file.write_text(json.dumps(right))
        code, said, _ = check(base / entry["file"], "--expect", file, "--kv", "f32")
        expect(entry["name"], code == 0, f"expected 0, found {code}: {said[-300:]}")
        greedy = list(entry["greedy_ids"])
        greedy[3] = (greedy[3] + 1) % entry["n_vocab"]
        file.write_text(json.dumps({"tokens": entry["prompt_ids"], "n_ctx": entry.get("n_ctx", 512), "greedy": greedy}))
        code, said, _ = check(base / entry["file"], "--expect", file, "--kv", "f32", "--stages", "expect")
        expect(entry["name"], code == 1 and "greedy token 3: expected" in said, f"expected 1, found {code}: {said[-300:]}")
    return len(entries)


if not (SHARED / "hostile").is_dir() or not (SHARED / "reference").is_dir():
    print(f"skipped: no models in {SHARED}")
    sys.exit(77)
with tempfile.TemporaryDirectory() as name:
    print(f"{damaged(pathlib.Path(name))} damaged files, {reference(pathlib.Path(name))} reference models")
print("\n".join(failures))
sys.exit(bool(failures))
