#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The graph of the library's files, and what is wrong with it.

usage: graph.py [-v]
A node is a .c file with its headers: core/peer/peer.c, core/peer/peer.h, core/peer/peer-private.h (or -struct.h). The public
header of a .c file in a room lies beside the rooms: ibb-request.h of service/ibb-request.c. A public
class may have further files, such as ibb-service-properties.c: its headers, which they share, are then a node of
their own, service/ibb-service.h. An arrow goes from a node to another one that it needs: it includes its header, it names a
function or a variable that only that file defines (a call or an address), it touches a
field of a struct that a header of that file defines, or it emits a signal that only that
file makes. It is a fault when
- arrows between files make a circle;
- an arrow goes to a room (see ROOMS) that the arrow's own room may not use;
- a file sets a field of an object of another file, unless both are in one room, and not one of the
  public classes; or reads one, unless that is in a room that it may use, of the protocol (READ);
- a function or variable for other files lacks the prefix of its file, ibb_peer in core/peer/peer.c,
  or two files have one prefix;
- the core is not pure: see CORE_FORBIDDEN;
- the library for files, that with the client, or the command uses what is not public (see FOR_ALL, XMPP_USES);
- the library for files asks for another version of the protocol library than that of the newest function it uses;
- a .c file and its headers have more than MAX_LINES.
Prints the graph by rooms and floors, then the faults; -v adds why each arrow is there.
"""

import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

# What the command may use.
TOOL_USES = ('identity', 'files', 'files data', 'umbrella', 'xmpp umbrella', 'xmpp', 'trust', 'loopback', 'service',
             'connection', 'stanza', 'base')

# The rooms, from the bottom up: name, the nodes in it (the first room that matches has
# the node), and the rooms below that it may use. Within a room a node may use any other,
# but not in a circle.
ROOMS = (
    # What the XML and the client share with the core.
    ('core data', r'core/base/', ()),
    # The window and the rate of a path, and whose turn it is.
    ('flow', r'core/flow/', ('core data',)),
    # The state of a connection and of its peers.
    ('peer', r'core/peer/', ('flow', 'core data')),
    ('send', r'core/send/', ('peer', 'flow', 'core data')),
    ('receive', r'core/receive/', ('peer', 'flow', 'core data')),
    ('session', r'core/session/', ('send', 'receive', 'peer', 'flow', 'core data')),
    ('core', r'core/[a-z-]+$', ('session', 'send', 'receive', 'peer', 'flow', 'core data')),
    # What all speak of: enumerations, errors, translations; and threads and sources. Each library has a copy of
    # the files here that are not public, as of the reader and the writer in stanza/.
    ('base', r'base/|ibb-(types|version)', ('core data',)),
    ('stanza', r'stanza/', ('base', 'core data')),
    ('connection', r'connection/', ('stanza', 'base', 'core data')),
    # It reads the fields of sessions, whose halves are parts of them.
    ('runtime', r'runtime/',
     ('connection', 'stanza', 'base', 'core', 'session', 'send', 'receive', 'peer', 'core data')),
    # The classes of a service and its sessions.
    ('service', r'service/',
     ('runtime', 'connection', 'stanza', 'base', 'core', 'session', 'peer', 'core data')),
    ('loopback', r'loopback/', ('connection', 'stanza', 'base', 'core data')),
    # The header of all public headers.
    ('umbrella', r'ibb-glib$', ('loopback', 'service', 'connection', 'stanza', 'base')),
    # The library with the client and trust. Questions to the user, and what the user has answered before.
    ('trust', r'xmpp/trust/(?:certificate|ibb-xmpp-(?!identity)|private|user-file)|xmpp/ibb-xmpp-types', ('umbrella', 'base')),
    # Sessions that are private from the servers.
    ('identity', r'xmpp/trust/', ('trust', 'umbrella', 'service', 'base', 'core data')),
    # The client: what its rooms share, the XML stream, the way to a server, XEP-0198, the login.
    ('xmpp base', r'xmpp/base/|xmpp/ibb-xmpp-token', ('trust', 'umbrella', 'base', 'core data')),
    ('stream', r'xmpp/stream/', ('xmpp base', 'umbrella', 'stanza', 'base', 'core data')),
    ('reach', r'xmpp/reach/', ('xmpp base', 'trust', 'umbrella', 'base', 'core data')),
    ('management', r'xmpp/management/', ('stream', 'xmpp base', 'stanza', 'base', 'core data')),
    ('login', r'xmpp/login/',
     ('management', 'reach', 'stream', 'xmpp base', 'trust', 'umbrella', 'stanza', 'base', 'core data')),
    ('xmpp', r'xmpp/(?!ibb-xmpp$)', ('login', 'management', 'stream', 'xmpp base', 'trust', 'umbrella',
                                     'connection', 'stanza', 'base', 'core data')),
    ('xmpp umbrella', r'xmpp/ibb-xmpp$', ('identity', 'xmpp', 'xmpp base', 'trust')),
    # The library for files; of the others it sees only what is public. The part of a file on the disk.
    ('files disk', r'files/disk/', ('umbrella', 'base')),
    ('files data', r'files/ibb-files-(?:types|metadata)', ('files disk', 'umbrella', 'base')),
    # What both programs say.
    ('files protocol', r'files/protocol/', ('files data', 'files disk', 'umbrella', 'stanza', 'base')),
    # From the disk to the frames, and back.
    ('files move', r'files/move/', ('files protocol', 'files data', 'files disk', 'umbrella', 'service', 'base')),
    # The thread that moves several files, the session of these, and what is known of the peer.
    ('files session', r'files/session/', ('files move', 'files protocol', 'files data', 'files disk', 'umbrella', 'service',
                                          'connection', 'stanza', 'base')),
    ('files', r'files/', ('files session', 'files move', 'files protocol', 'files data', 'files disk', 'umbrella', 'service',
                          'connection', 'stanza', 'base')),
    # The command; of the others it sees only what is public. Its lines, the account and its login, one session,
    # sessions joined with sockets, files, the commands.
    ('tool words', r'tool/words/', TOOL_USES),
    ('tool account', r'tool/account/', ('tool words', *TOOL_USES)),
    ('tool session', r'tool/session/', ('tool account', 'tool words', *TOOL_USES)),
    ('tool relay', r'tool/relay/', ('tool session', 'tool account', 'tool words', *TOOL_USES)),
    ('tool transfer', r'tool/transfer/', ('tool session', 'tool account', 'tool words', *TOOL_USES)),
    ('tool command', r'tool/command/',
     ('tool transfer', 'tool relay', 'tool session', 'tool account', 'tool words', *TOOL_USES)),
)

# Plain records: anybody may touch their fields. So it is with the interfaces and classes of
# GObject, and with a "typedef struct {...}" without a tag, unless a function of its file
# changes one that is there: takes a "self" that is not const, and is none of LIFETIME.
RECORDS = (
    'IBBElement',
    'IBBFailure',  # a function sets all of it
    'IBBStanza',
)
# Folders within whose rooms files may touch the fields of each other's objects.
SHARING = ('core/', 'runtime/', 'loopback/', 'xmpp/', 'files/', 'tool/transfer/')
# Rooms whose fields all rooms above may read: an engine is one state machine, and a getter for each
# field would hide nothing, since the arrows say already who may look.
READ = ('core data', 'flow', 'peer', 'send', 'receive', 'session', 'core', 'files disk', 'files protocol', 'files move')
LIFETIME = r'_(?:init|clear|free|copy|dup|new|ref|unref)$'

# Files whose names have the prefix of another one.
PREFIXES = {
    # What only the XML stream needs of an element.
    'xmpp/stream/element': 'stanza/ibb-element',
    # What applications may do with the record, and with JIDs.
    'stanza/ibb-stanza': 'core/base/stanza',
    'base/ibb-jid': 'core/base/jid',
}

# Names that need not have the prefix of their file.
OTHER_PREFIX = {
    'IBB_SAME_VERSION',  # the loader's: a macro
    'main',  # the linker's
}

# The faults that are known: these lists only become shorter.
# Objects whose fields other files set, in other rooms where it is an object of the core.
KNOWN_OPENED = (
    'IBBContext',  # the state that all objects of an engine share
    'IBBParameters',  # the block size, which both ends agree on
    'IBBSession',  # the data of the caller
)

# Of a .c file with its headers: what is longer has a second noun inside.
MAX_LINES = 1000

# All that the core may include beside its own headers.
CORE_HEADERS = ('glib.h', 'string.h', 'math.h')
# The core has no objects, threads, clocks, main loops, files or variables of its own.
CORE_FORBIDDEN = re.compile(
    r'\b(g_object_\w+|g_signal_\w+|g_thread_\w+|g_mutex_\w+|g_rec_mutex_\w+|g_cond_\w+|g_atomic_(?!ref_count)\w+'
    r'|g_get_monotonic_time|g_get_real_time|g_date_time_new_now\w*|g_timer_\w+|clock_gettime|time \('
    r'|gettimeofday|g_main_\w+|g_source_\w+|g_timeout_\w+|g_idle_\w+|g_file_\w+|g_random_\w+'
    r'|g_input_\w+|g_output_\w+|g_cancellable_\w+|G_DEFINE_\w*TYPE\w*|G_LOCK\w*'
    r'|static (?!const|inline|void|gboolean|int|guint|char)\w+ \*?\w+( = [^(]*)?;)')

# Functions over GLib, of which each library has a hidden copy. The library for files has only these of them.
BASE = re.compile(r'base/(?!ibb-|weak$)')
FOR_ALL = ('base/disk.h', 'base/foreign-text.h', 'base/intl.h', 'base/source.h')
# What the protocol library has no use for.
NOT_PROTOCOL = ('base/disk',)

# What the command would compile or link of the libraries, in its meson.build.
PRIVATE_PARTS = re.compile(r'\b(link_with|link_whole|internal_\w+|\w*base_dep|\w+_sources)\b')

# A public header.
PUBLIC = re.compile(r'(?:(?:xmpp/|xmpp/trust/|files/)?ibb-(?!.*-private)[a-z-]+)\.h$')
AVAILABLE = re.compile(r'IBB_AVAILABLE_IN_\w+\s+[^;(]*?(\w+) \(')

# What the library with the client uses of the protocol library beside its public functions, by file: why, and what. As it
# knows the fields of two structures, both libraries are of one version. The list only becomes shorter.
XMPP_USES = {
    'base/ibb-error': ('the condition of a refused login becomes the error that it is for a session',
                       '<ibb-error-private.h>'),
    'base/weak': ('both libraries refer weakly to one object, a client, by one record that hangs on it',
                  '<weak.h> ibb_weak_get ibb_weak_new ibb_weak_unref'),
    'core/base/base64': ('what a server sends in a login is decoded as strictly as a block, and leaves no copies',
                         '<base64.h> ibb_base64_decoder_feed ibb_base64_decoder_finish'),
    'core/base/ids': ('ids nobody can guess, in the form of those of sessions', '<ids.h> ibb_ids_create_sid'),
    'core/base/jid': ('addresses are compared as the protocol compares them; the public function compares two only',
                      '<jid.h> ibb_jid_dup_bare ibb_jid_dup_domain ibb_jid_equal ibb_jid_get_resource '
                      'ibb_jid_is_of_domain ibb_jid_normalize ibb_jid_resembles'),
    'core/base/quirks': ('blocks are written so that they fill the reads of a server',
                         '<quirks.h> ibb_quirks_get_gap ibb_quirks_is_filled'),
    'core/base/stanza': ('a stanza is made, read, copied and written in its parsed form, without its XML',
                         '<stanza.h> IBBStanza.ends_read IBBStanza.fills IBBStanza.from IBBStanza.id IBBStanza.kind '
                         'IBBStanza.name IBBStanza.payload IBBStanza.to ibb_stanza_record_copy '
                         'ibb_stanza_record_get_size ibb_stanza_record_is_kind ibb_stanza_record_new '
                         'ibb_stanza_record_new_refusal ibb_stanza_record_new_unknown'),
    'stanza/capabilities': ('presence names the node that service discovery answers for', '<capabilities.h>'),
    'stanza/ibb-element.h': ('the parser of the XML stream makes elements', 'IBBElement.parent IBBElement.text'),
    'stanza/namespaces': ('names', '<namespaces.h>'),
    'stanza/sax': ('one way to use libxml2, with its restrictions',
                   '<sax.h> IBBSaxElement.attributes IBBSaxElement.n_attributes IBBSaxElement.n_namespaces '
                   'IBBSaxElement.name IBBSaxElement.namespaces IBBSaxElement.prefix IBBSaxElement.uri ibb_sax_clear '
                   'ibb_sax_dup_complaint ibb_sax_feed ibb_sax_forget ibb_sax_get_names_size ibb_sax_get_position '
                   'ibb_sax_has_namespaces ibb_sax_init ibb_sax_stop'),
    'stanza/stanza-reader': ('the XML stream is read once: a block is decoded as its text arrives',
                             '<stanza-reader.h> ibb_stanza_reader_characters ibb_stanza_reader_end '
                             'ibb_stanza_reader_free ibb_stanza_reader_new ibb_stanza_reader_start'),
    'stanza/stanza-writer': ('a block is written into the buffer of the XML stream, without a copy',
                             '<stanza-writer.h> ibb_stanza_writer_append'),
    'stanza/tree': ('the parser of the XML stream makes elements', '<tree.h> ibb_tree_add'),
    'stanza/xml': ('text is escaped in one way',
                   '<xml.h> ibb_xml_append ibb_xml_append_attribute ibb_xml_append_escaped ibb_xml_append_number'),
}

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.M)
STRUCT = re.compile(r'^(typedef )?struct(?: (\w+))?\n\{\n(.*?)^\}(?: ?(\w+))?;', re.M | re.S)
FUNCTION = re.compile(r'^(?!static\b)[A-Za-z_][\w *]*?[\n *](\w+) \(', re.M)
VARIABLE = re.compile(r'^(?!static\b|typedef\b|extern\b|return\b)[A-Za-z_][\w ]*[ *](\w+)(?:\[[^\]]*\])? = ', re.M)
STATIC = re.compile(r'^static\b[\w *]*[\n *](\w+)(?: \(|\[| =|;)', re.M)
FIELD = re.compile(r'\b(\w+)((?:(?:->|\.)\w+)+)')
SETTING = re.compile(r'(?:\[[^\]]*\])?\s*(?:=(?!=)|[-+*/|&^%]=|<<=|>>=|\+\+|--)')
DECLARED = re.compile(r'\b([A-Z]\w+)(?:\) | )\s*\**\s*(?:const )?(\w+)(?=\s*[,;)=\[]| = )')


def without_comments(text, strings=False):
    """The text with comments, and on demand strings, made blank; lines stay."""
    def blank(match):
        if match.group().startswith('/') or strings:
            return re.sub(r'[^\n"]', ' ', match.group())
        return match.group()

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def closing_brace(text, start):
    """The place after the parenthesis or brace that closes the one at start."""
    depth = 0
    for match in re.compile(r'[(){}]').finditer(text, start):
        depth += 1 if match.group() in '({' else -1
        if depth == 0:
            return match.end()
    return len(text)


def bodies_and_macros(text):
    """The parts of a header that are more than a declaration: inline functions and macros."""
    kept = re.findall(r'^[ \t]*#[ \t]*define(?:\\\n|[^\n])*', text, re.M)
    for match in re.finditer(r'^\{', text, re.M):
        if text[:match.start()].rstrip().endswith(')'):
            kept.append(text[match.start():closing_brace(text, match.start())])
    return '\n'.join(kept)


def struct_fields(body):
    """The fields of a struct by name: the type of each."""
    fields = {}
    body = re.sub(r'\{.*?\}', '', body, flags=re.S)
    for statement in body.split(';'):
        callback = re.search(r'\(\*(\w+)\)', statement)
        if callback:
            fields[callback.group(1)] = ''
            continue
        match = re.match(r'\s*((?:const |struct |unsigned )*\w+)\b(.*)', statement, re.S)
        for name in re.findall(r'(\w+)\s*(?:\[[^\]]*\])?\s*(?:,|$)', match.group(2).rstrip()) if match else ():
            fields[name] = match.group(1).split()[-1].removeprefix('_')
    return fields


class File:
    def __init__(self, path, text):
        self.path = path
        self.text = without_comments(text)
        self.code = without_comments(text, strings=True)
        self.lines = text.count('\n')
        self.is_header = path.endswith('.h')
        self.structs = []
        for typedef, tag, body, name in STRUCT.findall(self.code):
            name = name or tag.removeprefix('_')
            self.structs.append((name, struct_fields(body), bool(tag or not typedef)))


class Node:
    def __init__(self, name, owner):
        self.name = name
        self.owner = owner  # the class whose further file it is, or itself
        self.room = next((room for room, pattern, _ in ROOMS if re.match(pattern, name)), 'no room')
        self.files = []
        # What the names in it begin with: ibb_peer in core/peer/peer.c.
        stem = os.path.basename(PREFIXES.get(name, owner)).removeprefix('ibb-').replace('-', '_')
        self.prefix = f'{"tool" if name.startswith("tool/") else "ibb"}_{stem}'
        self.defined = set()
        self.own = set()
        self.arrows = {}  # by node, why

    def is_object(self, name, has_tag):
        """Whether a struct is an object, so that only this node may touch its fields."""
        if name in RECORDS or name.endswith(('Class', 'Interface', 'Iface')):
            return False
        changers = re.findall(rf'(\w+) \(\s*{name} \*self\b',
                              '\n'.join(file.code for file in self.files if file.is_header))
        return has_tag or any(not re.search(LIFETIME, changer) for changer in changers)

    def define(self):
        for file in self.files:
            self.own.update(STATIC.findall(file.code))
            if file.is_header:
                continue
            for match in FUNCTION.finditer(file.code):
                rest = file.code[closing_brace(file.code, match.end() - 1):]
                if re.match(r'\s*\{', rest):
                    self.defined.add(match.group(1))
            self.defined.update(VARIABLE.findall(file.code))


def find_class(name, sources):
    """The public class that a file is a further one of, or the file itself."""
    parts = name.split('-')
    longer = ('-'.join(parts[:n]) for n in range(len(parts) - 1, 1, -1))
    return next((owner for owner in longer if '/ibb-' in f'/{owner}' and owner in sources), name)


def read_tree(folder):
    """The nodes of the tree below folder."""
    files = {}
    for path, _, names in os.walk(folder):
        for name in names:
            if name.endswith(('.c', '.h')):
                full = os.path.join(path, name)
                with open(full, encoding='utf-8') as file:
                    relative = os.path.relpath(full, folder)
                    files[relative] = File(relative, file.read())
    sources = {path.removesuffix('.c') for path in files if path.endswith('.c')}
    owners = {name: find_class(name, sources) for name in sources}
    homes = {os.path.basename(name): name for name in sources if re.search(r'/ibb-[^/]*$', name)}
    shared = {owner for name, owner in owners.items() if owner != name}
    nodes = {}
    by_file = {}
    for path, file in sorted(files.items()):
        name = path.rsplit('.', 1)[0]
        for suffix in '-private', '-struct':
            if name.removesuffix(suffix) in sources:
                name = name.removesuffix(suffix)
        name = homes.get(name, name)
        owner = owners.get(name, name)
        if file.is_header and name in shared:
            name += '.h'
        node = nodes.setdefault(name, Node(name, owner))
        node.files.append(file)
        by_file[path] = node
    for node in nodes.values():
        node.define()
    return nodes, by_file


def add_arrow(node, target, why):
    if node is not target:
        reasons = node.arrows.setdefault(target, [])
        if why not in reasons:
            reasons.append(why)


def resolve(file, target, by_file):
    """The node that an include means, if it is one of the tree."""
    for path in (os.path.join(os.path.dirname(file.path), target), target.removeprefix('ibb-glib/')):
        if path in by_file:
            return by_file[path]
    return None


def add_includes(node, by_file):
    for file in node.files:
        for _, target in INCLUDE.findall(file.text):
            found = resolve(file, target, by_file)
            if found:
                add_arrow(node, found, f'<{os.path.basename(target)}>')


def add_names(node, definers, signals):
    for file in node.files:
        code = bodies_and_macros(file.code) if file.is_header else file.code
        for name in re.findall(r'(?<!->)(?<![.\w])[A-Za-z_]\w*', code):
            target = definers.get(name)
            if target and name not in node.own:
                add_arrow(node, target, name)
        for name in re.findall(r'g_signal_emit_by_name \([^"]*"([^":]+)', file.text):
            if name in signals:
                add_arrow(node, signals[name], f'signal {name}')


def functions(code):
    """The functions of a file: their parameters and bodies."""
    for match in re.finditer(r'^\w+ \(|^[A-Za-z_][\w *]* \**\w+ \(', code, re.M):
        end = closing_brace(code, match.end() - 1)
        brace = re.match(r'\s*\{', code[end:])
        if brace:
            yield code[match.end() - 1:closing_brace(code, end + brace.end() - 1)]


def add_fields(node, structs):
    """The fields that a node touches; the types of variables are known, as is that of self."""
    opened = set()
    local = dict(structs)
    for file in node.files:
        for name, fields, _ in file.structs:
            local[name] = (node, fields, False)
    for file in node.files:
        for text in functions(file.code):
            variables = {name: type_name for type_name, name in DECLARED.findall(text) if type_name in local}
            for place in FIELD.finditer(text):
                variable, path = place.groups()
                sets = SETTING.match(text, place.end()) or text[:place.start()].endswith(('++', '--'))
                type_name = variables.get(variable, '')
                for match in re.finditer(r'\w+', path):
                    owner, fields, is_object = local.get(type_name, (None, {}, False))
                    if match.group() not in fields:
                        break
                    if owner is not node:
                        add_arrow(node, owner, f'{type_name}.{match.group()}')
                        shared = owner.owner == node.owner or (
                            owner.room == node.room and node.name.startswith(SHARING))
                        # Only the last pointer leads to what is set.
                        is_set = sets and '->' not in path[match.end():]
                        if is_object and not shared and (is_set or owner.room not in READ):
                            opened.add(type_name)
                    type_name = fields[match.group()]
    return opened


def find_circles(nodes):
    """The strongly connected components of several nodes, and in which order all come."""
    index, low, stack, circles, order = {}, {}, [], [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for target in node.arrows:
            if target not in index:
                visit(target)
            if target in stack:
                low[node] = min(low[node], low[target])
        if low[node] == index[node]:
            place = stack.index(node)
            order.append(stack[place:])
            if len(stack) - place > 1:
                circles.append(stack[place:])
            del stack[place:]

    sys.setrecursionlimit(10000)
    for node in nodes:
        if node not in index:
            visit(node)
    return circles, order


class Graph:
    def __init__(self, folder):
        self.by_name, self.by_file = read_tree(folder)
        self.nodes = sorted(self.by_name.values(), key=lambda node: node.name)
        definers, signals, structs = {}, {}, {}
        for node in self.nodes:
            for name in node.defined:
                # What two files define, such as main, is nobody's.
                definers[name] = None if name in definers else node
            for file in node.files:
                for name in re.findall(r'g_signal_new \(\s*"([^"]+)"', file.text):
                    signals[name] = node
                for name, fields, has_tag in file.structs:
                    if file.is_header:
                        structs[name] = (node, fields, node.is_object(name, has_tag))
        self.opened = {}
        for node in self.nodes:
            add_includes(node, self.by_file)
            add_names(node, definers, signals)
            for name in add_fields(node, structs):
                self.opened.setdefault(name, []).append(node.name)
        self.circles, self.order = find_circles(self.nodes)

    def upward(self):
        may = {room: (room,) + below for room, _, below in ROOMS}
        for node in self.nodes:
            for target in node.arrows:
                if target.room not in may.get(node.room, ()):
                    yield node, target

    def strangers(self):
        """The names without the prefix of their file, each with the file."""
        for node in self.nodes:
            for name in sorted(node.defined - OTHER_PREFIX):
                # The plural is that of the container of such.
                if not re.match(f'{node.prefix}(s?_|$)', name):
                    yield node, name

    def print(self, verbose):
        floors = {}
        for circle in self.order:
            floor = 1 + max((floors[target] for node in circle for target in node.arrows
                             if target not in circle and target.room == node.room), default=0)
            floors.update({node: floor for node in circle})
        for room in [room for room, _, _ in reversed(ROOMS)] + ['no room']:
            inside = sorted((node for node in self.nodes if node.room == room),
                            key=lambda node: (-floors[node], node.name))
            if inside:
                print(f'\n{room}')
            for node in inside:
                below = sorted(target.name for target in node.arrows if target.room == room)
                print(f'  {floors[node]}  {node.name}' + (f' → {" ".join(below)}' if below else ''))
                outside = sorted(target.name for target in node.arrows if target.room != room)
                if outside and room != 'umbrella':
                    print(f'       ⇒ {" ".join(outside)}')
                for target, why in node.arrows.items() if verbose else ():
                    print(f'         {target.name}: {" ".join(why)}')
        lines = sorted(file.lines for node in self.nodes for file in node.files)
        sources = sorted(file.lines for node in self.nodes for file in node.files if not file.is_header)
        print(f'\n{sum(len(node.defined) for node in self.nodes)} names for other files')
        print(f'{len(self.nodes)} nodes, {sum(len(node.arrows) for node in self.nodes)} arrows, '
              f'{len(self.circles)} circles; {len(lines)} files, of the .c files the longest has '
              f'{sources[-1]} lines and the median {sources[len(sources) // 2]}')


def describe_circle(circle):
    lines = [f'circle: {" ".join(sorted(node.name for node in circle))}']
    for node in sorted(circle, key=lambda node: node.name):
        for target in sorted(node.arrows, key=lambda node: node.name):
            if target in circle:
                why = node.arrows[target]
                more = f' and {len(why) - 4} more' if len(why) > 4 else ''
                lines.append(f'  {node.name} → {target.name}: {", ".join(why[:4])}{more}')
    return '\n'.join(lines)


def find_impurities(graph):
    """The places where the core does more than compute."""
    for file in (file for node in graph.nodes for file in node.files):
        for number, line in enumerate(file.text.splitlines(), 1):
            where = f'{file.path}:{number}'
            include = INCLUDE.match(line)
            if file.path.startswith('core/'):
                if include and include.group(1) == '<' and include.group(2) not in CORE_HEADERS:
                    yield f'{where}: the core includes <{include.group(2)}>'
                match = CORE_FORBIDDEN.search(without_comments(line, strings=True))
                if match:
                    yield f'{where}: the core uses {match.group()}'


def find_private(graph):
    """What a library uses of another one that is neither public nor listed, and what is listed and not used."""
    files = [file for node in graph.nodes for file in node.files if PUBLIC.match(file.path)]
    public = {name for file in files for name in AVAILABLE.findall(file.code)}
    public |= {name for file in files for name, _, _ in file.structs} | {f'<{os.path.basename(file.path)}>' for file in files}
    used = {}
    for node in graph.nodes:
        library = node.name.partition('/')[0]
        for target, why in node.arrows.items():
            # A field is as public as its structure.
            names = {name for name in why if re.match(r'<.*>|\w+', name).group() not in public}
            if (library == 'files' and not target.name.startswith('files/') and f'{target.name}.h' not in FOR_ALL
                    or library == 'tool' and not target.name.startswith('tool/')):
                for name in sorted(names):
                    yield f'private: {node.name} uses {name} of {target.name}, which is not public'
            elif library == 'xmpp' and not target.name.startswith('xmpp/') and not BASE.match(target.name):
                used.setdefault(target.name, set()).update(names)
            elif library not in ('files', 'xmpp', 'tool') and target.name in NOT_PROTOCOL:
                yield f'private: {node.name} uses {target.name}, which is for other libraries'
    for name in sorted(used.keys() | XMPP_USES.keys()):
        listed = set(XMPP_USES.get(name, ('', ''))[1].split())
        for each in sorted(used.get(name, set()) - listed):
            yield f'private: the library xmpp uses {each} of {name}, which is neither public nor in XMPP_USES'
        for each in sorted(listed - used.get(name, set())):
            yield f'private: no longer used, take from XMPP_USES: {each} of {name}'


def find_pin(graph):
    """Whether the library for files asks for the version of the newest function of the protocol library that it uses."""
    since = {name: (int(major), int(minor)) for node in graph.nodes for file in node.files if '/' not in file.path
             for major, minor, name in re.findall(r'IBB_AVAILABLE_IN_(\d+)_(\d+)\s+[^;(]*?(\w+) \(', file.code)}
    newest = max(since[name] for node in graph.nodes if node.name.startswith('files/')
                 for why in node.arrows.values() for name in why if name in since)
    with open(os.path.join(ROOT, 'ibb-glib/files/meson.build'), encoding='utf-8') as file:
        asked = re.search(r"'ibb-glib-1\.0 >= (\d+)\.(\d+)\.0'", file.read())
    if tuple(map(int, asked.groups())) != newest:
        yield f'pin: the library for files uses functions of {newest[0]}.{newest[1]}, and asks for {asked.group()}'


def find_private_parts():
    """What the command has of the libraries beside their public functions."""
    with open(os.path.join(ROOT, 'ibb-glib', 'tool', 'meson.build'), encoding='utf-8') as file:
        for match in PRIVATE_PARTS.finditer(file.read()):
            yield f'tool/meson.build: the command has {match.group()}, which no other program can'


def find_long(graph):
    """The .c files that are too long with their headers."""
    lines = {file.path: file.lines for node in graph.nodes for file in node.files}
    for path in sorted(path for path in lines if path.endswith('.c')):
        stem = path.removesuffix('.c')
        total = sum(lines.get(stem + end, 0) for end in ('.c', '.h', '-private.h', '-struct.h'))
        if '/ibb-' in stem:
            total += lines.get(os.path.basename(stem) + '.h', 0)
        if total > MAX_LINES:
            yield f'long: {path} has {total} lines with its headers'


def check_product(show=True, verbose=False):
    """The faults that are not known; show prints the graph, too."""
    graph = Graph(os.path.join(ROOT, 'ibb-glib'))
    if show:
        graph.print(verbose)
    faults, known = [describe_circle(circle) for circle in graph.circles], []
    faults += [f'upward: {node.name} → {target.name} ({node.room} → {target.room}): {", ".join(node.arrows[target][:6])}'
               for node, target in graph.upward()]
    for name, nodes in sorted(graph.opened.items()):
        text = f'opened: fields of {name} are set or touched by {" ".join(nodes)}'
        (known if name in KNOWN_OPENED else faults).append(text)
    faults += [f'no longer opened, take from KNOWN_OPENED: {name}'
               for name in sorted(set(KNOWN_OPENED) - set(graph.opened))]
    owners = {}
    for node in graph.nodes:
        owner = owners.setdefault(node.prefix, node)
        if PREFIXES.get(owner.name, owner.owner) != PREFIXES.get(node.name, node.owner):
            faults.append(f'prefix: {owner.name} and {node.name} have the same one, {node.prefix}_')
    faults += [f'prefix: {name} of {node.name} does not begin with {node.prefix}_'
               for node, name in graph.strangers()]
    faults += find_impurities(graph)
    faults += find_private(graph)
    faults += find_pin(graph)
    faults += find_private_parts()
    faults += find_long(graph)
    if show and known:
        print('\nknown:\n' + '\n'.join(known))
    return faults


def main():
    faults = check_product(verbose='-v' in sys.argv[1:])
    print('\n' + '\n'.join(faults or ['no faults']))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
