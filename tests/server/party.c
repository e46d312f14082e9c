/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "party.h"

#include "../lib/open.h"

#define CHUNK 40000

void
party_init (Party *self, const char *name, const char *resource)
{
  self->proxy = cut_proxy_new ((guint) atoi (account_get ("IBB_TEST_PORT")));
  self->client = account_create_client (name, resource);
  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (self->client), cut_proxy_get_port (self->proxy));
  self->service = ibb_service_new (IBB_CONNECTION (self->client));
  ibb_service_set_session_limit (self->service, 10);
}

void
party_use_websocket (Party *self)
{
  g_autoptr (GUri) server =
      assert_succeeds (g_uri_parse, account_get ("IBB_TEST_WEBSOCKET_URI"), G_URI_FLAGS_NONE);
  g_autofree char *uri = NULL;

  cut_proxy_free (self->proxy);
  self->proxy = cut_proxy_new ((guint) g_uri_get_port (server));
  uri = g_strdup_printf ("wss://%s:%u%s", g_uri_get_host (server), cut_proxy_get_port (self->proxy),
                         g_uri_get_path (server));
  ibb_xmpp_client_set_websocket_mode (self->client, IBB_XMPP_WEBSOCKET_MODE_ALWAYS);
  ibb_xmpp_client_set_websocket_uri (self->client, uri);
}

void
party_clear (Party *self)
{
  assert_succeeds (ibb_xmpp_client_logout, self->client, NULL);
  g_assert_finalize_object (self->service);
  drop_client (self->client);
  cut_proxy_free (self->proxy);
}

void
parties_tear_down (Parties *self, gconstpointer data)
{
  party_clear (&self->alice);
  party_clear (&self->bob);
}

void
parties_open_session (Parties       *self,
                      IBBStanzaType  stanza_type,
                      IBBTransport **alice,
                      IBBTransport **bob)
{
  g_autofree char   *jid = NULL;
  GAsyncResult      *result = NULL;
  g_autoptr (GError) error = NULL;

  jid = ibb_connection_dup_local_jid (IBB_CONNECTION (self->bob.client));
  ibb_service_accept_async (self->bob.service, NULL, store_result_cb, &result);
  *alice = open_with (self->alice.service, jid, stanza_type, 0, NULL, &error);
  g_assert_no_error (error);
  *bob = assert_result (ibb_service_accept_finish, self->bob.service, &result);
}

static gpointer
write_thread (gpointer data)
{
  End                  *self = data;
  GOutputStream        *output = g_io_stream_get_output_stream (G_IO_STREAM (self->transport));
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint32   *words = g_malloc (CHUNK);
  g_autoptr (GRand)     random = g_rand_new_with_seed ((guint32) GPOINTER_TO_SIZE (self));

  for (gsize left = self->total; left > 0;)
    {
      gsize n = MIN (left, CHUNK);

      for (gsize i = 0; i < CHUNK / sizeof *words; i++)
        words[i] = g_rand_int (random);
      g_checksum_update (checksum, (const guchar *) words, (gssize) n);
      assert_succeeds (g_output_stream_write_all, output, words, n, NULL, NULL);
      left -= n;
    }
  assert_succeeds (ibb_transport_shutdown_output, self->transport, NULL);
  self->written = g_strdup (g_checksum_get_string (checksum));
  return NULL;
}

static gpointer
read_thread (gpointer data)
{
  End                  *self = data;
  GInputStream         *input = g_io_stream_get_input_stream (G_IO_STREAM (self->transport));
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree guint8    *bytes = g_malloc (CHUNK);
  g_autoptr (GError)    error = NULL;
  gsize                 total = 0;
  gssize                n;

  while ((n = g_input_stream_read (input, bytes, CHUNK, NULL, &error)) > 0)
    {
      g_checksum_update (checksum, bytes, n);
      total += (gsize) n;
    }
  g_assert_no_error (error);
  g_assert_cmpuint (total, ==, self->total);
  self->read = g_strdup (g_checksum_get_string (checksum));
  return NULL;
}

void
end_start (End *self, IBBTransport *transport, gsize total)
{
  self->transport = transport;
  self->total = total;
  self->threads[0] = g_thread_new ("write", write_thread, self);
  self->threads[1] = g_thread_new ("read", read_thread, self);
}

void
ends_finish (End ends[2])
{
  for (guint i = 0; i < 2; i++)
    {
      for (guint k = 0; k < G_N_ELEMENTS (ends[i].threads); k++)
        g_thread_join (ends[i].threads[k]);
      assert_succeeds (g_io_stream_close, G_IO_STREAM (ends[i].transport), NULL);
    }
  for (guint i = 0; i < 2; i++)
    g_assert_cmpstr (ends[i].written, ==, ends[1 - i].read);
  for (guint i = 0; i < 2; i++)
    {
      g_free (ends[i].written);
      g_free (ends[i].read);
    }
}
