#!/usr/bin/env python3
"""The kernels as C++ on fibers.h: translate.py FOLDER FILE…, a .cpp for each .cu"""
import os
import re
import sys


def opening(text, close, pair):
    """Where the bracket opens that closes at `close`."""
    depth = 0
    for i in range(close, -1, -1):
        depth += {pair[1]: 1, pair[0]: -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ValueError('unbalanced')


def closing(text, open_, pair):
    depth = 0
    for i in range(open_, len(text)):
        depth += {pair[0]: 1, pair[1]: -1}.get(text[i], 0)
        if depth == 0:
            return i
    raise ValueError('unbalanced')


def launches(text):
    """kernel<args><<<grid, …>>>(x) becomes fibers::launch(grid, …, kernel, x)."""
    while '<<<' in text:
        at = text.index('<<<')
        end = len(text[:at].rstrip())
        begin = opening(text, end - 1, '<>') if text[end - 1] == '>' else end
        begin = re.search(r'\w+$', text[:begin]).start()
        stop = text.index('>>>', at)
        last = closing(text, stop + 3, '()')
        kernel = f'[&](const auto&... given) {{ {text[begin:end]}(given...); }}'
        call = f'fibers::launch({text[at + 3:stop]}, {kernel}, {text[stop + 4:last]})'
        text = text[:begin] + call + text[last + 1:]
    return text


def shared(text):
    """Variables in shared memory are the block's; extern ones have no name."""
    def one(m):
        if m['extern']:
            return f'auto {m["name"]} = static_cast<{m["type"]}*>(fibers::shared("", 0, {m["align"]}));'
        return f'auto& {m["name"]} = fibers::shared<{m["type"]}{m["dims"]}>("{m["name"]}");'
    return re.sub(r'(?P<extern>extern )?__shared__ (__align__\((?P<align>\d+)\) )?(?P<type>\w+) (?P<name>\w+)(?P<dims>(\[[^;]*\])+);',
                  one, text)


def instructions(text):
    """A function whose body is an instruction of the card, or an address for one, is that of instructions.h."""
    head = re.compile(r'(template <int (?P<value>\w+)>\n)?__device__ __forceinline__ [\w ]+? (?P<name>\w+)\(')
    at = 0
    while m := head.search(text, at):
        at = end = closing(text, m.end() - 1, '()')
        if text[end + 1:end + 3] != ' {':
            continue
        last = closing(text, end + 2, '{}')
        if not re.search(r'asm( volatile)?\(\s*"[^"]|__cvta_generic_to_shared', text[end:last]):
            continue
        names = re.findall(r'(\w+)(?:\)?\[\d+\])?(?:,|$)', text[m.end():end])
        value = f'<{m["value"]}>' if m['value'] else ''
        body = f' {{ return fibers::instructions::{m["name"]}{value}({", ".join(names)}); }}'
        text = text[:end + 1] + body + text[last + 1:]
    return text


folder = sys.argv[1]
os.makedirs(folder, exist_ok=True)
for file in sys.argv[2:]:
    text = '#include "instructions.h"\n' + instructions(shared(launches(open(file).read())))
    rest = text.replace('asm volatile("" :', '')
    assert not re.search(r'\basm\b', rest), f'{file}: an instruction that is not the body of a function'
    to = os.path.join(folder, re.sub(r'\.cu$', '.cpp', os.path.basename(file)))
    if not os.path.exists(to) or open(to).read() != text:
        open(to, 'w').write(text)
