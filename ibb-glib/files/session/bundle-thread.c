/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/session/bundle-thread.h"

#include "base/intl.h"
#include "base/source.h"
#include "files/protocol/reason.h"

/* Debug builds wait after each report until the owner has dropped what it may, so that a later use
 * of that is found each time. */
#ifndef IBB_CHECK_HANDOVER
#define IBB_CHECK_HANDOVER 0
#endif

#define BUFFER_SIZE (64 * 1024)
#define REPORTS_MAX 256 /* news that the owner has not taken, before no more is read */
#define KEEPALIVE 15000 /* ms without a byte, before padding shows whether the peer is there */

typedef enum
{
  COMMAND_OFFER,
  COMMAND_ACCEPT,
  COMMAND_DELIVER,
  COMMAND_FAIL,
} CommandType;

/* What the owner wants of the thread. */
typedef struct
{
  CommandType       type;
  guint32           number;
  IBBMover         *mover;    /* (owned) (nullable) */
  IBBFilesMetadata *metadata; /* (owned) (nullable) */
  IBBReason         reason;
  char             *text; /* (owned) (nullable) */
} Command;

struct _IBBBundleThread
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  GIOStream    *stream;   /* (owned) */
  GMainContext *owner;    /* (owned) */
  GMainContext *context;  /* (owned): of the thread */
  GAsyncQueue  *commands; /* (owned) (element-type Command) */
  gboolean      is_private;

  int n_reports;  /* atomic: on their way to the owner */
  int is_stopped; /* atomic: by the owner */

  GMutex lock;
  GCond  taken;
  guint  n_taken; /* protected by lock: reports that the thread does not know to be taken */

  /* of the owner's context */
  IBBBundleThreadFunc func; /* NULL: nobody wants to know */
  gpointer            user_data;
  guint32             n_offered;

  /* of the thread. Only the thread cancels: GIO leaks a source that ends while another one does. */
  GCancellable *cancellable; /* (owned): of the stream */
  IBBBundle    *bundle;      /* (owned) */
  GHashTable   *movers;      /* (owned) (element-type guint32 IBBMover) */
  GQueue        offers;      /* (element-type Command): there is no room for */
  GQueue        ready;       /* numbers: accepted, to be sent in this order */
  GQueue        later;       /* (element-type IBBBundleThreadEvent): of what is not written yet */
  GQueue        telling;     /* (element-type IBBBundleThreadEvent): of what is in the output */
  guint8        input[BUFFER_SIZE];
  GBytes       *output; /* (owned) (nullable): being written */
  gboolean      is_reading;
  gboolean      is_over;
  gboolean      is_idle;   /* the owner knows */
  gboolean      is_silent; /* since the last keepalive */
  GError       *error;     /* (owned) (nullable) */
};

static void
command_free (gpointer data)
{
  Command *command = data;

  g_clear_pointer (&command->mover, ibb_mover_unref);
  g_clear_object (&command->metadata);
  g_free (command->text);
  g_free (command);
}

static void
thread_unref (gpointer data)
{
  IBBBundleThread *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_object (&self->stream);
  g_clear_object (&self->cancellable);
  g_main_context_unref (self->owner);
  g_main_context_unref (self->context);
  g_async_queue_unref (self->commands);
  ibb_bundle_free (self->bundle);
  g_hash_table_unref (self->movers);
  g_queue_clear_full (&self->offers, command_free);
  g_queue_clear (&self->ready);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->taken);
  g_clear_pointer (&self->output, g_bytes_unref);
  g_clear_error (&self->error);
  g_free (self);
}

