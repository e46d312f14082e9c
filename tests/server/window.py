#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The example with windows: its own widgets are used, on a screen that nobody sees. The command is the
other end."""

import importlib.util
import os
import re
import shutil
import sys
import tempfile
import threading

for room in ('interop', 'lib'):
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', room))

import cases
import screen
from cases import Skip, case, check, check_equal
from command import IBB, ROOT, Account, Folder, Program, Terminal, sha256
from cut_proxy import CutProxy
from servers import make_server

# GLib remembers the folders of the user, so that all cases have the same.
HOME = tempfile.mkdtemp(prefix='ibb-window-')
DOWNLOADS = os.path.join(HOME, 'Downloads')
SETTINGS = os.path.join(HOME, 'ibb-glib')


def load():
    screen.begin(HOME)
    os.environ['GSK_RENDERER'] = 'cairo'
    os.mkdir(DOWNLOADS)
    with open(os.path.join(HOME, 'user-dirs.dirs'), 'w', encoding='utf-8') as file:
        file.write('XDG_DOWNLOAD_DIR="$HOME/Downloads"\n')
    spec = importlib.util.spec_from_file_location('example', os.path.join(ROOT, 'examples', 'gtk', 'ibb-files.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


example = load()
from gi.repository import Gio, GLib, GObject, Gtk  # pylint: disable=wrong-import-position


def wait(condition):
    """Runs the main loop until condition () is true, and returns what it is; the watchdog of the case ends
    one that never is."""
    while not (result := condition()):
        GLib.MainContext.default().iteration(True)
    return result


def wait_program(program):
    """Until it has ended, with the help of the window."""
    look = GLib.timeout_add(20, lambda: True)
    wait(lambda: program.has_ended(0))
    GLib.source_remove(look)
    return program


def wait_call(function):
    """What function () returns in a thread, with the help of the window."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    look = GLib.timeout_add(20, lambda: True)
    wait(lambda: not thread.is_alive())
    GLib.source_remove(look)
    return results[0]


def click(widget, label):
    """Clicks the button of that label within a widget; whether there is one."""
    if isinstance(widget, Gtk.Button) and widget.get_label() == label:
        widget.emit('clicked')
        return True
    child = widget.get_first_child()
    while child and not click(child, label):
        child = child.get_next_sibling()
    return child is not None


application = example.Application()
application.register(None)


class App:
    """The application, as a person finds it who has an account in the file. known: the authority of the
    server is."""

    def __init__(self, server, name, known=True, port=None, **keys):
        self.account = Account(server, name)
        keys = {'jid': f'{self.account.bare}/window', 'server': f'{server.host}:{port or server.port}', **keys}
        if known:
            keys['ca-file'] = server.environment['IBB_TEST_CA_FILE']
        for folder in (SETTINGS, DOWNLOADS):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder, exist_ok=True)
        with open(os.path.join(SETTINGS, 'accounts'), 'w', encoding='utf-8') as file:
            file.write('[home]\n' + ''.join(f'{key}={value}\n' for key, value in keys.items()))
        application.activate()
        self.window = application.get_active_window()
        self._seen = []
        cases.defer(self.close)
        wait(self.window.get_mapped)

    def close(self):
        # The folder of the identity is that of the next case, too.
        wait(lambda: self.window.identity or self.window.pages.get_visible_child_name() == 'account')
        self.window.close()
        wait(lambda: not application.get_windows())

    def dialog(self):
        """The dialogue that asks now."""
        return next((one for one in Gtk.Window.get_toplevels()
                     if isinstance(one, example.Adw.MessageDialog) and one.get_mapped()), None)

    def begin(self):
        self.window.account_rows['home'].activate()

    def give_password(self, password=None):
        dialog = wait(self.dialog)
        dialog.password.set_text(self.account.password if password is None else password)
        self.answer(example._('_Log In'))

    def answer(self, label):
        dialog = wait(self.dialog)
        check(click(dialog, label), label)
        wait(lambda: not dialog.get_mapped())

    def log_in(self):
        self.begin()
        self.give_password()
        self.wait_page('files')

    def wait_page(self, name):
        wait(lambda: self.window.pages.get_visible_child_name() == name or self.window.login_error.get_label())
        check_equal(self.window.login_error.get_label(), '', 'error of the login')

    def wait_row(self):
        """That of the next transfer: the newest is the first."""
        row = wait(lambda: (row := self.window.list.get_row_at_index(0)) and row not in self._seen and row)
        self._seen.append(row)
        return row


