/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One session as its transport and the two halves share it: the session, who waits for it,
 * and for how long. The halves hold it, and not the transport, so that dropping the transport
 * ends the session.
 */

#pragma once

#include "ibb-statistics.h"
#include "ibb-types.h"
#include "runtime/host.h"
#include "runtime/rate.h"

typedef struct _IBBChannel IBBChannel;

/* Which of the properties of a transport that change by themselves have changed. */
typedef enum
{
  IBB_CHANNEL_PEER_JID = 1 << 0,
  IBB_CHANNEL_LOCAL_JID = 1 << 1,
  IBB_CHANNEL_WAITING = 1 << 2,
  IBB_CHANNEL_ENDED = 1 << 3,
  IBB_CHANNEL_ACKNOWLEDGED = 1 << 4, /* bytes, told ten times a second at most, as the next */
  IBB_CHANNEL_RECEIVED = 1 << 5,
} IBBChannelNews;

typedef enum
{
  IBB_CHANNEL_READ,
  IBB_CHANNEL_WRITE,
} IBBChannelWay;

typedef void (*IBBChannelChangedFunc) (GObject *owner, IBBChannelNews news);

struct _IBBChannel
{
  /* immutable after construction */
  IBBHost        *host;    /* (owned): as a user */
  IBBSession     *session; /* (owned): called with the lock */
  IBBSessionOwner session_owner;

  /* (owned) (nullable): set once, by ibb_channel_set_owner (), before any other thread has
   * the channel */
  IBBWeak *owner;

  /* atomic */
  guint timeouts[2]; /* ms; 0: none; by IBBChannelWay */

  /* protected by the host's lock */
  guint                 ref_count;
  GQueue                readers;    /* (element-type IBBWaiter) */
  GQueue                writers;    /* (element-type IBBWaiter): closes as well */
  IBBChannelChangedFunc changed;    /* (nullable): NULL without an owner */
  gboolean              opened;     /* see ibb_channel_has_opened_locked () */
  gboolean              closing;    /* the transport's close has begun */
  gboolean              ended_told; /* when changed was called last, as the next ones */
  IBBSessionWait        wait_told;
  const char           *traced;     /* (nullable): the stage that the log knows */
  char                 *peer_told;  /* (owned) (nullable) */
  char                 *local_told; /* (owned) (nullable) */
  IBBRate               send_rate;  /* with the bytes as they were told last */
  IBBRate               receive_rate;
  gboolean              is_listed;      /* belongs to the list of the service */
  gboolean              listed_told;    /* the list has been told so */
  GList                 link;           /* of the host, while these two differ */
  GSource              *changed_source; /* (owned) (nullable): calls changed */
};

IBBChannel *ibb_channel_new_locked (IBBHost *host, IBBSession *session);
IBBChannel *ibb_channel_ref (IBBChannel *self);
void        ibb_channel_unref (IBBChannel *self); /* not with the lock */
/* Takes the session out of a channel that has no owner, which then does not end the session:
 * (transfer full). */
IBBSession *ibb_channel_steal_session_locked (IBBChannel *self);

/* Whether the session is, or was, open. It looks at the session: the channel is told of changes
 * only at the end of a batch of stanzas. */
gboolean ibb_channel_has_opened_locked (IBBChannel *self);

/* Wakes the calls that need not wait any longer. */
void ibb_channel_changed_locked (IBBChannel *self);

/* The transport, of which the channel holds a weak reference. It is called in the context of
 * the signals. */
void ibb_channel_set_owner (IBBChannel *self, GObject *owner, IBBChannelChangedFunc changed);
/* The list has the channels whose sessions have not ended and whose owners live, in the order in
 * which these came. The next one to be added or removed: (transfer full) (nullable). */
IBBChannel *ibb_channel_take_listing (IBBHost *host, gboolean *is_added);
/* (transfer full): NULL with G_IO_ERROR_CLOSED when it is gone. self may be NULL: a half that
 * a binding made without a transport. */
GObject *ibb_channel_hold_owner (IBBChannel *self, GError **error);
/* The owner is disposed: unless a close has begun, the session is aborted. */
void ibb_channel_drop_owner (IBBChannel *self, GObject *owner);

/* The close of the transport has begun: the halves, which GIO closes on the way, leave the
 * session to it. */
void ibb_channel_begin_close (IBBChannel *self);
void ibb_channel_close_input (IBBChannel *self);  /* self may be NULL */
void ibb_channel_close_output (IBBChannel *self); /* self may be NULL */
/* condition, (nullable), and text, (nullable): the reason, for the peer. */
void ibb_channel_abort (IBBChannel *self, const IBBCondition *condition, const char *text);

/* Why a call fails, as GIO's streams say it; NULL for no failure. */
GError *ibb_channel_new_stream_error_locked (IBBChannel *self, const IBBFailure *failure);

/* A setter returns whether the value has changed. */
guint    ibb_channel_get_timeout (IBBChannel *self, IBBChannelWay way);
gboolean ibb_channel_set_timeout (IBBChannel *self, IBBChannelWay way, guint milliseconds);
gboolean ibb_channel_get_auto_flush (IBBChannel *self);
gboolean ibb_channel_set_auto_flush (IBBChannel *self, gboolean auto_flush);

void ibb_channel_get_statistics (IBBChannel *self, IBBStatistics *statistics);

/* The session, with the lock until ibb_channel_unlock_session (). */
IBBSession *ibb_channel_lock_session (IBBChannel *self);
void        ibb_channel_unlock_session (IBBChannel *self);
/* Why the session has ended; NULL for an orderly end, and before. */
GError *ibb_channel_dup_error (IBBChannel *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBChannel, ibb_channel_unref)
