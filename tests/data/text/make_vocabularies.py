#!/usr/bin/env python3
"""Writes small vocabularies and the tokens that other programs make with them.

  unigram.gguf        SentencePiece 0.2.3: unigram, rules of NFKC, a user-defined symbol, extra spaces removed
  unigram-bytes.gguf  the same without rules, with byte fallback; spaces stay as they are
  gemma4.gguf         Hugging Face tokenizers 0.23.3: BPE over characters as in Gemma's tokenizer.json, with byte fallback
  rwkv.gguf           tokens of any bytes, spelled as llama.cpp's converter spells them (Python's repr of bytes); the tokens are
                      those of the greedy search of rwkv_tokenizer.py (BlinkDL/RWKV-LM), written here anew
  vocabularies.json   the texts, and per vocabulary the ids of each

Needs sentencepiece, tokenizers, protobuf and gguf.
"""
import io
import json
import pathlib
import random
import tempfile
import unicodedata

import gguf
import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Tokenizer, decoders, models, normalizers, trainers

HERE = pathlib.Path(__file__).parent
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = 1, 2, 3, 4, 5, 6
random.seed(7)

# What is trained on: names of characters with the characters themselves, and the licence.
NAMED = [chr(c) for c in [*range(0x21, 0x250), *range(0x370, 0x530), *range(0x5D0, 0x5EB), *range(0x621, 0x64B),
                          *range(0x905, 0x970), *range(0xE01, 0xE3B), *range(0x3041, 0x3100), *range(0xAC00, 0xD7A4, 97),
                          *range(0x4E00, 0x9FA5, 101)] if unicodedata.name(chr(c), '')]
CORPUS = [f'{c} is the {unicodedata.name(c).lower()}, {unicodedata.name(c).title()}' for c in NAMED]
CORPUS += [line for line in (HERE.parents[2] / 'LICENSE').read_text().splitlines() if line.strip()]

TEXTS = [
    '', ' ', '  ', 'a', ' a', 'a ', '  a  b  ', 'Hello, world!', 'hello hello  hello   hello', "don't we'll I'M", 'The licence of the work',
    'camelCaseWords snake_case HTTPServer', 'def f(x):\n    return x**2  # comment', '1234567890 3.14 \u0661\u0662\u0663 \u00bd\u00b2\u2167', '\n', '\n\n', '\n\n\n',
    '\n\n\n\n\n\n\n', 'a\nb\n\nc\r\n\td', ' \n \n', '\t\t tabs', 'na\u00efve caf\u00e9 cafe\u0301 \u0141\u00f3d\u017a Stra\u00dfe \ufb01ne', '\uff21\uff42\uff43 \uff11\uff12\uff13\uff01',
    '\u1e9b\u0323 \u212b \u2126 \u00c5 A\u030a', '\u1100\u1161\u11a8 \uac01 \ud55c\uad6d\uc5b4', '\u4e2d\u6587\u6d4b\u8bd5\uff0c\u4f60\u597d\u3002', '\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3001\uff76\uff9e\uff77\uff9e',
    '\u0645\u0631\u062d\u0628\u0627 \ufedf\ufe8e \u0661\u060c', '\u0939\u093f\u0928\u094d\u0926\u0940\u0964', '\u0e44\u0e17\u0e22 \u0e33', '\u05e9\u05dc\u05d5\u05dd', '\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430?',
    '\U0001f642\U0001f469\u200d\U0001f467 \U0001f3f3\ufe0f\u200d\U0001f308x', '\u00a0nbsp\u3000wide\u2003em\u200bzero\ufeff', '\u2581', 'a\u2581b \u2581', '\x00', 'a\x00b', '\x01\x1f\x7f\x80\x9f',
    '<sep>', 'a<sep>b', 'a <sep> b', '<sep><sep>', ' <sep>  <sep> ', '<se', '\uff1csep\uff1e', 'x<sep', '<unk>', '<s>x</s>', '<0x41>', '<bos>',
    '\ufffd', '\ufdfa', '\u0344\u0374', '\U0001d400\U0001d401', '\U00020000\U0002f800', '\uffff\U0010ffff', 'e\u0301\u0301\u0301', '\u0301', 'A' * 40, ' ' * 40, '.' * 40, '\u4e2d' * 20, '\U0001f642' * 10,
]
ODD = ['\u0301', '\u200d', '\ufeff', '\u3000', '\u00a0', '\uff21', '\ufb03', '\u2167', '\U0001f642', '\U0001d54f', '\u1100', '\u1161', '\u11a8', '\u00bd', '\u0344', '\x00',
       '\n', '\t', ' ', '  ', '\u2581', '<sep>', '\u00b5', '\u2126', '\uff76\uff9e', '\ufdfa', '\u0f73', '\U0002f800']
