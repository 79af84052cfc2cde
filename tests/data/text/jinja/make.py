#!/usr/bin/env python3
"""Writes snippets.json: what jinja2 makes of small templates, configured as Hugging Face transformers
configures it for chat templates (utils/chat_template_utils.py, _compile_jinja_template).

    pip install jinja2==3.1.6 && ./make.py
"""
import datetime
import json
import pathlib

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import CallBlock
from jinja2.sandbox import ImmutableSandboxedEnvironment


class Generation(Extension):
    """The body of {% generation %} is rendered as it stands, in a scope of its own."""
    tags = {"generation"}

    def parse(self, parser):
        line = next(parser.stream).lineno
        body = parser.parse_statements(["name:endgeneration"], drop_needle=True)
        return CallBlock(self.call_method("rendered"), [], [], body).set_lineno(line)

    def rendered(self, caller):
        return caller()


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(x, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def environment():
    env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols])
    env.filters["tojson"] = tojson
    env.globals["raise_exception"] = raise_exception
    env.globals["strftime_now"] = datetime.datetime(2026, 1, 2, 3, 4, 5).strftime
    return env


VARS = {
    "s": "Hello World", "e": "", "u": "été 日本 🙂", "n": 7, "m": -3, "x": 2.5, "t": True, "f": False, "z": None,
    "l": [3, 1, 2], "d": {"b": 1, "a": [1, 2], "C": {"k": "v"}}, "el": [], "ed": {},
    "people": [{"name": "Ann", "age": 30, "city": {"name": "Oslo"}}, {"name": "bob", "age": 25, "city": {"name": "Rome"}},
               {"name": "Cid", "age": 30, "city": {"name": "Oslo"}}],
    "words": ["b", "A", "c", "a", "B"], "text": "one\ntwo\n\n  three  ", "html": "<a href=\"x\">&'</a>",
    "call": {"name": "f", "arguments": {"q": "Łódź", "n": 3, "deep": [True, None, 1.0, {"x": []}]}},
}

# One template per line of a group, or per element. What jinja2 refuses, quipu has to refuse.
SNIPPETS = {}


def group(name, *snippets):
    SNIPPETS[name] = snippets


def expressions(name, text):
    group(name, *("{{ " + line.strip() + " }}" for line in text.strip().split("\n") if line.strip()))


