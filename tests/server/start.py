#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of the page “Getting started”: each language asks the next one."""

from functools import partial

import cases
from cases import case, check, check_equal
from command import Account, Folder, Program
from listings import find_listings
from programs import make_accounts, make_program
from servers import make_server

LANGUAGES = ('c', 'python', 'js', 'vala')


def run(server, asker, answerer):
    folder = Folder()
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    environment = make_accounts(folder, {'ask': (alice, ''), 'answer': (bob, '/answer')})
    (answer,) = find_listings('start.md', answerer, 'The end that answers')
    (ask,) = find_listings('start.md', asker, 'The end that asks')
    there = Program(*make_program(folder, 'answer', answerer, answer), env=environment)
    ask = make_program(folder, 'ask', asker, ask)
    question = 'wherefore art thou romeo? ' * 3000
    # A person would begin with the other end, and see that it waits.
    while (here := Program(*ask, f'{bob.bare}/answer', question, env=environment)).finish() != 0:
        check(not there.has_ended(0), f'the other end is there for {here.lines}')
    check_equal((here.output.decode(), here.lines), (question.upper() + '\n', []), 'the answer')
    check_equal((there.finish(), there.output), (0, b''), 'the end that answers')


for index, language in enumerate(LANGUAGES):
    following = LANGUAGES[(index + 1) % len(LANGUAGES)]
    case(f'{language} asks, {following} answers')(partial(run, asker=language, answerer=following))


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
