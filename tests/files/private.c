/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files in private: who is refused, and what a server in the middle reads. */

#include "config.h"

#include "ends.h"

#include "../lib/fast-timers.h"
#include "files/protocol/bundle.h"

#include <string.h>

#define BUNDLE_PLAIN "takes only encrypted files"

static void
assert_ends (IBBFilesTransfer *transfer, GQuark domain, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  assert_fails (domain, code, ibb_files_transfer_wait, transfer, NULL);
  error = ibb_files_transfer_dup_error (transfer);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

/* A peer that takes no encrypted files gets no offer. */
static void
test_unable (Files *self, gconstpointer data)
{
  g_autofree char  *path = get_path (self, "sent");
  g_autoptr (GFile) file = NULL;

  set_identity (self, self->romeo, TRUE);
  self->bytes = make_bytes (10, 1);
  file = make_file (self, "sent", self->bytes);
  ibb_files_service_offer_file_async (self->romeo, JULIET, file, NULL, NULL, store_result_cb,
                                      &self->result);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                       ibb_files_service_offer_file_finish, self->romeo, &self->result);
  g_assert_null (self->offered);
}

/* A receiver with an identity takes nothing in the clear, and says so. */
static void
test_plain_refused (Files *self, gconstpointer data)
{
  set_identity (self, self->juliet, TRUE);
  begin (self, 10);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FAILED, BUNDLE_PLAIN);
  g_assert_null (self->offered);
}

static void
test_switched_off (Files *self, gconstpointer data)
{
  set_identity (self, self->juliet, TRUE);
  set_identity (self, self->romeo, TRUE);
  begin (self, 10);
  ibb_files_service_set_identity (self->juliet, NULL);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FAILED, "takes no encrypted files");
  g_assert_null (self->offered);
}

static gboolean
refuse_cb (IBBFilesService *service, const char *peer_jid, gpointer data)
{
  g_assert_cmpstr (peer_jid, ==, ROMEO);
  return TRUE;
}

static void
test_not_let_in (Files *self, gconstpointer data)
{
  g_signal_connect (self->juliet, "private-offered", G_CALLBACK (refuse_cb), NULL);
  begin (self, 10);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FORBIDDEN, "has refused the file");
  g_assert_null (self->offered);
}

/* Who takes no files judges no key, and asks nobody about one. */
static void
test_no_handler (Files *self, gconstpointer data)
{
  g_signal_handlers_disconnect_by_data (self->juliet, self);
  set_identity (self, self->juliet, FALSE);
  begin (self, 10);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FORBIDDEN, "has refused the file");
}

static void
failed_cb (IBBFilesService *service, const char *peer_jid, const GError *error, GError **failure)
{
  g_assert_cmpstr (peer_jid, ==, ROMEO);
  g_assert_null (*failure);
  *failure = g_error_copy (error);
}

/* Whichever end does not trust the other: the receiver never hears of the file, and of the failure
 * once. */
static void
test_not_trusted (Files *self, gconstpointer data)
{
  gboolean is_sender = GPOINTER_TO_INT (data);

  g_autoptr (GError) failure = NULL;

  g_signal_connect (self->juliet, "private-failed", G_CALLBACK (failed_cb), &failure);
  set_identity (self, is_sender ? self->romeo : self->juliet, FALSE);
  begin (self, 10);
  if (is_sender)
    assert_ends (self->sent, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "");
  else
    assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "");
  wait_until (failure != NULL);
  if (is_sender)
    g_assert_error (failure, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED);
  else
    g_assert_error (failure, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_null (self->offered);
  g_assert_cmpuint (count_files (self), ==, 1);
}

/* Files that are offered at once. */

#define N_AT_ONCE 8 /* more than an identity lets wait for their turn */

static gboolean
take_cb (IBBFilesService *service, IBBFilesTransfer *transfer, GOutputStream *stream)
{
  ibb_files_transfer_accept_stream_async (transfer, stream, NULL, NULL, NULL);
  return TRUE;
}

static gboolean
hold_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, GPtrArray *questions)
{
  g_ptr_array_add (questions, g_object_ref (question));
  return TRUE;
}