expressions("numbers", """
1
-1
1_000
0x1F
0b101
0o17
1.0
1.5e3
1e100
1e16
1e15
123456789012345.0
0.0001
0.00001
1.0e-10
-0.0
0.1 + 0.2
1 / 3
4 / 2
7 // 2
-7 // 2
7 // -2
7 % 3
-7 % 3
7 % -3
-7.5 % 2
7.5 // 2
-7.5 // 2
7.5 % -2
5.5 % 5.5
2 ** 3
2 ** -1
2 ** 0.5
(-8) ** 2
-2 ** 2
2 ** 3 ** 2
0 ** 0
(-1) ** 3
(-1) ** 2
1 ** 1000
2 * 3 + 4
2 + 3 * 4
(2 + 3) * 4
10 - 2 - 3
100 // 7 // 2
1 + 1.0
True + 1
True * 3
-True
+1
+x
-x
- 5 + 3
--5
+-5
9223372036854775807
1 / 0
1 // 0
1 % 0
1.0 / 0
1.0 // 0
1.0 % 0
3 * 1.5
1 if n > 5 else 2
n
m // 2
m % 2
x ** 2
5 // 0.3
-5 // 0.3
6.0 // 2
1e308 * 10
-1e308 * 10
1e400
5 - 2.0
7 % 2.5
1.0 == 1
True == 1
10 ** 15
10 ** 18
10.0 ** 20
1 - 1
""")
expressions("comparisons", """
1 < 2
1 < 2 < 3
1 < 3 < 2
3 > 2 > 1
1 == 1.0
1 != 2
'a' < 'b'
'a' < 'B'
'a' == 'a'
[1, 2] == [1, 2]
[1, 2] < [1, 3]
(1, 2) == [1, 2]
(1, 2) < (1, 3)
{'a': 1} == {'a': 1.0}
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
none == none
none != 0
none == false
0 == false
1 == true
2 == true
'1' == 1
1 < 'a'
'a' < 1
none < 1
[1] < 1
{} < {}
missing == missing
missing == none
missing == other
missing != 1
missing < 1
1 in l
5 in l
5 not in l
not 5 in l
'ell' in s
'' in s
'x' not in s
1 in s
'b' in d
'z' in d
none in [none]
1.0 in [1]
true in [1]
1 in none
1 in missing
1 in 5
[1] in [[1]]
'a' in ('a', 'b')
1 in {1: 2}
1 == 1 == 1
1 < n <= 7
l is sequence and 3 in l
not 1
not ''
not none
not not 1
not missing
1 and 2
0 and 2
'' or 'x'
none or 0
1 or missing
missing or 'default'
missing and 1
1 and none
1 or 2 and 3
(1 or 2) and 3
not 1 == 2
1 if t
1 if f
(1 if f) is defined
(1 if f) == ''
1 if f else 2 if t else 3
1 if f else (2 if f else 3)
'a' ~ 'b' == 'ab'
1 ~ 2 + 3
1 ~ 2 * 3
'a' ~ none ~ true ~ 1.5 ~ [1]
'x' ~ missing ~ 'y'
'a' + 1
1 + 'a'
'a' + 'b'
'a' 'b'
[1] + [2]
(1,) + (2,)
[1] + (2,)
'ab' * 3
3 * 'ab'
'ab' * -1
[1, 2] * 2
2 * [1]
(1,) * 2
'a' * 1.5
'a' - 'b'
[1] - [1]
{} + {}
none + 1
missing + 1
-missing
-'a'
+'a'
'5' * '5'
1.5 < 2
true < 2
'abc' > 'abd'
'é' > 'z'
l == [3, 1, 2]
d == d
range(3) == range(3)
d.items() == d.items()
""")
expressions("printing", """
none
true
false
True
None
False
[]
()
{}
(1)
(1,)
1, 2
[1, 'a', none, true, 1.0]
[1, [2, [3]]]
{'a': 1, 'b': [1, {'c': none}]}
{1: 'x', none: 2, true: 3, 1.5: 4}
(1, 'b')
['it\\'s']
['say "x"']
['\\'"']
['a\\nb', 'tab\\t', 'back\\\\slash', '\\r']
['é日🙂']
['\\x00\\x1f\\x7f']
['\\u200b', '\\xa0', '\\xad']
'a\\tb'
'\\u00e9'
'\\x41'
"double \\" quote"
'single \\' quote'
'un\\known'
'\\101'
'\\0'
'trailing\\\\'
[missing]
[[1, missing]]
missing
range(3)
range(1, 7, 2)
range(0)
range(5, 0, -2)
d.items()
d.keys()
d.values()
d.items()|list
d
l
people
u
[u]
s|list
x
[x, 1e20, 1e-7, 0.1, 100000.0]
t
z
namespace(a=1).a
dict(a=1, b=2)
dict([('a', 1)])
dict({'a': 1}, b=2)
dict([['a', 1], ['b', 2]])
'%s' % 'a'
loop
caller
{'a': 1}['a']
[1, 2, 3][1]
'abc'[1]
(1, 2)[-1]
{'a': 1}.a
[1, 2].0
l.1
l[0]
l[-1]
l[9]
l['0']
l[1.0]
l[true]
s[0]
s[-1]
s[99]
u[4]
d['b']
d['nope']
d['C']['k']
d.C.k
d.nope
d.nope.more
d['nope']['more']
missing.x
missing['x']
missing[0]
none.x
none.x is defined
none['x']
n.x
n[0]
s.x
s.x is defined
s['upper']()
d['items']()|list
{'items': 1}['items']
{'keys': 2}['keys']
d.get('b')
d.get('nope')
d.get('nope', 5)
d.get('nope', default=5)
d['get']('b')
people[0].name
people[0]['name']
people[0].city.name
people.0.name
""")
expressions("slices", """
l[:]
l[1:]
l[:1]
l[:-1]
l[-2:]
l[::2]
l[::-1]
l[5:]
l[-9:2]
l[2:0:-1]
l[10::-1]
l[:10:3]
l[none:2]
l[::none]
l[::0]
l[1:2:1]
l['a':]
l[1.0:]
s[:5]
s[6:]
s[::-1]
s[::3]
s[-5:-1]
u[4:6]
u[-1:]
u[::-1]
e[1:]
(1, 2, 3)[1:]
(1, 2, 3)[:1]
d[1:]
missing[1:]
none[1:]
5[1:]
range(10)[2:5]
range(10)[::3]|list
range(10)[-1]
range(10)[3]
l[0:2][1]
l[0:9223372036854775807]
l[9223372036854775807:]
l[-9223372036854775807:]
l[::9223372036854775807]
l[::-9223372036854775807]
""")
expressions("string methods", """
s.upper()
s.lower()
s.title()
s.capitalize()
s.swapcase()
s.casefold()
'ß'.upper()
'ÉTÉ'.lower()
'été'.upper()
'été'.capitalize()
'été à la'.title()
"they're bill's".title()
'abc123def'.title()
'straße'.casefold()
'  a b  '.strip()
'  a b  '.lstrip()
'  a b  '.rstrip()
'xxaxx'.strip('x')
'xyaxy'.strip('yx')
'xyaxy'.lstrip('yx')
'xyaxy'.rstrip('yx')
'aéa'.strip('é')
'éaé'.strip('é')
'\\u00a0a\\u3000'.strip()
'\\x1ca\\x1f'.strip()
'a'.strip(none)
'a'.strip(1)
'a b  c'.split()
' a b '.split()
'a,b,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.rsplit(',', 1)
'a b c'.split(none, 1)
'a b c '.split(none, 1)
' a b  c '.rsplit(none, 1)
'a b c'.split(maxsplit=1)
'a,b'.split(sep=',')
''.split()
''.split(',')
'abc'.split('')
'a--b--c'.split('--')
'aXbXc'.rsplit('X')
'a b c'.rsplit()
'a\\u3000b'.split()
'a\\nb\\r\\nc'.splitlines()
'a\\nb\\n'.splitlines()
'a\\n\\nb'.splitlines()
'a\\nb'.splitlines(true)
'a\\nb'.splitlines(keepends=true)
'a\\x0bb\\x0cc\\u2028d\\x85e'.splitlines()
''.splitlines()
'a-b'.partition('-')
'a-b-c'.rpartition('-')
'ab'.partition('-')
'ab'.rpartition('-')
'abc'.startswith('a')
'abc'.startswith(('x', 'a'))
'abc'.startswith('b', 1)
'abc'.startswith('b', 1, 2)
'abc'.startswith('')
'abc'.endswith('c')
'abc'.endswith(('x', 'c'))
'abc'.endswith('b', 0, 2)
'abc'.startswith(1)
'abc'.startswith(['a'])
'abcabc'.find('c')
'abcabc'.find('c', 3)
'abcabc'.find('z')
'abcabc'.find('c', 3, 5)
'abcabc'.rfind('c')
'abcabc'.rfind('b', 0, 3)
'日本語'.find('語')
'abc'.index('b')
'abc'.index('z')
'abc'.rindex('b')
'banana'.count('a')
'banana'.count('an')
'banana'.count('')
'banana'.count('a', 2)
'banana'.replace('a', 'o')
'banana'.replace('a', 'o', 2)
'banana'.replace('', '-')
'日本'.replace('', '-')
'banana'.replace('ana', '')
'banana'.replace('a', 1)
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1, 2])
'-'.join([])
', '.join(d)
'-'.join(words|map('upper'))
'abc'.removeprefix('ab')
'abc'.removesuffix('bc')
'abc'.removeprefix('x')
'42'.zfill(5)
'-42'.zfill(5)
'a'.center(5)
'a'.center(4, '*')
'ab'.center(5, '*')
'a'.ljust(3, '.')
'a'.rjust(3, '.')
'a'.ljust(0)
'a\\tb'.expandtabs()
'a\\tb'.expandtabs(4)
'123'.isdigit()
'12a'.isdigit()
''.isdigit()
'²'.isdigit()
'½'.isnumeric()
'١'.isdigit()
'123'.isdecimal()
'²'.isdecimal()
'abc'.isalpha()
'été'.isalpha()
'ab1'.isalnum()
'a b'.isalnum()
'日本'.isalpha()
'🙂'.isalpha()
'  '.isspace()
'\\u3000'.isspace()
''.isspace()
'ABC'.isupper()
'ABc'.isupper()
'ÉT'.isupper()
'123'.isupper()
'abc1'.islower()
'été'.islower()
'Abc Def'.istitle()
'abc'.isidentifier()
'1a'.isidentifier()
'abc'.isascii()
'é'.isascii()
'abc'.isprintable()
'a\\n'.isprintable()
'{} {}'.format(1, 'a')
'{0} {1} {0}'.format('a', 'b')
'{a} {b}'.format(a=1, b='x')
'{{}} {}'.format(1)
'{:>5}|'.format('a')
'{:<5}|'.format('a')
'{:^5}|'.format('a')
'{:*^7}|'.format('a')
'{:5}|'.format('a')
'{:5}|'.format(3)
'{:05d}'.format(42)
'{:+d}'.format(42)
'{:,}'.format(1234567)
'{:_}'.format(1234567)
'{:.2f}'.format(3.14159)
'{:8.3f}|'.format(3.14159)
'{:e}'.format(12345.678)
'{:g}'.format(0.0001)
'{:g}'.format(1e20)
'{:.3g}'.format(3.14159)
'{:%}'.format(0.25)
'{:.1%}'.format(0.256)
'{:x}'.format(255)
'{:X}'.format(255)
'{:#x}'.format(255)
'{:b}'.format(5)
'{:#b}'.format(5)
'{:o}'.format(8)
'{:c}'.format(65)
'{:.3}'.format('abcdef')
'{:10.3}|'.format('abcdef')
'{!r}'.format('a')
'{!s}'.format('a')
'{!r:>6}'.format('a')
'{0[0]}'.format(l)
'{}'.format(none)
'{}'.format([1, 'a'])
'{:>6}|'.format(true)
'{:d}'.format(true)
'{:.2f}'.format(3)
'{:d}'.format(1.5)
'{:d}'.format('a')
'{:>5}'.format(none)
'{:,.2f}'.format(1234567.891)
'{}'.format()
'{a}'.format()
'{'.format(1)
'}'.format(1)
'{} {0}'.format(1)
'{:{}}|'.format('a', 4)
'{:>{w}}|'.format('a', w=4)
'{0.__class__}'.format(1)
'abc'.nope()
'abc'.__class__
'abc'.__len__()
""")
expressions("percent", """
'%s' % 'a'
'%s %s' % ('a', 1)
'%d' % 3
'%d' % 3.7
'%i' % 3
'%5d|' % 3
'%-5d|' % 3
'%05d' % 3
'%+d' % 3
'% d' % 3
'%x' % 255
'%X' % 255
'%#x' % 255
'%o' % 8
'%f' % 1.5
'%.2f' % 1.555
'%8.2f|' % 1.5
'%e' % 12345.678
'%g' % 1e10
'%g' % 0.5
'%5s|' % 'a'
'%-5s|' % 'a'
'%.2s|' % 'abc'
'%5.1s|' % 'abc'
'%5s|' % 'é'
'%.1s|' % '日本'
'%r' % 'a'
'%a' % 'é'
'%c' % 'x'
'%c' % 65
'%%'
'%%' % ()
'100%% %s' % 1
'%(a)s %(b)d' % {'a': 1, 'b': 2}
'%s' % [1, 2]
'%s' % none
'%s' % true
'%s' % 1.0
'%s' % d
'%d' % 'a'
'%d' % true
'%s %s' % 'a'
'%s' % ('a', 'b')
'%s' % ()
'%y' % 1
'abc' % ()
'abc' % 1
'abc' % {}
'%*d' % (5, 3)
'%s'|format('a')
'%s %d'|format('a', 3)
'%(a)s'|format(a=1)
'%.3d' % 5
'%s' % ('x',)
5 % 3
'%d%%' % 50
""")
expressions("list and dict methods", """
l.count(1)
l.index(2)
l.index(9)
[1, 2, 1].index(1, 1)
(1, 2).count(1)
(1, 2).index(2)
l.append(4)
l.pop()
l.sort()
l.reverse()
l.extend([1])
l.insert(0, 1)
l.remove(1)
l.clear()
l.copy()
d.update({'x': 1})
d.pop('b')
d.clear()
d.setdefault('x', 1)
d.popitem()
d.copy()
d.keys()|list
d.values()|list
d.items()|list|length
d.keys()|length
d.items()|length
d.items()|first
'b' in d.keys()
1 in d.values()
d|length
d|list
d.get()
d.get('b', 1, 2)
d.items(1)
d.__class__
l.__len__()
d.keys() == d.keys()
(1, 2).append(3)
""")
expressions("filters", """
-3|abs
(-3)|abs
-3.5|abs
'a'|abs
people|map(attribute='name')|list
people|map(attribute='city.name')|list
people|map(attribute='nope')|list
people|map(attribute='nope', default='x')|list
people|map(attribute='age')|sum
people|map('length')|list
words|map('upper')|join
words|map('replace', 'a', 'x')|join(',')
words|map('nope')|list
l|map('string')|list
l|map('float')|list
people|attr('name')
people[0]|attr('name')
l|batch(2)|list
l|batch(2, 'x')|list
range(7)|batch(3)|list
range(7)|batch(3, 0)|list
el|batch(2)|list
l|slice(2)|list
range(7)|slice(3)|list
range(7)|slice(3, 'x')|list
s|capitalize
'ABC dEF'|capitalize
'abc'|center(9)
'abc'|center(8)
'abc'|center(2)
missing|default('x')
missing|default
missing|d('x')
none|default('x')
none|default('x', true)
''|default('x')
''|default('x', true)
''|default('x', boolean=true)
missing|default(default_value='q')
0|default(5, true)
d.nope|default('x')
d.nope.more|default('x')
missing.x|default('y')
d|dictsort
d|dictsort(true)
d|dictsort(false, 'value')
{'a': 2, 'b': 1}|dictsort(by='value')
{'a': 2, 'b': 1}|dictsort(false, 'value', true)
{'a': 2, 'b': 1}|dictsort(reverse=true)
{'a': 2, 'b': 1}|dictsort(by='nope')
{'B': 2, 'a': 1}|dictsort
{1: 2, 'a': 1}|dictsort
html|escape
html|e
html|forceescape
html|safe
html|e|e
html|e|forceescape
(html|safe) ~ '<'
(html|safe) + '<'
('<'|e) ~ '<'
('<'|e) + '<'
'<' + ('<'|e)
('<'|e) * 2
('<'|e) == '&lt;'
['<'|e, '<']|join
['<', '<'|e]|join(',')
('a'|safe)|upper
('<'|e).upper()
('<%s>'|safe) % '<'
('<{}>'|safe).format('<')
1000|filesizeformat
1500000|filesizeformat
1024|filesizeformat(true)
1|filesizeformat
999|filesizeformat
'13000'|filesizeformat
l|first
el|first
s|first
d|first
''|first
l|last
el|last
s|last
d|last
'3.7'|float
'abc'|float
'abc'|float(1.5)
'1e3'|float
'inf'|float
' 5 '|float
none|float
3|float
true|float
l|float
'3'|int
'3.7'|int
3.99|int
-3.99|int
'abc'|int
'abc'|int(5)
'0x1F'|int(base=16)
'ff'|int(0, 16)
'101'|int(base=2)
'0b11'|int(0, 0)
''|int
none|int
true|int
'1_000'|int
' 42 '|int
l|int
'%s'|format(1)
people|groupby('age')|list
people|groupby('age')|map('first')|list
people|groupby('city.name')|map(attribute='grouper')|list
people|groupby('city.name')|map(attribute='list')|map('length')|list
people|groupby('nope', default=1)|map('first')|list
[{'n': 'a'}, {'n': 'A'}]|groupby('n')|map('last')|map('length')|list
[{'n': 'a'}, {'n': 'A'}]|groupby('n', case_sensitive=true)|map('first')|list
text|indent
text|indent(2)
text|indent(2, true)
text|indent(2, first=true, blank=true)
text|indent('> ')
text|indent(width=1, blank=true)
'a'|indent(first=true)
'a\\n'|indent
1|indent
l|join
l|join(', ')
l|join(d=', ')
people|join(', ', attribute='name')
people|join(attribute='age')
''|join('-')
'abc'|join('-')
d|join('-')
[none, true, 1.5]|join('|')
missing|join
5|join
l|join(1)
l|length
s|length
u|length
d|length
el|count
missing|length
none|length
5|length
range(5)|length
'abc'|list
d|list
none|list
missing|list
5|list
'ABC É'|lower
5|lower
none|lower
l|max
l|min
el|max
el|max is defined
words|max
words|min
words|max(true)
words|min(case_sensitive=true)
people|max(attribute='age')
people|min(attribute='age')
d|max
[1, 'a']|max
d|items|list
missing|items|list
none|items|list
l|items|list
people|reject('mapping')|list
l|reject('odd')|list
l|reject|list
[0, 1, '', none]|reject|list
people|rejectattr('age', 'eq', 30)|map(attribute='name')|list
people|rejectattr('nope')|list|length
'aaa'|replace('a', 'b')
'aaa'|replace('a', 'b', 2)
'aaa'|replace('a', 'b', count=1)
'a1'|replace(1, 2)
123|replace(2, 'x')
'aaa'|replace('a')
'abc'|reverse
l|reverse|list
d|reverse|list
(1, 2)|reverse|list
u|reverse
5|reverse
2.5|round
3.5|round
-2.5|round
2.567|round(2)
2.5|round(method='floor')
2.1|round(method='ceil')
2.567|round(2, 'floor')
1234|round(-2)
1251.0|round(-2)
5|round
2.675|round(2)
0.5|round|int
2.5|round(0, 'nope')
'a'|round
l|select('odd')|list
l|select|list
l|select('gt', 1)|list
l|select('>', 1)|list
l|select('in', [1, 2])|list
l|select('divisibleby', 3)|list
words|select('equalto', 'a')|list
l|select('nope')|list
[1, none, 'a']|select('string')|list
missing|select|list
none|select|list
people|selectattr('age', 'gt', 26)|map(attribute='name')|list
people|selectattr('name')|list|length
people|selectattr('nope')|list
people|selectattr('nope', 'defined')|list
people|selectattr('city.name', 'eq', 'Oslo')|map(attribute='name')|list
people|selectattr('age', '==', 25)|list
people|selectattr|list
l|sort
l|sort(true)
l|sort(reverse=true)
words|sort
words|sort(case_sensitive=true)
words|sort(false, true)
people|sort(attribute='age')|map(attribute='name')|list
people|sort(attribute='age,name')|map(attribute='name')|list
people|sort(attribute='city.name')|map(attribute='name')|list
people|sort(attribute='age', reverse=true)|map(attribute='name')|list
[1, 'a']|sort
d|sort
s|sort
[[2, 1], [1, 2]]|sort
[[2, 1], [1, 2]]|sort(attribute=1)
[[2, 1], [1, 2]]|sort(attribute='1')
missing|sort
none|sort
5|string
none|string
1.0|string
l|string
missing|string
l|sum
el|sum
l|sum(start=10)
people|sum('age')
people|sum(attribute='age')
[1.5, 2]|sum
['a']|sum
[[1], [2]]|sum(start=[])
'hello world'|title
"it's a-b (c) x1y"|title
'éa bé'|title
'HELLO'|title
'  a '|trim
'xax'|trim('x')
5|trim
'\\n a \\t'|trim
'hello world foo bar'|truncate(10)
'hello world foo bar'|truncate(10, true)
'hello world foo bar'|truncate(10, false, '..')
'hello world foo bar'|truncate(length=9, leeway=0)
'hello world'|truncate(9)
'abc'|truncate(2)
'hello world foo'|truncate(5, leeway=0)
words|unique|list
words|unique(true)|list
[1, 1.0, 2]|unique|list
people|unique(attribute='age')|map(attribute='name')|list
'aAb'|unique|list
[[1], [1]]|unique|list
'abc é'|upper
'ß'|upper
'a b&c/d?é'|urlencode
{'a': 1, 'b': 'x y'}|urlencode
[['a', 1], ['b', 2]]|urlencode
5|urlencode
'one two  three'|wordcount
''|wordcount
"don't stop"|wordcount
s|nope
s|upper|lower|title
-1|abs
1 + 2|abs
(1 + -2)|abs
'a' ~ 'b'|upper
not 1|string
s|replace('l', 'L')|upper
l|sort|first
x|int
[1,2]|tojson|length
s|filter
s|upper is string
""")
expressions("tojson", """
d|tojson
call|tojson
call|tojson(indent=2)
call|tojson(indent=4)
call|tojson(indent=0)
call|tojson(2)
call|tojson(true)
call|tojson(none)
call|tojson(indent='--')
call|tojson(ensure_ascii=true)
call|tojson(ensure_ascii=false)
call|tojson(sort_keys=true)
d|tojson(sort_keys=true)
call|tojson(separators=(',', ':'))
call|tojson(separators=[',', ':'])
call|tojson(indent=1, separators=(',', ': '))
call|tojson(indent=1, separators=(', ', ': '))
call|tojson(indent=2, sort_keys=true, ensure_ascii=true, separators=(',', ':'))
html|tojson
u|tojson
u|tojson(ensure_ascii=true)
'\\x00\\x1f\\x7f\\u2028'|tojson
'a"b\\\\c/d'|tojson
none|tojson
true|tojson
1.0|tojson
1e100|tojson
0.1|tojson
el|tojson
el|tojson(indent=2)
ed|tojson
ed|tojson(indent=2)
[[]]|tojson(indent=2)
(1, 2)|tojson
{1: 2, none: 3, true: 4, 1.5: 5}|tojson
{(1, 2): 3}|tojson
{1: 1, 'a': 2}|tojson(sort_keys=true)
missing|tojson
[missing]|tojson
range(3)|tojson
range(3)|list|tojson
d.items()|tojson
d.items()|list|tojson
d.keys()|list|tojson
words|map('upper')|tojson
words|map('upper')|list|tojson
namespace(a=1)|tojson
s.upper|tojson
'inf'|float|tojson
'nan'|float|tojson
(1e308 * 10)|tojson
'x'|safe|tojson
9007199254740993|tojson
-0.0|tojson
people|tojson
people[0]|tojson(separators=(', ', ':'))
""")
expressions("tests", """
1 is boolean
true is boolean
none is boolean
s is callable
s.upper is callable
range is callable
missing is callable
missing is defined
s is defined
d.nope is defined
d.b is defined
none is defined
missing is undefined
s is undefined
missing is not defined
4 is divisibleby 2
4 is divisibleby(3)
4.0 is divisibleby 2
4 is divisibleby 0
'a' is divisibleby 2
1 is eq 1
1 is equalto 1.0
1 is == 1
'a' is eq('a')
'a'|safe is escaped
'a' is escaped
4 is even
3 is even
-2 is even
2.0 is even
'a' is even
true is odd
false is false
0 is false
0 is true
true is true
1 is true
1.0 is float
1 is float
'upper' is filter
'nope' is filter
1 is ge 1
1 is ge 2
2 is gt 1
2 is greaterthan 1
2 is lt 1
2 is lessthan 3
2 is le 2
2 is ne 3
1 is in [1, 2]
1 is not in [1, 2]
'a' is in 'abc'
'a' is in d
1 is integer
true is integer
1.0 is integer
'1' is integer
l is iterable
s is iterable
d is iterable
5 is iterable
none is iterable
missing is iterable
range(3) is iterable
s is lower
'abc' is lower
'ABC' is upper
'aB' is upper
'1' is lower
1 is lower
'É' is upper
d is mapping
l is mapping
s is mapping
namespace() is mapping
none is none
missing is none
0 is none
none is not none
1 is number
1.5 is number
true is number
'1' is number
3 is odd
1 is odd
1 is sameas 1
none is sameas none
true is sameas true
1 is sameas true
missing is sameas none
l is sameas l
l is sequence
s is sequence
d is sequence
5 is sequence
none is sequence
missing is sequence
range(3) is sequence
d.items() is sequence
words|map('upper') is sequence
s is string
5 is string
('a'|safe) is string
missing is string
'lower' is test
'nope' is test
s is nope
s is not string
not s is string
s is string and l is sequence
s is string is true
1 is eq 1 and 2 is eq 2
1 is eq(1) or missing
5 is in(l) or t
l|length is gt 2
(n is odd) and (m is odd)
1 in l is true
n is odd if t else 'x'
s is defined and s
n is divisibleby(7) and n > 3
m is lt 0
[1] is eq [1]
{'a': 1} is eq {'a': 1}
none is eq none
n + 1 is even
-1 is odd
""")
expressions("undefined", """
missing|upper
missing|trim
missing ~ 'a'
missing|list|length
missing|first
missing|string|length
missing is defined or 1
missing.a is defined
missing() 
d.nope()
d.nope is none
d.nope == none
missing|int
missing|float
missing|abs
missing|join(',')
missing|map('upper')|list
missing|reverse|list
missing|sort|list
missing|unique|list
missing|dictsort
missing|replace('a', 'b')
missing|tojson
missing in l
missing in s
missing in d
missing[1:2]
missing * 2
missing % 2
missing / 2
missing > 1
missing == ''
not missing
missing if missing else 'no'
[missing, 1]|first
{'a': missing}
missing|default(none)
missing|default([])|length
missing|e
missing|sum
missing|max
missing|selectattr('a')|list
l[missing]
d[missing]
s[missing]
loop.index
loop is defined
varargs
super
""")
group("blanks",
      "a\n{% if t %}\nb\n{% endif %}\nc", "a\n  {% if t %}\n  b\n  {% endif %}\n  c", "  {% if t %}x{% endif %}  ",
      "a {% if t %} b {% endif %} c", "a {%- if t %} b {%- endif %} c", "a {% if t -%} b {% endif -%} c",
      "a {%- if t -%} b {%- endif -%} c", "a\n\n{%- if t %}\n\nb{% endif %}", "a\n{% if t -%}\n\n  b{% endif %}",
      "{{ 1 }}\n{{ 2 }}\n", "{{ 1 }}\n\n{{ 2 }}\n\n", " {{- 1 -}} ", "a {{- 1 }} b", "a {{ 1 -}} b",
      "  {{ 1 }}\n", "\n{{ 1 }}", "  {%+ if t %}x{% endif %}", "{% if t +%}\nx{% endif %}", "{% if t %}\n\nx{% endif %}",
      "a\n  {# c #}\nb", "a {# c #} b", "a {#- c -#} b", "a\n{#- c #}\nb", "a\n{# c -#}\n  b", "{# {{ x }} {% if %} #}x",
      "a\n  {#+ c #}\nb", "a{# c +#}\nb", "{# a\nb\nc #}\nx", "{#-#}x", "{#--#}x", "{# - #}x",
      "{% raw %}{{ x }}{% if %}{% endraw %}", "a\n  {% raw %}\n  x\n  {% endraw %}\n  b", "a {%- raw -%} x {%- endraw -%} b",
      "{% raw %}\n\nx{% endraw %}\n\ny", "  {%+ raw %}x{%+ endraw %}", "{% raw -%}  x  {%- endraw %}",
      "{%raw%}{%endraw%}x", "{% raw %}a{% raw %}b{% endraw %}", "{% raw %}{# x #}{% endraw %}",
      "a\r\nb\rc", "a\r\n{% if t %}\r\nb{% endif %}\r\n", "x\n", "x\n\n", "\n", "", "  ", "\t{% if t %}x{% endif %}",
      "a\n \t {% if t %}x{% endif %}", "{% if t %}a{% endif %}  {% if t %}b{% endif %}", "{{ 1 }}  {% if t %}b{% endif %}",
      "{{ 1 }}\n  {% if t %}b{% endif %}", "{% set a = 1 %}\n{{ a }}", "{% set a = 1 %}  \n{{ a }}", "{%- set a = 1 -%}\n\n {{ a }}",
      "a{%- set x = 1 %}\n  {%- set y = 2 %}\n b", "{% for i in l %}\n{{ i }}\n{% endfor %}", "{% for i in l %}\n  {{ i }}\n{% endfor %}\n",
      "{%- for i in l -%}\n{{ i }}\n{%- endfor -%}\n", "{% for i in l %}{{ i }} {% endfor %}x", "{{ 'a' }}{# x #}\n{{ 'b' }}",
      "{{\n1\n}}", "{%\nif t\n%}x{%\nendif\n%}", "{{1}}{{2}}", "{{-1}}", "{{- 1}}", "{{ -1 }}", "{{+1}}", "{{ {'a': {'b': 1}} }}", "{{ {'a': {'b': 1}}['a'] }}",
      "{{ '}}' }}", "{{ \"%}\" }}", "{% if '%}' %}x{% endif %}", "{ { 1 } }", "{", "}", "a { b } c", "{ %", "%}", "}}", "#}", "{{ '{{' }}", "{{ '{%' }}",
      "{% if t %}{% endif %}\n\nx", "  {%- if t %}x{% endif %}", "x  {%- if t %}y{% endif %}", "x\u00a0{%- if t %}y{% endif %}", "{%- if t -%}\u3000y{% endif %}",
      "\u00a0{% if t %}x{% endif %}", "x\n{%if t%}y{%endif%}\nz", "{%-if t-%} y {%-endif-%}", "{{ 1 }}\t\n{{- 2 }}", "{% generation %}a{% endgeneration %}b",
      "x\n  {% generation %}\n a \n  {% endgeneration %}\nb", "{%- generation -%} a {%- endgeneration -%} b", "\f{% if t %}x{% endif %}", "\v{%- if t %}x{% endif %}",
      "a\n{{ 'b' }}\n  {%- if t %}\nc\n{%- endif %}\n", "line\n\n\n{%- if t %}x{% endif %}\n\n\n", "{% if t %}\r\nx{% endif %}", "a\n  {%- raw %} x {% endraw %}")
