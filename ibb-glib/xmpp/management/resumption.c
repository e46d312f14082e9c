/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/management/resumption.h"

#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "xmpp/management/ack-queue.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

void
ibb_resumption_copy (const IBBResumption *self, IBBResumption *copy)
{
  *copy = *self;
  copy->id = g_strdup (self->id);
  copy->location = g_strdup (self->location);
  if (copy->accepted_certificate != NULL)
    g_object_ref (copy->accepted_certificate);
}

void
ibb_resumption_clear (IBBResumption *self)
{
  g_clear_pointer (&self->id, g_free);
  g_clear_pointer (&self->location, g_free);
  g_clear_object (&self->accepted_certificate);
}

void
ibb_resumption_send (const IBBResumption *self, IBBXmlStream *stream)
{
  g_autofree char *text = ibb_stream_xml_dup_resume (self->id, self->h);

  ibb_xml_stream_send_text (stream, text);
}

static gboolean
parse_resumed (const IBBResumption *self, const IBBElement *element, guint32 *h)
{
  return g_strcmp0 (ibb_element_get_attribute (element, "previd"), self->id) == 0 &&
         ibb_ack_queue_parse_h (ibb_element_get_attribute (element, "h"), h);
}

IBBResumptionState
ibb_resumption_handle (const IBBResumption *self,
                       const IBBElement    *element,
                       const char          *domain,
                       guint32             *h,
                       GError             **error)
{
  const char      *condition;
  g_autofree char *reason = NULL;

  if (ibb_element_is (element, "resumed", IBB_MANAGEMENT_NAMESPACE))
    {
      if (parse_resumed (self, element, h))
        return IBB_RESUMPTION_DONE;
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” resumed a different connection"), domain);
      return IBB_RESUMPTION_REFUSED;
    }
  if (!ibb_element_is (element, "failed", IBB_MANAGEMENT_NAMESPACE))
    return IBB_RESUMPTION_GOES_ON;

  condition = ibb_element_get_condition (element, IBB_STANZA_ERROR_NAMESPACE);
  reason = ibb_element_dup_reason (element, IBB_STANZA_ERROR_NAMESPACE, IBB_STANZA_ERROR_NAMESPACE);
  g_set_error (error, IBB_ERROR, ibb_error_code_from_condition (condition),
               _ ("The server of “%s” could not resume the connection: %s"), domain, reason);
  return IBB_RESUMPTION_REFUSED;
}
