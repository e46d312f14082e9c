/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "files/ibb-files-transfer.h"
#include "files/move/folder-source.h"
#include "files/move/mover.h"
#include "files/protocol/jingle.h"
#include "files/session/courier.h"
#include "files/session/farewells.h"
#include "files/session/peer-watch.h"

#define IBB_FILES_RECEIVED_TIMEOUT 60 /* s for the receiver to check the file and to confirm */

/* What both ends say to each other about a transfer: in a bundle, by Jingle, or by stream
 * initiation. Some may end the transfer. */
typedef struct
{
  gboolean shares_session; /* with other transfers */
  /* The sender. */
  void (*offer) (IBBFilesTransfer *self);
  /* (nullable): fails the transfer, unless the receiver gets the file first. FALSE: there is no
   * session yet. */
  gboolean (*withdraw) (IBBFilesTransfer *self, const GError *error);
  /* (nullable): the peer has acknowledged the last byte. */
  void (*finish) (IBBFilesTransfer *self);
  /* The receiver: the place is open. */
  void (*accept) (IBBFilesTransfer *self);
  /* The receiver: the file is in its place. */
  void (*deliver) (IBBFilesTransfer *self);
  /* Why the transfer ends. text (nullable). */
  void (*tell) (IBBFilesTransfer *self, IBBReason reason, const char *text);
} IBBFilesProtocol;

struct _IBBFilesTransfer
{
  GObject parent_instance;

  GObject       *service;    /* (owned) (nullable): has the next three, until it is over */
  IBBService    *sessions;   /* (unowned) */
  GPtrArray     *transfers;  /* (unowned) (element-type IBBFilesTransfer): all that are not over */
  IBBFarewells  *farewells;  /* (unowned) */
  IBBConnection *connection; /* (owned) */
  IBBFilesDirection       direction;
  IBBFilesWay             way;
  const IBBFilesProtocol *protocol;  /* (nullable): before the offer */
  char                   *peer_jid;  /* (owned) */
  char                   *local_jid; /* (owned) (nullable): where it is not the connection's */
  IBBFilesMetadata       *metadata;  /* (owned) */
  IBBFilesState           state;
  GError                 *error; /* (owned) (nullable) */
  GError *failure; /* (owned) (nullable): becomes the error when nothing runs any more */
  GQueue  waits;   /* (element-type GTask) */

  IBBCourier *courier; /* (owned) (nullable): of the bundle, until it is over */
  guint32     number;  /* there */

  IBBJingle *jingle; /* (owned) (nullable) */
  char      *sid;    /* (owned): of the in-band session */
  char *request_id;  /* (owned) (nullable): of the stream initiation that waits for its answer */
  guint block_size;

  /* the sender */
  GStrv   left_out; /* (owned) (nullable): the first names of what is in the folder and not sent */
  guint   n_left_out;
  GError *withdrawal; /* (owned) (nullable): fails it, unless the receiver has the file first */

  GCancellable *cancellable; /* (owned): of all that runs */
  guint         n_running;   /* calls whose callbacks are to come */
  guint         timer;       /* (nullable): source id */
  IBBPeerWatch *watch;       /* (owned) (nullable): while nobody has decided about the offer */
  IBBTransport *transport;   /* (owned) (nullable) */
  IBBMover     *mover;   /* (owned) (nullable): of a receiver that has accepted, until it is over */
  guint64       n_moved; /* bytes at the other end, once it is over */
  guint64       n_resumed;   /* bytes of these that were there before */
  GFile        *file;        /* (owned) (nullable): received */
  gboolean      keeps_part;  /* a later transfer goes on with what is there */
  gboolean      is_in_place; /* the receiver: the file is, and cannot fail any more */
  gboolean      has_all;     /* the receiver: every byte is there, and not checked */
  gboolean      is_checking; /* the receiver: what the peer hears waits for the outcome */
  IBBStanza *late; /* (owned) (nullable): the end of the session that the peer has said meanwhile */
  gboolean   has_ended; /* the receiver: the peer's session is over */
  GError    *early; /* (owned) (nullable): the receiver: it was over too early, and may say why */

  guint ticker; /* source id: shows the progress */
};

/* sessions, transfers and farewells belong to service. */
IBBFilesTransfer *ibb_files_transfer_new (GObject          *service,
                                          IBBService       *sessions,
                                          GPtrArray        *transfers,
                                          IBBFarewells     *farewells,
                                          IBBFilesDirection direction,
                                          IBBFilesWay       way,
                                          const char       *peer_jid,
                                          IBBFilesMetadata *metadata);

/* Takes the task, which returns when the transfer is over. cancelled: gets the task. */
void
ibb_files_transfer_add_wait (IBBFilesTransfer *self, GTask *task, GCancellableSourceFunc cancelled);

