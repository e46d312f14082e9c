/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a WebSocket server may do that no real one does (RFC 6455, RFC 7395). It speaks TLS with
 * a certificate of IBB_TEST_CERTIFICATES, a folder that tests/lib/certificates.py filled.
 */

#include "config.h"

#include <string.h>

#include "../lib/certificate.h"
#include "acceptor.h"
#include "client-fixture.h"

#define HEAD(status, more) "HTTP/1.1 " status "\r\n" more "\r\n"
#define UPGRADED "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
#define ACCEPT "Sec-WebSocket-Accept: %s\r\n"
#define PROTOCOL "Sec-WebSocket-Protocol: xmpp\r\n"
#define GOOD_HEAD HEAD ("101 Switching Protocols", UPGRADED ACCEPT PROTOCOL)

#define FRAMING "urn:ietf:params:xml:ns:xmpp-framing"
#define OPEN "<open xmlns='" FRAMING "' from='juliet.example' id='1' version='1.0'/>"
#define FEATURES                                                                                   \
  "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>"                              \
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>X</mechanism></mechanisms>"     \
  "</stream:features>"

typedef enum
{
  KIND_END,
  KIND_TEXT,
  KIND_BYTES, /* as they are */
  KIND_LONG,  /* a message that is announced as long as that, in text */
  KIND_PINGS, /* so many, in text */
  KIND_OTHER, /* text with the port of another server */
  KIND_FRAME, /* a frame of the client, which has the text */
} Kind;

typedef struct
{
  Kind        kind;
  const char *text;
  gsize       length; /* of bytes */
} Piece;

typedef struct
{
  const char *name;
  const char *head;
  Piece       pieces[8]; /* once the client has opened the stream */
  int         code;
  gboolean    is_io; /* code is of G_IO_ERROR, and not of IBB_ERROR */
  const char *words; /* of the error */
} Case;

#define TEXT(xml)                                                                                  \
  {                                                                                                \
    KIND_TEXT, xml, 0                                                                              \
  }
#define RAW(bytes)                                                                                 \
  {                                                                                                \
    KIND_BYTES, bytes, sizeof bytes - 1                                                            \
  }

/* The end of a good beginning: it offers nothing that the client can use. */
#define USELESS(name, ...)                                                                         \
  {                                                                                                \
    name, GOOD_HEAD, { __VA_ARGS__, TEXT (FEATURES) }, IBB_ERROR_AUTHENTICATION, FALSE, ""         \
  }
#define REFUSED(name, words, head)                                                                 \
  {                                                                                                \
    name, head, { { KIND_END } }, G_IO_ERROR_CONNECTION_REFUSED, TRUE, words                       \
  }
#define BROKEN(name, words, ...)                                                                   \
  {                                                                                                \
    name, GOOD_HEAD, { __VA_ARGS__ }, IBB_ERROR_PROTOCOL, FALSE, words                             \
  }
/* After the client's stream was opened. */
#define ENDED(name, code, is_io, words, ...)                                                       \
  {                                                                                                \
    name, GOOD_HEAD, { TEXT (OPEN), __VA_ARGS__ }, code, is_io, words                              \
  }
#define SWITCHING(more) HEAD ("101 Switching Protocols", more)
#define NO_WEBSOCKET "not that of a WebSocket"
#define NO_ELEMENT "not one element"