def note_notifications(app):
    """The names of those that are sent, as the person looks at another window."""
    names = []
    app.window.is_active = lambda: False
    application.send_notification = lambda name, _notification: names.append(name)
    cases.defer(lambda: delattr(application, 'send_notification'))
    return names


def listings(language):
    """Those of the page about GTK."""
    with open(os.path.join(ROOT, 'doc', 'gtk.md'), encoding='utf-8') as file:
        return re.findall(rf'```{language}\n(.*?)```', file.read(), re.DOTALL)


def wait_end(row, text):
    wait(lambda: row.transfer.props.state in example.ENDED)
    check(text in row.status.get_label(), row.status.get_label())
    check(not row.cancel.get_visible(), 'nothing is left to cancel')
    check(row.get_parent() and row.remove.get_visible(), 'it stays until somebody removes it')


@case('an offer is accepted: the file is there, and a second one of its name beside it')
def _(server):
    app, alice, folder = App(server, 'bob'), Account(server, 'alice'), Folder()
    source = folder.make('letter.pdf', 700000)
    app.log_in()
    notified = note_notifications(app)
    for name in ('letter.pdf', 'letter (2).pdf'):
        here = alice.ibb('send', source, f'{app.account.bare}/window')
        row = app.wait_row()
        check('letter.pdf from alice@localhost/' in row.title.get_label(), row.title.get_label())
        check(row.accept.get_visible() and row.refuse.get_visible(), 'it asks')
        check_equal(notified.pop(), row.title.get_label(), 'the notification')
        check(GLib.format_size(700000) in row.status.get_label(), row.status.get_label())
        row.accept.emit('clicked')
        wait_end(row, f'Downloads/{name}')
        check(row.reveal.get_visible(), 'it can be shown')
        here.expect_done()
        check_equal(sha256(os.path.join(DOWNLOADS, name)), sha256(source), 'SHA-256')
    shown = []
    node = Gio.DBusNodeInfo.new_for_xml(
        '<node><interface name="org.freedesktop.FileManager1"><method name="ShowItems">'
        '<arg type="as" direction="in"/><arg type="s" direction="in"/></method></interface></node>')

    def show(_bus, _sender, _path, _interface, _method, arguments, invocation):
        shown.extend(arguments[0])
        invocation.return_value(None)

    bus = application.get_dbus_connection()
    export = bus.register_object('/org/freedesktop/FileManager1', node.interfaces[0], show, None, None)
    name = Gio.bus_own_name_on_connection(bus, node.interfaces[0].name, Gio.BusNameOwnerFlags.NONE,
                                          lambda *_: row.reveal.emit('clicked'), None)
    wait(lambda: shown)
    check_equal(shown, [Gio.File.new_for_path(os.path.join(DOWNLOADS, 'letter (2).pdf')).get_uri()], 'the file shown')
    Gio.bus_unown_name(name)
    bus.unregister_object(export)


@case('an offer is refused: its row stays with the reason, until it is removed')
def _(server):
    app, alice, folder = App(server, 'bob'), Account(server, 'alice'), Folder()
    app.log_in()
    here = alice.ibb('send', folder.make('letter.pdf', 1000), f'{app.account.bare}/window')
    row = app.wait_row()
    row.refuse.emit('clicked')
    wait_end(row, 'refused')
    check(not row.reveal.get_visible(), 'there is nothing to show')
    row.remove.emit('clicked')
    check_equal((len(app.window.transfers), row.get_parent()), (0, None), 'rows')
    check_equal(here.finish(), 1, 'the sender')
    check('refused' in here.lines[-1], f'{here.lines}')
    check_equal(os.listdir(DOWNLOADS), [], 'files')


@case('a file is sent to a resource that is online, and delivered')
def _(server):
    app, folder, there = App(server, 'alice'), Folder(), Folder()
    source = folder.make('letter.pdf', 2000000)
    app.log_in()
    check('Not encrypted' in app.window.security.get_last_child().get_label(), 'who can read it')
    receiver = Account(server, 'alice').ibb('receive', '--directory', there.path, '--count', '1',
                                            '--from', 'alice@localhost', '--show-online')
    jid = receiver.wait_ready()
    resources = app.window._resources  # pylint: disable=protected-access
    wait(lambda: resources.get(jid)).activate()
    check_equal(app.window.peer.get_text(), jid, 'the peer')
    app.window.send_files([Gio.File.new_for_path(source)])
    wait_end(app.wait_row(), 'Delivered')
    check_equal(receiver.finish(), 0, receiver.lines)
    check_equal(sha256(there / 'letter.pdf'), sha256(source), 'SHA-256')


