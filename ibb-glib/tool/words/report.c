/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/report.h"

#include "tool/words/event.h"
#include "tool/words/output.h"
#include "tool/words/text.h"

#include <glib/gi18n.h>

/* The nickname of an error code, which a script may compare. */
static const char *
get_code_name (const GError *error)
{
  g_autoptr (GEnumClass) codes = NULL;
  const GEnumValue      *value;

  if (error->domain == IBB_ERROR)
    codes = g_type_class_ref (IBB_TYPE_ERROR);
  else if (error->domain == G_IO_ERROR)
    codes = g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  else
    return "failed";
  value = g_enum_get_value (codes, error->code);
  return value != NULL ? value->value_nick : "failed";
}

static void
add_error (GString *event, const GError *error)
{
  tool_event_string (event, "domain", g_quark_to_string (error->domain));
  tool_event_string (event, "code", get_code_name (error));
  tool_event_string (event, "message", error->message);
}

/* peer and value: (nullable). */
static void
emit_error (const GError *error, const char *peer, const char *field, const char *value)
{
  g_autoptr (GString) event = NULL;

  if (!tool_output_is_json ())
    return;
  event = tool_event_new ("error");
  if (peer != NULL)
    tool_event_string (event, "peer", peer);
  if (value != NULL)
    tool_event_string (event, field, value);
  add_error (event, error);
  tool_event_emit (event);
}

/* The end of one of many sessions that ended together. One line on standard error tells of all. */
void
tool_report_session_lost (const GError *error, const char *peer, const char *sid)
{
  emit_error (error, peer, "sid", sid);
}

/* The end of one of many sessions; peer and sid as far as they are known. */
void
tool_report_session_error (const GError *error, const char *peer, const char *sid)
{
  tool_report_session_lost (error, peer, sid);
  tool_output_line ("ibb: ", error->message);
}

/* An error of a file; peer and name (nullable). */
void
tool_report_file_error (const GError *error, const char *peer, const char *name)
{
  emit_error (error, peer, "name", name);
  tool_output_line ("ibb: ", error->message);
}

/* An error of one of several files, whose name is set before the message; peer: (nullable). */
void
tool_report_one_file_error (const GError *error, const char *peer, const char *name)
{
  g_autoptr (GError) named = g_error_copy (error);

  g_prefix_error (&named, "“%s”: ", name);
  tool_report_file_error (named, peer, name);
}

/* (transfer full): the error of a file, of which the receiver keeps what has come. */
GError *
tool_report_add_remedy (const GError *error)
{
  return g_error_new (error->domain, error->code,
                      /* Translators: %s is a sentence: why a file did not arrive */
                      _ ("%s; sent again, it goes on from there"), error->message);
}

/* A file that did not arrive is offered again, by --retry. */
void
tool_report_retry (const GError *error, const char *peer, const char *name)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("retrying");

      tool_event_string (event, "peer", peer);
      tool_event_string (event, "name", name);
      add_error (event, error);
      tool_event_emit (event);
    }
  else
    /* Translators: a file, and a sentence: why it did not arrive */
    tool_output_note (_ ("“%s”: %s; offering it again"), name, error->message);
}

void
tool_report_error (const GError *error)
{
  tool_report_session_error (error, NULL, NULL);
}

/* The line that scripts wait for: --quiet keeps it. */
void
tool_report_ready (const char *jid)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("ready");

      tool_event_string (event, "jid", jid);
      tool_event_emit (event);
    }
  tool_output_line ("ready ", jid);
}

/* The same for a TCP port, or with port 0 a socket file, that leads to a peer. */
void
tool_report_ready_at (const char *jid, const char *address, guint16 port)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("ready");

      tool_event_string (event, "jid", jid);
      tool_event_string (event, "listen", address);
      if (port != 0)
        tool_event_int (event, "port", port);
      tool_event_emit (event);
    }
  tool_output_line ("ready ", address);
}

/* Tells that the connection to the server broke, or came back. */
static void
tell_of_connection (const char *name, const char *jid, const char *sentence)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new (name);

      tool_event_string (event, "jid", jid);
      tool_event_emit (event);
    }
  else
    tool_output_note ("%s", sentence);
}

void
tool_report_suspended (const char *jid)
{
  tell_of_connection ("suspended", jid, _ ("The connection broke; trying to resume it"));
}

void
tool_report_resumed (const char *jid)
{
  tell_of_connection ("resumed", jid, _ ("The connection was resumed"));
}

