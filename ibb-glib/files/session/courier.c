/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/session/courier.h"

#include "base/intl.h"
#include "base/source.h"
#include "files/ibb-files-metadata-private.h"
#include "files/protocol/reason.h"
#include "files/session/bundle-thread.h"
#include "files/session/turn.h"

#define OPEN_TIMEOUT 60000    /* ms for the sender to open the session after the accept */
#define REQUEST_TIMEOUT 60000 /* ms for the program of the peer to say that the offer has come */
#define EMPTY_TIMEOUT 60000   /* ms that a session without a file is kept */
#define HEARD_TIMEOUT 60000   /* ms for the peer to acknowledge what became of a file at this end */

typedef struct
{
  guint32                number;
  const IBBCourierFuncs *funcs;
  gpointer               client;         /* (owned) GObject */
  IBBMover              *mover;          /* (owned) (nullable): until the stream is there */
  IBBFilesMetadata      *metadata;       /* (owned) (nullable): the same */
  gboolean               is_with_thread; /* and will be released */
  gboolean               is_drained;     /* it is released when the peer has all bytes */
  GCancellable          *unheard;        /* (owned) (nullable): what became of it, by the peer */
  gboolean               is_over;        /* for the client, but for the release */
  gboolean               is_in_place;    /* of a receiver: the peer has to learn it */
} File;

struct _IBBCourier
{
  gatomicrefcount ref_count;

  IBBCourierPlace  place;       /* service (owned) until it is over */
  IBBIdentity     *identity;    /* (owned) (nullable) */
  IBBConnection   *connection;  /* (owned) */
  char            *peer_jid;    /* (owned) */
  char            *local_jid;   /* (owned) (nullable) */
  IBBJingle       *jingle;      /* (owned) */
  GCancellable    *cancellable; /* (owned) */
  IBBTransport    *transport;   /* (owned) (nullable) */
  IBBBundleThread *thread;      /* (owned) (nullable) */
  GHashTable      *files;       /* (owned) (element-type guint32 File) */
  guint32          last;        /* number of the newest file */
  GSource         *timer;       /* (owned) (nullable) */
  GError          *refusal;     /* (owned) (nullable): of the open */
  IBBTurn         *turn;        /* (owned) (nullable): to offer and encrypt the session */
  gboolean         has_offered; /* the peer: its files tell what becomes of them */
  gboolean         is_idle;     /* all files of a sender have ended */
  gboolean         is_over;
};

static void
file_free (gpointer data)
{
  File *file = data;

  g_object_unref (file->client);
  g_clear_pointer (&file->mover, ibb_mover_unref);
  g_clear_object (&file->metadata);
  g_clear_object (&file->unheard);
  g_free (file);
}

IBBCourier *
ibb_courier_ref (IBBCourier *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_courier_unref (IBBCourier *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->turn, ibb_turn_free);
  g_clear_object (&self->place.service);
  g_clear_object (&self->identity);
  g_clear_object (&self->connection);
  g_free (self->peer_jid);
  g_free (self->local_jid);
  g_clear_pointer (&self->jingle, ibb_jingle_free);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->thread, ibb_bundle_thread_free);
  g_hash_table_unref (self->files);
  g_clear_error (&self->refusal);
  g_free (self);
}

const char *
ibb_courier_get_peer_jid (IBBCourier *self)
{
  return self->peer_jid;
}

char *
ibb_courier_dup_ping (IBBCourier *self)
{
  return ibb_jingle_dup_ping (self->jingle);
}

gboolean
ibb_courier_is_empty (IBBCourier *self)
{
  return !self->jingle->is_initiator && g_hash_table_size (self->files) == 0;
}

gboolean
ibb_courier_is_unused (IBBCourier *self)
{
  return !self->jingle->is_initiator && !self->has_offered;
}

/* The current address: a resumed session may go on with another resource. */
static char *
dup_current_jid (IBBCourier *self)
{
  return self->transport != NULL ? ibb_transport_dup_peer_jid (self->transport)
                                 : g_strdup (self->peer_jid);
}