group("if and scopes",
      "{% if n > 5 %}a{% elif n > 3 %}b{% else %}c{% endif %}", "{% if n > 9 %}a{% elif n > 3 %}b{% else %}c{% endif %}", "{% if f %}a{% else %}c{% endif %}",
      "{% if missing %}a{% else %}b{% endif %}", "{% if not missing %}a{% endif %}", "{% if f %}{% elif f %}{% endif %}x", "{% if el or ed or e %}a{% else %}b{% endif %}",
      "{% if t %}{% set a = 1 %}{% endif %}{{ a }}", "{% if f %}{% set a = 1 %}{% endif %}{{ a is defined }}", "{% set a = 1 %}{% if t %}{% set a = 2 %}{% endif %}{{ a }}",
      "{% set a = 1 %}{% for i in l %}{% set a = i %}{{ a }}{% endfor %}{{ a }}", "{% for i in l %}{% set a = i %}{% endfor %}{{ a is defined }}",
      "{% for i in l %}{% if loop.first %}{% set a = i %}{% endif %}{{ a }}{% endfor %}", "{% set a = 0 %}{% for i in l %}{{ a }}{% set a = a + i %}{{ a }};{% endfor %}{{ a }}",
      "{% set i = 'out' %}{% for i in l %}{{ i }}{% endfor %}{{ i }}", "{% for i in l %}{% for j in l %}{% if j == 1 %}{% set i = 9 %}{% endif %}{{ i }}{% endfor %}{{ i }};{% endfor %}",
      "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set (a, b) = (1, 2) %}{{ a }}{{ b }}", "{% set a, b = [1] %}", "{% set a, b = 'xy' %}{{ a }}{{ b }}", "{% set a, b = 5 %}",
      "{% set a = 1, 2 %}{{ a }}", "{% set a = (1,) %}{{ a }}", "{% set ns = namespace() %}{% set ns.a = 1 %}{{ ns.a }}", "{% set ns = namespace(a=1, b=[]) %}{{ ns.a }}{{ ns.b }}{{ ns.c is defined }}",
      "{% set ns = namespace({'a': 1}) %}{{ ns.a }}", "{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}", "{% set ns = namespace(a=0) %}{% for i in l %}{% set ns.a = ns.a + i %}{% endfor %}{{ ns.a }}",
      "{% set ns = namespace(a=0) %}{{ ns['a'] }}", "{% set d.b = 5 %}", "{% set missing.a = 1 %}", "{% set ns = namespace(a=1) %}{% set b = ns %}{% set b.a = 2 %}{{ ns.a }}",
      "{% set ns = namespace(a=1) %}{% macro m(x) %}{% set x.a = 5 %}{% endmacro %}{{ m(ns) }}{{ ns.a }}", "{% set ns = namespace(a=1) %}{% macro m() %}{% set ns.a = 5 %}{% endmacro %}{{ m() }}{{ ns.a }}",
      "{% set ns = namespace(a=1) %}{% set ns.a, c = 3, 4 %}{{ ns.a }}{{ c }}", "{% set ns.a = 1 %}", "{% set x %}a{{ n }}b{% endset %}[{{ x }}]", "{% set x | upper %}abc{% endset %}{{ x }}",
      "{% set x | replace('a', 'b') | upper %}aa{% endset %}{{ x }}", "{% set x %}<{% endset %}{{ x|e }}{{ x ~ '<' }}", "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y is defined }}",
      "{% set ns = namespace(x='') %}{% set ns.x %}body{% endset %}{{ ns.x }}", "{% with %}{% set a = 1 %}{{ a }}{% endwith %}{{ a is defined }}", "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}",
      "{% set a = 5 %}{% with a = 1, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with a = 1 %}{% set b = 2 %}{% endwith %}{{ b is defined }}", "{% with a, b = (1, 2) %}{{ a }}{{ b }}{% endwith %}",
      "{% filter upper %}abc{{ s }}{% endfilter %}", "{% filter upper|replace('A', 'x') %}abc{% endfilter %}", "{% filter indent(2, true) %}a\nb{% endfilter %}", "{% filter upper %}{% set a = 1 %}{% endfilter %}{{ a is defined }}",
      "{% set s = 'mine' %}{{ s }}", "{% set range = 1 %}{{ range }}", "{% set loop = 1 %}{{ loop }}", "{% set true = 1 %}", "{% set none = 1 %}", "{% set self = 1 %}{{ self }}",
      "{% do l.append(1) %}", "{% set a = l.append(1) %}", "{% if x is defined and x is not none %}y{% endif %}", "{% if (t) %}y{% endif %}", "{% if t and not f or f %}y{% endif %}", "{% if t, %}y{% endif %}",
      "{% if %}y{% endif %}", "{% if t %}", "{% endif %}", "{% else %}", "{% if t %}{% endfor %}", "{% if t %}{% else %}{% else %}{% endif %}", "{% if t %}{% else %}{% elif t %}{% endif %}", "{% if t endif %}",
      "{{ }}", "{{ 1 2 }}", "{{ 1", "{{ (1 }}", "{{ [1 }}", "{{ {'a' 1} }}", "{{ 'a }}", "{% nope %}", "{% %}", "{{ 1 | }}", "{{ . }}", "{{ a. }}", "{{ a[ }}", "{{ a.1.2 }}", "{{ & }}", "{{ ! }}", "{{ a = 1 }}", "{% set %}", "{% set a %}",
      "{% set a = %}", "{% set 1 = 2 %}", "{% set a.b.c = 1 %}", "{{ not }}", "{{ if }}", "{{ 1 if }}", "{{ in l }}", "{# open", "{% raw %}x", "{{ a.b.c.d.e is defined }}", "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}",
      "{% block b %}x{% endblock %}", "{% block b %}x{% endblock b %}", "{% generation %}{% set a = 1 %}{% endgeneration %}{{ a is defined }}",
      "{% for i in l %}{% generation %}{{ loop.index }}{{ i }}{% endgeneration %}{% endfor %}", "{% set a = 1 %}{% generation %}{{ a }}{% set a = 2 %}{{ a }}{% endgeneration %}{{ a }}",
      "{% set a = namespace(b=namespace(c=1)) %}{% set a.b = 3 %}{{ a.b }}", "{% set x = x %}{{ x }}", "{% set y = y %}{{ y is defined }}", "{% if t %}{% set s = 'new' %}{% endif %}{{ s }}", "{% if f %}{% set s = 'new' %}{% endif %}{{ s }}",
      "{% for i in l %}{% set s = s ~ i %}{{ s }}{% endfor %}{{ s }}", "{% set a = 1 if t else 2 %}{{ a }}", "{% set a = 1 if f %}{{ a is defined }}", "{% set a = b = 1 %}", "{% set a = not t %}{{ a }}", "{% set a = l|first %}{{ a }}", "{% set a = 'x' ~ 1 %}{{ a }}",
      "{% with x = 1 %}{% for i in l %}{{ x }}{% set x = i %}{{ x }}{% endfor %}{{ x }}{% endwith %}", "{% for k in [1, 2] %}{% with v = k %}{% set v = v + 1 %}{{ v }}{% endwith %}{% endfor %}")
