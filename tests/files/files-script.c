/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files with the programs of other people: what they send is played by Romeo, who has nothing but
 * an in-band session, to Juliet, who uses the library.
 *
 *   # The sender withdraws before anybody has decided.
 *   case withdrawn
 *     jingle s1; offered; action s1 session-terminate <reason><cancel/></reason>; ends ibb gone
 *
 * tests/lib/script-reader.h says how it reads. "> KIND TEXT" waits until Romeo hears an IQ of that
 * kind with the text, or with that id, "< KIND ID PAYLOAD" sends one. */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "config.h"

#include "../lib/fast-timers.h"
#include "../lib/script-error.h"
#include "../lib/script-reader.h"
#include "../lib/watchdog.h"
#include "../loopback/fixture.h"
#include "base/disk.h"

#include <dlfcn.h>
#include <ibb-glib/files/ibb-files.h>
#include <sys/stat.h>

#define SIZE 20000
#define SPEED 300 /* times as fast */

typedef struct
{
  IBBLoopback      *loopback;
  IBBConnection    *own_connection;
  IBBFilesService  *own;             /* Juliet's */
  IBBConnection    *peer_connection; /* (unowned) */
  IBBService       *peer;            /* (nullable): Romeo's */
  GHashTable       *others;          /* (element-type utf8 IBBConnection): of all but Juliet */
  GPtrArray        *heard;           /* (element-type IBBStanza): what Romeo received */
  IBBStanza        *last;            /* (unowned) (nullable): that was heard last */
  char             *version;         /* (nullable): children of his answer to XEP-0092 */
  gboolean          is_mute;
  gboolean          is_asked;
  guint             n_refused;   /* queries of others */
  GPtrArray        *all_offered; /* (element-type IBBFilesTransfer) */
  IBBFilesTransfer *offered;     /* (nullable): the last of them */
  IBBFilesTransfer *sent;        /* (nullable) */
  GError           *error;       /* (nullable): of the last offer, or query */
  GBytes           *bytes;       /* of the file */
  char             *folder;
  GAsyncResult     *accepted;
  gboolean          is_stream; /* that was accepted */
  GAsyncResult     *expected;
  IBBTransport     *transport; /* (nullable): Romeo's end of the last session */
  GPtrArray        *earlier;   /* (element-type IBBTransport): of those before */
  IBBService       *streams;   /* (nullable): another one of Juliet's */
  GAsyncResult     *streamed;
  gpointer          gone; /* (nullable): an offer that nobody holds */
} Run;

/* ---- in place of functions of libraries ---- */

/* Sessions have a clock that runs fast, as the minute of an expectation is too long for a test. */
static GMutex clock_lock;
static gint64 fast_since; /* protected by clock_lock; 0: it does not */

static gint64
get_fast_since (void)
{
  gint64 since;

  g_mutex_lock (&clock_lock);
  since = fast_since;
  g_mutex_unlock (&clock_lock);
  return since;
}

static void
set_fast_since (gint64 since)
{
  g_mutex_lock (&clock_lock);
  fast_since = since;
  g_mutex_unlock (&clock_lock);
}

gint64
g_get_monotonic_time (void)
{
  gint64          since = get_fast_since ();
  struct timespec time;
  gint64          now;

  clock_gettime (CLOCK_MONOTONIC, &time);
  now = (gint64) time.tv_sec * G_USEC_PER_SEC + time.tv_nsec / 1000;
  return since > 0 ? since + (now - since) * SPEED : now;
}

void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  gint64 since = get_fast_since ();
  void (*original) (GSource *, gint64) =
      (void (*) (GSource *, gint64)) dlsym (RTLD_NEXT, "g_source_set_ready_time");

  if (since > 0 && ready_time > since)
    ready_time = since + (ready_time - since) / SPEED;
  original (source, ready_time);
}

static void
run_clock_fast (Run *self, Words *words)
{
  set_fast_since (g_get_monotonic_time ());
}

/* ---- a disk that stands still ---- */

static const IBBDisk *real_disk;
static IBBDisk        held_disk;
static GMutex         disk_lock;
static GCond          disk_changed;
static gboolean       is_held;    /* protected by disk_lock */
static int            is_reading; /* atomic */

