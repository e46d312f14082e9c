/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices that the peer or our connection goes, while nothing is sent: a person may take an
 * hour to decide about a file. */

#pragma once

#include "files/ibb-files-types.h"

typedef struct _IBBPeerWatch IBBPeerWatch;

/* error: (transfer full): G_IO_ERROR_CONNECTION_CLOSED, the connection was lost, or
 * IBB_ERROR_SERVICE_UNAVAILABLE, the peer has gone. */
typedef void (*IBBPeerWatchFunc) (GError *error, gpointer user_data);

/* gone is called once at most, from the thread-default context, and not after the end of the watch.
 * question: an IQ that the peer answers as long as it is there; it is sent now and then. */
IBBPeerWatch *ibb_peer_watch_new (IBBService      *sessions,
                                  const char      *peer_jid,
                                  IBBStanza       *question,
                                  IBBPeerWatchFunc gone,
                                  gpointer         user_data);
void          ibb_peer_watch_free (IBBPeerWatch *self);
/* The peer has gone. */
GError *ibb_peer_watch_new_gone_error (const char *peer_jid);