/* The session of each file asks about the key, one after the other. If the user says no, or the
 * peer does, nobody is asked about the others; a file that is cancelled only makes room. */
static void
test_at_once (Files *self, gconstpointer data)
{
  const char               *how = data;
  gboolean                  is_trusted = !g_str_equal (how, "declined");
  g_autoptr (GPtrArray)     questions = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray)     transfers = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  GListModel               *sessions;

  set_asking (self, self->romeo, hold_cb, questions);
  g_signal_handlers_disconnect_by_data (self->juliet, self);
  g_signal_connect (self->juliet, "file-offered", G_CALLBACK (take_cb), memory);
  for (guint i = 0; i < N_AT_ONCE; i++)
    {
      g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 1);
      g_autoptr (GInputStream)     byte = g_memory_input_stream_new_from_data ("x", 1, NULL);

      ibb_files_service_offer_stream_async (self->romeo, JULIET, byte, metadata, NULL,
                                            store_result_cb, &self->result);
      g_ptr_array_add (transfers, assert_result (ibb_files_service_offer_stream_finish, self->romeo,
                                                 &self->result));
    }
  wait_until (questions->len == 1);
  sessions = G_LIST_MODEL (ibb_files_service_get_sessions (self->romeo));
  g_assert_cmpuint (g_list_model_get_n_items (sessions), ==, 1);
  if (g_str_equal (how, "cancelled"))
    {
      for (guint i = 0; i < 2; i++)
        {
          g_autoptr (IBBFilesTransfer) first = g_ptr_array_steal_index (transfers, 0);

          ibb_files_transfer_cancel (first);
          assert_ends (first, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
        }
      g_ptr_array_set_size (questions, 0);
    }
  for (guint i = 0; i < (is_trusted ? transfers->len : 1); i++)
    {
      wait_until (questions->len == i + 1);
      if (is_trusted)
        ibb_xmpp_trust_question_accept (questions->pdata[i], IBB_XMPP_ANSWER_FLAGS_NONE);
    }
  if (!is_trusted)
    g_ptr_array_set_size (questions, 0);
  for (guint i = 0; i < transfers->len; i++)
    if (is_trusted)
      assert_succeeds (ibb_files_transfer_wait, transfers->pdata[i], NULL);
    else
      assert_ends (transfers->pdata[i], G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, "");
  g_assert_cmpuint (questions->len, ==, is_trusted ? transfers->len : 0);
  g_assert_cmpuint (g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (memory)), ==,
                    is_trusted ? transfers->len : 0);
}

static void
test_too_long (Files *self, gconstpointer data)
{
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new ();
  g_autofree char             *text = g_strnfill (IBB_BUNDLE_DESCRIPTION_MAX, 'd');
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 0);

  ibb_files_metadata_set_description (metadata, text);
  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, NULL,
                                        store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, "too long");
}

/* Streams of an application that stand still until they are cancelled. */

static int n_stalled; /* atomic: calls */

static gssize
stall (GCancellable *cancellable, GError **error)
{
  GPollFD poll;

  g_assert_true (g_cancellable_make_pollfd (cancellable, &poll));
  g_atomic_int_inc (&n_stalled);
  g_poll (&poll, 1, -1);
  g_atomic_int_add (&n_stalled, -1);
  g_cancellable_release_fd (cancellable);
  return g_cancellable_set_error_if_cancelled (cancellable, error) ? -1 : 0;
}

static GType              source_get_type (void);
typedef GInputStream      Source;
typedef GInputStreamClass SourceClass;
G_DEFINE_TYPE (Source, source, G_TYPE_INPUT_STREAM)

static gssize
source_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  return stall (cancellable, error);
}

static void
source_class_init (SourceClass *class)
{
  class->read_fn = source_read;
}

static void
source_init (Source *self)
{
}

static GType               sink_get_type (void);
typedef GOutputStream      Sink;
typedef GOutputStreamClass SinkClass;
G_DEFINE_TYPE (Sink, sink, G_TYPE_OUTPUT_STREAM)

static gssize
sink_write (GOutputStream *stream,
            const void    *buffer,
            gsize          count,
            GCancellable  *cancellable,
            GError       **error)
{
  return stall (cancellable, error);
}

