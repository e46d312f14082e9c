/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/stream/stream-xml.h"

#include <string.h>

#include "stanza/xml.h"

static char *
to_string (GByteArray *out)
{
  g_byte_array_append (out, (const guint8 *) "", 1);

  return (char *) g_byte_array_free (out, FALSE);
}

char *
ibb_stream_xml_dup_header (const char *from, const char *to)
{
  GByteArray *out = g_byte_array_new ();

  IBB_XML_APPEND (out, "<?xml version='1.0'?><stream:stream");
  if (from != NULL)
    ibb_xml_append_attribute (out, " from='", from);
  ibb_xml_append_attribute (out, " to='", to);
  IBB_XML_APPEND (out, " version='1.0' xmlns='" IBB_CLIENT_NAMESPACE
                       "' xmlns:stream='" IBB_STREAM_NAMESPACE "'>");

  return to_string (out);
}

char *
ibb_stream_xml_dup_component_header (const char *to)
{
  GByteArray *out = g_byte_array_new ();

  IBB_XML_APPEND (out, "<?xml version='1.0'?><stream:stream");
  ibb_xml_append_attribute (out, " to='", to);
  IBB_XML_APPEND (out,
                  " xmlns='" IBB_COMPONENT_NAMESPACE "' xmlns:stream='" IBB_STREAM_NAMESPACE "'>");

  return to_string (out);
}

char *
ibb_stream_xml_dup_handshake (const char *digest)
{
  return g_strdup_printf ("<handshake>%s</handshake>", digest);
}

char *
ibb_stream_xml_dup_error (const char *condition, const char *detail, gboolean is_framed)
{
  return g_strdup_printf ("<stream:error%s><%s xmlns='" IBB_STREAM_ERROR_NAMESPACE
                          "'/>%s</stream:error>",
                          is_framed ? " xmlns:stream='" IBB_STREAM_NAMESPACE "'" : "", condition,
                          detail != NULL ? detail : "");
}

char *
ibb_stream_xml_dup_framed_header (const char *from, const char *to)
{
  GByteArray *out = g_byte_array_new ();

  IBB_XML_APPEND (out, "<open xmlns='" IBB_FRAMING_NAMESPACE "'");
  if (from != NULL)
    ibb_xml_append_attribute (out, " from='", from);
  ibb_xml_append_attribute (out, " to='", to);
  IBB_XML_APPEND (out, " version='1.0'/>");

  return to_string (out);
}

static gboolean
begins_with (const GByteArray *xml, guint start, const char *tag)
{
  gsize length = strlen (tag);

  return xml->len - start > length && memcmp (xml->data + start, tag, length) == 0 &&
         strchr (" />", xml->data[start + length]) != NULL;
}

void
ibb_stream_xml_qualify (GByteArray *xml, guint start)
{
  static const char *const tags[] = { "<iq", "<message", "<presence" };
  static const char        declaration[] = " xmlns='" IBB_CLIENT_NAMESPACE "'";
  const guint              length = (guint) strlen (declaration);

  for (gsize i = 0; i < G_N_ELEMENTS (tags); i++)
    if (begins_with (xml, start, tags[i]))
      {
        guint at = start + (guint) strlen (tags[i]);

        g_byte_array_set_size (xml, xml->len + length);
        memmove (xml->data + at + length, xml->data + at, xml->len - length - at);
        memcpy (xml->data + at, declaration, length);
        return;
      }
}

char *
ibb_stream_xml_dup_declarations (const char *prefix, int n_namespaces, const char **namespaces)
{
  GByteArray *out = g_byte_array_new ();

  IBB_XML_APPEND (out, "<");
  if (prefix != NULL)
    {
      ibb_xml_append (out, prefix);
      IBB_XML_APPEND (out, ":");
    }
  IBB_XML_APPEND (out, "stream");
  for (int i = 0; i < n_namespaces; i++)
    {
      IBB_XML_APPEND (out, " xmlns");
      if (namespaces[2 * i] != NULL)
        {
          IBB_XML_APPEND (out, ":");
          ibb_xml_append (out, namespaces[2 * i]);
        }
      ibb_xml_append_attribute (out, "='", namespaces[2 * i + 1]);
    }
  IBB_XML_APPEND (out, ">");

  return to_string (out);
}

