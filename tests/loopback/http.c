/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* HTTP by libsoup: a SoupServer takes the sessions themselves. A SoupSession
 * takes no stream, only an address; behind that one, each connection becomes a
 * session. */

#include "fixture.h"

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>

#define MIB (1024 * 1024)

/* Juliet serves in the main thread, Romeo asks in another one: libsoup's server
 * flushes in a blocking call, which waits for the reader. */
typedef struct
{
  Fixture           *fixture;
  IBBStanzaType      stanza_type;
  char              *juliet_jid;
  SoupServer        *server;
  SoupSession       *session;
  GSocketService    *door;
  char              *folder;
  GSocketAddress    *address; /* of the door */
  GBytes            *large;
  SoupServerMessage *held;  /* (owned) (nullable): a large answer, which waits for a small one */
  gboolean           holds; /* large answers, until a small one */
  GWeakRef           last;  /* what Juliet accepted last */
  int                n_accepted; /* sessions that Juliet accepted */
  int                n_served;   /* those that are left, */
  int                n_opened;   /* and what is left of those that Romeo opened */
  int                done;
  void (*visit) (gpointer site);
} Site;

static void
gone_cb (gpointer count, GObject *object)
{
  g_atomic_int_add ((int *) count, -1);
}

static void
watch (IBBTransport *transport, int *count)
{
  g_atomic_int_inc (count);
  g_object_weak_ref (G_OBJECT (transport), gone_cb, count);
}

/* The server */

static void
accepted_cb (IBBService *service, IBBTransport *transport, gpointer data)
{
  Site                      *site = data;
  g_autoptr (GSocketAddress) address = g_inet_socket_address_new_from_string ("127.0.0.1", 0);

  g_atomic_int_inc (&site->n_accepted);
  g_weak_ref_set (&site->last, transport);
  watch (transport, &site->n_served);
  /* The server wants addresses for its log. */
  assert_succeeds (soup_server_accept_iostream, site->server, G_IO_STREAM (transport), address,
                   address);
}

static void
page_cb (SoupServer        *server,
         SoupServerMessage *message,
         const char        *path,
         GHashTable        *query,
         gpointer           data)
{
  Site *site = data;

  if (g_str_equal (path, "/large"))
    {
      soup_message_body_append_bytes (soup_server_message_get_response_body (message), site->large);
      if (site->holds)
        {
          site->held = g_object_ref (message);
          soup_server_message_pause (message);
        }
    }
  else if (g_str_equal (path, "/hash"))
    {
      g_autoptr (GBytes) body =
          soup_message_body_flatten (soup_server_message_get_request_body (message));
      char *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);

      soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_TAKE, hash,
                                        strlen (hash));
    }
  else if (g_str_equal (path, "/"))
    {
      soup_server_message_set_response (message, "text/plain", SOUP_MEMORY_STATIC, "O Romeo", 7);
      site->holds = FALSE;
      if (site->held != NULL)
        soup_server_message_unpause (site->held);
      g_clear_object (&site->held);
    }
  else
    {
      soup_server_message_set_status (message, SOUP_STATUS_NOT_FOUND, NULL);
      return;
    }
  soup_server_message_set_status (message, SOUP_STATUS_OK, NULL);
}

/* A server that listens nowhere ends each session after one answer, so it has to
 * listen: on a socket that nobody can reach. */
static void
listen_for_nothing (Site *self)
{
  g_autofree char           *path = g_build_filename (self->folder, "unused", NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (path);
  g_autoptr (GError)         error = NULL;
  g_autoptr (GSocket)        end =
      g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, &error);

  g_assert_no_error (error);
  assert_succeeds (g_socket_bind, end, address, FALSE);
  g_assert_cmpint (g_remove (path), ==, 0);
  assert_succeeds (g_socket_listen, end);
  assert_succeeds (soup_server_listen_socket, self->server, end, 0);
}

static void
open_server (Site *self)
{
  self->server = soup_server_new (NULL, NULL);
  soup_server_add_handler (self->server, NULL, page_cb, self, NULL);
  g_signal_connect (self->fixture->juliet, "session-accepted", G_CALLBACK (accepted_cb), self);
  listen_for_nothing (self);
}

/* The client's door */

static void
spliced_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autoptr (GIOStream) connection = data;

  /* How the session ended, the client of the door sees for itself. */
  g_io_stream_splice_finish (result, NULL);
}

typedef struct
{
  Site      *site;
  GIOStream *connection; /* (owned) */
} Visitor;

static void
opened_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  g_autofree Visitor      *visitor = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport =
      ibb_service_open_session_finish (IBB_SERVICE (source), result, &error);

  g_assert_no_error (error);
  watch (transport, &visitor->site->n_opened);
  g_io_stream_splice_async (visitor->connection, G_IO_STREAM (transport),
                            G_IO_STREAM_SPLICE_CLOSE_STREAM1 | G_IO_STREAM_SPLICE_CLOSE_STREAM2,
                            G_PRIORITY_DEFAULT, NULL, spliced_cb, visitor->connection);
}

