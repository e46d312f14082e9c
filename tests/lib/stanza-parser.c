/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza-parser.h"

#include "ibb-stanza.h"

#include <string.h>

static void
start_cb (void *data, const IBBSaxElement *element)
{
  StanzaParser *self = data;

  if (self->depth++ > 0)
    ibb_stanza_reader_start (self->reader, element);
}

static void
characters_cb (void *data, const xmlChar *text, int length)
{
  StanzaParser *self = data;

  if (self->depth > 1)
    ibb_stanza_reader_characters (self->reader, text, length);
}

static void
end_cb (void *data)
{
  StanzaParser *self = data;

  if (--self->depth > 0)
    {
      g_autoptr (IBBStanza) stanza = ibb_stanza_reader_end (self->reader);

      if (stanza != NULL)
        {
          if (stanza->bytes != NULL)
            self->n_bytes += g_bytes_get_size (stanza->bytes);
          self->n_stanzas++;
          if (self->stanzas != NULL)
            g_ptr_array_add (self->stanzas, ibb_stanza_ref (stanza));
        }
      if (self->depth == 1 && ibb_stanza_reader_has_failed (self->reader))
        self->n_failed++;
    }
}

static void
restricted_cb (void *data, IBBSaxRestriction what)
{
  g_assert_not_reached ();
}

void
stanza_parser_init (StanzaParser *self, const char *header)
{
  static const IBBSaxHandler handler = {
    .start = start_cb,
    .end = end_cb,
    .characters = characters_cb,
    .restricted = restricted_cb,
  };

  memset (self, 0, sizeof *self);
  self->reader = ibb_stanza_reader_new ();
  ibb_sax_init (&self->sax, &handler);
  if (header != NULL)
    stanza_parser_feed (self, header, strlen (header));
}

void
stanza_parser_feed (StanzaParser *self, const void *xml, gsize length)
{
  g_assert_true (ibb_sax_feed (&self->sax, xml, length, FALSE));
}

void
stanza_parser_clear (StanzaParser *self)
{
  ibb_sax_clear (&self->sax);
  ibb_stanza_reader_free (self->reader);
}
