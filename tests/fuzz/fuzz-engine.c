/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes as a schedule: what peers send, what the application does, when time
 * passes, what the connection takes. Whatever happens, in whatever order: each
 * request gets one reply at most, and exactly one in the end (N-20), and when all
 * is over nothing is left behind. */

#include "config.h"

#include "fuzz.h"

#include "core/base/jid.h"
#include "core/engine.h"
#include "engine-world.h"
#include "inside.h"

#include <string.h>

/* From so many bytes of errors that wait, requests stay unanswered (D-47). */
#define FLOOD (448 * 1024)

const char *const world_jids[] = {
  "romeo@montague.example/orchard",
  "Romeo@Montague.Example/orchard",
  "romeo@montague.example",
  "mallory@example.net/x",
  "juliet@capulet.example",
  OWN,
  "@/",
  NULL,
};

const char *const world_sids[] = { "a", "b", "c", "d", "e f", "", "\xc3\xa9", NULL };

const guint8 world_zeros[IBB_BLOCK_SIZE_MAX + 1];

guint
world_next (World *self)
{
  if (self->left == 0)
    return 0;

  self->left--;
  return *self->data++;
}

char *
world_get_key (const char *id, const char *jid)
{
  g_autofree char *normal = jid != NULL ? ibb_jid_normalize (jid) : NULL;

  return g_strdup_printf ("%s %s", id, normal != NULL ? normal : "");
}

/* Sessions and expectations. */

static void
add_session (World *self, IBBSession *session)
{
  for (guint i = 0; i < N_SESSIONS; i++)
    if (self->sessions[i] == NULL)
      {
        self->sessions[i] = session;
        return;
      }
  ibb_session_abort (session, self->driver.time);
  ibb_session_unref (session);
}

IBBSession *
world_pick_session (World *self)
{
  return self->sessions[world_next (self) % N_SESSIONS];
}

static void
take_events (World *self)
{
  IBBEvent event;

  while (ibb_engine_take_event (self->driver.engine, &event))
    {
      guint slot = GPOINTER_TO_UINT (event.expectation);

      if (slot > 0)
        {
          g_assert (self->expectations[slot - 1] != NULL);
          self->expectations[slot - 1] = NULL;
        }
      g_assert ((event.failure.kind != IBB_FAILURE_NONE) ==
                (event.type == IBB_EVENT_EXPECTATION_FAILED));
      if (event.type == IBB_EVENT_REQUESTED || event.type == IBB_EVENT_ACCEPTED ||
          event.type == IBB_EVENT_EXPECTED)
        add_session (self, g_steal_pointer (&event.session));
      ibb_event_clear (&event);
    }
}

static void
open_session (World *self)
{
  guint                  b = world_next (self);
  IBBFailure             failure = IBB_FAILURE_INIT;
  static const guint16   sizes[] = { 0, 1, 300, 65535 };
  g_autoptr (IBBSession) session = NULL;
  IBBOpen                open = {
                   .peer = world_jids[b & 3],
                   .by_message = (b >> 2) & 1,
                   .block_size = sizes[(b >> 3) & 3],
                   .sid = b >> 7 ? NULL : world_sids[(b >> 5) & 3],
  };

  session = ibb_engine_open (self->driver.engine, &open, self->driver.time, &failure);
  g_assert ((session == NULL) == (failure.kind != IBB_FAILURE_NONE));
  if (session != NULL)
    add_session (self, g_steal_pointer (&session));
  ibb_failure_clear (&failure);
}

static void
expect (World *self)
{
  guint           b = world_next (self);
  guint           slot = b & 3;
  IBBFailure      failure = IBB_FAILURE_INIT;
  IBBExpectation *old = g_steal_pointer (&self->expectations[slot]);

  if (old != NULL)
    ibb_acceptor_remove (&self->driver.engine->acceptor, old);
  else
    self->expectations[slot] = ibb_engine_expect (self->driver.engine,
                                                  &(IBBOpen){ .peer = world_jids[(b >> 2) & 3],
                                                              .sid = world_sids[(b >> 4) & 3],
                                                              .block_size = b >> 6 == 3 ? 300 : 0 },
                                                  GUINT_TO_POINTER (slot + 1), &failure);
  ibb_failure_clear (&failure);
}

