/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files and folders that one end sends to another in one stream: a state machine without objects,
 * streams and clocks. Bytes of the peer go in, and events come out; what this end says lies in a
 * queue of bytes. doc/protocol.md has the frames.
 *
 * The sender ends its half of a file with its hash, or fails it; the receiver delivers or fails it.
 * The bundle forgets a file whose halves have both ended. An entry of an accepted folder is a file
 * that needs no decision of a person; who fails the folder fails its entries. */

#pragma once

#include "files/ibb-files-metadata.h"
#include "files/protocol/reason.h"

#define IBB_BUNDLE_NAMESPACE "urn:ibb-glib:files:1"         /* the stream is encrypted */
#define IBB_BUNDLE_PLAIN_NAMESPACE "urn:ibb-glib:folders:1" /* it is not */

#define IBB_BUNDLE_BLOCK_SIZE 4096             /* bytes: the stream has a multiple of these */
#define IBB_BUNDLE_DATA_MAX (16 * 4096 - 8)    /* bytes of a file in one frame */
#define IBB_BUNDLE_DESCRIPTION_MAX 16384       /* bytes of the description of a file */
#define IBB_BUNDLE_OPEN_MAX 1024               /* files that have not ended */
#define IBB_BUNDLE_OPEN_BYTES_MAX (256 * 1024) /* of their descriptions */
#define IBB_BUNDLE_HASH_LENGTH 32              /* bytes: SHA-256; of a folder, zeros */
#define IBB_BUNDLE_FIRST_ENTRY 0x80000001U     /* number of the first entry; files are below */

typedef enum
{
  IBB_BUNDLE_NOTHING, /* more bytes of the peer are needed */
  IBB_BUNDLE_OFFERED, /* to the receiver */
  IBB_BUNDLE_ACCEPTED,
  IBB_BUNDLE_DATA,
  IBB_BUNDLE_ENDED, /* the sender has sent all */
  IBB_BUNDLE_DELIVERED,
  IBB_BUNDLE_FAILED, /* by the peer; of a file that is not accepted yet, by the receiver: refused */
  IBB_BUNDLE_BROKEN, /* the peer broke the rules, once and for all: see the mistake */
} IBBBundleEventType;

/* Valid until bytes are pushed, or the next event is taken. */
typedef struct
{
  IBBBundleEventType type;
  guint32            number; /* of the file */
  guint32            folder; /* number of its folder, if the file is an entry of one; otherwise 0 */
  IBBFilesMetadata  *metadata;
  guint64            offset; /* where the file is to begin */
  const guint8      *data;   /* also the hash of an end, IBB_BUNDLE_HASH_LENGTH */
  gsize              length;
  const char        *reason;      /* the word of the peer */
  const char        *text;        /* (nullable) */
  gboolean           is_accepted; /* the failed file was */
} IBBBundleEvent;

typedef struct
{
  gboolean    is_sender;
  const char *mistake; /* (nullable): of the peer; static */

  /* private */
  gboolean          is_announced; /* the first file, whose offer has not come yet */
  GHashTable       *files;        /* (element-type guint32 IBBBundleFile): neither half forgotten */
  gsize             n_open_bytes; /* of their descriptions */
  guint32           last;         /* number of the newest file */
  guint32           last_entry;   /* number of the newest entry of a folder */
  guint32           turn;         /* number of the file whose bytes have begun; 0: none */
  GByteArray       *input;        /* not taken yet */
  gsize             n_taken;      /* bytes of the input */
  GByteArray       *output;       /* not padded */
  IBBFilesMetadata *metadata;     /* (nullable): of the last event */
  char             *reason;       /* (nullable): of the last event */
} IBBBundle;

IBBBundle *ibb_bundle_new (gboolean is_sender);
void       ibb_bundle_free (IBBBundle *self);

void ibb_bundle_push (IBBBundle *self, const void *bytes, gsize length);
/* Take all events before more is pushed: the bundle keeps one frame at most then. Returns FALSE for
 * IBB_BUNDLE_NOTHING. */
gboolean ibb_bundle_next (IBBBundle *self, IBBBundleEvent *event);
/* The receiver knows the first file before its offer, which is read for nothing then. */
void ibb_bundle_announce (IBBBundle *self, IBBFilesMetadata *metadata);
/* Whether our half of the file has not ended. */
gboolean ibb_bundle_is_open (const IBBBundle *self, guint32 number);
/* Whether a description of the file fits into an offer. */
gboolean ibb_bundle_can_describe (IBBFilesMetadata *metadata);
/* Whether the stream may end here: no file is open, and no frame has begun. */
gboolean ibb_bundle_is_idle (const IBBBundle *self);

/* NULL: nothing to say. is_padded: with padding up to a whole block, as those who see the length of
 * an encrypted stream shall not learn more. */
GBytes *ibb_bundle_take_output (IBBBundle *self, gboolean is_padded);
/* A block that says nothing: the peer acknowledges it as long as it is there. */
void  ibb_bundle_pad (IBBBundle *self);
gsize ibb_bundle_get_n_output (const IBBBundle *self);

/* The sender: whether one more file may be offered. */
gboolean ibb_bundle_has_room (const IBBBundle *self);
/* Returns the number; 0: the file cannot be described. */
guint32 ibb_bundle_offer (IBBBundle *self, IBBFilesMetadata *metadata);
/* Offers an entry of an accepted folder, whose name is a path in the folder. Returns as above. */
guint32 ibb_bundle_offer_entry (IBBBundle *self, guint32 folder, IBBFilesMetadata *metadata);
/* Whether bytes of the file may be sent: it is accepted, and no other one has begun. */
gboolean ibb_bundle_can_send (const IBBBundle *self, guint32 number);
/* length: 1 to IBB_BUNDLE_DATA_MAX. */
void ibb_bundle_send (IBBBundle *self, guint32 number, const void *bytes, gsize length);
/* hash: IBB_BUNDLE_HASH_LENGTH. All bytes were sent; all entries of a folder have ended. */
void ibb_bundle_end (IBBBundle *self, guint32 number, const guint8 *hash);

/* The receiver. */
void ibb_bundle_accept (IBBBundle *self, guint32 number, guint64 offset);
/* After the end. */
void ibb_bundle_deliver (IBBBundle *self, guint32 number);

/* Ends our half of a file: of the receiver a refusal, if it has not accepted. text
 * (nullable). Nothing if it has ended. */
void ibb_bundle_fail (IBBBundle *self, guint32 number, IBBReason reason, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBBundle, ibb_bundle_free)
