/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "stanza/stanza-writer.h"

#include <string.h>

#include "stanza/namespaces.h"
#include "stanza/xml.h"

static void
write_open (const IBBStanza *self, GByteArray *out)
{
  IBB_XML_APPEND (out, "<open xmlns='" IBB_NAMESPACE "'");
  ibb_xml_append_number (out, " block-size='", self->block_size);
  ibb_xml_append_attribute (out, " sid='", self->sid);
  ibb_xml_append_attribute (out, " stanza='", self->by_message ? "message" : "iq");
  if (self->long_block_size != 0 || self->secret != NULL)
    IBB_XML_APPEND (out, " xmlns:u='" IBB_FEATURE_NAMESPACE "'");
  if (self->long_block_size != 0)
    ibb_xml_append_number (out, " u:block-size='", self->long_block_size);
  if (self->secret != NULL)
    ibb_xml_append_attribute (out, " u:secret='", self->secret);
  IBB_XML_APPEND (out, "/>");
}

static void
append_position (GByteArray *out, const char *start, guint64 position)
{
  char text[24];

  g_snprintf (text, sizeof text, "%" G_GUINT64_FORMAT, position);
  ibb_xml_append_attribute (out, start, text);
}

static void
append_position_and_proof (const IBBStanza *self, GByteArray *out)
{
  if (self->has_ended)
    IBB_XML_APPEND (out, " ended='true'");
  append_position (out, " received='", self->received);
  append_position (out, " acknowledged='", self->acknowledged);
  ibb_xml_append_attribute (out, " proof='", self->proof);
  IBB_XML_APPEND (out, "/>");
}

static void
write_resume (const IBBStanza *self, GByteArray *out)
{
  IBB_XML_APPEND (out, "<resume xmlns='" IBB_FEATURE_NAMESPACE "'");
  ibb_xml_append_attribute (out, " sid='", self->sid);
  ibb_xml_append_number (out, " count='", self->count);
  if (self->unclean)
    IBB_XML_APPEND (out, " unclean='true'");
  append_position_and_proof (self, out);
}

static void
write_data (const IBBStanza *self, GByteArray *out)
{
  gsize         length = 0;
  const guint8 *bytes = self->bytes != NULL ? g_bytes_get_data (self->bytes, &length) : NULL;

  IBB_XML_APPEND (out, "<data xmlns='" IBB_NAMESPACE "'");
  ibb_xml_append_number (out, " seq='", self->seq);
  ibb_xml_append_attribute (out, " sid='", self->sid);
  if (self->asks_room)
    IBB_XML_APPEND (out, " xmlns:u='" IBB_FEATURE_NAMESPACE "' u:room='true'");
  IBB_XML_APPEND (out, ">");

  if (length > 0)
    {
      guint start = out->len;

      g_byte_array_set_size (out, start + (guint) IBB_BASE64_ENCODED_LENGTH (length));
      ibb_base64_encode (bytes, length, (char *) out->data + start);
    }

  IBB_XML_APPEND (out, "</data>");

  /* The message is neither stored for later nor copied to other resources (D-35). */
  if (self->name == IBB_STANZA_MESSAGE)
    IBB_XML_APPEND (out, "<no-store xmlns='" IBB_HINTS_NAMESPACE
                         "'/><no-copy xmlns='" IBB_HINTS_NAMESPACE "'/>");

  /* The message comes back instead of being stored, or given to another resource (N-31). By
   * XEP-0079 §3.3.3 "exact" would send back what reaches its resource. */
  if (self->has_rules)
    IBB_XML_APPEND (out, "<amp xmlns='" IBB_AMP_NAMESPACE "'>"
                         "<rule action='error' condition='deliver' value='stored'/>"
                         "<rule action='error' condition='match-resource' value='other'/></amp>");
}

static void
write_close (const IBBStanza *self, GByteArray *out)
{
  IBB_XML_APPEND (out, "<close xmlns='" IBB_NAMESPACE "'");
  ibb_xml_append_attribute (out, " sid='", self->sid);
  if (self->unclean || self->reads || self->asked != NULL)
    IBB_XML_APPEND (out, " xmlns:u='" IBB_FEATURE_NAMESPACE "'");
  if (self->unclean)
    IBB_XML_APPEND (out, " u:unclean='true'");
  if (self->reads)
    IBB_XML_APPEND (out, " u:reads='true'");
  if (self->gives_reason)
    {
      ibb_xml_append_attribute (out, " u:condition='", ibb_condition_to_string (self->condition));
      ibb_xml_append_attribute (out, " u:text='", self->text);
    }
  if (self->asked != NULL)
    ibb_xml_append_attribute (out, " u:asked='", self->asked);
  IBB_XML_APPEND (out, "/>");
}

static void
write_room (const IBBStanza *self, GByteArray *out)
{
  IBB_XML_APPEND (out, "<ack xmlns='" IBB_FEATURE_NAMESPACE "'");
  ibb_xml_append_number (out, " room='", self->room);
  ibb_xml_append_number (out, " delay='", self->delay);
  IBB_XML_APPEND (out, "/>");
}

static gboolean
has_opened (const IBBStanza *self)
{
  return self->is_resumable || self->long_block_size != 0;
}

