#!/usr/bin/env python3
"""A small damage table: each kind of damage twice, and what once broke
a promise. The whole one is `tests/damage/table BUILD`."""
import os

import lib

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'damage')


def test_table():
    out = lib.run(os.path.join(HERE, 'table'), '--seed', '7', '--stores', '38',
                  '--cases', os.path.join(HERE, 'cases.txt'), '--no-peers',
                  '-v', lib.BUILD, check=False)
    print(out.stdout)
    assert out.returncode == 0, out.returncode


lib.main()
