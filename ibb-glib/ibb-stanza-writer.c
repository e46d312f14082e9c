/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-stanza-private.h"

#include <string.h>

#define ERROR_NAMESPACE "urn:ietf:params:xml:ns:xmpp-stanzas"
#define HINTS_NAMESPACE "urn:xmpp:hints"

#define APPEND(out, literal)                                                                       \
  g_byte_array_append (out, (const guint8 *) "" literal, sizeof (literal) - 1)

static void
append_string (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

static gboolean
is_plain (guchar c)
{
  return c >= 0x20 && c < 0x7F && c != '<' && c != '>' && c != '&' && c != '\'' && c != '"';
}

static gboolean
is_xml_character (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c < 0xD800) ||
         (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

void
ibb_xml_append_escaped (GByteArray *out, const char *text, gsize length, gboolean is_attribute)
{
  const char *end = text + length;

  while (text < end)
    {
      const char *start = text;
      gunichar    c;

      while (text < end && is_plain ((guchar) *text))
        text++;

      if (text > start)
        g_byte_array_append (out, (const guint8 *) start, (guint) (text - start));
      if (text == end)
        break;

      switch (*text)
        {
        case '<':
          APPEND (out, "&lt;");
          text++;
          continue;
        case '>':
          APPEND (out, "&gt;");
          text++;
          continue;
        case '&':
          APPEND (out, "&amp;");
          text++;
          continue;
        case '\'':
          APPEND (out, "&apos;");
          text++;
          continue;
        case '"':
          APPEND (out, "&quot;");
          text++;
          continue;
        case '\r':
          APPEND (out, "&#13;");
          text++;
          continue;
        case '\n':
          if (is_attribute)
            APPEND (out, "&#10;");
          else
            APPEND (out, "\n");
          text++;
          continue;
        case '\t':
          if (is_attribute)
            APPEND (out, "&#9;");
          else
            APPEND (out, "\t");
          text++;
          continue;
        default:
          break;
        }

      c = g_utf8_get_char_validated (text, end - text);

      /* NUL, too, is -2 to older GLib and 0 to newer. */
      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          APPEND (out, "\xEF\xBF\xBD");
          text++;
        }
      else
        {
          gsize n = (gsize) g_unichar_to_utf8 (c, NULL);

          if (is_xml_character (c))
            g_byte_array_append (out, (const guint8 *) text, (guint) n);
          else
            APPEND (out, "\xEF\xBF\xBD");
          text += n;
        }
    }
}

/* start holds the name and the opening quote: " id='". */
static void
append_attribute (GByteArray *out, const char *start, const char *value)
{
  if (value == NULL)
    return;

  append_string (out, start);
  ibb_xml_append_escaped (out, value, strlen (value), TRUE);
  APPEND (out, "'");
}

static void
append_number (GByteArray *out, const char *start, guint value)
{
  char digits[16];

  g_snprintf (digits, sizeof digits, "%u", value);
  append_attribute (out, start, digits);
}

static void
write_open (const IBBStanza *self, GByteArray *out)
{
  APPEND (out, "<open xmlns='" IBB_NAMESPACE "'");
  append_number (out, " block-size='", self->block_size);
  append_attribute (out, " sid='", self->sid);
  append_attribute (out, " stanza='", self->carrier == IBB_CARRIER_MESSAGE ? "message" : "iq");
  APPEND (out, "/>");
}

static void
write_data (const IBBStanza *self, GByteArray *out)
{
  gsize         length = 0;
  const guint8 *bytes = self->bytes != NULL ? g_bytes_get_data (self->bytes, &length) : NULL;

  APPEND (out, "<data xmlns='" IBB_NAMESPACE "'");
  append_number (out, " seq='", self->seq);
  append_attribute (out, " sid='", self->sid);
  APPEND (out, ">");

  if (length > 0)
    {
      guint start = out->len;

      g_byte_array_set_size (out, start + (guint) IBB_BASE64_ENCODED_LENGTH (length));
      ibb_base64_encode (bytes, length, (char *) out->data + start);
    }

  APPEND (out, "</data>");

  /* D-35: neither stored for later nor copied to other resources. */
  if (self->name == IBB_STANZA_MESSAGE)
    APPEND (out, "<no-store xmlns='" HINTS_NAMESPACE "'/><no-copy xmlns='" HINTS_NAMESPACE "'/>");

  /* N-31: sent back instead of stored, or of given to another resource.
   * (XEP-0079 §3.3.3: "exact" would send back what reaches its resource.) */
  if (self->has_rules)
    APPEND (out, "<amp xmlns='" IBB_AMP_NAMESPACE "'>"
                 "<rule action='error' condition='deliver' value='stored'/>"
                 "<rule action='error' condition='match-resource' value='other'/></amp>");
}

static void
write_close (const IBBStanza *self, GByteArray *out)
{
  APPEND (out, "<close xmlns='" IBB_NAMESPACE "'");
  append_attribute (out, " sid='", self->sid);
  if (self->unclean)
    APPEND (out, " xmlns:u='" IBB_FEATURE_NAMESPACE "' u:unclean='true'");
  APPEND (out, "/>");
}

static void
write_error (const IBBStanza *self, GByteArray *out)
{
  append_attribute (out, "<error type='", ibb_error_type_to_string (self->error_type));
  APPEND (out, "><");
  append_string (out, ibb_condition_to_string (self->condition));
  APPEND (out, " xmlns='" ERROR_NAMESPACE "'/>");

  if (self->text != NULL)
    {
      APPEND (out, "<text xmlns='" ERROR_NAMESPACE "'>");
      ibb_xml_append_escaped (out, self->text, strlen (self->text), FALSE);
      APPEND (out, "</text>");
    }

  APPEND (out, "</error>");
}

static void
write_disco_info (const IBBStanza *self, GByteArray *out)
{
  APPEND (out, "<query xmlns='" IBB_DISCO_INFO_NAMESPACE "'>");

  for (gsize i = 0; self->identities != NULL && self->identities[i] != NULL; i++)
    {
      g_auto (GStrv) parts = g_strsplit (self->identities[i], "/", 3);
      guint          n = g_strv_length (parts);

      append_attribute (out, "<identity category='", n > 0 ? parts[0] : "");
      append_attribute (out, " type='", n > 1 ? parts[1] : "");
      if (n > 2 && parts[2][0] != '\0')
        append_attribute (out, " name='", parts[2]);
      APPEND (out, "/>");
    }

  for (gsize i = 0; self->features != NULL && self->features[i] != NULL; i++)
    {
      append_attribute (out, "<feature var='", self->features[i]);
      APPEND (out, "/>");
    }

  APPEND (out, "</query>");
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
    case IBB_PAYLOAD_ERROR:
      write_error (self, out);
      break;
    case IBB_PAYLOAD_DISCO_QUERY:
      APPEND (out, "<query xmlns='" IBB_DISCO_INFO_NAMESPACE "'/>");
      break;
    case IBB_PAYLOAD_DISCO_INFO:
      write_disco_info (self, out);
      break;
    case IBB_PAYLOAD_PING:
      APPEND (out, "<ping xmlns='" IBB_PING_NAMESPACE "'/>");
      break;
    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_UNKNOWN:
    case IBB_PAYLOAD_RESULT:
    default:
      break;
    }
}

void
ibb_stanza_write (const IBBStanza *self, GByteArray *out)
{
  static const char *const names[] = { "iq", "message", "presence" };
  const char              *kind = self->kind;

  /* Absent means the same, but not every peer knows (H-18). */
  if (kind == NULL && self->name == IBB_STANZA_MESSAGE && self->payload == IBB_PAYLOAD_DATA)
    kind = "normal";

  APPEND (out, "<");
  append_string (out, names[self->name]);
  append_attribute (out, " type='", kind);
  append_attribute (out, " id='", self->id);
  append_attribute (out, " to='", self->to);
  append_attribute (out, " from='", self->from);

  if (self->xml != NULL)
    {
      gsize         length;
      const guint8 *xml = g_bytes_get_data (self->xml, &length);

      g_byte_array_append (out, xml, (guint) length);
    }
  else if (self->payload == IBB_PAYLOAD_OTHER || self->payload == IBB_PAYLOAD_UNKNOWN ||
           self->payload == IBB_PAYLOAD_RESULT)
    {
      APPEND (out, "/>");
      return;
    }
  else
    {
      APPEND (out, ">");
      write_payload (self, out);
    }

  APPEND (out, "</");
  append_string (out, names[self->name]);
  APPEND (out, ">");
}