static IBBFilesDirection
get_direction (IBBCourier *self)
{
  return self->jingle->is_initiator ? IBB_FILES_DIRECTION_SEND : IBB_FILES_DIRECTION_RECEIVE;
}

gboolean
ibb_courier_is_for (IBBCourier *self, const char *from, const char *session)
{
  g_autofree char *jid = dup_current_jid (self);

  return g_str_equal (self->jingle->sid, session) && ibb_jid_is_from (from, jid);
}

/* The files. */

/* The client may have ended the file already, when it was called. */
static void
forget (IBBCourier *self, guint32 number)
{
  File *file = g_hash_table_lookup (self->files, &number);

  if (file == NULL || !file->is_over || file->is_with_thread)
    return;
  g_hash_table_steal (self->files, &file->number);
  if (file->mover != NULL)
    file->funcs->released (file->client, NULL, NULL);
  file_free (file);
}

/* reason: (nullable); error: (transfer full). */
static void
fail_file (IBBCourier *self, File *file, const char *reason, GError *error)
{
  if (file->is_over)
    {
      g_error_free (error);
      return;
    }
  file->is_over = TRUE;
  if (file->is_in_place)
    {
      g_error_free (error);
      file->funcs->delivered (file->client);
    }
  else
    file->funcs->failed (file->client, reason, error);
}

/* Each file, whatever their handlers do to the list. */
static void
fail_all (IBBCourier *self, const char *reason, const GError *error)
{
  g_autoptr (GList) numbers = g_hash_table_get_keys (self->files);

  for (GList *l = numbers; l != NULL; l = l->next)
    l->data = GUINT_TO_POINTER (*(guint32 *) l->data);
  for (GList *l = numbers; l != NULL; l = l->next)
    {
      guint32 number = GPOINTER_TO_UINT (l->data);
      File   *file = g_hash_table_lookup (self->files, &number);

      if (file == NULL)
        continue;
      if (self->is_over)
        fail_file (self, file, reason, g_error_copy (error));
      /* The client fails the file in the stream, unless it is in its place first. */
      else if (!file->is_over && !file->is_in_place)
        file->funcs->failed (file->client, reason, g_error_copy (error));
      forget (self, number);
    }
}

static void flush (IBBCourier *self);

/* Before the stream is there, the session says in its place what becomes of a file in the clear. */
static IBBReason
get_reason (IBBCourier *self, const GError *error, const char **text)
{
  *text = NULL;
  if (error == NULL)
    return IBB_REASON_SUCCESS;
  if (self->jingle->is_private || self->transport != NULL)
    return IBB_REASON_GENERAL_ERROR;
  return ibb_reason_from_error (error, get_direction (self), FALSE, text);
}

/* The session is over. error (nullable). */
static void
end (IBBCourier *self, const GError *error)
{
  g_autoptr (IBBCourier) kept = ibb_courier_ref (self);
  g_autoptr (GObject)    service = NULL;
  const char            *text;
  IBBReason              reason = get_reason (self, error, &text);
  gboolean               has_files = g_hash_table_size (self->files) > 0;

  if (self->is_over)
    return;
  self->is_over = TRUE;
  ibb_source_clear (&self->timer);
  ibb_jingle_terminate (self->jingle, reason, text);
  flush (self);
  if (self->thread != NULL)
    ibb_bundle_thread_stop (self->thread);
  if (error != NULL)
    {
      g_debug ("Session of files with %s: %s", self->peer_jid, error->message);
      g_cancellable_cancel (self->cancellable);
      if (self->transport != NULL)
        ibb_transport_abort (self->transport);
      fail_all (self, self->transport == NULL ? self->jingle->reason : NULL, error);
    }
  else if (self->transport != NULL)
    g_io_stream_close_async (G_IO_STREAM (self->transport), G_PRIORITY_DEFAULT, NULL, NULL, NULL);
  service = g_object_ref (self->place.service);
  /* A receiver that still expects the in-band session needs the service for a guard. */
  if (self->jingle->is_initiator || self->transport != NULL)
    g_clear_object (&self->place.service);
  g_ptr_array_remove (self->place.couriers, self);
  /* Without files it is this end that has cancelled the last one. */
  ibb_turn_end (self->turn, has_files ? error : NULL);
  if (error != NULL && self->identity != NULL && ibb_courier_is_unused (self))
    self->place.failed (self, error, service);
}