static gssize
read_held (int fd, void *data, gsize length, guint64 offset)
{
  g_mutex_lock (&disk_lock);
  g_atomic_int_set (&is_reading, TRUE);
  g_main_context_wakeup (NULL);
  while (is_held)
    g_cond_wait (&disk_changed, &disk_lock);
  g_mutex_unlock (&disk_lock);
  return real_disk->read (fd, data, length, offset);
}

/* "hold-read wait": until a thread reads the received file again. */
static void
hold_read (Run *self, Words *words)
{
  if (words_take_if (words, "wait"))
    {
      wait_until (g_atomic_int_get (&is_reading));
      return;
    }
  g_mutex_lock (&disk_lock);
  is_held = words_take_switch (words);
  if (is_held)
    {
      real_disk = ibb_disk;
      held_disk = *ibb_disk;
      held_disk.read = read_held;
    }
  ibb_disk = is_held ? &held_disk : real_disk;
  g_cond_signal (&disk_changed);
  g_mutex_unlock (&disk_lock);
}

/* ---- what Romeo says and hears ---- */

static gboolean
is_of (IBBStanza *stanza, const char *kind, const char *words)
{
  g_autofree char *xml = ibb_stanza_to_xml (stanza);

  return g_strcmp0 (ibb_stanza_get_kind (stanza), kind) == 0 &&
         (strstr (xml, words) != NULL || g_strcmp0 (ibb_stanza_get_id (stanza), words) == 0);
}

static gboolean
heard_cb (IBBConnection *connection, IBBStanza *stanza, Run *self)
{
  const char *id = ibb_stanza_get_id (stanza);

  /* The library answers what it is asked about features. */
  if (g_strcmp0 (ibb_stanza_get_kind (stanza), "get") == 0 && !self->is_asked &&
      (self->version == NULL || !is_of (stanza, "get", "jabber:iq:version")))
    return FALSE;
  if (self->version != NULL && is_of (stanza, "get", "jabber:iq:version"))
    send_xml (connection,
              "<iq type='result' to='" JULIET
              "' id='%s'><query xmlns='jabber:iq:version'>%s</query></iq>",
              id, self->version);
  else if (!self->is_mute && is_of (stanza, "set", "urn:xmpp:jingle:1") &&
           !(self->is_asked && is_of (stanza, "set", "session-info")))
    send_xml (connection, "<iq type='result' to='" JULIET "' id='%s'/>", id);
  g_ptr_array_add (self->heard, ibb_stanza_ref (stanza));
  return TRUE;
}

static guint
count (Run *self, const char *kind, const char *text)
{
  guint n = 0;

  for (guint i = self->heard->len; i-- > 0;)
    if (is_of (g_ptr_array_index (self->heard, i), kind, text))
      {
        n++;
        self->last = g_ptr_array_index (self->heard, i);
      }
  return n;
}

/* %ID is its id. */
static void
hear (Run *self, Words *words)
{
  const char *kind = words_take (words);
  const char *text = words_take_rest (words);

  wait_until (count (self, kind, text) > 0);
  script_define (g_strdup ("ID"), g_strdup (ibb_stanza_get_id (self->last)));
}

/* "heard N KIND TEXT": so many of them */
static void
check_heard (Run *self, Words *words)
{
  guint       n = words_take_number (words);
  const char *kind = words_take (words);

  g_assert_cmpuint (count (self, kind, words_take_rest (words)), ==, n);
}

/* What was said in answer to a request with that id, whether it was taken or not. */
static void
wait_for_answer (Run *self, Words *words)
{
  const char *id = words_take (words);

  wait_until (count (self, "result", id) + count (self, "error", id) > 0);
}

/* What was heard and offered so far. */
static void
forget (Run *self, Words *words)
{
  g_ptr_array_set_size (self->heard, 0);
  if (words_take_if (words, "offer"))
    g_clear_object (&self->offered);
}

/* "keep NAME ELEMENT ATTRIBUTE": %NAME is that of what was heard last. */
static void
keep (Run *self, Words *words)
{
  char            *name = g_strdup (words_take (words));
  g_autofree char *element = g_strconcat ("<", words_take (words), NULL);
  g_autofree char *start = g_strdup_printf (" %s=", words_take (words));
  g_autofree char *xml = ibb_stanza_to_xml (self->last);
  const char      *value = strstr (strstr (xml, element), start) + strlen (start);

  script_define (name, g_strndup (value + 1, (gsize) (strchr (value + 1, *value) - value - 1)));
}

