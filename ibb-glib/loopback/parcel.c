/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "loopback/parcel.h"

#include "ibb-stanza.h"
#include "stanza/stanza-writer.h"

/* The XML of a stanza beside its data, roughly: for the rate. */
#define STANZA_OVERHEAD 250

gsize
ibb_parcel_estimate_size (const IBBStanza *stanza)
{
  gsize size = STANZA_OVERHEAD;

  if (stanza->bytes != NULL)
    size += IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (stanza->bytes));
  if (stanza->xml != NULL)
    size += g_bytes_get_size (stanza->xml);
  return size;
}

static GBytes *
to_xml (const IBBStanza *stanza)
{
  GByteArray *xml = g_byte_array_new ();

  ibb_stanza_writer_append (stanza, xml);
  return g_byte_array_free_to_bytes (xml);
}

IBBParcel *
ibb_parcel_new (IBBStanza *stanza, IBBPort *to, gboolean as_xml)
{
  IBBParcel *self = g_new0 (IBBParcel, 1);

  self->to = to != NULL ? g_ref_string_acquire (to->normal_jid) : NULL;
  self->size = ibb_parcel_estimate_size (stanza);
  if (as_xml)
    {
      self->xml = to_xml (stanza);
      ibb_stanza_record_unref (stanza);
    }
  else
    self->stanza = stanza;
  return self;
}

void
ibb_parcel_free (IBBParcel *self)
{
  g_clear_pointer (&self->to, g_ref_string_release);
  g_clear_pointer (&self->stanza, ibb_stanza_record_unref);
  g_clear_pointer (&self->xml, g_bytes_unref);
  g_clear_pointer (&self->sender, ibb_port_unref);
  g_free (self);
}

IBBStanza *
ibb_parcel_open (IBBParcel *self)
{
  g_autoptr (GError) error = NULL;
  gsize              length;
  const char        *xml;

  if (self->xml == NULL)
    return self->stanza;

  xml = g_bytes_get_data (self->xml, &length);
  self->stanza = ibb_stanza_new_from_xml (xml, (gssize) length, &error);
  if (self->stanza == NULL)
    g_critical ("The loopback cannot read what it wrote: %s", error->message);
  g_clear_pointer (&self->xml, g_bytes_unref);
  return self->stanza;
}
