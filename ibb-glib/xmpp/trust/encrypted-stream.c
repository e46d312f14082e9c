/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/encrypted-stream.h"

#include "base/intl.h"
#include "xmpp/trust/encrypted-input.h"
#include "xmpp/trust/encrypted-output.h"

#define IBB_TYPE_ENCRYPTED_STREAM (ibb_encrypted_stream_get_type ())
G_DECLARE_DERIVABLE_TYPE (
    IBBEncryptedStream, ibb_encrypted_stream, IBB, ENCRYPTED_STREAM, GTlsConnection)

struct _IBBEncryptedStreamClass
{
  GTlsConnectionClass parent_class;
};

#define IBB_TYPE_ENCRYPTED_CLIENT (ibb_encrypted_client_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBEncryptedClient, ibb_encrypted_client, IBB, ENCRYPTED_CLIENT, IBBEncryptedStream)

#define IBB_TYPE_ENCRYPTED_SERVER (ibb_encrypted_server_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBEncryptedServer, ibb_encrypted_server, IBB, ENCRYPTED_SERVER, IBBEncryptedStream)

struct _IBBEncryptedClient
{
  IBBEncryptedStream parent_instance;
};

struct _IBBEncryptedServer
{
  IBBEncryptedStream parent_instance;
};

/* What both have. */
typedef struct
{

  /* immutable after construction */
  IBBCipherPipe   *pipe;             /* (owned) */
  GInputStream    *input;            /* (owned) */
  GOutputStream   *output;           /* (owned) */
  GTlsCertificate *certificate;      /* (owned) */
  GTlsCertificate *peer_certificate; /* (owned) */
} IBBEncryptedStreamPrivate;

/* Those of GTlsConnection, in the order of its documentation. */
enum
{
  PROP_ADVERTISED_PROTOCOLS = 1,
  PROP_BASE_IO_STREAM,
  PROP_CERTIFICATE,
  PROP_CIPHERSUITE_NAME,
  PROP_DATABASE,
  PROP_INTERACTION,
  PROP_NEGOTIATED_PROTOCOL,
  PROP_PEER_CERTIFICATE,
  PROP_PEER_CERTIFICATE_ERRORS,
  PROP_PROTOCOL_VERSION,
  PROP_REHANDSHAKE_MODE,
  PROP_REQUIRE_CLOSE_NOTIFY,
  PROP_USE_SYSTEM_CERTDB,
  N_PROPS
};

static const char *const property_names[] = {
  [PROP_ADVERTISED_PROTOCOLS] = "advertised-protocols",
  [PROP_BASE_IO_STREAM] = "base-io-stream",
  [PROP_CERTIFICATE] = "certificate",
  [PROP_CIPHERSUITE_NAME] = "ciphersuite-name",
  [PROP_DATABASE] = "database",
  [PROP_INTERACTION] = "interaction",
  [PROP_NEGOTIATED_PROTOCOL] = "negotiated-protocol",
  [PROP_PEER_CERTIFICATE] = "peer-certificate",
  [PROP_PEER_CERTIFICATE_ERRORS] = "peer-certificate-errors",
  [PROP_PROTOCOL_VERSION] = "protocol-version",
  [PROP_REHANDSHAKE_MODE] = "rehandshake-mode",
  [PROP_REQUIRE_CLOSE_NOTIFY] = "require-close-notify",
  [PROP_USE_SYSTEM_CERTDB] = "use-system-certdb",
};

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (IBBEncryptedStream,
                                     ibb_encrypted_stream,
                                     G_TYPE_TLS_CONNECTION)
static void client_iface_init (GTlsClientConnectionInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBEncryptedClient,
                               ibb_encrypted_client,
                               IBB_TYPE_ENCRYPTED_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_TLS_CLIENT_CONNECTION,
                                                      client_iface_init))
G_DEFINE_FINAL_TYPE_WITH_CODE (IBBEncryptedServer,
                               ibb_encrypted_server,
                               IBB_TYPE_ENCRYPTED_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_TLS_SERVER_CONNECTION, NULL))

static IBBEncryptedStreamPrivate *
get_private (gpointer self)
{
  return ibb_encrypted_stream_get_instance_private (self);
}

