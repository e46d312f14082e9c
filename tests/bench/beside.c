/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a session carries through a server, and what others on a connection notice of bulk sessions:
 * a person who chats, and a session in which single bytes go there and back. compare.py and
 * beside.py run two of these below a server of tests/lib.
 *
 *   bench-beside --receive         prints "ready"; reads what comes, or sends it back
 *   bench-beside --size BYTES      sends so many, and prints how many seconds that took
 *   bench-beside --bulk N ...      prints a JSON object: how long, the bytes that were
 *                                  acknowledged, of each session also in each second, and the
 *                                  ms that each answer took
 *
 * Receivers with resources of their own stand for peers that are far away, or read slowly.
 *
 * A chat message is a ping to our own server (XEP-0199), which waits where a message would.
 */

#include "config.h"

#include "../lib/account.h"
#include "../lib/open.h"

#include <string.h>

#define ECHO "echo"
#define BULK "bulk"
#define PIECE (64 * 1024)
#define PATIENCE 60 /* seconds for an answer, after the end */

static gboolean receives = FALSE;
static char    *resource = NULL;
static int      rate = -1;
static int      n_bulk = 0;
static char   **to = NULL;
static double   apart = 0;
static int      chat = 0;
static int      byte = 0;
static double   warm_up = 2;
static double   seconds = 10;
static gboolean no_tls = FALSE;
static gint64   size = 0;
static int      block_size = 0;

static const GOptionEntry entries[] = {
  { "receive", 0, 0, G_OPTION_ARG_NONE, &receives, "Receive", NULL },
  { "resource", 0, 0, G_OPTION_ARG_STRING, &resource, "Of this receiver; “beside”", "NAME" },
  { "rate", 0, 0, G_OPTION_ARG_INT, &rate, "What it reads a second; -1: all that comes", "BYTES" },
  { "bulk", 0, 0, G_OPTION_ARG_INT, &n_bulk, "Sessions that send as much as they can", "N" },
  { "to", 0, 0, G_OPTION_ARG_STRING_ARRAY, &to, "One such session to a receiver", "NAME" },
  { "apart", 0, 0, G_OPTION_ARG_DOUBLE, &apart, "From one such session to the next", "SECONDS" },
  { "chat", 0, 0, G_OPTION_ARG_INT, &chat, "From a chat message to the next; 0: none", "MS" },
  { "byte", 0, 0, G_OPTION_ARG_INT, &byte, "From a byte to the next; 0: none", "MS" },
  { "warm-up", 0, 0, G_OPTION_ARG_DOUBLE, &warm_up, "Bulk sessions alone", "SECONDS" },
  { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "What is measured", "SECONDS" },
  { "size", 0, 0, G_OPTION_ARG_INT64, &size, "One session that sends so much", "BYTES" },
  { "block-size", 0, 0, G_OPTION_ARG_INT, &block_size, "To ask for", "BYTES" },
  { "no-tls", 0, 0, G_OPTION_ARG_NONE, &no_tls, "Without TLS", NULL },
  G_OPTION_ENTRY_NULL,
};

static gint is_over; /* atomic */

static void
check (gboolean ok, const char *what, GError **error)
{
  if (!ok)
    g_error ("%s: %s", what, error != NULL && *error != NULL ? (*error)->message : "failed");
}

static double
get_ms_since (gint64 begin)
{
  return (double) (g_get_monotonic_time () - begin) / 1000;
}

static void
add_time (GArray *times, gint64 begin)
{
  double ms = get_ms_since (begin);

  g_array_append_val (times, ms);
}

static void
print_times (const char *name, const GArray *times)
{
  g_print (", \"%s\": [", name);
  for (guint i = 0; i < times->len; i++)
    g_print ("%s%.3f", i > 0 ? ", " : "", g_array_index (times, double, i));
  g_print ("]");
}

static const char *
get_resource (void)
{
  return resource != NULL ? resource : "beside";
}

