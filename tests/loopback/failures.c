/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* B-06: each way to fail completes each call that waits, once, and with its code.
 * The peer is made by hand: it accepts the session and answers no block until the
 * call waits. */

#include "scenario.h"

/* How the peer, or we, end the session. */
typedef enum
{
  LOST,    /* the connection, which another one takes the place of (D-42) */
  RETRIES, /* every block is refused for a passing reason (D-26, F-08) */
  REFUSED, /* a block is, for good (N-27) */
  GONE,    /* the peer knows nothing of the session any more */
  GAP,     /* a block out of sequence (N-29) */
  UNCLEAN, /* the peer gives up (D-49) */
  STOPPED, /* our service is stopped */
  ABORTED, /* our end is (D-41) */
  N_FAILURES,
} Failure;

static const struct
{
  const char *path;
  gssize      outcome;
} failures[N_FAILURES] = {
  [LOST] = { "lost/D-42", NO (CONNECTION_CLOSED) },
  [RETRIES] = { "retries/D-26", NO (TIMED_OUT) },
  [REFUSED] = { "refused/N-27", NO (FAILED) },
  [GONE] = { "gone/N-27", NO (BROKEN_PIPE) },
  [GAP] = { "gap/N-29", NO (INVALID_DATA) },
  [UNCLEAN] = { "unclean/D-49", NO (CONNECTION_CLOSED) },
  [STOPPED] = { "stopped", NO (CLOSED) },
  [ABORTED] = { "aborted/D-41", NO (CLOSED) },
};

static const struct
{
  const char *name;
  Call        call;
} calls[] = {
  { "read", READ },   { "write", WRITE },       { "flush", FLUSH },
  { "drain", DRAIN }, { "shutdown", SHUTDOWN }, { "close-output", CLOSE_OUTPUT },
  { "close", CLOSE },
};

/* One line of the table. */
typedef struct
{
  Failure failure;
  guint   call;
  Manner  manner;
} Case;

typedef struct
{
  Fixture  fixture;
  char    *block;    /* (owned) (nullable): the id of the block that waits for its answer */
  guint    n_blocks; /* repetitions included */
  gboolean refuses;  /* every block, at once */
  gboolean got_close;
  guint    n_ended;
} Failing;

static void
send_result (Failing *self, const char *id)
{
  send_xml (self->fixture.juliet_connection, "<iq type='result' id='%s' to='" ROMEO "'/>", id);
}

static void
refuse_block (Failing *self, const char *condition, const char *type)
{
  g_autofree char *id = g_steal_pointer (&self->block);

  g_assert_nonnull (id);
  send_xml (self->fixture.juliet_connection,
            "<iq type='error' id='%s' to='" ROMEO "'><error type='%s'>"
            "<%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
            id, type, condition);
}

static gboolean
stanza_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  Failing         *self = data;
  g_autofree char *xml = ibb_stanza_to_xml (stanza);

  if (g_strcmp0 (ibb_stanza_get_kind (stanza), "set") != 0)
    return FALSE;
  if (strstr (xml, "<data ") != NULL)
    {
      g_assert_null (self->block); /* we have no feature: one at a time */
      self->block = g_strdup (ibb_stanza_get_id (stanza));
      self->n_blocks++;
      if (self->refuses)
        refuse_block (self, "resource-constraint", "wait");
      return TRUE;
    }
  self->got_close |= strstr (xml, "<close ") != NULL;
  send_result (self, ibb_stanza_get_id (stanza));
  return TRUE;
}

static void
ended_cb (IBBTransport *transport, GParamSpec *pspec, gpointer data)
{
  g_autoptr (GError) error = ibb_transport_dup_error (transport);

  g_assert_nonnull (error);
  ((Failing *) data)->n_ended++;
}

static void
set_up (Failing *self, gconstpointer data)
{
  fixture_set_up (&self->fixture, NULL);
  g_assert_finalize_object (g_steal_pointer (&self->fixture.juliet));
  g_object_set (self->fixture.romeo, "max-retries", 2, "initial-wait-time", 1, NULL);
  g_signal_connect (self->fixture.juliet_connection, "stanza-received", G_CALLBACK (stanza_cb),
                    self);
}

static void
tear_down (Failing *self, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (self->fixture.juliet_connection, self);
  fixture_tear_down (&self->fixture, NULL);
  g_free (self->block);
}

