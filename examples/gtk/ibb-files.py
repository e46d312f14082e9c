#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""ibb-files.py: sends files to contacts and receives theirs, in a window of GTK 4 and libadwaita.

The accounts are those of the command ibb (~/.config/ibb-glib/accounts); without one a JID is
enough. Dialogues ask about certificates that cannot be verified, and for passwords. Two people can send
files in private from the servers: they exchange their addresses and keys as URIs, or compare six digits. No
call waits: each has a callback, or a signal reports its effect.
"""

import gettext
import os
import sys

import gi
gi.require_version('Adw', '1')
gi.require_version('Gtk', '4.0')
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
gi.require_version('IBBFiles', '1.0')
gi.require_foreign('cairo')
from gi.repository import Adw, Gdk, Gio, GLib, GObject, Gtk, IBB, IBBFiles, IBBXmpp, Pango

try:
    import qrcode  # Debian: python3-qrcode. Without it there is no picture of the URI.
except ImportError:
    qrcode = None

APPLICATION_ID = 'org.ibb_glib.Files'
N_RATES = 200  # of the plot, the last 20 seconds at least
N_MESSAGES, MESSAGE_TIME = 3, 15  # at a time, and the seconds that each is shown
DOMAIN = 'ibb-glib-1.0'  # its translations are installed with the library
ENDED = IBBFiles.State.SENT, IBBFiles.State.DELIVERED, IBBFiles.State.FAILED


def find_translation(languages=None):
    """That of the user's languages, or of the languages named. In a Flatpak it is in none of the usual folders."""
    for folder in (GLib.get_user_data_dir(), *GLib.get_system_data_dirs()):
        if gettext.find(DOMAIN, os.path.join(folder, 'locale'), languages):
            return gettext.translation(DOMAIN, os.path.join(folder, 'locale'), languages)
    return gettext.NullTranslations()


_ = find_translation().gettext


def new_label(text='', *classes, **properties):
    properties = {'xalign': 0, 'wrap': True, 'wrap_mode': Pango.WrapMode.WORD_CHAR, **properties}
    return Gtk.Label(label=text, css_classes=classes, **properties)


def new_button(text, clicked, *classes):
    button = Gtk.Button(label=text, css_classes=classes, valign=Gtk.Align.CENTER, use_underline=True)
    button.connect('clicked', lambda _button: clicked())
    return button


def new_icon_button(icon, text, clicked):
    button = new_button('', clicked, 'flat')
    button.set_icon_name(icon)
    button.set_tooltip_text(text)
    button.update_property([Gtk.AccessibleProperty.LABEL], [text])
    return button


def new_box(*children, horizontal=False, **properties):
    box = Gtk.Box(orientation=Gtk.Orientation.HORIZONTAL if horizontal else Gtk.Orientation.VERTICAL,
                  **{'spacing': 6, **properties})
    for child in children:
        box.append(child)
    return box


def get_answer_flags(remember):
    return IBBXmpp.AnswerFlags.REMEMBER if remember.get_active() else IBBXmpp.AnswerFlags.NONE


def new_dialog(window, heading, body, answer, cancel=None, **properties):
    """A question whose extra widgets are between the text and the buttons. Without an answer it only shows them."""
    dialog = Adw.MessageDialog(transient_for=window, heading=heading, body=body, **properties)
    dialog.add_response('cancel', cancel or _('_Cancel'))
    if answer:
        dialog.add_response('accept', answer)
        dialog.set_response_appearance('accept', Adw.ResponseAppearance.SUGGESTED)
    dialog.set_close_response('cancel')
    return dialog


def ask(dialog, question, accept):
    """Shows the dialogue until the person has answered, or nobody waits for the answer any more."""
    dialog.connect('response', lambda _dialog, response: accept() if response == 'accept' else question.refuse())
    question.connect('withdrawn', lambda _question: GLib.idle_add(dialog.close))
    dialog.present()


