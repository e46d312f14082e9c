/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A TLS session over a session of bytes, as the two halves of an encrypted stream share it. One
 * thread may read, and one write, at a time, and one may close beside them. */

#pragma once

#include "base/thread.h"
#include "ibb-transport.h"
#include "xmpp/trust/tls-session.h"

typedef struct
{
  IBBTransport  *transport; /* (owned): immutable after construction */
  IBBThread     *thread;    /* (owned): likewise */
  GMutex         lock;
  IBBTlsSession *tls;        /* (owned): protected by lock, as the next ones */
  gboolean       is_sending; /* a call that waits has taken the output */
  GSource       *pusher;     /* (owned) (nullable): sends the output in thread */
} IBBCipherPipe;

/* Takes tls. */
IBBCipherPipe *ibb_cipher_pipe_new (IBBTransport *transport, IBBTlsSession *tls, IBBThread *thread);
IBBCipherPipe *ibb_cipher_pipe_ref (IBBCipherPipe *self);
void           ibb_cipher_pipe_unref (gpointer self);

/* As those of the TLS session. */
const char *ibb_cipher_pipe_get_cipher (IBBCipherPipe *self);
GBytes     *ibb_cipher_pipe_dup_exporter (IBBCipherPipe *self);
GBytes     *ibb_cipher_pipe_dup_end_point (IBBCipherPipe *self);

/* May wait. Errors: those of a read of the session, and of %G_TLS_ERROR; a session that ends
 * without the end of TLS is %G_TLS_ERROR_EOF. Returns 0 at the end of TLS. */
gssize ibb_cipher_pipe_read (
    IBBCipherPipe *self, void *bytes, gsize n, GCancellable *cancellable, GError **error);
/* Does not wait: %G_IO_ERROR_WOULD_BLOCK. */
gssize   ibb_cipher_pipe_try_read (IBBCipherPipe *self, void *bytes, gsize n, GError **error);
gboolean ibb_cipher_pipe_is_readable (IBBCipherPipe *self);
/* Whether that is so without further bytes of the session. */
gboolean ibb_cipher_pipe_has_input (IBBCipherPipe *self);

/* Bytes that were encrypted count as written: they leave with a later call, or by themselves. */
gssize ibb_cipher_pipe_write (
    IBBCipherPipe *self, const void *bytes, gsize n, GCancellable *cancellable, GError **error);
gssize ibb_cipher_pipe_try_write (IBBCipherPipe *self, const void *bytes, gsize n, GError **error);
/* Sends the end of TLS, unless that was done: it is a part of what ibb_cipher_pipe_push () sends.
 */
gboolean ibb_cipher_pipe_shut (IBBCipherPipe *self, GError **error);
/* Sends what was encrypted. */
gboolean ibb_cipher_pipe_push (IBBCipherPipe *self, GCancellable *cancellable, GError **error);
/* task: (transfer full): returns TRUE when the output has been sent and the session is flushed. */
void ibb_cipher_pipe_push_async (IBBCipherPipe *self, GTask *task);
