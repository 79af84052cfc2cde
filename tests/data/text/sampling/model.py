#!/usr/bin/env python3
"""Sampling stages as their papers and llama.cpp define them, in plain Python and without a thought
for speed, and what they give for cases: golden.json, which tests/core/text/sampling/chain.cpp
compares with the library.

    model.py            writes golden.json beside this file
    model.py --check    exit 1 if golden.json is not what the model gives
"""

import json
import math
import pathlib
import struct
import sys

GOLDEN = pathlib.Path(__file__).with_name("golden.json")
ORDER = ["penalties", "dry", "top_n_sigma", "top_k", "typ_p", "top_p", "min_p", "xtc", "temperature"]
OFF = {  # every stage off
    "temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0, "typical_p": 1.0, "top_n_sigma": -1.0,
    "xtc_probability": 0.0, "xtc_threshold": 0.1, "min_keep": 0, "dynatemp_range": 0.0,
    "dynatemp_exponent": 1.0, "repeat_last": 64, "repeat_penalty": 1.0, "frequency_penalty": 0.0,
    "presence_penalty": 0.0, "dry_multiplier": 0.0, "dry_base": 1.75, "dry_allowed_length": 2,
    "dry_last": -1, "dry_breakers": [], "mirostat": 0, "mirostat_tau": 5.0, "mirostat_eta": 0.1,
    "adaptive_target": -1.0, "adaptive_decay": 0.9, "logit_bias": [], "samplers": ORDER, "seed": 1,
}
MASK = (1 << 64) - 1


def f32(x):
    return struct.unpack("f", struct.pack("f", x))[0]


