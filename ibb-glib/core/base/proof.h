/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The proof that an end of a session knows its secret (D-58). It covers who says it and
 * what is said, so that it is worth nothing anywhere else: in another session, in the
 * other direction, in an answer, or a second time.
 */

#pragma once

#include <glib.h>

typedef enum
{
  IBB_PROOF_RESUME,  /* of <resume/> */
  IBB_PROOF_RESUMED, /* of <resumed/> */
  IBB_PROOF_ENDED,   /* of <resumed ended='true'/> and <resume ended='true'/> */
  IBB_PROOF_UNCLEAN, /* of <resume unclean='true'/> */
} IBBProofKind;

typedef struct
{
  IBBProofKind kind;
  gboolean     by_initiator; /* the end that opened the session says it */
  const char  *sid;
  guint32      count;        /* of the <resume/>, or of the one that is answered */
  guint64      received;     /* bytes of the other end that this end has received, ... */
  guint64      acknowledged; /* ... and of these, that it has acknowledged */
} IBBStatement;

/* 64 hexadecimal digits. */
char    *ibb_proof_create (const char *secret, const IBBStatement *statement);
gboolean ibb_proof_matches (const char         *proof, /* (nullable) */
                            const char         *secret,
                            const IBBStatement *statement);
