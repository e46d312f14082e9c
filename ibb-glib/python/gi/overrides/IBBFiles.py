# SPDX-License-Identifier: LGPL-2.1-or-later
"""File transfers whose calls can be awaited under IBB.run(); everything works without it, too."""

from ..module import get_introspection_module
from ..overrides import override
from .IBB import _call

IBBFiles = get_introspection_module('IBBFiles')

__all__ = ['Service', 'Transfer']


class Service(IBBFiles.Service):
    def __bool__(self) -> bool:
        return True  # also while the list is empty

    def offer_file_async(self, peer_jid, file, metadata=None, cancellable=None, callback=None,
                         *user_data):
        return _call(super().offer_file_async, self.offer_file_finish, (peer_jid, file, metadata),
                     cancellable, callback, user_data, gets_session=True)

    def offer_stream_async(self, peer_jid, stream, metadata, cancellable=None, callback=None,
                           *user_data):
        return _call(super().offer_stream_async, self.offer_stream_finish,
                     (peer_jid, stream, metadata), cancellable, callback, user_data,
                     gets_session=True)


Service = override(Service)


class Transfer(IBBFiles.Transfer):
    def __repr__(self):
        to = 'to' if self.props.direction == IBBFiles.Direction.SEND else 'from'
        return f'<IBBFiles.Transfer of {self.props.metadata.props.name!r} {to} ' \
               f'{self.props.peer_jid} {self.props.state.value_nick}>'

    def accept_file_async(self, file, existing=IBBFiles.Existing.FAIL, cancellable=None, callback=None,
                          *user_data):
        return _call(super().accept_file_async, self.accept_file_finish, (file, existing),
                     cancellable, callback, user_data)

    def accept_stream_async(self, stream, cancellable=None, callback=None, *user_data):
        return _call(super().accept_stream_async, self.accept_stream_finish, (stream,),
                     cancellable, callback, user_data)

    def refuse(self, reason=None):
        super().refuse(reason)

    def wait_async(self, cancellable=None, callback=None, *user_data):
        return _call(super().wait_async, self.wait_finish, (), cancellable, callback, user_data)


Transfer = override(Transfer)