static IBBBundleThread *
thread_ref (IBBBundleThread *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* News for the owner. */

typedef struct
{
  IBBBundleThread     *thread; /* (owned) */
  IBBBundleThreadEvent news;
} Report;

static void
wait_for_owner (IBBBundleThread *self)
{
  g_mutex_lock (&self->lock);
  while (IBB_CHECK_HANDOVER && self->n_taken == 0)
    g_cond_wait (&self->taken, &self->lock);
  self->n_taken = 0;
  g_mutex_unlock (&self->lock);
}

static void
note_taken (IBBBundleThread *self)
{
  g_mutex_lock (&self->lock);
  self->n_taken++;
  g_cond_signal (&self->taken);
  g_mutex_unlock (&self->lock);
}

static void
report_free (gpointer data)
{
  Report *report = data;

  g_clear_object (&report->news.metadata);
  g_free (report->news.hash);
  g_free (report->news.reason);
  g_free (report->news.text);
  g_clear_error (&report->news.error);
  if (g_atomic_int_add (&report->thread->n_reports, -1) == REPORTS_MAX)
    g_main_context_wakeup (report->thread->context);
  note_taken (report->thread);
  thread_unref (report->thread);
  g_free (report);
}

/* What was asked of the thread after its end. */
static void
release_late (IBBBundleThread *self)
{
  Command *command;

  while ((command = g_async_queue_try_pop (self->commands)) != NULL)
    {
      IBBBundleThreadEvent news = { IBB_BUNDLE_THREAD_RELEASED, command->number };

      if (command->mover != NULL && self->func != NULL)
        self->func (&news, self->user_data);
      command_free (command);
    }
}

static gboolean
report_cb (gpointer data)
{
  Report          *report = data;
  IBBBundleThread *self = report->thread;

  if (self->func != NULL)
    self->func (&report->news, self->user_data);
  if (report->news.type == IBB_BUNDLE_THREAD_OVER)
    release_late (self);
  return G_SOURCE_REMOVE;
}

static void
tell (IBBBundleThread *self, const IBBBundleThreadEvent *news)
{
  GSource *source = g_idle_source_new ();
  Report  *report = g_new0 (Report, 1);

  report->thread = thread_ref (self);
  report->news = *news;
  g_atomic_int_inc (&self->n_reports);
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_unref (ibb_source_attach (source, self->owner, "[ibb-files] news of the bundle",
                                     report_cb, report, report_free));
  wait_for_owner (self);
}

/* The files. */

static gboolean
remove_mover (IBBBundleThread *self, guint32 number)
{
  IBBMover *mover = g_hash_table_lookup (self->movers, &number);

  if (mover != NULL)
    mover->class->stop (mover, TRUE);
  g_queue_remove (&self->ready, GUINT_TO_POINTER (number));
  return g_hash_table_remove (self->movers, &number);
}

/* error: (transfer full) (nullable); hash: (transfer full) (nullable). */
static void
release (IBBBundleThread *self, guint32 number, char *hash, GError *error)
{
  const IBBBundleThreadEvent news = { .type = IBB_BUNDLE_THREAD_RELEASED,
                                      .number = number,
                                      .hash = hash,
                                      .error = error };

  if (remove_mover (self, number))
    tell (self, &news);
  else
    {
      g_free (hash);
      g_clear_error (&error);
    }
}

/* News that counts when all that has been put into the bundle is written. Takes error. */
static void
tell_later (IBBBundleThread *self, IBBBundleThreadEventType event, guint32 number, GError *error)
{
  IBBBundleThreadEvent *news = g_new0 (IBBBundleThreadEvent, 1);

  news->type = event;
  news->number = number;
  news->error = error;
  g_queue_push_tail (&self->later, news);
}

static void
tell_queued (IBBBundleThread *self, GQueue *queue)
{
  while (!g_queue_is_empty (queue))
    {
      g_autofree IBBBundleThreadEvent *news = g_queue_pop_head (queue);

      tell (self, news);
    }
}

static void
keep (IBBBundleThread *self, guint32 number, IBBMover *mover)
{
  g_hash_table_insert (self->movers, g_memdup2 (&number, sizeof number), mover);
}

/* Of a mover that its owner has cancelled, the owner has said the reason. Otherwise the peer learns
 * of the failure first: the owner may end the session, or the program, when it knows. error:
 * (transfer full). */
static void
fail (IBBBundleThread *self, guint32 number, GError *error)
{
  IBBMover   *mover = g_hash_table_lookup (self->movers, &number);
  const char *text;
  IBBReason   reason = ibb_reason_from_error (
        error, self->bundle->is_sender ? IBB_FILES_DIRECTION_SEND : IBB_FILES_DIRECTION_RECEIVE,
        FALSE, &text);

  if (g_cancellable_is_cancelled (mover->cancellable))
    {
      release (self, number, NULL, error);
      return;
    }
  ibb_bundle_fail (self->bundle, number, reason, text);
  remove_mover (self, number);
  tell_later (self, IBB_BUNDLE_THREAD_RELEASED, number, error);
}

/* Delivers the whole files of each folder, all at once. */
static void
flush_folders (IBBBundleThread *self)
{
  g_autoptr (GList) numbers = g_hash_table_get_keys (self->movers);

  for (GList *l = numbers; l != NULL; l = l->next)
    {
      IBBMover *mover = g_hash_table_lookup (self->movers, l->data);
      GError   *error = NULL;

      if (mover->class->flush != NULL && !mover->class->flush (mover, self->bundle, &error))
        fail (self, *(guint32 *) l->data, error);
    }
}

static void
end (IBBBundleThread *self, GError *error)
{
  if (self->is_over)
    g_clear_error (&error);
  else
    self->error = error;
  self->is_over = TRUE;
}

/* Sending. */

/* Small files share a block. */
static void
send_some (IBBBundleThread *self)
{
  while (!g_queue_is_empty (&self->ready) &&
         ibb_bundle_get_n_output (self->bundle) < IBB_BUNDLE_DATA_MAX)
    {
      guint32   number = GPOINTER_TO_UINT (g_queue_peek_head (&self->ready));
      IBBMover *mover = g_hash_table_lookup (self->movers, &number);
      GError   *error = NULL;

      switch (mover->class->send (mover, self->bundle, number, &error))
        {
        case IBB_MOVER_FAILED:
          fail (self, number, error);
          break;
        case IBB_MOVER_WAITS:
          return;
        case IBB_MOVER_ENDED:
          release (self, number, NULL, NULL);
          break;
        case IBB_MOVER_WORKS:
        default:
          break;
        }
    }
}

static void
offer_some (IBBBundleThread *self)
{
  while (!g_queue_is_empty (&self->offers) && ibb_bundle_has_room (self->bundle))
    {
      Command *command = g_queue_pop_head (&self->offers);
      guint32  number = ibb_bundle_offer (self->bundle, command->metadata);

      /* The owner has failed the file meanwhile. */
      if (!g_hash_table_contains (self->movers, &number))
        ibb_bundle_fail (self->bundle, number, IBB_REASON_CANCEL, NULL);
      command_free (command);
    }
}

static void
written_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  IBBBundleThread *self = data;
  GError          *error = NULL;

  g_clear_pointer (&self->output, g_bytes_unref);
  if (!g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, NULL, &error))
    {
      end (self, error);
      return;
    }
  tell_queued (self, &self->telling);
}

