/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/encrypter.h"

#include "base/callback-source.h"
#include "base/intl.h"
#include "base/source.h"

#define GUESTS_PER_TURN 64

/* Guests. */

void
ibb_encrypter_guest_init (IBBEncrypterGuest *self,
                          IBBEncrypter      *encrypter,
                          void (*move) (IBBEncrypterGuest *self))
{
  self->encrypter = ibb_encrypter_ref (encrypter);
  self->move = move;
  self->woken.data = self;
}

IBBEncrypterGuest *
ibb_encrypter_guest_ref (IBBEncrypterGuest *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
guest_clear (gpointer guest)
{
  IBBEncrypterGuest *self = guest;

  g_assert (self->deadline == NULL);
  ibb_encrypter_unref (self->encrypter);
}

void
ibb_encrypter_guest_unref (IBBEncrypterGuest *self)
{
  g_atomic_rc_box_release_full (self, guest_clear);
}

void
ibb_encrypter_wake (IBBEncrypterGuest *guest)
{
  IBBEncrypter *self = guest->encrypter;

  g_mutex_lock (&self->lock);
  if (!guest->is_woken)
    {
      guest->is_woken = TRUE;
      ibb_encrypter_guest_ref (guest);
      g_queue_push_tail_link (&self->woken, &guest->woken);
    }
  g_mutex_unlock (&self->lock);
  ibb_callback_source_request (self->source);
}

static int
compare (gconstpointer a, gconstpointer b, gpointer data)
{
  gint64 first = ((const IBBEncrypterGuest *) a)->until;
  gint64 second = ((const IBBEncrypterGuest *) b)->until;

  return first < second ? -1 : first > second;
}

static void
stop_waiting (IBBEncrypterGuest *guest)
{
  if (guest->deadline != NULL)
    g_sequence_remove (g_steal_pointer (&guest->deadline));
}

/* (nullable): the guest with the earliest time */
static IBBEncrypterGuest *
get_first (IBBEncrypter *self)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->deadlines);

  return g_sequence_iter_is_end (first) ? NULL : g_sequence_get (first);
}

/* A ready time wakes the context, also from its own thread: so it is set for an earlier time only.
 * The source may fire too early. */
void
ibb_encrypter_wait_until (IBBEncrypterGuest *guest, gint64 until)
{
  IBBEncrypter *self = guest->encrypter;

  stop_waiting (guest);
  guest->until = until;
  guest->deadline = g_sequence_insert_sorted (self->deadlines, guest, compare, NULL);
  if (until < self->armed)
    {
      self->armed = until;
      g_source_set_ready_time (self->source, until);
    }
}

void
ibb_encrypter_leave (IBBEncrypterGuest *guest)
{
  stop_waiting (guest);
  guest->move = NULL;
}

static void
move_guest (IBBEncrypterGuest *guest)
{
  if (guest->move != NULL)
    guest->move (guest);
}

/* (transfer full) (nullable) */
static IBBEncrypterGuest *
take_woken (IBBEncrypter *self)
{
  GList *link;

  g_mutex_lock (&self->lock);
  link = g_queue_pop_head_link (&self->woken);
  if (link != NULL)
    ((IBBEncrypterGuest *) link->data)->is_woken = FALSE;
  g_mutex_unlock (&self->lock);
  return link != NULL ? link->data : NULL;
}

static gboolean
has_woken (IBBEncrypter *self)
{
  gboolean has_woken;

  g_mutex_lock (&self->lock);
  has_woken = !g_queue_is_empty (&self->woken);
  g_mutex_unlock (&self->lock);
  return has_woken;
}

/* Sources of the context, as for bytes that have come, have their turn between guests that are
 * woken over and over again. */
static gboolean
run_cb (gpointer data)
{
  IBBEncrypter      *self = data;
  gint64             now = g_get_monotonic_time ();
  IBBEncrypterGuest *guest;

  self->armed = G_MAXINT64;
  for (guint n = 0; n < GUESTS_PER_TURN && (guest = take_woken (self)) != NULL; n++)
    {
      move_guest (guest);
      ibb_encrypter_guest_unref (guest);
    }
  if (has_woken (self))
    ibb_callback_source_request (self->source);
  while ((guest = get_first (self)) != NULL && guest->until <= now)
    {
      ibb_encrypter_guest_ref (guest);
      stop_waiting (guest);
      move_guest (guest);
      ibb_encrypter_guest_unref (guest);
    }
  if (guest != NULL && guest->until < self->armed)
    {
      self->armed = guest->until;
      g_source_set_ready_time (self->source, self->armed);
    }
  return G_SOURCE_CONTINUE;
}

/* The encrypter. */

/* (nullable) */
static IBBThread *
begin_thread (GError **error)
{
  g_autoptr (GError) reason = NULL;
  IBBThread         *thread = ibb_thread_try_new ("[ibb-glib] encrypt", &reason);

  if (thread == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("Cannot begin a thread: %s"),
                 reason->message);
  return thread;
}

IBBEncrypter *
ibb_encrypter_new (GTlsCertificate *certificate, GError **error)
{
  g_autoptr (IBBTlsCredentials) credentials = ibb_tls_credentials_new (certificate, error);
  IBBThread                    *thread = credentials != NULL ? begin_thread (error) : NULL;
  IBBEncrypter                 *self;

  if (thread == NULL)
    return NULL;
  self = g_new0 (IBBEncrypter, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_mutex_init (&self->lock);
  self->certificate = g_object_ref (certificate);
  self->credentials = g_steal_pointer (&credentials);
  self->thread = thread;
  ibb_turns_init (&self->turns);
  self->deadlines = g_sequence_new (NULL);
  self->armed = G_MAXINT64;
  self->source = ibb_callback_source_new ("[ibb-glib] encryptions", run_cb, self, NULL);
  g_source_attach (self->source, ibb_thread_get_context (thread));
  return self;
}

IBBEncrypter *
ibb_encrypter_ref (IBBEncrypter *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/* In the thread. */
static void
encrypter_free (gpointer data)
{
  IBBEncrypter *self = data;

  ibb_source_clear (&self->source);
  g_sequence_free (self->deadlines);
  ibb_turns_clear (&self->turns);
  ibb_tls_credentials_unref (self->credentials);
  g_object_unref (self->certificate);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
ibb_encrypter_unref (IBBEncrypter *self)
{
  if (g_atomic_ref_count_dec (&self->ref_count))
    ibb_thread_quit (self->thread, self, encrypter_free);
}