static IBBTransport *
open_session (Failing *self)
{
  GAsyncResult *opened = NULL;
  IBBTransport *transport;

  open_with_async (self->fixture.romeo, JULIET, IBB_STANZA_TYPE_IQ, 0, "sid", store_result_cb,
                   &opened);
  transport = assert_result (ibb_service_open_session_finish, self->fixture.romeo, &opened);
  return transport;
}

static void
fail (Failing *self, Failure failure, IBBTransport *transport)
{
  g_autoptr (IBBConnection) other = NULL;

  switch (failure)
    {
    case LOST:
      other = ibb_loopback_attach (self->fixture.loopback, ROMEO);
      break;
    case RETRIES:
      self->refuses = TRUE;
      refuse_block (self, "resource-constraint", "wait");
      break;
    case REFUSED:
      refuse_block (self, "not-allowed", "cancel");
      break;
    case GONE:
      refuse_block (self, "item-not-found", "cancel");
      break;
    case GAP:
      send_xml (self->fixture.juliet_connection,
                "<iq type='set' id='gap' to='" ROMEO "'>"
                "<data xmlns='http://jabber.org/protocol/ibb' sid='sid' seq='7'>QUJD</data></iq>");
      break;
    case UNCLEAN:
      send_xml (self->fixture.juliet_connection,
                "<iq type='set' id='close' to='" ROMEO "'><close xmlns='http://jabber.org/"
                "protocol/ibb' sid='sid' xmlns:x='urn:ibb-glib:1' x:unclean='true'/></iq>");
      break;
    case STOPPED:
      ibb_service_stop (self->fixture.romeo);
      break;
    case ABORTED:
      ibb_transport_abort (transport);
      break;
    case N_FAILURES:
    default:
      g_assert_not_reached ();
    }
}

static void
test_failure (Failing *self, gconstpointer data)
{
  const Case              *line = data;
  Call                     call = calls[line->call].call;
  gssize                   outcome = failures[line->failure].outcome;
  g_autoptr (IBBTransport) transport = open_session (self);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  End                      end = { .stream = G_IO_STREAM (transport), .cancellable = cancellable };
  Step                     begin = { BEGIN (call) | C, 5 };
  Step                     finish = { END (call) };
  Step                     read = { READ, 5 };
  Step                     write = { WRITE, 5 };

  g_signal_connect (transport, "notify::ended", G_CALLBACK (ended_cb), self);
  end.written = fill_output (transport);
  wait_until (self->block != NULL);

  /* A call that listens to its cancellable waits. */
  scenario_perform (&end, &begin, line->manner);
  wait_for_waiter (cancellable);
  fail (self, line->failure, transport);
  /* The peer takes part in the main context. */
  wait_until (self->n_ended > 0);
  g_assert_cmpint (scenario_perform (&end, &finish, line->manner), ==, outcome);
  run_pending (); /* GTask would complain of a second result */

  /* Each later call fails in the same way, and nothing stays behind. */
  g_assert_true (ibb_transport_has_ended (transport));
  error = ibb_transport_dup_error (transport);
  g_assert_nonnull (error);
  if (call != CLOSE)
    {
      g_assert_cmpint (scenario_perform (&end, &read, SYNC), ==, outcome);
      if (call != SHUTDOWN && call != CLOSE_OUTPUT)
        g_assert_cmpint (scenario_perform (&end, &write, SYNC), ==, outcome);
    }
  g_assert_cmpuint (self->n_ended, ==, 1);
  g_assert_cmpuint (self->n_blocks, ==, line->failure == RETRIES ? 3 : 1);
  g_assert_false (has_waiter (cancellable));
}

int
main (int argc, char **argv)
{
  static Case lines[N_FAILURES * G_N_ELEMENTS (calls) * 2];
  Case       *line = lines;

  test_init (&argc, &argv);
  for (Failure failure = 0; failure < N_FAILURES; failure++)
    for (guint call = 0; call < G_N_ELEMENTS (calls); call++)
      for (guint async = 0; async < 2; async++)
        {
          g_autofree char *path = NULL;

          /* After a close nobody looks at later blocks (D-51). */
          if (failure == GAP && calls[call].call == CLOSE)
            continue;
          path = g_strdup_printf ("/ibb/loopback/failures/B-06/%s/%s/%s", failures[failure].path,
                                  calls[call].name, async ? "async" : "thread");

          *line = (Case){ failure, call, async ? ASYNC : WORKER };
          g_test_add (path, Failing, line, set_up, test_failure, tear_down);
          line++;
        }
  return g_test_run ();
}