static void
end_with (IBBCourier *self, GError *error)
{
  g_autoptr (GError) reason = error;

  end (self, reason);
}

static gboolean
empty_cb (gpointer data)
{
  IBBCourier *self = data;

  ibb_source_clear (&self->timer);
  end_with (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                       _ ("The encrypted session had no file for too long")));
  return G_SOURCE_REMOVE;
}

/* Ends a session whose peer offers no file, or does not take the word that the last one is over. */
static void
watch_emptiness (IBBCourier *self)
{
  ibb_source_clear (&self->timer);
  if (!self->is_over && g_hash_table_size (self->files) == 0)
    self->timer = ibb_source_attach (g_timeout_source_new (EMPTY_TIMEOUT),
                                     g_main_context_get_thread_default (),
                                     "[ibb-files] empty session", empty_cb, self, NULL);
}

/* News of the stream. */

/* hash (nullable); error: (transfer full) (nullable). */
static void
release (File *file, const char *hash, GError *error)
{
  gboolean is_with_thread = file->is_with_thread;

  file->is_with_thread = FALSE;
  if (is_with_thread)
    file->funcs->released (file->client, hash, error);
  else
    g_clear_error (&error);
}

static void
take_failure (IBBCourier *self, File *file, IBBBundleThreadEvent *news)
{
  GError *error =
      ibb_reason_is (news->reason, IBB_REASON_CANCEL) ? NULL : g_steal_pointer (&news->error);

  if (error == NULL)
    error = ibb_reason_to_error (news->reason, news->text, self->peer_jid, get_direction (self),
                                 !news->is_accepted);
  fail_file (self, file, news->reason, error);
  file = g_hash_table_lookup (self->files, &news->number);
  if (file != NULL && file->is_drained)
    release (file, NULL, NULL);
}

/* error (nullable): of the stream. That of the session says more. */
static void
take_end (IBBCourier *self, const GError *error)
{
  g_autoptr (GError) reason = ibb_transport_dup_error (self->transport);

  if (g_hash_table_size (self->files) == 0 && !ibb_courier_is_unused (self))
    end (self, NULL);
  else if (reason != NULL)
    end (self, reason);
  else if (error != NULL && error->domain == IBB_ERROR)
    end (self, error);
  else
    end_with (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                                         _ ("The peer stopped before the file was complete")));
}

typedef struct
{
  IBBCourier *courier; /* (owned) */
  guint32     number;
  GError     *error; /* (owned) (nullable): of this end, with which the file is released */
  GSource    *timer; /* (owned) (nullable): of a file that is over at this end */
} Drain;

/* The peer knows, or will not know. */
static void
drained_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autofree Drain      *drain = data;
  g_autoptr (IBBCourier) self = drain->courier;
  g_autoptr (GError)     error = drain->error;
  File                  *file = g_hash_table_lookup (self->files, &drain->number);

  ibb_transport_drain_finish (IBB_TRANSPORT (object), result, NULL);
  ibb_source_clear (&drain->timer);
  if (file == NULL)
    return;
  if (self->jingle->is_initiator || error != NULL)
    release (file, NULL, g_steal_pointer (&error));
  else if (!file->is_over)
    {
      file->is_over = TRUE;
      file->funcs->delivered (file->client);
    }
  forget (self, drain->number);
  if (self->is_idle && g_hash_table_size (self->files) == 0)
    end (self, NULL);
  watch_emptiness (self);
}

/* error: (transfer full) (nullable). */
static void
drain_file (IBBCourier *self, File *file, GError *error)
{
  Drain *drain = g_new0 (Drain, 1);

  drain->courier = ibb_courier_ref (self);
  drain->number = file->number;
  drain->error = error;
  if (error != NULL || !self->jingle->is_initiator)
    {
      file->unheard = g_cancellable_new ();
      drain->timer = ibb_source_cancel_after (HEARD_TIMEOUT, g_main_context_get_thread_default (),
                                              "[ibb-files] unheard", file->unheard);
    }
  ibb_transport_drain_async (self->transport, file->unheard, drained_cb, drain);
}

