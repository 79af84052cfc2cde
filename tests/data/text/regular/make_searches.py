#!/usr/bin/env python3
"""Writes searches.json: in which texts patterns are found.

The answers are those of Python's regex module (2026.11.19), with \\d, \\w, \\s and \\b as in ASCII and $ as the very end, which is
what ECMA-262 means on these texts. The texts are random, made of characters that the pattern names, so that both answers occur.
"""
import json
import pathlib
import random
import regex

PATTERNS = [
    r"abc", r"^abc", r"abc$", r"^abc$", r"^$", r"$^", r"", r"a|^b$|c$", r"^(a$|b)c?", r"(^a|b)+$", r"a(^b|c)", r"(a|b$)c*",
    r"^a*$", r"^a+$", r"^a?b$", r"^a{3}$", r"^a{2,}$", r"^a{2,4}$", r"^(ab){1,3}$", r"^a{0}b$", r"^(a{2}){2}$", r"^a*?b+?c??$", r"^(?:a|aa)+b$",
    r"((a*)*)*b", r"(a|b)*a(a|b){3}$", r"^(a|b|ab)*$", r"^(?<name>a)b$", r"(x+x+)+y",
    r"[abc]", r"^[^abc]$", r"^[a-c]+$", r"^[^a-c]+$", r"^[a\-c]+$", r"^[-a]+$", r"^[a-]+$", r"^[\]a]+$", r"^[\^a]+$", r"^[\w.]+$", r"^[\d-]+$", r"^[^\d]+$",
    r"^\d+$", r"^\D+$", r"^\w+$", r"^\W+$", r"^\s+$", r"^\S+$", r"^.$", r"^.+$", r"^[\s\S]$",
    r"\ba", r"a\b", r"\Ba", r"a\B", r"\bab\b", r"^\b", r"\b$", r"^\B$", r"a\b\.\bb", r"(\b|a)b", r"\b\B", r"^(?:\ba|b)+$",
    r"^\t\n\r\f\v$", r"^\x41é$", r"^\u0041\u00e9$", r"^\cA$", r"^\.\*\+\?\(\)\[\]\{\}\|\/\\$", r"^a\-b$", r"a{b", r"a}", r"a]", r"^{a$",
    r"^é+$", r"^[à-ü]+$", r"^日.$", r"^[一-龥]{2}$", r"^😀{2}$", r"^[😀-😂]$", r"^.{2}$",
    r"^\p{L}+$", r"^\P{L}+$", r"^\p{Lu}\p{Ll}*$", r"^[\p{L}\p{N}_]+$", r"^\p{Uppercase_Letter}$", r"^[^\p{L}]+$",
    r"^[a-z0-9]+(?:-[a-z0-9]+)*$", r"^#(?:[0-9a-f]{3}){1,2}$", r"^v?\d+\.\d+\.\d+(?:-[\w.]+)?$", r"^[A-Z]{2}\d{2}[A-Z0-9]{1,8}$",
    r"^(?:1?\d?\d\.){3}1?\d?\d$", r"^\+?[1-9]\d{1,14}$", r"^(GET|POST) /[^ ]*$",
]


def alphabet(pattern):
    points = [c for c in pattern if c not in "^$*?{}()|\\[]"] or ["a"]
    return points + ["a", "b", "1", "_", "-", " ", ".", "é", "日", "😀", "A", "É"]


def main():
    rng = random.Random(7)
    out = []
    for pattern in PATTERNS:
        # Outside brackets an unescaped $ is the end.
        python = regex.sub(r"(?<!\\)\$", r"\\Z", pattern)
        python = python.replace(r"\cA", r"\x01").replace("{b", r"\{b").replace("^{", r"^\{").replace(r"\u00", r"\x")
        # The flag would shrink \p, too.
        compiled = regex.compile(python, regex.ASCII if r"\p" not in python and r"\P" not in python else 0)
        texts = {"", "a", "b", "ab", "abc", "aaa", "aab", "A", "1", "é", "日本", "😀", "a b", "\n", "\t\n\r\f\v", "Aé", "\x01", ".*+?()[]{}|/\\", "a-b", "a{b",
                 "#fff", "v1.2.3-rc.1", "GB82WEST1234", "10.0.0.1", "+14155550100", "GET /", "a.b", "xxxxy"}
        points = alphabet(pattern)
        for _ in range(40):
            texts.add("".join(rng.choice(points) for _ in range(rng.randint(1, 6))))
        found = sorted(t for t in texts if compiled.search(t))
        missing = sorted(t for t in texts if not compiled.search(t))
        out.append({"pattern": pattern, "found": rng.sample(found, min(15, len(found))), "missing": rng.sample(missing, min(15, len(missing)))})
    path = pathlib.Path(__file__).with_name("searches.json")
    path.write_text("[\n" + ",\n".join(json.dumps(x, ensure_ascii=False) for x in out) + "\n]\n")
    print(len(out), "patterns,", sum(len(x["found"]) for x in out), "found,", sum(len(x["missing"]) for x in out), "missing")


main()