static void
sink_class_init (SinkClass *class)
{
  class->write_fn = sink_write;
}

static void
sink_init (Sink *self)
{
}

/* A transfer that is cancelled while its thread uses such a stream leaves it first. */
static void
test_cancelled (Files *self, gconstpointer data)
{
  gboolean                     is_sender = GPOINTER_TO_INT (data);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 10);
  g_autoptr (GInputStream)     bytes = g_memory_input_stream_new_from_data ("0123456789", 10, NULL);
  g_autoptr (GInputStream)     source = g_object_new (source_get_type (), NULL);
  g_autoptr (GOutputStream)    memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream)    sink = g_object_new (sink_get_type (), NULL);
  IBBFilesTransfer            *transfer;

  ibb_files_service_offer_stream_async (self->romeo, JULIET, is_sender ? source : bytes, metadata,
                                        NULL, store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_stream_async (self->offered, is_sender ? memory : sink, NULL, NULL,
                                          NULL);
  poll_until (g_atomic_int_get (&n_stalled) == 1);
  transfer = is_sender ? self->sent : self->offered;
  ibb_files_transfer_cancel (transfer);
  assert_ends (transfer, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  g_assert_cmpint (g_atomic_int_get (&n_stalled), ==, 0);
  if (is_sender)
    assert_ends (self->offered, IBB_ERROR, IBB_ERROR_GONE, "cancelled");
  else
    assert_ends (self->sent, IBB_ERROR, IBB_ERROR_GONE, "cancelled");
}

typedef struct
{
  IBBConnection *connection; /* (unowned) */
  IBBStanza     *stanza;     /* (owned) */
} Unsaid;

static GAsyncQueue   *unsaid; /* (element-type Unsaid) */
static IBBConnection *silent; /* (nullable): what it sends waits; NULL: what anybody does */

#define NOBODY ((IBBConnection *) &unsaid)

static gboolean (*send_aloud) (IBBConnection *self, IBBStanza *stanza, GError **error);

static gboolean
send_unless_silent (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  Unsaid *words;

  if (silent != NULL && self != silent)
    return send_aloud (self, stanza, error);
  words = g_new0 (Unsaid, 1);
  words->connection = self;
  words->stanza = ibb_stanza_ref (stanza);
  g_async_queue_push (unsaid, words);
  return TRUE;
}

static void
begin_silence (Files *self, IBBConnection *connection)
{
  IBBConnectionInterface *iface = IBB_CONNECTION_GET_IFACE (self->romeo_connection);

  unsaid = g_async_queue_new ();
  silent = connection;
  send_aloud = iface->send;
  iface->send = send_unless_silent;
}

static void
end_silence (Files *self)
{
  Unsaid *words;

  IBB_CONNECTION_GET_IFACE (self->romeo_connection)->send = send_aloud;
  while ((words = g_async_queue_try_pop (unsaid)) != NULL)
    {
      assert_succeeds (ibb_connection_send, words->connection, words->stanza);
      ibb_stanza_unref (words->stanza);
      g_free (words);
    }
  g_async_queue_unref (unsaid);
}

/* An end whose only file is over keeps no session for a peer that says nothing any more. */
static void
test_silent_peer (Files *self, gconstpointer data)
{
  gboolean    is_sender = GPOINTER_TO_INT (data);
  IBBService *sessions = ibb_files_service_get_sessions (is_sender ? self->romeo : self->juliet);

  begin (self, 10);
  wait_until (self->offered != NULL);
  begin_silence (self, is_sender ? self->juliet_connection : self->romeo_connection);
  fast_timers_hold (60000);
  if (is_sender)
    ibb_files_transfer_cancel (self->sent);
  else
    ibb_files_transfer_refuse (self->offered, NULL);
  wait_until (fast_timers_is_held ());
  g_assert_cmpuint (g_list_model_get_n_items (G_LIST_MODEL (sessions)), ==, 1);
  fast_timers_fire ();
  wait_until (g_list_model_get_n_items (G_LIST_MODEL (sessions)) == 0);
  end_silence (self);
}

static char *jingle_sid; /* (nullable): of the first session that was offered */

static gboolean
send_and_note (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", "urn:xmpp:jingle:1");

  if (jingle != NULL && jingle_sid == NULL)
    jingle_sid = g_strdup (ibb_element_get_attribute (jingle, "sid"));
  return send_aloud (self, stanza, error);
}

static char *own_reason; /* (nullable): with which the end has ended the session of Jingle */

static gboolean
send_and_note_reason (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", "urn:xmpp:jingle:1");
  IBBElement            *reason =
      jingle != NULL ? ibb_element_get_child (jingle, "reason", "urn:xmpp:jingle:1") : NULL;

  if (reason != NULL && own_reason == NULL)
    {
      g_autoptr (GPtrArray) words = ibb_element_list_children (reason);

      own_reason = g_strdup (ibb_element_get_name (g_ptr_array_index (words, 0)));
    }
  return send_aloud (self, stanza, error);
}

/* The servers do not learn what becomes of a private file, also where the stream is not there yet.
 */
static void
test_early_cancel (Files *self, gconstpointer data)
{
  IBBConnectionInterface *iface = IBB_CONNECTION_GET_IFACE (self->romeo_connection);

  send_aloud = iface->send;
  iface->send = send_and_note_reason;
  begin (self, 10);
  ibb_files_transfer_cancel (self->sent);
  wait_until (own_reason != NULL);
  iface->send = send_aloud;
  g_assert_cmpstr (own_reason, ==, "general-error");
  g_clear_pointer (&own_reason, g_free);
}

/* A server in between ends the session of Jingle in the name of an end: the files in the stream go
 * on. */
static void
test_false_reason (Files *self, gconstpointer data)
{
  gboolean                is_of_sender = GPOINTER_TO_INT (data);
  IBBConnection          *from = is_of_sender ? self->romeo_connection : self->juliet_connection;
  IBBConnectionInterface *iface = IBB_CONNECTION_GET_IFACE (from);
  g_autoptr (IBBStanza)   request = NULL;
  g_autoptr (IBBStanza)   answer = NULL;
  GAsyncResult           *result = NULL;

  send_aloud = iface->send;
  iface->send = send_and_note;
  begin (self, 10);
  wait_until (self->offered != NULL);
  iface->send = send_aloud;
  request = new_stanza ("<iq type='set' to='%s'><jingle xmlns='urn:xmpp:jingle:1' "
                        "action='session-terminate' sid='%s'><reason><cancel/></reason></jingle>"
                        "</iq>",
                        is_of_sender ? JULIET : ROMEO, jingle_sid);
  g_clear_pointer (&jingle_sid, g_free);
  ibb_connection_query_async (from, request, 0, NULL, store_result_cb, &result);
  answer = assert_result (ibb_connection_query_finish, from, &result);
  accept_as (self, "received", &self->result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  assert_content (self, "received", self->bytes);
}

/* The services live in a context that is not the default one of the program. */
static void
set_up_elsewhere (Files *self, gconstpointer data)
{
  g_main_context_push_thread_default (g_main_context_new ());
  set_up_private (self, data);
}

static void
tear_down_elsewhere (Files *self, gconstpointer data)
{
  GMainContext *context = g_main_context_get_thread_default ();

  tear_down (self, data);
  g_main_context_pop_thread_default (context);
  g_main_context_unref (context);
}

/* The headers of the frames of a file of 10 bytes. */
static const guint8  accept_frame[] = { 2, 0, 0, 8, 0, 0, 0, 1 };
static const guint8  data_frame[] = { 3, 0, 0, 10, 0, 0, 0, 1 };
static const guint8  end_frame[] = { 4, 0, 0, 32, 0, 0, 0, 1 };
static const guint8 *last_frame; /* before the silence */

/* Whether a block has the frame, perhaps behind others. */
static gboolean
has_frame (IBBStanza *stanza, const guint8 *header)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement *block = ibb_element_get_child (element, "data", "http://jabber.org/protocol/ibb");
  gsize       length = 0;
  g_autofree guint8 *bytes =
      block != NULL ? g_base64_decode (ibb_element_get_text (block), &length) : NULL;

  for (gsize i = 0; i + sizeof data_frame <= length; i++)
    if (memcmp (bytes + i, header, sizeof data_frame) == 0)
      return TRUE;
  return FALSE;
}

/* The silence begins when the frame is on its way. */
static gboolean
send_until_frame (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  if (has_frame (stanza, last_frame))
    IBB_CONNECTION_GET_IFACE (self)->send = send_unless_silent;
  return send_aloud (self, stanza, error);
}

static void
begin_silence_after (Files *self, IBBConnection *connection, const guint8 *frame)
{
  last_frame = frame;
  begin_silence (self, connection);
  IBB_CONNECTION_GET_IFACE (self->romeo_connection)->send = send_until_frame;
}

/* A sender that cancels does not wait without end for a receiver that has all bytes, and has
 * acknowledged none. */
static void
test_cancelled_unheard (Files *self, gconstpointer data)
{
  begin (self, 10);
  begin_silence_after (self, self->juliet_connection, data_frame);
  accept_as (self, "received", &self->result);
  wait_until (ibb_files_transfer_get_state (self->offered) == IBB_FILES_STATE_CHECKING &&
              ibb_files_transfer_get_state (self->sent) >= IBB_FILES_STATE_ACTIVE);
  fast_timers_hold (60000);
  ibb_files_transfer_cancel (self->sent);
  g_assert_true (fast_timers_is_held ());
  fast_timers_fire ();
  assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_TIMED_OUT, "has not confirmed");
  end_silence (self);
  wait_until (self->result != NULL);
}

