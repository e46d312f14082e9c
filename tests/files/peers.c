/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files with the programs of other people: what they send was recorded, and is played here by a
 * peer that has nothing but an in-band session. The recordings are those of Gajim 1.7, Dino 0.4,
 * libpurple 2.14, QXmpp 1.4, gloox 1.0, Psi+ 1.4; of Conversations and Psi 2 there is the source.
 */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "../lib/fast-timers.h"
#include "played.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/stat.h>

static gboolean
never_cb (IBBService *service, IBBRequest *request, gpointer user_data)
{
  g_assert_not_reached ();
}

/* libpurple opens a session for an empty file, and never closes it. No handler of the application
 * gets the session. */
static void
test_initiation_empty (Peers *self, gconstpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;
  IBBService              *sessions = ibb_files_service_get_sessions (self->own);

  ibb_service_set_session_limit (sessions, 10);
  g_signal_connect (sessions, "session-requested", G_CALLBACK (never_cb), NULL);
  fast_timers_start (5000, 100000, 0);
  transport = begin_initiation (self, "size='0'", &result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &result);
  fast_timers_stop ();
  g_assert_false (is_empty (self));
}

static void
test_initiation_refused (Peers *self, gconstpointer data)
{
  offer_by_initiation (self, "size='20000'");
  wait_until (self->offered != NULL);
  ibb_files_transfer_cancel (self->offered);
  hear (self, "error", "<forbidden");
  g_assert_cmpint (ibb_files_transfer_get_state (self->offered), ==, IBB_FILES_STATE_FAILED);
}

/* In place of the function of the library: the minute is too long for a test. */
static guint divisor = 1;

void
ibb_session_params_set_expect_timeout (IBBSessionParams *self, guint timeout)
{
  void (*original) (IBBSessionParams *, guint) = (void (*) (IBBSessionParams *, guint)) dlsym (
      RTLD_NEXT, "ibb_session_params_set_expect_timeout");

  g_assert_cmpuint (timeout, ==, 60000);
  original (self, timeout / divisor);
}

/* QXmpp leaves out the size of an empty file, and closes its session. */
static void
test_initiation_no_size (Peers *self, gconstpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  offer_by_initiation (self, "hash='b1946ac92492d2347c6235b4d2611184'");
  hear (self, "error", "bad-request");
  g_assert_null (self->offered);
  transport = begin_initiation (self, "hash='d41d8cd98f00b204e9800998ecf8427e'", &result);
  g_assert_cmpuint (ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (self->offered)),
                    ==, 0);
  assert_succeeds (ibb_transport_shutdown_output, transport, NULL);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &result);
  g_assert_false (is_empty (self));
}

