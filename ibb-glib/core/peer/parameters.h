/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The terms of a session: between whom it is, by which name, and how its blocks
 * travel. Its parts see it by these.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/context.h"
#include "core/peer/peer.h"

G_BEGIN_DECLS

#define IBB_BLOCKS_IN_FLIGHT_MAX 32767 /* half of the numbers, so that none is ambiguous (N-16) */
#define IBB_RECENT_BLOCKS 64           /* remembered by a peer (D-20) */

/* By which a session is found (D-01). Normalised JIDs. */
typedef struct
{
  char *local;
  char *peer;
  char *sid;
} IBBSessionKey;

/* What an open proposes. An application may leave out what is nullable. */
typedef struct
{
  const char *peer;             /* any JID; compared by D-02 */
  const char *local;            /* (nullable): ours, NULL for the connection's */
  const char *sid;              /* (nullable): NULL for a random one */
  gboolean    by_message;       /* the blocks are messages, else IQs */
  guint       block_size;       /* 0: the default of the settings */
  gboolean    fixed_block_size; /* no fallback by halving (Jingle, N-46) */
  gboolean    may_be_longer;    /* the block size, as the peer copes with (D-14) */
} IBBOpen;

typedef struct
{
  IBBSessionKey key;
  IBBContext   *context;    /* (owned) */
  IBBPeer      *peer;       /* (unowned) (nullable): while it is in the table */
  gpointer      owner;      /* (unowned): the session */
  char         *peer_jid;   /* as given, not normalised */
  char         *local_jid;  /* likewise */
  gboolean      by_message; /* the blocks are messages, else IQs */
  guint         block_size;
  gboolean      is_initiator;
  char         *secret;   /* (nullable): known to both ends, which can resume the session (D-58) */
  gsize         overhead; /* of a stanza with a block */
  IBBStanza    *pattern;  /* (owned): of stanzas to the peer, with to and sid */
  gboolean is_own_jid;    /* local is the address of the connection, not another of our addresses */
} IBBParameters;

/* owner: the session. open: all of it is there. */
void ibb_parameters_init (IBBParameters *self,
                          IBBContext    *context,
                          gpointer       owner,
                          const IBBOpen *open,
                          gboolean       is_initiator);
void ibb_parameters_clear (IBBParameters *self);
/* normal: the peer's JID as ibb_jid_normalize () gives it. */
void ibb_parameters_rename_peer (IBBParameters *self, const char *normal);
/* The peer has another resource; jid: as it writes its address. */
void ibb_parameters_move_peer (IBBParameters *self, const char *jid, const char *normal);
/* Our end has another resource. */
void ibb_parameters_move_local (IBBParameters *self, const char *jid, const char *normal);
/* (nullable): none */
void ibb_parameters_set_secret (IBBParameters *self, const char *secret);
/* Hash and comparison of an IBBSessionKey. */
guint    ibb_parameters_hash (gconstpointer key);
gboolean ibb_parameters_equal (gconstpointer a, gconstpointer b);

/* Our address where it is not the connection's own, else NULL. */
char *ibb_parameters_dup_from (const IBBParameters *self);
/* A stanza to the peer. Unless it is a result, it has the sid. id: (nullable), copied. */
IBBStanza *ibb_parameters_create_stanza (const IBBParameters *self,
                                         IBBStanzaName        name,
                                         const char          *kind,
                                         IBBPayload           payload,
                                         const char          *id);
/* The bytes of a stanza with a block of that size, at most. */
gsize ibb_parameters_get_length (const IBBParameters *self, gsize size);
/* How many bytes of data fit into a stanza of the session; whether so many that
 * blocks make sense (D-16). */
gsize    ibb_parameters_get_room (const IBBParameters *self);
gboolean ibb_parameters_have_room (const IBBParameters *self);

G_END_DECLS
