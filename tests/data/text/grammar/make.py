#!/usr/bin/env python3
"""Makes regular.json and json_texts.json: what Python's re and json say of random texts.

  make.py            writes both beside this file
  make.py --check    says whether they are what it would write
"""
import json
import pathlib
import random
import re
import sys

here = pathlib.Path(__file__).parent
characters = "abc0é€"


def expression(rng, depth):
    """The same regular language as GBNF and as a regular expression."""
    kind = rng.random()
    if depth == 0 or kind < 0.25:
        text = "".join(rng.choice(characters) for _ in range(rng.randint(1, 3)))
        return f'"{text}"', f"(?:{re.escape(text)})"
    if kind < 0.4:
        chosen = "".join(sorted(set(rng.choice(characters) for _ in range(2))))
        negated = "^" if rng.random() < 0.3 else ""
        return f"[{negated}{chosen}]", f"[{negated}{chosen}]"
    if kind < 0.45:
        return ".", "."
    if kind < 0.65:
        parts = [expression(rng, depth - 1) for _ in range(rng.randint(2, 3))]
        return "(" + " ".join(p[0] for p in parts) + ")", "(?:" + "".join(p[1] for p in parts) + ")"
    if kind < 0.8:
        parts = [expression(rng, depth - 1) for _ in range(rng.randint(2, 3))]
        return "(" + " | ".join(p[0] for p in parts) + ")", "(?:" + "|".join(p[1] for p in parts) + ")"
    gbnf, regex = expression(rng, depth - 1)
    least = rng.randint(0, 3)
    times = rng.choice(["*", "+", "?", "{%d}" % least, "{%d,}" % least, "{%d,%d}" % (least, least + rng.randint(0, 40))])
    return f"({gbnf}){times}", f"(?:{regex}){times}"


def texts(rng, count):
    """Random texts, and runs of one letter, which meet the bounds of repeats."""
    found = {""}
    while len(found) < count:
        text = "".join(rng.choice(characters) for _ in range(rng.randint(1, 9)))
        found.add(text)
        found.add(text[0] * rng.randint(1, 45))
    return sorted(found)


def regular():
    rng = random.Random(20)
    cases = []
    while len(cases) < 120:
        gbnf, regex = expression(rng, 3)
        pattern = re.compile(regex, re.DOTALL)
        verdicts = {True: [], False: []}
        for text in texts(rng, 60):
            verdicts[pattern.fullmatch(text) is not None].append(text)
        if len(verdicts[True]) < 2:
            continue
        rng.shuffle(verdicts[True])
        rng.shuffle(verdicts[False])
        cases.append({"gbnf": f"root ::= {gbnf}", "accepted": sorted(verdicts[True][:12]), "rejected": sorted(verdicts[False][:12])})
    return cases


def document(rng, depth):
    kind = rng.random()
    if depth == 0 or kind < 0.5:
        return rng.choice([None, True, False, 0, -17, 2.5e-3, 1e30, "", "tab\t", "é€😀", 'a"b\\c', "\u0001", "x" * 20])
    if kind < 0.75:
        return [document(rng, depth - 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(["a", "b c", "é", ""]): document(rng, depth - 1) for _ in range(rng.randint(0, 3))}


def no_constant(word):
    raise ValueError(word)


def is_json(text):
    try:
        json.loads(text, parse_constant=no_constant)
        return True
    except ValueError:
        return False


def json_texts():
    rng = random.Random(21)
    accepted, rejected = set(), set()
    while len(accepted) < 150 or len(rejected) < 300:
        text = json.dumps(document(rng, 3), ensure_ascii=rng.random() < 0.5, indent=rng.choice([None, 1]))
        for _ in range(rng.randint(0, 2)):
            at = rng.randint(0, len(text))
            text = rng.choice([
                text[:at] + text[at + 1:],
                text[:at] + rng.choice('{}[]",:.0-eE+\\ \tu\n') + text[at:],
                text[:at] + text[at:at + 3] * 2 + text[at + 3:],
            ])
        (accepted if is_json(text) else rejected).add(text)
    return {"accepted": sorted(rng.sample(sorted(accepted), 150)), "rejected": sorted(rng.sample(sorted(rejected), 300))}


def main():
    good = True
    for name, value in (("regular.json", regular()), ("json_texts.json", json_texts())):
        text = json.dumps(value, ensure_ascii=True, indent=0) + "\n"
        file = here / name
        if sys.argv[1:] == ["--check"]:
            good = good and file.read_text() == text
        else:
            file.write_text(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