/* An offer without a size gets none by its end, whether it has or promises a hash. */
static void
test_jingle_no_size (Peers *self, gconstpointer data)
{
  say (self,
       "<iq type='set' to='" JULIET "' id='offer'><jingle xmlns='urn:xmpp:jingle:1' sid='s1' "
       "action='session-initiate'><content creator='initiator' name='c'><description xmlns='" FT
       "'><file><name>f</name>%s</file></description><transport xmlns='" IBB
       "' block-size='4096' sid='t1'/></content></jingle></iq>",
       (const char *) data);
  if (strstr (data, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=") == NULL)
    {
      hear (self, "set", "<incompatible-parameters/><text>");
      g_assert_null (self->offered);
      return;
    }
  wait_until (self->offered != NULL);
  g_assert_cmpuint (ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (self->offered)),
                    ==, 0);
}

/* An offer that was accepted and is never opened ends, and makes no file for no byte, unless it has
 * none: then the file is whole. */
static void
test_never_opened (Peers *self, gconstpointer data)
{
  GAsyncResult *result = NULL;

  divisor = 300;
  offer_by_initiation (self, data);
  accept_file (self, &result);
  hear (self, "result", "<value>http://jabber.org/protocol/ibb</value>");
  g_assert_true (is_empty (self) || g_str_equal (data, "size='0'"));
  if (g_str_equal (data, "size='0'"))
    assert_result (ibb_files_transfer_accept_file_finish, self->offered, &result);
  else
    assert_lost (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, &result);
  divisor = 1;
  g_assert_cmpint (is_empty (self), ==, !g_str_equal (data, "size='0'"));
}

/* A session that the sender has opened before it hears of the end comes to no other service. */
static void
test_late_open (Peers *self, gconstpointer data)
{
  g_autoptr (IBBService)   streams = ibb_service_new (self->own_connection);
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;
  GAsyncResult            *accepted = NULL;

  ibb_service_set_session_limit (streams, 1);
  ibb_service_accept_async (streams, NULL, store_result_cb, &accepted);
  offer_by_initiation (self, "size='20000'");
  accept_file (self, &result);
  hear (self, "result", "<value>http://jabber.org/protocol/ibb</value>");
  ibb_files_transfer_cancel (self->offered);
  assert_lost (self, G_IO_ERROR, G_IO_ERROR_CANCELLED, &result);
  transport = open_session (self);
  wait_until (ibb_transport_has_ended (transport));
  g_assert_null (accepted);
  ibb_service_stop (streams);
  wait_until (accepted != NULL);
  g_clear_object (&accepted);
}

static char *
dup_hash_element (GBytes *bytes, const char *algorithm)
{
  gboolean              is_long = g_str_equal (algorithm, "sha-512");
  g_autoptr (GChecksum) checksum = g_checksum_new (is_long ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA256);
  guint8                digest[64];
  gsize                 length = sizeof digest;
  g_autofree char      *base64 = NULL;

  g_checksum_update (checksum, g_bytes_get_data (bytes, NULL), (gssize) g_bytes_get_size (bytes));
  g_checksum_get_digest (checksum, digest, &length);
  base64 = g_base64_encode (digest, length);
  return g_strdup_printf ("<hash xmlns='urn:xmpp:hashes:2' algo='%s'>%s</hash>", algorithm, base64);
}

/* Conversations: it never closes; a checksum follows the last block, and then it waits. */
static void
test_conversations (Peers *self, gconstpointer data)
{
  g_autofree char         *hash = dup_hash_element (self->bytes, "sha-256");
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (self, "", &result);
  write_bytes_of (self, transport, 0, SIZE);
  send_checksum (self, hash);
  assert_received (self, &result);
  hear (self, "set", "<received");
  hear (self, "set", "<success/>");
}

/* Psi 2: a thumbnail, a range without an offset and a promise of a hash; two hashes follow, of
 * which the stronger counts, and it waits to hear that the file was received. */
static void
test_psi (Peers *self, gconstpointer data)
{
  g_autofree char *hash = dup_hash_element (self->bytes, "sha-256");
  g_autofree char *hashes =
      g_strconcat ("<hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>d3Jvbmc=</hash>", hash, NULL);
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (
      self,
      "<range/><hash-used xmlns='urn:xmpp:hashes:2' algo='sha-1'/><thumbnail "
      "xmlns='urn:xmpp:thumbs:1' uri='cid:sha1+1@bob.xmpp.org' media-type='image/png' width='4' "
      "height='4'/>",
      &result);
  write_bytes_of (self, transport, 0, SIZE);
  assert_succeeds (ibb_transport_shutdown_output, transport, NULL);
  send_checksum (self, hashes);
  assert_received (self, &result);
  hear (self, "set", "<received");
  hear (self, "set", "<success/>");
}

/* The numbers of the blocks begin again after 65535. */
static void
test_many_blocks (Peers *self, gconstpointer data)
{
  const guint                  block_size = 16;
  g_autoptr (GBytes)           bytes = make_bytes ((65536 + 1000) * block_size, 1);
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  g_autoptr (IBBTransport)     transport = NULL;
  g_autoptr (GAsyncResult)     written = NULL;
  g_autofree char             *path = get_path (self);
  g_autofree char             *content = NULL;
  gsize                        length;
  GAsyncResult                *result = NULL;
  GAsyncResult                *accepted = NULL;

  say (self,
       "<iq type='set' to='" JULIET "' id='offer'><jingle xmlns='urn:xmpp:jingle:1' sid='s1' "
       "action='session-initiate'><content creator='initiator' name='c'><description xmlns='" FT
       "'><file><name>f</name><size>%u</size></file></description><transport xmlns='" IBB
       "' block-size='%u' sid='t1'/></content></jingle></iq>",
       (guint) g_bytes_get_size (bytes), block_size);
  accept_file (self, &accepted);
  hear (self, "set", "session-accept");
  ibb_session_params_set_sid (params, "t1");
  ibb_session_params_set_block_size (params, block_size);
  ibb_service_open_session_async (self->peer, JULIET, params, NULL, store_result_cb, &result);
  transport = assert_result (ibb_service_open_session_finish, self->peer, &result);
  g_output_stream_write_all_async (get_output (transport), g_bytes_get_data (bytes, NULL),
                                   g_bytes_get_size (bytes), G_PRIORITY_DEFAULT, NULL,
                                   store_result_cb, &result);
  written = wait_for_result (&result);
  assert_succeeds (g_output_stream_write_all_finish, get_output (transport), written, NULL);
  g_io_stream_close_async (G_IO_STREAM (transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &accepted);
  assert_succeeds (g_file_get_contents, path, &content, &length);
  g_assert_cmpmem (content, length, g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* A hash that was promised and does not come. */
static void
test_broken_promise (Peers *self, gconstpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (self, "<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>", &result);
  fast_timers_start (5000, 100000, 0);
  write_bytes_of (self, transport, 0, SIZE);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_TIMED_OUT, ibb_files_transfer_accept_file_finish,
                       self->offered, &result);
  fast_timers_stop ();
  hear (self, "set", "<timeout/>");
}

/* The session is closed too early, and then a reason follows, or none. */
static void
test_closed_early (Peers *self, gconstpointer data)
{
  const char              *reason = data;
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (self, "", &result);
  write_bytes_of (self, transport, 0, SIZE / 2);
  if (reason == NULL)
    fast_timers_start (5000, 100000, 0);
  assert_succeeds (g_io_stream_close, G_IO_STREAM (transport), NULL);
  if (reason != NULL)
    send_action (self, "s1", "session-terminate", reason);
  if (reason != NULL && strstr (reason, "cancel") != NULL)
    assert_lost (self, IBB_ERROR, IBB_ERROR_GONE, &result);
  else
    assert_lost (self, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, &result);
  fast_timers_stop ();
}

/* Lies about the size and the hash. */
static void
test_more_than_offered (Peers *self, gconstpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_initiation (self, "size='10000'", &result);
  write_bytes_of (self, transport, 0, SIZE);
  assert_lost (self, IBB_ERROR, IBB_ERROR_PROTOCOL, &result);
}

/* The block comes when the size has been reached. */
static void
test_more_at_the_end (Peers *self, gconstpointer data)
{
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = data == NULL ? begin_initiation (self, "size='20000'", &result)
                           : begin_jingle (self, data, &result);
  write_bytes_of (self, transport, 0, SIZE);
  wait_until (ibb_files_transfer_get_state (self->offered) == IBB_FILES_STATE_CHECKING);
  write_bytes_of (self, transport, 0, 1);
  assert_lost (self, IBB_ERROR, IBB_ERROR_PROTOCOL, &result);
}

/* The last step of a hash, in a thread that is not the test's, waits. */
static GMutex   hash_lock;
static GCond    hash_changed;
static gboolean holds_hash; /* protected by hash_lock */
static int      has_hash;   /* atomic */

char *
g_base64_encode (const guchar *data, gsize length)
{
  char *(*original) (const guchar *, gsize) =
      (char *(*) (const guchar *, gsize)) dlsym (RTLD_NEXT, "g_base64_encode");

  g_mutex_lock (&hash_lock);
  if (holds_hash && !g_main_context_is_owner (NULL))
    {
      g_atomic_int_set (&has_hash, TRUE);
      g_main_context_wakeup (NULL);
      while (holds_hash)
        g_cond_wait (&hash_changed, &hash_lock);
    }
  g_mutex_unlock (&hash_lock);
  return original (data, length);
}

static void
hold_hash (gboolean holds)
{
  g_mutex_lock (&hash_lock);
  holds_hash = holds;
  g_cond_signal (&hash_changed);
  g_mutex_unlock (&hash_lock);
}

/* The sender cancels while the receiver reads the file again, for a hash that it did not expect. */
static void
test_cancelled_while_checked (Peers *self, gconstpointer data)
{
  g_autofree char         *hash = dup_hash_element (self->bytes, "sha-512");
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (self, "<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-512'/>", &result);
  write_bytes_of (self, transport, 0, SIZE);
  wait_until (ibb_files_transfer_get_state (self->offered) == IBB_FILES_STATE_CHECKING);
  hold_hash (TRUE);
  send_checksum (self, hash);
  wait_until (g_atomic_int_get (&has_hash));
  send_action (self, "s1", "session-terminate", "<reason><cancel/></reason>");
  hear (self, "result", "session-terminate");
  hold_hash (FALSE);
  assert_lost (self, IBB_ERROR, IBB_ERROR_GONE, &result);
}

static void
test_wrong_hash (Peers *self, gconstpointer data)
{
  g_autoptr (GBytes)       other = make_bytes (SIZE, 2);
  g_autofree char         *hash = dup_hash_element (other, "sha-256");
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (self, hash, &result);
  write_bytes_of (self, transport, 0, SIZE);
  hear (self, "set", "<media-error/>");
  assert_lost (self, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, &result);
}

typedef struct
{
  const char *name, *offered, *promised, *at_end; /* (nullable): the functions of the hashes */
  const char *error;                              /* (nullable): what the message has */
  gboolean    is_right;                           /* the hashes are those of the bytes */
} OfStream;

static const OfStream of_stream[] = {
  { "default", "sha-256", NULL, NULL, "hash of the received bytes", FALSE },
  { "other", "sha-512", NULL, NULL, "hash of the received bytes", FALSE },
  { "promised", NULL, "sha-512", "sha-512", "hash of the received bytes", FALSE },
  { "promised-right", NULL, "sha-512", "sha-512", NULL, TRUE },
  { "unknown", NULL, "blake2b-256", "sha-256", NULL, TRUE },
  { "both", "sha-512", NULL, "sha-256", "hash of the received bytes", FALSE },
  { "both-right", "sha-512", NULL, "sha-256", NULL, TRUE },
  { "not-offered", NULL, NULL, "sha-512", "by “sha-512”", TRUE },
  { "not-promised", NULL, "sha-256", "sha-512", "by “sha-512”", TRUE },
};

/* The bytes of a stream are hashed while they come, by the function of the offer. */
static void
test_hash_of_stream (Peers *self, gconstpointer data)
{
  const OfStream    *row = data;
  g_autoptr (GBytes) other = row->is_right ? g_bytes_ref (self->bytes) : make_bytes (SIZE, 2);
  g_autofree char   *hash = row->offered != NULL ? dup_hash_element (other, row->offered) : NULL;
  g_autofree char   *late = row->at_end != NULL ? dup_hash_element (other, row->at_end) : NULL;
  g_autofree char   *promise =
      row->promised != NULL
            ? g_strdup_printf ("<hash-used xmlns='urn:xmpp:hashes:2' algo='%s'/>", row->promised)
            : NULL;
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();
  g_autoptr (IBBTransport)  transport = NULL;
  g_autoptr (GError)        error = NULL;
  GAsyncResult             *result = NULL;

  offer_by_jingle (self, "s1", hash != NULL ? hash : promise != NULL ? promise : "");
  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, store_result_cb, &result);
  hear (self, "set", "session-accept");
  transport = open_session (self);
  write_bytes_of (self, transport, 0, SIZE);
  if (late != NULL)
    send_checksum (self, late);
  assert_succeeds (ibb_transport_shutdown_output, transport, NULL);
  if (row->error == NULL)
    {
      assert_result (ibb_files_transfer_accept_stream_finish, self->offered, &result);
      return;
    }
  assert_result_fails (IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, ibb_files_transfer_accept_stream_finish,
                       self->offered, &result);
  error = ibb_files_transfer_dup_error (self->offered);
  g_assert_nonnull (strstr (error->message, row->error));
  hear (self, "set", "<media-error/>");
}

/* A sender that withdraws before anybody has decided. */
static void
test_withdrawn (Peers *self, gconstpointer data)
{
  GAsyncResult *result = NULL;

  offer_by_jingle (self, "s1", "");
  wait_until (self->offered != NULL);
  send_action (self, "s1", "session-terminate", "<reason><cancel/></reason>");
  assert_fails (IBB_ERROR, IBB_ERROR_GONE, ibb_files_transfer_wait, self->offered, NULL);
  accept_file (self, &result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_PENDING, ibb_files_transfer_accept_file_finish,
                       self->offered, &result);
}

/* One that says so in other words: the offer is over, and nobody can accept it. */
static void
test_success_before_decision (Peers *self, gconstpointer data)
{
  offer_by_jingle (self, "s1", "");
  wait_until (self->offered != NULL);
  send_action (self, "s1", "session-terminate", "<reason><success/></reason>");
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->offered, NULL);
}

/* What is known of no session, and offers without end. */
static void
test_strangers (Peers *self, gconstpointer data)
{
  send_action (self, "s1", "session-accept", "");
  hear (self, "error", "unknown-session");
  offer_by_jingle (self, "s1", "");
  hear (self, "result", "offer-s1");
  offer_by_jingle (self, "s1", "");
  hear (self, "error", "out-of-order");
  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *sid = g_strdup_printf ("many-%u", i);

      offer_by_jingle (self, sid, "");
      wait_until (find (self, "result", sid) != NULL || find (self, "error", sid) != NULL);
    }
  g_assert_cmpuint (self->all_offered->len, ==, 10);
  g_assert_nonnull (find (self, "error", "resource-constraint"));
  offer_by_initiation (self, "size='1'");
  hear (self, "error", "initiation");
  g_assert_cmpuint (self->all_offered->len, ==, 10);
}