/* What one end does with a file, before it hears no more of the other one. */
typedef struct
{
  gboolean is_sender;
  gboolean is_short; /* the stream that is sent, or received to */
  gboolean cancels;
  int      code; /* of G_IO_ERROR */
} Unheard;

/* The other end learns first what has become of the file, if it is there. */
static void
test_unheard (Files *self, gconstpointer data)
{
  const Unheard               *unheard = data;
  char                         room[10];
  gsize                        length = unheard->is_short ? 5 : 10;
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 10);
  g_autoptr (GInputStream)     source = g_memory_input_stream_new_from_data (
          "0123456789", unheard->is_sender ? (gssize) length : 10, NULL);
  g_autoptr (GOutputStream) sink =
      g_memory_output_stream_new (room, unheard->is_sender ? 10 : length, NULL, NULL);
  IBBFilesTransfer *transfer;

  ibb_files_service_offer_stream_async (self->romeo, JULIET, source, metadata, NULL,
                                        store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  wait_until (self->offered != NULL);
  transfer = unheard->is_sender ? self->sent : self->offered;
  begin_silence_after (self, NULL, unheard->is_sender ? accept_frame : end_frame);
  fast_timers_hold (60000);
  ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, NULL, NULL);
  wait_until (fast_timers_is_held ());
  g_assert_cmpint (ibb_files_transfer_get_state (transfer), <, IBB_FILES_STATE_SENT);
  if (unheard->cancels)
    ibb_files_transfer_cancel (transfer);
  else
    fast_timers_fire ();
  if (unheard->code >= 0)
    assert_ends (transfer, G_IO_ERROR, unheard->code, "");
  else
    assert_succeeds (ibb_files_transfer_wait, transfer, NULL);
  fast_timers_hold (0);
  end_silence (self);
}