static void
write_some (IBBBundleThread *self)
{
  if (self->output != NULL || self->is_over)
    return;
  send_some (self);
  self->output = ibb_bundle_take_output (self->bundle, self->is_private);
  if (self->output == NULL)
    {
      tell_queued (self, &self->later);
      return;
    }
  while (!g_queue_is_empty (&self->later))
    g_queue_push_tail (&self->telling, g_queue_pop_head (&self->later));
  self->is_silent = FALSE;
  g_output_stream_write_all_async (
      g_io_stream_get_output_stream (self->stream), g_bytes_get_data (self->output, NULL),
      g_bytes_get_size (self->output), G_PRIORITY_DEFAULT, self->cancellable, written_cb, self);
}

/* Receiving. */

/* Takes bytes, or an event of an entry of the folder that has the number. */
static void
take_bytes (IBBBundleThread *self, guint32 number, const IBBBundleEvent *event)
{
  IBBMover *mover = g_hash_table_lookup (self->movers, &number);
  GError   *error = NULL;

  if (mover != NULL && !mover->class->take (mover, self->bundle, event, &error))
    fail (self, number, error);
}

static void
take_accept (IBBBundleThread *self, IBBMover *mover, const IBBBundleEvent *event)
{
  const IBBBundleThreadEvent news = { .type = IBB_BUNDLE_THREAD_ACCEPTED, .number = event->number };

  ibb_mover_set_offset (mover, event->offset);
  g_queue_push_tail (&self->ready, GUINT_TO_POINTER (event->number));
  tell (self, &news);
}

