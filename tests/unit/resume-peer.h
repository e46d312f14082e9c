/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The peer of a session that outlives its connection (D-58), as the tests play it. */

#pragma once

#include "driver.h"

#define SID "s"
#define SECRET "00112233445566778899aabbccddeeff"
/* Much longer than the addresses before, so that none gets the memory of one that is freed. */
#define PEER_AGAIN PEER_ACCOUNT "/the garden below the balcony of the house"
#define OWN_AGAIN OWN_ACCOUNT "/the garden below the balcony of the house"
#define BLOCK 100

/* session: one that the peer has opened, with a secret. */
typedef struct
{
  const char *name;
  void (*func) (Driver *self, IBBSession *session);
} ResumePeerTest;

void resume_peer_add (const ResumePeerTest *tests, gsize n);
void resume_peer_add_bare (const char *name, void (*func) (Driver *self)); /* without a session */

/* The functions below that return a session or a stanza return a reference. */

/* A session that the peer opens. */
IBBSession *resume_peer_accept (Driver *self);
IBBSession *resume_peer_accept_from (
    Driver *self, const char *peer, const char *local, const char *sid, gboolean has_secret);

/* Stanzas of the peer: a <resume/> with a valid proof, and a block. */
IBBStanza *
resume_peer_new (const char *from, guint32 count, guint64 received, guint64 acknowledged);
IBBStanza *resume_peer_new_block (const char *id, guint seq, gsize length);
/* The engine's reaction to a request, a result or an error. */
IBBStanza *resume_peer_ask (Driver *self, IBBStanza *request, IBBPayload payload);
void       resume_peer_assert_agrees (Driver *self, IBBStanza *request);
void       resume_peer_assert_refuses (Driver *self, IBBStanza *request, IBBCondition condition);

/* The next stanza. */
IBBStanza *resume_peer_take (Driver *self, const char *description);
IBBStanza *resume_peer_take_resume (Driver *self, guint32 count, guint64 received);
IBBStanza *resume_peer_take_block (Driver *self, guint seq);
void       resume_peer_assert_nothing (Driver *self);
/* The first block of what is written. */
IBBStanza *resume_peer_write (Driver *self, IBBSession *session, gsize length);

void
resume_peer_answer (Driver *self, const IBBStanza *resume, guint64 received, gboolean has_ended);
void resume_peer_answer_error (Driver *self, const IBBStanza *request, IBBCondition condition);

/* Whether the owner of the session was told to look at it. */
gboolean resume_peer_take_change (Driver *self, IBBSession *session);
void     resume_peer_lose (Driver *self, IBBSession *session);
void     resume_peer_restore (Driver *self, const char *jid);
/* Loses the connection and finds it again, for the first time: the <resume/>. */
IBBStanza *resume_peer_interrupt (Driver *self, IBBSession *session);
void       resume_peer_assert_ended (IBBSession *session, IBBFailureKind kind);
/* Aborts the session, and drops all stanzas that are left. */
void resume_peer_abort (Driver *self, IBBSession *session);
