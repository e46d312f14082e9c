/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The values of the properties of an IBBClient, which ibb-client.c describes. */

#pragma once

#include "xmpp/link.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_CLIENT_PROP_WORKER = 1,
  IBB_CLIENT_PROP_JID,
  IBB_CLIENT_PROP_PASSWORD,
  IBB_CLIENT_PROP_HOST,
  IBB_CLIENT_PROP_PORT,
  IBB_CLIENT_PROP_TLS_MODE,
  IBB_CLIENT_PROP_TLS_DATABASE,
  IBB_CLIENT_PROP_WEBSOCKET_MODE,
  IBB_CLIENT_PROP_WEBSOCKET_URI,
  IBB_CLIENT_PROP_ALLOW_PLAIN_TEXT,
  IBB_CLIENT_PROP_FORBID_PLAIN,
  IBB_CLIENT_PROP_CERTIFICATE,
  IBB_CLIENT_PROP_SEND_PRESENCE,
  IBB_CLIENT_PROP_PRIORITY,
  IBB_CLIENT_PROP_RESUMABLE,
  IBB_CLIENT_PROP_USER_AGENT_ID,
  IBB_CLIENT_PROP_TOKEN,
  IBB_CLIENT_PROP_AUTO_RECONNECT,
  IBB_CLIENT_PROP_KEEPALIVE_INTERVAL,
  IBB_CLIENT_PROP_KEEPALIVE_TIMEOUT,
  IBB_CLIENT_PROP_STATE,
  IBB_CLIENT_PROP_DISCONNECT_ERROR,
  IBB_CLIENT_N_PROPS,
  IBB_CLIENT_PROP_LOCAL_JID = IBB_CLIENT_N_PROPS,
} IBBClientProperty;

void ibb_client_properties_get (IBBLink *link, IBBClientProperty id, GValue *value);
/* Not those that are set when the client is constructed. TRUE if the value is another one. */
gboolean ibb_client_properties_set (IBBLink *link, IBBClientProperty id, const GValue *value);

G_END_DECLS