static IBBXmppClient *
log_in (const char *account)
{
  IBBXmppClient     *client = account_create_client (account, get_resource ());
  g_autoptr (GError) error = NULL;

  if (no_tls)
    {
      ibb_xmpp_client_set_tls_mode (client, IBB_XMPP_TLS_MODE_NONE);
      ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client),
                                (guint) atoi (account_get ("IBB_TEST_PLAIN_PORT")));
    }
  check (ibb_xmpp_client_login (client, NULL, &error), "logging in", &error);
  return client;
}

/* The receiver. */

static gpointer
serve_thread (gpointer data)
{
  g_autoptr (IBBTransport) transport = data;
  GInputStream            *input = g_io_stream_get_input_stream (G_IO_STREAM (transport));
  GOutputStream           *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
  g_autofree char         *buffer = g_malloc (PIECE);
  gboolean                 echoes = strcmp (ibb_transport_get_sid (transport), ECHO) == 0;
  gssize                   n;

  /* Nothing is read as long as the program runs. */
  while (rate == 0)
    g_usleep (G_USEC_PER_SEC);
  /* A tenth of what it reads a second, at once. */
  while ((n = g_input_stream_read (input, buffer,
                                   rate > 0 ? CLAMP ((gsize) rate / 10, 1, PIECE) : PIECE, NULL,
                                   NULL)) > 0)
    {
      if (echoes && !g_output_stream_write_all (output, buffer, (gsize) n, NULL, NULL, NULL))
        break;
      if (rate > 0)
        g_usleep ((gulong) n * G_USEC_PER_SEC / (gulong) rate);
    }
  g_io_stream_close (G_IO_STREAM (transport), NULL, NULL);
  return NULL;
}

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  g_thread_unref (g_thread_new ("serve", serve_thread, g_object_ref (transport)));
}

/* Receives until the program is killed. */
static void
receive (IBBService *service)
{
  ibb_service_set_session_limit (service, G_MAXUINT);
  g_signal_connect (service, "session-accepted", G_CALLBACK (accepted_cb), NULL);
  g_print ("ready\n");
  for (;;)
    g_main_context_iteration (NULL, TRUE);
}

/* The sender. */

static IBBTransport *
open_session (IBBService *service, const char *receiver, const char *sid)
{
  g_autofree char   *peer = account_dup_jid ("bob", receiver);
  g_autoptr (GError) error = NULL;
  IBBTransport      *transport =
      open_with (service, peer, IBB_STANZA_TYPE_IQ, (guint) block_size, sid, &error);

  check (transport != NULL, sid, &error);
  return transport;
}

static gpointer
bulk_thread (gpointer data)
{
  GOutputStream   *output = g_io_stream_get_output_stream (data);
  g_autofree char *buffer = g_malloc0 (PIECE);

  while (g_output_stream_write_all (output, buffer, PIECE, NULL, NULL, NULL))
    ;
  return NULL;
}

static void
send_byte (GIOStream *stream, GArray *times)
{
  g_autoptr (GError) error = NULL;
  gint64             begin = g_get_monotonic_time ();
  char               letter = 'x';

  check (g_output_stream_write_all (g_io_stream_get_output_stream (stream), &letter, 1, NULL, NULL,
                                    &error),
         "writing a byte", &error);
  check (g_input_stream_read (g_io_stream_get_input_stream (stream), &letter, 1, NULL, &error) == 1,
         "reading a byte", &error);
  add_time (times, begin);
}

typedef struct
{
  GIOStream *stream;
  GArray    *times;
} Echo;

static gpointer
byte_thread (gpointer data)
{
  Echo  *echo = data;
  gint64 next = g_get_monotonic_time ();

  while (!g_atomic_int_get (&is_over))
    {
      gint64 now;

      send_byte (echo->stream, echo->times);
      now = g_get_monotonic_time ();
      next = MAX (next + byte * 1000, now);
      g_usleep ((gulong) (next - now));
    }
  return NULL;
}

typedef struct
{
  IBBConnection *connection;
  GArray        *sent;  /* of gint64 */
  GArray        *times; /* of double */
} Chat;