/* The word of the peer may be here before its last acknowledgement. */
static void
take_delivery (IBBCourier *self, File *file)
{
  const guint32 number = file->number;

  if (!self->jingle->is_initiator)
    {
      drain_file (self, file, NULL);
      return;
    }
  if (file->is_drained)
    release (file, NULL, NULL);
  file = g_hash_table_lookup (self->files, &number);
  if (file == NULL || file->is_over)
    return;
  file->is_over = TRUE;
  /* The program may end when it knows. */
  if (g_hash_table_size (self->files) == 1)
    end (self, NULL);
  file->funcs->delivered (file->client);
}

/* The application may end the session when it knows of a failure of this end, so the peer knows
 * first. The application itself has cancelled what fails with CANCELLED. A file that is sent moves
 * until the peer has it. */
static void
take_release (IBBCourier *self, File *file, IBBBundleThreadEvent *news)
{
  gboolean waits = news->error != NULL
                       ? !g_error_matches (news->error, G_IO_ERROR, G_IO_ERROR_CANCELLED)
                       : self->jingle->is_initiator && !file->is_over;

  if (news->error != NULL)
    file->is_over = TRUE;
  if (waits && !self->is_over)
    {
      file->is_drained = news->error == NULL;
      drain_file (self, file, g_steal_pointer (&news->error));
    }
  else
    release (file, news->hash, g_steal_pointer (&news->error));
}

static void
take_file_news (IBBCourier *self, File *file, IBBBundleThreadEvent *news)
{
  switch (news->type)
    {
    case IBB_BUNDLE_THREAD_ACCEPTED:
      if (!file->is_over)
        file->funcs->accepted (file->client, self->transport);
      break;
    case IBB_BUNDLE_THREAD_FAILED:
      take_failure (self, file, news);
      break;
    case IBB_BUNDLE_THREAD_DELIVERED:
      take_delivery (self, file);
      break;
    default:
      take_release (self, file, news);
    }
}

static void
tell_offer (IBBCourier *self, guint32 number, IBBFilesMetadata *metadata)
{
  g_autoptr (GObject) service = g_object_ref (self->place.service);

  self->has_offered = TRUE;
  self->last = number;
  self->place.offered (self, number, metadata, service);
  watch_emptiness (self);
}

static void
news_cb (IBBBundleThreadEvent *news, gpointer data)
{
  g_autoptr (IBBCourier) self = ibb_courier_ref (data);
  File                  *file = g_hash_table_lookup (self->files, &news->number);

  if (news->type == IBB_BUNDLE_THREAD_OVER)
    take_end (self, news->error);
  else if (news->type == IBB_BUNDLE_THREAD_IDLE)
    {
      self->is_idle = TRUE;
      if (g_hash_table_size (self->files) == 0)
        end (self, NULL);
    }
  else if (news->type == IBB_BUNDLE_THREAD_OFFERED && !self->is_over)
    tell_offer (self, news->number, news->metadata);
  else if (file != NULL)
    {
      take_file_news (self, file, news);
      forget (self, news->number);
      watch_emptiness (self);
    }
}

/* The beginning. */

static void
give (IBBCourier *self, File *file)
{
  file->is_with_thread = TRUE;
  if (self->jingle->is_initiator)
    {
      self->is_idle = FALSE;
      ibb_bundle_thread_offer (self->thread, file->mover, file->metadata);
      g_clear_object (&file->metadata);
    }
  else
    ibb_bundle_thread_accept (self->thread, file->number, file->mover);
  g_clear_pointer (&file->mover, ibb_mover_unref);
  if (!self->jingle->is_initiator)
    file->funcs->accepted (file->client, self->transport);
}

/* stream (nullable); error: (transfer full): why there is none. */
static void
start (IBBCourier *self, GIOStream *stream, GError *error)
{
  if (self->is_over)
    {
      g_clear_error (&error);
      return;
    }
  if (stream != NULL)
    self->thread =
        ibb_bundle_thread_new (stream, self->jingle->is_initiator, self->jingle->is_private,
                               self->jingle->metadata, news_cb, self, &error);
  if (self->thread == NULL)
    {
      end_with (self, error);
      return;
    }
  ibb_turn_end (self->turn, NULL);
  for (guint32 number = 1; number <= self->last; number++)
    {
      File *file = g_hash_table_lookup (self->files, &number);

      if (file != NULL && file->mover != NULL)
        give (self, file);
    }
  watch_emptiness (self);
}

