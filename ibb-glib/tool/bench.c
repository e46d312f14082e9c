/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* ibb bench: speed, processor time, round trips and memory. */

#include "config.h"

#include "event.h"
#include "jid.h"
#include "login.h"
#include "output.h"
#include "pair.h"
#include "session.h"
#include "stream.h"
#include "tool.h"

#include <glib/gi18n.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define LOOPBACK_SIZE (64 * 1024 * 1024)
#define SERVER_SIZE (16 * 1024 * 1024)
#define STEP_SIZE (64 * 1024)
#define N_ROUND_TRIPS 200
#define NEAR_JID "near@example.org/bench"
#define FAR_JID "far@example.org/bench"
#define PHASE_TIMEOUT 60 /* s without progress */

typedef struct
{
  ToolAccount   account;
  guint64       size; /* 0: the default of the way */
  GCancellable *cancellable;
  guint8       *pattern; /* STEP_SIZE bytes, over and over */
  IBBTransport *far;
  GError       *far_error;

  double goodput;          /* MiB/s */
  double cpu;              /* s per GiB, both ends */
  double round_trip;       /* ms, the median */
  double round_trip_worst; /* ms, the 99th percentile */
  double memory;           /* MiB */
} Bench;

/* Echoes each byte at once, until the first of another kind. */
static gboolean
echo (Bench *self, GError **error)
{
  GInputStream  *source = g_io_stream_get_input_stream (G_IO_STREAM (self->far));
  GOutputStream *sink = g_io_stream_get_output_stream (G_IO_STREAM (self->far));

  for (int i = 0; i < N_ROUND_TRIPS; i++)
    {
      guint8 byte;
      gsize  n;

      if (!g_input_stream_read_all (source, &byte, 1, &n, self->cancellable, error) ||
          !g_output_stream_write_all (sink, &byte, 1, NULL, self->cancellable, error))
        return FALSE;
    }
  return TRUE;
}

/* Reads size bytes and the end, and compares each byte. */
static gboolean
sink_all (Bench *self, GError **error)
{
  GInputStream      *source = g_io_stream_get_input_stream (G_IO_STREAM (self->far));
  g_autofree guint8 *step = g_malloc (STEP_SIZE);
  guint64            received = 0;
  gboolean           equal = TRUE;
  gssize             n;

  while ((n = g_input_stream_read (source, step, STEP_SIZE, self->cancellable, error)) > 0)
    {
      gsize offset = (gsize) (received % STEP_SIZE);
      gsize head = MIN ((gsize) n, STEP_SIZE - offset);

      equal = equal && memcmp (step, self->pattern + offset, head) == 0 &&
              memcmp (step + head, self->pattern, (gsize) n - head) == 0;
      received += (guint64) n;
    }
  if (n < 0)
    return FALSE;
  if (!equal || received != self->size)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_FAILED,
                   _ ("The bytes that arrived are not those that were sent"));
      return FALSE;
    }
  return tool_session_finish (self->far, self->cancellable, error);
}

static gpointer
far_thread (gpointer data)
{
  Bench *self = data;

  if (!echo (self, &self->far_error) || !sink_all (self, &self->far_error))
    ibb_transport_abort (self->far);
  return NULL;
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  gint64 left = *(const gint64 *) a;
  gint64 right = *(const gint64 *) b;

  return left < right ? -1 : left > right;
}

static gboolean
measure_round_trips (Bench *self, IBBTransport *near, GError **error)
{
  GInputStream  *source = g_io_stream_get_input_stream (G_IO_STREAM (near));
  GOutputStream *sink = g_io_stream_get_output_stream (G_IO_STREAM (near));
  gint64         times[N_ROUND_TRIPS];

  for (int i = 0; i < N_ROUND_TRIPS; i++)
    {
      gint64 start = g_get_monotonic_time ();
      guint8 byte = (guint8) i;
      gsize  n;

      if (!g_output_stream_write_all (sink, &byte, 1, NULL, self->cancellable, error) ||
          !g_input_stream_read_all (source, &byte, 1, &n, self->cancellable, error))
        return FALSE;
      times[i] = g_get_monotonic_time () - start;
    }
  qsort (times, N_ROUND_TRIPS, sizeof (gint64), compare_times);
  self->round_trip = (double) times[N_ROUND_TRIPS / 2] / 1000;
  self->round_trip_worst = (double) times[N_ROUND_TRIPS * 99 / 100] / 1000;
  return TRUE;
}

