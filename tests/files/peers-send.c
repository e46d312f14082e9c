/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files to the programs of other people, which are played as peers.c says; and offers, of either
 * end, that wait for a decision. */

#include "../lib/fast-timers.h"
#include "played.h"

#include <string.h>

static void
announce (Peers *self, const char *const *features)
{
  for (guint i = 0; features[i] != NULL; i++)
    ibb_connection_add_feature (self->peer_connection, features[i]);
}

static const char *const of_initiation[] = { SI, PROFILE, NULL };
static const char *const of_jingle[] = { "urn:xmpp:jingle:1", FT, IBB, NULL };

static void
begin_offer (Peers *self, GAsyncResult **result)
{
  g_autoptr (IBBFilesMetadata) metadata =
      ibb_files_metadata_new ("f", g_bytes_get_size (self->bytes));
  g_autoptr (GInputStream) stream = g_memory_input_stream_new_from_bytes (self->bytes);

  ibb_files_service_offer_stream_async (self->own, ROMEO, stream, metadata, NULL, store_result_cb,
                                        result);
}

static IBBFilesTransfer *
offer (Peers *self)
{
  GAsyncResult *result = NULL;

  begin_offer (self, &result);
  return assert_result (ibb_files_service_offer_stream_finish, self->own, &result);
}

/* The other end works in this thread, too. */
static void
assert_reads_all (Peers *self, IBBTransport *transport)
{
  g_autofree guint8       *got = g_malloc (SIZE);
  g_autoptr (GAsyncResult) read = NULL;
  GAsyncResult            *result = NULL;
  gsize                    length;

  g_input_stream_read_all_async (get_input (transport), got, SIZE, G_PRIORITY_DEFAULT, NULL,
                                 store_result_cb, &result);
  read = wait_for_result (&result);
  assert_succeeds (g_input_stream_read_all_finish, get_input (transport), read, &length);
  g_assert_cmpmem (got, length, g_bytes_get_data (self->bytes, NULL), SIZE);
}

/* An offer waits for a decision, and something else comes. */

typedef enum
{
  EVENT_LOST,      /* the own connection is lost */
  EVENT_PRESENCE,  /* the peer says that it is offline */
  EVENT_OFFLINE,   /* the peer's server answers for it, when it is asked */
  EVENT_FORGOTTEN, /* the peer's program was started again under its address */
} Event;

typedef struct
{
  Event    event;
  gboolean is_sender;
  gboolean is_jingle;
} Waiting;

static IBBFilesTransfer *
begin_waiting (Peers *self, const Waiting *waiting)
{
  fast_timers_hold (60000); /* the question to the peer */
  if (waiting->is_sender)
    {
      announce (self, waiting->is_jingle ? of_jingle : of_initiation);
      return offer (self);
    }
  if (waiting->is_jingle)
    offer_by_jingle (self, "s1", "");
  else
    offer_by_initiation (self, "size='20000'");
  wait_until (self->offered != NULL);
  return g_object_ref (self->offered);
}

/* What the peer hears when it is asked whether it is there. */
static void
answer_question (Peers *self, gboolean is_jingle, const char *condition)
{
  const char *words = is_jingle ? "session-info" : "disco#info";

  self->hears_questions = TRUE;
  wait_until (fast_timers_is_held ());
  fast_timers_fire ();
  fast_timers_hold (60000);
  say_error (self, hear (self, is_jingle ? "set" : "get", words), "cancel", condition, "");
  g_ptr_array_set_size (self->heard, 0);
}

static void
test_waiting (Peers *self, gconstpointer data)
{
  const Waiting               *waiting = data;
  g_autoptr (IBBFilesTransfer) transfer = begin_waiting (self, waiting);
  g_autoptr (IBBConnection)    other =
      ibb_loopback_attach (self->loopback, "romeo@montague.example/balcony");
  g_autoptr (IBBStanza) presence = assert_succeeds (
      ibb_stanza_new_from_xml, "<presence to='" JULIET "' type='unavailable'/>", -1);

  /* Another program of the peer goes, and this one does not understand the question. */
  assert_succeeds (ibb_connection_send, other, presence);
  say (self, "<presence to='" JULIET "'/>");
  answer_question (self, waiting->is_jingle, "feature-not-implemented");
  wait_until (fast_timers_is_held ());
  g_assert_cmpint (ibb_files_transfer_get_state (transfer), ==, IBB_FILES_STATE_OFFERED);

  if (waiting->event == EVENT_LOST)
    {
      ibb_connection_set_state (self->own_connection, IBB_CONNECTION_STATE_CONNECTING, NULL);
      assert_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_files_transfer_wait, transfer,
                    NULL);
      drop_and_wait (g_steal_pointer (&other));
      fast_timers_hold (0);
      return;
    }
  if (waiting->event == EVENT_PRESENCE)
    say (self, "<presence to='" JULIET "' type='unavailable'/>");
  else
    answer_question (self, waiting->is_jingle,
                     waiting->event == EVENT_OFFLINE ? "service-unavailable" : "item-not-found");
  assert_fails (IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE, ibb_files_transfer_wait, transfer, NULL);
  if (waiting->is_jingle)
    hear (self, "set", "<gone/>");
  drop_and_wait (g_steal_pointer (&other));
  fast_timers_hold (0);
}

