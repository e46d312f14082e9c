/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without config.h, by which time_t may be wider than that of GnuTLS. */

#include "xmpp/trust/tls-session.h"

#include <errno.h>
#include <string.h>

#include <gnutls/gnutls.h>

#include "base/intl.h"

/* Only TLS 1.3; all else is for the priorities of the system to say. */
#define VERSIONS "-VERS-ALL:+VERS-TLS1.3"
/* Bytes of a message of the handshake, at most: a chain of certificates fits. */
#define MESSAGE_MAX 65536
/* Bytes of the peer in a row without a byte of the application, at most: a handshake, new keys,
 * tickets, and records without bytes. A peer may send these without end. */
#define WITHOUT_DATA_MAX 262144
/* RFC 9266 §2 */
#define EXPORTER_LABEL "EXPORTER-Channel-Binding"
#define EXPORTER_LENGTH 32

struct _IBBTlsSession
{
  IBBTlsCredentials *credentials; /* (owned) */
  gnutls_session_t   tls;         /* (owned) */
  GByteArray        *input;
  gsize              n_pulled;       /* of the input */
  gsize              n_wanted;       /* see ibb_tls_session_get_wanted () */
  gsize              n_without_data; /* bytes since the last one of the application */
  gboolean           has_ended;      /* the input is whole */
  GByteArray        *output;
  GBytes            *peer_certificate; /* (owned) (nullable) */
  gboolean           is_agreed;        /* the handshake is done */
  gboolean           is_over;          /* the peer has ended its direction */
  gboolean           is_shut;
  int                failure; /* a code of GnuTLS, or 0 */
};

/* Buffers. */

static ssize_t
pull (gnutls_transport_ptr_t data, void *bytes, size_t n)
{
  IBBTlsSession *self = data;
  gsize          left = self->input->len - self->n_pulled;

  self->n_wanted = left == 0 ? n : 0;
  if (left == 0 && !self->has_ended)
    {
      gnutls_transport_set_errno (self->tls, EAGAIN);
      return -1;
    }
  n = MIN (n, left);
  if (n > 0)
    memcpy (bytes, self->input->data + self->n_pulled, n);
  self->n_pulled += n;
  self->n_without_data += n;
  if (self->n_pulled == self->input->len)
    {
      g_byte_array_set_size (self->input, 0);
      self->n_pulled = 0;
    }
  return (ssize_t) n;
}

static int
pull_timeout (gnutls_transport_ptr_t data, unsigned int milliseconds)
{
  const IBBTlsSession *self = data;

  return self->input->len > self->n_pulled || self->has_ended ? 1 : 0;
}

static ssize_t
push (gnutls_transport_ptr_t data, const void *bytes, size_t n)
{
  IBBTlsSession *self = data;

  g_byte_array_append (self->output, bytes, (guint) n);
  return (ssize_t) n;
}