static double
get_cpu_seconds (void)
{
  struct rusage usage;

  getrusage (RUSAGE_SELF, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static gboolean
measure_transfer (Bench *self, IBBTransport *near, GError **error)
{
  GOutputStream *sink = g_io_stream_get_output_stream (G_IO_STREAM (near));
  GError        *seen = NULL;
  gint64         start = g_get_monotonic_time ();
  double         cpu = get_cpu_seconds ();
  double         seconds;

  for (guint64 left = self->size; left > 0;)
    {
      gsize n = MIN (left, STEP_SIZE);

      if (!g_output_stream_write_all (sink, self->pattern, n, NULL, self->cancellable, &seen))
        {
          tool_stream_set_error (error, near, seen);
          return FALSE;
        }
      left -= n;
    }
  if (!ibb_transport_shutdown_output (near, self->cancellable, &seen))
    {
      tool_stream_set_error (error, near, seen);
      return FALSE;
    }
  if (!tool_stream_expect_end (near, self->cancellable, error))
    return FALSE;
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  self->goodput = (double) self->size / (1 << 20) / seconds;
  self->cpu = self->size > 0 ? (get_cpu_seconds () - cpu) * (1 << 30) / (double) self->size : 0;
  return tool_session_finish (near, self->cancellable, error);
}

static gboolean
measure (Bench      *self,
         ToolRun    *run,
         IBBService *near,
         const char *near_jid,
         IBBService *far,
         const char *far_jid,
         GError    **error)
{
  g_auto (ToolPair)  pair = { NULL };
  g_autoptr (GError) local_error = NULL;
  GThread           *thread;
  struct rusage      usage;
  gboolean           measured;

  if (!tool_pair_open (&pair, run, near, near_jid, far, far_jid, error))
    return FALSE;
  self->far = pair.far;
  self->cancellable = tool_run_get_cancellable (run);
  tool_run_begin_phase (run, _ ("measuring"), PHASE_TIMEOUT);
  thread = g_thread_new ("far", far_thread, self);
  measured = measure_round_trips (self, pair.near, &local_error);
  if (measured)
    {
      tool_run_show_progress (run, "bench", TOOL_DIRECTION_SEND, self->size);
      measured = measure_transfer (self, pair.near, &local_error);
      tool_run_end_progress (run);
    }
  if (!measured)
    ibb_transport_abort (pair.near);
  g_thread_join (thread);
  getrusage (RUSAGE_SELF, &usage);
  self->memory = (double) usage.ru_maxrss / 1024;

  /* If the far end failed, its error says why the near end got no answer. */
  measured = measured && self->far_error == NULL;
  if (self->far_error != NULL &&
      !g_error_matches (self->far_error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&self->far_error));
  else if (!measured)
    g_propagate_error (error, g_steal_pointer (&local_error));
  g_clear_error (&self->far_error);
  return measured;
}

static gboolean
measure_loopback (Bench *self, ToolRun *run, GError **error)
{
  const ToolOptions        *options = tool_run_get_options (run);
  g_autoptr (IBBLoopback)   loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection) near_end = ibb_loopback_attach (loopback, NEAR_JID);
  g_autoptr (IBBConnection) far_end = ibb_loopback_attach (loopback, FAR_JID);
  g_autoptr (IBBService)    near = tool_session_new_service (near_end, options, FALSE);
  g_autoptr (IBBService)    far = tool_session_new_service (far_end, options, TRUE);

  return measure (self, run, near, NEAR_JID, far, FAR_JID, error);
}

/* Two clients of one account, each with the resource that the server gives. */
static gboolean
measure_server (Bench *self, ToolRun *run, GError **error)
{
  const ToolOptions     *options = tool_run_get_options (run);
  g_autofree char       *bare = tool_jid_dup_bare (options->jid);
  g_autoptr (ToolLogin)  near_end = tool_login_new (&self->account, options, bare);
  g_autoptr (ToolLogin)  far_end = tool_login_new (&self->account, options, bare);
  g_autoptr (IBBService) near = NULL;
  g_autoptr (IBBService) far = NULL;
  g_autofree char       *near_jid = NULL;
  g_autofree char       *far_jid = NULL;
  gboolean               measured = FALSE;

  near =
      tool_session_new_service (IBB_CONNECTION (tool_login_get_client (near_end)), options, FALSE);
  far = tool_session_new_service (IBB_CONNECTION (tool_login_get_client (far_end)), options, TRUE);
  near_jid = tool_login_begin (near_end, run, error);
  if (near_jid != NULL)
    far_jid = tool_login_begin (far_end, run, error);
  if (far_jid != NULL)
    measured = measure (self, run, near, near_jid, far, far_jid, error);
  tool_login_end (near_end, error);
  tool_login_end (far_end, error);
  return measured;
}

static void
report (Bench *self, const ToolOptions *options)
{
  const char      *way = options->through ? options->jid : "loopback";
  const char      *stanza_type = options->stanza_type == IBB_STANZA_TYPE_IQ ? "iq" : "message";
  g_autofree char *size = g_format_size_full (self->size, G_FORMAT_SIZE_IEC_UNITS);

  if (options->json)
    {
      g_autoptr (GString) event = tool_event_new ("done");

      tool_event_string (event, "way", options->through ? "server" : "loopback");
      tool_event_string (event, "stanza-type", stanza_type);
      tool_event_int (event, "bytes", (gint64) self->size);
      tool_event_double (event, "goodput-mib-per-second", self->goodput);
      tool_event_double (event, "cpu-seconds-per-gib", self->cpu);
      tool_event_double (event, "round-trip-ms", self->round_trip);
      tool_event_double (event, "round-trip-p99-ms", self->round_trip_worst);
      tool_event_double (event, "peak-rss-mib", self->memory);
      tool_event_emit (event);
      return;
    }
  g_print (_ ("way                     %s, %s, %s\n"), way, stanza_type, size);
  g_print (_ ("goodput                 %.2f MiB/s\n"), self->goodput);
  g_print (_ ("processor, both ends    %.2f s/GiB\n"), self->cpu);
  g_print (_ ("round trip of a byte    %.2f ms (median of %d), %.2f ms (p99)\n"), self->round_trip,
           N_ROUND_TRIPS, self->round_trip_worst);
  g_print (_ ("peak memory, both ends  %.1f MiB\n"), self->memory);
}

static gboolean
bench_run (ToolRun *run, gpointer data, GError **error)
{
  Bench             *self = data;
  const ToolOptions *options = tool_run_get_options (run);
  gboolean           measured;

  if (options->through)
    measured = measure_server (self, run, error);
  else
    measured = measure_loopback (self, run, error);
  if (measured)
    report (self, options);
  return measured;
}

int
tool_bench (int argc, char **argv)
{
  g_auto (ToolOptions) options = { 0 };
  g_autofree char     *size = NULL;
  Bench                self = { 0 };
  int                  status;
  const GOptionEntry   entries[] = {
      { "size", 0, 0, G_OPTION_ARG_STRING, &size,
        N_ ("Bytes to send, with K, M or G (default 64M, through a server 16M)"), N_ ("BYTES") },
      { NULL },
  };

  if (!tool_options_parse (&options,
                           TOOL_OPTIONS_THROUGH | TOOL_OPTIONS_OPEN | TOOL_OPTIONS_WINDOW |
                               TOOL_OPTIONS_TIMEOUT | TOOL_OPTIONS_QUIET | TOOL_OPTIONS_JSON,
                           entries, NULL,
                           _ ("Measures a session between two ends in this process, directly or "
                              "with --through between two clients of one account."),
                           NULL, &argc, &argv))
    return TOOL_EXIT_USAGE;
  if (argc != 1)
    return tool_output_usage_error ("bench", _ ("unexpected argument “%s”"), argv[1]);
  self.size = options.through ? SERVER_SIZE : LOOPBACK_SIZE;
  if (size != NULL && !tool_options_parse_size (size, &self.size))
    return tool_output_usage_error ("bench", _ ("--size is a number of bytes, not “%s”"), size);
  if (options.through && !tool_account_prepare (&self.account, &options))
    {
      tool_account_clear (&self.account);
      return TOOL_EXIT_FAILED;
    }
  self.pattern = g_malloc (STEP_SIZE);
  for (gsize i = 0; i < STEP_SIZE; i++)
    self.pattern[i] = (guint8) (i * 31 + i / 251);
  status = tool_run (&options, bench_run, &self);
  g_free (self.pattern);
  tool_account_clear (&self.account);
  return status;
}
