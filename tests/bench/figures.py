#!/usr/bin/env python3
"""Writes what was measured side by side with another engine as a table in Markdown.

  figures.py RESULTS.json… [--date 2026-01-31] [--machine TEXT] [--commit HASH] [--output FILE]

RESULTS.json is a list of rows, one per model and test, as a side-by-side run writes it:
  model      name of the file
  test       "pp512", "tg64", "tg64@2048"
  quipu, llama_cpp        tokens per second, best of the rounds
  ratio                   quipu / llama.cpp, median of the rounds' ratios
  load_ratio, rss_ratio   the same of seconds to load and of peak memory: below 1 is better

Several files are put together; of rows with the same model and test the last counts. Without --date, --machine and --commit these
are today, this processor and the commit of the tree that this script lies in.
"""
import argparse, collections, datetime, json, math, os, pathlib, re, subprocess, sys

NUMBERS = ('quipu', 'llama_cpp', 'ratio', 'load_ratio', 'rss_ratio')
TEST = re.compile(r'(pp|tg)(\d+)(?:@(\d+))?(?:x(\d+))?')


class Refused(Exception):
    """What is wrong with an input, in one line."""


def read_rows(path):
    try:
        rows = json.loads(pathlib.Path(path).read_text(encoding='utf-8'))
    except OSError as error:
        raise Refused(f'{path}: {error.strerror}')
    except (ValueError, RecursionError) as error:
        raise Refused(f'{path}: expected JSON, found {error}')
    if not isinstance(rows, list):
        raise Refused(f'{path}: expected a list of rows, found {type(rows).__name__}')
    for index, row in enumerate(rows):
        where = f'{path}: row {index}'
        if not isinstance(row, dict):
            raise Refused(f'{where}: expected an object, found {type(row).__name__}')
        for name in ('model', 'test'):
            if not isinstance(row.get(name), str):
                raise Refused(f'{where}: {name}: expected a text, found {row.get(name)!r}')
        if not TEST.fullmatch(row['test']):
            raise Refused(f'{where}: test: expected pp512 or tg64@2048, found {row["test"]!r}')
        for name in NUMBERS:
            value = row.get(name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 < value < math.inf:
                raise Refused(f'{where}: {name}: expected a number above 0, found {value!r}')
    return rows


def order(test):
    kind, *numbers = TEST.fullmatch(test).groups()
    return kind, *(int(number or 0) for number in reversed(numbers))


def processor():
    name = re.search(r'^model name\s*:\s*(.*)$', pathlib.Path('/proc/cpuinfo').read_text(encoding='utf-8'), re.MULTILINE)
    return f'{name.group(1) + ", " if name else ""}{len(os.sched_getaffinity(0))} cores'


def commit():
    done = subprocess.run(['git', '-C', pathlib.Path(__file__).parent, 'rev-parse', '--short', 'HEAD'], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else 'unknown'


def cell(text):
    return text.replace('|', '\\|').replace('\n', ' ')


def table(rows, machine, date, commit):
    found = collections.OrderedDict()
    for row in rows:
        found[row['model'], row['test']] = row
    models = list(collections.OrderedDict((model, None) for model, _ in found))
    tests = sorted({test for _, test in found}, key=order)
    lines = ['# Speed beside llama.cpp', '',
             f'{cell(machine)}, {date}, commit {cell(commit)}. A cell is quipu / llama.cpp (tokens per second of quipu); above 1 quipu is faster.',
             'Load and memory are ratios too, the median over the tests; below 1 is better. How it is measured: `tests/bench/README.md`.', '',
             '| model | ' + ' | '.join(tests) + ' | load | memory |',
             '|---|' + '---|' * (len(tests) + 2)]
    for model in models:
        own = [row for (name, _), row in found.items() if name == model]
        cells = [f'{found[model, test]["ratio"]:.2f} ({found[model, test]["quipu"]:.1f})' if (model, test) in found else '' for test in tests]
        cells += [f'{median([row[name] for row in own]):.2f}' for name in ('load_ratio', 'rss_ratio')]
        lines.append(f'| {cell(model)} | ' + ' | '.join(cells) + ' |')
    return '\n'.join(lines) + '\n'


def median(values):
    values, half = sorted(values), len(values) // 2
    return values[half] if len(values) % 2 else (values[half - 1] + values[half]) / 2


def main(words=None):
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('results', nargs='+')
    p.add_argument('--date', default=datetime.date.today().isoformat())
    p.add_argument('--machine', default=processor())
    p.add_argument('--commit', default=commit())
    p.add_argument('--output')
    a = p.parse_args(words)
    try:
        text = table([row for path in a.results for row in read_rows(path)], a.machine, a.date, a.commit)
    except Refused as error:
        sys.exit(f'figures.py: {error}')
    if a.output:
        pathlib.Path(a.output).write_text(text, encoding='utf-8')
    else:
        sys.stdout.write(text)


if __name__ == '__main__':
    main()
