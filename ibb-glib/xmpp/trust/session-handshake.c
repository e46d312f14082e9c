/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/session-handshake.h"

#include "base/intl.h"
#include "base/source.h"
#include "ibb-error.h"

/* g_tls_connection_handshake () keeps a thread of GTask's until the peer has answered. GLib begins
 * ten such threads at once. Where more are kept, and one of them ends, GLib may begin no task of
 * the whole program before others end, too. */
#define HANDSHAKES_MAX 4
#define HANDSHAKES_MAX_PER_NAME 3

typedef enum
{
  WAIT_LASTS,
  WAIT_SUCCEEDED,
  WAIT_GIVEN_UP, /* the session has ended, or the limit is cancelled */
} WaitState;

/* The wait for a place. Its thread and the one that gives the place share this. */
typedef struct
{
  GMutex    lock;
  GCond     changed;
  WaitState state; /* protected by lock */
} Wait;

static void
wait_clear (gpointer data)
{
  Wait *wait = data;

  g_cond_clear (&wait->changed);
  g_mutex_clear (&wait->lock);
}

static Wait *
wait_new (void)
{
  Wait *wait = g_atomic_rc_box_new0 (Wait);

  g_mutex_init (&wait->lock);
  g_cond_init (&wait->changed);
  return wait;
}

/* In any thread. Takes wait. */
static void
wait_end (Wait *wait, WaitState state)
{
  g_mutex_lock (&wait->lock);
  wait->state = state;
  g_cond_signal (&wait->changed);
  g_mutex_unlock (&wait->lock);
  g_atomic_rc_box_release_full (wait, wait_clear);
}

static void
give_up_cb (gpointer wait)
{
  wait_end (wait, WAIT_GIVEN_UP);
}

/* Takes wait. */
static WaitState
wait_for_end (Wait *wait)
{
  WaitState state;

  g_mutex_lock (&wait->lock);
  while (wait->state == WAIT_LASTS)
    g_cond_wait (&wait->changed, &wait->lock);
  state = wait->state;
  g_mutex_unlock (&wait->lock);
  g_atomic_rc_box_release_full (wait, wait_clear);
  return state;
}

static gboolean
take_place (IBBPlaces *places, IBBTransport *transport, const char *peer, GCancellable *limit)
{
  Wait *wait = wait_new ();

  if (ibb_places_take (places, peer, transport, limit, give_up_cb, g_atomic_rc_box_acquire (wait)))
    wait_end (wait, WAIT_SUCCEEDED);
  return wait_for_end (wait) == WAIT_SUCCEEDED;
}

static void
leave_place (IBBPlaces *places, const char *peer)
{
  Wait *next = ibb_places_leave (places, peer);

  if (next != NULL)
    wait_end (next, WAIT_SUCCEEDED);
}

static gboolean
readable_cb (GObject *input, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
cancelled_cb (GCancellable *limit, gpointer context)
{
  g_main_context_wakeup (context);
}

/* The client of TLS speaks first: until then the server needs no place. The source has no
 * cancellable, as in agreement.c. */
static gboolean
wait_for_client (IBBTransport *transport, GCancellable *limit, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  GPollableInputStream    *input =
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (transport)));
  GSource *source =
      ibb_source_attach (g_pollable_input_stream_create_source (input, NULL), context,
                         "[ibb-glib] client of TLS", G_SOURCE_FUNC (readable_cb), NULL, NULL);
  gulong cancelled = g_cancellable_connect (limit, G_CALLBACK (cancelled_cb), context, NULL);

  while (!g_pollable_input_stream_is_readable (input) && !g_cancellable_is_cancelled (limit))
    g_main_context_iteration (context, TRUE);
  g_cancellable_disconnect (limit, cancelled);
  ibb_source_clear (&source);
  return !g_cancellable_set_error_if_cancelled (limit, error);
}

void
ibb_session_handshake_init_places (IBBPlaces *places)
{
  ibb_places_init (places, HANDSHAKES_MAX, HANDSHAKES_MAX_PER_NAME);
}

gboolean
ibb_session_handshake_run (IBBPlaces      *places,
                           GTlsConnection *tls,
                           IBBTransport   *transport,
                           const char     *peer,
                           GCancellable   *limit,
                           GError        **error)
{
  gboolean succeeded;

  if (G_IS_TLS_SERVER_CONNECTION (tls) && !wait_for_client (transport, limit, error))
    return FALSE;
  if (!take_place (places, transport, peer, limit))
    {
      g_propagate_error (error, ibb_session_handshake_give_up (transport, peer));
      return FALSE;
    }
  succeeded = g_tls_connection_handshake (tls, limit, error);
  leave_place (places, peer);
  if (!succeeded)
    {
      /* Translators: %s is a JID; a reason follows */
      g_prefix_error (error, _ ("Cannot encrypt the session with “%s”: "), peer);
      return FALSE;
    }
  if (g_tls_connection_get_protocol_version (tls) == G_TLS_PROTOCOL_VERSION_TLS_1_3 &&
      g_tls_connection_get_peer_certificate (tls) != NULL)
    return TRUE;
  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE,
               _ ("“%s” has no TLS 1.3, or showed no certificate"), peer);
  return FALSE;
}

GError *
ibb_session_handshake_give_up (IBBTransport *transport, const char *peer)
{
  GError *error = ibb_transport_dup_error (transport);

  ibb_transport_abort_with_reason (transport, IBB_STANZA_CONDITION_RECIPIENT_UNAVAILABLE, NULL);
  if (error == NULL)
    error = g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                         _ ("“%s” ended the session before it was encrypted"), peer);
  return error;
}