static void
write_opened (const IBBStanza *self, GByteArray *out)
{
  IBB_XML_APPEND (out, "<opened xmlns='" IBB_FEATURE_NAMESPACE "'");
  if (self->is_resumable)
    IBB_XML_APPEND (out, " resumable='true'");
  if (self->long_block_size != 0)
    ibb_xml_append_number (out, " block-size='", self->long_block_size);
  IBB_XML_APPEND (out, "/>");
}

static gboolean
has_result_child (const IBBStanza *self)
{
  return self->tells_room || has_opened (self) || self->has_position;
}

static void
write_result (const IBBStanza *self, GByteArray *out)
{
  if (self->tells_room)
    write_room (self, out);
  else if (has_opened (self))
    write_opened (self, out);
  else
    {
      IBB_XML_APPEND (out, "<resumed xmlns='" IBB_FEATURE_NAMESPACE "'");
      append_position_and_proof (self, out);
    }
}

static void
write_error (const IBBStanza *self, GByteArray *out)
{
  ibb_xml_append_attribute (out, "<error type='", ibb_condition_type_to_string (self->error_type));
  IBB_XML_APPEND (out, "><");
  ibb_xml_append (out, ibb_condition_to_string (self->condition));
  IBB_XML_APPEND (out, " xmlns='" IBB_STANZA_ERROR_NAMESPACE "'/>");

  if (self->text != NULL)
    {
      IBB_XML_APPEND (out, "<text xmlns='" IBB_STANZA_ERROR_NAMESPACE "'>");
      ibb_xml_append_escaped (out, self->text, strlen (self->text), FALSE);
      IBB_XML_APPEND (out, "</text>");
    }

  IBB_XML_APPEND (out, "</error>");
}

static void
write_disco_info (const IBBStanza *self, GByteArray *out)
{
  IBB_XML_APPEND (out, "<query xmlns='" IBB_DISCO_INFO_NAMESPACE "'");
  ibb_xml_append_attribute (out, " node='", self->node);
  IBB_XML_APPEND (out, ">");

  for (gsize i = 0; self->identities != NULL && self->identities[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (self->identities[i], "/", 3);
      guint          n = g_strv_length (parts);

      ibb_xml_append_attribute (out, "<identity category='", n > 0 ? parts[0] : "");
      ibb_xml_append_attribute (out, " type='", n > 1 ? parts[1] : "");
      if (n > 2 && parts[2][0] != '\0')
        ibb_xml_append_attribute (out, " name='", parts[2]);
      IBB_XML_APPEND (out, "/>");
    }

  for (gsize i = 0; self->features != NULL && self->features[i] != NULL; i++)
    {
      ibb_xml_append_attribute (out, "<feature var='", self->features[i]);
      IBB_XML_APPEND (out, "/>");
    }

  IBB_XML_APPEND (out, "</query>");
}

static void
write_payload (const IBBStanza *self, GByteArray *out)
{
  switch (self->payload)
    {
    case IBB_PAYLOAD_OPEN:
      write_open (self, out);
      break;
    case IBB_PAYLOAD_DATA:
      write_data (self, out);
      break;
    case IBB_PAYLOAD_CLOSE:
      write_close (self, out);
      break;
    case IBB_PAYLOAD_RESULT:
      write_result (self, out);
      break;
    case IBB_PAYLOAD_ERROR:
      write_error (self, out);
      break;
    case IBB_PAYLOAD_DISCO_QUERY:
      IBB_XML_APPEND (out, "<query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/>");
      break;
    case IBB_PAYLOAD_DISCO_INFO:
      write_disco_info (self, out);
      break;
    case IBB_PAYLOAD_PING:
      IBB_XML_APPEND (out, "<ping xmlns='" IBB_PING_NAMESPACE "'/>");
      break;
    case IBB_PAYLOAD_VERSION:
      IBB_XML_APPEND (out, "<query xmlns='" IBB_VERSION_NAMESPACE "'/>");
      break;
    case IBB_PAYLOAD_RESUME:
      write_resume (self, out);
      break;
    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_UNKNOWN:
    default:
      break;
    }
}

void
ibb_stanza_writer_append (const IBBStanza *self, GByteArray *out)
{
  static const char *const starts[] = { "<iq", "<message", "<presence" };
  static const char *const ends[] = { "</iq>", "</message>", "</presence>" };
  const char              *kind = self->kind;

  /* No type means the same, but some peers do not know that (H-18). */
  if (kind == NULL && self->name == IBB_STANZA_MESSAGE && self->payload == IBB_PAYLOAD_DATA)
    kind = "normal";

  ibb_xml_append (out, starts[self->name]);
  ibb_xml_append_attribute (out, " type='", kind);
  ibb_xml_append_attribute (out, " id='", self->id);
  ibb_xml_append_attribute (out, " to='", self->to);
  ibb_xml_append_attribute (out, " from='", self->from);

  if (self->xml != NULL)
    {
      gsize         length;
      const guint8 *xml = g_bytes_get_data (self->xml, &length);

      g_byte_array_append (out, xml, (guint) length);
    }
  else if (self->payload == IBB_PAYLOAD_OTHER || self->payload == IBB_PAYLOAD_UNKNOWN ||
           (self->payload == IBB_PAYLOAD_RESULT && !has_result_child (self)))
    {
      IBB_XML_APPEND (out, "/>");
      return;
    }
  else
    {
      IBB_XML_APPEND (out, ">");
      write_payload (self, out);
    }

  ibb_xml_append (out, ends[self->name]);
}
