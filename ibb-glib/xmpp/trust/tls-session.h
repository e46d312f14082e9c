/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One end of TLS 1.3 (RFC 8446) between buffers. GnuTLS makes and reads the records. A state
 * without streams, threads and clocks: bytes of the peer go in, and bytes for the peer lie in the
 * output. Nothing waits.
 */

#pragma once

#include "xmpp/trust/tls-credentials.h"

/* Bytes of the application in one record, at most (RFC 8446 §5.1). */
#define IBB_TLS_RECORD_MAX 16384
/* Bytes that a record adds to those of the application, at most: the header, the type and the
 * authentication of each cipher that RFC 8446 §B.4 names. */
#define IBB_TLS_RECORD_OVERHEAD (5 + 1 + 16)

typedef struct _IBBTlsSession IBBTlsSession;

typedef enum
{
  IBB_TLS_DONE,
  IBB_TLS_WAIT,   /* until the peer has sent more */
  IBB_TLS_ENDED,  /* the peer has ended its direction, by close_notify */
  IBB_TLS_FAILED, /* ibb_tls_session_dup_error () says why */
} IBBTlsResult;

IBBTlsSession *ibb_tls_session_new (IBBTlsCredentials *credentials, gboolean as_server);
void           ibb_tls_session_free (IBBTlsSession *self);

/* Bytes of the peer, as they came. Kept until a call below reads them. */
void ibb_tls_session_receive (IBBTlsSession *self, const guint8 *bytes, gsize n);
/* No bytes will follow. Not a good end: close_notify is. */
void ibb_tls_session_receive_end (IBBTlsSession *self);
/* How many bytes of the peer the last call below was short of, 0 if none. More would be kept, and
 * bytes behind the end of TLS belong to nobody here. */
gsize ibb_tls_session_get_wanted (const IBBTlsSession *self);
/* Whether bytes of the peer lie here that were not read. */
gboolean ibb_tls_session_has_input (const IBBTlsSession *self);
/* Whether ibb_tls_session_read () would not wait, as far as that can be known without a read. */
gboolean ibb_tls_session_is_readable (const IBBTlsSession *self);
/* (transfer none): for the peer. The caller sends and empties it. */
GByteArray *ibb_tls_session_get_output (IBBTlsSession *self);

/* Begins or goes on with the handshake. It is done with TLS 1.3 and a certificate of the peer only.
 * Nobody has judged the certificate. */
IBBTlsResult ibb_tls_session_handshake (IBBTlsSession *self);

/* After the handshake. */

/* (transfer none): the certificate of the peer, as DER. */
GBytes *ibb_tls_session_get_peer_certificate (IBBTlsSession *self);
/* (transfer none): the name of the cipher. */
const char *ibb_tls_session_get_cipher (IBBTlsSession *self);
/* (transfer full): the channel binding tls-exporter (RFC 9266). */
GBytes *ibb_tls_session_dup_exporter (IBBTlsSession *self);
/* (transfer full) (nullable): the channel binding tls-server-end-point (RFC 5929 §4). */
GBytes *ibb_tls_session_dup_end_point (IBBTlsSession *self);
/* n_read: how many bytes were read; 0 unless the result is IBB_TLS_DONE. n: not 0. */
IBBTlsResult ibb_tls_session_read (IBBTlsSession *self, guint8 *bytes, gsize n, gsize *n_read);
/* All of the bytes go into the output, with at most IBB_TLS_RECORD_OVERHEAD bytes more for each
 * record, and a KeyUpdate. Not after ibb_tls_session_shut (). */
IBBTlsResult ibb_tls_session_write (IBBTlsSession *self, const guint8 *bytes, gsize n);
gboolean     ibb_tls_session_is_shut (const IBBTlsSession *self);
/* Ends the direction of this end, by close_notify. Later calls do nothing. */
IBBTlsResult ibb_tls_session_shut (IBBTlsSession *self);

/* (transfer full): after IBB_TLS_FAILED. Errors: those of %G_TLS_ERROR. */
GError *ibb_tls_session_dup_error (const IBBTlsSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBTlsSession, ibb_tls_session_free)