static void
encrypted_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (IBBCourier) self = data;
  GError                *error = NULL;
  g_autoptr (GIOStream)  stream =
      ibb_identity_encrypt_finish (IBB_IDENTITY (object), result, &error);

  start (self, stream, error);
}

/* transport: (transfer full) (nullable). */
static void
encrypt_session (IBBCourier *self, IBBTransport *transport, GError *error)
{
  if (transport == NULL)
    {
      end_with (self, error);
      return;
    }
  if (self->is_over)
    {
      ibb_transport_abort (transport);
      g_object_unref (transport);
      return;
    }
  self->transport = transport;
  if (self->identity == NULL)
    {
      start (self, G_IO_STREAM (transport), NULL);
      return;
    }
  ibb_identity_encrypt_async (self->identity, transport, self->cancellable, encrypted_cb,
                              ibb_courier_ref (self));
}

static IBBSessionParams *
dup_params (IBBCourier *self)
{
  IBBSessionParams *params = ibb_session_params_new ();

  ibb_session_params_set_sid (params, self->jingle->transport_sid);
  ibb_session_params_set_block_size (params, self->jingle->block_size);
  ibb_session_params_set_agreed (params, TRUE);
  ibb_session_params_set_local_jid (params, self->local_jid);
  ibb_session_params_set_expect_timeout (params, OPEN_TIMEOUT);
  return params;
}

static gboolean
refused_cb (gpointer data)
{
  IBBCourier *self = data;

  end (self, self->refusal);
  return G_SOURCE_REMOVE;
}

/* A peer that has ended the session before it refuses the open has said why. That request may still
 * wait to be heard. */
static void
opened_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (IBBCourier) self = data;
  IBBTransport          *transport =
      ibb_service_open_session_finish (IBB_SERVICE (object), result, &self->refusal);

  if (transport != NULL)
    encrypt_session (self, transport, NULL);
  else
    g_source_unref (ibb_source_attach (g_idle_source_new (), g_main_context_get_thread_default (),
                                       "[ibb-files] refused open", refused_cb,
                                       ibb_courier_ref (self), (GDestroyNotify) ibb_courier_unref));
}

static void
expected_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (IBBCourier) self = data;
  GError                *error = NULL;
  IBBTransport          *transport =
      ibb_service_expect_session_finish (IBB_SERVICE (object), result, &error);

  if (self->has_offered && g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_error_free (error);
      error =
          g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       _ ("“%s” has not begun to send the file that was accepted"), self->peer_jid);
    }
  if (self->is_over)
    {
      g_autoptr (IBBSessionParams) params = dup_params (self);

      ibb_farewells_guard (self->place.farewells, self->place.sessions, self->peer_jid, params);
    }
  encrypt_session (self, transport, error);
  if (self->is_over)
    g_clear_object (&self->place.service);
}

/* Stanzas. */

static void
answered_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (IBBCourier) self = data;
  GError                *error = NULL;
  g_autoptr (IBBStanza)  answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, &error);

  if (answer == NULL && self->jingle->state == IBB_JINGLE_OFFERED)
    {
      ibb_jingle_refused (self->jingle);
      end_with (self, error);
    }
  else
    g_clear_error (&error);
}

static void
flush (IBBCourier *self)
{
  char *payload;

  while (!ibb_turn_is_waiting (self->turn) &&
         (payload = g_queue_pop_head (&self->jingle->requests)) != NULL)
    {
      g_autofree char      *to = dup_current_jid (self);
      g_autofree char      *id = g_uuid_string_random ();
      g_autoptr (IBBStanza) stanza = ibb_jingle_new_iq ("set", to, self->local_jid, id, payload);

      if (self->jingle->is_initiator && self->jingle->state == IBB_JINGLE_OFFERED)
        ibb_connection_query_async (self->connection, stanza, REQUEST_TIMEOUT, self->cancellable,
                                    answered_cb, ibb_courier_ref (self));
      else
        ibb_connection_send (self->connection, stanza, NULL);
      g_free (payload);
    }
}