static void
say (Run *self, Words *words)
{
  const char *kind = words_take (words);
  const char *id = words_take (words);

  send_xml (self->peer_connection, "<iq type='%s' to='" JULIET "' id='%s'>%s</iq>", kind, id,
            words_take_rest (words));
}

static IBBConnection *
get_other (Run *self, const char *jid)
{
  IBBConnection *other = g_hash_table_lookup (self->others, jid);

  if (other == NULL)
    g_hash_table_insert (self->others, g_strdup (jid),
                         other = ibb_loopback_attach (self->loopback, jid));
  return other;
}

/* "stanza-from JID STANZA" */
static void
let_other_say (Run *self, Words *words)
{
  IBBConnection *other = get_other (self, words_take (words));

  send_xml (other, "%s", words_take_rest (words));
}

/* "query JID PAYLOAD": a request, whose answer comes; "error" tells which. */
static void
let_other_query (Run *self, Words *words)
{
  IBBConnection        *other = get_other (self, words_take (words));
  g_autoptr (IBBStanza) request =
      new_stanza ("<iq type='set' to='" JULIET "'>%s</iq>", words_take_rest (words));
  g_autoptr (IBBStanza)    answer = NULL;
  g_autoptr (GAsyncResult) over = NULL;
  GAsyncResult            *result = NULL;

  g_clear_error (&self->error);
  ibb_connection_query_async (other, request, 0, NULL, store_result_cb, &result);
  over = wait_for_result (&result);
  answer = ibb_connection_query_finish (other, over, &self->error);
  self->n_refused += answer == NULL;
}

static void
check_kept_error (Run *self, Words *words)
{
  script_check_error (self->error, words);
}

static void
check_refused (Run *self, Words *words)
{
  g_assert_cmpuint (self->n_refused, ==, words_take_number (words));
}

/* He answers no request ("mute"), or hears questions about features, which the script answers. */
static void
set_manner (Run *self, Words *words)
{
  self->is_mute = words_take_if (words, "mute");
  self->is_asked = words_take_if (words, "asked");
}

static void
announce (Run *self, Words *words)
{
  while (words_peek (words) != NULL)
    ibb_connection_add_feature (self->peer_connection, words_take (words));
}

/* "program [CHILDREN]": the answer to XEP-0092. The service would announce that the program is one
 * of this library. */
static void
set_program (Run *self, Words *words)
{
  g_clear_object (&self->peer);
  if (words_peek (words) != NULL)
    self->version = g_strdup (words_take_rest (words));
}

static void
start_service (Run *self, Words *words)
{
  self->peer = ibb_service_new (self->peer_connection);
}

/* ---- sessions ---- */

/* "open SID [BLOCK-SIZE]" */
static void
open_session (Run *self, Words *words)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  GAsyncResult                *result = NULL;

  ibb_session_params_set_sid (params, words_take (words));
  ibb_session_params_set_block_size (
      params, words_peek (words) != NULL ? (guint) words_take_number (words) : 4096);
  ibb_service_open_session_async (self->peer, JULIET, params, NULL, store_result_cb, &result);
  if (self->transport != NULL)
    g_ptr_array_add (self->earlier, self->transport);
  self->transport = assert_result (ibb_service_open_session_finish, self->peer, &result);
}

static void
expect_session (Run *self, Words *words)
{
  ibb_service_expect_session_async (self->peer, JULIET, words_take (words), NULL, NULL,
                                    store_result_cb, &self->expected);
}

static void
check_expected (Run *self, Words *words)
{
  self->transport = assert_result (ibb_service_expect_session_finish, self->peer, &self->expected);
}

/* "write FROM LENGTH": of the bytes */
static void
write_bytes_of (Run *self, Words *words)
{
  gsize                    from = (gsize) words_take_number (words);
  gsize                    length = (gsize) words_take_number (words);
  const guint8            *bytes = g_bytes_get_data (self->bytes, NULL);
  g_autoptr (GAsyncResult) written = NULL;
  GAsyncResult            *result = NULL;

  g_output_stream_write_all_async (get_output (self->transport), bytes + from, length,
                                   G_PRIORITY_DEFAULT, NULL, store_result_cb, &result);
  written = wait_for_result (&result);
  assert_succeeds (g_output_stream_write_all_finish, get_output (self->transport), written, NULL);
}

