/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What delayed acknowledgements count for (D-23). */

#include "config.h"

#include "core/receive/acks.h"

/* A block of 10 bytes. */
static IBBStanza *
new_block (gsize id_length)
{
  g_autofree char *id = g_strnfill (id_length, 'x');
  IBBStanza       *block = ibb_stanza_record_new (IBB_STANZA_IQ, "set", IBB_PAYLOAD_DATA, id, NULL);

  block->bytes = g_bytes_new ("0123456789", 10);
  return block;
}

/* An id counts in full, unless it is short. */
static void
test_cost (void)
{
  static const gsize costs[][2] = { { 0, 10 }, { 64, 10 }, { 65, 75 }, { 1000, 1010 } };

  for (guint i = 0; i < G_N_ELEMENTS (costs); i++)
    {
      IBBStanza *block = new_block (costs[i][0]);

      g_assert_cmpuint (ibb_acks_get_cost (block), ==, costs[i][1]);
      ibb_stanza_record_unref (block);
    }
}

/* Records are counted until the acknowledgement is queued, or forgotten. */
static void
test_records (void)
{
  IBBContext   *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));
  IBBParameters parameters = { .context = context, .is_own_jid = TRUE, .pattern = new_block (1) };
  IBBAcks       self = { 0 };
  gsize         first = 0;

  ibb_acks_init (&self, &parameters);
  for (guint i = 0; i < 3; i++)
    {
      IBBStanza *block = new_block (i + 1);

      ibb_acks_add (&self, block, 10 * (i + 1), i);
      ibb_acks_note_digest (&self, i + 1);
      ibb_stanza_record_unref (block);
      if (i == 0)
        first = self.records;
    }
  g_assert_cmpuint (first, <=, 192 + 1);
  g_assert_cmpuint (self.blocks.length, ==, 3);
  g_assert_cmpuint (self.bytes, ==, 30);
  g_assert_cmpuint (self.records, ==, 3 * first + 3);
  g_assert_cmpuint (context->memory.records, ==, 3 * first + 3);

  ibb_acks_send_first (&self, NULL);
  g_assert_cmpuint (self.sent_to, ==, 10);
  g_assert_cmpuint (ibb_acks_get_first_end (&self), ==, 20);
  g_assert_cmpint (ibb_acks_get_first_arrival (&self), ==, 1);
  g_assert_cmpuint (g_hash_table_size (self.digests), ==, 2);
  g_assert_true (ibb_acks_contain (&self, 2));
  ibb_acks_set_waiting (&self, TRUE);
  g_assert_cmpuint (g_queue_get_length (&context->memory.waiting), ==, 1);
  ibb_acks_clear (&self);
  g_assert_cmpuint (g_queue_get_length (&context->memory.waiting), ==, 0);
  g_assert_cmpuint (self.blocks.length + self.bytes, ==, 0);
  g_assert_cmpuint (self.records + context->memory.records, ==, 0);
  g_assert_false (ibb_acks_contain (&self, 2));
  ibb_stanza_record_unref (parameters.pattern);
  ibb_context_unref (context);
}

/* A session without blocks waits for no memory, as one that has ended. */
static void
test_waiting (void)
{
  IBBContext   *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));
  IBBParameters parameters = { .context = context, .is_own_jid = TRUE, .pattern = new_block (1) };
  IBBAcks       self = { 0 };
  IBBStanza    *block = new_block (1);

  ibb_acks_init (&self, &parameters);
  ibb_acks_add (&self, block, 10, 0);
  ibb_acks_set_waiting (&self, TRUE);
  g_assert_cmpuint (g_queue_get_length (&context->memory.waiting), ==, 1);
  ibb_acks_send_all (&self, 0);
  g_assert_cmpuint (g_queue_get_length (&context->memory.waiting), ==, 0);
  ibb_stanza_record_unref (block);
  ibb_acks_clear (&self);
  ibb_stanza_record_unref (parameters.pattern);
  ibb_context_unref (context);
}

/* What is refused was not acknowledged. */
static void
test_refused (void)
{
  IBBContext   *context = ibb_context_new (NULL, NULL, g_hash_table_new (NULL, NULL));
  IBBParameters parameters = { .context = context, .is_own_jid = TRUE, .pattern = new_block (1) };
  IBBAcks       self = { 0 };
  IBBStanza    *block = new_block (1);

  ibb_acks_init (&self, &parameters);
  for (guint i = 1; i <= 3; i++)
    ibb_acks_add (&self, block, 10 * i, 0);
  ibb_acks_send_all (&self, 20);
  g_assert_cmpuint (self.sent_to, ==, 20);
  g_assert_true (self.has_refused);
  for (guint i = 1; i <= 3; i++)
    {
      IBBStanza *reply = ibb_control_pop (&context->control);

      g_assert_cmpint (reply->payload, ==, i < 3 ? IBB_PAYLOAD_RESULT : IBB_PAYLOAD_ERROR);
      ibb_stanza_record_unref (reply);
    }
  ibb_stanza_record_unref (block);
  ibb_acks_clear (&self);
  ibb_stanza_record_unref (parameters.pattern);
  ibb_context_unref (context);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/acks/cost/D-23", test_cost);
  g_test_add_func ("/ibb/acks/records/D-23", test_records);
  g_test_add_func ("/ibb/acks/waiting/D-23", test_waiting);
  g_test_add_func ("/ibb/acks/refused/D-51", test_refused);
  return g_test_run ();
}