def new_shortcuts(*shortcuts):
    """GTK makes a window of shortcuts of XML only."""
    rows = ''.join('<child><object class="GtkShortcutsShortcut">'
                   f'<property name="accelerator">{GLib.markup_escape_text(key)}</property>'
                   f'<property name="title">{GLib.markup_escape_text(title)}</property></object></child>'
                   for key, title in shortcuts)
    builder = Gtk.Builder.new_from_string(
        '<interface><object class="GtkShortcutsWindow" id="window"><property name="modal">1</property><child>'
        '<object class="GtkShortcutsSection"><property name="section-name">all</property><child>'
        f'<object class="GtkShortcutsGroup">{rows}</object></child></object></child></object></interface>', -1)
    return builder.get_object('window')


class QRCode(Gtk.DrawingArea):
    """A text as a picture for the camera of another device, dark on light in each theme."""

    def __init__(self):
        super().__init__(accessible_role=Gtk.AccessibleRole.IMG, halign=Gtk.Align.CENTER, visible=False)
        self.update_property([Gtk.AccessibleProperty.LABEL], [_('Your URI as a QR code')])
        self._matrix = []
        self.set_draw_func(self._draw)

    def set_text(self, text):
        code = qrcode and qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_L)
        if not code:
            return
        code.add_data(text)
        self._matrix = code.get_matrix()
        self.set_size_request(len(self._matrix) * 3, len(self._matrix) * 3)
        self.set_visible(True)
        self.queue_draw()

    def _draw(self, _area, context, *_size):
        context.set_source_rgb(1, 1, 1)
        context.paint()
        context.set_source_rgb(0, 0, 0)
        for y, row in enumerate(self._matrix):
            for x, is_dark in enumerate(row):
                if is_dark:
                    context.rectangle(x * 3, y * 3, 3, 3)
        context.fill()


class RatePlot(Gtk.DrawingArea):
    """The rate of a transfer over the last seconds, the highest at the top."""

    def __init__(self):
        super().__init__(content_width=80, content_height=40, valign=Gtk.Align.CENTER,
                         accessible_role=Gtk.AccessibleRole.PRESENTATION)
        self._rates = []
        self.set_draw_func(self._draw)

    def add(self, rate):
        self._rates = [*self._rates[-N_RATES + 1:], rate]
        self.queue_draw()

    def _draw(self, _area, context, width, height):
        color = self.get_style_context().get_color()
        highest = max(self._rates, default=0) or 1
        context.set_source_rgba(color.red, color.green, color.blue, 0.1)
        context.paint()
        context.set_source_rgba(color.red, color.green, color.blue, 0.6)
        context.move_to(0, height)
        step = width / max(len(self._rates) - 1, 1)
        for index, rate in enumerate(self._rates):
            context.line_to(index * step, height - rate / highest * (height - 2))
        context.line_to(width, height)
        context.fill()