group("loops",
      "{% for i in l %}{{ i }}{% endfor %}", "{% for i in el %}{{ i }}{% else %}none{% endfor %}", "{% for i in l %}{{ i }}{% else %}none{% endfor %}", "{% for i in missing %}x{% else %}none{% endfor %}",
      "{% for i in none %}x{% endfor %}", "{% for i in 5 %}x{% endfor %}", "{% for c in s %}{{ c }}.{% endfor %}", "{% for c in u %}{{ c }}.{% endfor %}", "{% for k in d %}{{ k }}{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
      "{% for k, v in d|dictsort %}{{ k }}={{ v }};{% endfor %}", "{% for k, v in d|items %}{{ k }}={{ v }};{% endfor %}", "{% for (a, b) in [(1, 2), (3, 4)] %}{{ a }}{{ b }}{% endfor %}", "{% for a, b in [[1, 2], [3]] %}{{ a }}{% endfor %}", "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}",
      "{% for a, b in ['xy', 'zw'] %}{{ a }}-{{ b }};{% endfor %}", "{% for i in l if i > 1 %}{{ i }}{{ loop.index }}/{{ loop.length }} {% endfor %}", "{% for i in l if i > 9 %}x{% else %}none{% endfor %}", "{% for i in l if missing %}x{% else %}e{% endfor %}",
      "{% for i in l %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }};{% endfor %}",
      "{% for i in l %}{{ loop.previtem }}<{{ i }}>{{ loop.nextitem }};{% endfor %}", "{% for i in l %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}", "{% for i in l %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for i in l %}{{ loop.cycle() }}{% endfor %}",
      "{% for i in [1, 1, 2, 2, 1] %}{{ loop.changed(i) }}{% endfor %}", "{% for i in [1, 1, 2] %}{% if loop.changed(i, 'x') %}{{ i }}{% endif %}{% endfor %}", "{% for i in [1, 2] %}{{ loop.changed() }}{% endfor %}", "{% for i in l %}{{ loop }}{% endfor %}", "{% for i in l %}{{ loop.nope is defined }}{% endfor %}",
      "{% for i in l %}{{ loop['index'] }}{% endfor %}", "{% for i in l %}{% for j in l %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}", "{% for i in l %}{% set outer = loop %}{% for j in l %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
      "{% for i in l %}{% if i == 1 %}{% continue %}{% endif %}{{ i }}{% endfor %}", "{% for i in l %}{% if i == 1 %}{% break %}{% endif %}{{ i }}{% else %}e{% endfor %}", "{% for i in l %}{% break %}{% else %}e{% endfor %}", "{% for i in l %}{% for j in l %}{% break %}{% endfor %}{{ i }}{% endfor %}",
      "{% for i in l %}{% if t %}{% set x = i %}{% continue %}{% endif %}{% endfor %}{{ x }}", "{% break %}", "{% continue %}", "{% if t %}{% break %}{% endif %}", "{% for i in l %}{% endfor %}{{ i is defined }}", "{% for i in l recursive %}{{ i }}{% endfor %}",
      "{% for i in [[1, [2, 3]], 4] recursive %}{{ loop.depth }}{% if i is sequence %}[{{ loop(i) }}]{% else %}{{ i }}{% endif %}{% endfor %}", "{% for i in l %}{{ loop(i) }}{% endfor %}", "{% for i in l recursive %}{{ loop() }}{% endfor %}",
      "{% for p in people %}{{ p.name }}{% if not loop.last %}, {% endif %}{% endfor %}", "{% for p in people|groupby('age') %}{{ p.grouper }}:{% for q in p.list %}{{ q.name }} {% endfor %}{% endfor %}", "{% for a, b in people|groupby('age') %}{{ a }}{{ b|length }}{% endfor %}",
      "{% for i in range(3) %}{{ i }}{% endfor %}", "{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}", "{% for i in l|sort %}{{ i }}{% endfor %}", "{% for i in l|reverse %}{{ i }}{{ loop.last }}{% endfor %}", "{% for i in l[1:] %}{{ i }}{% endfor %}", "{% for i in (1, 2) %}{{ i }}{% endfor %}", "{% for i in 1, 2 %}{{ i }}{% endfor %}",
      "{% for i in l if loop.index > 1 %}{{ i }}{% endfor %}", "{% for i in l %}{% for j in l if j > i %}{{ j }}{% endfor %};{% endfor %}", "{% for i in words|map('upper') %}{{ i }}{{ loop.length }}{% endfor %}", "{% for i in l if t else f %}x{% endfor %}", "{% for i in (l if t else el) %}{{ i }}{% endfor %}",
      "{% for i in l if i is odd %}{{ loop.first }}{{ i }}{{ loop.last }}{% endfor %}", "{% for loop in l %}x{% endfor %}", "{% for i in l %}{{ i }}{% else %}{{ i }}{% endfor %}", "{% for i in el %}{% else %}{{ loop is defined }}{% endfor %}", "{% for i.x in l %}{% endfor %}", "{% for in l %}{% endfor %}", "{% for i of l %}{% endfor %}", "{% for i in %}{% endfor %}", "{% for i in l %}",
      "{% for i in l %}{% set a = i %}{% if loop.last %}{{ a }}{% endif %}{% endfor %}", "{% for i in l %}{% set loop = 5 %}{{ loop }}{% endfor %}", "{% set ns = namespace(l=[]) %}{% for i in l %}{% set ns.l = ns.l + [i] %}{% endfor %}{{ ns.l }}", "{% for i in [1] %}{% for i in [2] %}{{ i }}{% endfor %}{{ i }}{% endfor %}",
      "{% for i in l %}{{ loop.index is even }}{% endfor %}", "{% for i in l %}{{ loop.index % 2 }}{{ 'x' if loop.first else 'y' }}{% endfor %}", "{% for m in people[::-1] %}{{ m.name }}{{ loop.revindex0 }}{% endfor %}", "{% for i in l %}{% filter upper %}{{ loop.index }}a{% endfilter %}{% endfor %}",
      "{% for k, v in {'b': 1, 'a': 2}.items() %}{{ k }}{% endfor %}", "{% for k in {'b': 1}.keys() %}{{ k }}{% endfor %}", "{% for v in {'b': 1}.values() %}{{ v }}{% endfor %}", "{% for a in d.items() %}{{ a }}{{ a[0] }}{% endfor %}", "{% for i, x in [(1, 2)] %}{{ loop.index }}{{ i }}{{ x }}{% endfor %}{{ x }}",
      "{% for x in l %}{% for y in l %}{{ loop.depth }}{% endfor %}{% endfor %}", "{% for i in l %}{% set a %}{{ loop.index }}{% endset %}{{ a }}{% endfor %}", "{% for i in l -%} {{ i }} {%- endfor %}", "{% for i in namespace(a=1) %}x{% endfor %}")
