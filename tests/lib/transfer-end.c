/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One end of a transfer through a server: logs in as an account of prosody.py,
 * opens or expects one session, sends and receives at the same time, and prints
 * what it found as one JSON object. ends.py runs two of them. */

#include "config.h"

#include "account.h"
#include "open.h"
#include "process.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#define SID "transfer"
#define PIECE (64 * 1024)

static char    *account = NULL;
static char    *peer = NULL;
static char    *tls = NULL;
static int      port = 0;
static gint64   send_size = 0;
static gint64   window = 0;
static int      block_size = 0;
static gboolean opens = FALSE;

static const GOptionEntry entries[] = {
  { "account", 0, 0, G_OPTION_ARG_STRING, &account, "alice, bob or carol", "NAME" },
  { "peer", 0, 0, G_OPTION_ARG_STRING, &peer, "Account of the other end", "NAME" },
  { "open", 0, 0, G_OPTION_ARG_NONE, &opens, "Open the session, do not expect it", NULL },
  { "send", 0, 0, G_OPTION_ARG_INT64, &send_size, "How much to send", "BYTES" },
  { "window", 0, 0, G_OPTION_ARG_INT64, &window, "The service's window", "BYTES" },
  { "block-size", 0, 0, G_OPTION_ARG_INT, &block_size, "Block size to ask for", "BYTES" },
  { "tls", 0, 0, G_OPTION_ARG_STRING, &tls, "starttls, direct or none", "MODE" },
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Another port than the server's", "PORT" },
  G_OPTION_ENTRY_NULL,
};

typedef struct
{
  GIOStream *stream;
  guint64    size; /* to send */
  char      *sha256;
  guint64    n_bytes;
  gint64     own_time; /* CPU nanoseconds that this program takes itself */
  GError    *error;
} Direction;

static void
check (gboolean ok, const char *what, GError **error)
{
  if (ok)
    return;
  g_printerr ("%s: %s: %s\n", account, what, *error != NULL ? (*error)->message : "failed");
  exit (1);
}

/* Bytes that do not compress and differ between the ends. */
static void
fill (guint64 *words, gsize n_words, guint64 *state)
{
  for (gsize i = 0; i < n_words; i++)
    {
      *state ^= *state << 13;
      *state ^= *state >> 7;
      *state ^= *state << 17;
      words[i] = *state;
    }
}

static double
get_cpu_seconds (const struct rusage *usage)
{
  return (double) usage->ru_utime.tv_sec + (double) usage->ru_stime.tv_sec +
         (double) (usage->ru_utime.tv_usec + usage->ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static gint64
get_thread_time (void)
{
  struct timespec time;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &time);
  return time.tv_sec * (gint64) 1000000000 + time.tv_nsec;
}

static gpointer
send_thread (gpointer data)
{
  Direction            *self = data;
  GOutputStream        *output = g_io_stream_get_output_stream (self->stream);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint64   *buffer = g_malloc (PIECE);
  guint64               state = g_str_hash (account) | 1;

  while (self->n_bytes < self->size)
    {
      gsize  length = MIN (PIECE, self->size - self->n_bytes);
      gint64 begin = get_thread_time ();

      fill (buffer, PIECE / sizeof *buffer, &state);
      g_checksum_update (checksum, (const guchar *) buffer, (gssize) length);
      self->own_time += get_thread_time () - begin;
      if (!g_output_stream_write_all (output, buffer, length, NULL, NULL, &self->error))
        return NULL;
      self->n_bytes += length;
    }
  self->sha256 = g_strdup (g_checksum_get_string (checksum));
  ibb_transport_shutdown_output (IBB_TRANSPORT (self->stream), NULL, &self->error);
  return NULL;
}

static gpointer
receive_thread (gpointer data)
{
  Direction            *self = data;
  GInputStream         *input = g_io_stream_get_input_stream (self->stream);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guchar    *buffer = g_malloc (PIECE);
  gssize                n;

  while ((n = g_input_stream_read (input, buffer, PIECE, NULL, &self->error)) > 0)
    {
      gint64 begin = get_thread_time ();

      g_checksum_update (checksum, buffer, n);
      self->own_time += get_thread_time () - begin;
      self->n_bytes += (guint64) n;
    }
  self->sha256 = g_strdup (g_checksum_get_string (checksum));
  return NULL;
}

static void
expected_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  IBBTransport     **transport = user_data;
  g_autoptr (GError) error = NULL;

  *transport = ibb_service_expect_session_finish (IBB_SERVICE (source), result, &error);
  check (*transport != NULL, "expecting", &error);
}

