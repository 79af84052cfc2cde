#!/usr/bin/env python3
"""Decodes several sequences together in quipu and in llama.cpp, in turns.

  batched.py --quipu PATH --peer PYTHON MODEL.gguf… [--batch 4,8,16,32] [--depth 64] [--gen 32] [--threads 2] [--rounds 3] [--options=--kv=q8_0] [--json OUT]

PYTHON is an interpreter with the package llama-cpp-python, built natively. llama.cpp runs at its best CPU settings: flash attention on,
weights repacked, one sequence id for each row of a batch of B tokens, logits of all of them, the cache split by sequence (--unified: one for
all). Its sampling is left out; quipu's, greedy, is part of its time. Both begin with prompts of `depth` tokens in the cache.

Prints a line for each model and batch: tokens/s of both (best of the rounds) and the ratio quipu / llama.cpp (median of the rounds'), then
those of the time to load and of the peak memory. --json writes the rows that figures.py reads.
"""
import argparse, json, os, pathlib, statistics, subprocess, sys

WORKER = r'''
import ctypes, json, resource, sys, time
import llama_cpp as L
model, threads, batches, depth, generated, unified = sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]), *map(int, sys.argv[4:7])
silent = L.llama_log_callback(lambda level, text, data: None)
L.llama_log_set(silent, ctypes.c_void_p(0))
L.llama_backend_init()
start = time.perf_counter()
m = L.llama_model_load_from_file(model.encode(), L.llama_model_default_params())
load = time.perf_counter() - start
vocabulary = L.llama_vocab_n_tokens(L.llama_model_get_vocab(m))
rates = []
for sequences in batches:
    cp = L.llama_context_default_params()
    cp.n_ctx = (depth + generated + 32) * sequences
    cp.n_seq_max = sequences
    cp.n_batch = 2048; cp.n_ubatch = 512
    cp.n_threads = cp.n_threads_batch = threads
    cp.flash_attn_type = 1
    cp.kv_unified = bool(unified)
    c = L.llama_init_from_model(m, cp)
    batch = L.llama_batch_init(2048, 0, 1)
    def run(rows):
        for i, (token, position, sequence, wanted) in enumerate(rows):
            batch.token[i] = token; batch.pos[i] = position; batch.n_seq_id[i] = 1
            batch.seq_id[i][0] = sequence; batch.logits[i] = wanted
        batch.n_tokens = len(rows)
        if L.llama_decode(c, batch):
            raise SystemExit('llama_decode failed')
        L.llama_synchronize(c)
    for s in range(sequences):
        run([((7 + 31 * i + 13 * s) % vocabulary, i, s, 0) for i in range(depth)])
    step = lambda n: run([((11 + 17 * n + 5 * s) % vocabulary, depth + n, s, 1) for s in range(sequences)])
    step(0)
    start = time.perf_counter()
    for n in range(generated):
        step(1 + n)
    rates.append(sequences * generated / (time.perf_counter() - start))
    L.llama_free(c)
print(json.dumps({'rates': rates, 'load_seconds': load, 'peak_rss_bytes': 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
'''


def output(command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)
    if done.returncode:
        sys.exit(f'{command[0]}: expected exit status 0, found {done.returncode}: {done.stderr[-2000:]}')
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('models', nargs='+')
    parser.add_argument('--quipu', required=True)
    parser.add_argument('--peer', required=True)
    parser.add_argument('--batch', default='4,8,16,32')
    parser.add_argument('--depth', type=int, default=64)
    parser.add_argument('--gen', type=int, default=32)
    parser.add_argument('--threads', type=int, default=2)
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--options', default='', help='more options of quipu bench')
    parser.add_argument('--unified', action='store_true')
    parser.add_argument('--json')
    a = parser.parse_args()
    batches, rows = [int(b) for b in a.batch.split(',')], []
    for model in a.models:
        ours, theirs = [], []
        for turn in range(a.rounds):
            def us():
                found = output([a.quipu, 'bench', model, '--prompt-tokens', 0, '--gen-tokens', a.gen, '--depth', a.depth,
                                '--batch', a.batch, '--threads', a.threads, '--repeat', 1, '--json', *a.options.split()])
                ours.append({**found, 'rates': [test['median'] for test in found['tests']]})
            def them():
                theirs.append(output([a.peer, '-c', WORKER, model, a.threads, json.dumps(batches), a.depth, a.gen, int(a.unified)]))
            for side in ((us, them) if turn % 2 else (them, us)):
                side()
        for i, batch in enumerate(batches):
            q, l = [x['rates'][i] for x in ours], [x['rates'][i] for x in theirs]
            ratio = lambda key: statistics.median(x[key] / y[key] for x, y in zip(ours, theirs))
            row = dict(model=os.path.basename(model), test=f'tg{a.gen}@{a.depth}x{batch}', quipu=max(q), llama_cpp=max(l),
                       ratio=statistics.median(x / y for x, y in zip(q, l)), load_ratio=ratio('load_seconds'), rss_ratio=ratio('peak_rss_bytes'))
            rows.append(row)
            print('{model:36} {test:12} quipu {quipu:9.1f}  llama.cpp {llama_cpp:9.1f}  ratio {ratio:5.2f}  load {load_ratio:5.2f}  rss {rss_ratio:4.2f}'.format(**row), flush=True)
    if a.json:
        pathlib.Path(a.json).write_text(json.dumps(rows, indent=1))


if __name__ == '__main__':
    main()