group("macros",
      "{% macro m(a) %}[{{ a }}]{% endmacro %}{{ m(1) }}", "{% macro m(a, b=2) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, 3) }}{{ m(1, b=4) }}{{ m(b=5, a=6) }}", "{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, b=2) }}",
      "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, a=2) }}", "{% macro m() %}{{ varargs }}{% endmacro %}{{ m(1, 2) }}", "{% macro m() %}{{ kwargs }}{% endmacro %}{{ m(a=1, b=2) }}", "{% macro m(a) %}{{ a }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}", "{% macro m(a, b=a) %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}",
      "{% macro m(a=missing) %}{{ a is defined }}{% endmacro %}{{ m() }}", "{% macro m(a, b=n) %}{{ b }}{% endmacro %}{% set n = 9 %}{{ m(1) }}", "{% macro m(a=1, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(l) %}{{ l|length }}{% endmacro %}{{ m([1, 2]) }}{{ l }}", "{% macro m() %}{{ s }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{{ v }}{% endmacro %}{% set v = 1 %}{{ m() }}", "{% set v = 1 %}{% macro m() %}{{ v }}{% endmacro %}{% set v = 2 %}{{ m() }}", "{% set v = 1 %}{% macro m() %}{% set v = 2 %}{{ v }}{% endmacro %}{{ m() }}{{ v }}", "{% macro m() %}{{ w is defined }}{% endmacro %}{% for w in l %}{{ m() }}{% endfor %}",
      "{% for w in l %}{% macro m() %}{{ w }}{% endmacro %}{{ m() }}{% endfor %}", "{% for w in l %}{% macro m() %}{{ w }}{% endmacro %}{% endfor %}{{ m is defined }}", "{% if t %}{% macro m() %}x{% endmacro %}{% endif %}{{ m() }}", "{{ m() }}{% macro m() %}x{% endmacro %}", "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}x{% endmacro %}{{ a() }}",
      "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}", "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}body{% endcall %}", "{% macro m() %}{{ caller(1, 2) }}{% endmacro %}{% call(a, b) m() %}{{ a }}-{{ b }}{% endcall %}", "{% macro m() %}{% for i in l %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(x) m() %}<{{ x }}>{% endcall %}",
      "{% macro m(a) %}{{ a }}{{ caller() }}{% endmacro %}{% set q = 5 %}{% call m(1) %}{{ q }}{% endcall %}", "{% macro m() %}{{ caller is defined }}{% endmacro %}{{ m() }}{% call m() %}{% endcall %}", "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}", "{% macro m() %}{{ caller(1) }}{% endmacro %}{% call(a, b=7) m() %}{{ a }}{{ b }}{% endcall %}",
      "{% macro m(caller) %}{{ caller }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{{ caller() }}{% endmacro %}{% for i in l %}{% call m() %}{{ i }}{{ loop.index }}{% endcall %}{% endfor %}", "{% macro m() %}{{ caller() }}{% endmacro %}{% call m() %}{% set zz = 1 %}{% endcall %}{{ zz is defined }}",
      "{% macro o() %}({{ caller() }}){% endmacro %}{% macro i() %}[{{ caller() }}]{% endmacro %}{% call o() %}{% call i() %}x{% endcall %}{% endcall %}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1, 2]) }}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(**{'a': 1, 'b': 2}) }}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(1, *[2]) }}", "{% macro m(a, b) %}{{ a }}{{ b }}{% endmacro %}{{ m(*[1], **{'b': 2}) }}",
      "{% macro m(a) %}{% endmacro %}{{ m.name }}{{ m.arguments }}{{ m.catch_varargs }}{{ m.catch_kwargs }}{{ m.caller }}", "{% macro m() %}{{ m.name }}{% endmacro %}{{ m() }}", "{% macro m() %} a {% endmacro %}[{{ m()|trim }}]", "{% macro m() -%} a {%- endmacro %}[{{ m() }}]", "{% macro m() %}\na\n{% endmacro %}[{{ m() }}]", "{% macro m() %}a{% endmacro %}{{ m() ~ m() }}{{ m()|upper }}",
      "{% macro m() %}<{% endmacro %}{{ m()|e }}{{ m() + '<' }}", "{% macro m(x) %}{{ loop is defined }}{% endmacro %}{% for i in [1] %}{{ m(1) }}{% endfor %}", "{% macro m(x) %}{% for i in x %}{{ loop.index }}{{ i }}{% endfor %}{% endmacro %}{{ m(l) }}", "{% set f = 1 %}{% macro f() %}m{% endmacro %}{{ f() }}", "{% macro m() %}{% macro n() %}inner{% endmacro %}{{ n() }}{% endmacro %}{{ m() }}{{ n is defined }}",
      "{% macro m(a) %}{% macro n() %}{{ a }}{% endmacro %}{{ n() }}{% endmacro %}{{ m(3) }}", "{% macro m() %}{% break %}{% endmacro %}", "{% macro %}{% endmacro %}", "{% macro m %}{% endmacro %}", "{% macro m( %}{% endmacro %}", "{% macro m(1) %}{% endmacro %}", "{% call m %}{% endcall %}", "{% macro m() %}x{% endmacro m %}{{ m() }}", "{{ m(a=1, 2) }}", "{{ range(*[3])|list }}", "{{ dict(**{'a': 1}) }}",
      "{{ range(stop=3) }}", "{{ range() }}", "{{ range('a') }}", "{{ range(1.5) }}", "{{ range(1, 2, 0) }}", "{{ dict(1) }}", "{{ namespace(1) }}", "{{ cycler('a', 'b').next() }}", "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.next() }}", "{% set j = joiner('|') %}{{ j() }}a{{ j() }}b{{ j() }}",
      "{% set j = joiner() %}{{ j() }}a{{ j() }}b", "{{ strftime_now('%Y-%m-%d') }}", "{{ strftime_now('%d %b %Y %H:%M:%S %A %a %B %j %p %I %y %%') }}", "{{ raise_exception('no') }}", "{% macro m(a, a) %}{% endmacro %}", "{% macro m(messages) %}{% for x in messages %}{{ x }}{% endfor %}{% endmacro %}{{ m(messages=[1, 2]) }}", "{% macro m(a) %}{{ a.b }}{% endmacro %}{{ m({'b': 1}) }}",
      "{% macro m(v, k=none) %}{{ v }}{{ k is none }}{% endmacro %}{{ m(1) }}{{ m(1, k=2) }}", "{% set a = 1 %}{% macro m() %}{{ a }}{% set a = 2 %}{{ a }}{% endmacro %}{{ m() }}", "{% macro m(x) %}{{ x }}{% endmacro %}{% set r = m(1) %}{{ r ~ r }}{{ r is string }}{{ r|length }}", "{% macro m() %}{{ kwargs.a }}{{ kwargs|length }}{% endmacro %}{{ m(a=1) }}",
      "{% macro m() %}{{ varargs|length }}{% for v in varargs %}{{ v }}{% endfor %}{% endmacro %}{{ m(1, 2, 3) }}", "{% for i in [1, 2] %}{% macro m(x) %}{{ x }}{{ i }}{% endmacro %}{{ m('a') }}{% endfor %}", "{% macro m(x) %}{{ x }}{% endmacro %}{{ l|map('string')|map('upper')|join }}", "{% set x = 'g' %}{% macro m(x='p') %}{{ x }}{% endmacro %}{{ m() }}{{ m('q') }}{{ x }}")
