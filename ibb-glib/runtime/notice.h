/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session that a peer began and that has not reached the application yet: it waits for a
 * signal of the service, or for an accept. One that is over before that, with nothing to
 * read, is dropped, because a peer may begin and end as many as it likes.
 */

#pragma once

#include "runtime/channel.h"
#include "runtime/host.h"

typedef struct _IBBNotice IBBNotice;

/* A request, or a session that was accepted at once, waits in queue. */
void ibb_notice_add_locked (IBBHost *host, IBBSession *session, gboolean is_request, GQueue *queue);
/* Whether there is one whose session is not over; drops those before it that are. */
gboolean   ibb_notice_has_any_locked (GQueue *queue);
IBBNotice *ibb_notice_pop_locked (GQueue *queue); /* (nullable): the first, which no longer waits */
void       ibb_notice_wait_locked (IBBNotice *self, GQueue *queue); /* at the end */
/* A session (transfer full) that an accept gives back is the first again. */
void ibb_notice_put_back_locked (IBBHost *host, IBBSession *session, GQueue *queue);
/* Moves all that wait into an empty queue, in which they can only be freed. */
void ibb_notice_steal_all_locked (GQueue *from, GQueue *to);

gboolean ibb_notice_is_request (const IBBNotice *self);
/* The end of one that does not wait, for the application. */
IBBChannel *ibb_notice_take_channel_locked (IBBNotice *self); /* of a session that was accepted */
/* (transfer full): the session, and with it the use of the host. */
IBBSession *ibb_notice_take_session (IBBNotice *self);

/* Refuses or aborts the session. Not with the lock. */
void ibb_notice_free (IBBNotice *self);
void ibb_notice_free_all (GQueue *queue);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBNotice, ibb_notice_free)