@case('files in private: the right URI of the other end, a wrong, a short and a foreign one')
def _(server):
    app, folder, there = App(server, 'alice'), Folder(), Folder()
    source, key = folder.make('letter.pdf', 100000), {'XDG_DATA_HOME': Folder().path}
    app.log_in()
    window, told = app.window, []
    window.tell = lambda text, **_: told.append(text)
    own = wait(window.own_uri.get_subtitle)
    bob = Account(server, 'bob')
    receiver = bob.ibb('receive', '--directory', there.path, '--from', own, env=key)
    jid = receiver.wait_ready()

    def make_uri(keys):
        program = Program(IBB, 'key', '--uri', '--jid', jid, env=keys)
        program.expect_done()
        return program.output.decode().strip()

    def drop(text):
        return window.drop.emit('drop', GObject.Value(str, text), 0, 0)

    right, foreign = make_uri(key), make_uri({'XDG_DATA_HOME': Folder().path})
    for text, words in ((right[:-1], 'has to have 64 hexadecimal digits, and has 63'),
                        ('https://example.org/', 'does not begin with “xmpp:”'), (f'xmpp:{jid}?message', '“message”')):
        check(not drop(text) and words in told.pop(), text)
    check(not window.keys and not window.private.get_active() and not window.peer.get_text(), 'nothing is taken of these')

    def send(text):
        """The end of a transfer to what the URI says."""
        check(drop(text), text)
        check_equal((window.peer.get_text(), window.private.get_active()), (jid, True), 'what is taken')
        check('cannot read' in window.security.get_last_child().get_label(), 'who can read it')
        window.send_files([Gio.File.new_for_path(source)])
        return app.wait_row()

    for text in right.replace(right[-64:], '0' * 64), foreign:
        row = send(text)
        wait_end(row, 'is not trusted')
        receiver.wait_line('does not trust the key of this end')
    told.clear()
    wait_program(bob.ibb('send', source, own, env=key)).expect_failure(
        'does not trust the key of this end', told=['^Offering'])
    check(wait(lambda: told)[0].startswith('The key of “bob@localhost” is not trusted'), f'{told}')
    check_equal(there.names(), [], 'files')

    wait_end(send(right), 'Delivered')
    check_equal(sha256(there / 'letter.pdf'), sha256(source), 'SHA-256')
    window.keys = {}
    window.other_uri.set_text(f' {right}\n')
    window.other_uri.emit('apply')
    check_equal(window.other_uri.get_text(), '', 'the URI is taken')
    here = bob.ibb('send', source, own, env=key)
    row = app.wait_row()
    row.accept.emit('clicked')
    wait_end(row, 'Downloads/letter.pdf')
    here.expect_done()
    # One in the clear does not come any more, and nobody else is asked.
    plain = wait_program(bob.ibb('send', source, own.split('?')[0][5:]))
    plain.expect_failure('takes only encrypted files', told=['^Offering'])
    stranger = wait_program(Account(server, 'carol').ibb('send', source, own, env={'XDG_DATA_HOME': folder.path}))
    stranger.expect_failure('refused', told=['^Offering'])
    check('carol@localhost' in told[-1], f'{told}')


@case('six digits are compared with the command: they are the same, and a changed key whose digits differ')
def _(server):
    app, bob, folder = App(server, 'alice'), Account(server, 'bob'), Folder()
    source = folder.make('letter.pdf', 100000)
    app.log_in()
    window, told = app.window, []
    window.tell = told.append
    wait(window.private.get_sensitive)
    window.private.set_active(True)
    window.peer.set_text(f'{bob.bare}/another-program')
    notified = note_notifications(app)

    def begin():
        """The command with a new key, and the dialogue that shows its digits."""
        here = Terminal(IBB, 'send', '--encrypt', *bob.options(), source, f'{app.account.bare}/window',
                        env={'XDG_DATA_HOME': Folder().path, 'LC_ALL': 'C.UTF-8', 'IBB_PASSWORD': bob.password})
        dialog = wait(app.dialog)
        check('bob@localhost' in dialog.get_body(), dialog.get_body())
        check_equal(notified.pop(), 'digits', 'the notification')
        digits = wait_call(lambda: here.expect(r'six digits:\s+(\d{3} \d{3})\r?\n')[1])
        check_equal(dialog.get_extra_child().get_label(), digits, 'digits')
        return here, dialog.get_heading()

    here, heading = begin()
    check_equal(heading, 'Unknown Key', 'the question')
    app.answer('_They Are the Same')
    wait_call(lambda: here.expect('(yes/no)'))
    here.type('yes')
    row = app.wait_row()
    row.accept.emit('clicked')
    wait_end(row, 'Downloads/letter.pdf')
    check_equal(wait_call(here.finish), 0, here.shown)

    here, heading = begin()
    check_equal(heading, 'The Key Has Changed', 'the question')
    app.answer('They _Differ')
    check_equal(wait_call(here.finish), 1, here.shown)
    wait(lambda: told)
    check_equal(len(window.transfers), 1, 'rows')