WORDS = [word for line in CORPUS[-40:] + CORPUS[::97] for word in line.split()]
while len(TEXTS) < 320:
    parts = [random.choice([random.choice(WORDS), random.choice(WORDS) + ' ', ' ', random.choice(ODD), random.choice(NAMED)])
             for _ in range(random.randint(1, 8))]
    TEXTS.append(''.join(parts))


def rules():
    """A part of NFKC in the form that SentencePiece's trainer reads: source and target in hexadecimal."""
    lines = []
    for c in [*range(0xA0, 0x250), *range(0x340, 0x37F), *range(0x2000, 0x2040), *range(0x2100, 0x2190), 0x3000, 0xFB00, 0xFB01, 0xFB03, 0xFDFA,
              *range(0xFE8D, 0xFEE0), *range(0xFF01, 0xFF9F), 0x212B, 0x1D400, 0x1D54F, 0x2F800]:
        target = unicodedata.normalize('NFKC', chr(c))
        if target != chr(c):
            lines.append((chr(c), target))
    for base in 'aceinosuzACEINOSUZ':
        for mark in '\u0300\u0301\u0302\u0303\u0308\u030a\u030c\u0327':
            target = unicodedata.normalize('NFKC', base + mark)
            if len(target) == 1:
                lines.append((base + mark, target))
    lines += [('\uff76\uff9e', '\u30ac'), ('\u1100\u1161', '\uac00'), ('\u1100\u1161\u11a8', '\uac01'), ('\t', ' '), ('\n', ' '), ('\r', ' '), ('\u200b', ''), ('\ufeff', ' ')]
    code = lambda text: ' '.join(f'{ord(c):X}' for c in text)
    return ''.join(f'{code(source)}\t{code(target)}\n' for source, target in dict(lines).items())


def write(name, model, tokens, types, scores=None, **keys):
    writer = gguf.GGUFWriter(HERE / f'{name}.gguf', 'none')
    writer.add_tokenizer_model(model)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if scores:
        writer.add_token_scores(scores)
    for key, value in keys.items():
        getattr(writer, f'add_{key}')(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def unigram(name, **options):
    model = io.BytesIO()
    with tempfile.TemporaryDirectory() as folder:
        tsv = pathlib.Path(folder) / 'rules.tsv'
        tsv.write_text(rules())
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS), model_writer=model, model_type='unigram', character_coverage=0.98, num_threads=1,
            user_defined_symbols=['<sep>', 'wide  sep'], control_symbols=['<ctl>'], minloglevel=2,
            **{key: (str(tsv) if value == 'TSV' else value) for key, value in options.items()})
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    types = [{1: NORMAL, 2: UNKNOWN, 3: CONTROL, 4: USER_DEFINED, 5: UNUSED, 6: BYTE}[p.type] for p in proto.pieces]
    normalizer = proto.normalizer_spec
    keys = {'precompiled_charsmap': normalizer.precompiled_charsmap} if normalizer.precompiled_charsmap else {}
    write(name, 't5', [p.piece for p in proto.pieces], types, [p.score for p in proto.pieces], bos_token_id=1, eos_token_id=2, unk_token_id=0,
          add_space_prefix=normalizer.add_dummy_prefix, remove_extra_whitespaces=normalizer.remove_extra_whitespaces,
          add_bos_token=False, add_eos_token=True, **keys)
    return [processor.encode(text) for text in TEXTS]