def unit(seed, step):
    """SplitMix64 (Steele, Lea, Flood 2014) at counter `step`, as a number in [0, 1)."""
    z = (seed + (step + 1) * 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return ((z ^ (z >> 31)) >> 11) * 2.0**-53


def row(size, seed, spread=8.0):
    return [f32(unit(seed, i) * spread - spread / 2) for i in range(size)]


def softmax(candidates):
    top = max(logit for _, logit in candidates)
    weights = [math.exp(logit - top) for _, logit in candidates]
    total = sum(weights)
    return [w / total for w in weights]


def by_likelihood(candidates):
    return sorted(candidates, key=lambda c: (-c[1], c[0]))


def entropy_of(p):
    return -sum(x * math.log(x) for x in p if x > 0)


class Model:
    """One sequence. Candidates are pairs of a token and its logit."""

    def __init__(self, options, size, pieces):
        self.o = {**OFF, **options}
        for name, value in self.o.items():
            if isinstance(value, float):
                self.o[name] = f32(value)
        self.size, self.pieces = size, pieces
        self.history, self.numbers = [], 0
        self.mu = 2 * self.o["mirostat_tau"]
        self.offered = {}
        decay = self.o["adaptive_decay"]
        self.sum, self.weight = self.o["adaptive_target"] / (1 - decay), 1 / (1 - decay)

    def random(self):
        self.numbers += 1
        return unit(self.o["seed"], self.numbers - 1)

    def distribution(self, logits):
        candidates = [(t, l) for t, l in enumerate(logits) if l > -math.inf]
        for token, bias in self.o["logit_bias"]:
            candidates = [(t, l + bias if t == token else l) for t, l in candidates]
        candidates = [c for c in candidates if c[1] > -math.inf]
        if self.o["mirostat"]:
            candidates = self.plain_temperature(candidates, self.o["temperature"])
            candidates = self.mirostat(candidates)
        else:
            for stage in self.o["samplers"]:
                if stage != "adaptive_p":
                    candidates = getattr(self, stage)(candidates)
            if "adaptive_p" in self.o["samplers"]:
                candidates = self.adaptive_p(candidates)
        self.random()  # the draw
        return {t: p for (t, _), p in zip(candidates, softmax(candidates))}

    def accept(self, token):
        self.history.append(token)
        p = self.offered.pop(token, None)
        self.offered = {}
        if p is None:
            return
        if self.o["mirostat"]:
            self.mu -= self.o["mirostat_eta"] * (-math.log2(p) - self.o["mirostat_tau"])
        else:
            self.sum = p + self.o["adaptive_decay"] * self.sum
            self.weight = 1 + self.o["adaptive_decay"] * self.weight

    def penalties(self, candidates):
        last = self.o["repeat_last"]
        recent = self.history if last == -1 else self.history[len(self.history) - last:] if last else []
        out = []
        for t, l in candidates:
            count = recent.count(t)
            if count:
                l = l * self.o["repeat_penalty"] if l <= 0 else l / self.o["repeat_penalty"]
                l -= count * self.o["frequency_penalty"] + self.o["presence_penalty"]
            out.append((t, l))
        return out

    def encode(self, text):
        """Longest pieces first from the left, as the test's tokenizer does."""
        tokens = []
        while text:
            piece = max((p for p in self.pieces if p and text.startswith(p)), key=len)
            tokens.append(self.pieces.index(piece))
            text = text[len(piece):]
        return tokens

    def breakers(self):
        """Sequences of tokens that break."""
        found = []
        for text in self.o["dry_breakers"]:
            for token, piece in enumerate(self.pieces):
                if text in piece:
                    found.append([token])
                    continue
                for shared in range(1, len(text)):
                    if piece.endswith(text[:shared]):
                        found.append([token] + self.encode(text[shared:])[:20])
        return found

    def dry(self, candidates):
        if not self.o["dry_multiplier"]:
            return candidates
        last, allowed = self.o["dry_last"], self.o["dry_allowed_length"]
        h = self.history if last == -1 else self.history[-last:] if last else []
        breakers = self.breakers() if self.pieces else []
        limit = len(h)
        for at in range(len(h) - 1, -1, -1):  # the last place at which a breaker begins
            lengths = [len(b) for b in breakers if h[at:at + len(b)] == b]
            if lengths:
                limit = len(h) - at - max(lengths)
                break
        if len(h) <= allowed or limit < allowed:
            return candidates
        repeated = {}  # token: the longest repetition that it would go on with
        for at in range(1, len(h)):  # h[at] follows h[:at]; how much of its end is at the end?
            length = 0
            while length < at and h[at - 1 - length] == h[len(h) - 1 - length]:
                length += 1
            length = min(length, limit)
            if length >= allowed and [h[at]] not in breakers:
                repeated[h[at]] = max(length, repeated.get(h[at], 0))
        return [(t, l - self.o["dry_multiplier"] * self.o["dry_base"]**(repeated[t] - allowed)
                 if t in repeated else l) for t, l in candidates]

    def top_n_sigma(self, candidates):
        if self.o["top_n_sigma"] <= 0:
            return candidates
        logits = [l for _, l in candidates]
        mean = sum(logits) / len(logits)
        sigma = math.sqrt(sum((l - mean)**2 for l in logits) / len(logits))
        return [c for c in candidates if c[1] >= max(logits) - self.o["top_n_sigma"] * sigma]

    def top_k(self, candidates):
        return by_likelihood(candidates)[:self.o["top_k"]] if self.o["top_k"] else candidates

    def fewest(self, ranked, enough):
        """Of triples (candidate, likelihood) in order."""
        kept, reached = [], 0.0
        for candidate, p in ranked:
            kept.append(candidate)
            reached += p
            if enough(reached) and len(kept) >= self.o["min_keep"]:
                break
        return kept

    def typ_p(self, candidates):
        if self.o["typical_p"] >= 1:
            return candidates
        candidates = by_likelihood(candidates)
        p = softmax(candidates)
        h = entropy_of(p)
        ranked = sorted(zip(candidates, p), key=lambda c: abs(-math.log(c[1]) - h))
        return self.fewest(ranked, lambda reached: reached > self.o["typical_p"])

    def top_p(self, candidates):
        if self.o["top_p"] >= 1:
            return candidates
        candidates = by_likelihood(candidates)
        return self.fewest(zip(candidates, softmax(candidates)), lambda r: r >= self.o["top_p"])

    def min_p(self, candidates):
        if self.o["min_p"] <= 0:
            return candidates
        candidates = by_likelihood(candidates)
        p = softmax(candidates)
        return [c for i, c in enumerate(candidates)
                if p[i] >= self.o["min_p"] * p[0] or i < self.o["min_keep"]]

    def xtc(self, candidates):
        if self.o["xtc_probability"] <= 0 or self.o["xtc_threshold"] > 0.5:
            return candidates
        if self.random() >= self.o["xtc_probability"]:
            return candidates
        candidates = by_likelihood(candidates)
        likely = sum(p >= self.o["xtc_threshold"] for p in softmax(candidates))
        rest = candidates[likely - 1:] if likely >= 2 else candidates
        return rest if len(rest) >= self.o["min_keep"] else candidates

    def plain_temperature(self, candidates, temperature):
        if temperature == 0:
            return by_likelihood(candidates)[:1]
        return [(t, l / temperature) for t, l in candidates]

    def temperature(self, candidates):
        spread = self.o["dynatemp_range"]
        if not spread:
            return self.plain_temperature(candidates, self.o["temperature"])
        if len(candidates) < 2:
            return candidates
        least, most = max(0, self.o["temperature"] - spread), self.o["temperature"] + spread
        share = entropy_of(softmax(candidates)) / math.log(len(candidates))
        return self.plain_temperature(
            candidates, least + (most - least) * share**self.o["dynatemp_exponent"])

    def mirostat(self, candidates):
        candidates = by_likelihood(candidates)
        p = softmax(candidates)
        if self.o["mirostat"] == 1:
            n = min(100, len(candidates)) - 1
            t = [math.log((i + 2) / (i + 1)) for i in range(n)]
            b = [math.log(p[i] / p[i + 1]) for i in range(n)]
            s = sum(x * y for x, y in zip(t, b)) / sum(x * x for x in t)
            k = ((s - 1) * 2**self.mu / (1 - self.size**(1 - s)))**(1 / s)
            candidates = candidates[:max(1, int(min(k, len(candidates))))]
        else:
            kept = [c for c, x in zip(candidates, p) if -math.log2(x) <= self.mu]
            candidates = kept or candidates[:1]
        self.offered = {t: x for (t, _), x in zip(candidates, softmax(candidates))}
        return candidates

    def adaptive_p(self, candidates):
        if self.o["adaptive_target"] < 0:
            return candidates
        p = softmax(candidates)
        self.offered = {t: x for (t, _), x in zip(candidates, p)}
        target = min(1, max(0, 2 * self.o["adaptive_target"] - self.sum / self.weight))
        out = []
        for (t, _), x in zip(candidates, p):
            distance = abs(x - target) / 0.3
            out.append((t, 5 - 10 * distance * distance / (1 + distance)))
        return out


def case(name, size=40, steps=1, history=(), disallowed=(), pieces=(), spread=8.0, **options):
    case.number = getattr(case, "number", 0) + 1
    model = Model(options, size, list(pieces))
    for token in history:
        model.accept(token)
    out = []
    for step in range(steps):
        logits = row(size, 1000 * case.number + step, spread)
        for token in disallowed:
            logits[token] = -math.inf
        p = model.distribution(logits)
        assert abs(sum(p.values()) - 1) < 1e-12
        # Which token the sequence goes on with: not always the likeliest.
        likely = sorted(p, key=lambda t: (-p[t], t))
        token = likely[step * 7 % min(5, len(likely))]
        model.accept(token)
        out.append({"row": 1000 * case.number + step,
                    "likelihoods": [[t, round(p[t], 8)] for t in sorted(p)], "token": token})
    return {"name": f"{name} {options}", "size": size, "spread": spread, "history": list(history),
            "disallowed": list(disallowed), "pieces": list(pieces), "options": options, "steps": out}


def tokens(count, below, seed):
    return [int(unit(seed, i) * below) for i in range(count)]


def cases():
    for t in [0.1, 0.5, 0.8, 1.0, 1.7, 3.0, 100.0, 0.0]:
        yield case("temperature", temperature=t)
    for t, r, e in [(1.0, 0.5, 1.0), (0.8, 0.8, 1.0), (0.5, 1.0, 1.0), (1.5, 0.2, 2.0), (1.0, 0.9, 0.3),
                    (0.0, 1.5, 1.0), (2.0, 2.0, 3.0), (0.7, 0.3, 0.0), (1.0, 5.0, 1.0)]:
        yield case("dynamic temperature", temperature=t, dynatemp_range=r, dynatemp_exponent=e)
    yield case("dynamic temperature", top_k=1, dynatemp_range=0.5)
    for k in [1, 2, 3, 5, 10, 20, 39, 40, 41, 1000]:
        yield case("top-k", top_k=k)
    for p, n in [(0.0, 0), (0.05, 0), (0.3, 0), (0.5, 0), (0.7, 0), (0.9, 0), (0.95, 0), (0.999, 0),
                 (0.3, 9), (0.0, 3), (0.5, 1000)]:
        yield case("top-p", top_p=p, min_keep=n)
    for size in [600, 3000]:
        yield case("top-p of many", size=size, top_p=0.2, spread=16.0)
    for p, n in [(0.01, 0), (0.05, 0), (0.1, 0), (0.2, 0), (0.4, 0), (0.6, 0), (0.9, 0), (1.0, 0),
                 (0.9, 7), (1.0, 2), (0.1, 1000)]:
        yield case("min-p", min_p=p, min_keep=n)
    for p, n in [(0.0, 0), (0.05, 0), (0.2, 0), (0.3, 0), (0.5, 0), (0.7, 0), (0.9, 0), (0.99, 0),
                 (0.2, 12), (0.0, 5)]:
        yield case("typical-p", typical_p=p, min_keep=n)
    # Equally likely ones make up exactly p: enough for top-p, not for typical-p.
    yield case("top-p", size=4, spread=0.0, top_p=0.5)
    yield case("typical-p", size=4, spread=0.0, typical_p=0.5)
    yield case("typical-p of many", size=2000, spread=24.0, typical_p=0.3)
    for n in [0.1, 0.5, 0.8, 1.0, 1.2, 1.5, 2.0, 2.5, 3.0]:
        yield case("top-n-sigma", top_n_sigma=n)
    yield case("top-n-sigma", top_n_sigma=0.8, disallowed=range(0, 40, 3))
    for seed in range(1, 7):
        yield case("XTC", steps=3, xtc_probability=0.5, xtc_threshold=0.1, seed=seed)
    for t, n in [(0.05, 0), (0.2, 0), (0.5, 0), (0.0, 0), (0.05, 36), (0.05, 40)]:
        yield case("XTC", xtc_probability=1.0, xtc_threshold=t, min_keep=n)
    for size in range(2, 7):  # few enough that exactly two are likely
        yield case("XTC", size=size, xtc_probability=1.0, xtc_threshold=0.2, spread=4.0)
    yield case("XTC", xtc_probability=1.0, xtc_threshold=0.51, spread=2.0)
    for last, repeat, frequency, presence in [
            (64, 1.3, 0.0, 0.0), (64, 0.7, 0.0, 0.0), (64, 1.0, 0.4, 0.0), (64, 1.0, 0.0, 1.5),
            (5, 1.3, 0.2, 0.1), (-1, 1.1, 0.1, 0.5), (0, 2.0, 1.0, 1.0), (1, 3.0, 0.0, 0.0),
            (64, 1.0, -0.3, 0.0), (20, 1.05, 0.05, -0.5)]:
        yield case("penalties", steps=2, history=tokens(100, 30, 5), repeat_last=last,
                   repeat_penalty=repeat, frequency_penalty=frequency, presence_penalty=presence)
    phrase = [3, 1, 4, 1, 5, 9, 2, 6]
    for allowed, last, multiplier, base in [(2, -1, 0.8, 1.75), (0, -1, 0.5, 1.2), (1, -1, 1.0, 1.5),
                                            (3, -1, 2.0, 1.1), (2, 9, 0.8, 1.75), (2, 14, 0.8, 1.75),
                                            (7, -1, 0.8, 1.75), (20, -1, 0.8, 1.75), (2, 0, 0.8, 1.75),
                                            (2, -1, 0.3, 1.0)]:
        yield case("DRY", history=phrase + [7, 7, 4, 1, 5] + phrase[:6], dry_multiplier=multiplier,
                   dry_base=base, dry_allowed_length=allowed, dry_last=last)
    yield case("DRY", steps=4, history=tokens(300, 3, 8), dry_multiplier=0.2, dry_base=1.05)
    pieces = [chr(97 + i) for i in range(26)] + ["\n", ": ", "the", "en\n", "d:", "x\"", "\"", ":", "ab", "abc",
                                                 "q\n\n", "er", "*", " "]
    phrase = [0, 1, 2, 3, 4]
    for breakers, between in [(["\n"], [26]), (["\n"], [28]), (["\n", ":", "\"", "*"], [27]),
                              (["\n", ":", "\"", "*"], [38]), (["bc"], []), (["cd"], [5]), (["end"], [30]),
                              (["*"], [31]), (["abcd"], [1, 2]), (["\n\n"], [29, 26]),
                              (["a", "ab"], [0, 1]), (["ab", "a"], [0, 1]), (["ca", "cab"], [2, 35])]:
        yield case("DRY breakers", steps=2, history=phrase + between + phrase + [9] + phrase[:2] + between +
                   phrase[:4], pieces=pieces, dry_multiplier=0.7, dry_breakers=breakers, dry_allowed_length=1)
    for tau, eta, version in [(5.0, 0.1, 2), (3.0, 0.1, 2), (1.0, 0.5, 2), (8.0, 0.2, 2), (0.0, 0.1, 2),
                              (2.0, 1.0, 2), (5.0, 0.1, 1), (3.0, 0.1, 1), (1.0, 0.5, 1), (8.0, 0.2, 1),
                              (0.5, 0.1, 1), (2.0, 1.0, 1)]:
        yield case("mirostat", size=90, steps=4, mirostat=version, mirostat_tau=tau, mirostat_eta=eta,
                   temperature=0.7, spread=14.0)
    yield case("mirostat", steps=3, mirostat=2, mirostat_tau=2.0, temperature=1.3, top_k=2,
               logit_bias=[[0, 5.0]], history=[1, 2, 3], presence_penalty=2.0)
    for target, decay in [(0.5, 0.9), (0.3, 0.9), (0.1, 0.5), (0.9, 0.99), (0.0, 0.9), (1.0, 0.0), (0.2, 0.0),
                          (0.05, 0.8), (0.7, 0.7), (-1.0, 0.9)]:
        yield case("adaptive p", steps=3, adaptive_target=target, adaptive_decay=decay, min_p=0.05,
                   samplers=["adaptive_p", "min_p", "temperature"])
    for bias in [[[3, 2.0]], [[3, -2.0], [4, 1.5]], [[5, 100.0]], [[0, 1.0], [0, 1.0]], [[39, -100.0]]]:
        yield case("logit bias", logit_bias=bias, top_k=10)
    yield case("mask", disallowed=range(0, 40, 2), top_k=10)
    yield case("mask", disallowed=range(1, 40), min_p=0.1)
    yield case("mask", size=200, disallowed=list(range(64)) + [100, 150, 199], top_p=0.4)

    every = dict(repeat_penalty=1.2, frequency_penalty=0.1, presence_penalty=0.1, dry_multiplier=0.4,
                 top_n_sigma=2.0, top_k=25, typical_p=0.9, top_p=0.9, min_p=0.05, xtc_probability=0.5,
                 xtc_threshold=0.1, temperature=0.8, dynatemp_range=0.3)
    history = [3, 1, 4, 1, 5, 9, 2, 6, 3, 1, 4]
    yield case("chain", size=100, history=history, temperature=0.8, top_k=40, top_p=0.95, min_p=0.05)
    for seed in range(4):
        yield case("chain", size=100, steps=3, history=history, seed=seed, **every)
    for order in [ORDER[::-1], ["temperature", "top_p"], ["temperature", "penalties", "top_n_sigma"],
                  ["top_k", "penalties", "dry", "temperature"], ["min_p", "temperature", "top_p", "temperature"],
                  ["xtc", "xtc", "top_k"], ["typ_p", "top_p", "top_k"], []]:
        yield case("chain", size=60, steps=2, history=history, samplers=order, **every)
    yield case("chain", size=60, steps=2, history=history, samplers=["top_k", "penalties", "temperature"],
               top_k=3, presence_penalty=9.0, temperature=0.0)
    yield case("chain", size=60, history=history, samplers=["xtc", "temperature"], xtc_probability=1.0,
               xtc_threshold=0.05, temperature=0.0)


def main():
    text = "[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases()) + "\n]\n"
    if "--check" not in sys.argv:
        GOLDEN.write_text(text)
        return 0
    # Logarithms of another C library may differ in the last digit.
    ours, theirs = json.loads(text), json.loads(GOLDEN.read_text())
    return 0 if equal(ours, theirs) else 1


def equal(a, b):
    if isinstance(a, float) or isinstance(b, float):
        return abs(a - b) < 2e-8
    if isinstance(a, list):
        return len(a) == len(b) and all(equal(x, y) for x, y in zip(a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(a[k], b[k]) for k in a)
    return a == b


if __name__ == "__main__":
    sys.exit(main())