/* "close [output]" */
static void
close_session (Run *self, Words *words)
{
  if (words_take_if (words, "output"))
    shut_down_output (self->transport);
  else
    close_stream (self->transport);
}

/* The other end works in this thread, too. */
static void
read_all (Run *self, Words *words)
{
  g_autofree guint8       *got = g_malloc (SIZE);
  g_autoptr (GAsyncResult) read = NULL;
  GAsyncResult            *result = NULL;
  gsize                    length;

  g_input_stream_read_all_async (get_input (self->transport), got, SIZE, G_PRIORITY_DEFAULT, NULL,
                                 store_result_cb, &result);
  read = wait_for_result (&result);
  assert_succeeds (g_input_stream_read_all_finish, get_input (self->transport), read, &length);
  g_assert_cmpmem (got, length, g_bytes_get_data (self->bytes, NULL), SIZE);
}

static void
check_block_size (Run *self, Words *words)
{
  g_assert_cmpuint (ibb_transport_get_block_size (self->transport), ==, words_take_number (words));
}

static void
wait_for_end (Run *self, Words *words)
{
  wait_until (ibb_transport_has_ended (self->transport));
}

/* Juliet has a service for streams, too, ... */
static void
start_streams (Run *self, Words *words)
{
  self->streams = ibb_service_new (self->own_connection);
  ibb_service_set_session_limit (self->streams, 1);
  ibb_service_accept_async (self->streams, NULL, store_result_cb, &self->streamed);
}

/* ... which got no session. */
static void
end_streams (Run *self, Words *words)
{
  g_assert_null (self->streamed);
  ibb_service_stop (self->streams);
  wait_until (self->streamed != NULL);
  g_clear_object (&self->streamed);
  g_clear_object (&self->streams);
}

static gboolean
never_cb (IBBService *service, IBBRequest *request, gpointer user_data)
{
  g_assert_not_reached ();
}

/* Her application has a handler for sessions, which gets none of files. */
static void
handle_sessions (Run *self, Words *words)
{
  IBBService *sessions = ibb_files_service_get_sessions (self->own);

  ibb_service_set_session_limit (sessions, 10);
  g_signal_connect (sessions, "session-requested", G_CALLBACK (never_cb), NULL);
}

/* "lose [unresumed] [back]": her connection, whose sessions wait for no other one, which comes
 * again */
static void
lose_connection (Run *self, Words *words)
{
  if (words_take_if (words, "unresumed"))
    ibb_service_set_resume_sessions (ibb_files_service_get_sessions (self->own), FALSE);
  ibb_connection_set_state (self->own_connection, IBB_CONNECTION_STATE_CONNECTING);
  if (!words_take_if (words, "back"))
    return;
  ibb_connection_set_state (self->own_connection, IBB_CONNECTION_STATE_ONLINE);
  run_pending ();
}

/* ---- transfers ---- */

static gboolean
offered_cb (IBBFilesService *service, IBBFilesTransfer *transfer, Run *self)
{
  g_ptr_array_add (self->all_offered, g_object_ref (transfer));
  g_set_object (&self->offered, transfer);
  return TRUE;
}

static IBBFilesTransfer *
get_transfer (Run *self)
{
  return self->sent != NULL ? self->sent : self->offered;
}

/* "offered [N]": so many have come, and no more */
static void
check_offered (Run *self, Words *words)
{
  guint n = words_peek (words) != NULL ? (guint) words_take_number (words) : 1;

  wait_until (self->all_offered->len >= n);
  g_assert_cmpuint (self->all_offered->len, ==, n);
}

/* Nobody but the library holds the offer any more, ... */
static void
drop_offered (Run *self, Words *words)
{
  self->gone = self->offered;
  g_object_add_weak_pointer (G_OBJECT (self->offered), &self->gone);
  ibb_files_transfer_refuse (self->offered, NULL);
  g_ptr_array_set_size (self->all_offered, 0);
  g_clear_object (&self->offered);
}

/* ... and now not even that does. */
static void
wait_until_gone (Run *self, Words *words)
{
  wait_until (self->gone == NULL);
}

static char *
dup_path (Run *self)
{
  return g_build_filename (self->folder, "file", NULL);
}

