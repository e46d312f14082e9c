/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An XML stream of a client in the default main context, and the server's end of its
 * socket. */

#pragma once

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/xml-stream.h"

typedef struct
{
  IBBXmlStream *stream;
  int           server;
} XmlPair;

static inline void
xml_pair_set_up (XmlPair *self)
{
  g_autoptr (GSocket)           socket = NULL;
  g_autoptr (GSocketConnection) connection = NULL;
  int                           fds[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
  socket = g_socket_new_from_fd (fds[0], NULL);
  connection = g_socket_connection_factory_create_connection (socket);
  self->stream = ibb_xml_stream_new (g_main_context_default (), connection);
  self->server = fds[1];
}

/* Returns what the client has sent so far. */
static inline char *
xml_pair_read (XmlPair *self)
{
  GString *text = g_string_new (NULL);
  char     buffer[4096];
  gssize   n;

  while (g_main_context_iteration (NULL, FALSE))
    ;
  while ((n = recv (self->server, buffer, sizeof buffer, MSG_DONTWAIT)) > 0)
    g_string_append_len (text, buffer, n);
  return g_string_free (text, FALSE);
}

static inline void
xml_pair_assert_sent (XmlPair *self, const char *expected)
{
  g_autofree char *text = xml_pair_read (self);

  g_assert_cmpstr (text, ==, expected);
}

static inline void
xml_pair_tear_down (XmlPair *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "The test is over");

  ibb_xml_stream_drop (self->stream, error);
  ibb_xml_stream_unref (self->stream);
  close (self->server);
}

/* An element in the namespace jabber:client, as a server sends it. */
static inline IBBElement *
parse_element (const char *xml)
{
  static const char header[] =
      "<s:stream xmlns:s='" IBB_STREAM_NAMESPACE "' xmlns='" IBB_CLIENT_NAMESPACE "'>";
  g_autoptr (IBBParser) parser = ibb_parser_new ();
  g_autoptr (IBBStanza) stanza = NULL;
  IBBElement           *element = NULL;

  g_assert_true (ibb_parser_feed (parser, header, strlen (header), NULL));
  g_assert_true (ibb_parser_feed (parser, xml, strlen (xml), NULL));
  g_assert_cmpint (ibb_parser_take (parser, &element, &stanza), ==, IBB_PARSER_HEADER);
  ibb_element_unref (element);
  g_assert_cmpint (ibb_parser_take (parser, &element, &stanza), ==, IBB_PARSER_ELEMENT);
  return element;
}