static const Waiting waits[] = {
  { EVENT_LOST, TRUE, TRUE },      { EVENT_LOST, TRUE, FALSE },
  { EVENT_LOST, FALSE, TRUE },     { EVENT_LOST, FALSE, FALSE },
  { EVENT_PRESENCE, TRUE, TRUE },  { EVENT_PRESENCE, TRUE, FALSE },
  { EVENT_PRESENCE, FALSE, TRUE }, { EVENT_PRESENCE, FALSE, FALSE },
  { EVENT_OFFLINE, TRUE, TRUE },   { EVENT_OFFLINE, TRUE, FALSE },
  { EVENT_OFFLINE, FALSE, TRUE },  { EVENT_OFFLINE, FALSE, FALSE },
  { EVENT_FORGOTTEN, TRUE, TRUE }, { EVENT_FORGOTTEN, FALSE, TRUE },
};

/* Receivers by stream initiation, as they were recorded. */
typedef struct
{
  const char *const *features;
  const char        *field; /* attributes of the field in the answer */
} Receiver;

static const char *const of_psi_plus[] = { "http://jabber.org/protocol/bytestreams",
                                           "http://jabber.org/protocol/ibb", SI, PROFILE, NULL };
static const Receiver    psi_plus = { of_psi_plus, "" };
static const Receiver    gloox = { of_initiation, " type='text-single'" };
static const Receiver    qxmpp = { of_psi_plus, " type='list-single'" };

/* Stream initiation knows no “delivered”. */
static void
test_initiation (Peers *self, gconstpointer data)
{
  const Receiver              *program = data;
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autoptr (IBBTransport)     transport = NULL;
  g_autofree char             *sid = NULL;
  IBBStanza                   *request;
  GAsyncResult                *expected = NULL;

  announce (self, program->features);
  sent = offer (self);
  hear (self, "set", SI);
  request = find (self, "set", SI);
  sid = dup_value (request, "<si", "id");
  ibb_service_expect_session_async (self->peer, JULIET, sid, NULL, NULL, store_result_cb,
                                    &expected);
  say (self,
       "<iq type='result' to='" JULIET "' id='%s'><si xmlns='" SI "'><feature "
       "xmlns='http://jabber.org/protocol/feature-neg'><x xmlns='jabber:x:data' type='submit'>"
       "<field var='stream-method'%s><value>http://jabber.org/protocol/ibb</value></field></x>"
       "</feature></si></iq>",
       ibb_stanza_get_id (request), program->field);
  transport = assert_result (ibb_service_expect_session_finish, self->peer, &expected);
  assert_reads_all (self, transport);
  assert_succeeds (ibb_files_transfer_wait, sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (sent), ==, IBB_FILES_STATE_SENT);
}

/* What is offered by Jingle. sid: of the Jingle session. */
static IBBFilesTransfer *
offer_by_own_jingle (Peers *self, char **sid)
{
  IBBFilesTransfer *sent;

  announce (self, of_jingle);
  sent = offer (self);
  hear (self, "set", "session-initiate");
  *sid = dup_value (find (self, "set", "session-initiate"), "<jingle", "sid");
  return sent;
}

static void
test_refused (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autoptr (GError)           error = NULL;
  g_autofree char             *sid = NULL;

  if (data == of_initiation)
    {
      announce (self, of_initiation);
      sent = offer (self);
      say_error (self, hear (self, "set", SI), "cancel", "forbidden",
                 "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Not\n“now”</text>");
    }
  else
    {
      sent = offer_by_own_jingle (self, &sid);
      /* Gajim says cancel where it means decline. */
      send_action (self, sid, "session-terminate",
                   "<reason><cancel/><text>Not\n“now”</text></reason>");
    }
  assert_fails (IBB_ERROR, IBB_ERROR_FORBIDDEN, ibb_files_transfer_wait, sent, NULL);
  error = ibb_files_transfer_dup_error (sent);
  g_assert_nonnull (strstr (error->message, "“Not \"now\"”"));
}