static const Case cases[] = {
  USELESS ("fine", TEXT (OPEN)),
  USELESS ("fragments", TEXT (OPEN), RAW ("\x01\x02<a\x89\x01x\x80\x0e xmlns='u:a'/>")),
  USELESS ("pings", { KIND_PINGS, "200000", 0 }, TEXT (OPEN)),
  USELESS ("declarations",
           TEXT ("<?xml version='1.0' encoding='utf-8'?>" OPEN),
           RAW ("\x01\x03<?x\x80\x16ml\n?><a xmlns='u:a'/>\n"),
           TEXT ("<?xml version='1.0'?> " FEATURES)),

  REFUSED ("not-found", "404", HEAD ("404 Not Found", "")),
  REFUSED ("redirect",
           "redirects to “wss://elsewhere.example/”",
           HEAD ("302 Found", "Location: wss://elsewhere.example/\r\n")),
  REFUSED ("no-upgrade", NO_WEBSOCKET, SWITCHING (ACCEPT PROTOCOL)),
  REFUSED (
      "other-key", NO_WEBSOCKET, SWITCHING (UPGRADED PROTOCOL "Sec-WebSocket-Accept: eA==\r\n")),
  REFUSED ("extension",
           NO_WEBSOCKET,
           SWITCHING (UPGRADED ACCEPT PROTOCOL "Sec-WebSocket-Extensions: permessage-deflate\r\n")),
  REFUSED ("other-protocol",
           "not for XMPP",
           SWITCHING (UPGRADED ACCEPT "Sec-WebSocket-Protocol: mqtt\r\n")),
  REFUSED ("no-http", "HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
  REFUSED ("endless-head", "HTTP", "endless"),
  REFUSED ("early-bytes", "before the XML stream", GOOD_HEAD "\x81\x04<a/>"),

  BROKEN ("space-before", NO_ELEMENT, TEXT (OPEN), TEXT (" " FEATURES)),
  BROKEN ("only-space", NO_ELEMENT, TEXT (OPEN), TEXT (" ")),
  BROKEN ("empty", NO_ELEMENT, TEXT (OPEN), RAW ("\x81\x00")),
  BROKEN ("only-a-declaration", NO_ELEMENT, TEXT ("<?xml version='1.0'?>")),
  BROKEN ("no-namespace", "jabber:client", TEXT (OPEN), TEXT ("<iq type='result' id='1'/>")),
  BROKEN ("no-open", "not speak XMPP", TEXT (FEATURES)),
  BROKEN ("two-opens", "XMPP", TEXT (OPEN), TEXT (OPEN)),
  BROKEN ("stream-tag",
          NO_ELEMENT,
          TEXT ("<stream:stream xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>")),
  BROKEN ("two-elements", NO_ELEMENT, TEXT (OPEN "<a xmlns='u:a'/>")),
  BROKEN ("half-an-element", NO_ELEMENT, TEXT (OPEN), TEXT ("<a xmlns='u:a'>"), TEXT ("</a>")),
  BROKEN ("text", "", TEXT (OPEN), TEXT ("hello")),
  BROKEN ("not-xml", "", TEXT (OPEN), TEXT ("<a></b>")),
  BROKEN ("not-utf-8", "", TEXT (OPEN), TEXT ("<a>\xff</a>")),
  BROKEN ("binary", "binary", TEXT (OPEN), RAW ("\x82\x04<a/>")),
  BROKEN ("masked", "mask", RAW ("\x81\x84\x00\x00\x00\x00<a/>")),
  BROKEN ("long-message", "too long", TEXT (OPEN), { KIND_LONG, "262145", 0 }),
  BROKEN ("longest-message", "too long", TEXT (OPEN), { KIND_LONG, "9223372036854775807", 0 }),

  ENDED ("close",
         G_IO_ERROR_CONNECTION_CLOSED,
         TRUE,
         "ended the XML stream",
         TEXT ("<close xmlns='" FRAMING "'/>")),
  ENDED ("close-frame",
         G_IO_ERROR_CONNECTION_CLOSED,
         TRUE,
         "closed the connection",
         RAW ("\x88\x02\x03\xe9")),
  ENDED (
      "close-frame-too-big", IBB_ERROR_POLICY_VIOLATION, FALSE, "(1009)", RAW ("\x88\x02\x03\xf1")),
  ENDED ("stream-error",
         IBB_ERROR_ITEM_NOT_FOUND,
         FALSE,
         "",
         TEXT ("<stream:error xmlns:stream='http://etherx.jabber.org/streams'><host-unknown "
               "xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")),
};

typedef struct
{
  const Case *what; /* (nullable): after TLS it says nothing */
  const char *certificate;
  guint       other_port; /* of another server */
  Acceptor    acceptor;
  gboolean    is_visited; /* of the thread */
  gsize       n_received; /* of the thread: frames' bytes of the client */
} Server;

static char *
read_request (GDataInputStream *input)
{
  GString *request = g_string_new (NULL);

  while (strstr (request->str, "\r\n\r\n") == NULL)
    g_string_append_c (request, (char) g_data_input_stream_read_byte (input, NULL, NULL));
  return g_string_free (request, FALSE);
}

static char *
dup_accept (const char *request)
{
  const char           *key = strstr (request, "Sec-WebSocket-Key: ");
  g_autofree char      *text = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA1);
  guint8                digest[20];
  gsize                 length = sizeof digest;

  g_assert_nonnull (key);
  key += strlen ("Sec-WebSocket-Key: ");
  text = g_strndup (key, strcspn (key, "\r"));
  g_checksum_update (checksum, (const guint8 *) text, -1);
  g_checksum_update (checksum, (const guint8 *) "258EAFA5-E914-47DA-95CA-C5AB0DC85B11", -1);
  g_checksum_get_digest (checksum, digest, &length);
  return g_base64_encode (digest, length);
}