static void
set_value (IBBEncryptedStreamPrivate *self, guint id, GValue *value)
{
  switch (id)
    {
    case PROP_BASE_IO_STREAM:
      g_value_set_object (value, self->pipe->transport);
      break;
    case PROP_CERTIFICATE:
      g_value_set_object (value, self->certificate);
      break;
    case PROP_PEER_CERTIFICATE:
      g_value_set_object (value, self->peer_certificate);
      break;
    case PROP_PEER_CERTIFICATE_ERRORS:
      g_value_set_flags (value, G_TLS_CERTIFICATE_UNKNOWN_CA); /* nobody signs it */
      break;
    case PROP_PROTOCOL_VERSION:
      g_value_set_enum (value, G_TLS_PROTOCOL_VERSION_TLS_1_3);
      break;
    case PROP_REHANDSHAKE_MODE:
      g_value_set_enum (value, G_TLS_REHANDSHAKE_NEVER);
      break;
    case PROP_REQUIRE_CLOSE_NOTIFY:
      g_value_set_boolean (value, TRUE);
      break;
    case PROP_CIPHERSUITE_NAME:
      g_value_set_string (value, ibb_cipher_pipe_get_cipher (self->pipe));
      break;
    default:
      g_value_reset (value); /* no database, no protocol, nobody to ask */
    }
}
static void
ibb_encrypted_stream_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  set_value (get_private (object), id, value);
}

/* The session is encrypted: nothing of it can be set any more. GIO asks for setters. */
static void
ibb_encrypted_stream_set_property (GObject      *object,
                                   guint         id,
                                   const GValue *value,
                                   GParamSpec   *pspec)
{
}

static GInputStream *
ibb_encrypted_stream_get_input_stream (GIOStream *stream)
{
  return get_private (stream)->input;
}

static GOutputStream *
ibb_encrypted_stream_get_output_stream (GIOStream *stream)
{
  return get_private (stream)->output;
}

/* The session is closed even if the end of TLS cannot leave. */
static gboolean
ibb_encrypted_stream_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  IBBEncryptedStreamPrivate *self = get_private (stream);
  g_autoptr (GError)         reason = NULL;
  gboolean                   is_shut = g_output_stream_close (self->output, cancellable, &reason);

  g_input_stream_close (self->input, NULL, NULL);
  if (!g_io_stream_close (G_IO_STREAM (self->pipe->transport), cancellable,
                          is_shut ? &reason : NULL))
    is_shut = FALSE;
  if (!is_shut)
    g_propagate_error (error, g_steal_pointer (&reason));
  return is_shut;
}