static void
close_input (IBBSession *session, gint64 now)
{
  ibb_session_close_input (session);
}

static void
close_output (IBBSession *session, gint64 now)
{
  ibb_session_close_output (session);
}

/* The calls of the application for a session. */

static void
use_session (World *self)
{
  static void (*const calls[]) (IBBSession *, gint64) = {
    ibb_session_flush,           close_output,      close_input,
    ibb_session_shutdown_output, ibb_session_close, ibb_session_abort,
  };
  IBBSession *session = world_pick_session (self);
  guint       b = world_next (self);
  guint64     before;

  if (session == NULL)
    return;

  before = session->receiver.received;
  switch (b & 15)
    {
    case 0:
      ibb_session_accept (session, self->driver.time);
      break;
    case 1:
      ibb_session_refuse (session, b >> 4, b >> 7 ? "because" : NULL);
      break;
    case 2:
    case 3:
      {
        static const gsize sizes[] = { 1, 100, 5000, sizeof world_zeros };
        gsize              writable = ibb_session_get_writable (session);
        gsize n = ibb_session_write (session, world_zeros, sizes[(b >> 4) & 3], self->driver.time);

        g_assert (n <= writable && n <= sizes[(b >> 4) & 3]);
        g_assert ((n > 0) == (writable > 0));
      }
      break;
    case 4:
    case 5:
      {
        guint8 bytes[16384];
        gsize  readable = session->receiver.queue.length;
        gsize  wanted = b >> 4 < 2 ? 1 : sizeof bytes;
        gsize  n = ibb_session_read (session, bytes, wanted, self->driver.time);

        g_assert (n == MIN (readable, wanted));
      }
      break;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
    case 11:
      calls[(b & 15) - 6](session, self->driver.time);
      g_assert ((b & 15) < 11 || ibb_session_get_state (session) == IBB_SESSION_ENDED);
      break;
    case 12:
      ibb_session_set_auto_flush (session, b >> 4 & 1, self->driver.time);
      break;
    case 13:
      ibb_session_abort_with_reason (session, IBB_CONDITION_GONE, "\x80\n", self->driver.time);
      g_assert (ibb_session_get_state (session) == IBB_SESSION_ENDED);
      break;
    case 14:
    default:
      /* The last reference: what was not closed is aborted first. */
      for (guint i = 0; i < N_SESSIONS; i++)
        if (self->sessions[i] == session)
          self->sessions[i] = NULL;
      if (!session->closing.is_whole)
        ibb_session_abort (session, self->driver.time);
      ibb_session_unref (session);
      return;
    }
  g_assert (session->receiver.received == before);
}

#define FIELD(name) G_STRUCT_OFFSET (IBBSettings, name)

static void
change_settings (World *self)
{
  static const guint values[] = { 0, 1, 2, 5, 300, 4096, 65535, 1000000 };
  static const struct
  {
    gsize    offset;
    gsize    second;  /* (nullable): another that gets the same value */
    guint    modulus; /* 0: any value */
    gboolean is_size; /* of a block: 1 to 65535 */
  } fields[] = {
    [0] = { FIELD (session_limit), 0, 0, FALSE },
    [1] = { FIELD (max_retries), 0, 8, FALSE },
    [2] = { FIELD (initial_wait_time), 0, 0, FALSE },
    [4] = { FIELD (default_block_size), 0, 0, TRUE },
    [5] = { FIELD (max_block_size), 0, 0, TRUE },
    [6] = { FIELD (block_size_fallback), 0, 2, FALSE },
    [11] = { FIELD (open_timeout), FIELD (accept_timeout), 0, FALSE },
    [12] = { FIELD (peer_timeout), 0, 0, FALSE },
    [13] = { FIELD (half_close), FIELD (strict), 2, FALSE },
  };
  IBBSettings *settings = &self->driver.engine->context->settings;
  gsize *sizes[] = { &settings->window, &settings->send_buffer_size, &settings->receive_buffer_size,
                     &settings->receive_memory_limit };
  guint  b = world_next (self);
  guint  value = values[b >> 5];
  guint  which = b & 15;

  if (which == 3)
    settings->wait_backoff_factor = 1.0 + value / 10.0;
  else if (which >= 7 && which <= 10)
    *sizes[which - 7] = value;
  else if (which == 14)
    self->driver.engine->context->named_limit = value;
  else if (which == 15)
    self->driver.engine->acceptor.listen = value % 3;
  else
    {
      if (fields[which].modulus > 0)
        value %= fields[which].modulus;
      if (fields[which].is_size)
        value = CLAMP (value, 1, IBB_BLOCK_SIZE_MAX);
      G_STRUCT_MEMBER (guint, settings, fields[which].offset) = value;
      if (fields[which].second != 0)
        G_STRUCT_MEMBER (guint, settings, fields[which].second) = value;
    }
  ibb_engine_settings_changed (self->driver.engine, self->driver.time);
}

