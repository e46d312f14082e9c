/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One stanza from text, for the tests of the reader. */

#pragma once

#include "ibb-stanza.h"
#include "stanza/namespaces.h"
#include "stanza/stanza-reader.h"

#define IBB " xmlns='http://jabber.org/protocol/ibb'"
#define CONDITION " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'"

/* Prints the stanza on one line. */
static inline void
show (const char *xml)
{
  g_autofree char *start = g_strndup (xml, 200);
  g_autofree char *line = g_strescape (start, NULL);

  g_test_message ("%s", line);
}

static inline IBBStanza *
read_xml (const char *xml)
{
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, &error);

  show (xml);
  g_assert_no_error (error);
  g_assert_nonnull (stanza);

  return g_steal_pointer (&stanza);
}

static inline void
assert_refused (const char *xml, gssize length)
{
  g_autoptr (GError)    error = NULL;
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, length, &error);

  show (xml);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_assert_null (stanza);
}