/* mover: (nullable). */
static void
take_failure (IBBBundleThread *self, IBBMover *mover, const IBBBundleEvent *event)
{
  const IBBBundleThreadEvent news = { .type = IBB_BUNDLE_THREAD_FAILED,
                                      .number = event->number,
                                      .reason = g_strdup (event->reason),
                                      .text = g_strdup (event->text),
                                      .error = mover != NULL ? ibb_mover_dup_error (mover) : NULL,
                                      .is_accepted = event->is_accepted };

  tell (self, &news);
  if (mover != NULL)
    mover->class->stop (mover, !ibb_reason_is (event->reason, IBB_REASON_CANCEL));
  release (self, event->number, NULL, NULL);
}

static void
take_end (IBBBundleThread *self, IBBMover *mover, const IBBBundleEvent *event)
{
  GError *error = NULL;

  /* The bundle has refused the end of a folder of which an entry has failed. */
  if (mover->class->check != NULL)
    mover->class->check (mover, &error);
  if (error != NULL)
    fail (self, event->number, error);
  else
    release (self, event->number, g_base64_encode (event->data, event->length), NULL);
}

static GError *
new_broken_error (IBBBundleThread *self)
{
  return g_error_new (IBB_ERROR, IBB_ERROR_PROTOCOL,
                      _ ("The peer broke the rules of the transfer (%s)"), self->bundle->mistake);
}

/* The bytes of a file by which the peer broke the rules are dropped. */
static void
take_mistake (IBBBundleThread *self, const IBBBundleEvent *event)
{
  guint32   number = event->folder > 0 ? event->folder : event->number;
  IBBMover *mover = g_hash_table_lookup (self->movers, &number);

  if (mover != NULL && !self->bundle->is_sender)
    {
      mover->class->stop (mover, FALSE);
      release (self, number, NULL, new_broken_error (self));
    }
  end (self, new_broken_error (self));
}

static void
take_event (IBBBundleThread *self, const IBBBundleEvent *event)
{
  IBBBundleThreadEvent news = { .number = event->number };
  IBBMover            *mover = g_hash_table_lookup (self->movers, &event->number);

  if (event->folder > 0 && event->type != IBB_BUNDLE_BROKEN)
    {
      take_bytes (self, event->folder, event);
      return;
    }
  /* The owner has cancelled the file, and the bundle does not know yet. */
  if (mover == NULL && (event->type == IBB_BUNDLE_ACCEPTED || event->type == IBB_BUNDLE_DATA ||
                        event->type == IBB_BUNDLE_ENDED))
    return;
  switch (event->type)
    {
    case IBB_BUNDLE_OFFERED:
      news.type = IBB_BUNDLE_THREAD_OFFERED;
      news.metadata = g_object_ref (event->metadata);
      tell (self, &news);
      break;
    case IBB_BUNDLE_ACCEPTED:
      take_accept (self, mover, event);
      break;
    case IBB_BUNDLE_DATA:
      take_bytes (self, event->number, event);
      break;
    case IBB_BUNDLE_ENDED:
      take_end (self, mover, event);
      break;
    case IBB_BUNDLE_DELIVERED:
      news.type = IBB_BUNDLE_THREAD_DELIVERED;
      tell (self, &news);
      break;
    case IBB_BUNDLE_FAILED:
      take_failure (self, mover, event);
      break;
    default:
      take_mistake (self, event);
    }
}

static void
read_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  IBBBundleThread *self = data;
  GError          *error = NULL;
  gssize           n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);
  IBBBundleEvent   event;

  self->is_reading = FALSE;
  if (n <= 0)
    {
      end (self, error);
      return;
    }
  ibb_bundle_push (self->bundle, self->input, (gsize) n);
  while (!self->is_over && ibb_bundle_next (self->bundle, &event))
    take_event (self, &event);
  if (!self->bundle->is_sender)
    flush_folders (self);
}

/* Neither answers that the peer does not acknowledge nor news for a busy owner pile up. The peer
 * may have decided about an announced file before its offer leaves. */