class TransferRow(Gtk.ListBoxRow):
    """One file on its way: who, how far, how fast, and what can be done about it."""

    def __init__(self, window, transfer):
        super().__init__(activatable=False)
        self.transfer = transfer
        self._window = window
        self._is_accepted = False
        self._state = None
        sends = transfer.props.direction == IBBFiles.Direction.SEND
        name = transfer.props.metadata.dup_safe_name()
        title = _('{name} to {peer}') if sends else _('{name} from {peer}')
        self.title = new_label(title.format(name=name, peer=transfer.props.peer_jid), 'heading')
        self.update_property([Gtk.AccessibleProperty.LABEL], [self.title.get_label()])
        self.status = new_label()
        self.progress = Gtk.ProgressBar()
        self.progress.update_property([Gtk.AccessibleProperty.LABEL], [_('Progress of {name}').format(name=name)])
        self.plot = RatePlot()
        self.accept = new_button(_('Accept'), self._accept, 'suggested-action')
        self.refuse = new_button(_('Refuse'), lambda: transfer.refuse(None))
        self.cancel = new_button(_('Cancel'), transfer.cancel)
        self.reveal = new_button(_('Show in Folder'), lambda: window.show_in_folder(transfer.props.file))
        self.remove = new_icon_button('window-close-symbolic', _('Remove from the List'),
                                      lambda: window.remove(transfer))
        words = new_box(self.title, self.status, hexpand=True)
        buttons = new_box(self.accept, self.refuse, self.cancel, self.reveal, horizontal=True, halign=Gtk.Align.END)
        self.set_child(new_box(
            new_box(words, self.plot, self.remove, horizontal=True, spacing=12), self.progress, buttons,
            margin_top=12, margin_bottom=12, margin_start=12, margin_end=12))
        for name in ('state', 'progress', 'time-left'):
            transfer.connect(f'notify::{name}', lambda *_: self.update())
        transfer.connect('notify::rate', lambda *_: self.plot.add(transfer.props.rate))
        self.update()

    def update(self):
        state = self.transfer.props.state
        asked = state == IBBFiles.State.OFFERED and self.transfer.props.direction == IBBFiles.Direction.RECEIVE
        self.accept.set_visible(asked and not self._is_accepted)
        self.refuse.set_visible(asked and not self._is_accepted)
        self.cancel.set_visible(state not in ENDED and not self.accept.get_visible())
        self.reveal.set_visible(self.transfer.props.direction == IBBFiles.Direction.RECEIVE and
                              state == IBBFiles.State.DELIVERED)
        self.remove.set_visible(state in ENDED)
        self.progress.set_fraction(self.transfer.props.progress)
        self.progress.set_visible(not asked and state not in ENDED)
        self.plot.set_visible(state == IBBFiles.State.ACTIVE)
        self.status.set_label(self._describe(state))
        self.status.set_css_classes(['error'] if state == IBBFiles.State.FAILED else ['dim-label'])
        if state != self._state:  # a reader would be busy with each change of the rate
            self._state = state
            if state != IBBFiles.State.OFFERED:
                self._window.get_application().withdraw_notification(self.title.get_label())
            self.update_property([Gtk.AccessibleProperty.DESCRIPTION], [self.status.get_label()])

    def _describe(self, state):
        transfer = self.transfer
        size = GLib.format_size(transfer.props.metadata.props.size)
        receives = transfer.props.direction == IBBFiles.Direction.RECEIVE
        if state == IBBFiles.State.FAILED:
            return transfer.dup_error().message
        if state == IBBFiles.State.DELIVERED:
            return _('Received: {path}').format(path=transfer.props.file.get_parse_name()) if receives else _('Delivered')
        if state == IBBFiles.State.SENT:
            return _('Sent. The other program does not say whether it has stored the file')
        if not self._window.is_online():
            return _('Waiting for the network')
        if state == IBBFiles.State.OFFERED:
            return (_('Offered: {size}') if receives else _('{size}. Waiting for the other person')).format(size=size)
        if state == IBBFiles.State.CHECKING:
            return _('Checking')
        if state == IBBFiles.State.ACCEPTED:
            return _('Accepted')
        left = transfer.props.time_left
        # Translators: sizes, and a time such as 3:05
        text = _('{moved} of {size}, {rate}/s') if left < 0 else _('{moved} of {size}, {rate}/s, {time} left')
        return text.format(moved=GLib.format_size(transfer.props.bytes_moved), size=size,
                           rate=GLib.format_size(transfer.props.rate), time=f'{left // 60}:{left % 60:02}')

    def _accept(self):
        """A transfer replaces nothing: the file takes the first name that is free. A part that is there goes on."""
        file = self._window.folder.get_child(self.transfer.props.metadata.dup_safe_name())
        self._is_accepted = True
        self.update()
        # The state and the error of the transfer tell the rest.
        self.transfer.accept_file_async(file, IBBFiles.Existing.NUMBER, None, None)


