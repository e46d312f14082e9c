# SPDX-License-Identifier: LGPL-2.1-or-later
"""Finds each product of integers in the libraries and in the command that is computed with 32 bits, and then has to
be a number of 64 bits or a floating-point number: a size or a time may be too large for it before. Finds also a number
of 64 bits that becomes one of 32 without a cast, and formats of another width. clang-query looks at the sources with
the headers of the build, and with those of a root in which sizes have 32 bits.
"""

import collections
import concurrent.futures
import os
import shutil
import subprocess
import tempfile

import other_headers

CLANG_QUERY = 'clang-query-14'
# What else depends on the width.
WARNINGS = ('-Wno-everything', '-Wformat', '-Wshorten-64-to-32')
SHARE = 25  # files for one process
# The types in which nothing that is large may be computed, and those of the results. What is constant is left to the
# compiler.
QUERY = '''
set output diag
let small expr(hasType(hasCanonicalType(qualType(anyOf({small})))))
let large hasType(hasCanonicalType(qualType(anyOf({large}, asString("double")))))
let varies hasDescendant(expr(anyOf(declRefExpr(to(varDecl())), callExpr(), memberExpr())))
let product0 binaryOperator(hasAnyOperatorName("*", "<<"), small, varies)
{products}
match castExpr(isExpansionInFileMatching("ibb-glib/"), large, hasSourceExpression(ignoringParens(product{depth})))
'''
# Of which a product is a part, with a result of its type.
PART = '''
let part{i} ignoringParenImpCasts(product{i})
let sum{i} binaryOperator(hasAnyOperatorName("+", "-", "/", "%", "<<", ">>", "*"), hasEitherOperand(part{i}))
let choice{i} conditionalOperator(anyOf(hasTrueExpression(part{i}), hasFalseExpression(part{i})))
let product{next} expr(small, anyOf(product{i}, sum{i}, choice{i}))
'''
DEPTH = 3


def write_query(small, large):
    def name(types):
        return ', '.join(f'asString("{sign}{each}")' for each in types for sign in ('', 'unsigned '))

    return QUERY.format(small=name(small), large=name(large), depth=DEPTH,
                        products=''.join(PART.format(i=i, next=i + 1) for i in range(DEPTH)))


def look(build, query, change=lambda words: words):
    """What clang-query finds; None without it. change: makes of the arguments of the compiler those for other
    headers."""
    if not shutil.which(CLANG_QUERY):
        return None
    files = collections.defaultdict(list)
    for *words, file in other_headers.list_commands(build):
        files[tuple(change([word for word in words if not word.startswith(('-W', '-f'))]))].append(file)
    assert files, f'{build} has no sources of the library'

    def run(share):
        words, names = share
        result = subprocess.run((CLANG_QUERY, '-f', script.name, *names, '--', *words, *WARNINGS), cwd=build,
                                check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        if result.returncode == 0 and result.stdout.strip() == '0 matches.':
            return ''
        return f'{result.stdout}exit status {result.returncode}\n'

    shares = [(words, names[i:i + SHARE]) for words, names in files.items() for i in range(0, len(names), SHARE)]
    with (tempfile.NamedTemporaryFile('w', prefix='ibb-products-') as script,
          concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool):
        script.write(query)
        script.flush()
        return ''.join(pool.map(run, shares))


def look_at_build(build):
    return look(build, write_query(('int',), ('long', 'long long')))


def look_at_i386(build, root):
    """root: with the packages for a build there."""
    return look(build, write_query(('int', 'long'), ('long long',)), lambda words: [
        '--target=i686-linux-gnu', '--sysroot=' + root,
        *('-I=' + word[2:].replace('x86_64', 'i386') if word.startswith('-I/usr/') else word for word in words)])
