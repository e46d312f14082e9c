/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session of a bundle: the Jingle session that says only that files are offered, its in-band
 * session, and the encryption of that, unless the place has no identity. A receiver takes several
 * files from one courier; a sender gives each file or folder a courier of its own. */

#pragma once

#include "files/move/mover.h"
#include "files/protocol/jingle.h"
#include "files/session/farewells.h"

typedef struct _IBBCourier IBBCourier;

/* What a file hears. released comes once for each mover that was given, and as the last one if the
 * file fails. The sender's comes when the peer has acknowledged all bytes. */
typedef struct
{
  /* The bytes begin to move. */
  void (*accepted) (gpointer client, IBBTransport *transport);
  /* hash (nullable): the bytes have come, and have to have this SHA-256, in base64; error (transfer
   * full) (nullable). */
  void (*released) (gpointer client, const char *hash, GError *error);
  /* The receiver has said so, or the sender knows it. */
  void (*delivered) (gpointer client);
  /* reason: the word of the peer, of this file; NULL: the session is over. error (transfer full).
   */
  void (*failed) (gpointer client, const char *reason, GError *error);
} IBBCourierFuncs;

/* A peer has offered a file. */
typedef void (*IBBCourierOffered) (IBBCourier       *courier,
                                   guint32           number,
                                   IBBFilesMetadata *metadata,
                                   gpointer          service);

/* The session of a peer has ended before one was offered. */
typedef void (*IBBCourierFailed) (IBBCourier *courier, const GError *error, gpointer service);

typedef struct
{
  GObject          *service;  /* has the others */
  IBBService       *sessions; /* and their connection */
  IBBIdentity      *identity; /* (nullable): folders go in the clear */
  GPtrArray        *couriers; /* (element-type IBBCourier): that are not over */
  GPtrArray        *turns;    /* (element-type IBBTurn): of these */
  IBBFarewells     *farewells;
  IBBCourierOffered offered;
  IBBCourierFailed  failed;
} IBBCourierPlace;

/* Offers a session. metadata: of the file, which the offer describes unless it is private. */
IBBCourier *ibb_courier_new (const IBBCourierPlace *place,
                             const char            *peer_jid,
                             guint                  block_size,
                             IBBFilesMetadata      *metadata);
/* Takes the offer of one, and jingle. A file that it describes is offered at once. local_jid
 * (nullable): where it is not the connection's. */
IBBCourier *ibb_courier_new_for_offer (const IBBCourierPlace *place,
                                       const char            *peer_jid,
                                       const char            *local_jid,
                                       IBBJingle             *jingle);
IBBCourier *ibb_courier_ref (IBBCourier *self);
void        ibb_courier_unref (IBBCourier *self);

/* Whether a request from the address belongs to the session. */
gboolean ibb_courier_is_for (IBBCourier *self, const char *from, const char *session);
/* FALSE: answer it with the refusal. */
gboolean
ibb_courier_receive (IBBCourier *self, const IBBElement *jingle, IBBJingleRefusal *refusal);

const char *ibb_courier_get_peer_jid (IBBCourier *self);
/* The payload of a question to the peer: whether it knows the session. */
char *ibb_courier_dup_ping (IBBCourier *self);
/* A peer's without a file; and a peer's that has not offered any yet. */
gboolean ibb_courier_is_empty (IBBCourier *self);
gboolean ibb_courier_is_unused (IBBCourier *self);

/* The sender. funcs are called until the file is released and delivered, or failed. Returns the
 * number; 0: the file cannot be described. */
guint32 ibb_courier_offer (IBBCourier            *self,
                           IBBMover              *mover,
                           IBBFilesMetadata      *metadata,
                           const IBBCourierFuncs *funcs,
                           gpointer               client);
/* The receiver. */
void
ibb_courier_add (IBBCourier *self, guint32 number, const IBBCourierFuncs *funcs, gpointer client);
void ibb_courier_accept (IBBCourier *self, guint32 number, IBBMover *mover);
/* The file is in its place. */
void ibb_courier_deliver (IBBCourier            *self,
                          guint32                number,
                          const IBBCourierFuncs *funcs,
                          gpointer               client);

/* The sender: the file is released with an error, unless the receiver decides already. FALSE: the
 * file is not with the receiver. */
gboolean ibb_courier_withdraw (IBBCourier *self, guint32 number, IBBReason reason);
/* Of a file: the client hears no more than its release. */
void ibb_courier_fail (IBBCourier *self, guint32 number, IBBReason reason, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBCourier, ibb_courier_unref)