static void
session_closed_cb (GObject *session, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError           *reason = g_task_get_task_data (task);
  GError           *error = NULL;
  gboolean          is_closed = g_io_stream_close_finish (G_IO_STREAM (session), result, &error);

  if (reason != NULL)
    {
      g_clear_error (&error);
      g_task_return_error (task, g_error_copy (reason));
    }
  else if (!is_closed)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

static void
output_closed_cb (GObject *output, GAsyncResult *result, gpointer data)
{
  GTask                     *task = data;
  IBBEncryptedStreamPrivate *self = get_private (g_task_get_source_object (task));
  GError                    *error = NULL;

  if (!g_output_stream_close_finish (G_OUTPUT_STREAM (output), result, &error))
    g_task_set_task_data (task, error, (GDestroyNotify) g_error_free);
  g_input_stream_close (self->input, NULL, NULL);
  g_io_stream_close_async (G_IO_STREAM (self->pipe->transport), g_task_get_priority (task),
                           g_task_get_cancellable (task), session_closed_cb, task);
}

static void
ibb_encrypted_stream_close_async (GIOStream          *stream,
                                  int                 priority,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            data)
{
  IBBEncryptedStreamPrivate *self = get_private (stream);
  GTask                     *task = g_task_new (stream, cancellable, callback, data);

  g_task_set_source_tag (task, ibb_encrypted_stream_close_async);
  g_task_set_priority (task, priority);
  g_output_stream_close_async (self->output, priority, cancellable, output_closed_cb, task);
}

static gboolean
ibb_encrypted_stream_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* The handshake is over. */
static gboolean
ibb_encrypted_stream_handshake (GTlsConnection *connection,
                                GCancellable   *cancellable,
                                GError        **error)
{
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

static void
ibb_encrypted_stream_handshake_async (GTlsConnection     *connection,
                                      int                 priority,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, data);

  g_task_set_source_tag (task, ibb_encrypted_stream_handshake_async);
  g_task_set_priority (task, priority);
  g_task_return_boolean (task, TRUE);
}

static gboolean
ibb_encrypted_stream_handshake_finish (GTlsConnection *connection,
                                       GAsyncResult   *result,
                                       GError        **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
ibb_encrypted_stream_get_binding_data (GTlsConnection        *connection,
                                       GTlsChannelBindingType type,
                                       GByteArray            *data,
                                       GError               **error)
{
  IBBCipherPipe     *pipe = get_private (connection)->pipe;
  g_autoptr (GBytes) binding = NULL;

  if (type == G_TLS_CHANNEL_BINDING_TLS_EXPORTER)
    binding = ibb_cipher_pipe_dup_exporter (pipe);
  else if (type == G_TLS_CHANNEL_BINDING_TLS_SERVER_END_POINT)
    binding = ibb_cipher_pipe_dup_end_point (pipe);
  if (binding == NULL)
    {
      g_set_error_literal (error, G_TLS_CHANNEL_BINDING_ERROR,
                           G_TLS_CHANNEL_BINDING_ERROR_NOT_SUPPORTED,
                           _ ("TLS 1.3 has no such channel binding"));
      return FALSE;
    }
  if (data != NULL)
    {
      g_byte_array_set_size (data, 0);
      g_byte_array_append (data, g_bytes_get_data (binding, NULL),
                           (guint) g_bytes_get_size (binding));
    }
  return TRUE;
}

static void
ibb_encrypted_stream_finalize (GObject *object)
{
  IBBEncryptedStreamPrivate *self = get_private (object);
  GInputStream              *input = self->input;
  GOutputStream             *output = self->output;
  IBBCipherPipe             *pipe = self->pipe;

  g_object_unref (self->certificate);
  g_object_unref (self->peer_certificate);
  /* GIOStream looks at both halves once more. */
  G_OBJECT_CLASS (ibb_encrypted_stream_parent_class)->finalize (object);

  g_object_unref (input);
  g_object_unref (output);
  ibb_cipher_pipe_unref (pipe);
}

static void
ibb_encrypted_stream_class_init (IBBEncryptedStreamClass *class)
{
  GObjectClass        *object_class = G_OBJECT_CLASS (class);
  GIOStreamClass      *stream_class = G_IO_STREAM_CLASS (class);
  GTlsConnectionClass *connection_class = G_TLS_CONNECTION_CLASS (class);

  object_class->get_property = ibb_encrypted_stream_get_property;
  object_class->set_property = ibb_encrypted_stream_set_property;
  object_class->finalize = ibb_encrypted_stream_finalize;
  stream_class->get_input_stream = ibb_encrypted_stream_get_input_stream;
  stream_class->get_output_stream = ibb_encrypted_stream_get_output_stream;
  stream_class->close_fn = ibb_encrypted_stream_close;
  stream_class->close_async = ibb_encrypted_stream_close_async;
  stream_class->close_finish = ibb_encrypted_stream_close_finish;
  connection_class->handshake = ibb_encrypted_stream_handshake;
  connection_class->handshake_async = ibb_encrypted_stream_handshake_async;
  connection_class->handshake_finish = ibb_encrypted_stream_handshake_finish;
  connection_class->get_binding_data = ibb_encrypted_stream_get_binding_data;

  for (guint i = 1; i < N_PROPS; i++)
    g_object_class_override_property (object_class, i, property_names[i]);
}

static void
ibb_encrypted_stream_init (IBBEncryptedStream *self)
{
}

/* The client, and the server. */

static const char *const client_property_names[] = { NULL, "accepted-cas", "server-identity",
                                                     "use-ssl3", "validation-flags" };

static void
ibb_encrypted_client_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_reset (value); /* nobody signs the certificates, which name nobody */
}

/* No session is resumed. */
static void
copy_session_state (GTlsClientConnection *client, GTlsClientConnection *source)
{
}

static void
client_iface_init (GTlsClientConnectionInterface *iface)
{
  iface->copy_session_state = copy_session_state;
}

static void
ibb_encrypted_client_class_init (IBBEncryptedClientClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_encrypted_client_get_property;
  object_class->set_property = ibb_encrypted_stream_set_property;
  for (guint i = 1; i < G_N_ELEMENTS (client_property_names); i++)
    g_object_class_override_property (object_class, i, client_property_names[i]);
}

static void
ibb_encrypted_client_init (IBBEncryptedClient *self)
{
}

static void
ibb_encrypted_server_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  g_value_set_enum (value, G_TLS_AUTHENTICATION_REQUIRED);
}

static void
ibb_encrypted_server_class_init (IBBEncryptedServerClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_encrypted_server_get_property;
  object_class->set_property = ibb_encrypted_stream_set_property;
  g_object_class_override_property (object_class, 1, "authentication-mode");
}

static void
ibb_encrypted_server_init (IBBEncryptedServer *self)
{
}

GIOStream *
ibb_encrypted_stream_new (IBBTransport    *transport,
                          IBBTlsSession   *tls,
                          IBBThread       *thread,
                          GTlsCertificate *certificate,
                          GTlsCertificate *peer_certificate)
{
  gpointer stream = g_object_new (ibb_transport_is_incoming (transport) ? IBB_TYPE_ENCRYPTED_SERVER
                                                                        : IBB_TYPE_ENCRYPTED_CLIENT,
                                  NULL);
  IBBEncryptedStreamPrivate *self = get_private (stream);

  self->pipe = ibb_cipher_pipe_new (transport, tls, thread);
  self->input = ibb_encrypted_input_new (self->pipe);
  self->output = ibb_encrypted_output_new (self->pipe);
  self->certificate = g_object_ref (certificate);
  self->peer_certificate = g_object_ref (peer_certificate);
  return stream;
}
