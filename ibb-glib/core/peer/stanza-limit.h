/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The longest stanza that our server takes (D-16), in bytes of XML: as the server names it
 * (XEP-0478), and as it has shown by ending the XML stream with policy-violation.
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  gsize named;  /* 0: none */
  gsize learnt; /* 0: none; from all XML streams to this server */
  char *server; /* (nullable): its domain */
} IBBStanzaLimit;

void  ibb_stanza_limit_clear (IBBStanzaLimit *self);
gsize ibb_stanza_limit_get (const IBBStanzaLimit *self); /* 0: none */
/* The domain to which the XML stream leads: another server takes other lengths. */
void ibb_stanza_limit_set_server (IBBStanzaLimit *self, const char *server);
/* The server has ended the XML stream for a stanza that it did not take; longest: of those under
 * way, 0 for none. Returns whether stanzas are shorter from now on. */
gboolean ibb_stanza_limit_note_violation (IBBStanzaLimit *self, gsize longest);
/* The length was not the reason after all. */
void ibb_stanza_limit_forget (IBBStanzaLimit *self);

G_END_DECLS