static void
read_some (IBBBundleThread *self)
{
  if ((self->bundle->is_sender && self->bundle->last == 0) || self->is_reading || self->is_over ||
      g_atomic_int_get (&self->n_reports) >= REPORTS_MAX ||
      (self->output != NULL && ibb_bundle_get_n_output (self->bundle) > IBB_BUNDLE_DATA_MAX))
    return;
  self->is_reading = TRUE;
  g_input_stream_read_async (g_io_stream_get_input_stream (self->stream), self->input,
                             sizeof self->input, G_PRIORITY_DEFAULT, self->cancellable, read_cb,
                             self);
}

/* The thread. */

/* Takes command. */
static void
take_command (IBBBundleThread *self, Command *command)
{
  if (command->type == COMMAND_OFFER)
    {
      keep (self, command->number, g_steal_pointer (&command->mover));
      self->is_idle = FALSE;
      g_queue_push_tail (&self->offers, command);
      return;
    }
  if (command->type == COMMAND_ACCEPT)
    {
      guint64  offset = ibb_mover_get_offset (command->mover);
      gboolean is_open = ibb_bundle_is_open (self->bundle, command->number);

      keep (self, command->number, g_steal_pointer (&command->mover));
      if (is_open)
        {
          ibb_mover_begin (g_hash_table_lookup (self->movers, &command->number));
          ibb_bundle_accept (self->bundle, command->number, offset);
        }
      else
        release (self, command->number, NULL, NULL);
    }
  else if (command->type == COMMAND_DELIVER)
    {
      ibb_bundle_deliver (self->bundle, command->number);
      tell_later (self, IBB_BUNDLE_THREAD_DELIVERED, command->number, NULL);
    }
  else
    {
      IBBMover *mover = g_hash_table_lookup (self->movers, &command->number);
      GError   *error = NULL;

      if (mover != NULL)
        mover->class->stop (mover, command->reason != IBB_REASON_CANCEL);
      ibb_bundle_fail (self->bundle, command->number, command->reason, command->text);
      if (self->bundle->is_sender)
        error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                     _ ("The transfer was cancelled"));
      release (self, command->number, NULL, error);
    }
  command_free (command);
}

static gboolean
keepalive_cb (gpointer data)
{
  IBBBundleThread *self = data;

  if (self->is_silent)
    ibb_bundle_pad (self->bundle);
  self->is_silent = TRUE;
  return G_SOURCE_CONTINUE;
}

static void
tell_idle (IBBBundleThread *self)
{
  const IBBBundleThreadEvent news = { .type = IBB_BUNDLE_THREAD_IDLE };

  if (!self->bundle->is_sender || self->is_idle || self->bundle->last == 0 ||
      self->output != NULL || !g_queue_is_empty (&self->offers) ||
      !ibb_bundle_is_idle (self->bundle))
    return;
  self->is_idle = TRUE;
  tell (self, &news);
}

/* Of a stream that is over nothing else counts. */
static void
tell_released (IBBBundleThread *self, GQueue *queue)
{
  while (!g_queue_is_empty (queue))
    {
      g_autofree IBBBundleThreadEvent *news = g_queue_pop_head (queue);

      if (news->type == IBB_BUNDLE_THREAD_RELEASED)
        tell (self, news);
    }
}

static void
end_all (IBBBundleThread *self)
{
  g_autofree guint          *numbers = NULL;
  GHashTableIter             iter;
  gpointer                   number;
  guint                      n = 0;
  const IBBBundleThreadEvent news = { .type = IBB_BUNDLE_THREAD_OVER,
                                      .error = g_steal_pointer (&self->error) };

  tell (self, &news);
  tell_released (self, &self->telling);
  tell_released (self, &self->later);
  numbers = g_new (guint, g_hash_table_size (self->movers));
  g_hash_table_iter_init (&iter, self->movers);
  while (g_hash_table_iter_next (&iter, &number, NULL))
    numbers[n++] = *(guint32 *) number;
  for (guint i = 0; i < n; i++)
    release (self, numbers[i], NULL, NULL);
}

