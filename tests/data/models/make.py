#!/usr/bin/env python3
"""Makes the small random models of this folder and their logits.

Logits come from the formulas of each family's paper in numpy, float64, on the float32 weights: no code of quipu
takes part. Needs the packages gguf and numpy (made with gguf 0.19 and numpy 2.4). `python3 make.py` rewrites the folder.
"""
import json
import math
import pathlib

import gguf
import numpy as np

HERE = pathlib.Path(__file__).parent
VOCABULARY, WIDTH, HEADS, KV_HEADS, PROMPT, GREEDY = 64, 32, 4, 2, 24, 8


def rms_norm(x, gain, epsilon):
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * gain


def silu(x):
    return x / (1 + np.exp(-x))


def gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def rope(x, base, adjacent):
    """x [tokens, heads, lanes]; complex numbers turn."""
    tokens, _, lanes = x.shape
    angles = np.outer(np.arange(tokens), base ** (-np.arange(0, lanes, 2) / lanes))[:, None, :]
    first, second = (x[..., 0::2], x[..., 1::2]) if adjacent else (x[..., : lanes // 2], x[..., lanes // 2 :])
    turned = (first + 1j * second) * np.exp(1j * angles)
    out = np.empty_like(x)
    if adjacent:
        out[..., 0::2], out[..., 1::2] = turned.real, turned.imag
    else:
        out[..., : lanes // 2], out[..., lanes // 2 :] = turned.real, turned.imag
    return out


def attention(q, k, v, scale, window):
    """q [tokens, heads, lanes]; k, v [tokens, kv heads, lanes]."""
    k, v = (np.repeat(a, q.shape[1] // a.shape[1], axis=1) for a in (k, v))
    scores = np.einsum("ihd,jhd->hij", q, k) * scale
    i, j = np.indices(scores.shape[1:])
    scores[:, (j > i) | (j <= i - window)] = -np.inf
    return np.einsum("hij,jhd->ihd", softmax(scores), v).reshape(len(q), -1)


class Model:
    """Weights by their GGUF names, made when first asked for."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.tensors = {}

    def get(self, name, shape):
        if name not in self.tensors:
            deviation = 0.2 if name.endswith(".bias") or len(shape) == 1 else 1.5 / np.sqrt(shape[-1])
            mean = 1.0 if "norm" in name else 0.0
            self.tensors[name] = self.random.normal(mean, deviation, shape).astype(np.float32)
        return self.tensors[name].astype(np.float64)

    def linear(self, x, name, rows, bias=False):
        y = x @ self.get(name + ".weight", (rows, x.shape[-1])).T
        return y + self.get(name + ".bias", (rows,)) if bias else y

    def norm(self, x, name, epsilon):
        return rms_norm(x, self.get(name + ".weight", (x.shape[-1],)), epsilon)


def heads_of(x, heads):
    return x.reshape(len(x), heads, -1)


def llama(m, ids, qwen2=False, moe=False):
    """LLaMA and Qwen2 differ in the pairs of the rope and in biases; Qwen2-MoE in its feed-forward layer."""
    lanes, hidden, epsilon, base = WIDTH // HEADS, 48, 1e-5, 10000.0
    table = m.get("token_embd.weight", (VOCABULARY, WIDTH))
    x = table[ids]
    for i in range(2):
        at = f"blk.{i}."
        h = m.norm(x, at + "attn_norm", epsilon)
        q = heads_of(m.linear(h, at + "attn_q", WIDTH, qwen2), HEADS)
        k = heads_of(m.linear(h, at + "attn_k", KV_HEADS * lanes, qwen2), KV_HEADS)
        v = heads_of(m.linear(h, at + "attn_v", KV_HEADS * lanes, qwen2), KV_HEADS)
        q, k = rope(q, base, not qwen2), rope(k, base, not qwen2)
        x = x + m.linear(attention(q, k, v, lanes**-0.5, 1 << 30), at + "attn_output", WIDTH)
        h = m.norm(x, at + "ffn_norm", epsilon)
        if moe:
            x = x + experts(m, at, h)
        else:
            gate, up = m.linear(h, at + "ffn_gate", hidden), m.linear(h, at + "ffn_up", hidden)
            x = x + m.linear(silu(gate) * up, at + "ffn_down", WIDTH)
    x = m.norm(x, "output_norm", epsilon)
    return m.linear(x, "output", VOCABULARY) if qwen2 else x @ table.T


def experts(m, at, h, count=6, used=2, hidden=16, shared_hidden=24):
    scores = softmax(m.linear(h, at + "ffn_gate_inp", count))
    gate = m.get(at + "ffn_gate_exps.weight", (count, hidden, WIDTH))
    up = m.get(at + "ffn_up_exps.weight", (count, hidden, WIDTH))
    down = m.get(at + "ffn_down_exps.weight", (count, WIDTH, hidden))
    out = np.zeros_like(h)
    for token, x in enumerate(h):
        for e in np.argsort(-scores[token])[:used]:
            out[token] += scores[token, e] * (down[e] @ (silu(gate[e] @ x) * (up[e] @ x)))
    shared = silu(m.linear(h, at + "ffn_gate_shexp", shared_hidden)) * m.linear(h, at + "ffn_up_shexp", shared_hidden)
    share = 1 / (1 + np.exp(-(h @ m.get(at + "ffn_gate_inp_shexp.weight", (WIDTH,)))))
    return out + share[:, None] * m.linear(shared, at + "ffn_down_shexp", WIDTH)


def gemma3(m, ids):
    width, lanes, hidden, epsilon = 16, 8, 24, 1e-6
    table = m.get("token_embd.weight", (VOCABULARY, width))
    x = table[ids] * np.sqrt(width)
    for i in range(7):
        at, local = f"blk.{i}.", i != 5
        h = m.norm(x, at + "attn_norm", epsilon)
        q = m.norm(heads_of(m.linear(h, at + "attn_q", HEADS * lanes), HEADS), at + "attn_q_norm", epsilon)
        k = m.norm(heads_of(m.linear(h, at + "attn_k", KV_HEADS * lanes), KV_HEADS), at + "attn_k_norm", epsilon)
        v = heads_of(m.linear(h, at + "attn_v", KV_HEADS * lanes), KV_HEADS)
        base = 10000.0 if local else 1e6
        mixed = attention(rope(q, base, False), rope(k, base, False), v, lanes**-0.5, 6 if local else 1 << 30)
        x = x + m.norm(m.linear(mixed, at + "attn_output", width), at + "post_attention_norm", epsilon)
        h = m.norm(x, at + "ffn_norm", epsilon)
        gated = gelu(m.linear(h, at + "ffn_gate", hidden)) * m.linear(h, at + "ffn_up", hidden)
        x = x + m.norm(m.linear(gated, at + "ffn_down", width), at + "post_ffw_norm", epsilon)
    return m.norm(x, "output_norm", epsilon) @ table.T


def layer_norm(x, gain=1.0, bias=0.0, epsilon=1e-5):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + epsilon) * gain + bias


def gelu_erf(x):
    return x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2)))


def turn(x, angles, adjacent, magnitude=1.0):
    """Turns the first 2 * angles.shape[1] lanes of heads; the others pass."""
    rotary = 2 * angles.shape[1]
    part, phase = x[..., :rotary], np.exp(1j * angles)[:, None, :] * magnitude
    first, second = (part[..., 0::2], part[..., 1::2]) if adjacent else (part[..., : rotary // 2], part[..., rotary // 2 :])
    turned, out = (first + 1j * second) * phase, x.copy()
    if adjacent:
        out[..., 0:rotary:2], out[..., 1:rotary:2] = turned.real, turned.imag
    else:
        out[..., : rotary // 2], out[..., rotary // 2 : rotary] = turned.real, turned.imag
    return out


def frequencies(rotary, base=10000.0):
    return base ** (-np.arange(0, rotary, 2) / rotary)


def yarn(rotary, base, factor, context, fast=32.0, slow=1.0):
    """NTK by parts (arXiv:2309.00071, section 3.2): frequencies between interpolated and plain ones."""
    plain = frequencies(rotary, base)
    at = lambda turns: rotary * math.log(context / (turns * 2 * math.pi)) / (2 * math.log(base))
    low, high = max(math.floor(at(fast)), 0), min(math.ceil(at(slow)), rotary - 1)
    ramp = np.clip((np.arange(rotary // 2) - low) / max(0.001, high - low), 0, 1)
    return plain / factor * ramp + plain * (1 - ramp)


def slopes(heads, most):
    return np.array([2 ** (-most * (h + 1) / heads) for h in range(heads)])  # heads: a power of two


def attend(q, k, v, scale=None, window=1 << 30, causal=True, alibi=0.0):
    k, v = (np.repeat(a, q.shape[1] // a.shape[1], axis=1) for a in (k, v))
    scores = np.einsum("ihd,jhd->hij", q, k) * (scale or q.shape[-1] ** -0.5)
    i, j = np.indices(scores.shape[1:])
    if alibi:
        scores += slopes(q.shape[1], alibi)[:, None, None] * (j - i)
    if causal:
        scores[:, (j > i) | (j <= i - window)] = -np.inf
    return np.einsum("hij,jhd->ihd", softmax(scores), v).reshape(len(q), -1)


def pieces(x, *widths):
    return np.split(x, np.cumsum(widths)[:-1], axis=-1)


class Decoder:
    """What the families here share; each says what is its own."""

    width, heads, kv, lanes, hidden, layers, epsilon, norm_kind = WIDTH, HEADS, KV_HEADS, WIDTH // HEADS, 48, 2, 1e-5, "rms"
    adjacent, qkv_bias, tied = False, False, True
    arch = None  # general.architecture, where it is not the name of the model
    keys = {}

    def __init__(self, seed):
        self.m = Model(seed)
        self.angles = None

    def norm(self, x, name):
        gain = self.m.get(name + ".weight", (x.shape[-1],))
        if self.norm_kind == "rms":
            return rms_norm(x, gain, self.epsilon)
        bias = self.m.get(name + ".bias", (x.shape[-1],)) if self.norm_kind == "layer" else 0.0
        return layer_norm(x, gain, bias, self.epsilon)

    def linear(self, x, name, rows, bias=False):
        return self.m.linear(x, name, rows, bias)

    def frequencies(self, layer):
        return frequencies(self.lanes)

    def rope(self, x, layer):
        angles = np.outer(np.arange(len(x)), self.frequencies(layer))
        return turn(x, angles, self.adjacent)

    def qkv(self, h, at):
        q, k, v = self.heads * self.lanes, self.kv * self.lanes, self.kv * self.lanes
        parts = [self.linear(h, at + "attn_" + n, rows, self.qkv_bias) for n, rows in (("q", q), ("k", k), ("v", v))]
        return [heads_of(p, n) for p, n in zip(parts, (self.heads, self.kv, self.kv))]

    def fused_qkv(self, h, at, bias):
        widths = [self.heads * self.lanes, self.kv * self.lanes, self.kv * self.lanes]
        parts = pieces(self.linear(h, at + "attn_qkv", sum(widths), bias), *widths)
        return [heads_of(p, n) for p, n in zip(parts, (self.heads, self.kv, self.kv))]

    def mix(self, h, at, i):
        q, k, v = self.qkv(h, at)
        return attend(self.rope(q, i), self.rope(k, i), v)

    def gated(self, h, at, hidden=None, suffix=""):
        hidden = hidden or self.hidden
        gate, up = (self.linear(h, f"{at}ffn_{n}{suffix}", hidden) for n in ("gate", "up"))
        return self.linear(silu(gate) * up, f"{at}ffn_down{suffix}", self.width)

    def block(self, x, at, i):
        mixed = self.mix(self.norm(x, at + "attn_norm"), at, i)
        x = x + self.linear(mixed, at + "attn_output", self.width)
        return x + self.gated(self.norm(x, at + "ffn_norm"), at)

    def start(self, ids):
        return self.m.get("token_embd.weight", (VOCABULARY, self.width))[ids]

    def end(self, x):
        x = self.norm(x, "output_norm")
        return x @ self.m.get("token_embd.weight", ()).T if self.tied else self.linear(x, "output", VOCABULARY)

    def forward(self, ids):
        x = self.start(ids)
        for i in range(self.layers):
            x = self.block(x, f"blk.{i}.", i)
        return self.end(x)

    def metadata(self):
        epsilon = "attention.layer_norm_rms_epsilon" if self.norm_kind == "rms" else "attention.layer_norm_epsilon"
        return {"block_count": self.layers, "context_length": 64, "embedding_length": self.width,
                "feed_forward_length": self.hidden, "attention.head_count": self.heads,
                "attention.head_count_kv": self.kv, epsilon: self.epsilon} | self.keys


class Qwen(Decoder):
    """Qwen (arXiv:2309.16609): one biased matrix for queries, keys and values, a feed-forward length that counts gate and up."""

    kv, tied, keys = HEADS, False, {"feed_forward_length": 96}

    def mix(self, h, at, i):
        q, k, v = self.fused_qkv(h, at, True)
        return attend(self.rope(q, i), self.rope(k, i), v)


class Mistral(Decoder):
    """Mistral 7B (arXiv:2310.06825), section 2: a window; queries and keys as the converter permutes them."""

    arch, adjacent, keys = "llama", True, {"attention.sliding_window": 6}

    def mix(self, h, at, i):
        q, k, v = self.qkv(h, at)
        return attend(self.rope(q, i), self.rope(k, i), v, window=6)


class Mistral3(Decoder):
    """Ministral 3: YaRN whose magnitude cancels, queries scaled by 1 + 0.1 log(1 + floor(position / 8))."""

    adjacent, lanes = True, 16
    keys = {"attention.key_length": 16, "attention.value_length": 16, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 8, "rope.scaling.yarn_log_multiplier": 1.0,
            "attention.temperature_scale": 0.1}

    def frequencies(self, layer):
        return yarn(self.lanes, 10000.0, 4.0, 8)

    def mix(self, h, at, i):
        q, k, v = self.qkv(h, at)
        growth = 1 + 0.1 * np.log(1 + np.floor(np.arange(len(q)) / 8))
        return attend(self.rope(q, i) * growth[:, None, None], self.rope(k, i), v)


class ChatGlm(Decoder):
    """GLM-4-9B (arXiv:2406.12793): half of each head turns, one matrix for gate and up."""

    adjacent, tied, keys = True, False, {"rope.dimension_count": 4}

    def frequencies(self, layer):
        return frequencies(4)

    def mix(self, h, at, i):
        q, k, v = self.fused_qkv(h, at, True)
        return attend(self.rope(q, i), self.rope(k, i), v)

    def gated(self, h, at):
        gate, up = pieces(self.linear(h, at + "ffn_up", 2 * self.hidden), self.hidden, self.hidden)
        return self.linear(silu(gate) * up, at + "ffn_down", self.width)


class MiniCpm(Decoder):
    """MiniCPM (arXiv:2404.06395), table 1: 12 for embeddings, 1.4 / sqrt(layers) for residuals, width / 256 for logits."""

    adjacent, keys = True, {"embedding_scale": 12.0, "residual_scale": 1.4 / math.sqrt(2), "logit_scale": WIDTH / 256}

    def start(self, ids):
        return super().start(ids) * 12

    def block(self, x, at, i):
        scale = 1.4 / math.sqrt(self.layers)
        mixed = self.linear(self.mix(self.norm(x, at + "attn_norm"), at, i), at + "attn_output", self.width)
        x = x + scale * mixed
        return x + scale * self.gated(self.norm(x, at + "ffn_norm"), at)

    def end(self, x):
        return super().end(x) / (self.width / 256)


class MiniCpmDefaults(MiniCpm):
    """MiniCPM (arXiv:2404.06395) where the file leaves the constants out."""

    arch, keys = "minicpm", {}


class Exaone(Decoder):
    """EXAONE 3 (arXiv:2408.03541): rotary embedding on halves, no biases, untied."""

    tied = False


class Orion(Decoder):
    """Orion (arXiv:2401.12246): layer norms with biases, SwiGLU."""

    norm_kind, tied = "layer", False


class Llama4(Decoder):
    """Llama 4's text model, after the code of its release: 3 layers that turn and then normalise, one that does neither."""

    adjacent, layers, tied, hidden = True, 4, False, 32
    keys = {"expert_count": 4, "expert_used_count": 1, "expert_feed_forward_length": 24, "interleave_moe_layer_step": 2}

    def mix(self, h, at, i):
        q, k, v = self.qkv(h, at)
        if i % 4 != 3:  # positions are below 8192, so that chunks and growing queries do not show
            q, k = (rms_norm(self.rope(a, i), 1.0, self.epsilon) for a in (q, k))
        return attend(q, k, v)

    def gated(self, h, at, hidden=None, suffix=""):
        if suffix or int(at.split(".")[1]) % 2 == 0:
            return super().gated(h, at, hidden, suffix)
        scores = 1 / (1 + np.exp(-self.linear(h, at + "ffn_gate_inp", 4)))
        gate, up = (self.m.get(f"{at}ffn_{n}_exps.weight", (4, 24, self.width)) for n in ("gate", "up"))
        down = self.m.get(at + "ffn_down_exps.weight", (4, self.width, 24))
        out = np.zeros_like(h)
        for t, x in enumerate(h):
            e = int(scores[t].argmax())
            weighed = x * scores[t, e]
            out[t] = down[e] @ (silu(gate[e] @ weighed) * (up[e] @ weighed))
        return out + super().gated(h, at, 24, "_shexp")


class DeepSeek2Old(Decoder):
    """DeepSeek V2 (arXiv:2405.04434), equations 9 to 19, with the expanding matrix whole as older files have it; YaRN with
    mscale = mscale_all_dim = 0.707, which then scales scores alone; experts of the best of two groups."""

    arch, adjacent, tied, kv = "deepseek2", True, False, HEADS
    latent, turned, plain, value = 16, 8, 8, 12
    keys = {"attention.key_length": 16, "attention.value_length": 12, "attention.kv_lora_rank": 16, "rope.dimension_count": 8,
            "leading_dense_block_count": 1, "expert_count": 4, "expert_used_count": 2, "expert_feed_forward_length": 16,
            "expert_shared_count": 1, "expert_weights_scale": 1.5, "expert_group_count": 2, "expert_group_used_count": 1, "rope.scaling.type": "yarn", "rope.scaling.factor": 4.0,
            "rope.scaling.original_context_length": 16, "rope.scaling.yarn_log_multiplier": 0.0707}

    def mix(self, h, at, i):
        turn_all = lambda a: turn(a, np.outer(np.arange(len(a)), yarn(8, 10000.0, 4.0, 16)), True)
        q = heads_of(self.linear(h, at + "attn_q", self.heads * 16), self.heads)
        row, key = pieces(self.linear(h, at + "attn_kv_a_mqa", self.latent + self.turned), self.latent, self.turned)
        both = heads_of(self.linear(self.norm(row, at + "attn_kv_a_norm"), at + "attn_kv_b", self.heads * 20), self.heads)
        k_plain, v = pieces(both, self.plain, self.value)
        q = np.concatenate([q[..., :8], turn_all(q[..., 8:])], -1)
        k = np.concatenate([k_plain, np.repeat(turn_all(key[:, None, :]), self.heads, 1)], -1)
        return attend(q, k, v, scale=16**-0.5 * (1 + 0.0707 * math.log(4)) ** 2)

    def gated(self, h, at, hidden=None, suffix=""):
        if suffix or at == "blk.0.":
            return super().gated(h, at, hidden, suffix)
        scores = softmax(self.linear(h, at + "ffn_gate_inp", 4))
        gate, up = (self.m.get(f"{at}ffn_{n}_exps.weight", (4, 16, self.width)) for n in ("gate", "up"))
        down = self.m.get(at + "ffn_down_exps.weight", (4, self.width, 16))
        out = np.zeros_like(h)
        for t, x in enumerate(h):
            group = int(scores[t].argmax()) // 2  # the group of the best expert; both of its experts are taken
            for e in (2 * group, 2 * group + 1):
                out[t] += 1.5 * scores[t, e] * (down[e] @ (silu(gate[e] @ x) * (up[e] @ x)))
        return out + super().gated(h, at, 16, "_shexp")


class Refact(Decoder):
    """Refact 1.6B, after the code of its release: ALiBi, RMS norms, one key head, SwiGLU. The example of the recipe."""

    kv, tied = 1, False

    def mix(self, h, at, i):
        return attend(*self.qkv(h, at), alibi=8.0)


class Falcon11b(Decoder):
    """Falcon 2 11B (arXiv:2407.14885): grouped keys as the model of 40B, one norm as that of 7B."""

    arch, norm_kind, tied, hidden = "falcon", "layer", False, 64

    def block(self, x, at, i):
        h = self.norm(x, at + "attn_norm")
        q, k, v = self.fused_qkv(h, at, False)
        mixed = self.linear(attend(self.rope(q, i), self.rope(k, i), v), at + "attn_output", self.width)
        up = gelu_erf(self.linear(h, at + "ffn_up", self.hidden))
        return x + mixed + self.linear(up, at + "ffn_down", self.width)


class CommandRPlus(Decoder):
    """Command R+: Command R whose queries and keys pass a layer norm, each head with its own gains."""

    arch, norm_kind, adjacent, keys = "command-r", "gain", True, {"logit_scale": 0.5}

    def block(self, x, at, i):
        h = self.norm(x, at + "attn_norm")
        q, k, v = self.qkv(h, at)
        q = layer_norm(q, self.m.get(at + "attn_q_norm.weight", (self.heads, self.lanes)))
        k = layer_norm(k, self.m.get(at + "attn_k_norm.weight", (self.kv, self.lanes)))
        mixed = attend(self.rope(q, i), self.rope(k, i), v)
        return x + self.linear(mixed, at + "attn_output", self.width) + self.gated(h, at)

    def end(self, x):
        return super().end(x) * 0.5


class Exaone4Window(Decoder):
    """EXAONE 4 32B (arXiv:2507.11407), section 2.1: three layers with a window to one without that does not turn."""

    arch, layers, hidden, keys = "exaone4", 4, 32, {"attention.sliding_window": 6}

    def block(self, x, at, i):
        q, k, v = self.qkv(x, at)
        q, k = self.norm(q, at + "attn_q_norm"), self.norm(k, at + "attn_k_norm")
        mixed = attend(q, k, v) if i == 3 else attend(self.rope(q, i), self.rope(k, i), v, window=6)
        x = x + self.norm(self.linear(mixed, at + "attn_output", self.width), at + "post_attention_norm")
        return x + self.norm(self.gated(x, at), at + "post_ffw_norm")


class Bert(Decoder):
    """BERT (arXiv:1810.04805), an encoder: learned positions, token types, norms after additions."""

    norm_kind, kv, qkv_bias, keys = "layer", HEADS, True, {"token_type_count": 2, "pooling_type": 2, "attention.causal": False}

    def start(self, ids):
        positions = self.m.get("position_embd.weight", (64, self.width))[: len(ids)]
        types = self.m.get("token_types.weight", (2, self.width))[0]
        return self.norm(super().start(ids) + positions + types, "token_embd_norm")

    def mix(self, x, at, i):
        return attend(*self.qkv(x, at), causal=False)

    def gated(self, h, at):
        up = gelu_erf(self.linear(h, at + "ffn_up", self.hidden, True))
        return self.linear(up, at + "ffn_down", self.width, True)

    bias = True

    def block(self, x, at, i):
        mixed = self.linear(self.mix(x, at, i), at + "attn_output", self.width, self.bias)
        x = self.norm(x + mixed, at + "attn_output_norm")
        return self.norm(x + self.gated(x, at), at + "layer_output_norm")

    def end(self, x):
        return x


class NomicBert(Bert):
    """Nomic Embed (arXiv:2402.01613): BERT with a rotary embedding, SwiGLU, no biases but those of norms."""

    bias = False
    keys = {"token_type_count": 2, "pooling_type": 1, "attention.causal": False, "rope.freq_base": 1000.0}

    def frequencies(self, layer):
        return frequencies(self.lanes, 1000.0)

    def start(self, ids):
        types = self.m.get("token_types.weight", (2, self.width))[0]
        return self.norm(Decoder.start(self, ids) + types, "token_embd_norm")

    def mix(self, x, at, i):
        q, k, v = self.fused_qkv(x, at, False)
        return attend(self.rope(q, i), self.rope(k, i), v, causal=False)

    def gated(self, h, at):
        return Decoder.gated(self, h, at)


DECODERS = {
    "qwen": Qwen, "mistral": Mistral, "mistral3": Mistral3, "chatglm": ChatGlm, "minicpm": MiniCpm,
    "minicpm-defaults": MiniCpmDefaults, "exaone": Exaone, "orion": Orion, "llama4": Llama4, "deepseek2-old": DeepSeek2Old,
    "falcon-11b": Falcon11b, "command-r-plus": CommandRPlus, "exaone4-window": Exaone4Window, "refact": Refact,
}
ENCODERS = {"bert": Bert, "nomic-bert": NomicBert}


def write_family(name, model):
    arch = model.arch or name
    w = gguf.GGUFWriter(HERE / f"{name}.gguf", arch)
    w.add_name(f"Tiny {name}")
    w.add_description(" ".join(model.__doc__.split()))
    for key, value in model.metadata().items():
        add = {bool: w.add_bool, int: w.add_uint32, float: w.add_float32, str: w.add_string}[type(value)]
        add(f"{arch}.{key}", value)
    finish(w, model.m)


FAMILIES = {
    "llama": llama,
    "qwen2": lambda m, ids: llama(m, ids, qwen2=True),
    "qwen2moe": lambda m, ids: llama(m, ids, qwen2=True, moe=True),
    "gemma3": gemma3,
}


DESCRIPTIONS = {
    "llama": "rotary embedding on adjacent pairs, grouped keys, SwiGLU, tied output",
    "qwen2": "rotary embedding on halves, biased queries, keys and values",
    "qwen2moe": "a softmax that is not renormalised, a shared expert behind a sigmoid gate",
    "gemma3": "five layers with a window to one without, normalised queries and keys, GeGLU",
}


def write(name, m):
    w = gguf.GGUFWriter(HERE / f"{name}.gguf", name)
    gemma = name == "gemma3"
    w.add_block_count(7 if gemma else 2)
    w.add_context_length(64)
    w.add_embedding_length(16 if gemma else WIDTH)
    w.add_feed_forward_length(24 if gemma else 48)
    w.add_head_count(HEADS)
    w.add_head_count_kv(KV_HEADS)
    w.add_layer_norm_rms_eps(1e-6 if gemma else 1e-5)
    w.add_rope_freq_base(1e6 if gemma else 10000.0)
    if gemma:
        w.add_key_length(8)
        w.add_value_length(8)
        w.add_sliding_window(6)
    if name == "qwen2moe":
        w.add_expert_count(6)
        w.add_expert_used_count(2)
        w.add_expert_feed_forward_length(16)
        w.add_expert_shared_feed_forward_length(24)
    finish(w, m)


def finish(w, m):
    tokens = ["<unk>", "<s>", "</s>"] + ["\u2581" + chr(ord("A") + i) for i in range(VOCABULARY - 3)]
    w.add_tokenizer_model("llama")
    w.add_token_list(tokens)
    w.add_token_scores([-float(i) for i in range(VOCABULARY)])
    w.add_token_types([2, 3, 3] + [1] * (VOCABULARY - 3))
    w.add_bos_token_id(1)
    w.add_eos_token_id(2)
    for tensor, values in m.tensors.items():
        w.add_tensor(tensor, values)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def greedy(forward, m, ids):
    """The answer, and how far the best logit was above the second at the closest step."""
    ids, margin = list(ids), np.inf
    for _ in range(GREEDY):
        logits = forward(m, ids)[-1]
        second, first = np.sort(logits)[-2:]
        margin = min(margin, first - second)
        ids.append(int(logits.argmax()))
    return ids[-GREEDY:], margin


def main():
    entries = []
    for name, forward in FAMILIES.items():
        # The first seed whose greedy answer does not hang on rounding.
        for seed in range(100):
            m = Model(seed)
            prompt = [int(i) for i in m.random.integers(3, VOCABULARY, PROMPT)]
            answer, margin = greedy(forward, m, prompt)
            if margin > 0.05:
                break
        logits = forward(m, prompt).astype(np.float32)
        logits.tofile(HERE / f"{name}.logits.f32")
        write(name, m)
        entries.append({
            "name": name, "arch": name, "file": f"{name}.gguf", "description": DESCRIPTIONS[name], "seed": seed, "n_ctx": 64, "prompt_ids": prompt,
            "logits_file": f"{name}.logits.f32", "logits_shape": list(logits.shape), "greedy_ids": answer,
            "greedy_min_margin": round(float(margin), 4),
            # float32 values against float64 ones; leaving out any one gain or bias moves logits by 0.08 or more
            "tolerance": {"max_abs": 1e-4},
        })
    for name, family in (DECODERS | ENCODERS).items():
        for seed in range(100):
            model = family(seed)
            prompt = [int(i) for i in model.m.random.integers(3, VOCABULARY, PROMPT)]
            if name in ENCODERS:
                break
            answer, margin = greedy(lambda _, ids: model.forward(ids), None, prompt)
            if margin > 0.05:
                break
        values = model.forward(prompt).astype(np.float32)
        kind = "embeddings" if name in ENCODERS else "logits"
        values.tofile(HERE / f"{name}.{kind}.f32")
        write_family(name, model)
        entry = {"name": name, "arch": model.arch or name, "file": f"{name}.gguf", "description": " ".join(family.__doc__.split()), "seed": seed,
                 "n_ctx": 64, "prompt_ids": prompt, f"{kind}_file": f"{name}.{kind}.f32", f"{kind}_shape": list(values.shape),
                 "tolerance": {"max_abs": 1e-4}}
        if kind == "logits":
            entry |= {"greedy_ids": answer, "greedy_min_margin": round(float(margin), 4)}
        entries.append(entry)
    (HERE / "manifest.json").write_text(json.dumps({"models": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