/* The application writes the address of the peer in another form than the server does. */
static void
test_other_form (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("f", SIZE);
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new_from_bytes (self->bytes);
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  GAsyncResult                *result = NULL;

  announce (self, of_jingle);
  ibb_files_service_offer_stream_async (self->own, "Romeo@MONTAGUE.example/orchard", stream,
                                        metadata, NULL, store_result_cb, &result);
  sent = assert_result (ibb_files_service_offer_stream_finish, self->own, &result);
  hear (self, "set", "session-initiate");
  sid = dup_value (find (self, "set", "session-initiate"), "<jingle", "sid");
  send_action (self, sid, "session-terminate", "<reason><decline/></reason>");
  assert_fails (IBB_ERROR, IBB_ERROR_FORBIDDEN, ibb_files_transfer_wait, sent, NULL);
}

/* The peer accepts by a transport that was not offered: nobody decides any more. */
static void
test_misaccepted (Peers *self, gconstpointer data)
{
  g_autofree char             *sid = NULL;
  g_autoptr (IBBFilesTransfer) sent = offer_by_own_jingle (self, &sid);

  send_action (self, sid, "session-accept",
               "<content creator='initiator' name='file'>"
               "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='t2'/></content>");
  assert_fails (IBB_ERROR, IBB_ERROR_PROTOCOL, ibb_files_transfer_wait, sent, NULL);
  hear (self, "set", "<unsupported-transports/>");
}

static void
accept_by_transport (Peers *self, const char *sid, const char *transport_sid)
{
  g_autofree char *content =
      g_strdup_printf ("<content creator='initiator' name='file'><transport xmlns='" IBB
                       "' sid='%s' block-size='4096'/></content>",
                       transport_sid);

  send_action (self, sid, "session-accept", content);
}

/* A program that opens no session for an empty file. */
static void
test_empty (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  g_autofree char             *transport_sid = NULL;

  g_clear_object (&self->peer);
  g_bytes_unref (self->bytes);
  self->bytes = g_bytes_new (NULL, 0);
  sent = offer_by_own_jingle (self, &sid);
  transport_sid = dup_value (find (self, "set", "session-initiate"), "<transport", "sid");
  accept_by_transport (self, sid, transport_sid);
  say_error (self, hear (self, "set", "<open"), "cancel", "not-acceptable", "");
  hear (self, "set", "<checksum");
  send_action (self, sid, "session-terminate", "<reason><success/></reason>");
  assert_succeeds (ibb_files_transfer_wait, sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (sent), ==, IBB_FILES_STATE_DELIVERED);
}

/* The peer accepts what is offered by Jingle, and gets the session. */
static IBBTransport *
accept_by_jingle (Peers *self, IBBFilesTransfer **sent, char **sid)
{
  g_autofree char *transport_sid = NULL;
  GAsyncResult    *expected = NULL;

  /* The service would announce that the program is one of this library. */
  g_clear_object (&self->peer);
  self->version = "<name>Psi</name>";
  *sent = offer_by_own_jingle (self, sid);
  self->peer = ibb_service_new (self->peer_connection);
  transport_sid = dup_value (find (self, "set", "session-initiate"), "<transport", "sid");
  ibb_service_expect_session_async (self->peer, JULIET, transport_sid, NULL, NULL, store_result_cb,
                                    &expected);
  accept_by_transport (self, *sid, transport_sid);
  return assert_result (ibb_service_expect_session_finish, self->peer, &expected);
}

/* A program that accepts, acknowledges every block, and says no more. */
static void
test_silent (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  g_autoptr (IBBTransport)     transport = accept_by_jingle (self, &sent, &sid);

  g_assert_cmpuint (ibb_transport_get_block_size (transport), ==, 4096);
  fast_timers_start (5000, 100000, 0);
  assert_reads_all (self, transport);
  hear (self, "set", "<checksum");
  assert_succeeds (ibb_files_transfer_wait, sent, NULL);
  fast_timers_stop ();
  g_assert_cmpint (ibb_files_transfer_get_state (sent), ==, IBB_FILES_STATE_SENT);
}