def gemma4():
    special = ['<pad>', '<eos>', '<bos>', '<unk>']
    marked = normalizers.Replace(' ', '\u2581')
    trained = Tokenizer(models.BPE(unk_token='<unk>', byte_fallback=True, fuse_unk=True))
    trained.normalizer = marked
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=700, special_tokens=special, max_token_length=16, limit_alphabet=300, show_progress=False))
    model = json.loads(trained.to_str())['model']
    spellings = special + [f'<0x{byte:02X}>' for byte in range(256)] + [token for token in model['vocab'] if token not in special]
    merges = [tuple(merge) for merge in model['merges']]
    # Runs of line breaks and of spaces, with every way to make them, as in the model's own file.
    for mark, longest in (('\n', 5), ('\u2581', 8)):
        for size in range(1, longest + 1):
            if mark * size not in spellings:
                spellings.append(mark * size)
            merges += [(mark * left, mark * (size - left)) for left in range(1, size) if (mark * left, mark * (size - left)) not in merges]
    oracle = Tokenizer(models.BPE(vocab={token: i for i, token in enumerate(spellings)}, merges=merges, unk_token='<unk>', byte_fallback=True, fuse_unk=True))
    oracle.normalizer = marked
    oracle.decoder = decoders.Sequence([decoders.Replace('\u2581', ' '), decoders.ByteFallback(), decoders.Fuse()])
    types = [CONTROL, CONTROL, CONTROL, UNKNOWN] + [BYTE] * 256 + [NORMAL] * (len(spellings) - 260)
    write('gemma4', 'gemma4', spellings, types, [-1000.0] * len(spellings), token_merges=[' '.join(merge) for merge in merges],
          bos_token_id=2, eos_token_id=1, unk_token_id=3, add_bos_token=True, add_space_prefix=False)
    return [oracle.encode(text, add_special_tokens=False).ids for text in TEXTS]


def rwkv():
    tokens = [bytes([byte]) for byte in range(256)]
    words = sorted({(space + word[:size]).encode() for word in WORDS for space in ('', ' ') for size in (2, 3, 5, 8, 20)})
    tokens += [token for token in random.sample(words, 500) if len(token) > 1]
    tokens += ['\n\n'.encode(), b'\r\n', b'    ', b"'s", b'\\n', b'"\'', '\u4e2d'.encode(), '\u4e2d'.encode()[:2], '\U0001f642'.encode(), b'\x00\x00', b'\xff\xfe']
    ids = {token: i + 1 for i, token in enumerate(dict.fromkeys(tokens))}
    spellings = ['<s>'] + [repr(token)[2:-1] for token in ids] + ['[PAD1]', '[PAD2]']
    write('rwkv', 'rwkv', spellings, [CONTROL] + [NORMAL] * len(ids) + [UNUSED] * 2)
    longest = max(map(len, ids))

    def encode(text):
        data, at, out = text.encode(), 0, []
        while at < len(data):
            size = next(size for size in range(min(longest, len(data) - at), 0, -1) if data[at:at + size] in ids)
            out.append(ids[data[at:at + size]])
            at += size
        return out
    return [encode(text) for text in TEXTS]


tokens = {
    'unigram': unigram('unigram', vocab_size=900, normalization_rule_tsv='TSV'),
    'unigram-bytes': unigram('unigram-bytes', vocab_size=1000, normalization_rule_name='identity', byte_fallback=True,
                             remove_extra_whitespaces=False, add_dummy_prefix=False),
    'gemma4': gemma4(),
    'rwkv': rwkv(),
}
(HERE / 'vocabularies.json').write_text(json.dumps({'texts': TEXTS, 'tokens': tokens}, separators=(',', ':')) + '\n')
