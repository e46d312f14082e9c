/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Peers that are named by URIs, and the keys that these give them. */

#pragma once

#include <glib.h>

/* Replaces each URI of from (nullable) and *peer (nullable) by its address. keys: (transfer full)
 * (nullable): those that URIs name. Returns what is wrong (transfer full), or NULL. */
char *tool_uri_resolve (char **from, char **peer, GPtrArray **keys);
/* Whether a URI has named this fingerprint for the account of peer. */
gboolean tool_uri_names (GPtrArray *keys, const char *peer, const char *fingerprint);