static void
send_bytes (GOutputStream *output, const char *bytes, gsize length)
{
  /* The write fails where the client has hung up. */
  g_output_stream_write_all (output, bytes, length, NULL, NULL, NULL);
}

static void
send_header (GOutputStream *output, guint64 length)
{
  guint8 header[10] = { 0x81 };
  guint  n = length < 126 ? 0 : length <= G_MAXUINT16 ? 2 : 8;

  header[1] = (guint8) (n == 0 ? length : n == 2 ? 126 : 127);
  for (guint i = 0; i < n; i++)
    header[2 + i] = (guint8) (length >> (8 * (n - 1 - i)) & 0xff);
  send_bytes (output, (const char *) header, 2 + n);
}

static void
send_text (GOutputStream *output, const char *text)
{
  send_header (output, strlen (text));
  send_bytes (output, text, strlen (text));
}

static void
send_piece (const Server *self, GOutputStream *output, const Piece *piece)
{
  if (piece->kind == KIND_OTHER)
    {
      g_autofree char    *port = g_strdup_printf ("%u", self->other_port);
      g_autoptr (GString) text = g_string_new (piece->text);

      g_string_replace (text, "PORT", port, 0);
      send_text (output, text->str);
    }
  else if (piece->kind == KIND_BYTES)
    {
      send_bytes (output, piece->text, piece->length);
    }
  else if (piece->kind == KIND_TEXT)
    {
      send_text (output, piece->text);
    }
  else if (piece->kind == KIND_LONG)
    {
      send_header (output, g_ascii_strtoull (piece->text, NULL, 10));
    }
  else
    {
      static const char ping[] = "\x89\x04ping";
      guint64           n = g_ascii_strtoull (piece->text, NULL, 10);
      GString          *pings = g_string_new (NULL);

      for (guint64 i = 0; i < n; i++)
        g_string_append_len (pings, ping, sizeof ping - 1);
      send_bytes (output, pings->str, pings->len);
      g_string_free (pings, TRUE);
    }
}

/* The frames of the client are short here, and each element is in one frame with a mask. */
static void
read_frame (GDataInputStream *input, const char *expected)
{
  guint8 header[6];
  guint8 text[125];
  gsize  length;

  g_input_stream_read_all (G_INPUT_STREAM (input), header, sizeof header, NULL, NULL, NULL);
  g_assert_cmpint (header[0], ==, 0x81);
  length = header[1] & 0x7f;
  g_assert_cmpint (header[1] & 0x80, ==, 0x80);
  g_assert_cmpuint (length, <=, sizeof text);
  g_input_stream_read_all (G_INPUT_STREAM (input), text, length, NULL, NULL, NULL);
  for (gsize i = 0; i < length; i++)
    text[i] ^= header[2 + i % 4];
  g_assert_true (g_strstr_len ((const char *) text, (gssize) length, expected) != NULL);
}

static void
serve (Server *self, GIOStream *tls)
{
  GOutputStream               *output = g_io_stream_get_output_stream (tls);
  g_autoptr (GDataInputStream) input = g_data_input_stream_new (g_io_stream_get_input_stream (tls));
  g_autofree char             *request = read_request (input);
  g_autofree char             *accept = dup_accept (request);
  g_auto (GStrv)               parts = g_strsplit (self->what->head, "%s", 2);
  g_autofree char             *head = g_strjoinv (accept, parts);
  char                         buffer[4096];
  gssize                       n;

  g_assert_true (g_str_has_prefix (request, "GET /ws?a=b HTTP/1.1\r\n"));
  if (strcmp (head, "endless") == 0)
    for (guint i = 0; i < 10000; i++)
      send_bytes (output, "HTTP/1.1", 8);
  else
    send_bytes (output, head, strlen (head));
  if (self->what->pieces[0].kind != KIND_END)
    read_frame (input, "<open xmlns='" FRAMING "' from='romeo@juliet.example' to='juliet.example'");
  for (const Piece *piece = self->what->pieces; piece->kind != KIND_END; piece++)
    if (piece->kind == KIND_FRAME)
      read_frame (input, piece->text);
    else
      send_piece (self, output, piece);
  while ((n = g_input_stream_read (G_INPUT_STREAM (input), buffer, sizeof buffer, NULL, NULL)) > 0)
    self->n_received += (gsize) n;
}

