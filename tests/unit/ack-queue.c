/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The counting of XEP-0198. */

#include "config.h"

#include "xmpp/management/ack-queue.h"

#include "core/base/stanza.h"

static IBBStanza *
make_stanza (guint number)
{
  g_autofree char *id = g_strdup_printf ("%u", number);

  return ibb_stanza_record_new (IBB_STANZA_MESSAGE, NULL, IBB_PAYLOAD_OTHER, id, "a@example.org");
}

static void
push (IBBAckQueue *queue, guint first, guint n, gboolean is_awaited)
{
  for (guint i = 0; i < n; i++)
    {
      IBBStanza *stanza = make_stanza (first + i);

      ibb_ack_queue_push (queue, stanza, is_awaited);
      ibb_stanza_unref (stanza);
    }
}

/* Sends up to n of what waits; each has to be the one that follows. */
static void
send (IBBAckQueue *queue, guint first, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", first + i);
      IBBStanza       *stanza = ibb_ack_queue_get_next (queue);

      g_assert_nonnull (stanza);
      g_assert_cmpstr (stanza->id, ==, id);
      ibb_ack_queue_note_sent (queue);
    }
}

static void
assert_awaited (GQueue *awaited, guint first, guint n)
{
  g_assert_cmpuint (awaited->length, ==, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *id = g_strdup_printf ("%u", first + i);
      IBBStanza       *stanza = g_queue_pop_head (awaited);

      g_assert_cmpstr (stanza->id, ==, id);
      ibb_stanza_unref (stanza);
    }
}

/* The counter goes from 4294967295 to 0. */
static void
test_wrap (void)
{
  g_autoptr (IBBAckQueue) queue = ibb_ack_queue_new (G_MAXUINT32 - 1);
  GQueue                  awaited = G_QUEUE_INIT;

  push (queue, 0, 4, TRUE);
  send (queue, 0, 4);
  g_assert_cmpuint (ibb_ack_queue_get_sent (queue), ==, 2);
  g_assert_false (ibb_ack_queue_acknowledge (queue, 3, &awaited));
  g_assert_true (ibb_ack_queue_acknowledge (queue, G_MAXUINT32, &awaited));
  assert_awaited (&awaited, 0, 1);
  g_assert_true (ibb_ack_queue_acknowledge (queue, 1, &awaited));
  assert_awaited (&awaited, 1, 2);
  g_assert_false (ibb_ack_queue_acknowledge (queue, G_MAXUINT32, &awaited));
  g_assert_true (ibb_ack_queue_acknowledge (queue, 2, &awaited));
  assert_awaited (&awaited, 3, 1);
}

/* Seldom, one at a time, and at once for who waits. */
static void
test_requests (void)
{
  g_autoptr (IBBAckQueue) queue = ibb_ack_queue_new (0);
  GQueue                  awaited = G_QUEUE_INIT;

  push (queue, 0, 200, FALSE);
  send (queue, 0, 31);
  g_assert_false (ibb_ack_queue_wants_request (queue));
  send (queue, 31, 1);
  g_assert_true (ibb_ack_queue_wants_request (queue));
  ibb_ack_queue_note_request (queue);
  send (queue, 32, 100);
  g_assert_false (ibb_ack_queue_wants_request (queue));
  g_assert_true (ibb_ack_queue_is_asked (queue));
  g_assert_true (ibb_ack_queue_acknowledge (queue, 32, &awaited));
  g_assert_true (ibb_ack_queue_wants_request (queue));
  ibb_ack_queue_note_request (queue);
  g_assert_true (ibb_ack_queue_acknowledge (queue, 132, &awaited));
  g_assert_false (ibb_ack_queue_wants_request (queue));
  send (queue, 132, 68);
  ibb_ack_queue_note_request (queue);
  g_assert_true (ibb_ack_queue_acknowledge (queue, 200, &awaited));

  push (queue, 200, 1, TRUE);
  g_assert_false (ibb_ack_queue_wants_request (queue)); /* not sent so far */
  send (queue, 200, 1);
  g_assert_true (ibb_ack_queue_wants_request (queue));
}

/* Memory: what is unacknowledged is bounded by who asks is_full. */
static void
test_full (void)
{
  g_autoptr (IBBAckQueue) queue = ibb_ack_queue_new (0);
  GQueue                  awaited = G_QUEUE_INIT;
  IBBStanza              *stanza = make_stanza (0);
  guint                   n = 0;

  stanza->bytes = g_bytes_new_take (g_malloc0 (65536), 65536);
  while (!ibb_ack_queue_is_full (queue))
    {
      ibb_ack_queue_push (queue, stanza, TRUE);
      n++;
    }
  g_assert_cmpuint (n, <=, IBB_ACK_QUEUE_MAX / 65536);
  ibb_ack_queue_note_sent (queue);
  ibb_ack_queue_note_sent (queue);
  g_assert_true (ibb_ack_queue_wants_request (queue)); /* of so many bytes two are enough */
  g_assert_true (ibb_ack_queue_acknowledge (queue, 1, &awaited));
  g_assert_false (ibb_ack_queue_is_full (queue));
  ibb_ack_queue_give_up (queue, &awaited);
  g_assert_cmpuint (awaited.length, ==, n);
  g_queue_clear_full (&awaited, (GDestroyNotify) ibb_stanza_unref);
  g_assert_true (ibb_ack_queue_is_empty (queue));

  while (!ibb_ack_queue_is_full (queue)) /* small ones cost too */
    push (queue, 0, 1000, FALSE);
  ibb_stanza_unref (stanza);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/ack-queue/wrap", test_wrap);
  g_test_add_func ("/ibb/ack-queue/requests", test_requests);
  g_test_add_func ("/ibb/ack-queue/full", test_full);

  return g_test_run ();
}