class Window(Adw.ApplicationWindow):
    """First the accounts; then, with one of them, the contacts that are online and the transfers."""

    def __init__(self, application):
        super().__init__(application=application, title=_('Files'), default_width=640, default_height=680)
        self.client = None
        self.service = None
        self.identity = None
        self.keys = {}  # the fingerprint of each account whose URI was taken
        self.folder = Gio.File.new_for_path(
            GLib.get_user_special_dir(GLib.UserDirectory.DIRECTORY_DOWNLOAD) or GLib.get_home_dir())
        self._resources = {}
        self._chooser = None
        self._asked = False
        self._closing = False
        self.transfers = Gio.ListStore(item_type=IBBFiles.Transfer)  # those that ended, too: the service drops them
        for name, activated in (('log-out', self._log_out), ('send-file', self._choose_file)):
            action = Gio.SimpleAction(name=name, enabled=False)
            action.connect('activate', lambda _action, _value, activated=activated: activated())
            self.add_action(action)
        menu = Gio.Menu()
        menu.append(_('_Log Out'), 'win.log-out')
        menu.append(_('_Keyboard Shortcuts'), 'win.show-help-overlay')
        menu.append(_('_About Files'), 'app.about')
        header = Adw.HeaderBar()
        self.menu = Gtk.MenuButton(icon_name='open-menu-symbolic', menu_model=menu, primary=True,
                                   tooltip_text=_('Main Menu'))
        header.pack_end(self.menu)
        self.set_help_overlay(new_shortcuts(
            ('<Control>o', _('Send a File')), ('F10', _('Main Menu')), ('<Control>question', _('Keyboard Shortcuts')),
            ('<Control>w', _('Close the Window'))))
        self.pages = Gtk.Stack(vexpand=True, vhomogeneous=False)
        self.pages.add_named(self._new_account_page(), 'account')
        self.pages.add_named(self._new_files_page(), 'files')
        self.messages = new_box(spacing=0)
        self.set_content(new_box(header, self.pages, self.messages, spacing=0))
        self.connect('close-request', self._close)

    def _new_account_page(self):
        self.accounts = Adw.PreferencesGroup(title=_('Log In'))
        names = []
        try:
            names = IBBXmpp.Client.list_accounts()
            self.accounts.set_description(
                _('Choose an account of the command ibb, or enter an address such as juliet@example.org.') if names else
                _('Enter an address of yours, such as juliet@example.org.'))
        except GLib.Error as error:
            self.accounts.set_description(error.message)
        self.account_rows = {}
        for name in names:
            row = Adw.ActionRow(title=name, use_markup=False, activatable=True)
            row.add_suffix(Gtk.Image(icon_name='go-next-symbolic'))
            row.connect('activated', lambda row: self._log_in(row.get_title()))
            self.accounts.add(row)
            self.account_rows[name] = row
        self.jid = Adw.EntryRow(title=_('Address'), show_apply_button=True)
        self.jid.connect('apply', lambda row: self._log_in(None, row.get_text()))
        self.accounts.add(self.jid)
        self.spinner = Gtk.Spinner()
        self.login_error = new_label('', 'error', selectable=True)
        return Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, child=Adw.Clamp(child=new_box(
            self.accounts, self.spinner, self.login_error, spacing=12,
            margin_top=24, margin_bottom=24, margin_start=12, margin_end=12)))

    def _new_files_page(self):
        self.security = new_box(Gtk.Image(), new_label('', 'heading', hexpand=True), horizontal=True)
        self.status = new_label('', 'dim-label')
        self.peer = Adw.EntryRow(title=_('To: an address'))
        self.send = new_button(_('_Send a File…'), self._choose_file, 'suggested-action', 'pill')
        self.send.set_halign(Gtk.Align.CENTER)
        to = Adw.PreferencesGroup()
        to.add(self.peer)
        self.online = Adw.ExpanderRow(title=_('Online'), subtitle=_('Nobody'))
        to.add(self.online)
        peers = Adw.PreferencesGroup(margin_top=12)
        place = Adw.ActionRow(title=_('Received files go to'), subtitle=self.folder.get_parse_name(), use_markup=False)
        place.add_suffix(new_button(_('Choose…'), lambda: self._choose_folder(place)))
        peers.add(place)
        self.private = Gtk.Switch(valign=Gtk.Align.CENTER, sensitive=False)
        self.private.connect('notify::active', lambda *_: self._show_privacy())
        privacy = Adw.ActionRow(title=_('Private from the servers'), activatable_widget=self.private,
                                subtitle=_('With people whose URI you have, or who compare six digits with you'))
        privacy.add_suffix(self.private)
        self.own_uri = Adw.ActionRow(title=_('Your URI, for others'), use_markup=False)
        self.own_uri.add_suffix(new_button(_('Copy'), lambda: self.get_clipboard().set(self.own_uri.get_subtitle())))
        drag = Gtk.DragSource()
        drag.connect('prepare', lambda *_: Gdk.ContentProvider.new_for_value(self.own_uri.get_subtitle()))
        self.own_uri.add_controller(drag)
        self.other_uri = Adw.EntryRow(title=_('URI of another person'), show_apply_button=True)
        self.other_uri.connect('apply', lambda row: self.take_uri(row.get_text()) and row.set_text(''))
        for row in (privacy, self.own_uri, self.other_uri):
            peers.add(row)
        self._show_privacy()
        self.list = Gtk.ListBox(selection_mode=Gtk.SelectionMode.NONE, css_classes=['boxed-list'])
        self.list.bind_model(self.transfers, lambda transfer: TransferRow(self, transfer))
        self.own_address = new_label('', 'heading', xalign=0.5, justify=Gtk.Justification.CENTER, selectable=True)
        self.qr_code = QRCode()
        self.list.set_placeholder(new_box(
            new_label(_('No Files Yet'), 'title-2', xalign=0.5, justify=Gtk.Justification.CENTER),
            new_label(_('To send a file, enter an address above, then choose the file or drop it here. To get files, '
                        'give others your address:'), xalign=0.5, justify=Gtk.Justification.CENTER),
            self.own_address, self.qr_code, spacing=12,
            margin_top=24, margin_bottom=24, margin_start=12, margin_end=12))
        self.drop = Gtk.DropTarget(actions=Gdk.DragAction.COPY)
        self.drop.set_gtypes([Gdk.FileList, GObject.TYPE_STRING])
        self.drop.connect('drop', lambda _drop, value, _x, _y:
                          self.take_uri(value) if isinstance(value, str) else self.send_files(value.get_files()))
        page = Gtk.ScrolledWindow(hscrollbar_policy=Gtk.PolicyType.NEVER, child=Adw.Clamp(child=new_box(
            self.security, self.status, to, self.send, self.list, peers, spacing=12,
            margin_top=12, margin_bottom=24, margin_start=12, margin_end=12)))
        page.add_controller(self.drop)
        return page

    # The account.

    def _log_in(self, account, jid=None):
        try:
            if account:
                client = IBBXmpp.Client.new_from_account(account, None)
            else:
                client = IBBXmpp.Client.new(jid)
                client.set_known_certificates(IBBXmpp.KnownCertificates.new(None))
                client.set_keyring(True)
        except GLib.Error as error:
            self.login_error.set_label(error.message)
            return
        client.set_auto_reconnect(True)
        client.connect('trust-requested', self._ask_for_trust)
        client.connect('password-requested', self._ask_for_password)
        client.connect('resource-changed', self._resource_changed)
        client.connect('notify::state', lambda *_: self._show_state())
        client.connect('notify::disconnect-error', lambda *_: self._show_state())
        self.client = client
        self.service = IBBFiles.Service.new(client)
        # A transfer goes on when the client has logged in again.
        self.service.get_sessions().props.resume_sessions = True
        self.service.connect('file-offered', lambda *_: True)  # the row of the list asks
        self.service.connect('private-offered', self._private_offered)
        self.service.connect('private-failed', lambda _service, _peer, error: self.tell(error.message))
        self.service.connect('items-changed', self._transfers_changed)
        self._start_login()

    def _start_login(self):
        self._asked = False
        self.login_error.set_label('')
        self.accounts.set_sensitive(False)
        self.spinner.start()
        self.client.login_async(None, self._logged_in)

    def _logged_in(self, client, result):
        self.spinner.stop()
        self.accounts.set_sensitive(True)
        try:
            client.login_finish(result)
        except GLib.Error as error:
            if self._asked and error.matches(IBB.error_quark(), IBB.Error.AUTHENTICATION):
                self._start_login()  # which asks again, and says that the password was refused
            else:
                self.login_error.set_label(error.message)
            return
        self._show_state()
        self._show_privacy()
        if not self.identity:
            IBBXmpp.Identity.load_or_create_async(None, None, self._identity_loaded)
        self._enable_actions(True)
        self.pages.set_visible_child_name('files')
        self.peer.grab_focus()

    def _log_out(self):
        if self.client:
            self.client.logout_async(None, self._logged_out)

    def _logged_out(self, client, result):
        try:
            client.logout_finish(result)
        except GLib.Error:
            pass  # the server sees the connection end
        self.client = self.service = None
        self.transfers.remove_all()
        self._enable_actions(False)
        self.pages.set_visible_child_name('account')
        if self._closing:
            self.close()

    def _enable_actions(self, is_logged_in):
        for name in ('log-out', 'send-file'):
            self.lookup_action(name).set_enabled(is_logged_in)

    def _close(self, _window):
        self._closing = True
        self._log_out()
        return self.client is not None  # closes when the client has logged out

    def _ask_for_trust(self, _client, question):
        name = question.get_name()
        changed = question.get_changed()
        if changed:
            heading = _('The Certificate Has Changed')
            body = _('“{name}” shows another certificate than the one that you have trusted. Somebody may be between '
                     'you and the server. Trust the new one only if you know why it has changed.')
        else:
            heading = _('Unknown Certificate')
            body = _('The certificate of “{name}” cannot be verified: {reason}. Compare the fingerprint with one that '
                     'you have from the owner of the server.')
        dialog = new_dialog(self, heading, body.format(name=name, reason=question.dup_reason()), _('_Trust'))
        if changed:
            dialog.set_response_appearance('accept', Adw.ResponseAppearance.DESTRUCTIVE)
        fingerprint = new_label(question.get_fingerprint(), 'monospace', selectable=True)
        dialog.remember = Gtk.CheckButton(label=_('_Remember'), use_underline=True, active=not changed)
        dialog.set_extra_child(new_box(fingerprint, dialog.remember, spacing=12))
        ask(dialog, question, lambda: question.accept(get_answer_flags(dialog.remember)))
        return True

    def _ask_for_password(self, _client, question):
        self._asked = True
        body = (_('The server has refused the password of {jid}.') if question.get_was_refused() else
                _('The password of {jid}'))
        dialog = new_dialog(self, _('Password'), body.format(jid=question.get_jid()), _('_Log In'),
                            default_response='accept')
        dialog.password = Gtk.PasswordEntry(show_peek_icon=True, activates_default=True)
        dialog.remember = Gtk.CheckButton(label=_('_Remember in the keyring'), use_underline=True,
                                          visible=question.get_can_remember())
        dialog.set_extra_child(new_box(dialog.password, dialog.remember, spacing=12))
        ask(dialog, question,
            lambda: question.answer(dialog.password.get_text(), get_answer_flags(dialog.remember)))
        dialog.password.grab_focus()
        return True

    def is_online(self):
        return self.client is not None and self.client.props.state == IBB.ConnectionState.ONLINE

    def _show_state(self):
        jid = self.client.props.local_jid if self.is_online() else None  # none, too, if the state changes meanwhile
        error = self.client.props.disconnect_error if self.client else None
        if jid:
            self.status.set_label(_('Online as {jid}').format(jid=jid))
            self.own_address.set_label(jid)
        elif error:
            # Translators: a sentence that says why
            self.status.set_label(_('Waiting for the network: {reason}').format(reason=error.message))
        else:
            self.status.set_label(_('Waiting for the network'))
        if jid and self.identity:
            self.own_uri.set_subtitle(self.identity.dup_uri(jid))
            self.qr_code.set_text(self.own_uri.get_subtitle())
        for number in range(len(self.transfers)):
            self.list.get_row_at_index(number).update()

    # Private from the servers.

    def _identity_loaded(self, _source, result):
        try:
            self.identity = IBBXmpp.Identity.load_or_create_finish(result)
        except GLib.Error as error:
            self.tell(error.message)
            return
        self.identity.connect('trust-requested', self._compare_digits)
        self.identity.connect('peer-asking', self._show_digits)
        self.identity.connect('broken-off', self._broken_off)
        # No other key counts for the account of a URI. Others are asked about, if they are not known.
        for account, key in self.keys.items():
            self.identity.set_peer_fingerprints(account, [key])
        self.private.set_sensitive(True)
        self._show_state()
        self._show_privacy()

    def _get_key(self, jid):
        return next((key for account, key in self.keys.items() if IBB.jid_is_from(jid, account)), None)

    def _private_offered(self, _service, peer):
        """TRUE refuses. A stranger asks nobody to compare digits."""
        account = self.peer.get_text().partition('/')[0]
        if self._get_key(peer) or peer in self._resources or IBB.jid_is_from(peer, account):
            return False
        self.tell(_('A private file from {peer} was refused. To take it, enter the address, and have it sent again.')
                  .format(peer=peer))
        return True

    def _new_digits_dialog(self, heading, body, code, *buttons):
        dialog = new_dialog(self, heading, body, *buttons)
        digits = new_label(code, 'title-1', 'numeric', selectable=True, xalign=0.5)
        digits.set_direction(Gtk.TextDirection.LTR)  # neutral: right to left the halves would change their places
        dialog.set_extra_child(digits)
        self.notify_person('digits', heading, body)
        dialog.connect('response', lambda *_: self.get_application().withdraw_notification('digits'))
        return dialog

    def _compare_digits(self, _identity, question):
        heading = _('The Key Has Changed') if question.get_changed() else _('Unknown Key')
        body = (_('{peer} has another key than before: another device, or somebody in between. Read the digits to each '
                  'other, by telephone for example. Are they the same?') if question.get_changed() else
                _('The key of {peer} is not known. Both ends show six digits. Read them to each other, by telephone '
                  'for example. Are they the same?'))
        dialog = self._new_digits_dialog(heading, body.format(peer=question.get_name()), question.get_code(),
                                         _('_They Are the Same'), _('They _Differ'))
        ask(dialog, question, lambda: question.accept(IBBXmpp.AnswerFlags.REMEMBER))
        return True

    def _show_digits(self, _identity, peer, code):
        """This end knows the key of the other one, whose person is asked."""
        body = _('The program of {peer} does not know your key. Read these digits to the person, who compares them.')
        self._new_digits_dialog(_('Your Key Is Compared'), body.format(peer=peer), code, None, _('_Close')).present()

    def _broken_off(self, _identity, peer, _count, _pause):
        self.tell(_('The comparison of digits with {peer} was broken off. If this happens again, somebody in between '
                    'may be trying them out.').format(peer=peer))

    def take_uri(self, text):
        """The address becomes that of the next file, and its key the only one that it may have."""
        try:
            jid, key = IBBXmpp.Identity.parse_uri(text.strip())
        except GLib.Error as error:
            self.tell(error.message)
            return False
        self.peer.set_text(jid)
        if key:
            account = jid.partition('/')[0]
            self.keys = {other: known for other, known in self.keys.items() if not IBB.jid_is_from(account, other)}
            self.keys[account] = key
            if self.identity:
                self.identity.set_peer_fingerprints(account, [key])
            self.private.set_active(True)
        return True

    def _show_privacy(self):
        private = self.private.get_active()
        if self.service:
            self.service.set_identity(self.identity if private else None)
        image, label = self.security.get_first_child(), self.security.get_last_child()
        image.set_from_icon_name('channel-secure-symbolic' if private else 'channel-insecure-symbolic')
        label.set_label(_('Encrypted between the ends: the servers cannot read the files') if private else
                        _('Not encrypted between the ends: the servers can read the files'))
        self.security.set_css_classes(['success' if private else 'warning'])

    # Contacts.

    def _resource_changed(self, _client, jid, available):
        row = self._resources.pop(jid, None)
        if row:
            self.online.remove(row)
        if available:
            row = Adw.ActionRow(title=jid, use_markup=False, activatable=True)
            row.connect('activated', lambda _row: self.peer.set_text(jid))
            self.online.add_row(row)
            self._resources[jid] = row
        self.online.set_subtitle(f'{len(self._resources)}' if self._resources else _('Nobody'))

    # Transfers.

    def _choose(self, title, action, chosen):
        # The window holds the dialogue: GTK does not.
        self._chooser = Gtk.FileChooserNative(title=title, transient_for=self, action=action, modal=True)
        self._chooser.connect('response', lambda chooser, response:
                              response == Gtk.ResponseType.ACCEPT and chosen(chooser.get_file()))
        self._chooser.show()

    def _choose_file(self):
        self._choose(_('Send a File'), Gtk.FileChooserAction.OPEN, lambda file: self.send_files([file]))

    def _choose_folder(self, row):
        def chosen(folder):
            self.folder = folder
            row.set_subtitle(folder.get_parse_name())

        self._choose(_('Received Files Go To'), Gtk.FileChooserAction.SELECT_FOLDER, chosen)

    def send_files(self, files):
        for file in files:
            self.service.offer_file_async(self.peer.get_text(), file, None, None, self._offered)
        return True

    def _offered(self, service, result):
        try:
            service.offer_file_finish(result)
        except GLib.Error as error:
            self.tell(error.message)

    def _transfers_changed(self, service, position, _removed, added):
        for number in range(position, position + added):
            transfer = service[number]
            self.transfers.insert(0, transfer)
            if transfer.props.direction == IBBFiles.Direction.RECEIVE:
                row = self.list.get_row_at_index(0)
                self.notify_person(row.title.get_label(), _('A File Is Offered'), row.title.get_label())

    def remove(self, transfer):
        self.transfers.remove(self.transfers.find(transfer)[1])

    def show_in_folder(self, file):
        """The program for files marks the file. Without one that can, the folder is shown."""
        def shown(bus, result):
            try:
                bus.call_finish(result)
            except GLib.Error:
                Gtk.show_uri(self, file.get_parent().get_uri(), Gdk.CURRENT_TIME)

        name, arguments = 'org.freedesktop.FileManager1', GLib.Variant('(ass)', ([file.get_uri()], ''))
        self.get_application().get_dbus_connection().call(name, '/org/freedesktop/FileManager1', name, 'ShowItems',
                                                          arguments, None, Gio.DBusCallFlags.NONE, -1, None, shown)

    # The person.

    def notify_person(self, name, title, body):
        """Of what waits for an answer, if nobody looks at the window."""
        if not self.is_active():
            notification = Gio.Notification.new(title)
            notification.set_body(body)
            self.get_application().send_notification(name, notification)

    def tell(self, text):
        """Below the pages, where a message covers neither a button nor another message, until its time is over."""
        def remove():
            if message.get_parent():
                focus = self.get_focus()
                if focus and focus.is_ancestor(message):  # without a focus no key would move it any more
                    self.pages.child_focus(Gtk.DirectionType.TAB_FORWARD)
                self.messages.remove(message)
            return GLib.SOURCE_REMOVE

        label = new_label(text, hexpand=True, accessible_role=Gtk.AccessibleRole.ALERT,
                          margin_top=6, margin_bottom=6, margin_start=12)
        message = new_box(label, new_icon_button('window-close-symbolic', _('Close'), remove), horizontal=True,
                          css_classes=['card'], margin_bottom=6, margin_start=6, margin_end=6)
        if len(list(self.messages)) == N_MESSAGES:
            self.messages.remove(self.messages.get_first_child())
        self.messages.append(message)
        GLib.timeout_add_seconds(MESSAGE_TIME, remove)


class Application(Adw.Application):
    def __init__(self):
        super().__init__(application_id=APPLICATION_ID)
        about = Gio.SimpleAction(name='about')
        about.connect('activate', self._show_about)
        self.add_action(about)
        for action, key in (('win.send-file', '<Control>o'), ('win.show-help-overlay', '<Control>question'),
                            ('window.close', '<Control>w')):
            self.set_accels_for_action(action, [key])

    def _show_about(self, _action, _value):
        # The icon lies beside this file, unless both are installed.
        Gtk.IconTheme.get_for_display(Gdk.Display.get_default()).add_search_path(os.path.dirname(os.path.abspath(__file__)))
        Adw.AboutWindow(transient_for=self.get_active_window(), application_name=_('Files'),
                        application_icon=APPLICATION_ID, developer_name='ibb-glib', license_type=Gtk.License.CUSTOM,
                        license='0BSD', comments=_('Sends files to contacts by XMPP, and receives theirs')).present()

    def do_activate(self):
        (self.get_active_window() or Window(self)).present()


if __name__ == '__main__':
    sys.exit(Application().run(sys.argv))