/* The peer has ended the session. Once the stream is there, it alone tells what becomes of the
 * files; but a reason of the peer in the clear comes before the bytes that are on their way. */
static void
take_terminate (IBBCourier *self)
{
  const char        *reason = self->jingle->reason;
  g_autoptr (GError) error = NULL;

  if (self->transport != NULL &&
      (self->jingle->is_private || reason == NULL || ibb_reason_is (reason, IBB_REASON_SUCCESS) ||
       ibb_reason_is (reason, IBB_REASON_GENERAL_ERROR)))
    return;
  if (reason != NULL)
    error = ibb_reason_to_error (reason, self->jingle->reason_text, self->peer_jid,
                                 get_direction (self), TRUE);
  else
    error = g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL,
                         _ ("“%s” has accepted the file by a way that was not offered"),
                         self->peer_jid);
  if (self->thread == NULL || self->jingle->is_initiator)
    end (self, error);
  else
    fail_all (self, reason, error);
}

gboolean
ibb_courier_receive (IBBCourier *self, const IBBElement *jingle, IBBJingleRefusal *refusal)
{
  IBBJingleState before = self->jingle->state;
  gboolean       is_taken = ibb_jingle_receive (self->jingle, jingle, refusal);

  flush (self);
  if (self->jingle->is_initiator && before == IBB_JINGLE_OFFERED &&
      self->jingle->state == IBB_JINGLE_ACCEPTED)
    {
      g_autoptr (IBBSessionParams) params = dup_params (self);

      ibb_service_open_session_async (self->place.sessions, self->peer_jid, params,
                                      self->cancellable, opened_cb, ibb_courier_ref (self));
    }
  else if (before != IBB_JINGLE_ENDED && self->jingle->state == IBB_JINGLE_ENDED)
    take_terminate (self);
  return is_taken;
}

static void
turn_cb (gpointer data, const GError *error)
{
  if (error != NULL)
    end (data, error);
  else
    flush (data);
}

/* Takes jingle. */
static IBBCourier *
create (const IBBCourierPlace *place, const char *peer_jid, IBBJingle *jingle)
{
  IBBCourier *self = g_new0 (IBBCourier, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->place = *place;
  g_object_ref (place->service);
  g_set_object (&self->identity, place->identity);
  self->connection = g_object_ref (ibb_service_get_connection (place->sessions));
  self->peer_jid = g_strdup (peer_jid);
  self->jingle = jingle;
  self->cancellable = g_cancellable_new ();
  self->files = g_hash_table_new_full (g_int_hash, g_int_equal, NULL, file_free);
  g_ptr_array_add (place->couriers, ibb_courier_ref (self));
  return self;
}

IBBCourier *
ibb_courier_new (const IBBCourierPlace *place,
                 const char            *peer_jid,
                 guint                  block_size,
                 IBBFilesMetadata      *metadata)
{
  gboolean         is_private = place->identity != NULL;
  gboolean         is_described = !is_private && ibb_bundle_can_describe (metadata);
  IBBConnection   *connection = ibb_service_get_connection (place->sessions);
  g_autofree char *local_jid = ibb_connection_dup_local_jid (connection);
  g_autofree char *session = g_uuid_string_random ();
  g_autofree char *sid = g_uuid_string_random ();
  IBBCourier      *self = create (
           place, peer_jid,
           ibb_jingle_new_offer (local_jid, session, sid, block_size, is_described ? metadata : NULL,
                                 FALSE, is_private ? IBB_BUNDLE_NAMESPACE : IBB_BUNDLE_PLAIN_NAMESPACE));

  if (is_private)
    self->turn = ibb_turn_new (place->turns, place->identity, self->peer_jid, turn_cb, self);
  flush (self);
  return self;
}

IBBCourier *
ibb_courier_new_for_offer (const IBBCourierPlace *place,
                           const char            *peer_jid,
                           const char            *local_jid,
                           IBBJingle             *jingle)
{
  IBBCourier                  *self = create (place, peer_jid, jingle);
  g_autoptr (IBBSessionParams) params = NULL;

  self->local_jid = g_strdup (local_jid);
  params = dup_params (self);
  if (jingle->metadata != NULL)
    tell_offer (self, 1, jingle->metadata);
  if (self->is_over)
    {
      g_clear_object (&self->place.service);
      return self;
    }
  ibb_farewells_unguard (place->farewells, peer_jid, jingle->transport_sid);
  ibb_service_expect_session_async (place->sessions, peer_jid, jingle->transport_sid, params,
                                    self->cancellable, expected_cb, ibb_courier_ref (self));
  ibb_jingle_accept (jingle, jingle->block_size, 0);
  flush (self);
  return self;
}

/* The calls of files. */

void
ibb_courier_add (IBBCourier *self, guint32 number, const IBBCourierFuncs *funcs, gpointer client)
{
  File *file = g_new0 (File, 1);

  file->number = number;
  file->funcs = funcs;
  file->client = g_object_ref (client);
  g_hash_table_insert (self->files, &file->number, file);
  ibb_source_clear (&self->timer);
}

guint32
ibb_courier_offer (IBBCourier            *self,
                   IBBMover              *mover,
                   IBBFilesMetadata      *metadata,
                   const IBBCourierFuncs *funcs,
                   gpointer               client)
{
  File *file;

  if (!ibb_bundle_can_describe (metadata) && self->last == 0)
    end_with (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                                         "The first file cannot be described"));
  if (self->is_over || !ibb_bundle_can_describe (metadata))
    return 0;
  ibb_courier_add (self, ++self->last, funcs, client);
  file = g_hash_table_lookup (self->files, &self->last);
  file->mover = ibb_mover_ref (mover);
  file->metadata = ibb_files_metadata_copy (metadata);
  if (self->thread != NULL)
    give (self, file);
  return self->last;
}

