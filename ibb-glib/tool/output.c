/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "output.h"
#include "tool.h"

#include <errno.h>
#include <glib/gi18n.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static GMutex   lock;
static gboolean quiet;          /* immutable after tool_output_init */
static gboolean json;           /* immutable after tool_output_init */
static gboolean status_shown;   /* protected by lock */
static int      output_failure; /* protected by lock; errno of standard output, 0: none */

static void write_line (const char *prefix, const char *text);

/* To standard output, at once. GLib's g_print() would replace what the locale cannot
 * show, quotes in the C locale among it; terminals speak UTF-8 all the same. */
void
tool_print (const char *text)
{
  g_mutex_lock (&lock);
  if ((fputs (text, stdout) < 0 || fflush (stdout) != 0) && output_failure == 0)
    output_failure = errno;
  g_mutex_unlock (&lock);
}

/* At the exit: what standard output did not take is a failure of the command. */
void
tool_output_check (void)
{
  g_autofree char *line = NULL;

  if (output_failure == 0)
    return;
  line = g_strdup_printf (_ ("Cannot write %s: %s"), _ ("standard output"),
                          g_strerror (output_failure));
  write_line ("ibb: ", line);
  _exit (TOOL_EXIT_FAILED);
}

void
tool_output_init (gboolean be_quiet, gboolean speak_json)
{
  quiet = be_quiet;
  json = speak_json;
}

gboolean
tool_output_is_json (void)
{
  return json;
}

/* Whether a line that changes in place makes sense. */
gboolean
tool_output_shows_status (void)
{
  return !quiet && !json && isatty (STDERR_FILENO);
}

/* What moves the cursor, ends the line or changes the direction of the text. */
static gboolean
is_unprintable (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return TRUE;
    default:
      return FALSE;
    }
}

/* A file name, a JID or the words of a peer may be in it: the text as one line that
 * shows what it is. */
char *
tool_make_printable (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString         *line = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_unprintable (c))
        c = g_unichar_type (c) == G_UNICODE_FORMAT ? 0xfffd : ' ';
      g_string_append_unichar (line, c);
    }
  return g_string_free (line, FALSE);
}

/* The same text, for a program, in which a terminal finds nothing to obey. All
 * characters that are escaped here stand in strings. */
static char *
escape_json (const char *text)
{
  GString *escaped = g_string_new (NULL);

  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (!is_unprintable (c))
        g_string_append_unichar (escaped, c);
      else if (c <= 0xffff)
        g_string_append_printf (escaped, "\\u%04x", c);
      else
        g_string_append_printf (escaped, "\\u%04x\\u%04x", 0xd7c0 + (c >> 10),
                                0xdc00 + (c & 0x3ff));
    }
  return g_string_free (escaped, FALSE);
}

static void
write_line_locked (const char *prefix, const char *text)
{
  g_autofree char *line = tool_make_printable (text);

  if (status_shown)
    fputs ("\r\033[K", stderr);
  status_shown = FALSE;
  fprintf (stderr, "%s%s\n", prefix, line);
  fflush (stderr);
}

static void
write_line (const char *prefix, const char *text)
{
  g_mutex_lock (&lock);
  write_line_locked (prefix, text);
  g_mutex_unlock (&lock);
}

/* Returns the exit status, for the caller to return. */
int
tool_usage_error (const char *command, const char *format, ...)
{
  g_autofree char *text = NULL;
  g_autofree char *line = NULL;
  va_list          arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  if (command != NULL)
    line = g_strdup_printf (_ ("%s: %s (see “ibb %s --help”)"), command, text, command);
  else
    line = g_strdup_printf (_ ("%s (see “ibb --help”)"), text);
  write_line ("ibb: ", line);
  return TOOL_EXIT_USAGE;
}

/* The nickname of an error code: what a script may compare with. */
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

void
tool_error (const GError *error)
{
  tool_session_error (error, NULL, NULL);
}

/* The end of one of many sessions; peer and sid as far as they are known. */
void
tool_session_error (const GError *error, const char *peer, const char *sid)
{
  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new ("error");

      if (peer != NULL)
        tool_event_string (event, "peer", peer);
      if (sid != NULL)
        tool_event_string (event, "sid", sid);
      tool_event_string (event, "domain", g_quark_to_string (error->domain));
      tool_event_string (event, "code", get_code_name (error));
      tool_event_string (event, "message", error->message);
      tool_event_emit (event);
    }
  write_line ("ibb: ", error->message);
}

/* Something worth knowing that --quiet keeps away. */
void
tool_note (const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list          arguments;

  if (quiet)
    return;
  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  write_line ("", text);
}

/* Shows text on the line that changes in place; NULL clears it. */
void
tool_status (const char *text)
{
  g_autofree char *line = text != NULL ? tool_make_printable (text) : NULL;

  g_mutex_lock (&lock);
  if (line != NULL)
    fprintf (stderr, "\r%s\033[K", line);
  else if (status_shown)
    fputs ("\r\033[K", stderr);
  status_shown = text != NULL;
  fflush (stderr);
  g_mutex_unlock (&lock);
}

/* The line that scripts wait for: --quiet keeps it. */
void
tool_ready (const char *jid)
{
  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new ("ready");

      tool_event_string (event, "jid", jid);
      tool_event_emit (event);
    }
  write_line ("ready ", jid);
}

