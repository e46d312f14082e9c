# SPDX-License-Identifier: LGPL-2.1-or-later
"""graph.py finds the faults of small trees, and none in the library."""

import os
import tempfile

import cases
import graph

INNER = {
    'core/inner.h': 'typedef struct _IBBInner IBBInner;\nvoid ibb_inner_work (IBBInner *self);\n',
    'core/inner.c': '#include "core/inner.h"\n\nvoid\nibb_inner_work (IBBInner *self)\n{\n}\n',
}
OUTER = {
    'core/outer.h': '#include "core/inner.h"\n\nvoid ibb_outer_work (IBBInner *inner);\n',
    'core/outer.c': '#include "core/outer.h"\n\nvoid\nibb_outer_work (IBBInner *inner)\n{\n'
                    '  ibb_inner_work (inner);\n}\n',
}


def check(files, **known):
    """The faults of a tree of files, each its first line."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, 'w', encoding='utf-8') as file:
                file.write(text)
        return graph.check(folder, **known)


def check_faults(files, want, **known):
    have = check(files, **known)
    cases.check_equal([fault.splitlines()[0] for fault in have], want, 'faults')
    return have


@cases.case('/graph/none')
def none():
    """An arrow down, and what only looks like one up: a comment, a string, a field, a prototype."""
    check_faults({**INNER, **OUTER,
                  'core/inner.c': INNER['core/inner.c'].replace(
                      '{\n', '{\n  /* ibb_outer_work () */\n  g_debug ("ibb_outer_work");\n'
                             '  self->ibb_outer_work = 1;\n'),
                  'core/inner.h': INNER['core/inner.h'] + 'void ibb_outer_work (IBBInner *inner);\n'},
                 [])


@cases.case('/graph/circle/include')
def circle_of_includes():
    faults = check_faults({**INNER, **OUTER, 'core/inner.c': '#include "outer.h"\n' + INNER['core/inner.c']},
                          ['circle: core/inner core/outer'])
    cases.check('core/inner → core/outer: <outer.h>' in faults[0], faults[0])


@cases.case('/graph/circle/call')
def circle_of_calls():
    """A call and an address are arrows, without an include and in an inline function, too."""
    for body in 'ibb_outer_work (self);', 'run (&ibb_outer_work);', 'run ((Call) ibb_outer_work);':
        faults = check_faults({**INNER, **OUTER,
                               'core/inner.c': INNER['core/inner.c'].replace('{\n', '{\n  ' + body + '\n')},
                              ['circle: core/inner core/outer'])
        cases.check('core/inner → core/outer: ibb_outer_work' in faults[0], faults[0])
    check_faults({**INNER, **OUTER,
                  'core/inner.h': INNER['core/inner.h'] + '\nstatic inline void\nibb_inner_more (IBBInner *self)\n'
                                                          '{\n  ibb_outer_work (self);\n}\n'},
                 ['circle: core/inner core/outer'])


@cases.case('/graph/circle/three')
def circle_of_three():
    calls = {'a': 'b', 'b': 'c', 'c': 'a', 'd': 'a'}
    check_faults({f'core/{caller}.c': f'void\nibb_{caller} (void)\n{{\n  ibb_{called} ();\n}}\n'
                  for caller, called in calls.items()},
                 ['circle: core/a core/b core/c'])


@cases.case('/graph/circle/known')
def known_circle():
    """A known circle is none, also while it shrinks; what has left it is a fault."""
    tree = {**INNER, **OUTER, 'core/inner.c': '#include "outer.h"\n' + INNER['core/inner.c']}
    check_faults(tree, [], circles=('core/inner core/outer',))
    check_faults(tree, ['no longer in a circle, take from KNOWN_CIRCLES: core/more'],
                 circles=('core/inner core/more core/outer',))
    check_faults({**INNER, **OUTER}, ['no longer in a circle, take from KNOWN_CIRCLES: core/inner core/outer'],
                 circles=('core/inner core/outer',))


@cases.case('/graph/upward')
def upward():
    files = {'runtime/host.h': 'void ibb_host_run (void);\n',
             'runtime/host.c': '#include "runtime/host.h"\nvoid\nibb_host_run (void)\n{\n}\n',
             'core/engine.c': 'void\nibb_engine_run (void)\n{\n  ibb_host_run ();\n}\n'}
    text = 'upward: core/engine → runtime/host (core → runtime): ibb_host_run'
    check_faults(files, [text])
    check_faults(files, [], arrows=('core/engine → runtime/host',))
    del files['core/engine.c']
    check_faults(files, ['no longer upward, take from KNOWN_ARROWS: core/engine → runtime/host'],
                 arrows=('core/engine → runtime/host',))
    check_faults({'nowhere/file.c': '#include "core/inner.h"\n', **INNER},
                 ['upward: nowhere/file → core/inner (no room → core): <inner.h>'])


@cases.case('/graph/opened')
def opened():
    """An object's fields in a header, and which files of other rooms touch them; those of a record any file may."""
    def below(tree):
        """The tree with the inner file in a room below that of the outer one."""
        return {name.replace('core/inner', 'core/base/inner'): text.replace('core/inner', 'core/base/inner')
                for name, text in tree.items()}

    inner, outer = below(INNER), below(OUTER)
    body = '{\n  guint count; /* of all */\n  struct\n  {\n    guint deep;\n  } part;\n}'
    touch = outer['core/outer.c'].replace('ibb_inner_work (inner);', 'inner->count = 1;')
    struct = f'#include "core/base/inner.h"\n\nstruct _IBBInner\n{body};\n'
    files = {**inner, **outer, 'core/outer.c': touch, 'core/base/inner-private.h': struct}
    text = 'opened: the fields of IBBInner are touched by core/outer'
    check_faults(files, [text])
    check_faults(files, [], opened=('IBBInner',))
    check_faults({**files, **outer}, ['no longer opened, take from KNOWN_OPENED: IBBInner'], opened=('IBBInner',))
    # Within a room of the core it is none; it is one within another room.
    near = {name.replace('base/', ''): code.replace('base/', '') for name, code in files.items()}
    check_faults(near, [])
    check_faults({name.replace('core/', 'runtime/'): code.replace('core/', 'runtime/')
                  for name, code in near.items()}, [text.replace('core/', 'runtime/')])
    # One without a tag is a record, unless a function changes it.
    files['core/base/inner-private.h'] = f'typedef struct\n{body} IBBInner;\n'
    check_faults(files, [text])
    record = inner['core/base/inner.h'].replace('(IBBInner *self)', '(const IBBInner *self)')
    check_faults({**files, 'core/base/inner.h': record + 'void ibb_inner_clear (IBBInner *self);\n'}, [])
    # Through a field of its own, and as a value.
    holder = 'struct _IBBOuter\n{\n  IBBInner *inner;\n};\n\nvoid\nibb_outer_work (IBBOuter *self)\n' \
             '{\n  self->inner->count++;\n}\n'
    check_faults({**files, 'core/outer.c': holder}, [text])
    # The fields of a header make a circle even where nothing is included.
    user = '#include "core/outer.h"\n' + INNER['core/inner.c']
    faults = check_faults({**near, 'core/inner.c': user, 'core/outer.h': 'void ibb_outer_work (IBBInner *inner);\n',
                           'core/outer.c': near['core/outer.c'].replace('#include', '//')},
                          ['circle: core/inner core/outer'])
    cases.check('core/outer → core/inner: IBBInner.count' in faults[0], faults[0])