group("strings in templates", "{{ 'a\nb' }}", "{{ 'a\\\nb' }}", "{{ \"a'b\" }}", "{{ 'tab\\there' }}", "{{ 'nl\\nhere' }}", "{{ '\\\\' }}", "{{ '\\U0001F642' }}", "{{ '\\x4' }}", "{{ '\\u12' }}", "{{ '日本' }}", "日本 {{ '🙂' }} é",
      "{{ '\\a\\b\\f\\v' }}", "{{ '\\u0000'|length }}", "{{ 'a' 'b' \"c\" }}", "{{ '' }}", "{{ '{{ x }}' }}", "{{ été }}", "{% set été = 1 %}{{ été }}", "{{ '\\q' }}", "{{ '\\1' }}", "{{ '\\777' }}", "{{ '\\18' }}", "{{ '<|im_start|>' }}<|im_end|>", "{{ 'a%}b' }}{{ '#}' }}{{ '{#' }}")


def expected(env, source):
    try:
        return {"expected": env.from_string(source).render(**VARS)}
    except Exception as error:  # whatever Python raises, the template is refused
        return {"error": type(error).__name__}


def main():
    env = environment()
    groups = {name: [{"template": each, **expected(env, each)} for each in snippets] for name, snippets in SNIPPETS.items()}
    lines = [json.dumps(name) + ": [\n" + ",\n".join(json.dumps(each, ensure_ascii=False) for each in all_of) + "\n]"
             for name, all_of in groups.items()]
    text = '{"made_by": "jinja2 %s", "vars": %s,\n"groups": {\n%s\n}}\n' % (
        jinja2.__version__, json.dumps(VARS, ensure_ascii=False), ",\n".join(lines))
    pathlib.Path(__file__).with_name("snippets.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
