/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The core's plain record of a stanza that matters to it; IBBStanza is its
 * boxed face. XML is read and written outside (stanza/). A record is filled in by the
 * function that makes it, and is immutable from the moment it is shared.
 *
 * libibb-xmpp 1.0.0 makes such records, too, and nothing stops a loader from joining it with this
 * library: the fields stay where they are, and no new one is added (tests/frozen/1.0/records.c).
 */

#pragma once

#include <glib.h>

#include "core/base/base64.h"
#include "core/base/condition.h"

#define IBB_NAMESPACE "http://jabber.org/protocol/ibb"     /* of XEP-0047 (N-01) */
#define IBB_FEATURE_NAMESPACE "urn:ibb-glib:1"             /* our feature, and what it adds */
#define IBB_AMP_NAMESPACE "http://jabber.org/protocol/amp" /* XEP-0079 */

/* The element name of the stanza. */
typedef enum
{
  IBB_STANZA_IQ,
  IBB_STANZA_MESSAGE,
  IBB_STANZA_PRESENCE,
} IBBStanzaName;

/* The payload, as far as the core distinguishes it. A stanza of type error has IBB_PAYLOAD_ERROR
 * whatever it echoes (D-36). */
typedef enum
{
  IBB_PAYLOAD_OTHER,       /* not for the core */
  IBB_PAYLOAD_OPEN,        /* <open xmlns=ibb/> */
  IBB_PAYLOAD_DATA,        /* <data xmlns=ibb/> */
  IBB_PAYLOAD_CLOSE,       /* <close xmlns=ibb/> */
  IBB_PAYLOAD_UNKNOWN,     /* another element in the IBB namespace (D-10) */
  IBB_PAYLOAD_RESULT,      /* an IQ result, whatever it holds beside disco#info */
  IBB_PAYLOAD_ERROR,       /* type error */
  IBB_PAYLOAD_DISCO_QUERY, /* disco#info query */
  IBB_PAYLOAD_DISCO_INFO,  /* an IQ result with disco#info: features, identities */
  IBB_PAYLOAD_PING,        /* XEP-0199 */
  IBB_PAYLOAD_RESUME,      /* <resume xmlns=our feature/> (D-58) */
  IBB_PAYLOAD_VERSION,     /* query of XEP-0092 */
} IBBPayload;

/* Longest sid that is accepted from a peer, in bytes (D-13). */
#define IBB_SID_MAX_LENGTH 256
/* Longest id of a request that is dealt with, in bytes (D-47). */
#define IBB_ID_MAX_LENGTH 1024
#define IBB_BLOCK_SIZE_MAX 65535
/* Hexadecimal digits of the secret of a session, and of a proof that it is known (D-58). */
#define IBB_SECRET_LENGTH 32
#define IBB_PROOF_LENGTH 64
/* A session whose stanzas cannot hold so much data is not opened (D-16). */
#define IBB_SENDING_SIZE_MIN 256

typedef struct _IBBStanza IBBStanza;

struct _IBBStanza
{
  gatomicrefcount ref_count; /* shared by the worker and the application's threads */
  IBBStanza    *original; /* (owned) (nullable): a copy has its texts and bytes in common with it */
  IBBStanzaName name;
  IBBPayload    payload;
  char *kind; /* (nullable): the type attribute as it stands; absent on a message = normal */
  char *id;   /* (nullable) */
  char *from; /* (nullable) */
  char *to;   /* (nullable) */

  /* open, data, close. A value that is absent or that breaks its lexical
   * rules leaves its "valid" flag FALSE; sid is kept as it came. */
  char    *sid;              /* (nullable) */
  gboolean block_size_valid; /* open: 1 to 65535 (D-12) */
  guint    block_size;
  gboolean by_message_valid; /* open: "stanza" is absent, iq or message (N-05) */
  gboolean by_message;       /* the blocks are to be messages, else IQs */
  gboolean seq_valid;        /* data: 0 to 65535 (D-11) */
  guint16  seq;
  gboolean unclean;      /* close, resume: the mark of D-49 */
  gboolean reads;        /* close: the mark of D-39 */
  gboolean gives_reason; /* close: condition and text say why (D-49) */
  char    *asked;        /* (nullable): close: the sid of the session that is asked about (D-27) */
  char    *secret;       /* (nullable): open: 32 hexadecimal digits (D-58) */
  guint    long_block_size; /* open: also offered; its result: taken; or 0 (D-14) */