/* The session breaks when the file has its name, and the sender has not acknowledged that. */
static void
test_broken_in_place (Files *self, gconstpointer data)
{
  begin (self, 10);
  begin_silence_after (self, NULL, end_frame);
  accept_as (self, "received", &self->result);
  wait_until (ibb_files_transfer_get_file (self->offered) != NULL);
  ibb_transport_abort (ibb_files_transfer_get_transport (self->offered));
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  end_silence (self);
}

/* The sender loses its connection in the moment in which it hears that the file is accepted.
 * However near the two are, the file fails at both ends, or at none. */
static void
test_lost_at_decision (Files *self, gconstpointer data)
{
  for (guint i = 0; i < 25; i++)
    {
      g_autofree char *name = g_strdup_printf ("received-%u", i);
      gboolean         is_sent;

      begin (self, 10);
      begin_silence_after (self, self->juliet_connection, accept_frame);
      silent = NOBODY;
      accept_as (self, name, &self->result);
      poll_until (IBB_CONNECTION_GET_IFACE (self->romeo_connection)->send == send_unless_silent);
      ibb_connection_set_state (self->romeo_connection, IBB_CONNECTION_STATE_CONNECTING);
      ibb_connection_set_state (self->romeo_connection, IBB_CONNECTION_STATE_ONLINE);
      is_sent = ibb_files_transfer_wait (self->sent, NULL, NULL);
      wait_until (self->result != NULL);
      g_assert_cmpint (ibb_files_transfer_accept_file_finish (self->offered, self->result, NULL),
                       ==, is_sent);
      end_silence (self);
      g_clear_object (&self->result);
      g_clear_object (&self->offered);
      g_clear_object (&self->sent);
      g_clear_pointer (&self->bytes, g_bytes_unref);
    }
}

