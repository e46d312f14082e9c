/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The TLS handshake within a session. */

#pragma once

#include "xmpp/trust/places.h"

/* The places for the handshakes of one direction. */
void ibb_session_handshake_init_places (IBBPlaces *places);

/* Blocks for a place and for the handshake, until limit is cancelled. The peer has TLS 1.3 then,
 * and showed a certificate, which is still to be judged. */
gboolean ibb_session_handshake_run (IBBPlaces      *places,
                                    GTlsConnection *tls,
                                    IBBTransport   *transport,
                                    const char     *peer,
                                    GCancellable   *limit,
                                    GError        **error);

/* Ends a session that waits no longer for the handshake. Returns the error of the call. */
GError *ibb_session_handshake_give_up (IBBTransport *transport, const char *peer);
