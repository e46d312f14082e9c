/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/management/stream-management.h"

#include "base/intl.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

/* Seconds for a resumption where the server does not name a time, and the longest time that it may
 * name. */
#define RESUME_TIME 300
#define RESUME_TIME_MAX 3600

struct _IBBStreamManagement
{
  IBBOutbox       *outbox;
  IBBAcknowledger *acknowledger;
  IBBResumption    resumption; /* its id is NULL: none is granted */
};

IBBStreamManagement *
ibb_stream_management_new (IBBOutbox *outbox, IBBAcknowledger *acknowledger)
{
  IBBStreamManagement *self = g_new0 (IBBStreamManagement, 1);

  self->outbox = outbox;
  self->acknowledger = acknowledger;

  return self;
}

void
ibb_stream_management_free (IBBStreamManagement *self)
{
  ibb_resumption_clear (&self->resumption);
  g_free (self);
}

/* A server that acknowledges stanzas which were never sent counts wrong: its other counts cannot be
 * relied on (XEP-0198 §4). */
static void
refuse_count (IBBStreamManagement *self, IBBXmlStream *stream, guint32 h)
{
  g_autofree char   *detail = NULL;
  g_autoptr (GError) error = NULL;

  detail = ibb_stream_xml_dup_count_too_high (h, ibb_outbox_get_sent_count (self->outbox));
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                       _ ("The server acknowledged more stanzas than were sent"));
  ibb_xml_stream_abort_with (stream, "undefined-condition", detail, error);
}

static IBBStreamManagementNews
handle_acknowledgement (IBBStreamManagement *self,
                        IBBXmlStream        *stream,
                        const IBBElement    *element,
                        GQueue              *awaited)
{
  guint32 h;

  if (!ibb_ack_queue_parse_h (ibb_element_get_attribute (element, "h"), &h))
    {
      g_autoptr (GError) error =
          g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                       _ ("The server sent an acknowledgement without a valid count"));

      ibb_xml_stream_abort (stream, "undefined-condition", error);
      return IBB_STREAM_MANAGEMENT_NOTHING;
    }
  if (!ibb_outbox_acknowledge (self->outbox, h, awaited))
    {
      refuse_count (self, stream, h);
      return IBB_STREAM_MANAGEMENT_NOTHING;
    }

  return IBB_STREAM_MANAGEMENT_ACKNOWLEDGED;
}

static gboolean
is_true (const char *text)
{
  return g_strcmp0 (text, "true") == 0 || g_strcmp0 (text, "1") == 0;
}

static void
handle_enabled (IBBStreamManagement *self, IBBXmlStream *stream, const IBBElement *element)
{
  const char *max = ibb_element_get_attribute (element, "max");
  guint64     seconds = 0;

  if (!ibb_outbox_grant (self->outbox))
    return;

  ibb_acknowledger_start (self->acknowledger, stream);
  if (!is_true (ibb_element_get_attribute (element, "resume")))
    return;
  self->resumption.id = g_strdup (ibb_element_get_attribute (element, "id"));
  self->resumption.location = g_strdup (ibb_element_get_attribute (element, "location"));
  if (max == NULL || !g_ascii_string_to_unsigned (max, 10, 0, G_MAXUINT64, &seconds, NULL))
    seconds = RESUME_TIME;
  self->resumption.seconds = (guint) MIN (seconds, RESUME_TIME_MAX);
}

/* Elements that were not requested are ignored, as unknown ones are. */
IBBStreamManagementNews
ibb_stream_management_handle (IBBStreamManagement *self,
                              IBBXmlStream        *stream,
                              const IBBElement    *element,
                              GQueue              *awaited)
{
  const char *name = ibb_element_get_name (element);

  if (strcmp (ibb_element_get_namespace (element), IBB_MANAGEMENT_NAMESPACE) != 0)
    return IBB_STREAM_MANAGEMENT_NOTHING;

  if (g_str_equal (name, "enabled"))
    handle_enabled (self, stream, element);
  else if (g_str_equal (name, "failed") && ibb_outbox_refuse (self->outbox, awaited))
    return IBB_STREAM_MANAGEMENT_REFUSED;
  else if (g_str_equal (name, "r"))
    ibb_acknowledger_note_request (self->acknowledger);
  else if (g_str_equal (name, "a") && ibb_outbox_is_granted (self->outbox))
    return handle_acknowledgement (self, stream, element, awaited);

  return IBB_STREAM_MANAGEMENT_NOTHING;
}

gboolean
ibb_stream_management_can_resume (IBBStreamManagement *self)
{
  return self->resumption.id != NULL;
}

void
ibb_stream_management_get_resumption (IBBStreamManagement *self, IBBResumption *resumption)
{
  ibb_resumption_copy (&self->resumption, resumption);
  resumption->h = ibb_acknowledger_get_handled (self->acknowledger);
}

void
ibb_stream_management_suspend (IBBStreamManagement *self)
{
  ibb_outbox_suspend (self->outbox);
  ibb_acknowledger_stop (self->acknowledger);
}

gboolean
ibb_stream_management_resume (IBBStreamManagement *self,
                              IBBXmlStream        *stream,
                              guint32              h,
                              GQueue              *awaited)
{
  ibb_acknowledger_resume (self->acknowledger, stream);
  if (ibb_outbox_resume (self->outbox, stream, h, awaited))
    return TRUE;

  refuse_count (self, stream, h);
  return FALSE;
}

void
ibb_stream_management_reset (IBBStreamManagement *self)
{
  ibb_outbox_reset (self->outbox);
  ibb_acknowledger_stop (self->acknowledger);
  ibb_resumption_clear (&self->resumption);
}
