# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client and a component as context managers, whose calls can be awaited under IBB.run().

Everything works without it, too.
"""

from __future__ import annotations

from gi.repository import GLib

from ..module import get_introspection_module
from ..overrides import override
from .IBB import _call

IBBXmpp = get_introspection_module('IBBXmpp')

__all__ = ['Client', 'Component', 'Identity']


class _Account:
    """With "with", it logs in, and logs out in the end, whatever ends the block."""

    def __enter__(self) -> Self:
        try:
            self.login()
        except KeyboardInterrupt:  # it may be online
            self.logout()
            raise
        return self

    def __exit__(self, exception_type, exception, traceback) -> None:
        self.logout()

    async def __aenter__(self) -> Self:
        try:
            await self.login_async()
        except GLib.Error:
            raise
        except BaseException:  # cancelled: it may be online
            await self.logout_async()
            raise
        return self

    async def __aexit__(self, exception_type, exception, traceback) -> None:
        await self.logout_async()

    def login_async(self, cancellable=None, callback=None, *user_data):
        """Connects to the server, and logs in."""
        return _call(super().login_async, self.login_finish, (), cancellable, callback, user_data)

    def logout_async(self, cancellable=None, callback=None, *user_data):
        """Logs out. Its sessions end."""
        return _call(super().logout_async, self.logout_finish, (), cancellable, callback,
                     user_data)


class Client(_Account, IBBXmpp.Client):
    """Its calls can be awaited under run()."""


Client = override(Client)


class Component(_Account, IBBXmpp.Component):
    """Its calls can be awaited under run()."""


Component = override(Component)


class Identity(IBBXmpp.Identity):
    """Its calls can be awaited under run()."""

    @staticmethod
    def load_or_create_async(path=None, cancellable=None, callback=None, *user_data):
        """Reads the key of this installation, or makes one."""
        return _call(IBBXmpp.Identity.load_or_create_async, IBBXmpp.Identity.load_or_create_finish, (path,),
                     cancellable, callback, user_data)

    def encrypt_async(self, transport, cancellable=None, callback=None, *user_data):
        """Encrypts a session from end to end: the stream to use in its place."""
        return _call(super().encrypt_async, self.encrypt_finish, (transport,), cancellable,
                     callback, user_data)


Identity = override(Identity)
