/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bytes of the application in an encrypted session: a GTlsConnection over the session. Its
 * calls never wait for anything but the session. */

#pragma once

#include "base/thread.h"
#include "ibb-transport.h"
#include "xmpp/trust/tls-session.h"

/* A GTlsServerConnection at the end that took the session, otherwise a GTlsClientConnection. tls:
 * (transfer full): after its handshake. thread: which sends the bytes that a call
 * which does not wait has left. */
GIOStream *ibb_encrypted_stream_new (IBBTransport    *transport,
                                     IBBTlsSession   *tls,
                                     IBBThread       *thread,
                                     GTlsCertificate *certificate,
                                     GTlsCertificate *peer_certificate);
