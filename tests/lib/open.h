/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens a session with parameters, and tells between whom it is. */

#pragma once

#include <ibb-glib/ibb-glib.h>

static inline IBBTransport *
open_with (IBBService   *service,
           const char   *peer,
           IBBStanzaType stanza_type,
           guint         block_size,
           const char   *sid,
           GError      **error)
{
  g_autoptr (IBBSessionParams) params =
      g_object_new (IBB_TYPE_SESSION_PARAMS, "stanza-type", stanza_type, "block-size", block_size,
                    "sid", sid, NULL);

  return ibb_service_open_session (service, peer, params, NULL, error);
}

static inline void
open_with_async (IBBService         *service,
                 const char         *peer,
                 IBBStanzaType       stanza_type,
                 guint               block_size,
                 const char         *sid,
                 GAsyncReadyCallback callback,
                 gpointer            data)
{
  g_autoptr (IBBSessionParams) params =
      g_object_new (IBB_TYPE_SESSION_PARAMS, "stanza-type", stanza_type, "block-size", block_size,
                    "sid", sid, NULL);

  ibb_service_open_session_async (service, peer, params, NULL, callback, data);
}

static inline void
assert_peer_jid (IBBTransport *transport, const char *expected)
{
  g_autofree char *jid = ibb_transport_dup_peer_jid (transport);

  g_assert_cmpstr (jid, ==, expected);
}

static inline void
assert_local_jid (IBBTransport *transport, const char *expected)
{
  g_autofree char *jid = ibb_transport_dup_local_jid (transport);

  g_assert_cmpstr (jid, ==, expected);
}