static int n_paddings[2]; /* atomic: blocks with nothing else, of Romeo, and of Juliet */

static gboolean
send_and_count (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement *block = ibb_element_get_child (element, "data", "http://jabber.org/protocol/ibb");

  if (block != NULL && g_strcmp0 (ibb_element_get_text (block), "AAAAAAAAAAA=") == 0)
    g_atomic_int_inc (&n_paddings[self == silent]);
  return send_aloud (self, stanza, error);
}

/* While nobody decides each end lets the other one hear of it. */
static void
test_keepalive (Files *self, gconstpointer data)
{
  begin_silence (self, self->juliet_connection);
  IBB_CONNECTION_GET_IFACE (silent)->send = send_and_count;
  fast_timers_start (15000, 15000, 0);
  begin (self, 10);
  wait_until (self->offered != NULL);
  poll_until (g_atomic_int_get (&n_paddings[0]) > 0 && g_atomic_int_get (&n_paddings[1]) > 0);
  fast_timers_stop ();
  ibb_files_transfer_cancel (self->sent);
  assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_CANCELLED, "");
  end_silence (self);
}

/* What the server reads. */

typedef struct
{
  GString    *xml;   /* all stanzas */
  GByteArray *bytes; /* of the sessions to one end */
} Tap;

static GMutex         tap_lock;
static Tap            taps[2]; /* what Romeo sends, and Juliet; protected by tap_lock */
static IBBConnection *tapped[2];
static gboolean (*send_untapped) (IBBConnection *self, IBBStanza *stanza, GError **error);

static gboolean
send_tapped (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  Tap                   *tap = &taps[self == tapped[1]];
  g_autofree char       *xml = ibb_stanza_to_xml (stanza);
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement *block = ibb_element_get_child (element, "data", "http://jabber.org/protocol/ibb");

  g_mutex_lock (&tap_lock);
  if (tap->xml != NULL)
    g_string_append (tap->xml, xml);
  if (tap->xml != NULL && block != NULL)
    {
      gsize              length;
      g_autofree guint8 *bytes = g_base64_decode (ibb_element_get_text (block), &length);

      g_byte_array_append (tap->bytes, bytes, (guint) length);
    }
  g_mutex_unlock (&tap_lock);
  return send_untapped (self, stanza, error);
}

static void
begin_tap (Files *self)
{
  IBBConnectionInterface *iface = IBB_CONNECTION_GET_IFACE (self->romeo_connection);

  g_mutex_lock (&tap_lock);
  for (guint i = 0; i < 2; i++)
    {
      taps[i].xml = g_string_new (NULL);
      taps[i].bytes = g_byte_array_new ();
    }
  g_mutex_unlock (&tap_lock);
  tapped[0] = self->romeo_connection;
  tapped[1] = self->juliet_connection;
  send_untapped = iface->send;
  iface->send = send_tapped;
}

/* Called with tap_lock. The end of the session may be sent meanwhile. */
static void
end_tap_locked (Files *self)
{
  IBB_CONNECTION_GET_IFACE (self->romeo_connection)->send = send_untapped;
  for (guint i = 0; i < 2; i++)
    {
      g_string_free (g_steal_pointer (&taps[i].xml), TRUE);
      g_clear_pointer (&taps[i].bytes, g_byte_array_unref);
    }
}