/* The connection is lost, with its sessions, and the client logs in again by itself. */
void
tool_report_disconnected (const char *jid, const GError *error)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("disconnected");

      tool_event_string (event, "jid", jid);
      add_error (event, error);
      tool_event_emit (event);
    }
  else
    /* Translators: %s is a sentence: why the connection was lost */
    tool_output_note (_ ("%s; logging in again"), error->message);
}

/* jid: the address that the server gave this time. */
void
tool_report_reconnected (const char *jid)
{
  g_autofree char *sentence = g_strdup_printf (_ ("Logged in again as %s"), jid);

  tell_of_connection ("reconnected", jid, sentence);
}

void
tool_report_opened (IBBTransport *transport)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("opened");
      g_autofree char    *peer = ibb_transport_dup_peer_jid (transport);
      g_autofree char    *local = ibb_transport_dup_local_jid (transport);
      gboolean            by_iq = ibb_transport_get_stanza_type (transport) == IBB_STANZA_TYPE_IQ;

      tool_event_string (event, "peer", peer);
      tool_event_string (event, "local", local);
      tool_event_string (event, "sid", ibb_transport_get_sid (transport));
      tool_event_int (event, "block-size", ibb_transport_get_block_size (transport));
      tool_event_string (event, "stanza-type", by_iq ? "iq" : "message");
      tool_event_emit (event);
    }
}

/* The session waits for either end, or goes on. One that went on may have come to its orderly end
 * since; one that was lost while it waited has an error. */
void
tool_report_interrupted (IBBTransport *transport)
{
  g_autofree char   *peer = ibb_transport_dup_peer_jid (transport);
  gboolean           is_interrupted = ibb_transport_get_waiting (transport) != IBB_WAIT_NOTHING;
  g_autoptr (GError) error = ibb_transport_dup_error (transport);

  if (!is_interrupted && error != NULL)
    return;

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new (is_interrupted ? "interrupted" : "continued");

      tool_event_string (event, "peer", peer);
      tool_event_string (event, "sid", ibb_transport_get_sid (transport));
      tool_event_emit (event);
    }
  else if (is_interrupted)
    tool_output_note (_ ("The session with “%s” waits until both ends are online"), peer);
  else
    tool_output_note (_ ("The session with “%s” goes on"), peer);
}

/* A step has lasted for a while; phase: its name. */
void
tool_report_wait (const char *phase)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("waiting");

      tool_event_string (event, "for", "step");
      tool_event_string (event, "step", phase);
      tool_event_emit (event);
    }
  else
    /* Translators: %s is the name of a step, a phrase of its own, such as: waiting for “a@b” to
       answer */
    tool_output_note (_ ("Not done yet: %s"), phase);
}

/* The session has waited for a while. reason (nullable): why there is no connection. */
void
tool_report_waiting (IBBTransport *transport, const GError *reason)
{
  g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
  gboolean         is_offline = ibb_transport_get_waiting (transport) == IBB_WAIT_CONNECTION;

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("waiting");

      tool_event_string (event, "for", is_offline ? "connection" : "peer");
      tool_event_string (event, "peer", peer);
      tool_event_string (event, "sid", ibb_transport_get_sid (transport));
      if (is_offline && reason != NULL)
        add_error (event, reason);
      tool_event_emit (event);
    }
  else if (!is_offline)
    tool_output_note (_ ("Waiting for “%s”, which does not answer"), peer);
  else if (reason != NULL)
    /* Translators: %s is a sentence: why the last attempt to come back has failed */
    tool_output_note (_ ("Waiting for the connection to the server: %s"), reason->message);
  else
    tool_output_note (_ ("Waiting for the connection to the server"));
}

