/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One session as its transport and the two halves share it: the session, who waits for it,
 * and for how long. The halves hold it, and not the transport, so that dropping the transport
 * ends the session.
 */

#pragma once

#include "ibb-statistics.h"
#include "ibb-types.h"
#include "runtime/host.h"

G_BEGIN_DECLS

typedef struct _IBBChannel IBBChannel;

IBBChannel *ibb_channel_new_locked (IBBHost *host, IBBSession *session);
IBBChannel *ibb_channel_ref (IBBChannel *self);
void        ibb_channel_unref (IBBChannel *self); /* not with the lock */
/* Takes the session out of a channel that has no owner, which then does not end the session:
 * (transfer full). */
IBBSession *ibb_channel_steal_session_locked (IBBChannel *self);

/* The pointers never change. */
IBBHost    *ibb_channel_get_host (IBBChannel *self);
IBBSession *ibb_channel_get_session (IBBChannel *self); /* called with the lock */
GQueue     *ibb_channel_get_readers (IBBChannel *self); /* (element-type IBBWaiter) */
GQueue     *ibb_channel_get_writers (IBBChannel *self); /* (element-type IBBWaiter) */

/* Wakes the calls that need not wait any longer. */
void ibb_channel_changed_locked (IBBChannel *self);

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

typedef void (*IBBChannelChangedFunc) (GObject *owner, IBBChannelNews news);

/* The transport, of which the channel holds a weak reference. It is called in the context of
 * the signals. */
void ibb_channel_set_owner (IBBChannel *self, GObject *owner, IBBChannelChangedFunc changed);
/* (transfer full): NULL with G_IO_ERROR_CLOSED when it is gone. self may be NULL: a half that
 * a binding made without a transport. */
GObject *ibb_channel_hold_owner (IBBChannel *self, GError **error);
/* The owner is disposed: unless a close has begun, the session is aborted. */
void ibb_channel_drop_owner (IBBChannel *self, GObject *owner);

/* The close of the transport has begun: the halves, which GIO closes on the way, leave the
 * session to it. */
void     ibb_channel_begin_close (IBBChannel *self);
gboolean ibb_channel_is_closing_locked (IBBChannel *self);
void     ibb_channel_close_input (IBBChannel *self);  /* self may be NULL */
void     ibb_channel_close_output (IBBChannel *self); /* self may be NULL */
/* condition, (nullable), and text, (nullable): the reason, for the peer. */
void ibb_channel_abort (IBBChannel *self, const IBBCondition *condition, const char *text);

/* The session was open once. */
gboolean ibb_channel_was_opened_locked (IBBChannel *self);
gboolean ibb_channel_has_ended_locked (IBBChannel *self);
gboolean ibb_channel_has_ended (IBBChannel *self);
IBBWait  ibb_channel_get_wait (IBBChannel *self);
/* Both live as long as the session, though there may be others by then. */
char *ibb_channel_dup_peer (IBBChannel *self);
char *ibb_channel_dup_local (IBBChannel *self);
/* The precise error of a session that has ended; NULL for an orderly end. */
GError *ibb_channel_new_error_locked (IBBChannel *self);
GError *ibb_channel_dup_error (IBBChannel *self);
/* Why a call fails, as GIO's streams say it; NULL for no failure. */
GError *ibb_channel_new_stream_error_locked (IBBChannel *self, const IBBFailure *failure);

IBBStanzaType ibb_channel_get_stanza_type (IBBChannel *self);

/* In milliseconds, 0 for none. The setters return whether the value has changed. */
guint    ibb_channel_get_read_timeout (IBBChannel *self);
gboolean ibb_channel_set_read_timeout (IBBChannel *self, guint timeout);
guint    ibb_channel_get_write_timeout (IBBChannel *self);
gboolean ibb_channel_set_write_timeout (IBBChannel *self, guint timeout);

gboolean ibb_channel_get_auto_flush (IBBChannel *self);
gboolean ibb_channel_set_auto_flush (IBBChannel *self, gboolean auto_flush);

void ibb_channel_get_statistics (IBBChannel *self, IBBStatistics *statistics);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBChannel, ibb_channel_unref)

G_END_DECLS
