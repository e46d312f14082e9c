/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The encryption of one session: TLS (tls-session.h), and within TLS the agreement of the two ends
 * to trust each other (decision.h), before the bytes of the application. A state without streams,
 * threads and clocks: bytes of the peer go in by ibb_tls_session_receive (), bytes for the peer lie
 * in the output of the TLS session, and each time is given, in microseconds.
 *
 * The caller feeds bytes of the peer only while ibb_session_encryption_wants_input () says so, and
 * calls ibb_session_encryption_proceed () after each thing that has happened, and at the time that
 * this call has named. So at most what the caller feeds at once lies in memory, beside one record.
 */

#pragma once

#include "xmpp/trust/decision.h"
#include "xmpp/trust/tls-session.h"

typedef enum
{
  IBB_SESSION_ENCRYPTION_HANDSHAKE, /* of TLS */
  IBB_SESSION_ENCRYPTION_AGREEMENT, /* the decision lives */
  IBB_SESSION_ENCRYPTION_DONE,      /* each end trusts the other: bytes of the application pass */
  IBB_SESSION_ENCRYPTION_FAILED,
} IBBSessionEncryptionStage;

/* Why an encryption has failed. */
typedef enum
{
  IBB_SESSION_ENCRYPTION_FAILURE_NONE,
  IBB_SESSION_ENCRYPTION_FAILURE_TLS,       /* ibb_tls_session_dup_error () says why */
  IBB_SESSION_ENCRYPTION_FAILURE_ENDED,     /* the peer has ended the session */
  IBB_SESSION_ENCRYPTION_FAILURE_PEER_LATE, /* the peer has not said in time what it had to */
  IBB_SESSION_ENCRYPTION_FAILURE_TURN_LATE, /* no turn came in time */
  IBB_SESSION_ENCRYPTION_FAILURE_BUSY,     /* too many sessions with the peer wait for their turn */
  IBB_SESSION_ENCRYPTION_FAILURE_DECLINED, /* this end does not trust the peer */
  IBB_SESSION_ENCRYPTION_FAILURE_REFUSED,  /* the peer does not trust this end */
  IBB_SESSION_ENCRYPTION_FAILURE_CHEATED,  /* the peer sent another number than it had promised */
  IBB_SESSION_ENCRYPTION_FAILURE_BROKEN, /* the peer broke the rules of the exchange in another way
                                          */
} IBBSessionEncryptionFailure;

typedef struct
{
  IBBSessionEncryptionStage   stage;
  IBBSessionEncryptionFailure failure;
  IBBTlsSession              *tls;      /* (owned) */
  IBBDecision                 decision; /* from IBB_SESSION_ENCRYPTION_AGREEMENT on */
  gint64                      until;    /* after IBB_STEP_WAIT: when to proceed at the latest */

  /* private */
  gboolean as_server;
  gboolean has_decision;
  gboolean has_begun; /* the first byte of the handshake has come, or left */
  char    *own;
  char    *peer;
  guint8   number[IBB_EXCHANGE_NUMBER_LENGTH];
  gint64   deadline; /* of the handshake */
} IBBSessionEncryption;

/* own, peer, number: as for ibb_exchange_init (). */
void ibb_session_encryption_init (IBBSessionEncryption *self,
                                  IBBTlsCredentials    *credentials,
                                  gboolean              as_server,
                                  const char           *own,
                                  const char           *peer,
                                  const guint8         *number,
                                  gint64                now);
/* After ibb_session_encryption_end (). */
void ibb_session_encryption_clear (IBBSessionEncryption *self);

/* Whether the encryption would read further bytes of the peer. While a person is asked, none are
 * wanted. */
gboolean ibb_session_encryption_wants_input (const IBBSessionEncryption *self);

/* The next step, as that of ibb_decision_proceed (), after which the caller looks at the stage.
 * After IBB_STEP_WAIT nothing is to be done before until, or before something happens. */
IBBStep ibb_session_encryption_proceed (IBBSessionEncryption *self, IBBTurns *turns, gint64 now);

/* The encryption is over, done or failed, or is given up: its turn ends. Returns as
 * ibb_decision_end (). Later calls return FALSE. */
gboolean ibb_session_encryption_end (IBBSessionEncryption *self,
                                     IBBTurns             *turns,
                                     gint64                now,
                                     IBBPause             *pause);