/* Checks a stanza that the engine sends. */

/* Returns the request that a reply is for, as a key: from the address of the reply or, since a peer
 * that has moved is answered where it is now (D-58), from another resource of that account. */
static char *
find_request (World *self, const IBBStanza *reply)
{
  g_autofree char *key = world_get_key (reply->id, reply->to);
  gsize            length = strcspn (key, "/");
  GHashTableIter   iter;
  gpointer         other;

  if (g_hash_table_contains (self->replies, key))
    return g_steal_pointer (&key);

  g_hash_table_iter_init (&iter, self->replies);
  while (g_hash_table_iter_next (&iter, &other, NULL))
    if (strcspn (other, "/") == length && strncmp (other, key, length) == 0)
      return g_strdup (other);
  return NULL;
}

static void
check_reply (World *self, IBBStanza *stanza)
{
  char *key = find_request (self, stanza);
  guint n;

  g_assert (key != NULL);
  n = GPOINTER_TO_UINT (g_hash_table_lookup (self->replies, key));
  if (n == 1)
    g_hash_table_remove (self->replies, key);
  else
    g_hash_table_insert (self->replies, g_strdup (key), GUINT_TO_POINTER (n - 1));
  g_free (key);
}

static void
check_stanza (World *self, IBBStanza *stanza)
{
  switch (stanza->payload)
    {
    case IBB_PAYLOAD_ERROR:
      g_assert (stanza->text == NULL || stanza->name == IBB_STANZA_IQ);
      if (stanza->name == IBB_STANZA_IQ)
        check_reply (self, stanza);
      return;
    case IBB_PAYLOAD_RESULT:
      g_assert (stanza->name == IBB_STANZA_IQ);
      check_reply (self, stanza);
      return;
    case IBB_PAYLOAD_DATA:
      g_assert (stanza->seq_valid && stanza->bytes != NULL);
      g_assert (g_bytes_get_size (stanza->bytes) > 0); /* D-21: never empty */
      g_assert (!stanza->has_rules ||
                stanza->name == IBB_STANZA_MESSAGE); /* N-31: no IQ has rules */
      break;
    case IBB_PAYLOAD_OPEN:
      g_assert (stanza->block_size >= 1 && stanza->block_size <= IBB_BLOCK_SIZE_MAX);
      break;
    case IBB_PAYLOAD_PING:
      g_assert (ibb_stanza_record_is_kind (stanza, "get"));
      g_assert (g_strcmp0 (stanza->to, "capulet.example") == 0); /* D-50: our own server */
      break;
    case IBB_PAYLOAD_RESUME:
      g_assert (stanza->has_position && stanza->acknowledged <= stanza->received);
      g_assert (stanza->proof != NULL);
      break;
    case IBB_PAYLOAD_CLOSE:
    case IBB_PAYLOAD_DISCO_QUERY:
      break;
    case IBB_PAYLOAD_OTHER:
    case IBB_PAYLOAD_UNKNOWN:
    case IBB_PAYLOAD_DISCO_INFO:
    default:
      g_assert_not_reached ();
    }

  g_assert (stanza->id != NULL && stanza->to != NULL);
  g_clear_pointer (&self->taken[self->n_taken % N_TAKEN], ibb_stanza_record_unref);
  self->taken[self->n_taken++ % N_TAKEN] = ibb_stanza_record_ref (stanza);
}