static gboolean
chat_cb (gpointer data)
{
  Chat                 *self = data;
  g_autofree char      *xml = NULL;
  g_autoptr (IBBStanza) stanza = NULL;
  g_autoptr (GError)    error = NULL;
  gint64                now = g_get_monotonic_time ();

  xml = g_strdup_printf ("<iq xmlns='jabber:client' type='get' id='chat-%u' to='%s'>"
                         "<ping xmlns='urn:xmpp:ping'/></iq>",
                         self->sent->len, account_get ("IBB_TEST_DOMAIN"));
  stanza = ibb_stanza_new_from_xml (xml, -1, &error);
  check (stanza != NULL, "making a ping", &error);
  g_array_append_val (self->sent, now);
  check (ibb_connection_send (self->connection, stanza, &error), "sending a ping", &error);
  return G_SOURCE_CONTINUE;
}

static gboolean
received_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  Chat       *self = data;
  const char *id = ibb_stanza_get_id (stanza);
  guint64     number;

  if (id == NULL || !g_str_has_prefix (id, "chat-"))
    return FALSE;
  number = g_ascii_strtoull (id + strlen ("chat-"), NULL, 10);
  if (number < self->sent->len)
    add_time (self->times, g_array_index (self->sent, gint64, number));
  return TRUE;
}

static gboolean
over_cb (gpointer data)
{
  gboolean *over = data;

  *over = TRUE;
  return G_SOURCE_REMOVE;
}

