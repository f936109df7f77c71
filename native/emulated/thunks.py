#!/usr/bin/env python3
"""Entries of the emulated libcandela_cuda.so, from native/candela.h: thunks.py CANDELA_H TO

An entry checks its pointers and queues the CPU library's entry of the same name, with its own copies of lists."""
import re
import sys

# Written by hand in entries.cpp.
OWN = {'cd_version', 'cd_last_error', 'cd_level', 'cd_device_count', 'cd_stream_create', 'cd_stream_wait', 'cd_stream_destroy'}
# Of tiles.py: they round to TF32.
ROUNDING = {'cd_convolve', 'cd_convolve_blocks', 'cd_convolve_few', 'cd_convolve_few_shared', 'cd_convolve_few_weights',
            'cd_convolve_transposed', 'cd_convolve_transposed_blocks', 'cd_transpose_few', 'cd_transpose_few_arrange',
            'cd_transpose_few_size'}
# What an entry tells the caller at once.
TOLD = {'blocks', 'floats', 'bytes'}
# Lengths of lists on the host; of strides it is the rank.
LENGTH = {'shape': '12', 'window': '10', 'from': '12', 'to': '12', 'dims': 'rank'}


def declarations(header):
    text = header[:header.index('/* ---- dense ---- */')]
    text = re.sub(r'/\*.*?\*/', '', text, flags=re.S)
    for m in re.finditer(r'\bint (cd_\w+)\(([^)]*)\);', text):
        parts = [re.match(r'\s*(.*?)(\w+)\s*$', ' '.join(p.split())).groups() for p in m.group(2).split(',')]
        yield m.group(1), [(kind.strip(), name) for kind, name in parts]


def entry(name, parameters):
    """C++ of one entry."""
    assert parameters[0] == ('cd_stream*', 'stream'), (name, parameters)
    rounds = name in ROUNDING
    cpu = 'onRounding()' if rounds else 'onCpu()'
    kinds = ', '.join(kind for kind, _ in parameters)
    lines = []
    if rounds:
        lines.append(f'int real_{name}({", ".join(f"{kind} {n}" for kind, n in parameters)});')
    lines += [
        f'EXPORT int {name}({", ".join(f"{kind} {n}" for kind, n in parameters)}) {{',
        f'  static auto f = &real_{name};' if rounds else
        f'  static auto f = reinterpret_cast<int (*)({kinds})>(cpuEntry("{name}"));',
        f'  if (int status = refused(stream, "{name}")) return status;']
    if any(n in TOLD and '*' in kind for kind, n in parameters):
        lines += [host(name, n) for kind, n in parameters[1:] if '*' in kind]
        arguments = [cpu] + [n for _, n in parameters[1:]]
        lines.append(f'  return told("{name}", f({", ".join(arguments)}));')
    else:
        copies, arguments = ['s = streamOf(stream)'], [cpu]
        for kind, n in parameters[1:]:
            if kind == 'const int*':
                length = 'rank' if n.endswith('Strides') else LENGTH[n]
                lines.append(host(name, n))
                copies.append(f'{n} = hostCopy({n}, {length})')
                arguments.append(f'{n}.data()')
            elif '*' in kind:
                lines.append(f'  if (!checkDevice({n}, "{name}", "{n}")) return illegal("{name}", "{n}");')
                copies.append(n)
                arguments.append(f'seen({n}, 0, "{name}")')
            else:
                copies.append(n)
                arguments.append(n)
        lines += [
            f'  enqueue(streamOf(stream), "{name}", [{", ".join(copies)}] {{ ran("{name}", f({", ".join(arguments)})); }});',
            '  return after();']
    return '\n'.join(lines + ['}', ''])


def host(name, list):
    return f'  if (!isHost({list}, "{name}", "{list}")) return 1;'


with open(sys.argv[2], 'w') as to:
    to.write('// Made by thunks.py.\n#include "emulated.h"\n#include "thunk.h"\nusing namespace emulated;\n\n')
    for name, parameters in declarations(open(sys.argv[1]).read()):
        if name not in OWN:
            to.write(entry(name, parameters) + '\n')