static void
take (World *self, guint n)
{
  self->flooded |= self->driver.engine->context->control.errors >= FLOOD;
  while (n-- > 0)
    {
      IBBStanza *stanza = driver_take (&self->driver);

      if (stanza == NULL)
        return;
      check_stanza (self, stanza);
      g_queue_push_tail (&self->unsent, stanza);
    }
}

static void
report (World *self, guint n, gboolean failed)
{
  while (n-- > 0 && !g_queue_is_empty (&self->unsent))
    {
      IBBStanza *stanza = g_queue_pop_head (&self->unsent);

      if (failed)
        ibb_engine_send_failed (self->driver.engine, stanza, self->driver.time);
      else
        ibb_engine_sent (self->driver.engine, stanza, self->driver.time);
      ibb_stanza_record_unref (stanza);
    }
}

static void
connection (World *self)
{
  guint b = world_next (self);

  switch (b & 7)
    {
    case 0:
      take (self, 1 + (b >> 3));
      break;
    case 1:
      report (self, 1 + (b >> 3), FALSE);
      break;
    case 2:
      report (self, 1, TRUE);
      break;
    case 3:
      if (b >> 3 == 7)
        {
          self->lost = self->was_lost = TRUE;
          ibb_engine_lost (self->driver.engine);
        }
      else if (self->lost && b >> 3 > 7)
        {
          self->lost = FALSE;
          ibb_engine_restored (self->driver.engine);
        }
      break;
    case 4:
      if (b >> 3 >= 30)
        ibb_engine_stop (self->driver.engine, b >> 3 & 1, self->driver.time);
      break;
    default:
      take (self, 1000);
      report (self, 1000, FALSE);
      break;
    }
}

static void
pass_time (World *self)
{
  static const gint64 milliseconds[] = { 0,    1,    20,    250,   1000,  1200,   4000, 4001,
                                         5000, 9999, 10000, 30000, 60000, 300000, 0,    0 };
  guint               b = world_next (self);

  if ((b & 15) < 14)
    self->driver.time += milliseconds[b & 15] * 1000;
  else if (ibb_engine_get_wake_time (self->driver.engine) != G_MAXINT64)
    self->driver.time = ibb_engine_get_wake_time (self->driver.engine);
  ibb_engine_advance (self->driver.engine, self->driver.time);
  g_assert (ibb_engine_get_wake_time (self->driver.engine) > self->driver.time);
}

/* The last bytes are for interruptions, so that the others mean the same as before there were. */
#define N_PLAIN 240

static void
step (World *self)
{
  guint b = world_next (self);

  switch (b < N_PLAIN ? b % 12 : 12 + b % 4)
    {
    case 12:
      world_interrupt (self);
      break;
    case 13:
    case 14:
    case 15:
      peers_receive_resume (self);
      break;
    case 0:
      pass_time (self);
      break;
    case 1:
      open_session (self);
      break;
    case 2:
      expect (self);
      break;
    case 3:
    case 4:
      use_session (self);
      break;
    case 5:
      change_settings (self);
      break;
    case 6:
      peers_receive_any (self);
      break;
    case 7:
      peers_receive_data (self, FALSE);
      break;
    case 8:
      peers_receive_data (self, TRUE);
      break;
    case 9:
      peers_receive_close (self);
      break;
    case 10:
      peers_receive_replies (self);
      break;
    case 11:
    default:
      connection (self);
      break;
    }
  take_events (self);
  self->was_lost |= world_has_interrupted (self);
}

/* Ends everything: sessions are closed or aborted, the service is stopped or lost, nobody
 * answers. */