#define TERMINATE                                                                                  \
  "<jingle xmlns='urn:xmpp:jingle:1' sid='s1' action='session-terminate'><reason><cancel/>"        \
  "</reason></jingle>"

/* The end of a session by somebody else: another account, or another program of the peer's. */
static void
test_forged (Peers *self, gconstpointer data)
{
  const char *const jids[] = { STRANGER, "romeo@montague.example/balcony" };

  offer_by_jingle (self, "s1", "");
  wait_until (self->offered != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (jids); i++)
    {
      g_autoptr (IBBConnection) other = ibb_loopback_attach (self->loopback, jids[i]);
      g_autoptr (IBBStanza)     request = assert_succeeds (
              ibb_stanza_new_from_xml, "<iq type='set' to='" JULIET "'>" TERMINATE "</iq>", -1);
      GAsyncResult *result = NULL;

      ibb_connection_query_async (other, request, 0, NULL, store_result_cb, &result);
      assert_result_fails (IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND, ibb_connection_query_finish, other,
                           &result);
    }

  /* Neither a question nor a message is an action. */
  say (self, "<iq type='get' to='" JULIET "' id='question'>" TERMINATE "</iq>");
  hear (self, "error", "question");
  say (self, "<message to='" JULIET "'>" TERMINATE "</message>");
  offer_by_jingle (self, "s2", "");
  hear (self, "result", "offer-s2");
  g_assert_cmpint (ibb_files_transfer_get_state (g_ptr_array_index (self->all_offered, 0)), ==,
                   IBB_FILES_STATE_OFFERED);
}