static IBBClient *
log_in (void)
{
  g_autoptr (IBBClient) client = account_create_client (account, "transfer");
  g_autoptr (GError)    error = NULL;

  if (g_strcmp0 (tls, "none") == 0)
    {
      ibb_client_set_tls_mode (client, IBB_TLS_MODE_NONE);
      ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                    (guint) atoi (account_get ("IBB_TEST_PLAIN_PORT")));
    }
  else if (g_strcmp0 (tls, "direct") == 0)
    {
      ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
      ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                    (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
    }
  if (port > 0)
    ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), (guint) port);
  check (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error), "logging in",
         &error);
  return g_steal_pointer (&client);
}

static void
report (const Direction *sent, const Direction *received, double seconds, double cpu)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  /* ru_maxrss also knows the peak of the program that started this one, the status does not. */
  g_print (
      "{\"sent\": %" G_GUINT64_FORMAT ", \"sent_sha256\": \"%s\", \"received\": %" G_GUINT64_FORMAT
      ", \"received_sha256\": \"%s\", \"seconds\": %.6f, \"cpu_seconds\": %.6f"
      ", \"own_cpu_seconds\": %.6f, \"max_rss_kib\": %ld, \"peak_kib\": %" G_GUINT64_FORMAT "}\n",
      sent->n_bytes, sent->sha256, received->n_bytes, received->sha256, seconds,
      get_cpu_seconds (&usage) - cpu, (double) (sent->own_time + received->own_time) / 1e9,
      usage.ru_maxrss, process_get_status ("self", "VmHWM"));
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  g_autoptr (IBBClient)      client = NULL;
  g_autoptr (IBBService)     service = NULL;
  g_autoptr (IBBTransport)   transport = NULL;
  g_autofree char           *peer_jid = NULL;
  Direction                  sent = { 0 };
  Direction                  received = { 0 };
  GThread                   *sender;
  GThread                   *receiver;
  struct rusage              before;
  gint64                     begin;
  double                     seconds;

  setlocale (LC_ALL, "");
  setlocale (LC_NUMERIC, "C");
  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || account == NULL || peer == NULL)
    {
      g_printerr ("%s\n", error != NULL ? error->message : "--account and --peer are needed");
      return 2;
    }

  client = log_in ();
  service = ibb_service_new (IBB_CONNECTION (client));
  ibb_service_set_window (service, (guint64) window);
  peer_jid = account_dup_jid (peer, "transfer");
  if (opens)
    {
      transport =
          open_with (service, peer_jid, IBB_STANZA_TYPE_IQ, (guint) block_size, SID, &error);
      check (transport != NULL, "opening", &error);
    }
  else
    {
      ibb_service_expect_session_async (service, peer_jid, SID, NULL, NULL, expected_cb,
                                        &transport);
      g_print ("ready\n");
      while (transport == NULL)
        g_main_context_iteration (NULL, TRUE);
    }

  getrusage (RUSAGE_SELF, &before);
  begin = g_get_monotonic_time ();
  sent.stream = received.stream = G_IO_STREAM (transport);
  sent.size = (guint64) send_size;
  sender = g_thread_new ("send", send_thread, &sent);
  receiver = g_thread_new ("receive", receive_thread, &received);
  g_thread_join (sender);
  check (sent.error == NULL, "sending", &sent.error);
  g_thread_join (receiver);
  check (received.error == NULL, "receiving", &received.error);
  seconds = (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC;
  check (g_io_stream_close (G_IO_STREAM (transport), NULL, &error), "closing", &error);
  report (&sent, &received, seconds, get_cpu_seconds (&before));

  g_free (sent.sha256);
  g_free (received.sha256);
  check (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, &error), "logging out",
         &error);
  return 0;
}