/* Conversations and Psi 2: they say that they have the file when its checksum has come, and then
 * end the session. */
static void
test_received (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  g_autoptr (IBBTransport)     transport = accept_by_jingle (self, &sent, &sid);

  assert_reads_all (self, transport);
  hear (self, "set", "<checksum");
  send_action (self, sid, "session-info",
               "<received xmlns='" FT "' creator='initiator' name='file'/>");
  hear (self, "result", "session-info");
  send_action (self, sid, "session-terminate", "<reason><success/></reason>");
  assert_succeeds (ibb_files_transfer_wait, sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (sent), ==, IBB_FILES_STATE_DELIVERED);
}

/* While the file is checked the receiver logs in again, with another resource. */
static void
test_new_resource (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  g_autoptr (IBBTransport)     transport = accept_by_jingle (self, &sent, &sid);

  assert_reads_all (self, transport);
  hear (self, "set", "<checksum");
  send_action_anew (self, "newer", sid, "session-info",
                    "<received xmlns='" FT "' creator='initiator' name='file'/>");
  send_action_anew (self, "newer", sid, "session-terminate", "<reason><success/></reason>");
  assert_succeeds (ibb_files_transfer_wait, sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (sent), ==, IBB_FILES_STATE_DELIVERED);
}

/* The sender asks so often whether the receiver has the file. breaks: the own connection does, each
 * time. */
static void
hear_questions (Peers *self, guint n, gboolean breaks)
{
  for (guint i = 0; i < n; i++)
    {
      wait_until (fast_timers_is_held ());
      hear (self, "set", "<checksum");
      g_ptr_array_set_size (self->heard, 0);
      if (breaks)
        {
          ibb_connection_set_state (self->own_connection, IBB_CONNECTION_STATE_CONNECTING, NULL);
          ibb_connection_set_state (self->own_connection, IBB_CONNECTION_STATE_ONLINE, NULL);
          run_pending ();
        }
      fast_timers_fire ();
      fast_timers_hold (10000);
    }
}

/* The own connection breaks at each question whether the receiver has the file: that is no silence
 * of the receiver. */
static void
test_lost_questions (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  g_autoptr (IBBTransport)     transport = NULL;

  ibb_connection_add_feature (self->peer_connection, "urn:ibb-glib:1");
  transport = accept_by_jingle (self, &sent, &sid);
  self->is_mute = TRUE;
  fast_timers_hold (10000);
  assert_reads_all (self, transport);
  hear_questions (self, 10, TRUE);
  hear (self, "set", "<checksum");
  fast_timers_hold (0);
  send_action (self, sid, "session-terminate", "<reason><success/></reason>");
  assert_succeeds (ibb_files_transfer_wait, sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (sent), ==, IBB_FILES_STATE_DELIVERED);
}

/* The receiver answers each question, and never says that it has the file: an hour is enough. */
static void
test_asked (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autofree char             *sid = NULL;
  g_autoptr (IBBTransport)     transport = NULL;

  ibb_connection_add_feature (self->peer_connection, "urn:ibb-glib:1");
  transport = accept_by_jingle (self, &sent, &sid);
  fast_timers_hold (10000);
  assert_reads_all (self, transport);
  hear_questions (self, 360, FALSE);
  fast_timers_hold (0);
  assert_fails (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, ibb_files_transfer_wait, sent, NULL);
}

/* Stream initiation numbers 65536 blocks. */
static void
test_too_large (Peers *self, gconstpointer data)
{
  const guint64 most = 65536 * 4096;

  announce (self, of_initiation);
  for (guint64 size = most; size <= most + 1; size++)
    {
      g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("f", size);
      g_autoptr (GInputStream)     stream = g_memory_input_stream_new ();
      g_autoptr (GAsyncResult)     done = NULL;
      g_autoptr (IBBFilesTransfer) sent = NULL;
      GAsyncResult                *result = NULL;

      ibb_files_service_offer_stream_async (self->own, ROMEO, stream, metadata, NULL,
                                            store_result_cb, &result);
      done = wait_for_result (&result);
      sent = ibb_files_service_offer_stream_finish (self->own, done, NULL);
      g_assert_true ((sent != NULL) == (size == most));
      if (sent != NULL)
        ibb_files_transfer_cancel (sent);
    }
}

/* Programs that say they can receive, and lose the file: by version, since they may be mended. */
typedef struct
{
  const char *version;
  IBBFilesWay way; /* NONE: it is offered no file */
} Loser;

