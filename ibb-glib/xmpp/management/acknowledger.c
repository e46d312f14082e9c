/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/management/acknowledger.h"

#include "base/source.h"
#include "xmpp/stream/stream-xml.h"

/* How many stanzas, or milliseconds, one acknowledgement may wait for others. A server that
 * requests one after each block would otherwise spend half of its time on them. */
#define MAX_STANZAS 32
#define DELAY 50
/* While so many bytes wait for a server that does not read, no acknowledgement is added: one
 * answers many requests, later. Prosody requests no other one before. */
#define MAX_UNSENT (256 * 1024)

struct _IBBAcknowledger
{
  GMainContext *context;
  IBBXmlStream *stream; /* (owned) (nullable): on which the server may be told */
  guint32       n_handled;
  guint32       n_acknowledged; /* of those */
  gboolean      is_requested;
  GSource      *timer; /* (owned) (nullable) */
};

IBBAcknowledger *
ibb_acknowledger_new (GMainContext *context)
{
  IBBAcknowledger *self = g_new0 (IBBAcknowledger, 1);

  self->context = g_main_context_ref (context);

  return self;
}

void
ibb_acknowledger_free (IBBAcknowledger *self)
{
  ibb_acknowledger_stop (self);
  g_main_context_unref (self->context);
  g_free (self);
}

void
ibb_acknowledger_start (IBBAcknowledger *self, IBBXmlStream *stream)
{
  self->n_handled = self->n_acknowledged = 0;
  ibb_acknowledger_resume (self, stream);
}

void
ibb_acknowledger_resume (IBBAcknowledger *self, IBBXmlStream *stream)
{
  self->stream = ibb_xml_stream_ref (stream);
}

void
ibb_acknowledger_stop (IBBAcknowledger *self)
{
  self->is_requested = FALSE;
  ibb_source_clear (&self->timer);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
}

void
ibb_acknowledger_note_handled (IBBAcknowledger *self)
{
  if (self->stream != NULL)
    self->n_handled++;
}

void
ibb_acknowledger_note_request (IBBAcknowledger *self)
{
  self->is_requested = self->stream != NULL;
}

static gboolean timer_cb (gpointer user_data);

static void
send_later (IBBAcknowledger *self)
{
  if (self->timer == NULL)
    self->timer = ibb_source_attach (g_timeout_source_new (DELAY), self->context,
                                     "[ibb-glib] acknowledgement", timer_cb, self, NULL);
}

static void
send_acknowledgement (IBBAcknowledger *self)
{
  g_autofree char *text = NULL;

  ibb_source_clear (&self->timer);
  if (ibb_xml_stream_get_unsent (self->stream) > MAX_UNSENT)
    {
      send_later (self);
      return;
    }

  self->is_requested = FALSE;
  self->n_acknowledged = self->n_handled;
  text = ibb_stream_xml_dup_acknowledgement (self->n_handled);
  ibb_xml_stream_send_text (self->stream, text);
}

static gboolean
timer_cb (gpointer user_data)
{
  send_acknowledgement (user_data);
  return G_SOURCE_REMOVE;
}

void
ibb_acknowledger_answer (IBBAcknowledger *self)
{
  if (!self->is_requested)
    return;

  if (self->n_handled - self->n_acknowledged >= MAX_STANZAS)
    send_acknowledgement (self);
  else
    send_later (self);
}

void
ibb_acknowledger_send_last (IBBAcknowledger *self)
{
  if (self->stream != NULL)
    send_acknowledgement (self);
}

guint32
ibb_acknowledger_get_handled (IBBAcknowledger *self)
{
  return self->n_handled;
}
