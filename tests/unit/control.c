/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/control.h"

#include <string.h>

#define PEER "romeo@montague.example/orchard"

static IBBStanza *
new_stanza (const char *type, IBBPayload payload, const char *id)
{
  return ibb_stanza_record_new (IBB_STANZA_IQ, type, payload, id, PEER);
}

static void
push_replies (IBBControl *control, gboolean refuse, guint n_ids)
{
  GQueue ids = G_QUEUE_INIT;

  for (guint i = 0; i < n_ids; i++)
    g_queue_push_tail (&ids, g_strdup_printf ("id-%u", i));
  ibb_control_push_replies (control, g_strdup (PEER), g_strdup ("here"), refuse, &ids);
  g_assert_cmpuint (g_queue_get_length (&ids), ==, 0);
}

static void
expect_pop (IBBControl *control, IBBPayload payload, const char *id)
{
  IBBStanza *stanza = ibb_control_pop (control);

  g_assert_nonnull (stanza);
  g_assert_cmpint (stanza->payload, ==, payload);
  g_assert_cmpstr (stanza->id, ==, id);
  g_assert_cmpstr (stanza->to, ==, PEER);
  ibb_stanza_record_unref (stanza);
}

/* Stanzas and replies leave in the order in which they were pushed. */
static void
test_order (void)
{
  IBBControl control = { .entries = G_QUEUE_INIT };

  ibb_control_push (&control, new_stanza ("set", IBB_PAYLOAD_OPEN, "first"));
  push_replies (&control, FALSE, 3);
  push_replies (&control, TRUE, 1);
  ibb_control_push (&control, new_stanza ("result", IBB_PAYLOAD_RESULT, "last"));
  g_assert_cmpuint (control.length, ==, 6);

  expect_pop (&control, IBB_PAYLOAD_OPEN, "first");
  expect_pop (&control, IBB_PAYLOAD_RESULT, "id-0");
  expect_pop (&control, IBB_PAYLOAD_RESULT, "id-1");
  g_assert_cmpuint (control.length, ==, 3);
  expect_pop (&control, IBB_PAYLOAD_RESULT, "id-2");
  expect_pop (&control, IBB_PAYLOAD_ERROR, "id-0");
  expect_pop (&control, IBB_PAYLOAD_RESULT, "last");
  g_assert_cmpuint (control.length, ==, 0);
  g_assert_null (ibb_control_pop (&control));
}

static void
test_refused (void)
{
  IBBControl            control = { .entries = G_QUEUE_INIT };
  g_autoptr (GPtrArray) stanzas =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_record_unref);
  IBBStanza *stanza;

  push_replies (&control, TRUE, 2);
  while ((stanza = ibb_control_pop (&control)) != NULL)
    {
      g_ptr_array_add (stanzas, stanza);
      g_assert_cmpstr (stanza->kind, ==, "error");
      g_assert_cmpint (stanza->condition, ==, IBB_CONDITION_ITEM_NOT_FOUND);
      g_assert_cmpint (stanza->error_type, ==, IBB_ERROR_TYPE_CANCEL);
      g_assert_cmpstr (stanza->from, ==, "here");
    }
  g_assert_cmpuint (stanzas->len, ==, 2);
}

/* The place behind a stanza is passed when that stanza has been popped, and not before. */
static void
test_passed (void)
{
  IBBControl control = { .entries = G_QUEUE_INIT };
  guint64    empty = ibb_control_get_end (&control);
  guint64    first, replies;

  g_assert_true (ibb_control_has_passed (&control, empty));
  ibb_control_push (&control, new_stanza ("set", IBB_PAYLOAD_OPEN, "first"));
  first = ibb_control_get_end (&control);
  push_replies (&control, FALSE, 2);
  replies = ibb_control_get_end (&control);
  g_assert_cmpuint (replies, ==, first + 2);

  g_assert_false (ibb_control_has_passed (&control, first));
  expect_pop (&control, IBB_PAYLOAD_OPEN, "first");
  g_assert_true (ibb_control_has_passed (&control, first));
  expect_pop (&control, IBB_PAYLOAD_RESULT, "id-0");
  g_assert_false (ibb_control_has_passed (&control, replies));
  expect_pop (&control, IBB_PAYLOAD_RESULT, "id-1");
  g_assert_true (ibb_control_has_passed (&control, replies));
  g_assert_cmpuint (ibb_control_get_end (&control), ==, replies);
}

