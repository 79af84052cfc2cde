#!/usr/bin/env python3
"""Writes splits.json: how the pre-tokenizers of known models split some texts.

The patterns are copied from the models' tokenizer.json files and run by Python's regex module (2026.5.9), each on the parts that the
one before it left, matches and gaps alike ("Isolated"). The file holds, per text and name, the size in bytes of each part.
"""
import json
import pathlib
import regex

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTRACTION = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
LLAMA3 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN2 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
QWEN35 = CONTRACTION + r"|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
         r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
TEKKEN = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
          r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
          r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
DEEPSEEK3 = (r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+"""
             r"| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
CASED = (
         'A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u01bc-\u01bf\u01c4-\u0293\u0295-\u02af\u0370-'
         '\u0373\u0376\u0377\u037b-\u037d\u037f\u0386\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03f5\u03f7-'
         '\u0481\u048a-\u052f\u0531-\u0556\u10a0-\u10c5\u13a0-\u13f5\u13f8-\u13fd\u1c90-\u1cba\u1cbd-\u1cbf'
         '\u1d00-\u1d2b\u1d6b-\u1d77\u1d79-\u1d9a\u1e00-\u1f15\u1f18-\u1f1d\u1f20-\u1f45\u1f48-\u1f4d\u1f50-'
         '\u1f57\u1f59\u1f5b\u1f5d\u1f5f-\u1f7d\u1f80-\u1fb4\u1fb6-\u1fbc\u1fbe\u1fc2-\u1fc4\u1fc6-\u1fcc'
         '\u1fd0-\u1fd3\u1fd6-\u1fdb\u1fe0-\u1fec\u1ff2-\u1ff4\u1ff6-\u1ffc\u2102\u2107\u210a-\u2113\u2115'
         '\u2119-\u211d\u2124\u2126\u2128\u212a-\u212d\u212f-\u2134\u2139\u213c-\u213f\u2145-\u2149\u214e'
         '\u2183\u2184\u2c00-\u2c7b\u2c7e-\u2ce4\u2ceb-\u2cee\u2cf2\u2cf3\ua640-\ua66d\ua680-\ua69b\ua722-'
         '\ua76f\ua771-\ua787\ua78b-\ua78e\uab70-\uabbf\ufb00-\ufb06\ufb13-\ufb17\uff21-\uff3a\uff41-\uff5a'
         '\U00010400-\U0001044f\U000104b0-\U000104d3\U000104d8-\U000104fb\U00010c80-\U00010cb2\U00010cc0-'
         '\U00010cf2\U000118a0-\U000118df\U0001e900-\U0001e943')
ASIAN = '[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+'
BLOOM = ' ?[^(\\s|.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c)]+'

THREES = r'\p{N}{1,3}(?=(?:\p{N}{3})*(?!\p{N}))'
KIMI_CAPITALS = r'[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]'
KIMI_SMALL = r'[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]'
KIMI = (r'[\p{Han}]+|[^\r\n\p{L}\p{N}]?' + KIMI_CAPITALS + '*' + KIMI_SMALL + r"+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?" + KIMI_CAPITALS + '+'
        + KIMI_SMALL + r"*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")

PATTERNS = {
    'gpt-2': [GPT2],
    'llama-bpe': [LLAMA3],
    'qwen2': [QWEN2],
    'qwen35': [QWEN35],
    'gpt-4o': [O200K],
    'tekken': [TEKKEN],
    'smollm': [r'\p{N}', GPT2],
    'falcon': [r'[\p{P}\$\+<=>\^~\|`]+', GPT2, '[0-9][0-9][0-9]'],
    'deepseek-llm': ['[\r\n]', r'\s?[' + CASED + ']+', '\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+', r'\s+$',
                     ASIAN, r'\p{N}+'],
    'deepseek-coder': ['[\r\n]', r'\s?\p{L}+', r'\s?\p{P}+', ASIAN, r'\p{N}'],
    'deepseek-v3': [r'\p{N}{1,3}', '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+', DEEPSEEK3],
    'bloom': [BLOOM],
    'viking': [BLOOM, r'\p{N}'],
    'bailingmoe': [r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+"],
    'seed-coder': [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+"],
    'minicpm5': [r'\p{N}{1,3}',
                 CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"],
    'jais-2': [CONTRACTION + r"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)"
               r"|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1}"],
    'laguna': [r'[^\n]+|[\n]+', QWEN2],
    'kimi-k2': [KIMI],
    # \b as Oniguruma has it, which the model's own tokenizer runs on.
    'tiny_aya': [r'\d{1,3}(?=(?:\d{3})*(?![\p{L}\p{M}\p{Nl}\p{Nd}\p{Pc}\xb2\xb3\xb9\xbc-\xbe\u24b6-\u24e9]))', O200K],
    'superbpe': [r'\p{N}+', r'(?=(\d{3})+(?!\d))'],
    'afmoe': [THREES, '[\u4e00-\u9fff\u3400-\u4dbf\uf900-\ufaff\u3040-\u309f\u30a0-\u30ff\uff65-\uff9f\u2f00-\u2fdf\u0e40-\u0e7f\u0e80-\u0eff'
              '\u1780-\u17ff\u1000-\u109f\uaa60-\uaa7f\ua9e0-\ua9ff\uac00-\ud7af\u1100-\u11ff]+', DEEPSEEK3],
    'exaone-moe': [CONTRACTION + r'|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+'],
    'ufakzeka': [r'[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+'],
    'youtu': ['[\uac00-\ud7a3\u3131-\u318e]+|[\uff01\u2026\u201c\u201d\u2018\u2019\u2014\uff1a\uff1b\uff0c\u3001-\u303f\ufe30-\ufe4f]+|[\u3105-\u312f]+'
              '|[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+', O200K.replace(r'\p{N}{1,3}', r'\p{N}')],
    'spark2_5': [r'\p{N}{1,3}', '[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+', DEEPSEEK3.replace(r'[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+', r'[\p{P}\p{S}]+|[\r\n]'), r'\p{N}'],
    'chameleon': [r'<sentinel:[0-9]+>', r'(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z', r'([\t\n]|    |  )', r'\p{N}', r'[\p{P}!-/:-@\[-`{-~]', GPT2],
}

TEXTS = [
    'Hello, world!', "don't can't we'll I'M YOU'RE they'd he'S 'quoted' o'clock", '   leading and trailing   ', 'a b  c   d    e',
    'tabs\tand\nnew\r\nlines\n\n\n', ' \n \n\n  x\r\n\r\n y  \n', '1234567890 3.14159 1,000,000 0x1F 1e-9 \u0661\u0662\u0663\u0664 \u2167 \u00bd\u00b2',
    'camelCaseWords ABCdefGHI snake_case_words kebab-case HTTPServer iPhone', 'def f(x):\n    return x**2  # comment\n\tif (a && b) { c += 1; }',
    'https://example.org/path?q=1&r=%20#frag me@mail.com', '!!!???...---===///\\\\\\ <|x|> [INST] {{ }} $5 a+b=c ^~`|',
    'na\u00efve caf\u00e9 \u0141\u00f3d\u017a Stra\u00dfe \ufb01', 'e\u0301 combining a\u0300\u0301\u0302 n\u0303o', '\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430? \u0401\u043b\u043a\u0430',
    '\u4e2d\u6587\u5b57\u7b26\u6d4b\u8bd5\uff0c\u4f60\u597d\u4e16\u754c\u3002 \u4e2d\u6587abc123\u4e2d', '\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3001\u30ab\u30bf\u30ab\u30ca', '\ud55c\uad6d\uc5b4 \ud14d\uc2a4\ud2b8 \uc608\uc2dc',
    '\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u0661\u0662\u0663\u060c', '\u0939\u093f\u0928\u094d\u0926\u0940 \u092a\u0930\u0940\u0915\u094d\u0937\u093e\u0964', '\u0e44\u0e17\u0e22 \u0e20\u0e32\u0e29\u0e32',
    '\U0001f642\U0001f643\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308 x\U0001f642y', '\u00a0nbsp\u3000wide\u2003em\u200bzero\ufeff', '\u2018smart\u2019 \u201cquotes\u201d it\u2019s \u2026',
    'x12345 12345x 1234567. 12 345678', '<sentinel:12> IMGIMGABCZIMGIMGAZ', '1\u2154 12\u3259 1\u00b2 12345\u00b2 \u00b21234 1234\u00b212 \u00b2123\u00b2123456 12\u00b234\u00b2567', 'one two  three\u0301 four, five/ six/\n/', '\u3007\u3005 \u2f00\u3131\u3105\ufe30',
    'A', ' ', '\n', '  ', ' \n', '\n ', 'x\n\n\n\ny', '.\n \t\nx', 'a' + ' ' * 700 + 'b' + ' ' * 700 + '\n', '        indented\n\t\ttabs\n    ' + ' ' * 70 + 'z', '\u1e9e \u01c5 \u1d400 \u1d54f \U0001d54f\U0001d550 bold', '\u0394\u03a9\u03bc \u00b5 \u2126 \u212a',
]


def split(patterns, text):
    parts = [text]
    for pattern in patterns:
        compiled, after = regex.compile(pattern, regex.V1), []
        for part in parts:
            at = 0
            for match in compiled.finditer(part):
                after += [part[at:match.start()], match.group()]
                at = match.end()
            after.append(part[at:])
        parts = [part for part in after if part]
    return parts


splits = {name: [[len(part.encode()) for part in split(patterns, text)] for text in TEXTS] for name, patterns in PATTERNS.items()}
pathlib.Path(__file__).with_name('splits.json').write_text(json.dumps({'texts': TEXTS, 'splits': splits}, separators=(',', ':')) + '\n')
