/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The keys that a program names for its peers, before a session is encrypted. */

#pragma once

#include <glib.h>

/* (element-type utf8 GStrv): by the name of a peer. */
GHashTable *ibb_named_keys_new (void);
/* Whether a key can be named for jid: it is a valid address. */
gboolean ibb_named_keys_is_peer (const char *jid);
/* jid: (nullable): each peer for which nothing else is named. fingerprints: (nullable): none is
 * named any more. */
void ibb_named_keys_set (GHashTable *self, const char *jid, const char *const *fingerprints);
/* (transfer full) (nullable): the only ones that count. */
GStrv ibb_named_keys_find (GHashTable *self, const char *name);

/* (transfer full): the bare JID in normal form: both ends have to name each of them alike. */
char *ibb_named_keys_dup_name (const char *jid);