static gboolean
incoming_cb (GSocketService *door, GSocketConnection *connection, GObject *source, gpointer data)
{
  Site    *site = data;
  Visitor *visitor = g_new (Visitor, 1);

  visitor->site = site;
  visitor->connection = g_object_ref (G_IO_STREAM (connection));
  ibb_service_open_session_async (site->fixture->romeo, site->juliet_jid, site->stanza_type, 0,
                                  NULL, NULL, opened_cb, visitor);
  return TRUE;
}

static void
open_door (Site *self)
{
  self->door = g_socket_service_new ();
  assert_succeeds (g_socket_listener_add_address, G_SOCKET_LISTENER (self->door), self->address,
                   G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL);
  g_signal_connect (self->door, "incoming", G_CALLBACK (incoming_cb), self);
  self->session =
      g_object_new (SOUP_TYPE_SESSION, "remote-connectable", self->address, "timeout", 0, NULL);
}

static void
close_door (Site *self)
{
  soup_session_abort (self->session);
  g_clear_object (&self->session);
  poll_until (g_atomic_int_get (&self->n_opened) == 0);
  g_socket_service_stop (self->door);
  g_socket_listener_close (G_SOCKET_LISTENER (self->door));
  drop_and_wait (self->door);
}

static gpointer
visitor_thread (gpointer data)
{
  Site                    *site = data;
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  open_door (site);
  site->visit (site);
  close_door (site);
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&site->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static void
run_site (Fixture *fixture, IBBStanzaType stanza_type, gsize size, void (*visit) (gpointer site))
{
  Site             site = { .fixture = fixture, .stanza_type = stanza_type, .visit = visit };
  g_autofree char *path = NULL;
  GThread         *visitor;

  if (stanza_type == IBB_STANZA_TYPE_MESSAGE)
    fixture_make_room (fixture);
  g_weak_ref_init (&site.last, NULL);
  site.juliet_jid = ibb_connection_dup_local_jid (fixture->juliet_connection);
  site.large = make_bytes (size, 1);
  site.folder = assert_succeeds (g_dir_make_tmp, "ibb-http-XXXXXX");
  path = g_build_filename (site.folder, "door", NULL);
  site.address = g_unix_socket_address_new (path);
  open_server (&site);

  visitor = g_thread_new ("visitor", visitor_thread, &site);
  wait_until (g_atomic_int_get (&site.done));
  g_thread_join (visitor);

  /* libsoup 3.2 lets go of an idle connection that the client closed only here. */
  soup_server_disconnect (site.server);
  g_clear_object (&site.server);
  poll_until (g_atomic_int_get (&site.n_served) == 0);
  g_remove (path);
  g_rmdir (site.folder);
  g_free (site.folder);
  g_free (site.juliet_jid);
  g_object_unref (site.address);
  g_bytes_unref (site.large);
  g_weak_ref_clear (&site.last);
}

static SoupMessage *
create_message (const char *method, const char *path)
{
  g_autofree char *uri = g_strconcat ("http://juliet.example", path, NULL);

  return soup_message_new (method, uri);
}

static GBytes *
finish (Site *self, GAsyncResult **done, GError **error)
{
  g_autoptr (GAsyncResult) result = wait_for_result (done);

  return soup_session_send_and_read_finish (self->session, result, error);
}

static GBytes *
fetch (Site *self, SoupMessage *message, GError **error)
{
  GAsyncResult *done = NULL;

  soup_session_send_and_read_async (self->session, message, G_PRIORITY_DEFAULT, NULL,
                                    store_result_cb, &done);
  return finish (self, &done, error);
}

static void
assert_page (Site *self, const char *path, SoupStatus status, const char *text)
{
  g_autoptr (SoupMessage) message = create_message ("GET", path);
  g_autoptr (GError)      error = NULL;
  g_autoptr (GBytes)      body = fetch (self, message, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (soup_message_get_status (message), ==, status);
  if (text != NULL)
    g_assert_cmpmem (g_bytes_get_data (body, NULL), g_bytes_get_size (body), text, strlen (text));
}

static void
visit_page (gpointer site)
{
  assert_page (site, "/", SOUP_STATUS_OK, "O Romeo");
  assert_page (site, "/elsewhere", SOUP_STATUS_NOT_FOUND, NULL);
}

/* One session serves several requests. */
static void
visit_twice (gpointer data)
{
  Site                    *site = data;
  g_autoptr (IBBTransport) last = NULL;

  assert_page (site, "/", SOUP_STATUS_OK, "O Romeo");
  last = g_weak_ref_get (&site->last);
  g_assert_nonnull (last);
  g_assert_false (ibb_transport_has_ended (last));
  assert_page (site, "/", SOUP_STATUS_OK, "O Romeo");
  g_assert_cmpint (g_atomic_int_get (&site->n_accepted), ==, 1);
  g_assert_false (ibb_transport_has_ended (last));
}

/* Unless it is asked not to. */
static void
visit_afresh (gpointer data)
{
  Site *site = data;

  for (int i = 1; i <= 3; i++)
    {
      g_autoptr (SoupMessage) message = create_message ("GET", "/");
      g_autoptr (GBytes)      body = NULL;

      soup_message_headers_append (soup_message_get_request_headers (message), "Connection",
                                   "close");
      body = assert_succeeds (fetch, site, message);
      g_assert_cmpuint (g_bytes_get_size (body), ==, 7);
      g_assert_cmpint (g_atomic_int_get (&site->n_accepted), ==, i);
      poll_until (g_atomic_int_get (&site->n_served) == 0);
    }
}

static void
visit_large (gpointer data)
{
  Site                   *site = data;
  g_autoptr (SoupMessage) message = create_message ("GET", "/large");
  g_autoptr (GError)      error = NULL;
  g_autoptr (GBytes)      body = fetch (site, message, &error);

  g_assert_no_error (error);
  g_assert_true (g_bytes_equal (body, site->large));
}

static void
visit_to_upload (gpointer data)
{
  Site                   *site = data;
  g_autoptr (SoupMessage) message = create_message ("POST", "/hash");
  g_autoptr (GBytes)      body = NULL;
  g_autofree char        *hash = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, site->large);

  soup_message_set_request_body_from_bytes (message, "application/octet-stream", site->large);
  body = assert_succeeds (fetch, site, message);
  g_assert_cmpmem (g_bytes_get_data (body, NULL), g_bytes_get_size (body), hash, strlen (hash));
}

/* Each request has a session of its own while the one before is not answered. */
static void
visit_in_parallel (gpointer data)
{
  Site                   *site = data;
  g_autoptr (SoupMessage) large = create_message ("GET", "/large");
  g_autoptr (GBytes)      body = NULL;
  GAsyncResult           *done = NULL;

  site->holds = TRUE;
  soup_session_send_and_read_async (site->session, large, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                                    &done);
  poll_until (g_atomic_int_get (&site->n_accepted) == 1);
  assert_page (site, "/", SOUP_STATUS_OK, "O Romeo");
  g_assert_cmpint (g_atomic_int_get (&site->n_accepted), ==, 2);
  body = assert_succeeds (finish, site, &done);
  g_assert_true (g_bytes_equal (body, site->large));
}

/* More is to come than all buffers on the way can hold. */
static void
abort_cb (SoupMessage *message, gpointer data)
{
  Site                    *site = data;
  g_autoptr (IBBTransport) last = g_weak_ref_get (&site->last);

  ibb_transport_abort (last);
}

/* D-45, D-49: half a body is an error, not a short body. */
static void
visit_and_cut (gpointer data)
{
  Site                   *site = data;
  g_autoptr (SoupMessage) message = create_message ("GET", "/large");
  g_autoptr (GBytes)      body = NULL;
  g_autoptr (GError)      error = NULL;

  g_signal_connect (message, "got-headers", G_CALLBACK (abort_cb), site);
  body = fetch (site, message, &error);
  g_assert_null (body);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT);
}

