#!/usr/bin/env python3
"""Makes the small random models of this folder and their logits.

Logits come from the formulas of each family's paper in numpy, float64, on the float32 weights: no code of quipu
takes part. Needs the packages gguf and numpy (made with gguf 0.19 and numpy 2.4). `python3 make.py` rewrites the folder.
"""
import json
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


FAMILIES = {
    "llama": llama,
    "qwen2": lambda m, ids: llama(m, ids, qwen2=True),
    "qwen2moe": lambda m, ids: llama(m, ids, qwen2=True, moe=True),
    "gemma3": gemma3,
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
            "name": name, "arch": name, "file": f"{name}.gguf", "seed": seed, "n_ctx": 64, "prompt_ids": prompt,
            "logits_file": f"{name}.logits.f32", "logits_shape": list(logits.shape), "greedy_ids": answer,
            "greedy_min_margin": round(float(margin), 4),
            # float32 values against float64 ones; leaving out any one gain or bias moves logits by 0.08 or more
            "tolerance": {"max_abs": 1e-4},
        })
    (HERE / "manifest.json").write_text(json.dumps({"models": entries}, indent=1) + "\n")


if __name__ == "__main__":
    main()