@case('nothing is cut at 360 pixels: pages, rows and messages; a message covers nothing')
def _(server):
    app, folder = App(server, 'alice'), Folder()

    def check_width():
        widths = app.window.get_content().measure(Gtk.Orientation.HORIZONTAL, -1)
        check(widths.minimum <= 360, f'{widths.minimum} pixels')

    check_width()
    app.log_in()
    wait(app.window.own_uri.get_subtitle)
    check_width()
    Account(server, 'bob').ibb('send', folder.make('a-long-name-' * 20, 1000), f'{app.account.bare}/window')
    row = app.wait_row()
    check(Gtk.test_accessible_has_property(row, Gtk.AccessibleProperty.LABEL), 'the row has a name')
    check_width()
    row.accept.emit('clicked')
    wait_end(row, 'Downloads')
    check_width()
    for number in range(5):
        app.window.tell(f'{number}: ' + 'a-long-word' * 20)
    messages = list(app.window.messages)
    check_equal([message.get_first_child().get_label()[0] for message in messages], ['2', '3', '4'], 'the newest')
    check_width()
    for message in messages:
        message.get_last_child().grab_focus()
        message.get_last_child().emit('clicked')
        check(app.window.get_focus().is_ancestor(app.window.pages), 'the focus is where keys move it')
    check_equal(list(app.window.messages), [], 'messages')


@case('a peer that is not there: a message, and no transfer')
def _(server):
    app, folder = App(server, 'alice'), Folder()
    app.log_in()
    errors = []
    app.window.tell = errors.append
    app.window.peer.set_text('bob@localhost/nobody')
    app.window.send_files([Gio.File.new_for_path(folder.make('letter.pdf', 10))])
    wait(lambda: errors)
    check_equal(len(app.window.service), 0, 'transfers')


@case('an unknown certificate is asked about, and remembered; a wrong password is asked for again')
def _(server):
    app = App(server, 'alice', known=False)
    app.begin()
    app.give_password('wrong')
    dialog = wait(app.dialog)
    check(dialog.get_heading() == 'Unknown Certificate' and dialog.remember.get_active(), 'the question')
    app.answer('_Trust')
    dialog = wait(lambda: (one := app.dialog()) and hasattr(one, 'password') and one)
    check('refused' in dialog.get_body(), dialog.get_body())
    app.give_password()
    app.wait_page('files')
    with open(os.path.join(SETTINGS, 'known-certificates'), encoding='utf-8') as file:
        check('localhost' in file.read(), 'it is known')
    app.window.activate_action('win.log-out')
    wait(lambda: app.window.pages.get_visible_child_name() == 'account')
    app.log_in()


@case('a certificate that is not trusted: no login')
def _(server):
    app = App(server, 'alice', known=False)
    app.begin()
    app.give_password()
    app.answer('_Cancel')
    wait(app.window.login_error.get_label)
    check(not os.path.exists(os.path.join(SETTINGS, 'known-certificates')), 'nothing is known')


@case('a certificate that has changed is told from an unknown one, and not remembered unasked')
def _(server):
    app = App(server, 'alice', known=False)
    known = os.path.join(SETTINGS, 'known-certificates')
    with open(known, 'w', encoding='utf-8') as file:
        file.write('0' * 64 + ' localhost\n')
    app.begin()
    app.give_password()
    dialog = wait(app.dialog)
    check(dialog.get_heading() == 'The Certificate Has Changed' and not dialog.remember.get_active(), 'the question')
    app.answer('_Trust')
    app.wait_page('files')
    with open(known, encoding='utf-8') as file:
        check_equal(file.read(), '0' * 64 + ' localhost\n', 'what is known')