/* "accept [stream|unheard]": the last offer, as “file” of the folder */
static void
accept (Run *self, Words *words)
{
  g_autofree char          *path = dup_path (self);
  g_autoptr (GFile)         file = g_file_new_for_path (path);
  g_autoptr (GOutputStream) sink = g_memory_output_stream_new_resizable ();

  wait_until (self->offered != NULL);
  self->is_stream = words_take_if (words, "stream");
  if (words_take_if (words, "unheard"))
    ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, NULL, NULL);
  else if (self->is_stream)
    ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, store_result_cb,
                                            &self->accepted);
  else
    ibb_files_transfer_accept_file_async (self->offered, file, IBB_FILES_EXISTING_FAIL, NULL,
                                          store_result_cb, &self->accepted);
}

/* "accepted ERROR": how the acceptance ends */
static void
check_accepted (Run *self, Words *words)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&self->accepted);
  g_autoptr (GError)       error = NULL;

  if (self->is_stream)
    ibb_files_transfer_accept_stream_finish (self->offered, result, &error);
  else
    ibb_files_transfer_accept_file_finish (self->offered, result, &error);
  script_check_error (error, words);
}

static void
check_content (Run *self, Words *words)
{
  g_autofree char *path = dup_path (self);
  g_autofree char *content = NULL;
  gsize            length;

  assert_succeeds (g_file_get_contents, path, &content, &length);
  g_assert_cmpmem (content, length, g_bytes_get_data (self->bytes, NULL),
                   g_bytes_get_size (self->bytes));
}

/* "empty on": nothing is in the folder */
static void
check_empty (Run *self, Words *words)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, self->folder, 0);

  g_assert_cmpint (g_dir_read_name (dir) == NULL, ==, words_take_switch (words));
}

/* The receiver was killed before it could synchronize the part with the disk. */
static void
unsettle (Run *self, Words *words)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, self->folder, 0);
  g_autofree char *path = g_build_filename (self->folder, g_dir_read_name (dir), NULL);
  struct stat      info;

  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 07777, ==, 01600);
  g_assert_cmpint (chmod (path, 0600), ==, 0);
}

/* "offer JID [SIZE]": Juliet offers the bytes; "error" tells why she cannot. */
static void
offer (Run *self, Words *words)
{
  const char *jid = words_take (words);
  guint64     size = words_peek (words) != NULL ? (guint64) words_take_number (words)
                                                : g_bytes_get_size (self->bytes);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("f", size);
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new_from_bytes (self->bytes);
  g_autoptr (GAsyncResult)     done = NULL;
  GAsyncResult                *result = NULL;

  g_clear_error (&self->error);
  ibb_files_service_offer_stream_async (self->own, jid, stream, metadata, NULL, store_result_cb,
                                        &result);
  done = wait_for_result (&result);
  g_clear_object (&self->sent);
  self->sent = ibb_files_service_offer_stream_finish (self->own, done, &self->error);
}

/* "ends ERROR": how the transfer does */
static void
check_end (Run *self, Words *words)
{
  g_autoptr (GError) error = NULL;

  ibb_files_transfer_wait (get_transfer (self), NULL, &error);
  script_check_error (error, words);
}

static void
wait_for_state (Run *self, Words *words)
{
  int state = script_find_nick (IBB_FILES_TYPE_STATE, words_take (words));

  wait_until ((int) ibb_files_transfer_get_state (get_transfer (self)) == state);
}

static void
wait_for_moved (Run *self, Words *words)
{
  guint64 n = (guint64) words_take_number (words);

  wait_until (ibb_files_transfer_get_bytes_moved (get_transfer (self)) == n);
}

static void
check_way (Run *self, Words *words)
{
  g_assert_cmpint (ibb_files_transfer_get_way (self->sent), ==,
                   script_find_nick (IBB_FILES_TYPE_WAY, words_take (words)));
}

static void
cancel (Run *self, Words *words)
{
  ibb_files_transfer_cancel (get_transfer (self));
}

/* The first offer */
static void
refuse (Run *self, Words *words)
{
  ibb_files_transfer_refuse (g_ptr_array_index (self->all_offered, 0), NULL);
}

static void
check_size (Run *self, Words *words)
{
  g_assert_cmpuint (ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (self->offered)),
                    ==, words_take_number (words));
}

static void
check_no_hash (Run *self, Words *words)
{
  g_assert_null (ibb_files_metadata_get_hash (ibb_files_transfer_get_metadata (self->offered),
                                              words_take (words)));
}

