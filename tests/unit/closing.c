/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The table of closing.c: what each event does in each pair of states. */

#include "config.h"

#include "core/session/closing.h"

typedef struct
{
  const char      *next[4]; /* by the state of the peer's direction: "out in"; NULL: the same */
  IBBClosingAction actions[4];
} Row;

typedef struct
{
  const char     *name;
  IBBClosingEvent event;
  Row             rows[5]; /* by the state of our direction */
} Case;

static const char *const outs[] = { "open", "draining", "shut", "sent", "ended" };
static const char *const ins[] = { "open", "owed", "closed", "ended" };

static const Case cases[] = {
  { "shutdown",
    IBB_CLOSING_ON_SHUTDOWN,
    { { { "shut open", "shut owed" }, { 0 } }, { { "shut open", "shut owed" }, { 0 } } } },
  { "close", IBB_CLOSING_ON_CLOSE, { { { "draining open", "draining owed" }, { 0 } } } },
  { "peer-close",
    IBB_CLOSING_ON_PEER_CLOSE,
    { { { "open owed" }, { IBB_CLOSING_DO_OWE } },
      { { "draining owed" }, { IBB_CLOSING_DO_OWE } },
      { { "shut owed" }, { IBB_CLOSING_DO_OWE } },
      { { "sent closed" }, { IBB_CLOSING_DO_ANSWER } } } },
  { "stop", IBB_CLOSING_ON_STOP, { { { NULL, "draining owed" }, { 0 } } } },
  { "drained",
    IBB_CLOSING_ON_DRAINED,
    { { { NULL }, { 0 } },
      { { "sent open", "ended ended" }, { IBB_CLOSING_DO_SEND, IBB_CLOSING_DO_ANSWER } },
      { { "sent open", "ended ended" }, { IBB_CLOSING_DO_SEND, IBB_CLOSING_DO_ANSWER } } } },
};

static void
check_step (const Case *test, guint out, guint in)
{
  IBBClosingStep   step = ibb_closing_get_step (out, in, test->event);
  g_autofree char *before = g_strdup_printf ("%s %s", outs[out], ins[in]);
  g_autofree char *after = g_strdup_printf ("%s %s", outs[step.out], ins[step.in]);
  const char      *expected = test->rows[out].next[in];

  g_test_message ("%s: %s", test->name, before);
  g_assert_cmpstr (after, ==, expected != NULL ? expected : before);
  g_assert_cmpint (step.action, ==, test->rows[out].actions[in]);
}

static void
test_table (gconstpointer data)
{
  for (guint out = 0; out < G_N_ELEMENTS (outs); out++)
    for (guint in = 0; in < G_N_ELEMENTS (ins); in++)
      check_step (data, out, in);
}

static void
test_end (void)
{
  for (guint out = 0; out < G_N_ELEMENTS (outs); out++)
    for (guint in = 0; in < G_N_ELEMENTS (ins); in++)
      {
        IBBClosingStep step = ibb_closing_get_step (out, in, IBB_CLOSING_ON_END);

        g_assert_cmpint (step.out, ==, IBB_OUT_ENDED);
        g_assert_cmpint (step.in, ==, IBB_IN_ENDED);
        g_assert_cmpint (step.action, ==, IBB_CLOSING_DO_NOTHING);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/core/closing/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_table);
    }
  g_test_add_func ("/core/closing/end", test_end);
  return g_test_run ();
}