/* Without memory, or with priorities of the system that have no TLS 1.3, the handshake fails. */
static int
begin (IBBTlsSession *self, gboolean as_server)
{
  unsigned int flags = as_server ? GNUTLS_SERVER | GNUTLS_NO_TICKETS : GNUTLS_CLIENT;
  int          code = gnutls_init (&self->tls, flags | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

  if (code < 0 || (code = gnutls_set_default_priority_append (self->tls, VERSIONS, NULL, 0)) < 0 ||
      (code = gnutls_credentials_set (self->tls, GNUTLS_CRD_CERTIFICATE,
                                      self->credentials->credentials)) < 0)
    return code;
  gnutls_handshake_set_max_packet_length (self->tls, MESSAGE_MAX);
  gnutls_handshake_set_timeout (self->tls, GNUTLS_INDEFINITE_TIMEOUT);
  if (as_server)
    gnutls_certificate_server_set_request (self->tls, GNUTLS_CERT_REQUIRE);
  gnutls_transport_set_ptr (self->tls, self);
  gnutls_transport_set_pull_function (self->tls, pull);
  gnutls_transport_set_pull_timeout_function (self->tls, pull_timeout);
  gnutls_transport_set_push_function (self->tls, push);
  return 0;
}

IBBTlsSession *
ibb_tls_session_new (IBBTlsCredentials *credentials, gboolean as_server)
{
  IBBTlsSession *self = g_new0 (IBBTlsSession, 1);
  int            code;

  self->credentials = ibb_tls_credentials_ref (credentials);
  self->input = g_byte_array_new ();
  self->output = g_byte_array_new ();
  code = begin (self, as_server);
  self->failure = MIN (code, 0);
  return self;
}

void
ibb_tls_session_free (IBBTlsSession *self)
{
  if (self->tls != NULL)
    gnutls_deinit (self->tls);
  g_byte_array_unref (self->input);
  g_byte_array_unref (self->output);
  g_clear_pointer (&self->peer_certificate, g_bytes_unref);
  ibb_tls_credentials_unref (self->credentials);
  g_free (self);
}

void
ibb_tls_session_receive (IBBTlsSession *self, const guint8 *bytes, gsize n)
{
  g_byte_array_append (self->input, bytes, (guint) n);
}

void
ibb_tls_session_receive_end (IBBTlsSession *self)
{
  self->has_ended = TRUE;
}

gsize
ibb_tls_session_get_wanted (const IBBTlsSession *self)
{
  return self->n_wanted;
}

gboolean
ibb_tls_session_has_input (const IBBTlsSession *self)
{
  return self->input->len > self->n_pulled;
}

gboolean
ibb_tls_session_is_readable (const IBBTlsSession *self)
{
  return self->failure != 0 || self->is_over || self->has_ended ||
         ibb_tls_session_has_input (self) || gnutls_record_check_pending (self->tls) > 0;
}

GByteArray *
ibb_tls_session_get_output (IBBTlsSession *self)
{
  return self->output;
}

/* Results. */

/* The peer learns the reason by an alert (RFC 8446 §6.2). */
static IBBTlsResult
fail (IBBTlsSession *self, int code)
{
  if (self->failure == 0 && code != GNUTLS_E_FATAL_ALERT_RECEIVED && !self->is_shut)
    gnutls_alert_send_appropriate (self->tls, code);
  if (self->failure == 0)
    self->failure = code;
  return IBB_TLS_FAILED;
}

/* Whether the call is to be made again: after an alert that is none of an error, or a record
 * without bytes of the application, for which GnuTLS does not ask for the next one. */
static gboolean
is_to_go_on (IBBTlsSession *self, int code)
{
  return code == GNUTLS_E_INTERRUPTED || (code == GNUTLS_E_AGAIN && self->n_wanted == 0) ||
         /* RFC 8446 §6.1: close_notify follows */
         (code == GNUTLS_E_WARNING_ALERT_RECEIVED &&
          gnutls_alert_get (self->tls) == GNUTLS_A_USER_CANCELED);
}

/* Before the wait for more. */
static IBBTlsResult
check_without_data (IBBTlsSession *self)
{
  return self->n_without_data <= WITHOUT_DATA_MAX ? IBB_TLS_WAIT
                                                  : fail (self, GNUTLS_E_TOO_MANY_EMPTY_PACKETS);
}

static int
check_agreed (IBBTlsSession *self)
{
  unsigned int          n = 0;
  const gnutls_datum_t *certificates;

  if (gnutls_protocol_get_version (self->tls) != GNUTLS_TLS1_3)
    return GNUTLS_E_UNSUPPORTED_VERSION_PACKET;
  certificates = gnutls_certificate_get_peers (self->tls, &n);
  if (certificates == NULL || n == 0)
    return GNUTLS_E_NO_CERTIFICATE_FOUND;
  self->peer_certificate = g_bytes_new (certificates[0].data, certificates[0].size);
  return 0;
}

IBBTlsResult
ibb_tls_session_handshake (IBBTlsSession *self)
{
  int code;

  if (self->failure != 0)
    return IBB_TLS_FAILED;
  if (self->is_agreed)
    return IBB_TLS_DONE;
  do
    {
      self->n_wanted = 0;
      code = gnutls_handshake (self->tls);
    }
  while (code < 0 && is_to_go_on (self, code));
  if (code == GNUTLS_E_AGAIN)
    return check_without_data (self);
  if (code >= 0)
    code = check_agreed (self);
  if (code < 0)
    return fail (self, code);
  self->is_agreed = TRUE;
  return IBB_TLS_DONE;
}

GBytes *
ibb_tls_session_get_peer_certificate (IBBTlsSession *self)
{
  return self->peer_certificate;
}

const char *
ibb_tls_session_get_cipher (IBBTlsSession *self)
{
  return gnutls_ciphersuite_get (self->tls);
}

GBytes *
ibb_tls_session_dup_exporter (IBBTlsSession *self)
{
  char key[EXPORTER_LENGTH];
  /* An exporter of an agreed session cannot fail but for memory. */
  int code = gnutls_prf_rfc5705 (self->tls, strlen (EXPORTER_LABEL), EXPORTER_LABEL, 0, NULL,
                                 sizeof key, key);

  g_assert (code >= 0);
  return g_bytes_new (key, sizeof key);
}

GBytes *
ibb_tls_session_dup_end_point (IBBTlsSession *self)
{
  gnutls_datum_t end_point = { NULL, 0 };
  GBytes        *bytes;

  if (gnutls_session_channel_binding (self->tls, GNUTLS_CB_TLS_SERVER_END_POINT, &end_point) < 0)
    return NULL;
  bytes = g_bytes_new (end_point.data, end_point.size);
  gnutls_free (end_point.data);
  return bytes;
}

IBBTlsResult
ibb_tls_session_read (IBBTlsSession *self, guint8 *bytes, gsize n, gsize *n_read)
{
  ssize_t code;

  *n_read = 0;
  if (self->failure != 0)
    return IBB_TLS_FAILED;
  if (self->is_over)
    return IBB_TLS_ENDED;
  do
    {
      self->n_wanted = 0;
      code = gnutls_record_recv (self->tls, bytes, n);
    }
  while (code < 0 && is_to_go_on (self, (int) code));
  if (code == GNUTLS_E_AGAIN)
    return check_without_data (self);
  if (code < 0)
    return fail (self, (int) code);
  *n_read = (gsize) code;
  self->n_without_data = 0;
  self->is_over = code == 0;
  return self->is_over ? IBB_TLS_ENDED : IBB_TLS_DONE;
}

IBBTlsResult
ibb_tls_session_write (IBBTlsSession *self, const guint8 *bytes, gsize n)
{
  ssize_t code;

  g_assert (!self->is_shut);
  if (self->failure != 0)
    return IBB_TLS_FAILED;
  /* The peer may want shorter records (RFC 8449). */
  for (gsize done = 0; done < n; done += (gsize) code)
    {
      code = gnutls_record_send (self->tls, bytes + done, n - done);
      if (code < 0)
        return fail (self, (int) code);
    }
  return IBB_TLS_DONE;
}

gboolean
ibb_tls_session_is_shut (const IBBTlsSession *self)
{
  return self->is_shut;
}

IBBTlsResult
ibb_tls_session_shut (IBBTlsSession *self)
{
  int code;

  if (self->failure != 0)
    return IBB_TLS_FAILED;
  if (self->is_shut)
    return IBB_TLS_DONE;
  code = gnutls_bye (self->tls, GNUTLS_SHUT_WR);
  if (code < 0)
    return fail (self, code);
  self->is_shut = TRUE;
  return IBB_TLS_DONE;
}

/* As GIO's own connections tell errors apart. */
static GTlsError
to_code (const IBBTlsSession *self)
{
  switch (self->failure)
    {
    case GNUTLS_E_PREMATURE_TERMINATION:
      return G_TLS_ERROR_EOF;
    case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
      if (self->is_agreed)
        return self->has_ended ? G_TLS_ERROR_EOF : G_TLS_ERROR_MISC;
      return G_TLS_ERROR_NOT_TLS;
    case GNUTLS_E_CERTIFICATE_REQUIRED:
    case GNUTLS_E_NO_CERTIFICATE_FOUND:
      return G_TLS_ERROR_CERTIFICATE_REQUIRED;
    case GNUTLS_E_UNEXPECTED_PACKET:
    case GNUTLS_E_RECORD_OVERFLOW:
    case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
      return self->is_agreed ? G_TLS_ERROR_MISC : G_TLS_ERROR_NOT_TLS;
    default:
      return self->is_agreed ? G_TLS_ERROR_MISC : G_TLS_ERROR_HANDSHAKE;
    }
}

GError *
ibb_tls_session_dup_error (const IBBTlsSession *self)
{
  const char *alert = self->failure == GNUTLS_E_FATAL_ALERT_RECEIVED ||
                              self->failure == GNUTLS_E_WARNING_ALERT_RECEIVED
                          ? gnutls_alert_get_name (gnutls_alert_get (self->tls))
                          : NULL;

  if (alert != NULL)
    /* Translators: a word of TLS, such as “Handshake failed” */
    return g_error_new (G_TLS_ERROR, to_code (self), _ ("The peer has sent the alert “%s”"), alert);
  return g_error_new_literal (G_TLS_ERROR, to_code (self), gnutls_strerror (self->failure));
}