/* While the file is checked the sender logs in again, and asks with another resource. */
static void
test_new_resource (Peers *self, gconstpointer data)
{
  g_autofree char *hash = dup_hash_element (self->bytes, "sha-256");
  g_autofree char *checksum = g_strdup_printf (
      "<checksum xmlns='" FT "' creator='initiator' name='c'><file>%s</file></checksum>", hash);
  g_autoptr (IBBTransport) transport = NULL;
  GAsyncResult            *result = NULL;

  transport = begin_jingle (self, "<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>", &result);
  write_bytes_of (self, transport, 0, SIZE);
  wait_until (ibb_files_transfer_get_state (self->offered) == IBB_FILES_STATE_CHECKING);
  send_action_anew (self, "newer", "s1", "session-info", checksum);
  assert_received (self, &result);
  send_action_anew (self, "newest", "s1", "session-info", checksum);
}

/* Half of the file arrives, and then the connection of the sender breaks. */
static IBBTransport *
begin_jingle_in_part (Peers *self, const char *more)
{
  GAsyncResult *result = NULL;
  IBBTransport *transport = begin_jingle (self, more, &result);

  write_bytes_of (self, transport, 0, SIZE / 2);
  wait_until (ibb_files_transfer_get_bytes_moved (self->offered) == SIZE / 2);
  send_action (self, "s1", "session-terminate", "<reason><connectivity-error/></reason>");
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &result);
  g_assert_false (is_empty (self));
  return transport;
}