static void
finish (World *self, guint how)
{
  IBBSettings *settings = &self->driver.engine->context->settings;
  guint        n_steps = 0;

  ibb_engine_resume (self->driver.engine, self->driver.time);
  if (how & 1)
    for (guint i = 0; i < N_SESSIONS; i++)
      if (self->sessions[i] != NULL)
        {
          if (how & 2)
            ibb_session_close (self->sessions[i], self->driver.time);
          else
            ibb_session_shutdown_output (self->sessions[i], self->driver.time);
        }
  for (guint i = 0; (how & 4) && i < 5; i++)
    {
      take (self, 1000);
      report (self, 1000, FALSE);
      for (guint j = N_TAKEN; j-- > 0;)
        peers_reply (self, j, 0, 0);
    }
  take_events (self);

  if (how & 8)
    {
      self->lost = self->was_lost = TRUE;
      ibb_engine_lost (self->driver.engine);
    }
  else
    ibb_engine_stop (self->driver.engine, how & 16, self->driver.time);
  take_events (self);

  /* Nobody is there any more: silence ends open sessions (D-27), unless it is waited for without
   * end. Sessions that wait for our own application have to be ended here. */
  if (settings->peer_timeout == 0)
    settings->peer_timeout = 1000;
  if (settings->resume_timeout == 0)
    settings->resume_timeout = 1000;
  ibb_engine_settings_changed (self->driver.engine, self->driver.time);
  while (ibb_engine_get_wake_time (self->driver.engine) != G_MAXINT64)
    {
      g_assert (n_steps++ < 10000);
      self->driver.time = ibb_engine_get_wake_time (self->driver.engine);
      ibb_engine_advance (self->driver.engine, self->driver.time);
      g_assert (ibb_engine_get_wake_time (self->driver.engine) > self->driver.time);
      take (self, 1000);
      report (self, 1000, FALSE);
      take_events (self);
    }
  for (guint i = 0; i < N_SESSIONS; i++)
    if (self->sessions[i] != NULL)
      ibb_session_abort (self->sessions[i], self->driver.time);
  take_events (self);
  take (self, 10000);
  report (self, 10000, FALSE);

  g_assert (g_hash_table_size (self->driver.engine->context->sessions) == 0);
  g_assert (self->driver.engine->context->memory.n_sharers == 0);
  g_assert (self->driver.engine->context->memory.unread == 0);
  for (guint i = 0; i < N_EXPECTATIONS; i++)
    g_assert (self->expectations[i] == NULL);

  /* The last aborts may have left abandoned opens, which expire. */
  self->driver.time += G_GINT64_CONSTANT (3600) * G_USEC_PER_SEC;
  ibb_engine_advance (self->driver.engine, self->driver.time);
  g_assert (g_hash_table_size (self->driver.engine->context->pendings) == 0);
  g_assert (inside_get_n_timers (self->driver.engine) == 0);
  g_assert (ibb_engine_take_stanza (self->driver.engine, self->driver.time) == NULL);
  if (!self->was_lost && !self->flooded && !self->repeated)
    g_assert (g_hash_table_size (self->replies) == 0); /* all are answered (N-20) */
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  World        self = { .data = data, .left = size };
  IBBSettings *settings;
  guint        how;

  if (size < 2 || size > 4096)
    return 0;

  driver_init (&self.driver, OWN, NULL, (Random){ 0 });
  self.driver.hold_sent = TRUE;
  settings = &self.driver.engine->context->settings;
  self.replies = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  how = world_next (&self);
  self.driver.engine->acceptor.listen = how >> 5 & 1 ? IBB_LISTEN_ASK : IBB_LISTEN_ACCEPT;
  settings->session_limit = 8;
  settings->resume_sessions = TRUE;
  if (how >> 6 & 1)
    settings->window = 100000;
  if (how >> 7 & 1)
    settings->receive_buffer_size = 300;

  while (self.left > 0)
    step (&self);
  finish (&self, how);

  for (guint i = 0; i < N_SESSIONS; i++)
    g_clear_pointer (&self.sessions[i], ibb_session_unref);
  for (guint i = 0; i < N_TAKEN; i++)
    g_clear_pointer (&self.taken[i], ibb_stanza_record_unref);
  g_queue_clear_full (&self.unsent, (GDestroyNotify) ibb_stanza_record_unref);
  driver_clear (&self.driver);
  g_hash_table_unref (self.replies);
  return 0;
}