static gpointer
carry_thread (gpointer data)
{
  IBBBundleThread *self = data;
  GSource         *keepalive;

  g_main_context_push_thread_default (self->context);
  keepalive = ibb_source_attach (g_timeout_source_new (KEEPALIVE), self->context,
                                 "[ibb-files] keepalive", keepalive_cb, self, NULL);
  while (!self->is_over || self->is_reading || self->output != NULL)
    {
      Command *command;

      if (g_atomic_int_get (&self->is_stopped))
        end (self, NULL);
      while (!self->is_over && (command = g_async_queue_try_pop (self->commands)) != NULL)
        take_command (self, command);
      if (!self->is_over)
        {
          offer_some (self);
          write_some (self);
          read_some (self);
          tell_idle (self);
        }
      else
        g_cancellable_cancel (self->cancellable);
      /* Nothing wakes a thread that is over, and waits for nothing. */
      if (!self->is_over || self->is_reading || self->output != NULL)
        g_main_context_iteration (self->context, TRUE);
    }
  ibb_source_clear (&keepalive);
  end_all (self);
  g_main_context_pop_thread_default (self->context);
  g_clear_object (&self->stream);
  thread_unref (self);
  return NULL;
}

/* The calls of the owner. */

IBBBundleThread *
ibb_bundle_thread_new (GIOStream          *stream,
                       gboolean            is_sender,
                       gboolean            is_private,
                       IBBFilesMetadata   *announced,
                       IBBBundleThreadFunc func,
                       gpointer            user_data,
                       GError            **error)
{
  IBBBundleThread *self = g_new0 (IBBBundleThread, 1);
  GThread         *thread;

  g_atomic_ref_count_init (&self->ref_count);
  self->stream = g_object_ref (stream);
  self->is_private = is_private;
  g_mutex_init (&self->lock);
  g_cond_init (&self->taken);
  self->cancellable = g_cancellable_new ();
  self->owner = g_main_context_ref_thread_default ();
  self->context = g_main_context_new ();
  self->commands = g_async_queue_new_full (command_free);
  self->func = func;
  self->user_data = user_data;
  self->bundle = ibb_bundle_new (is_sender);
  if (!is_sender && announced != NULL)
    ibb_bundle_announce (self->bundle, announced);
  self->movers =
      g_hash_table_new_full (g_int_hash, g_int_equal, g_free, (GDestroyNotify) ibb_mover_unref);
  thread = g_thread_try_new ("ibb-files", carry_thread, thread_ref (self), error);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return self;
    }
  thread_unref (self);
  thread_unref (self);
  return NULL;
}

void
ibb_bundle_thread_stop (IBBBundleThread *self)
{
  g_atomic_int_set (&self->is_stopped, TRUE);
  g_main_context_wakeup (self->context);
}

void
ibb_bundle_thread_free (IBBBundleThread *self)
{
  self->func = NULL;
  ibb_bundle_thread_stop (self);
  thread_unref (self);
}

static Command *
new_command (CommandType type, guint32 number, IBBMover *mover)
{
  Command *command = g_new0 (Command, 1);

  command->type = type;
  command->number = number;
  command->mover = mover != NULL ? ibb_mover_ref (mover) : NULL;
  return command;
}

/* Takes command. */
static void
give (IBBBundleThread *self, Command *command)
{
  g_async_queue_push (self->commands, command);
  g_main_context_wakeup (self->context);
}

void
ibb_bundle_thread_offer (IBBBundleThread *self, IBBMover *mover, IBBFilesMetadata *metadata)
{
  Command *command = new_command (COMMAND_OFFER, ++self->n_offered, mover);

  command->metadata = g_object_ref (metadata);
  give (self, command);
}

void
ibb_bundle_thread_accept (IBBBundleThread *self, guint32 number, IBBMover *mover)
{
  give (self, new_command (COMMAND_ACCEPT, number, mover));
}

void
ibb_bundle_thread_deliver (IBBBundleThread *self, guint32 number)
{
  give (self, new_command (COMMAND_DELIVER, number, NULL));
}

void
ibb_bundle_thread_fail (IBBBundleThread *self, guint32 number, IBBReason reason, const char *text)
{
  Command *command = new_command (COMMAND_FAIL, number, NULL);

  command->reason = reason;
  command->text = g_strdup (text);
  give (self, command);
}