#define PROMISE "<range/><hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>"

/* The receiver was killed before it could synchronize the part with the disk. */
static void
unsettle (Peers *self)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, self->folder, 0);
  g_autofree char *path = g_build_filename (self->folder, g_dir_read_name (dir), NULL);
  struct stat      info;

  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 01600);
  g_assert_cmpint (chmod (path, 0600), ==, 0);
}

/* The sender gives the hash of the range that the receiver has asked for (XEP-0234 §8.2). Without a
 * date, or without any hash, or after a power cut nothing tells that the bytes before it are of the
 * same file. */
static void
test_range (Peers *self, gconstpointer data)
{
  gboolean                 is_right = g_strcmp0 (data, "wrong") != 0;
  gboolean                 is_dated = g_strcmp0 (data, "undated") != 0;
  gboolean                 keeps_word = g_strcmp0 (data, "none") != 0;
  gboolean                 is_settled = g_strcmp0 (data, "unsettled") != 0;
  const char *const        more = is_dated ? "<date>2026-11-26T18:05:07Z</date>" PROMISE : PROMISE;
  g_autoptr (IBBTransport) transport = begin_jingle_in_part (self, more);
  g_autoptr (GBytes)       rest = NULL;
  g_autofree char         *hash = NULL;
  g_autofree char         *range = NULL;
  g_autofree char         *offset_text = NULL;
  gsize                    offset;
  GAsyncResult            *result = NULL;

  g_clear_object (&transport);
  if (!is_settled)
    unsettle (self);
  g_ptr_array_set_size (self->heard, 0);
  g_clear_object (&self->offered);
  transport = begin_jingle (self, more, &result);
  offset_text = dup_value (find (self, "set", "session-accept"), "<range", "offset");
  offset = (gsize) g_ascii_strtoull (offset_text, NULL, 10);
  g_assert_cmpuint (offset, >, 0);
  write_bytes_of (self, transport, offset, SIZE - offset);
  rest = g_bytes_new_from_bytes (self->bytes, offset - !is_right, SIZE - offset);
  hash = dup_hash_element (rest, "sha-256");
  range =
      g_strdup_printf ("<range offset='%zu' length='%zu'>%s</range>", offset, SIZE - offset, hash);
  if (keeps_word)
    send_checksum (self, range);
  else
    send_action (self, "s1", "session-terminate", "<reason><success/></reason>");
  if (is_right && is_dated && keeps_word && is_settled)
    {
      assert_received (self, &result);
      return;
    }
  assert_lost (self, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE, &result);
}