@cases.case('/graph/prefix')
def prefix():
    """Each name for other files has the prefix of its file, in the plural if it is a container's."""
    function = 'void\n{} (void)\n{{\n}}\n'
    for name in 'ibb_inner', 'ibb_inner_new', 'ibb_inners_add':
        check_faults({'core/inner.c': function.format(name)}, [])
    for name in 'ibb_in', 'ibb_innermost', 'ibb_outer_new', 'inner_new':
        text = f'prefix: {name} of core/inner does not begin with ibb_inner_'
        check_faults({'core/inner.c': function.format(name)}, [text])
        check_faults({'core/inner.c': function.format(name)}, [], strangers=(name,))
    check_faults({'core/inner.c': 'static ' + function.format('outer')}, [])
    check_faults({'core/inner.c': function.format('ibb_inner_new')},
                 ['has its prefix, take from KNOWN_STRANGERS: ibb_inner'], strangers=('ibb_inner',))
    check_faults({'tool/inner.c': function.format('tool_inner_new') + function.format('main')}, [])
    check_faults({'ibb-service.c': function.format('ibb_service_new'),
                  'ibb-service-settings.c': function.format('ibb_service_get_window')}, [])
    check_faults({'core/inner.c': '', 'runtime/inner.c': ''},
                 ['prefix: core/inner and runtime/inner have the same one, ibb_inner_'])


@cases.case('/graph/signal')
def signal():
    check_faults({'ibb-a.c': 'static void\ninit (void)\n{\n  g_signal_new ("ended", 1);\n  ibb_b ();\n}\n',
                  'ibb-b.c': 'void\nibb_b (void)\n{\n  g_signal_emit_by_name (object, "ended");\n}\n'},
                 ['circle: ibb-a ibb-b'])


@cases.case('/graph/impure')
def impure():
    check_faults({'core/a.c': '#include <gio/gio.h>\n\nvoid\nibb_a (void)\n{\n  g_get_monotonic_time ();\n}\n',
                  'tool/b.c': '#include "ibb-service-private.h"\n'},
                 ['core/a.c:1: the core includes <gio/gio.h>', 'core/a.c:6: the core uses g_get_monotonic_time',
                  'tool/b.c:1: the command includes ibb-service-private.h, which is not public'])


@cases.case('/graph/library')
def library():
    cases.check_equal(graph.check_product(show=False), [], 'faults')


cases.main()