typedef struct
{
  const char   *path;
  IBBStanzaType stanza_type;
  gsize         size;
  void (*visit) (gpointer site);
} Case;

static const Case cases[] = {
  { "/ibb/http/page", IBB_STANZA_TYPE_IQ, 0, visit_page },
  { "/ibb/http/keep-alive", IBB_STANZA_TYPE_IQ, 0, visit_twice },
  { "/ibb/http/no-keep-alive", IBB_STANZA_TYPE_IQ, 0, visit_afresh },
  { "/ibb/http/large/iq", IBB_STANZA_TYPE_IQ, 5 * MIB, visit_large },
  { "/ibb/http/large/message", IBB_STANZA_TYPE_MESSAGE, 4 * MIB, visit_large },
  { "/ibb/http/upload", IBB_STANZA_TYPE_IQ, 5 * MIB, visit_to_upload },
  { "/ibb/http/parallel", IBB_STANZA_TYPE_IQ, 4 * MIB, visit_in_parallel },
  { "/ibb/http/cut", IBB_STANZA_TYPE_IQ, 16 * MIB, visit_and_cut },
};

static void
test_site (Fixture *fixture, gconstpointer data)
{
  const Case *one = data;

  run_site (fixture, one->stanza_type, one->size, one->visit);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    add_test_anywhere (cases[i].path, &cases[i], test_site);
  return g_test_run ();
}