/* Offers of what no handler knows get a reason, and not the error for an unknown session. */
static void
test_unknown_offers (Peers *self, gconstpointer data)
{
  say (self, "<iq type='set' to='" JULIET "' id='rtp'><jingle xmlns='urn:xmpp:jingle:1' "
             "action='session-initiate' sid='s1'><content creator='initiator' name='c'>"
             "<description xmlns='urn:xmpp:jingle:apps:rtp:1'/></content></jingle></iq>");
  hear (self, "result", "rtp");
  hear (self, "set", "<unsupported-applications/>");
  say (self, "<iq type='set' to='" JULIET "' id='none'><jingle xmlns='urn:xmpp:jingle:1' "
             "action='session-initiate' sid='s1'/></iq>");
  hear (self, "error", "none");
  say (self, "<iq type='set' to='" JULIET "' id='still'><jingle xmlns='urn:xmpp:jingle:1' "
             "sid='s1'/></iq>");
  hear (self, "error", "still");
  g_assert_true (is_of (find (self, "error", "still"), "error", "bad-request"));
  say (self, "<iq type='set' to='" JULIET "' id='si'><si xmlns='" SI
             "' id='t1' profile='urn:of:another'/></iq>");
  hear (self, "error", "bad-profile");
  g_assert_cmpuint (self->all_offered->len, ==, 0);
}