static void
run_for (double time)
{
  gboolean over = FALSE;

  g_timeout_add ((guint) (time * 1000), over_cb, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static void
wait_for_answers (const Chat *self)
{
  gboolean over = FALSE;
  guint    source = g_timeout_add_seconds (PATIENCE, over_cb, &over);

  while (self->times->len < self->sent->len && !over)
    g_main_context_iteration (NULL, TRUE);
  check (!over, "waiting for a ping", NULL);
  g_source_remove (source);
}

/* How many bytes of each session were acknowledged, second by second. */
typedef struct
{
  const GPtrArray *transports;
  GArray          *counts; /* of guint64: one for each session, then as many after each second */
} Progress;

static gboolean
count_cb (gpointer data)
{
  Progress *self = data;

  for (guint i = 0; i < self->transports->len; i++)
    {
      guint64 n = ibb_transport_get_bytes_acknowledged (self->transports->pdata[i]);

      g_array_append_val (self->counts, n);
    }
  return G_SOURCE_CONTINUE;
}

static guint64
get_last_count (const Progress *self, guint session)
{
  guint row = self->counts->len - self->transports->len;

  return g_array_index (self->counts, guint64, row + session);
}

static guint64
get_total (const Progress *self)
{
  guint64 total = 0;

  for (guint i = 0; i < self->transports->len; i++)
    total += get_last_count (self, i) - g_array_index (self->counts, guint64, i);
  return total;
}

static void
print_progress (const Progress *self)
{
  guint n = self->transports->len;

  g_print (", \"sessions\": [");
  for (guint i = 0; i < n; i++)
    {
      g_print ("%s[", i > 0 ? ", " : "");
      for (guint j = n + i; j < self->counts->len; j += n)
        g_print ("%s%" G_GUINT64_FORMAT, j > n + i ? ", " : "",
                 g_array_index (self->counts, guint64, j) -
                     g_array_index (self->counts, guint64, j - n));
      g_print ("]");
    }
  g_print ("]");
}

static void
measure (IBBConnection *connection, const GPtrArray *transports, GIOStream *echo_stream)
{
  g_autoptr (GArray) sent = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_autoptr (GArray) chat_times = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (GArray) byte_times = g_array_new (FALSE, FALSE, sizeof (double));
  Chat               messages = { connection, sent, chat_times };
  Echo               echo = { echo_stream, byte_times };
  g_autoptr (GArray) counts = g_array_new (FALSE, FALSE, sizeof (guint64));
  Progress           progress = { transports, counts };
  GThread           *thread = NULL;
  guint              source = 0;
  guint              counter = g_timeout_add (1000, count_cb, &progress);
  gint64             begin = g_get_monotonic_time ();

  count_cb (&progress);
  g_signal_connect (connection, "stanza-received", G_CALLBACK (received_cb), &messages);
  if (chat > 0)
    {
      chat_cb (&messages);
      source = g_timeout_add ((guint) chat, chat_cb, &messages);
    }
  if (echo_stream != NULL)
    thread = g_thread_new ("byte", byte_thread, &echo);
  run_for (seconds);
  g_source_remove (counter);
  count_cb (&progress);
  g_print ("{\"seconds\": %.6f, \"bytes\": %" G_GUINT64_FORMAT, get_ms_since (begin) / 1000,
           get_total (&progress));
  print_progress (&progress);
  if (source != 0)
    g_source_remove (source);
  g_atomic_int_set (&is_over, TRUE);
  if (thread != NULL)
    g_thread_join (thread);
  wait_for_answers (&messages);
  print_times ("chat", chat_times);
  print_times ("byte", byte_times);
  g_print ("}\n");
  g_signal_handlers_disconnect_by_data (connection, &messages);
}

typedef struct
{
  IBBService *service;
  GPtrArray  *transports; /* (owned) (element-type IBBTransport) */
  GPtrArray  *threads;    /* (owned) (element-type GThread): one for each */
} Bulk;

static void
bulk_add (Bulk *self, const char *receiver)
{
  g_autofree char *sid = g_strdup_printf (BULK "%u", self->transports->len);
  IBBTransport    *transport = open_session (self->service, receiver, sid);

  g_ptr_array_add (self->transports, transport);
  g_ptr_array_add (self->threads, g_thread_new ("bulk", bulk_thread, transport));
}

static void
bulk_end (Bulk *self)
{
  for (guint i = 0; i < self->transports->len; i++)
    {
      ibb_transport_abort (self->transports->pdata[i]);
      g_thread_join (self->threads->pdata[i]);
    }
  g_ptr_array_unref (self->threads);
  g_ptr_array_unref (self->transports);
}

static void
send_bulk (IBBXmppClient *client, IBBService *service)
{
  g_autoptr (IBBTransport) echo = byte > 0 ? open_session (service, get_resource (), ECHO) : NULL;
  Bulk bulk = { service, g_ptr_array_new_with_free_func (g_object_unref), g_ptr_array_new () };

  for (char **receiver = to; receiver != NULL && *receiver != NULL; receiver++)
    {
      bulk_add (&bulk, *receiver);
      run_for (apart);
    }
  for (int i = 0; i < n_bulk; i++)
    bulk_add (&bulk, get_resource ());
  run_for (warm_up);
  measure (IBB_CONNECTION (client), bulk.transports, (GIOStream *) echo);
  bulk_end (&bulk);
}

static void
send_size (IBBService *service)
{
  g_autoptr (IBBTransport) transport = open_session (service, get_resource (), BULK);
  g_autofree char         *buffer = g_malloc0 (PIECE);
  g_autoptr (GError)       error = NULL;
  gint64                   begin = g_get_monotonic_time ();

  for (gint64 left = size; left > 0; left -= PIECE)
    check (g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                                      buffer, (gsize) MIN (left, PIECE), NULL, NULL, &error),
           "writing", &error);
  check (ibb_transport_drain (transport, NULL, &error), "draining", &error);
  g_print ("%.6f\n", get_ms_since (begin) / 1000);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  g_autoptr (IBBXmppClient)  client = NULL;
  g_autoptr (IBBService)     service = NULL;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    {
      g_printerr ("%s\n", error->message);
      return 2;
    }

  client = log_in (receives ? "bob" : "alice");
  service = ibb_service_new (IBB_CONNECTION (client));
  if (receives)
    receive (service);
  else if (size > 0)
    send_size (service);
  else
    send_bulk (client, service);
  return 0;
}