char *
ibb_stream_xml_dup_auth (const char *mechanism, const char *text)
{
  /* The text may have the password. A GString would leave copies of it as it grows. */
  return g_strconcat ("<auth xmlns='" IBB_SASL_NAMESPACE "' mechanism='", mechanism, "'>", text,
                      "</auth>", NULL);
}

char *
ibb_stream_xml_dup_response (const char *namespace, const char *text)
{
  return g_strdup_printf ("<response xmlns='%s'>%s</response>", namespace, text);
}

char *
ibb_stream_xml_dup_authenticate (const char *mechanism,
                                 const char *initial,
                                 const char *user_agent_id,
                                 const char *inner)
{
  GByteArray      *out = g_byte_array_new ();
  g_autofree char *user_agent = NULL;

  if (user_agent_id != NULL)
    {
      ibb_xml_append_attribute (out, "<user-agent id='", user_agent_id);
      IBB_XML_APPEND (out, "/>");
    }
  user_agent = to_string (out);

  /* A GString would leave copies of a secret, as above. */
  return g_strconcat ("<authenticate xmlns='" IBB_SASL2_NAMESPACE "' mechanism='", mechanism,
                      "'><initial-response>", initial, "</initial-response>", user_agent, inner,
                      "</authenticate>", NULL);
}

char *
ibb_stream_xml_dup_bind2 (gboolean enable)
{
  return g_strdup_printf ("<bind xmlns='" IBB_BIND2_NAMESPACE "'>%s</bind>",
                          enable ? IBB_STREAM_XML_ENABLE : "");
}

char *
ibb_stream_xml_dup_request_token (const char *mechanism)
{
  return g_strdup_printf ("<request-token xmlns='" IBB_FAST_NAMESPACE "' mechanism='%s'/>",
                          mechanism);
}

char *
ibb_stream_xml_dup_bind (const char *id, const char *resource)
{
  GByteArray *out = g_byte_array_new ();

  ibb_xml_append_attribute (out, "<iq type='set' id='", id);
  IBB_XML_APPEND (out, "><bind xmlns='" IBB_BIND_NAMESPACE "'>");
  if (resource != NULL)
    {
      IBB_XML_APPEND (out, "<resource>");
      ibb_xml_append_escaped (out, resource, strlen (resource), FALSE);
      IBB_XML_APPEND (out, "</resource>");
    }
  IBB_XML_APPEND (out, "</bind></iq>");

  return to_string (out);
}

char *
ibb_stream_xml_dup_session (const char *id)
{
  return g_strdup_printf (
      "<iq type='set' id='%s'><session xmlns='" IBB_SESSION_NAMESPACE "'/></iq>", id);
}

char *
ibb_stream_xml_dup_presence (int priority, const char *node, const char *ver)
{
  g_autofree char *shown =
      priority != 0 ? g_strdup_printf ("<priority>%d</priority>", priority) : g_strdup ("");

  return g_strdup_printf ("<presence>%s<c xmlns='" IBB_CAPS_NAMESPACE
                          "' hash='sha-1' node='%s' ver='%s'/></presence>",
                          shown, node, ver);
}

char *
ibb_stream_xml_dup_acknowledgement (guint32 h)
{
  return g_strdup_printf ("<a xmlns='" IBB_MANAGEMENT_NAMESPACE "' h='%" G_GUINT32_FORMAT "'/>", h);
}

char *
ibb_stream_xml_dup_resume (const char *id, guint32 h)
{
  GByteArray *out = g_byte_array_new ();

  IBB_XML_APPEND (out, "<resume xmlns='" IBB_MANAGEMENT_NAMESPACE "'");
  ibb_xml_append_number (out, " h='", h);
  ibb_xml_append_attribute (out, " previd='", id);
  IBB_XML_APPEND (out, "/>");

  return to_string (out);
}

char *
ibb_stream_xml_dup_count_too_high (guint32 h, guint32 sent)
{
  return g_strdup_printf ("<handled-count-too-high xmlns='" IBB_MANAGEMENT_NAMESPACE
                          "' h='%" G_GUINT32_FORMAT "' send-count='%" G_GUINT32_FORMAT "'/>",
                          h, sent);
}