static gboolean
has_bytes (const Tap *tap, const void *bytes, gsize length)
{
  for (gsize i = 0; i + length <= tap->bytes->len; i++)
    if (memcmp (tap->bytes->data + i, bytes, length) == 0)
      return TRUE;
  return FALSE;
}

static void
assert_hides (const Tap *tap, const void *text, gsize length)
{
  g_assert_null (g_strstr_len (tap->xml->str, (gssize) tap->xml->len, text));
  g_assert_false (has_bytes (tap, text, length));
}

/* The lengths of the records of TLS that can be those of a bundle: a whole number of blocks. */
static char *
measure_records (const Tap *tap)
{
  GString *lengths = g_string_new (NULL);

  for (gsize i = 0; i + 5 <= tap->bytes->len;)
    {
      const guint8 *record = tap->bytes->data + i;
      gsize         length = (gsize) record[3] << 8 | record[4];

      if (record[0] == 23 && length > 17 && (length - 17) % IBB_BUNDLE_BLOCK_SIZE == 0)
        g_string_append_printf (lengths, "%u ", (guint) length);
      i += 5 + length;
    }
  return g_string_free (lengths, FALSE);
}

/* Returns what the server learns of the size. */
static char *
record (Files *self, gsize size, const char *name, const char *description)
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (name, size);
  g_autoptr (GDateTime)        date = g_date_time_new_utc (2019, 4, 23, 11, 12, 13);
  g_autofree char             *path = get_path (self, "received");
  g_autoptr (GFile)            file = g_file_new_for_path (path);
  g_autoptr (GBytes)           bytes = make_bytes (size, 7);
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new_from_bytes (bytes);
  g_autofree char             *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes);
  g_autofree char             *digits = g_strdup_printf ("%" G_GSIZE_FORMAT "<", size);
  g_autofree guint8           *raw_hash = g_malloc (32);
  g_autofree char             *base64 = NULL;
  g_autofree char             *to_juliet = NULL;
  g_autofree char             *to_romeo = NULL;

  for (guint i = 0; i < 32; i++)
    raw_hash[i] =
        (guint8) (g_ascii_xdigit_value (hash[2 * i]) << 4 | g_ascii_xdigit_value (hash[2 * i + 1]));
  base64 = g_base64_encode (raw_hash, 32);
  ibb_files_metadata_set_description (metadata, description);
  ibb_files_metadata_set_date (metadata, date);
  begin_tap (self);
  g_clear_object (&self->offered);
  g_clear_object (&self->sent);
  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, NULL,
                                        store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  wait_until (self->offered != NULL);
  g_assert_cmpstr (ibb_files_metadata_get_name (ibb_files_transfer_get_metadata (self->offered)),
                   ==, name);
  ibb_files_transfer_accept_file_async (self->offered, file, IBB_FILES_EXISTING_REPLACE, NULL,
                                        store_result_cb, &self->result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  assert_content (self, "received", bytes);
  g_mutex_lock (&tap_lock);
  for (guint i = 0; i < 2; i++)
    {
      g_assert_cmpuint (taps[i].bytes->len, >, 1000);
      assert_hides (&taps[i], name, strlen (name));
      assert_hides (&taps[i], description, strlen (description));
      assert_hides (&taps[i], "2019-04-23", strlen ("2019-04-23"));
      assert_hides (&taps[i], digits, strlen (digits));
      assert_hides (&taps[i], base64, strlen (base64));
      g_assert_false (has_bytes (&taps[i], raw_hash, 32));
      g_assert_false (has_bytes (&taps[i], g_bytes_get_data (bytes, NULL), 16));
    }
  to_juliet = measure_records (&taps[0]);
  to_romeo = measure_records (&taps[1]);
  end_tap_locked (self);
  g_mutex_unlock (&tap_lock);
  return g_strdup_printf ("%s/ %s", to_juliet, to_romeo);
}

