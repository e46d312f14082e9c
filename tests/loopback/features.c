/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The features of aioxmpp and mellium, one by one (protocol.md, "Features of aioxmpp and
 * mellium"). */

#include "fixture.h"

/* F-01, F-09, F-10, F-22, F-29: both stanza types, a size and a name that the caller
 * chooses, and both ends tell what was agreed. */
static void
test_properties (Fixture *fixture, gconstpointer data)
{
  static const IBBStanzaType types[] = { IBB_STANZA_TYPE_IQ, IBB_STANZA_TYPE_MESSAGE };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_autoptr (IBBTransport) romeo = NULL;
      g_autoptr (IBBTransport) juliet = NULL;

      ibb_service_accept_async (fixture->juliet, NULL, NULL, NULL); /* somebody listens */
      romeo = assert_succeeds (open_with, fixture->romeo, JULIET, types[i], 1234, "a.name");
      g_assert_true (G_IS_IO_STREAM (romeo));
      g_assert_cmpstr (ibb_transport_get_sid (romeo), ==, "a.name");
      g_assert_cmpuint (ibb_transport_get_block_size (romeo), ==, 1234);
      g_assert_cmpint (ibb_transport_get_stanza_type (romeo), ==, types[i]);
      g_assert_cmpstr (ibb_transport_get_local_jid (romeo), ==, ROMEO);
      g_assert_cmpstr (ibb_transport_get_peer_jid (romeo), ==, JULIET);
      run_pending ();
    }
}

/* F-06, F-10: the accepting end sees the same, from the signal too. */
static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  IBBTransport **accepted = data;

  g_assert_null (*accepted);
  *accepted = g_object_ref (transport);
}

static void
test_accepted (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (accepted_cb), &juliet);
  romeo = assert_succeeds (open_with, fixture->romeo, JULIET, IBB_STANZA_TYPE_MESSAGE, 77, NULL);
  wait_until (juliet != NULL);
  g_assert_cmpstr (ibb_transport_get_sid (juliet), ==, ibb_transport_get_sid (romeo));
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 77);
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, IBB_STANZA_TYPE_MESSAGE);
  g_assert_cmpstr (ibb_transport_get_local_jid (juliet), ==, JULIET);
  g_assert_cmpstr (ibb_transport_get_peer_jid (juliet), ==, ROMEO);
  write_text (romeo, "by message");
  assert_reads (juliet, "by message");
}

/* F-04, F-05: the limit decides, read live; and somebody has to listen. */
static void
test_limit (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    guint    limit;
    gboolean listens;
  } refusals[] = { { 0, FALSE }, { 10, FALSE }, { 0, TRUE } };
  g_auto (Ends) ends = { NULL };

  for (guint i = 0; i < G_N_ELEMENTS (refusals); i++)
    {
      g_autoptr (GError)       error = NULL;
      g_autoptr (IBBTransport) none = NULL;
      gulong                   handler = 0;

      ibb_service_set_session_limit (fixture->juliet, refusals[i].limit);
      if (refusals[i].listens)
        handler = g_signal_connect (fixture->juliet, "session-accepted", G_CALLBACK (accepted_cb),
                                    &ends.juliet);
      none = ibb_service_open_session (fixture->romeo, JULIET, NULL, NULL, &error);
      g_assert_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
      g_assert_null (none);
      g_clear_signal_handler (&handler, fixture->juliet);
    }
  g_assert_null (ends.juliet);
  ibb_service_set_session_limit (fixture->juliet, 1);
  ends = fixture_open (fixture);
}

int
main (int argc, char *argv[])
{
  test_init (&argc, &argv);

  add_test ("/ibb/features/F-04/limit", test_limit);
  add_test ("/ibb/features/F-06/accepted", test_accepted);
  add_test ("/ibb/features/F-09/properties", test_properties);

  return g_test_run ();
}