/* What is kept of a name is bounded. */
static void
check_name (Run *self, Words *words)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (self->offered);

  g_assert_cmpuint (strlen (ibb_files_metadata_get_name (metadata)), <=, 4096 + 6);
  g_assert_true (g_utf8_validate (ibb_files_metadata_get_name (metadata), -1, NULL));
}

/* ---- bytes and time ---- */

static void
set_bytes (Run *self, Words *words)
{
  g_bytes_unref (self->bytes);
  self->bytes = make_bytes ((gsize) words_take_number (words), 1);
}

/* "hash NAME FUNCTION [FROM] [wrong]": %NAME is the element of the bytes from there, or of others.
 */
static void
define_hash (Run *self, Words *words)
{
  char                 *name = g_strdup (words_take (words));
  const char           *function = words_take (words);
  gsize                 from = 0;
  gboolean              is_long = g_str_equal (function, "sha-512");
  g_autoptr (GChecksum) checksum = g_checksum_new (is_long ? G_CHECKSUM_SHA512 : G_CHECKSUM_SHA256);
  guint8                digest[64];
  gsize                 size, length = sizeof digest;
  const guint8         *bytes = g_bytes_get_data (self->bytes, &size);
  g_autofree char      *base64 = NULL;

  if (words_peek (words) != NULL && !g_str_equal (words_peek (words), "wrong"))
    from = (gsize) words_take_number (words);
  g_checksum_update (checksum, bytes + from,
                     (gssize) (size - from - words_take_if (words, "wrong")));
  g_checksum_get_digest (checksum, digest, &length);
  base64 = g_base64_encode (digest, length);
  script_define (name, g_strdup_printf ("<hash xmlns='urn:xmpp:hashes:2' algo='%s'>%s</hash>",
                                        function, base64));
}

/* Minutes pass in no time. */
static void
set_fast (Run *self, Words *words)
{
  if (words_take_switch (words))
    fast_timers_start (5000, 100000, 0);
  else
    fast_timers_stop ();
}

static void
hold_timer (Run *self, Words *words)
{
  fast_timers_hold ((guint) words_take_number (words));
}

static void
wait_for_timer (Run *self, Words *words)
{
  wait_until (fast_timers_is_held ());
}

/* It fires, and the next one of so many ms is held. */
static void
fire_timer (Run *self, Words *words)
{
  wait_for_timer (self, words);
  fast_timers_fire ();
  hold_timer (self, words);
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("<", say),
  SCRIPT_WORD (">", hear),
  SCRIPT_WORD ("accept", accept),
  SCRIPT_WORD ("accepted", check_accepted),
  SCRIPT_WORD ("announce", announce),
  SCRIPT_WORD ("answer", wait_for_answer),
  SCRIPT_WORD ("block-size", check_block_size),
  SCRIPT_WORD ("bytes", set_bytes),
  SCRIPT_WORD ("cancel", cancel),
  SCRIPT_WORD ("close", close_session),
  SCRIPT_WORD ("content", check_content),
  SCRIPT_WORD ("drop-offered", drop_offered),
  SCRIPT_WORD ("empty", check_empty),
  SCRIPT_WORD ("ended", wait_for_end),
  SCRIPT_WORD ("ends", check_end),
  SCRIPT_WORD ("error", check_kept_error),
  SCRIPT_WORD ("expect", expect_session),
  SCRIPT_WORD ("expected", check_expected),
  SCRIPT_WORD ("fast", set_fast),
  SCRIPT_WORD ("fast-clock", run_clock_fast),
  SCRIPT_WORD ("fire", fire_timer),
  SCRIPT_WORD ("forget", forget),
  SCRIPT_WORD ("gone", wait_until_gone),
  SCRIPT_WORD ("handle-sessions", handle_sessions),
  SCRIPT_WORD ("hash", define_hash),
  SCRIPT_WORD ("heard", check_heard),
  SCRIPT_WORD ("held", wait_for_timer),
  SCRIPT_WORD ("hold", hold_timer),
  SCRIPT_WORD ("hold-read", hold_read),
  SCRIPT_WORD ("keep", keep),
  SCRIPT_WORD ("lose", lose_connection),
  SCRIPT_WORD ("moved", wait_for_moved),
  SCRIPT_WORD ("name", check_name),
  SCRIPT_WORD ("no-hash", check_no_hash),
  SCRIPT_WORD ("no-streams", end_streams),
  SCRIPT_WORD ("offer", offer),
  SCRIPT_WORD ("offered", check_offered),
  SCRIPT_WORD ("open", open_session),
  SCRIPT_WORD ("program", set_program),
  SCRIPT_WORD ("query", let_other_query),
  SCRIPT_WORD ("read", read_all),
  SCRIPT_WORD ("refuse", refuse),
  SCRIPT_WORD ("refused", check_refused),
  SCRIPT_WORD ("romeo", set_manner),
  SCRIPT_WORD ("service", start_service),
  SCRIPT_WORD ("size", check_size),
  SCRIPT_WORD ("stanza-from", let_other_say),
  SCRIPT_WORD ("state", wait_for_state),
  SCRIPT_WORD ("streams", start_streams),
  SCRIPT_WORD ("unsettle", unsettle),
  SCRIPT_WORD ("way", check_way),
  SCRIPT_WORD ("write", write_bytes_of),
};