/* Nothing of a file but its size to within a block. */
static void
test_recorded (Files *self, gconstpointer data)
{
  g_autofree char *longer = g_strnfill (900, 'x');
  g_autofree char *first = record (self, 20000, "divorce-papers.pdf", "for the lawyer alone");
  g_autofree char *second = record (self, 20400, "notes-of-a-friend.txt", longer);
  g_autofree char *third = record (self, 30000, "third-of-them.txt", "a larger one");

  g_test_message ("%s", first);
  g_assert_cmpstr (first, !=, "/ ");
  g_assert_cmpstr (first, ==, second);
  g_assert_cmpstr (first, !=, third);
}

#define add_test_of(path, data, set_up, function)                                                  \
  g_test_add ("/ibb/files/private/" path, Files, data, set_up, function, tear_down)

int
main (int argc, char **argv)
{
  static const Unheard unheard[] = {
    { TRUE, TRUE, FALSE, G_IO_ERROR_PARTIAL_INPUT },
    { TRUE, TRUE, TRUE, G_IO_ERROR_CANCELLED },
    { FALSE, TRUE, FALSE, G_IO_ERROR_NO_SPACE },
    { FALSE, TRUE, TRUE, G_IO_ERROR_CANCELLED },
    { FALSE, FALSE, FALSE, -1 },
    { FALSE, FALSE, TRUE, -1 },
  };

  test_init (&argc, &argv);
  fast_timers_stop ();
  add_test_of ("unable", NULL, set_up, test_unable);
  add_test_of ("plain-refused", NULL, set_up, test_plain_refused);
  add_test_of ("switched-off", NULL, set_up, test_switched_off);
  add_test_of ("not-let-in", NULL, set_up_private, test_not_let_in);
  add_test_of ("no-handler", NULL, set_up_private, test_no_handler);
  add_test_of ("not-trusted/receiver", GINT_TO_POINTER (FALSE), set_up_private, test_not_trusted);
  add_test_of ("not-trusted/sender", GINT_TO_POINTER (TRUE), set_up_private, test_not_trusted);
  add_test_of ("at-once/trusted", "trusted", set_up_private, test_at_once);
  add_test_of ("at-once/declined", "declined", set_up_private, test_at_once);
  add_test_of ("at-once/cancelled", "cancelled", set_up_private, test_at_once);
  add_test_of ("cancelled/receiver", GINT_TO_POINTER (FALSE), set_up_private, test_cancelled);
  add_test_of ("cancelled/sender", GINT_TO_POINTER (TRUE), set_up_private, test_cancelled);
  add_test_of ("silent-peer/receiver", GINT_TO_POINTER (FALSE), set_up_private, test_silent_peer);
  add_test_of ("silent-peer/sender", GINT_TO_POINTER (TRUE), set_up_private, test_silent_peer);
  g_test_add ("/ibb/files/private/silent-peer/elsewhere", Files, GINT_TO_POINTER (FALSE),
              set_up_elsewhere, test_silent_peer, tear_down_elsewhere);
  add_test_of ("early-cancel", NULL, set_up_private, test_early_cancel);
  add_test_of ("false-reason/receiver", GINT_TO_POINTER (FALSE), set_up_private, test_false_reason);
  add_test_of ("false-reason/sender", GINT_TO_POINTER (TRUE), set_up_private, test_false_reason);
  add_test_of ("clear/cancelled-unheard", NULL, set_up, test_cancelled_unheard);
  for (guint i = 0; i < G_N_ELEMENTS (unheard); i++)
    {
      g_autofree char *path = g_strdup_printf (
          "/ibb/files/private/clear/unheard/%s-%s%s", unheard[i].is_sender ? "sender" : "receiver",
          unheard[i].is_short ? "fails" : "delivers", unheard[i].cancels ? "-cancels" : "");

      g_test_add (path, Files, &unheard[i], set_up, test_unheard, tear_down);
    }
  add_test_of ("clear/broken-in-place", NULL, set_up, test_broken_in_place);
  add_test_of ("clear/lost-at-decision", NULL, set_up, test_lost_at_decision);
  add_test_of ("clear/keepalive", NULL, set_up, test_keepalive);
  add_test_of ("too-long", NULL, set_up_private, test_too_long);
  add_test_of ("recorded", NULL, set_up_private, test_recorded);
  return g_test_run ();
}
