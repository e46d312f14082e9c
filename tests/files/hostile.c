/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Peers that mean harm: each gets its error, what is kept of them is bounded, each transfer ends,
 * and no file looks whole that is not. */

#include "played.h"

#include <string.h>

#define ACCOUNTS 20

/* One of many offers that one peer may make. */
static char *
dup_offer (guint i)
{
  return g_strdup_printf (
      "<iq type='set' to='" JULIET "' id='offer-%u'><jingle xmlns='urn:xmpp:jingle:1' sid='s%u' "
      "action='session-initiate'><content creator='initiator' name='c'><description xmlns='" FT
      "'><file><name>f</name><size>20000</size></file></description><transport xmlns='" IBB
      "' block-size='4096' sid='t%u'/></content></jingle></iq>",
      i, i, i);
}

/* A thousand offers from twenty accounts: ten of one wait, a hundred of all. */
static void
test_many_offers (Peers *self, gconstpointer data)
{
  g_autoptr (GPtrArray) peers = g_ptr_array_new ();
  guint                 n_refused = 0;

  for (guint i = 0; i < ACCOUNTS; i++)
    {
      g_autofree char *jid = g_strdup_printf ("peer%u@montague.example/x", i);

      g_ptr_array_add (peers, ibb_loopback_attach (self->loopback, jid));
    }
  for (guint i = 0; i < 1000; i++)
    {
      g_autofree char         *xml = dup_offer (i);
      g_autoptr (IBBStanza)    stanza = assert_succeeds (ibb_stanza_new_from_xml, xml, -1);
      IBBConnection           *peer = g_ptr_array_index (peers, i % ACCOUNTS);
      GAsyncResult            *result = NULL;
      g_autoptr (GAsyncResult) over = NULL;
      g_autoptr (IBBStanza)    answer = NULL;
      g_autoptr (GError)       error = NULL;

      ibb_connection_query_async (peer, stanza, 0, NULL, store_result_cb, &result);
      over = wait_for_result (&result);
      answer = ibb_connection_query_finish (peer, over, &error);
      if (answer == NULL)
        {
          g_assert_error (error, IBB_ERROR, IBB_ERROR_RESOURCE_CONSTRAINT);
          n_refused++;
        }
    }
  g_assert_cmpuint (n_refused, ==, 900);
  g_assert_cmpuint (self->all_offered->len, ==, 100);

  /* Each decision makes room. */
  ibb_files_transfer_refuse (g_ptr_array_index (self->all_offered, 0), NULL);
  offer_by_jingle (self, "s1", "");
  hear (self, "result", "offer-s1");
  g_assert_cmpuint (self->all_offered->len, ==, 101);
  for (guint i = 0; i < peers->len; i++)
    drop_and_wait (g_ptr_array_index (peers, i));
}

/* Files that are accepted and never begun: a hundred of one account, and others still come in.
 * Offers that are refused leave nothing. */
static void
test_many_accepted (Peers *self, gconstpointer data)
{
  g_autoptr (IBBConnection) other = ibb_loopback_attach (self->loopback, STRANGER);
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();
  g_autofree char          *last = dup_offer (0);
  g_autoptr (IBBStanza)     stanza = assert_succeeds (ibb_stanza_new_from_xml, last, -1);
  GAsyncResult             *result = NULL;

  for (guint i = 0; i < 150; i++)
    {
      g_autofree char *xml = dup_offer (i);
      g_autofree char *id = g_strdup_printf ("offer-%u", i);

      say (self, "%s", xml);
      wait_until (find (self, "result", id) != NULL || find (self, "error", id) != NULL);
      if (self->all_offered->len == i + 1)
        ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, NULL, NULL);
    }
  g_assert_cmpuint (self->all_offered->len, ==, 100);
  hear (self, "error", "resource-constraint");

  ibb_connection_query_async (other, stanza, 0, NULL, store_result_cb, &result);
  ibb_stanza_unref (assert_result (ibb_connection_query_finish, other, &result));
  wait_until (self->all_offered->len == 101);
  drop_and_wait (g_steal_pointer (&other));
}

static void
gone_cb (gpointer data, GObject *object)
{
  *(gboolean *) data = TRUE;
}

/* A refused offer is not kept for the answer to its end, which never comes. */
static void
test_refused (Peers *self, gconstpointer data)
{
  gboolean is_gone = FALSE;

  self->is_mute = TRUE;
  offer_by_jingle (self, "s1", "");
  wait_until (self->offered != NULL);
  g_object_weak_ref (G_OBJECT (self->offered), gone_cb, &is_gone);
  ibb_files_transfer_refuse (self->offered, NULL);
  g_ptr_array_set_size (self->all_offered, 0);
  g_clear_object (&self->offered);
  hear (self, "set", "<decline/>");
  wait_until (is_gone);
}

/* What is kept of an offer is bounded in bytes. */
static void
test_long (Peers *self, gconstpointer data)
{
  g_autofree char *many = g_strnfill (100000, 'A');
  g_autofree char *hash =
      g_strdup_printf ("<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>%s</hash>", many);
  g_autofree char *initiation = NULL;

  offer_by_jingle (self, "s1", hash);
  wait_until (self->offered != NULL);
  g_assert_null (
      ibb_files_metadata_get_hash (ibb_files_transfer_get_metadata (self->offered), "sha-256"));
  g_clear_object (&self->offered);
  initiation = g_strdup_printf ("size='1' hash='%s'", many);
  offer_by_initiation (self, initiation);
  wait_until (self->offered != NULL);
  g_assert_null (
      ibb_files_metadata_get_hash (ibb_files_transfer_get_metadata (self->offered), "md5"));
  say (self,
       "<iq type='set' to='" JULIET "' id='%s'><si xmlns='" SI "' id='t2' profile='" PROFILE
       "'><file xmlns='" PROFILE "' name='f' size='1'/></si></iq>",
       many);
  hear (self, "error", "bad-request");
}

