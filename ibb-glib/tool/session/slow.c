/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/slow.h"

#include "tool/session/server.h"
#include "tool/words/jid.h"
#include "tool/words/report.h"

#define PEERS_ADVICE                                                                               \
  _ ("The server limits other servers or its clients, or the other end is slow: its "              \
     "administrator can raise “limits” (Prosody) or “shaper” (ejabberd).")
#define UNKNOWN_ADVICE _ ("See what “ibb doctor” finds.")

typedef struct
{
  IBBConnection *connection; /* (owned) */
  char          *own;        /* domains */
  char          *peers;
  char          *peer;
  ToolSlow       slow;
} Job;

static void
job_free (Job *self)
{
  g_object_unref (self->connection);
  g_free (self->own);
  g_free (self->peers);
  g_free (self->peer);
  g_free (self);
}

/* Whether bytes wait before our own server has read them: a ping waits behind them, for about the
 * time in which as many are acknowledged as are in flight. FALSE with an error: nobody knows. */
static gboolean
is_near (Job *self, GError **error)
{
  double time = (double) self->slow.in_flight * G_USEC_PER_SEC / (double) self->slow.rate;
  gint64 ping = tool_server_measure_round_trip (self->connection, self->own, NULL, error);

  return ping >= 0 && (double) ping * 2 >= time;
}

static gpointer
explain_thread (gpointer data)
{
  Job               *self = data;
  g_autoptr (GError) error = NULL;
  gboolean           near = is_near (self, &error);
  const char        *domain = near ? self->own : self->peers;
  g_autofree char   *software = NULL;
  ToolSlowness       told = {
          .peer = self->peer,
          .rate = self->slow.rate,
          .seconds = (double) self->slow.left / (double) self->slow.rate,
          .advice = near ? TOOL_SERVER_CLIENTS_ADVICE : PEERS_ADVICE,
  };

  if (error != NULL)
    told.advice = UNKNOWN_ADVICE;
  else
    {
      software = tool_server_dup_software (self->connection, domain, NULL);
      told.server = domain;
      told.software = software;
    }
  tool_report_slow (&told);
  job_free (self);
  return NULL;
}

void
tool_slow_explain (IBBConnection *connection, IBBTransport *transport, const ToolSlow *slow)
{
  g_autofree char *local = ibb_transport_dup_local_jid (transport);
  Job             *job = g_new0 (Job, 1);

  job->connection = g_object_ref (connection);
  job->peer = ibb_transport_dup_peer_jid (transport);
  job->own = tool_jid_dup_domain (local);
  job->peers = tool_jid_dup_domain (job->peer);
  job->slow = *slow;
  g_thread_unref (g_thread_new ("slow", explain_thread, job));
}
