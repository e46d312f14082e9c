#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""window-pictures.py FOLDER [LOOK…]: pictures of the example with windows in each state, narrow and wide, for a
person to look at. It is run like window.py. The looks: plain, dark, right-to-left, de, large."""

import ctypes
import os
import sys

import cairo

import window
from window import Gio, GLib, Gtk, example, wait

SIZES = (360, 640), (1000, 800), (640, 760)


class XImage(ctypes.Structure):
    """The beginning of that of Xlib."""
    _fields_ = [(name, ctypes.c_int) for name in ('width', 'height', 'xoffset', 'format')] + [('data', ctypes.c_void_p)]


def save(widget, path):
    """Widgets have their windows in the corner of the screen, as nobody manages them. The picture is that of the
    screen when nothing has been drawn for a while."""
    quiet = GLib.get_monotonic_time() + 700000
    look = GLib.timeout_add(50, lambda: True)
    wait(lambda: GLib.get_monotonic_time() > quiet)
    GLib.source_remove(look)
    xlib = ctypes.CDLL('libX11.so.6')
    xlib.XOpenDisplay.restype = ctypes.c_void_p
    xlib.XGetImage.restype = ctypes.POINTER(XImage)
    display = ctypes.c_void_p(xlib.XOpenDisplay(None))
    width, height = widget.get_surface().get_width(), widget.get_surface().get_height()
    image = xlib.XGetImage(display, ctypes.c_ulong(xlib.XDefaultRootWindow(display)), 0, 0, width, height,
                           ctypes.c_ulong(0xffffffff), 2)
    data = bytearray(ctypes.string_at(image.contents.data, width * height * 4))
    cairo.ImageSurface.create_for_data(data, cairo.FORMAT_RGB24, width, height).write_to_png(path)
    xlib.XCloseDisplay(display)


def take(server, stem):
    way = window.CutProxy(server.port, [], rate=1 << 20)
    app, folder, there = window.App(server, 'alice', known=False, port=way.port), window.Folder(), window.Folder()
    bob = window.Account(server, 'bob')

    def resize(size):
        app.window.set_default_size(*size)
        surface = app.window.get_surface()
        wait(lambda: (surface.get_width(), surface.get_height()) == size)

    def save_window(state):
        for size in SIZES:
            resize(size)
            save(app.window, f'{stem}-{state}-{size[0]}.png')

    def save_dialog(state):
        dialog = wait(app.dialog)
        for size in SIZES:
            resize(size)
            save(dialog, f'{stem}-{state}-{size[0]}.png')

    def offer(name, size):
        bob.ibb('send', folder.make(name, size), f'{app.account.bare}/window')
        return app.wait_row()

    save_window('login')
    app.begin()
    save_dialog('password')
    app.give_password()
    wait(lambda: (one := app.dialog()) and not hasattr(one, 'password'))
    save_dialog('certificate')
    app.answer(example._('_Trust'))
    app.wait_page('files')
    wait(app.window.own_uri.get_subtitle)
    save_window('empty')
    app.window.menu.popup()
    save(app.window, f'{stem}-menu.png')
    app.window.menu.popdown()
    for action in 'win.show-help-overlay', 'app.about':
        app.window.activate_action(action)
        shown = wait(lambda: next((one for one in Gtk.Window.get_toplevels()
                                   if one != app.window and one.get_mapped()), None))
        save(shown, f'{stem}-{action[4:]}.png')
        shown.close()
        wait(lambda: not shown.get_mapped())
    jid = bob.ibb('receive', '--directory', there.path, '--from', app.account.bare).wait_ready()
    app.window.peer.set_text(jid)
    app.window.send_files([Gio.File.new_for_path(folder.make('film.webm', 30000000))])
    sent = app.wait_row()
    wait(lambda: sent.transfer.props.time_left > 0 and sent.transfer.props.bytes_moved > 5000000)
    offered = offer('letter.pdf', 700000)
    save_window('offer')
    offered.accept.emit('clicked')
    wait(lambda: offered.transfer.props.state in example.ENDED)
    refused = offer('Photos of the garden 2026.zip', 5000000)
    refused.refuse.emit('clicked')
    wait(lambda: refused.transfer.props.state in example.ENDED)
    app.window.tell('The address “bob@localhost/nobody” is not there, so that nothing can be sent to it')
    app.window.tell('The key of “bob@localhost” is not trusted')
    app.window.pages.get_visible_child().get_vadjustment().set_value(250)
    save_window('ended')
    sent.cancel.emit('clicked')
    app.window.private.set_active(True)
    here = window.Terminal(window.IBB, 'send', '--encrypt', *bob.options(), folder.make('secret', 1000),
                           f'{app.account.bare}/window',
                           env={'XDG_DATA_HOME': window.Folder().path, 'IBB_PASSWORD': bob.password})
    save_dialog('digits')
    here.stop()
    app.answer(example._('They _Differ'))
    window.cases.clean_up()


def main(folder, *looks):
    settings, usual = Gtk.Settings.get_default(), example._
    dpi = settings.props.gtk_xft_dpi
    settings.props.gtk_enable_animations = False
    os.symlink(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], 'po'), os.path.join(window.HOME, 'locale'))
    with window.make_server() as server:
        for look in looks or ('plain', 'dark', 'right-to-left', 'de', 'large'):
            scheme = example.Adw.ColorScheme
            example.Adw.StyleManager.get_default().set_color_scheme(
                scheme.FORCE_DARK if look == 'dark' else scheme.FORCE_LIGHT)
            Gtk.Widget.set_default_direction(
                Gtk.TextDirection.RTL if look == 'right-to-left' else Gtk.TextDirection.LTR)
            example._ = example.find_translation(['de']).gettext if look == 'de' else usual
            settings.props.gtk_xft_dpi = (96 * 1024 if dpi <= 0 else dpi) * (7 if look == 'large' else 4) // 4
            take(server, os.path.join(folder, look))


if __name__ == '__main__':
    try:
        main(*sys.argv[1:])
    finally:
        window.shutil.rmtree(window.HOME, ignore_errors=True)