  /* data */
  GBytes         *bytes; /* (nullable): the decoded block; NULL unless base64 is EXACT or LENIENT */
  IBBBase64Status base64;      /* the verdict of the decoder */
  gsize           text_length; /* bytes of text, before decoding (D-17) */
  gboolean        has_child;   /* also of other IQs: an element too many (N-44, RFC 6120 §8.2.3) */
  gboolean        has_rules;   /* of a message: rules of XEP-0079 are written (N-31) */
  gboolean        asks_room;   /* of an IQ: the mark of D-52 */
  gboolean        fills;       /* of an IQ: spaces may follow it (D-64) */

  /* ping: no spaces follow, so that its answer tells that the server has read everything (D-64) */
  gboolean ends_read;

  /* result of a block: the element of D-52. The numbers count only where it is there. */
  gboolean tells_room;
  guint32  room;  /* bytes that the reader takes after the block */
  guint32  delay; /* microseconds for which the acknowledgement was delayed */

  /* result of an open: the peer has kept the secret (D-58) */
  gboolean is_resumable;

  /* resume, and its result (D-58). What breaks the lexical rules leaves has_position FALSE. */
  gboolean has_position;
  gboolean has_ended;    /* the session of the sender has ended in order */
  guint32  count;        /* resume: one more with each */
  guint64  received;     /* bytes that have arrived there ... */
  guint64  acknowledged; /* ... and of these, that were acknowledged */
  char    *proof;        /* (nullable): 64 hexadecimal digits */

  /* error; an unclean close with a reason, except for the type */
  IBBCondition condition;
  IBBErrorType error_type;
  char        *text; /* (nullable): the human-readable text, shortened */

  char *node; /* (nullable): of a disco#info query, and of the answer to it */

  /* disco#info result: what matters of it */
  char **features;   /* (nullable) (array zero-terminated=1) */
  char **identities; /* (nullable) (array zero-terminated=1): each "category/type/name" */

  /* A stanza that the fields above do not express (payload OTHER, or an
   * answer with more in it) keeps its serialised form: what follows the
   * attributes type, id, from and to in its start tag, and the content; not the
   * end tag. So those attributes can be changed in a copy. */
  GBytes *xml; /* (nullable) */
};

IBBStanza *ibb_stanza_record_new (
    IBBStanzaName name, const char *kind, IBBPayload payload, const char *id, const char *to);
/* The answers to an IQ: to where it came from, from where it went to. An error
 * answers a message too (D-36). */
IBBStanza *ibb_stanza_record_new_result (const IBBStanza *request);
IBBStanza *ibb_stanza_record_new_error (const IBBStanza *request,
                                        IBBCondition     condition,
                                        IBBErrorType     type,
                                        const char      *text);
/* An error of the default type. NULL: request is none, and gets no answer (RFC 6120 §8.3.1). */
IBBStanza *ibb_stanza_record_new_refusal (const IBBStanza *request, IBBCondition condition);
/* The refusal of a request that nobody takes. */
IBBStanza *ibb_stanza_record_new_unknown (const IBBStanza *request);
/* A copy to be changed: a text of it is replaced, and not freed. self does not change any more. */
IBBStanza *ibb_stanza_record_copy (IBBStanza *self);
/* Copies a stanza with another name, kind, payload and id. kind, id: (nullable), copied. */
IBBStanza *ibb_stanza_record_new_like (
    IBBStanza *self, IBBStanzaName name, const char *kind, IBBPayload payload, const char *id);
IBBStanza *ibb_stanza_record_ref (IBBStanza *self);
void       ibb_stanza_record_unref (IBBStanza *self);
/* kind: (nullable). For the maker of the stanza; kind is not freed with g_free (). */
void     ibb_stanza_record_set_kind (IBBStanza *self, const char *kind);
gboolean ibb_stanza_record_is_kind (const IBBStanza *self, const char *kind);
/* The memory that it takes, about. */
gsize    ibb_stanza_record_get_size (const IBBStanza *self);
gboolean ibb_stanza_record_has_long_id (const IBBStanza *self);

/* The lexical rules of the attributes, for readers of XML. text may be
 * NULL, which is not valid (but a NULL stanza type is IQ). */

/* Whether text is a number of at most max in the lexical space of the unsigned types of XML Schema,
 * after white space is collapsed: digits, leading zeros included, and no sign (D-11, D-12). value:
 * set for TRUE only. */
gboolean ibb_stanza_parse_number (const char *text, guint64 max, guint64 *value);
/* Whether text has so many hexadecimal digits. Both ends compute with the digits as they are
 * written, so only one form is right. */
gboolean ibb_stanza_is_hex (const char *text, gsize length);
gboolean ibb_stanza_parse_type (const char *text, gboolean *by_message);
gboolean ibb_stanza_is_valid_sid (const char *sid);
