/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-client.h"
#include "xmpp/ibb-xmpp-connection-private.h"

struct _IBBClient
{
  IBBXmppConnection parent;

  char *jid; /* (owned) (nullable): until it is constructed */
};
