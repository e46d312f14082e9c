/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An engine, its application, connection and peers, all moved by bytes: what
 * fuzz-engine.c shares with the peers (engine-peers.c). */

#pragma once

#include "driver.h"

#include <stdint.h>

#define N_SESSIONS 12
#define N_EXPECTATIONS 4
#define N_TAKEN 32

typedef struct
{
  const uint8_t *data;
  size_t         left;
  Driver         driver;
  guint          n_ids;
  gboolean       lost;
  gboolean       was_lost; /* a connection, ours or a peer's: requests of before have no answer */
  gboolean       flooded;
  gboolean       repeated; /* an id was used twice: a held block has one answer for both (D-20) */

  IBBSession     *sessions[N_SESSIONS]; /* (owned) (nullable) */
  IBBExpectation *expectations[N_EXPECTATIONS];
  IBBStanza      *taken[N_TAKEN]; /* (owned) (nullable): our last requests */
  guint           n_taken;
  GQueue          unsent;  /* (element-type IBBStanza): taken, not reported */
  GHashTable     *replies; /* "id from" of a request: how many it may get */
} World;

/* The names that everybody uses: the last of each is NULL. */
extern const char *const world_jids[8];
extern const char *const world_sids[8];
/* Bytes that blocks are cut from, whatever their length. */
extern const guint8 world_zeros[IBB_BLOCK_SIZE_MAX + 1];

guint       world_next (World *self); /* the next byte of the schedule; 0 once it is over */
char       *world_get_key (const char *id, const char *jid);
IBBSession *world_pick_session (World *self); /* (nullable) */

/* (transfer full) */
void       peers_receive (World *self, IBBStanza *stanza);
IBBStanza *peers_new_for_session (
    World *self, IBBSession *session, IBBPayload payload, gboolean is_message, guint b);
void peers_receive_any (World *self);
void peers_receive_data (World *self, gboolean is_run);
void peers_receive_close (World *self);
void peers_receive_replies (World *self);
/* Replies to one of our last requests; back counts from the last. */
void peers_reply (World *self, guint back, guint b, guint c);

/* Resumption (engine-resume.c). */

void peers_offer_secret (IBBStanza *open);
void peers_receive_resume (World *self);
/* result: to our <resume/>. */
void
peers_answer_resume (World *self, const IBBStanza *resume, IBBStanza *result, guint b, guint c);
/* A new login, a break of the XML stream, another setting. */
void     world_interrupt (World *self);
gboolean world_has_interrupted (const World *self); /* a session is interrupted */