static void
test_losers (Peers *self, gconstpointer data)
{
  const Loser                 *loser = data;
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autoptr (GAsyncResult)     done = NULL;
  g_autoptr (GError)           error = NULL;
  GAsyncResult                *result = NULL;

  announce (self, of_jingle);
  if (strstr (loser->version, "Psi+") != NULL)
    announce (self, of_initiation);
  g_clear_object (&self->peer); /* which announces that it is ibb-glib */
  self->version = loser->version;
  if (loser->way == IBB_FILES_WAY_NONE)
    {
      begin_offer (self, &result);
      done = wait_for_result (&result);
      g_assert_null (ibb_files_service_offer_stream_finish (self->own, done, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED);
      g_assert_nonnull (strstr (error->message, "(/orchard)"));
      return;
    }
  sent = offer (self);
  g_assert_cmpint (ibb_files_transfer_get_way (sent), ==, loser->way);
  ibb_files_transfer_cancel (sent);
}

static const Loser losers[] = {
  { "<name>Gajim</name><version>1.9.5</version>", IBB_FILES_WAY_NONE },
  { "<name>Gajim</name>", IBB_FILES_WAY_NONE },
  { "<name>Gajim</name><version>2.4.0</version>", IBB_FILES_WAY_JINGLE },
  { "<name>Dino</name><version>0.5.1</version>", IBB_FILES_WAY_NONE },
  { "<name>Dino</name><version>0.10~git</version>", IBB_FILES_WAY_JINGLE },
  { "<name>Dino</name><version>1.0</version>", IBB_FILES_WAY_JINGLE },
  { "<name>Psi+</name><version>1.4.1456 (2020-12-28)</version>", IBB_FILES_WAY_STREAM_INITIATION },
  { "<name>Psi+</name><version>1.5.2115</version>", IBB_FILES_WAY_JINGLE },
  { "<name>Dinosaur</name><version>0.1</version>", IBB_FILES_WAY_JINGLE },
};

/* Too many offers wait at the peer's. */
static void
test_crowded (Peers *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) sent = NULL;
  g_autoptr (GError)           error = NULL;

  self->is_mute = TRUE;
  announce (self, of_jingle);
  sent = offer (self);
  say_error (self, hear (self, "set", "session-initiate"), "wait", "resource-constraint", "");
  assert_fails (IBB_ERROR, IBB_ERROR_RESOURCE_CONSTRAINT, ibb_files_transfer_wait, sent, NULL);
  error = ibb_files_transfer_dup_error (sent);
  g_assert_nonnull (strstr (error->message, "no more files"));
}

#define add_test_of(path, data, function)                                                          \
  g_test_add ("/ibb/files/peers-send/" path, Peers, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  fast_timers_stop ();
  for (guint i = 0; i < G_N_ELEMENTS (waits); i++)
    {
      static const char *const events[] = { "lost", "presence", "offline", "forgotten" };
      g_autofree char         *path = g_strdup_printf (
                  "/ibb/files/peers-send/waiting/%s/%s/%s", events[waits[i].event],
          waits[i].is_sender ? "sender" : "receiver", waits[i].is_jingle ? "jingle" : "initiation");

      g_test_add (path, Peers, &waits[i], set_up, test_waiting, tear_down);
    }
  add_test_of ("psi-plus", &psi_plus, test_initiation);
  add_test_of ("gloox", &gloox, test_initiation);
  add_test_of ("qxmpp", &qxmpp, test_initiation);
  add_test_of ("refused/initiation", of_initiation, test_refused);
  add_test_of ("refused/jingle", of_jingle, test_refused);
  add_test_of ("misaccepted", NULL, test_misaccepted);
  add_test_of ("empty", NULL, test_empty);
  add_test_of ("silent", NULL, test_silent);
  add_test_of ("received", NULL, test_received);
  add_test_of ("lost-questions", NULL, test_lost_questions);
  add_test_of ("asked", NULL, test_asked);
  add_test_of ("too-large", NULL, test_too_large);
  add_test_of ("new-resource", NULL, test_new_resource);
  add_test_of ("other-form", NULL, test_other_form);
  add_test_of ("crowded", NULL, test_crowded);
  for (guint i = 0; i < G_N_ELEMENTS (losers); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ibb/files/peers-send/losers/%u", i);

      g_test_add (path, Peers, &losers[i], set_up, test_losers, tear_down);
    }
  return g_test_run ();
}