/* The same, of a TCP port that leads to the network. */
void
tool_ready_at (const char *jid, const char *address, guint16 port)
{
  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new ("ready");

      tool_event_string (event, "jid", jid);
      tool_event_string (event, "listen", address);
      tool_event_int (event, "port", port);
      tool_event_emit (event);
    }
  write_line ("ready ", address);
}

/* The connection to the server broke, and came back. */
static void
tell_of_connection (const char *name, const char *jid, const char *sentence)
{
  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new (name);

      tool_event_string (event, "jid", jid);
      tool_event_emit (event);
    }
  else
    tool_note ("%s", sentence);
}

void
tool_suspended (const char *jid)
{
  tell_of_connection ("suspended", jid, _ ("The connection broke; trying to resume it"));
}

void
tool_resumed (const char *jid)
{
  tell_of_connection ("resumed", jid, _ ("The connection was resumed"));
}

void
tool_opened (IBBTransport *transport)
{
  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new ("opened");
      gboolean by_iq = ibb_transport_get_stanza_type (transport) == IBB_STANZA_TYPE_IQ;

      tool_event_string (event, "peer", ibb_transport_get_peer_jid (transport));
      tool_event_string (event, "local", ibb_transport_get_local_jid (transport));
      tool_event_string (event, "sid", ibb_transport_get_sid (transport));
      tool_event_int (event, "block-size", ibb_transport_get_block_size (transport));
      tool_event_string (event, "carrier", by_iq ? "iq" : "message");
      tool_event_emit (event);
    }
}

/* The good end; sentence is such as “Sent to a@b/ibb”. */
void
tool_done (guint64 bytes, double seconds, const char *sentence)
{
  g_autofree char *size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *rate = tool_format_rate (bytes, seconds);
  g_autofree char *duration = tool_format_duration (seconds);

  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new ("done");

      tool_event_int (event, "bytes", (gint64) bytes);
      tool_event_double (event, "seconds", seconds);
      tool_event_emit (event);
    }
  else
    tool_note ("%s: %s, %s, %s", sentence, size, duration, rate);
}

/* The good end of one of many sessions. */
void
tool_session_done (IBBTransport *transport, double seconds)
{
  const char      *peer = ibb_transport_get_peer_jid (transport);
  guint64          sent = ibb_transport_get_bytes_sent (transport);
  guint64          received = ibb_transport_get_bytes_received (transport);
  g_autofree char *sent_text = g_format_size_full (sent, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *received_text = g_format_size_full (received, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *duration = tool_format_duration (seconds);

  if (json)
    {
      g_autoptr (JsonBuilder) event = tool_event_new ("done");

      tool_event_string (event, "peer", peer);
      tool_event_string (event, "sid", ibb_transport_get_sid (transport));
      tool_event_int (event, "bytes-sent", (gint64) sent);
      tool_event_int (event, "bytes-received", (gint64) received);
      tool_event_double (event, "seconds", seconds);
      tool_event_emit (event);
    }
  else
    tool_note (_ ("Session with “%s”: %s sent, %s received, %s"), peer, sent_text, received_text,
               duration);
}

JsonBuilder *
tool_event_new (const char *event)
{
  JsonBuilder *builder = json_builder_new ();

  json_builder_begin_object (builder);
  tool_event_string (builder, "event", event);
  return builder;
}

void
tool_event_string (JsonBuilder *event, const char *name, const char *value)
{
  /* A file name may be in it, which need not be UTF-8. */
  g_autofree char *valid = g_utf8_make_valid (value, -1);

  json_builder_set_member_name (event, name);
  json_builder_add_string_value (event, valid);
}

void
tool_event_int (JsonBuilder *event, const char *name, gint64 value)
{
  json_builder_set_member_name (event, name);
  json_builder_add_int_value (event, value);
}

void
tool_event_double (JsonBuilder *event, const char *name, double value)
{
  json_builder_set_member_name (event, name);
  json_builder_add_double_value (event, value);
}

/* One object, one line, at once. Two threads may do this at the same time, so the end of
 * the line comes with the line. */
void
tool_event_emit (JsonBuilder *event)
{
  g_autoptr (JsonNode) root = NULL;
  g_autofree char     *text = NULL;
  g_autofree char     *escaped = NULL;
  g_autofree char     *line = NULL;

  json_builder_end_object (event);
  root = json_builder_get_root (event);
  text = json_to_string (root, FALSE);
  escaped = escape_json (text);
  line = g_strconcat (escaped, "\n", NULL);
  tool_print (line);
}

/* “0.82 s”, “12.4 s”, “1:05 min”, “2:03:04 h”. */
char *
tool_format_duration (double seconds)
{
  guint whole = (guint) (seconds + 0.5);

  if (seconds < 9.995)
    return g_strdup_printf (_ ("%.2f s"), seconds);
  if (seconds < 59.95)
    return g_strdup_printf (_ ("%.1f s"), seconds);
  if (whole < 3600)
    return g_strdup_printf (_ ("%u:%02u min"), whole / 60, whole % 60);
  return g_strdup_printf (_ ("%u:%02u:%02u h"), whole / 3600, whole / 60 % 60, whole % 60);
}

char *
tool_format_rate (guint64 bytes, double seconds)
{
  double           rate = seconds > 0 ? (double) bytes / seconds : 0;
  g_autofree char *size = g_format_size_full ((guint64) rate, G_FORMAT_SIZE_IEC_UNITS);

  return g_strdup_printf (_ ("%s/s"), size);
}