/* The state, in ibb-files-transfer-state.c. */

gboolean ibb_files_transfer_is_over (IBBFilesTransfer *self);
/* Neither over nor about to fail. */
gboolean ibb_files_transfer_goes_on (IBBFilesTransfer *self);
/* The application has neither accepted nor refused. */
gboolean ibb_files_transfer_waits_for_decision (IBBFilesTransfer *self);
/* Takes the task. The transfer is over. */
void ibb_files_transfer_return (IBBFilesTransfer *self, GTask *task);
/* Notifies, as do the calls below that change the state: a handler may end the transfer, so the
 * caller does this last, or asks ibb_files_transfer_goes_on () afterwards. */
void ibb_files_transfer_set_state (IBBFilesTransfer *self, IBBFilesState state);
/* error: (transfer full). The first one counts. */
void ibb_files_transfer_fail (IBBFilesTransfer *self, GError *error);
/* error: (transfer full): that of the peer, perhaps as its answer to the offer. */
void ibb_files_transfer_fail_offer (IBBFilesTransfer *self, GError *error);
/* error: (transfer full). Fails it unless the receiver, which may have decided, has the file first.
 */
void ibb_files_transfer_withdraw (IBBFilesTransfer *self, GError *error);
void ibb_files_transfer_end (IBBFilesTransfer *self, IBBFilesState state);
/* The peer hears of the failure. */
void ibb_files_transfer_tell_failure (IBBFilesTransfer *self);
/* Balanced by the callback of a call that was begun. Returns FALSE if the transfer has failed
 * meanwhile, and the callback has nothing to do. */
void     ibb_files_transfer_begin_call (IBBFilesTransfer *self);
gboolean ibb_files_transfer_end_call (IBBFilesTransfer *self);
/* Begins to move the bytes. */
void ibb_files_transfer_move (IBBFilesTransfer *self, GAsyncReadyCallback callback);
/* The bytes move, in the transport: shows that. */
void ibb_files_transfer_begin_move (IBBFilesTransfer *self);
/* function is called once, in the service's context, unless another timer is set before. */
void ibb_files_transfer_set_timer (IBBFilesTransfer *self, guint seconds, GSourceFunc function);
/* The offer has left, or has come: until the state changes, the transfer fails if the connection is
 * lost or the peer goes. */
void ibb_files_transfer_watch_peer (IBBFilesTransfer *self);
/* id (nullable): a query has an id of its own. */
IBBStanza *ibb_files_transfer_new_iq (IBBFilesTransfer *self,
                                      const char       *type,
                                      const char       *id,
                                      const char       *payload);
void       ibb_files_transfer_send (IBBFilesTransfer *self,
                                    const char       *type,
                                    const char       *id,
                                    const char       *payload);
/* The current address of the peer: a resumed session may go on with another resource. */
char *ibb_files_transfer_dup_jid (IBBFilesTransfer *self);
/* The session with what both ends have agreed on. */
IBBSessionParams *ibb_files_transfer_dup_params (IBBFilesTransfer *self);

/* The sender, in ibb-files-transfer-send.c. */

/* Sends the offer. source: the bytes; file, etag (nullable): to see whether they change; folder:
 * (transfer full) (nullable): in the place of all these. */
void ibb_files_transfer_offer (IBBFilesTransfer *self,
                               GInputStream     *source,
                               GFile            *file,
                               const char       *etag,
                               IBBFolderSource  *folder);
/* The peer has accepted: opens an in-band session for this file alone. */
void ibb_files_transfer_open_session (IBBFilesTransfer *self);
/* The accept has no sense. */
void ibb_files_transfer_fail_misaccepted (IBBFilesTransfer *self);

/* The receiver, in ibb-files-transfer-receive.c. */

/* Waits for the in-band session of this file alone, which the sender opens after the accept. */
void ibb_files_transfer_expect_session (IBBFilesTransfer *self);
/* All bytes are here: checks them, and gives the file its name. */
void ibb_files_transfer_check (IBBFilesTransfer *self);
/* The same, once the sender has told everything about them. */
void ibb_files_transfer_check_when_known (IBBFilesTransfer *self);

/* The protocols, each in a file of its own. */

extern const IBBFilesProtocol ibb_files_transfer_in_bundle;
extern const IBBFilesProtocol ibb_files_transfer_by_jingle;
extern const IBBFilesProtocol ibb_files_transfer_by_initiation;
/* Attaches a received offer to its courier. */
void ibb_files_transfer_set_courier (IBBFilesTransfer *self, IBBCourier *courier, guint32 number);
/* After each request in the Jingle session. */
void ibb_files_transfer_heard (IBBFilesTransfer *self);
