/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parameters of a session: both addresses, the sid and the form of its blocks. Shared by the
 * parts of the session.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/context.h"
#include "core/peer/pair.h"

#define IBB_BLOCKS_IN_FLIGHT_MAX 32767 /* half of the numbers, so that none is ambiguous (N-16) */
#define IBB_RECENT_BLOCKS 64           /* remembered by any peer (D-20) */

/* Key of a session (D-01). The JIDs are normalised. */
typedef struct
{
  char *local;
  char *peer;
  char *sid;
} IBBSessionKey;

/* Parameters of our open, or of the open that is expected of a peer. */
typedef struct
{
  const char *peer;          /* any JID; compared by D-02 */
  const char *local;         /* (nullable): ours; NULL: the connection's, or any to be expected */
  const char *sid;           /* (nullable): NULL for a random one */
  gboolean    by_message;    /* the blocks are messages, else IQs */
  guint       block_size;    /* 0: the default of the settings, or any to be expected */
  gboolean    is_agreed;     /* no fallback by halving, no other stanza type (Jingle, N-46) */
  gboolean    may_be_longer; /* a longer block size may be offered beside (D-14) */
} IBBOpen;

typedef struct
{
  IBBSessionKey key;
  IBBContext   *context;    /* (owned) */
  IBBPeer      *peer;       /* (unowned) (nullable): while the session is in the table */
  IBBPair      *pair;       /* (unowned) (nullable): likewise */
  gpointer      owner;      /* (unowned): the session */
  char         *peer_jid;   /* as given, not normalised */
  char         *local_jid;  /* likewise */
  gboolean      by_message; /* the blocks are messages, else IQs */
  guint         block_size;
  gboolean      is_initiator;
  char         *secret;   /* (nullable): of both ends, for a resumption (D-58) */
  gsize         overhead; /* of a stanza with a block */
  IBBStanza    *pattern;  /* (owned): of stanzas to the peer, with to and sid */
  gboolean is_own_jid;    /* local is the address of the connection, not another of our addresses */
} IBBParameters;

/* owner: the session. open: complete. */
void ibb_parameters_init (IBBParameters *self,
                          IBBContext    *context,
                          gpointer       owner,
                          const IBBOpen *open,
                          gboolean       is_initiator);
void ibb_parameters_clear (IBBParameters *self);
/* Changes the addresses; see ibb_registration_move (). */
void ibb_parameters_move (IBBParameters *self,
                          const char    *peer_jid,
                          const char    *peer,
                          const char    *local_jid,
                          const char    *local);
/* secret: (nullable) */
void ibb_parameters_set_secret (IBBParameters *self, const char *secret);
/* Hash and comparison of an IBBSessionKey. */
guint    ibb_parameters_hash (gconstpointer key);
gboolean ibb_parameters_equal (gconstpointer a, gconstpointer b);

/* Our address; NULL if it is that of the connection. */
char *ibb_parameters_dup_from (const IBBParameters *self);
/* A stanza to the peer, with the sid unless a result. id: (nullable), copied. */
IBBStanza *ibb_parameters_create_stanza (const IBBParameters *self,
                                         IBBStanzaName        name,
                                         const char          *kind,
                                         IBBPayload           payload,
                                         const char          *id);
/* Most bytes of a stanza with a block of that size. */
gsize ibb_parameters_get_length (const IBBParameters *self, gsize size);
/* Bytes of data that fit into a stanza of the session; whether these are enough for blocks (D-16).
 */
gsize    ibb_parameters_get_room (const IBBParameters *self);
gboolean ibb_parameters_have_room (const IBBParameters *self);