#define add_test_of(path, data, function)                                                          \
  g_test_add ("/ibb/files/peers/" path, Peers, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  fast_timers_stop ();
  add_test_of ("initiation/empty", NULL, test_initiation_empty);
  add_test_of ("no-size/initiation", NULL, test_initiation_no_size);
  add_test_of ("no-size/jingle", "", test_jingle_no_size);
  add_test_of ("no-size/jingle/promised", "<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>",
               test_jingle_no_size);
  add_test_of ("no-size/jingle/empty",
               "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>"
               "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</hash>",
               test_jingle_no_size);
  add_test_of ("initiation/refused", NULL, test_initiation_refused);
  add_test_of ("never-opened", "size='20000'", test_never_opened);
  add_test_of ("never-opened/empty", "size='0'", test_never_opened);
  add_test_of ("closed-early/cancel", "<reason><cancel/></reason>", test_closed_early);
  add_test_of ("closed-early/success", "<reason><success/></reason>", test_closed_early);
  add_test_of ("closed-early/silent", NULL, test_closed_early);
  add_test_of ("conversations", NULL, test_conversations);
  add_test_of ("psi", NULL, test_psi);
  add_test_of ("many-blocks", NULL, test_many_blocks);
  add_test_of ("broken-promise", NULL, test_broken_promise);
  add_test_of ("more-than-offered", NULL, test_more_than_offered);
  add_test_of ("more-at-the-end/initiation", NULL, test_more_at_the_end);
  add_test_of ("more-at-the-end/jingle", "", test_more_at_the_end);
  add_test_of ("more-at-the-end/promised", "<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>",
               test_more_at_the_end);
  add_test_of ("cancelled-while-checked", NULL, test_cancelled_while_checked);
  add_test_of ("wrong-hash/file", NULL, test_wrong_hash);
  for (guint i = 0; i < G_N_ELEMENTS (of_stream); i++)
    {
      g_autofree char *path =
          g_strconcat ("/ibb/files/peers/hash-of-stream/", of_stream[i].name, NULL);

      g_test_add (path, Peers, &of_stream[i], set_up, test_hash_of_stream, tear_down);
    }
  add_test_of ("withdrawn", NULL, test_withdrawn);
  add_test_of ("withdrawn/success", NULL, test_success_before_decision);
  add_test_of ("strangers", NULL, test_strangers);
  add_test_of ("forged", NULL, test_forged);
  add_test_of ("new-resource", NULL, test_new_resource);
  add_test_of ("range", NULL, test_range);
  add_test_of ("range/wrong", "wrong", test_range);
  add_test_of ("range/undated", "undated", test_range);
  add_test_of ("range/none", "none", test_range);
  add_test_of ("range/unsettled", "unsettled", test_range);
  add_test_of ("late-open", NULL, test_late_open);
  add_test_of ("unknown-offers", NULL, test_unknown_offers);
  return g_test_run ();
}
