#!/usr/bin/env python3
"""A kernels/*.cu with its tiles emulated and its entries renamed to real_cd_…, as C++: tiles.py FILE TO"""
import os
import re
import sys

text = open(sys.argv[1]).read()
here = os.path.dirname(os.path.abspath(sys.argv[0]))
name = os.path.basename(sys.argv[1])[:-3]
inc = {'convolve': 'tiles_convolve.inc', 'convolve_few': 'tiles_few.inc', 'transpose_few': 'tiles_transpose.inc'}[name]
text, n = re.subn(r'#ifndef __CUDACC__\n(// Only a card.*?)#endif\n', lambda m: open(f'{here}/{inc}').read(), text, flags=re.S)
assert n == 1, f'{name}.cu: no place where a card has tiles'
text = re.sub(r'^int (cd_\w+)\(', r'int real_\1(', text, flags=re.M)
with open(sys.argv[2], 'w') as to:
    to.write(f'#include "{here}/tiles_rounding.inc"\n' + text)