/* The bytes of all that waits, of error replies, and of replies that are no stanzas yet. */
static void
test_sizes (void)
{
  IBBControl control = { .entries = G_QUEUE_INIT };
  gsize      open, error;

  ibb_control_push (&control, new_stanza ("set", IBB_PAYLOAD_OPEN, "first"));
  open = control.size;
  g_assert_cmpuint (open, >=, sizeof (IBBStanza) + strlen ("first") + strlen (PEER) + 64);
  g_assert_cmpuint (control.errors, ==, 0);

  ibb_control_push (&control, new_stanza ("error", IBB_PAYLOAD_ERROR, "second"));
  error = control.size - open;
  g_assert_cmpuint (error, >, 0);
  g_assert_cmpuint (control.errors, ==, error);
  g_assert_cmpuint (control.replies, ==, 0);

  push_replies (&control, TRUE, 100);
  g_assert_cmpuint (control.replies, >=, 100 * strlen ("id-0"));
  g_assert_cmpuint (control.replies, <=, 100 * (64 + strlen ("id-99")));
  g_assert_cmpuint (control.size, ==, open + error + control.replies);
  /* An id takes much less than a stanza. */
  g_assert_cmpuint (control.replies / 100, <, error / 2);

  expect_pop (&control, IBB_PAYLOAD_OPEN, "first");
  g_assert_cmpuint (control.size, ==, error + control.replies);
  expect_pop (&control, IBB_PAYLOAD_ERROR, "second");
  g_assert_cmpuint (control.errors, ==, 0);
  g_assert_cmpuint (control.size, ==, control.replies);
  for (guint i = 0; i < 100; i++)
    ibb_stanza_record_unref (ibb_control_pop (&control));
  g_assert_cmpuint (control.replies, ==, 0);
  g_assert_cmpuint (control.size, ==, 0);
}

/* One stanza of exactly that size waits. */
static void
fill (IBBControl *control, const char *type, IBBPayload payload, gsize size)
{
  g_autofree char *id = NULL;

  ibb_control_clear (control);
  ibb_control_push (control, new_stanza (type, payload, ""));
  id = g_strnfill (size - control->size, 'x');
  ibb_control_clear (control);
  ibb_control_push (control, new_stanza (type, payload, id));
  g_assert_cmpuint (control->size, ==, size);
}

/* Each bound of D-47, to the byte. */
static void
test_bounds (void)
{
  IBBControl control = { .entries = G_QUEUE_INIT };
  IBBStanza *request = new_stanza ("set", IBB_PAYLOAD_DATA, "id");
  gsize      error;

  ibb_control_reply_error (&control, request, IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL, NULL);
  error = control.size;
  for (guint i = 0; i < 2; i++)
    {
      fill (&control, "set", IBB_PAYLOAD_OPEN, 256 * 1024 - 1 + i);
      ibb_control_repeat_result (&control, request);
      g_assert_cmpuint (control.length, ==, i == 0 ? 2 : 1);
      fill (&control, "error", IBB_PAYLOAD_ERROR, 512 * 1024 - error + i);
      ibb_control_reply_error (&control, request, IBB_CONDITION_GONE, IBB_ERROR_TYPE_CANCEL, NULL);
      g_assert_cmpuint (control.length, ==, i == 0 ? 2 : 1);
      fill (&control, "set", IBB_PAYLOAD_OPEN, 1024 * 1024 - 1 + i);
      g_assert_cmpint (ibb_control_is_backlogged (&control), ==, i);
      fill (&control, "set", IBB_PAYLOAD_OPEN, 2 * 1024 * 1024 - 1 + i);
      g_assert_cmpint (ibb_control_is_flooded (&control), ==, i);
    }
  ibb_control_clear (&control);
  ibb_stanza_record_unref (request);
}

static void
test_clear (void)
{
  IBBControl control = { .entries = G_QUEUE_INIT };

  ibb_control_push (&control, new_stanza ("error", IBB_PAYLOAD_ERROR, "first"));
  push_replies (&control, FALSE, 2);
  ibb_stanza_record_unref (ibb_control_pop (&control));
  ibb_control_clear (&control);
  g_assert_cmpuint (control.length + control.size + control.errors + control.replies, ==, 0);
  g_assert_null (ibb_control_pop (&control));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/control/order", test_order);
  g_test_add_func ("/ibb/control/refused", test_refused);
  g_test_add_func ("/ibb/control/passed", test_passed);
  g_test_add_func ("/ibb/control/sizes", test_sizes);
  g_test_add_func ("/ibb/control/bounds/D-47", test_bounds);
  g_test_add_func ("/ibb/control/clear", test_clear);
  return g_test_run ();
}
