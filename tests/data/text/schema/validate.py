#!/usr/bin/env python3
"""validate.py ANSWERS.jsonl: every answer satisfies its schema, says Python's jsonschema (4.10 or later), formats included.

Numbers are read as decimals, so that multipleOf is exact. Exits with 77 when jsonschema is not installed.
"""
import decimal
import json
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: Python has no jsonschema (Debian: python3-jsonschema)")
    sys.exit(77)

validator = jsonschema.Draft202012Validator
formats = getattr(validator, "FORMAT_CHECKER", None) or jsonschema.draft202012_format_checker

# RFC 3339 has the year 0000, a leap year; Python has not.
for name in {"date", "date-time"} & set(formats.checkers):
    check, raises = formats.checkers[name]
    formats.checks(name, raises)(lambda text, check=check: check(text.replace("0000-", "2000-", 1) if isinstance(text, str) and text.startswith("0000-") else text))


def exact(text):
    return json.loads(text, parse_float=decimal.Decimal)


def main():
    validators, bad, answers = {}, 0, 0
    for line in open(sys.argv[1], encoding="utf-8"):
        entry = json.loads(line)
        name = entry["name"]
        if name not in validators:
            validators[name] = validator(exact(entry["schema"]), format_checker=formats)
        answers += 1
        error = next(validators[name].iter_errors(exact(entry["text"])), None)
        if error is not None:
            bad += 1
            print(f"{name}: {entry['text']}: {error.message}")
    print(f"{answers} answers to {len(validators)} schemas, {bad} of them wrong")
    sys.exit(0 if bad == 0 and answers >= 1000 and len(validators) >= 100 else 1)


main()
