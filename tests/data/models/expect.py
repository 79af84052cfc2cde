#!/usr/bin/env python3
"""Turns manifests of models into what `quipu check --expect` reads.

  expect.py MANIFEST… > expect.json

Files stay where they are: paths of logits become absolute.
"""
import json
import pathlib
import sys


def expectation(folder, entry):
    e = {"model": entry["file"], "description": entry.get("description", ""), "tokens": entry["prompt_ids"], "n_ctx": entry["n_ctx"],
         "max_abs": entry["tolerance"]["max_abs"]}
    for kind in ("logits", "embeddings"):
        if f"{kind}_file" in entry:
            e[kind] = str((folder / entry[f"{kind}_file"]).resolve())
    if "greedy_ids" in entry:
        e["greedy"] = entry["greedy_ids"]
    return e


def main():
    manifests = [pathlib.Path(name) for name in sys.argv[1:]]
    json.dump([expectation(m.parent, e) for m in manifests for e in json.loads(m.read_text())["models"]], sys.stdout, indent=1)


if __name__ == "__main__":
    main()
