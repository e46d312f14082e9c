/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Many clients in one process: what they cost while they are idle, and how they come back
 * when their server was restarted. clients.py starts this program, and restarts
 * the server after the line "ready". */

#include "config.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>

#include "../lib/account.h"
#include "../lib/process.h"

#define LOGINS_AT_ONCE 10

static int n_clients = 20;
static int seconds = 2;

static const GOptionEntry entries[] = {
  { "clients", 0, 0, G_OPTION_ARG_INT, &n_clients, "How many", "N" },
  { "seconds", 0, 0, G_OPTION_ARG_INT, &seconds, "How long they are watched while idle", "S" },
  G_OPTION_ENTRY_NULL,
};

static GPtrArray *clients;
static int        n_begun, n_online;
static GArray    *returns; /* gint64, in µs: when a client was online again */

/* All threads of the process together. */
typedef struct
{
  int    memory; /* KiB */
  int    n_threads;
  long   n_switches; /* voluntary: each is a thread that has slept */
  double processor;  /* s */
} Cost;

static Cost
get_cost (void)
{
  struct rusage usage;

  g_assert_cmpint (getrusage (RUSAGE_SELF, &usage), ==, 0);
  return (Cost){
    .memory = (int) process_get_status ("self", "VmRSS"),
    .n_threads = (int) process_get_status ("self", "Threads"),
    .n_switches = usage.ru_nvcsw,
    .processor = (double) clock () / CLOCKS_PER_SEC,
  };
}

static void login_next (void);

static void
logged_in_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (IBB_CLIENT (object)), result, &error);
  g_assert_no_error (error);
  n_online++;
  login_next ();
}

static void
login_next (void)
{
  if (n_begun < n_clients)
    ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (clients->pdata[n_begun++]), NULL,
                                     logged_in_cb, NULL);
}

static void
log_in (void)
{
  for (int i = 0; i < n_clients; i++)
    {
      g_autofree char *resource = g_strdup_printf ("%d", i);
      IBBClient       *client = account_create_client ("alice", resource);

      ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), TRUE);
      g_ptr_array_add (clients, client);
    }
  for (int i = 0; i < LOGINS_AT_ONCE; i++)
    login_next ();
  while (n_online < n_clients)
    g_main_context_iteration (NULL, TRUE);
}

/* The first client needs more than each: the library of TLS, its certificates. */
static void
warm_up (void)
{
  g_autoptr (IBBClient) client = account_create_client ("bob", NULL);

  g_assert_true (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, NULL));
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, NULL));
}

static gboolean
timeout_cb (gpointer data)
{
  *(gboolean *) data = TRUE;
  return G_SOURCE_REMOVE;
}

static void
measure_idle (const Cost *before)
{
  gboolean done = FALSE;
  Cost     start, end;

  start = get_cost ();
  g_timeout_add_seconds ((guint) seconds, timeout_cb, &done);
  while (!done)
    g_main_context_iteration (NULL, TRUE);
  end = get_cost ();

  printf ("# %d clients: %d KiB and %.2f threads each; in %d s together %ld"
          " wake-ups, %.3f s of CPU time\n",
          n_clients, (end.memory - before->memory) / n_clients,
          (double) (end.n_threads - before->n_threads) / n_clients, seconds,
          end.n_switches - start.n_switches, end.processor - start.processor);
}

static void
state_cb (IBBClient *client, GParamSpec *property, gpointer data)
{
  gint64 now = g_get_monotonic_time ();

  if (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) == IBB_CONNECTION_STATE_ONLINE)
    g_array_append_val (returns, now);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  gint64 difference = *(const gint64 *) a - *(const gint64 *) b;

  return difference < 0 ? -1 : difference > 0;
}

/* The most that came back in any such time, in µs. */
static guint
count_most (gint64 duration)
{
  guint most = 0, first = 0;

  for (guint i = 0; i < returns->len; i++)
    {
      while (g_array_index (returns, gint64, i) - g_array_index (returns, gint64, first) > duration)
        first++;
      most = MAX (most, i - first + 1);
    }
  return most;
}

static void
come_back (void)
{
  gint64 first, last;

  for (int i = 0; i < n_clients; i++)
    g_signal_connect (clients->pdata[i], "notify::state", G_CALLBACK (state_cb), NULL);
  printf ("ready\n");
  fflush (stdout);

  while (returns->len < (guint) n_clients)
    g_main_context_iteration (NULL, TRUE);
  g_array_sort (returns, compare);
  first = g_array_index (returns, gint64, 0);
  last = g_array_index (returns, gint64, returns->len - 1);
  printf ("# %d clients came back within %.1f s, %u at most within 0.1 s, %u within 1 s\n",
          n_clients, (double) (last - first) / G_USEC_PER_SEC, count_most (G_USEC_PER_SEC / 10),
          count_most (G_USEC_PER_SEC));

  for (int i = 0; i < n_clients; i++)
    {
      IBBClient *client = clients->pdata[i];

      g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                       IBB_CONNECTION_STATE_ONLINE);
      g_signal_handlers_disconnect_by_func (client, state_cb, NULL);
      g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, NULL));
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  Cost                       before;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    g_error ("%s", error->message);

  clients = g_ptr_array_new_with_free_func (g_object_unref);
  returns = g_array_new (FALSE, FALSE, sizeof (gint64));
  warm_up ();
  before = get_cost ();
  log_in ();
  measure_idle (&before);
  come_back ();
  g_array_unref (returns);
  g_ptr_array_unref (clients);
  return 0;
}
