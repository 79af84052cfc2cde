"""What quipu check --json prints satisfies sdk/docs/check.schema.json, says Python's jsonschema (Debian: python3-jsonschema)."""

import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import jsonschema

PROGRAM = os.environ["QUIPU_PROGRAM"]
MODELS = pathlib.Path(os.environ["QUIPU_TEST_DATA"]) / "models"
SCHEMA = json.loads(pathlib.Path(os.environ["QUIPU_SCHEMA"]).read_text())


def check(*words):
    run = subprocess.run([PROGRAM, "check", "--json", "-q", *map(str, words)], capture_output=True, text=True)
    return json.loads(run.stdout)


class Schema(unittest.TestCase):
    def holds(self, document):
        jsonschema.validate(document, SCHEMA, jsonschema.Draft202012Validator)

    def test_the_schema_is_one(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_of_a_model_an_encoder_and_one_with_expectations(self):
        self.holds(check(MODELS / "llama-gqa.gguf"))
        self.holds(check(MODELS / "bert.gguf"))
        self.holds(check(MODELS / "llama-gqa.gguf", "--expect", MODELS / "llama-gqa.expect.json", "--kv", "f32"))

    def test_of_a_directory_and_of_several(self):
        self.assertIsInstance(check(MODELS), list)
        self.holds(check(MODELS))
        self.holds(check(MODELS / "llama.gguf", MODELS / "qwen2.gguf"))

    def test_of_what_is_no_model_and_of_what_fails(self):
        self.holds(check(MODELS / "absent.gguf"))
        self.holds(check(MODELS / "README.md"))
        self.holds(check(MODELS / "llama-gqa.gguf", "--backend", "none"))
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump({"tokens": [1, 2], "greedy": [0, 0, 0]}, file)
            file.flush()
            failed = check(MODELS / "llama-gqa.gguf", "--expect", file.name)
            self.assertEqual(failed["exit"], 1)
            self.holds(failed)

    def test_it_refuses_what_the_program_never_prints(self):
        for change in ({"exit": 7}, {"text": "fine"}, {"path": 1}, {"more": 1}):
            with self.assertRaises(jsonschema.ValidationError):
                self.holds(check(MODELS / "llama-gqa.gguf") | change)


unittest.main()
