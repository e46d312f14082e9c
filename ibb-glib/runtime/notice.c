/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/notice.h"

struct _IBBNotice
{
  IBBHost        *host;    /* (owned): as a user */
  IBBSession     *session; /* (owned) */
  gboolean        is_request;
  IBBSessionOwner owner;
  GQueue         *queue; /* (nullable): where it waits */
  GList           link;
};

static void
leave_locked (IBBNotice *self)
{
  g_queue_unlink (self->queue, &self->link);
  self->queue = NULL;
  self->session->data = NULL;
  ibb_session_set_waiting (self->session, FALSE);
}

/* The host has another user: the service, or the channel. */
static void
free_locked (IBBNotice *self)
{
  self->host->n_users--;
  ibb_session_unref (self->session);
  g_free (self);
}

static gboolean
is_over_locked (IBBNotice *self)
{
  return self->is_request ? ibb_session_get_state (self->session) != IBB_SESSION_REQUESTED
                          : ibb_session_is_over (self->session);
}

static void
session_changed_locked (gpointer data)
{
  if (!is_over_locked (data))
    return;
  leave_locked (data);
  free_locked (data);
}

static IBBNotice *
new_locked (IBBHost *host, IBBSession *session, gboolean is_request)
{
  IBBNotice *self = g_new0 (IBBNotice, 1);

  host->n_users++;
  self->host = host;
  self->session = session;
  self->is_request = is_request;
  self->owner.changed_locked = session_changed_locked;
  self->owner.object = self;
  self->link.data = self;
  return self;
}

static void
enter_locked (IBBNotice *self, GQueue *queue)
{
  self->queue = queue;
  self->session->data = &self->owner;
  ibb_session_set_waiting (self->session, TRUE);
  session_changed_locked (self); /* the session may have ended already */
}

void
ibb_notice_wait_locked (IBBNotice *self, GQueue *queue)
{
  g_queue_push_tail_link (queue, &self->link);
  enter_locked (self, queue);
}

void
ibb_notice_put_back_locked (IBBHost *host, IBBSession *session, GQueue *queue)
{
  IBBNotice *self = new_locked (host, session, FALSE);

  g_queue_push_head_link (queue, &self->link);
  enter_locked (self, queue);
}

void
ibb_notice_add_locked (IBBHost *host, IBBSession *session, gboolean is_request, GQueue *queue)
{
  ibb_notice_wait_locked (new_locked (host, ibb_session_ref (session), is_request), queue);
}

gboolean
ibb_notice_has_any_locked (GQueue *queue)
{
  IBBNotice *self;

  /* While a batch arrives, nobody has been told yet that the session has ended. */
  while ((self = g_queue_peek_head (queue)) != NULL && is_over_locked (self))
    session_changed_locked (self);
  return self != NULL;
}

IBBNotice *
ibb_notice_pop_locked (GQueue *queue)
{
  IBBNotice *self = NULL;

  if (ibb_notice_has_any_locked (queue))
    {
      self = g_queue_peek_head (queue);
      leave_locked (self);
    }
  return self;
}

void
ibb_notice_steal_all_locked (GQueue *from, GQueue *to)
{
  IBBNotice *self;

  while ((self = ibb_notice_pop_locked (from)) != NULL)
    g_queue_push_tail_link (to, &self->link);
}

IBBChannel *
ibb_notice_take_channel_locked (IBBNotice *self)
{
  IBBChannel *channel = ibb_channel_new_locked (self->host, self->session);

  free_locked (self);
  return channel;
}

gboolean
ibb_notice_is_request (const IBBNotice *self)
{
  return self->is_request;
}

IBBSession *
ibb_notice_take_session (IBBNotice *self)
{
  IBBSession *session = self->session;

  g_free (self);
  return session;
}

void
ibb_notice_free (IBBNotice *self)
{
  ibb_host_lock (self->host);
  ibb_session_abort (self->session, g_get_monotonic_time ());
  ibb_host_update_locked (self->host);
  ibb_session_unref (self->session);
  ibb_host_unlock (self->host);
  ibb_host_release (self->host);
  g_free (self);
}

void
ibb_notice_free_all (GQueue *queue)
{
  GList *link;

  while ((link = g_queue_pop_head_link (queue)) != NULL)
    ibb_notice_free (link->data);
}