void
ibb_courier_accept (IBBCourier *self, guint32 number, IBBMover *mover)
{
  File *file = g_hash_table_lookup (self->files, &number);

  file->mover = ibb_mover_ref (mover);
  if (self->thread != NULL)
    give (self, file);
}

void
ibb_courier_deliver (IBBCourier            *self,
                     guint32                number,
                     const IBBCourierFuncs *funcs,
                     gpointer               client)
{
  File *file = g_hash_table_lookup (self->files, &number);

  if (self->is_over || file == NULL)
    {
      funcs->delivered (client);
      return;
    }
  file->is_in_place = TRUE;
  ibb_bundle_thread_deliver (self->thread, number);
}

/* The stream says no more of a file after its end, and has other bytes before it. */
gboolean
ibb_courier_withdraw (IBBCourier *self, guint32 number, IBBReason reason)
{
  File *file = g_hash_table_lookup (self->files, &number);

  if (self->thread == NULL || file == NULL || file->is_over)
    return FALSE;
  ibb_bundle_thread_fail (self->thread, number, reason, NULL);
  if (reason == IBB_REASON_CANCEL && !self->jingle->is_private && self->last == 1)
    {
      ibb_jingle_terminate (self->jingle, IBB_REASON_CANCEL, NULL);
      flush (self);
    }
  return TRUE;
}

void
ibb_courier_fail (IBBCourier *self, guint32 number, IBBReason reason, const char *text)
{
  g_autoptr (IBBCourier) kept = ibb_courier_ref (self);
  File                  *file = g_hash_table_lookup (self->files, &number);

  if (file != NULL && file->unheard != NULL)
    g_cancellable_cancel (file->unheard);
  if (file == NULL || file->is_over)
    return;
  file->is_over = TRUE;
  if (self->thread != NULL)
    ibb_bundle_thread_fail (self->thread, number, reason, text);
  if (file->is_drained)
    release (file, NULL, NULL);
  forget (self, number);
  if (self->thread == NULL && g_hash_table_size (self->files) == 0)
    {
      if (!self->jingle->is_private)
        ibb_jingle_terminate (self->jingle, reason, text);
      end_with (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                           _ ("The transfer was cancelled")));
    }
  watch_emptiness (self);
}
