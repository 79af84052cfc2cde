#!/usr/bin/env python3
"""Writes cases.json: random schemas with values that do and do not satisfy them.

The verdicts are those of Python's jsonschema (4.26.0), Draft202012Validator. Values come from what the schemas name and from chance,
so that both verdicts occur; they are written as json.dumps does, half of them with escapes.
"""
import json
import pathlib
import random
from jsonschema import Draft202012Validator

rng = random.Random(11)
KEYS = ["a", "b", "c", "ab"]
NUMBERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, -1, -2, 1.5, 2.0, 0.5, 100, -0.25, 3.75, 12, 1e2, 15, 30]
TEXTS = ["", "a", "b", "ab", "abc", "foo", "bar", "xa", "1", "é", "aa", "a1", "A", "😀b"]
PATTERNS = ["^a", "b$", "^[a-c]+$", "a", "^.{2}$", "[0-9]", "^(a|b)*$", "^$"]
TYPES = ["integer", "number", "string", "array", "object", "boolean", "null", ["integer", "string"], ["object", "null"], ["array", "string", "number"]]


def chance(p):
    return rng.random() < p


def value(depth=0):
    r = rng.random()
    if r < 0.1:
        return None
    if r < 0.2:
        return chance(0.5)
    if r < 0.45:
        return rng.choice(NUMBERS)
    if r < 0.65:
        return rng.choice(TEXTS)
    if depth > 2:
        return 0
    if r < 0.82:
        return [value(depth + 1) for _ in range(rng.randint(0, 4))]
    return {k: value(depth + 1) for k in rng.sample(KEYS, rng.randint(0, 3))}


# What a keyword says, how likely it is there, and the types it is about.
def keywords(depth, negated):
    def sub():
        return schema(depth + 1, negated)

    def some(low, high):
        return [sub() for _ in range(rng.randint(low, high))]

    numbers, strings, arrays, objects = ("integer", "number"), ("string",), ("array",), ("object",)
    yield "minimum", 0.3, numbers, lambda: rng.choice([0, 1, 2.5, -1, 3])
    yield "maximum", 0.3, numbers, lambda: rng.choice([5, 10, 2.5, 100])
    yield "exclusiveMinimum", 0.15, numbers, lambda: rng.choice([0, 1, 2.5])
    yield "exclusiveMaximum", 0.15, numbers, lambda: rng.choice([5, 10, 7.5])
    yield "multipleOf", 0.25, numbers, lambda: rng.choice([1, 2, 3, 0.5, 0.25, 5])
    yield "minLength", 0.25, strings, lambda: rng.randint(0, 3)
    yield "maxLength", 0.25, strings, lambda: rng.randint(0, 4)
    yield "pattern", 0.3, strings, lambda: rng.choice(PATTERNS)
    yield "items", 0.3, arrays, sub
    yield "prefixItems", 0.25, arrays, lambda: some(1, 3)
    yield "minItems", 0.25, arrays, lambda: rng.randint(0, 3)
    yield "maxItems", 0.25, arrays, lambda: rng.randint(0, 4)
    yield "contains", 0.2, arrays, sub
    yield "minContains", 0.08, arrays, lambda: rng.randint(0, 2)
    yield "maxContains", 0.08, arrays, lambda: rng.randint(0, 3)
    yield "properties", 0.5, objects, lambda: {k: sub() for k in rng.sample(KEYS, rng.randint(1, 3))}
    yield "required", 0.3, objects, lambda: rng.sample(KEYS, rng.randint(1, 2))
    # What does not match these can be said only when their schema is false.
    yield "additionalProperties", 0.3, objects, lambda: False if negated or chance(0.6) else sub()
    yield "patternProperties", 0.2, objects, lambda: {rng.choice(PATTERNS): False if negated else sub()}
    yield "propertyNames", 0.1, objects, lambda: rng.choice([{"maxLength": 1}, {"pattern": "^a"}, {"enum": ["a", "b"]}, {"minLength": 2}])
    yield "minProperties", 0.15, objects, lambda: rng.randint(0, 2)
    yield "maxProperties", 0.15, objects, lambda: rng.randint(0, 3)
    yield "dependentRequired", 0.1, objects, lambda: {rng.choice(KEYS): rng.sample(KEYS, 1)}
    yield "dependentSchemas", 0.08, objects, lambda: {rng.choice(KEYS): sub()}


def schema(depth=0, negated=False):
    if depth > 3 or chance(0.06):
        return rng.choice([True, True, {}, {"type": "integer"}, {"type": "string"}, False])
    out = {}
    if chance(0.4):
        out["type"] = rng.choice(TYPES)
    types = out.get("type", TYPES[:5])
    for name, likely, about, said in keywords(depth, negated):
        if any(t in types for t in about) and chance(likely if "type" in out else likely / 2):
            out[name] = said()
    if chance(0.12):
        out["enum"] = [value(1) for _ in range(rng.randint(1, 4))]
    if chance(0.06):
        out["const"] = value(1)
    for name in ("anyOf", "allOf", "oneOf"):
        if chance(0.13):
            out[name] = [schema(depth + 1, negated or name == "oneOf") for _ in range(rng.randint(1, 3))]
    if chance(0.1):
        out["not"] = schema(depth + 1, True)
    if chance(0.08):
        out["if"] = schema(depth + 1, True)
        if chance(0.7):
            out["then"] = schema(depth + 1, negated)
        if chance(0.5):
            out["else"] = schema(depth + 1, negated)
    if depth > 0 and not negated and chance(0.04):
        out["$ref"] = "#/$defs/list"
    return out


def named(part, out):
    if isinstance(part, dict):
        for key, each in part.items():
            if key == "const":
                out.append(each)
            elif key == "enum":
                out.extend(each)
            else:
                named(each, out)
    elif isinstance(part, list):
        for each in part:
            named(each, out)


def main():
    cases, valid, invalid = [], 0, 0
    while len(cases) < 120:
        root = schema()
        if not isinstance(root, dict):
            continue
        if "#/$defs/list" in json.dumps(root):
            root["$defs"] = {"list": {"type": ["array", "integer"], "items": {"$ref": "#/$defs/list"}, "maxItems": 2}}
        validator = Draft202012Validator(root)
        values = []
        named(root, values)
        values = [*values[:10], *(value() for _ in range(60))]
        verdicts = {json.dumps(v, ensure_ascii=chance(0.5)): validator.is_valid(v) for v in values}
        yes, no = [t for t, v in verdicts.items() if v], [t for t, v in verdicts.items() if not v]
        if not yes or not no:
            continue
        cases.append({"schema": root, "valid": rng.sample(yes, min(8, len(yes))), "invalid": rng.sample(no, min(8, len(no)))})
        valid += len(cases[-1]["valid"])
        invalid += len(cases[-1]["invalid"])
    path = pathlib.Path(__file__).with_name("cases.json")
    path.write_text("[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in cases) + "\n]\n")
    print(len(cases), "schemas,", valid, "valid values,", invalid, "invalid ones")


main()