static gboolean
call_word (gpointer run, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, run, name, words);
}

static void
set_up (Run *self)
{
  g_autoptr (GString) wide = g_string_new ("y"); /* the bound falls into a letter */

  for (guint i = 0; i < 3000; i++)
    g_string_append (wide, "€");
  script_define (g_strdup ("WIDE"), g_strdup (wide->str));
  script_define (g_strdup ("JULIET"), g_strdup (JULIET));
  script_define (g_strdup ("ROMEO"), g_strdup (ROMEO));
  self->loopback = ibb_loopback_new ();
  self->own_connection = ibb_loopback_attach (self->loopback, JULIET);
  self->own = ibb_files_service_new (self->own_connection);
  g_signal_connect (self->own, "file-offered", G_CALLBACK (offered_cb), self);
  self->peer_connection = ibb_loopback_attach (self->loopback, ROMEO);
  self->peer = ibb_service_new (self->peer_connection);
  self->others = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, drop_and_wait);
  g_hash_table_insert (self->others, g_strdup (ROMEO), self->peer_connection);
  self->heard = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);
  g_signal_connect (self->peer_connection, "stanza-received", G_CALLBACK (heard_cb), self);
  self->earlier = g_ptr_array_new_with_free_func (g_object_unref);
  self->all_offered = g_ptr_array_new_with_free_func (g_object_unref);
  self->bytes = make_bytes (SIZE, 1);
  self->folder = assert_succeeds (g_dir_make_tmp, "ibb-files-XXXXXX");
}

static void
tear_down (Run *self)
{
  g_autofree char *command = g_strdup_printf ("rm -r '%s'", self->folder);

  fast_timers_stop ();
  fast_timers_hold (0);
  for (guint i = 0; i < self->all_offered->len; i++)
    ibb_files_transfer_cancel (g_ptr_array_index (self->all_offered, i));
  if (self->sent != NULL)
    ibb_files_transfer_cancel (self->sent);
  g_clear_object (&self->offered);
  g_clear_object (&self->sent);
  g_ptr_array_unref (self->all_offered);
  g_clear_object (&self->transport);
  g_ptr_array_unref (self->earlier);
  run_pending ();
  g_clear_object (&self->accepted);
  /* A thread that opens an accepted file keeps it so long. */
  drop_and_wait (self->own);
  if (self->peer != NULL)
    g_assert_finalize_object (self->peer);
  g_signal_handlers_disconnect_by_data (self->peer_connection, self);
  g_hash_table_unref (self->others);
  g_ptr_array_unref (self->heard);
  g_free (self->version);
  drop_and_wait (self->own_connection);
  g_assert_finalize_object (self->loopback);
  g_clear_error (&self->error);
  g_bytes_unref (self->bytes);
  g_assert_cmpint (system (command), ==, 0);
  g_free (self->folder);
  set_fast_since (0);
}

static void
run_case (gconstpointer data)
{
  static const ScriptRoom room = { NULL, call_word, NULL };
  Run                     run = { NULL };

  set_up (&run);
  script_run (data, &room, &run);
  tear_down (&run);
}

int
main (int argc, char **argv)
{
  watchdog_start (60);
  fast_timers_stop ();
  return script_main (argc, argv, "ibb/files", run_case);
}