void
tool_report_done (const ToolDone *done)
{
  g_autofree char *size = g_format_size_full (done->bytes, G_FORMAT_SIZE_IEC_UNITS);
  double           seconds = (double) (g_get_monotonic_time () - done->start) / G_USEC_PER_SEC;
  g_autofree char *rate = tool_text_format_rate (done->bytes - done->resumed, seconds);
  g_autofree char *duration = tool_text_format_duration (seconds);

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("done");

      if (done->name != NULL)
        {
          tool_event_string (event, "peer", done->peer);
          tool_event_string (event, "name", done->name);
          if (done->path != NULL)
            tool_event_string (event, "file", done->path);
          tool_event_string (event, "state", done->is_delivered ? "delivered" : "sent");
          tool_event_int (event, "resumed", (gint64) done->resumed);
        }
      tool_event_int (event, "bytes", (gint64) done->bytes);
      tool_event_double (event, "seconds", seconds);
      tool_event_emit (event);
    }
  else if (done->bytes > 0 && done->resumed == done->bytes)
    /* Translators: a sentence such as “Delivered “letter” to a@b”, and the size of the file, of
       which an earlier transfer had moved all */
    tool_output_note (_ ("%s: %s, which were there already"), done->sentence, size);
  else if (done->resumed > 0)
    {
      g_autofree char *rest =
          g_format_size_full (done->bytes - done->resumed, G_FORMAT_SIZE_IEC_UNITS);

      /* Translators: a sentence such as “Delivered “letter” to a@b”, the size of what an earlier
         transfer had not moved, the size of the file, a time, and a rate */
      tool_output_note (_ ("%s: the last %s of %s, %s, %s"), done->sentence, rest, size, duration,
                        rate);
    }
  else
    /* Translators: a sentence such as “Sent to a@b”, a size, a time, and a rate */
    tool_output_note (_ ("%s: %s, %s, %s"), done->sentence, size, duration, rate);
}

/* What is sent to peer passes slowly: rate is bytes per second. */
void
tool_report_throttled (const char *peer, guint64 rate)
{
  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("throttled");

      tool_event_string (event, "peer", peer);
      tool_event_int (event, "rate", (gint64) rate);
      tool_event_emit (event);
    }
  else
    {
      g_autofree char *rate_text = tool_text_format_rate (rate, 1);

      /* Translators: a number of bytes per second, and a JID */
      tool_output_note (_ ("Only about %s pass to “%s”: a server on the way limits the rate, or "
                           "the other end reads slowly (see “ibb doctor”)"),
                        rate_text, peer);
    }
}

/* What is sent takes long. */
void
tool_report_slow (const ToolSlowness *slowness)
{
  g_autofree char *rate = tool_text_format_rate (slowness->rate, 1);
  g_autofree char *duration = tool_text_format_duration (slowness->seconds);
  g_autofree char *place = NULL;

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("slow");

      tool_event_string (event, "peer", slowness->peer);
      tool_event_int (event, "rate", (gint64) slowness->rate);
      tool_event_double (event, "seconds", slowness->seconds);
      if (slowness->server != NULL)
        tool_event_string (event, "server", slowness->server);
      if (slowness->software != NULL)
        tool_event_string (event, "software", slowness->software);
      tool_event_string (event, "advice", slowness->advice);
      tool_event_emit (event);
      return;
    }
  if (slowness->software != NULL)
    place = g_strdup_printf ("%s (%s)", slowness->server, slowness->software);
  if (slowness->server != NULL)
    /* Translators: a number of bytes per second, an address, a time, a server, and a sentence that
       says what to do */
    tool_output_note (_ ("At %s, what is left for “%s” takes %s: it waits at %s. %s"), rate,
                      slowness->peer, duration, place != NULL ? place : slowness->server,
                      slowness->advice);
  else
    /* Translators: a number of bytes per second, an address, a time, and a sentence that says what
       to do */
    tool_output_note (_ ("At %s, what is left for “%s” takes %s. %s"), rate, slowness->peer,
                      duration, slowness->advice);
}

/* The good end of one of many sessions. */
void
tool_report_session_done (
    IBBTransport *transport, guint64 sent, guint64 received, double seconds, gboolean is_private)
{
  g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
  g_autofree char *sent_text = g_format_size_full (sent, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *received_text = g_format_size_full (received, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *duration = tool_text_format_duration (seconds);

  if (tool_output_is_json ())
    {
      g_autoptr (GString) event = tool_event_new ("done");

      tool_event_string (event, "peer", peer);
      tool_event_string (event, "sid", ibb_transport_get_sid (transport));
      tool_event_int (event, "bytes-sent", (gint64) sent);
      tool_event_int (event, "bytes-received", (gint64) received);
      tool_event_double (event, "seconds", seconds);
      tool_event_emit (event);
    }
  else if (is_private)
    tool_output_note (_ ("Session with “%s”, in private: %s sent, %s received, %s"), peer,
                      sent_text, received_text, duration);
  else
    tool_output_note (_ ("Session with “%s”: %s sent, %s received, %s"), peer, sent_text,
                      received_text, duration);
}
