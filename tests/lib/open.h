/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Opens a session with parameters. */

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