static void
serve_cb (GSocketConnection *connection, gpointer data)
{
  Server                     *self = data;
  g_autoptr (GTlsCertificate) certificate = load_certificate (self->certificate);
  g_autoptr (GIOStream)       tls = NULL;

  self->is_visited = TRUE;
  tls = assert_succeeds (g_tls_server_connection_new, G_IO_STREAM (connection), certificate);
  /* The first handshake fails where the client asks whether the certificate is trusted. */
  if (!g_tls_connection_handshake (G_TLS_CONNECTION (tls), NULL, NULL))
    return;
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (tls), FALSE);
  if (self->what != NULL)
    serve (self, tls);
  g_io_stream_close (G_IO_STREAM (connection), NULL, NULL);
}

/* The certificate is not for 127.0.0.1. */
static gboolean
accept_cb (IBBClient *client, IBBTrustQuestion *question)
{
  g_assert_cmpint (ibb_trust_question_get_errors (question) & G_TLS_CERTIFICATE_BAD_IDENTITY, !=,
                   0);
  ibb_trust_question_accept (question, FALSE);
  return TRUE;
}

static void
server_start (Server *self, const Case *what, const char *certificate, guint other_port)
{
  self->what = what;
  self->certificate = certificate;
  self->other_port = other_port;
  acceptor_start (&self->acceptor, serve_cb, self);
}

static IBBClient *
create_client (guint port)
{
  IBBClient       *client = ibb_client_new ("romeo@juliet.example");
  g_autofree char *uri = g_strdup_printf ("wss://127.0.0.1:%u/ws?a=b", port);

  ibb_client_set_password (client, "secret");
  ibb_client_set_websocket_mode (client, IBB_WEBSOCKET_MODE_ALWAYS);
  ibb_client_set_websocket_uri (client, uri);
  return client;
}

static void
test_case (gconstpointer data)
{
  Server             server = { NULL };
  const Case        *what = data;
  IBBClient         *client;
  g_autoptr (GError) error = NULL;

  server_start (&server, what, "juliet.pem", 0);
  client = create_client (server.acceptor.port);
  g_signal_connect (client, "trust-requested", G_CALLBACK (accept_cb), NULL);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_true (g_error_matches (error, what->is_io ? G_IO_ERROR : IBB_ERROR, what->code));
  g_assert_nonnull (strstr (error->message, what->words));
  drop_client (client);
  acceptor_stop (&server.acceptor);
  /* Of many pings few are answered: each time the last one that has come. */
  g_assert_cmpuint (server.n_received, <, 200000);
}

#define CLOSE(uri) "<close xmlns='" FRAMING "' see-other-uri='" uri "'/>"
#define THIS_HOST "wss://127.0.0.1:PORT/ws?a=b"
#define LONG_QUERY(x) x x x x x x x x x x x x x x x x
#define PLAIN                                                                                      \
  "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>"                              \
  "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>" \
  "</stream:features>"
#define SENDS_TO(uri)                                                                              \
  {                                                                                                \
    "", GOOD_HEAD, { TEXT (OPEN), { KIND_OTHER, CLOSE (uri), 0 } }, 0, FALSE, ""                   \
  }

/* Servers that send the client from one to the next. */
static const Case sends_on = SENDS_TO (THIS_HOST);
static const Case sends_to_ws = SENDS_TO ("ws://127.0.0.1:PORT/ws?a=b");
static const Case sends_to_https = SENDS_TO ("https://127.0.0.1:PORT/ws?a=b");
static const Case sends_nowhere = SENDS_TO ("");
static const Case sends_far = SENDS_TO (THIS_HOST LONG_QUERY (LONG_QUERY ("0123456789abcdef")));
static const Case sends_on_late = {
  "",
  GOOD_HEAD,
  { TEXT (OPEN),
    TEXT (PLAIN),
    { KIND_FRAME, "<auth", 0 },
    TEXT ("<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"),
    { KIND_FRAME, "<open", 0 },
    TEXT (OPEN),
    { KIND_OTHER, CLOSE (THIS_HOST), 0 } },
  0,
  FALSE,
  "",
};

