/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One Jingle session (XEP-0166) that moves one file (XEP-0234) by an in-band bytestream (XEP-0261):
 * a state machine without objects, clocks and connections. The other files of this folder read its
 * fields. After each call the stanzas to send lie in requests. */

#pragma once

#include "files/ibb-files-metadata.h"
#include "files/protocol/reason.h"

#define IBB_JINGLE_NAMESPACE "urn:xmpp:jingle:1"
#define IBB_JINGLE_TRANSPORT_NAMESPACE "urn:xmpp:jingle:transports:ibb:1"

typedef enum
{
  IBB_JINGLE_OFFERED,
  IBB_JINGLE_ACCEPTED,
  IBB_JINGLE_ENDED,
} IBBJingleState;

typedef struct
{
  gboolean       is_initiator;
  gboolean       is_bundle;  /* files are offered in the bytestream */
  gboolean       is_private; /* encrypted */
  IBBJingleState state;

  char *sid;           /* (owned) */
  char *local_jid;     /* (owned) (nullable) */
  char *creator;       /* (owned): of the content */
  char *content;       /* (owned): its name */
  char *transport_sid; /* (owned) */
  guint block_size;    /* the agreed one is the smaller of both ends' */

  IBBFilesMetadata *metadata; /* (owned) (nullable): of the file; of a bundle, of its first one */
  gboolean          takes_range; /* the sender can begin in the middle */
  gboolean          lacks_size;  /* of the offer, and no hash says that the file is empty */
  const char       *promised;    /* (nullable): by which function a checksum comes after the file */
  guint64           offset;      /* where the receiver wants the file to begin */
  gboolean          has_checksum; /* the promised one has come */
  IBBFilesMetadata *range; /* (owned) (nullable): with the hashes of the bytes from offset on */
  gboolean          is_received;    /* the receiver has said that the file is whole */
  guint             n_replaces;     /* of the transport, which the peer wanted */
  char             *reason;         /* (owned) (nullable): why the peer has ended the session */
  char             *reason_text;    /* (owned) (nullable): the peer's words beside it */
  gboolean          is_misaccepted; /* the receiver has accepted what was not offered */

  GQueue requests; /* (element-type utf8): payloads of IQs of type set, to be sent in this order */
} IBBJingle;

/* Why a request is answered with an error. The texts are static. */
typedef struct
{
  const char *type;      /* RFC 6120 §8.3.2 */
  const char *condition; /* RFC 6120 §8.3.3 */
  const char *jingle;    /* (nullable): XEP-0166 §10 */
} IBBJingleRefusal;

/* The sender: offers. All texts are copied. bundle (nullable): its namespace; metadata: NULL for a
 * private one. */
IBBJingle *ibb_jingle_new_offer (const char       *local_jid,
                                 const char       *sid,
                                 const char       *transport_sid,
                                 guint             block_size,
                                 IBBFilesMetadata *metadata,
                                 gboolean          takes_range,
                                 const char       *bundle);
/* Whether a session-initiate offers files. */
gboolean ibb_jingle_is_offer (const IBBElement *jingle);
/* The receiver of a session-initiate. NULL: answer it with the refusal. A session that it cannot
 * take is ENDED from the start, and says why in its requests. */
IBBJingle *ibb_jingle_new_from_offer (const IBBElement *jingle,
                                      const char       *local_jid,
                                      IBBJingleRefusal *refusal);
void       ibb_jingle_free (IBBJingle *self);

/* A further request of the peer's; FALSE: answer it with the refusal. An accept that cannot be
 * taken ends the session. */
gboolean ibb_jingle_receive (IBBJingle *self, const IBBElement *jingle, IBBJingleRefusal *refusal);
/* The session is over without another word: the offer has been answered with an error, or the
 * peer has agreed to the end that this side had said. */
void ibb_jingle_refused (IBBJingle *self);
/* The session goes on although one side has said its end: the receiver, who is checking the file,
 * decides whether the end came too late. */
void ibb_jingle_reopen (IBBJingle *self);

/* A request that the peer answers with a result as long as it knows the session. */
char *ibb_jingle_dup_ping (IBBJingle *self);

void ibb_jingle_accept (IBBJingle *self, guint block_size, guint64 offset);
void ibb_jingle_send_checksum (IBBJingle *self, const char *algorithm, const char *hash);
void ibb_jingle_send_received (IBBJingle *self);
/* text (nullable). Nothing if the session is over. */
void ibb_jingle_terminate (IBBJingle *self, IBBReason reason, const char *text);

/* An IQ with the payload, also of stream initiation; NULL: the payload is no XML. from, id
 * (nullable). */
IBBStanza *ibb_jingle_new_iq (
    const char *type, const char *to, const char *from, const char *id, const char *payload);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBJingle, ibb_jingle_free)