/* A receiver is told by the sender that it has accepted, to replace the transport without end, and
 * to take candidates of others: nothing comes of it, and the file arrives. */
static void
test_many_replaces (Peers *self, gconstpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;
  guint                    n_rejected = 0;

  transport = begin_jingle (self, "", &result);
  send_action (self, "s1", "session-accept",
               "<content creator='initiator' name='c'><transport xmlns='" IBB
               "' sid='t1' block-size='4096'/></content>");
  hear (self, "error", "out-of-order");
  for (guint i = 0; i < 1000; i++)
    send_action (self, "s1", i % 2 == 0 ? "transport-replace" : "transport-info",
                 "<content creator='initiator' name='c'><transport "
                 "xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t2'/></content>");
  write_bytes_of (self, transport, 0, SIZE);
  assert_succeeds (ibb_transport_shutdown_output, transport, NULL);
  assert_received (self, &result);
  hear (self, "set", "<success/>");
  for (guint i = 0; i < self->heard->len; i++)
    n_rejected += is_of (g_ptr_array_index (self->heard, i), "set", "transport-reject");
  g_assert_cmpuint (n_rejected, ==, 10);
  g_assert_nonnull (find (self, "error", "resource-constraint"));
}

/* Names that lead elsewhere, hide, lie about their end, or are long. */
static void
test_names (Peers *self, gconstpointer data)
{
  g_autofree char *many = g_strnfill (10000, 'x');
  g_autofree char *wide = NULL; /* the bound falls into a letter */
  GString         *letters = g_string_new ("y");
  const char      *names[] = { "../../.bashrc", "..\\x", "a\nb", "\u202etxt.exe", "/", many, NULL };

  for (guint i = 0; i < 3000; i++)
    g_string_append (letters, "€");
  wide = g_string_free (letters, FALSE);
  names[6] = wide;
  /* XML has no NUL. */
  g_assert_null (ibb_stanza_new_from_xml ("<iq type='set'><name>a&#0;b</name></iq>", -1, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char  *escaped = g_markup_escape_text (names[i], -1);
      g_autofree char  *sid = g_strdup_printf ("name-%u", i);
      IBBFilesMetadata *metadata;
      g_autofree char  *safe = NULL;

      say (self,
           "<iq type='set' to='" JULIET "' id='i'><jingle xmlns='urn:xmpp:jingle:1' sid='%s' "
           "action='session-initiate'><content creator='initiator' name='c'><description xmlns='" FT
           "'><file><name>%s</name><size>1</size></file></description><transport xmlns='" IBB
           "' block-size='4096' sid='%s'/></content></jingle></iq>",
           sid, escaped, sid);
      wait_until (self->all_offered->len == i + 1);
      metadata = ibb_files_transfer_get_metadata (self->offered);
      safe = ibb_files_metadata_dup_safe_name (metadata);
      g_assert_cmpuint (strlen (ibb_files_metadata_get_name (metadata)), <=, 4096 + 6);
      g_assert_true (g_utf8_validate (safe, -1, NULL));
      g_assert_cmpuint (strlen (safe), <=, 255);
      g_assert_null (strpbrk (safe, "/\\\n"));
      g_assert_null (strstr (safe, "\u202e"));
      g_assert_cmpint (safe[0], !=, '.');
    }
}

/* Sizes that are none get an error. */
static void
test_sizes (Peers *self, gconstpointer data)
{
  const char *const bad[] = { "size='9223372036854775808'", "size='-1'", "size='1e3'" };

  for (guint i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_ptr_array_set_size (self->heard, 0);
      offer_by_initiation (self, bad[i]);
      hear (self, "error", "bad-request");
    }
  g_assert_cmpuint (self->all_offered->len, ==, 0);
}

/* A size beyond the disk, of which little comes: the file ends as none. */
static void
test_short (Peers *self, gconstpointer data)
{
  GAsyncResult            *result = NULL;
  g_autoptr (IBBTransport) transport =
      begin_initiation (self, "size='9223372036854775807'", &result);

  write_bytes_of (self, transport, 0, SIZE);
  assert_succeeds (ibb_transport_shutdown_output, transport, NULL);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, ibb_files_transfer_accept_file_finish,
                       self->offered, &result);
  g_assert_true (is_empty (self));
}

#define add_test_of(path, data, function)                                                          \
  g_test_add ("/ibb/files/hostile/" path, Peers, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test_of ("many-offers", NULL, test_many_offers);
  add_test_of ("many-accepted", NULL, test_many_accepted);
  add_test_of ("refused", NULL, test_refused);
  add_test_of ("long", NULL, test_long);
  add_test_of ("many-replaces", NULL, test_many_replaces);
  add_test_of ("names", NULL, test_names);
  add_test_of ("sizes", NULL, test_sizes);
  add_test_of ("short", NULL, test_short);
  return g_test_run ();
}