@case('the network goes, and comes again: the window says so, and the transfer goes on; another is cancelled')
def _(server):
    way = CutProxy(server.port, [1 << 20], stay_away=True, rate=4 << 20)
    app, folder, there = App(server, 'alice', port=way.port), Folder(), Folder()
    source = folder.make('film.webm', 30000000)
    app.log_in()
    receiver = Account(server, 'bob').ibb('receive', '--directory', there.path, '--from', 'alice@localhost')
    app.window.peer.set_text(receiver.wait_ready())
    app.window.send_files([Gio.File.new_for_path(source)])
    row = app.wait_row()
    wait(lambda: row.status.get_label() == 'Waiting for the network')
    wait(lambda: 'Waiting for the network' in app.window.status.get_label())
    moved = row.transfer.props.bytes_moved
    way.rate = 1 << 20  # what is left takes half a minute, and must not end before the click
    way.let_in()
    wait(lambda: 'left' in row.status.get_label() and row.transfer.props.bytes_moved > moved)
    wait(lambda: 'Online as' in app.window.status.get_label())
    row.cancel.emit('clicked')
    wait_end(row, 'cancel')


@case('the page about GTK: its Python sends a file and asks for a password')
def page(server):
    app, folder, there = App(server, 'alice'), Folder(), Folder()
    send, ask = {}, {}
    for listing, names in zip(listings('python'), (send, ask)):
        exec(listing, names)  # pylint: disable=exec-used
    receiver = Account(server, 'bob').ibb('receive', '--directory', there.path, '--count', '1',
                                          '--from', 'alice@localhost')
    usual = example.Window._ask_for_password  # pylint: disable=protected-access
    cases.defer(lambda: setattr(example.Window, '_ask_for_password', usual))
    example.Window._ask_for_password = lambda window, *arguments: ask['ask_for_password'](window)(*arguments)
    jid = receiver.wait_ready()
    app.begin()
    dialog = wait(lambda: next((one for one in Gtk.Window.get_toplevels() if isinstance(one, Gtk.Dialog)), None))
    dialog.get_content_area().get_first_child().set_text(app.account.password)
    dialog.response(Gtk.ResponseType.OK)
    app.wait_page('files')
    progress, label = Gtk.ProgressBar(), Gtk.Label()
    send['send'](app.window.service, jid, Gio.File.new_for_path(folder.make('letter.pdf', 100000)), progress, label)
    wait(lambda: label.get_label() in ('delivered', 'failed'))
    check_equal((label.get_label(), progress.get_fraction()), ('delivered', 1), 'the end')
    check_equal(receiver.finish(), 0, receiver.lines)


@case('the page about GTK: its JavaScript is loaded, its Vala compiled')
def other_languages():
    folder, build = Folder(), os.environ['IBB_TEST_BUILD_ROOT']
    for language, name, command in (
            ('js', 'page.js', ('gjs', '-m')),
            ('vala', 'page.vala', ('valac', '-C', '--directory', folder.path,
                                   '--pkg', 'gtk4', '--pkg', 'ibb-glib-1.0', '--pkg', 'ibb-files-1.0',
                                   '--vapidir', f'{build}/devenv/share/vala/vapi'))):
        for listing in listings(language):
            with open(folder / name, 'w', encoding='utf-8') as file:
                file.write(listing)
            program = Program(*command, folder / name)
            check_equal(program.finish(), 0, program.lines)


@case('the window speaks the languages of the library')
def languages(server):
    os.symlink(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], 'po'), os.path.join(HOME, 'locale'))
    usual = example._
    cases.defer(lambda: setattr(example, '_', usual))
    for language, words in (('de', ('Datei _senden …', 'Unbekanntes Zertifikat', 'Online als')),
                            ('ja', ('ファイルを送信(_S)…', '未知の証明書', 'としてオンライン'))):
        example._ = example.find_translation([language]).gettext
        app = App(server, 'alice', known=False)
        app.begin()
        app.give_password()
        dialog = wait(app.dialog)
        check_equal(dialog.get_heading(), words[1], 'the question')
        app.answer(example._('_Trust'))
        app.wait_page('files')
        check_equal(app.window.send.get_label(), words[0], 'the button')
        check(words[2] in app.window.status.get_label(), app.window.status.get_label())
        app.close()


@case('the desktop file and the metainfo are valid')
def metadata():
    stem = os.path.join(ROOT, 'examples', 'gtk', example.APPLICATION_ID)
    for command in (('desktop-file-validate', f'{stem}.desktop'),
                    ('appstreamcli', 'validate', '--no-net', f'{stem}.metainfo.xml')):
        if not shutil.which(command[0]):
            raise Skip(f'there is no {command[0]}')
        program = Program(*command)
        check_equal((program.finish(), program.lines), (0, []), program.output)


if __name__ == '__main__':
    try:
        with make_server() as private:
            cases.main(private)
    finally:
        shutil.rmtree(HOME, ignore_errors=True)
