/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Peers that are named by URIs, and the keys that these give them. */

#pragma once

#include "ibb-glib/xmpp/ibb-xmpp.h"

/* Replaces each URI of from (nullable) and *peer (nullable) by its address. keys: (transfer full)
 * (nullable): those that URIs name. Returns what is wrong (transfer full), or NULL. */
char *tool_uri_resolve (char **from, char **peer, GPtrArray **keys);
/* Makes the keys that URIs have named the only ones that count. */
void tool_uri_name_keys (GPtrArray *keys, IBBXmppIdentity *identity);