typedef struct
{
  const char *name;
  const Case *sends; /* what the first servers do; the last one offers nothing to use */
  guint       n_servers;
  guint       n_visited;
  const char *certificate; /* of the second server and those after it */
  GQuark (*domain) (void);
  int code;
} Redirect;

#define NOT_FOLLOWED 1, "juliet.pem", g_io_error_quark, G_IO_ERROR_CONNECTION_CLOSED
#define UNTRUSTED g_tls_error_quark, G_TLS_ERROR_BAD_CERTIFICATE

static const Redirect redirects[] = {
  { "see-other-uri", &sends_on, 2, 2, "juliet.pem", ibb_error_quark, IBB_ERROR_AUTHENTICATION },
  { "three", &sends_on, 4, 4, "juliet.pem", ibb_error_quark, IBB_ERROR_AUTHENTICATION },
  { "four", &sends_on, 5, 4, "juliet.pem", g_io_error_quark, G_IO_ERROR_CONNECTION_CLOSED },
  { "other-name", &sends_on, 2, 2, "romeo.pem", UNTRUSTED },
  { "other-authority", &sends_on, 2, 2, "stranger.pem", UNTRUSTED },
  { "ws", &sends_to_ws, 2, NOT_FOLLOWED },
  { "https", &sends_to_https, 2, NOT_FOLLOWED },
  { "empty", &sends_nowhere, 2, NOT_FOLLOWED },
  { "long", &sends_far, 2, NOT_FOLLOWED },
  { "late", &sends_on_late, 2, NOT_FOLLOWED },
};

#define MAX_SERVERS 5

static gboolean
accept_first_cb (IBBClient *client, IBBTrustQuestion *question, guint *n_asked)
{
  (*n_asked)++;
  ibb_trust_question_accept (question, FALSE);
  return TRUE;
}

/* The application is asked about the first one only. Those after it need a certificate that is
 * trusted for the domain of the account, here on the host 127.0.0.1. */
static void
test_redirect (gconstpointer data)
{
  const Redirect          *what = data;
  Server                   servers[MAX_SERVERS] = { { NULL } };
  const Case              *last = what->domain == g_tls_error_quark ? NULL : &cases[0];
  g_autofree char         *path = get_certificate_path ("authority.crt");
  g_autoptr (GTlsDatabase) database = assert_succeeds (g_tls_file_database_new, path);
  g_autoptr (GError)       error = NULL;
  IBBClient               *client;
  guint                    n_asked = 0, n_visited = 0;

  for (guint i = what->n_servers; i-- > 0;)
    server_start (&servers[i], i + 1 < what->n_servers ? what->sends : last,
                  i == 0 ? "alone-1.pem" : what->certificate,
                  i + 1 < what->n_servers ? servers[i + 1].acceptor.port : 0);
  client = create_client (servers[0].acceptor.port);
  ibb_client_set_tls_database (client, database);
  g_signal_connect (client, "trust-requested", G_CALLBACK (accept_first_cb), &n_asked);

  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_test_message ("%s", error->message);
  g_assert_true (g_error_matches (error, what->domain (), what->code));
  g_assert_true (what->sends != &sends_to_ws ||
                 strstr (error->message, "“ws://127.0.0.1:") != NULL);
  g_assert_cmpuint (n_asked, ==, 1);
  drop_client (client);
  for (guint i = 0; i < what->n_servers; i++)
    {
      acceptor_stop (&servers[i].acceptor);
      n_visited += servers[i].is_visited;
    }
  g_assert_cmpuint (n_visited, ==, what->n_visited);
}

static void
test_bad_uri (void)
{
  IBBClient *client = ibb_client_new ("romeo@juliet.example");

  ibb_client_set_websocket_mode (client, IBB_WEBSOCKET_MODE_ALWAYS);
  ibb_client_set_websocket_uri (client, "ws://127.0.0.1/");
  assert_login_fails (client, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT);
  drop_client (client);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/websocket/", cases[i].name, NULL);

      g_test_add_data_func (path, &cases[i], test_case);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (redirects); i++)
    {
      g_autofree char *path = g_strconcat ("/ibb/client/websocket/other/", redirects[i].name, NULL);

      g_test_add_data_func (path, &redirects[i], test_redirect);
    }
  g_test_add_func ("/ibb/client/websocket/bad-uri", test_bad_uri);
  return g_test_run ();
}
