/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sessions of a service that peers began and that have not reached the application:
 * those that wait for a signal of the service, those that wait for an accept, and those that
 * were expected and given back. */

#pragma once

#include "runtime/channel.h"
#include "runtime/host.h"

typedef struct _IBBInbox IBBInbox;

/* The ids of the signals of the service, whose handlers the inbox looks for. */
typedef struct
{
  guint session_requested;
  guint session_accepted;
} IBBInboxSignals;

struct _IBBInbox
{
  gatomicrefcount ref_count;

  IBBHost *host; /* (unowned) */

  /* protected by the host's lock */
  GObject        *service; /* (unowned) (nullable): while the inbox is open */
  IBBInboxSignals signals;
  GSource        *source; /* (owned) (nullable): woken when there are notices */
  IBBSessionOwner session_owner;
  GQueue          notices;   /* (owned) (element-type IBBSession): for signals */
  GQueue          accepted;  /* (owned) (element-type IBBSession): for accepts */
  GQueue          untaken;   /* (owned) (element-type IBBChannel): expected, and given back */
  GQueue          accepts;   /* (element-type IBBWaiter): for a session to accept */
  gboolean        listening; /* there was an accept */
  gboolean        has_limit; /* session-limit was set, or its default was told of */
  gboolean        stopped;
};

/* An inbox is called only by what keeps the host. */
IBBInbox *ibb_inbox_new (IBBHost *host);
IBBInbox *ibb_inbox_ref (IBBInbox *self);
void      ibb_inbox_unref (IBBInbox *self);

/* From now on emit is called in the context of the signals for each notice, and when the channels
 * of the host have changed, with a reference to service, which closes the inbox in its dispose. */
void ibb_inbox_open (IBBInbox              *self,
                     GObject               *service,
                     const IBBInboxSignals *signals,
                     void (*emit) (gpointer service));
void ibb_inbox_close (IBBInbox *self);

/* From now on nothing new is opened or accepted. Sessions that have not reached the application are
 * refused, or aborted; open ones, too, with abort_sessions. */
void ibb_inbox_stop (IBBInbox *self, gboolean abort_sessions);

/* Tells the engine whether unexpected opens are refused, accepted, or shown to a handler
 * (D-08). */
void ibb_inbox_update_listen_locked (IBBInbox *self);
/* The application has chosen a session-limit, which may be 0. */
void ibb_inbox_note_limit (IBBInbox *self);
/* An open was refused. TRUE once, if a handler waits for sessions and no session-limit lets any
 * in. */
gboolean ibb_inbox_lacks_limit_locked (IBBInbox *self);
/* The disco#info features of the service: XEP-0047 only while a session could be accepted
 * (D-43). */
char **ibb_inbox_dup_features (IBBInbox *self);

/* For emit: the next session, (transfer full) (nullable), and the next call of emit if there are
 * more. A request comes with a use of the host. */
IBBSession *ibb_inbox_take_notice (IBBInbox *self, gboolean *is_request);
/* There is no handler for an accepted session any more: it waits for an accept. */
void ibb_inbox_keep_for_accept_locked (IBBInbox *self, IBBSession *session);

/* For an accept. */
/* Whether a session can still come, now or when the connection has returned. */
gboolean    ibb_inbox_may_accept_locked (IBBInbox *self);
gboolean    ibb_inbox_has_accepted_locked (IBBInbox *self);
IBBChannel *ibb_inbox_take_accepted_locked (IBBInbox *self); /* (nullable) */
/* Wakes an accept for each session, or all accepts once no session can come. */
void ibb_inbox_wake_accepts_locked (IBBInbox *self);
/* Call this without the lock: the application did not fetch the session. channel is (transfer
 * full). */
void ibb_inbox_give_back_accepted (IBBInbox *self, IBBChannel *channel);

/* For an expectation. A session that came while its call was cancelled waits for the next
 * call with the same peer and sid. local (nullable): at any of our addresses. */
void        ibb_inbox_keep_expected_locked (IBBInbox *self, IBBChannel *channel, gint64 now);
IBBChannel *ibb_inbox_take_expected_locked (IBBInbox   *self,
                                            const char *local,
                                            const char *peer,
                                            const char *sid,
                                            gint64      now); /* (nullable) */
/* Call this without the lock: the application did not fetch the session. channel is (transfer
 * full). */
void ibb_inbox_give_back_expected (IBBInbox *self, IBBChannel *channel);
