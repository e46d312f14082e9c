/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-xmpp-client.h"
#include "xmpp/ibb-xmpp-entity-private.h"

struct _IBBXmppClient
{
  IBBXmppEntity parent;

  char *jid; /* (owned) (nullable): until it is constructed */
};
