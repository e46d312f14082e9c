/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ceiling of a path: one end of a transfer that encodes once, decodes nothing, and
 * knows of XMPP what the server has to see. compare.py runs two of them.
 *
 *   raw --receive            prints "ready"; acknowledges what comes, until it is closed
 *   raw --window N --size N  sends blocks, so many at a time; prints the seconds
 *   raw --window 0 --size N  sends blocks as long as the socket takes them
 *
 * Where to log in is told by the variables of tests/lib/private_server.py.
 */

#include <errno.h>
#include <glib.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <sys/socket.h>

#define READ_SIZE 65536
#define BLOCKS_MAX 16 /* that are written at once */
#define SID "ceiling"

static gboolean receives = FALSE;
static int      window = 4;
static int      block_size = 4096;
static gint64   size = 0;
static int      port = 0;

static const GOptionEntry entries[] = {
  { "receive", 0, 0, G_OPTION_ARG_NONE, &receives, "Receive", NULL },
  { "window", 0, 0, G_OPTION_ARG_INT, &window, "Blocks in flight at most, or 0", "BLOCKS" },
  { "block-size", 0, 0, G_OPTION_ARG_INT, &block_size, "Bytes in a block", "BYTES" },
  { "size", 0, 0, G_OPTION_ARG_INT64, &size, "How much to send", "BYTES" },
  { "port", 0, 0, G_OPTION_ARG_INT, &port, "Another port than the server's", "PORT" },
  G_OPTION_ENTRY_NULL,
};

typedef struct
{
  int      fd;
  GString *input; /* what was read and not yet used */
} Connection;

/* The system acknowledges at once what arrives, as IBBXmppClient has it do: else a server
 * that leaves Nagle's algorithm on waits. */
static void
hurry (Connection *self)
{
  int on = 1;

  setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  setsockopt (self->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

static void
connect_to (Connection *self, const char *host, int to_port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons ((guint16) to_port) };

  if (inet_pton (AF_INET, host, &address.sin_addr) != 1)
    g_error ("%s is not an address", host);
  self->input = g_string_new (NULL);
  self->fd = socket (AF_INET, SOCK_STREAM, 0);
  if (connect (self->fd, (struct sockaddr *) &address, sizeof address) != 0)
    g_error ("%s:%d: %s", host, to_port, g_strerror (errno));
  hurry (self);
}

static void
send_all (Connection *self, const char *text, gsize length)
{
  while (length > 0)
    {
      ssize_t n = write (self->fd, text, length);

      if (n < 0)
        g_error ("write: %s", g_strerror (errno));
      text += n;
      length -= (gsize) n;
    }
}

static void
read_some (Connection *self)
{
  char    bytes[READ_SIZE];
  ssize_t n = read (self->fd, bytes, sizeof bytes);

  if (n <= 0)
    g_error ("the server closed the connection: %s", self->input->str);
  g_string_append_len (self->input, bytes, n);
  hurry (self);
}

G_GNUC_PRINTF (3, 4)
static void
ask (Connection *self, const char *until, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list          arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  send_all (self, text, strlen (text));
  while (strstr (self->input->str, until) == NULL)
    read_some (self);
  g_string_truncate (self->input, 0);
}

static const char *
get_setting (const char *name)
{
  const char *value = g_getenv (name);

  if (value == NULL)
    g_error ("%s is not set", name);
  return value;
}

static void
log_in (Connection *self, const char *jid, const char *password)
{
  const char      *domain = strchr (jid, '@') + 1;
  g_autofree char *header = g_strdup_printf (
      "<?xml version='1.0'?><stream:stream to='%s' version='1.0' xmlns='jabber:client' "
      "xmlns:stream='http://etherx.jabber.org/streams'>",
      domain);
  g_autofree char    *name = g_strndup (jid, (gsize) (domain - jid) - 1);
  g_autoptr (GString) plain = g_string_new (NULL);
  g_autofree char    *secret = NULL;

  connect_to (self, get_setting ("IBB_TEST_HOST"),
              port > 0 ? port : atoi (get_setting ("IBB_TEST_PLAIN_PORT")));
  g_string_append_c (plain, '\0');
  g_string_append (plain, name);
  g_string_append_c (plain, '\0');
  g_string_append (plain, password);
  secret = g_base64_encode ((const guchar *) plain->str, plain->len);

  ask (self, "</stream:features>", "%s", header);
  ask (self, "<success",
       "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>", secret);
  ask (self, "</stream:features>", "%s", header);
  ask (self, "</iq>",
       "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
       "<resource>raw</resource></bind></iq>");
}

/* The value of an attribute of the tag that begins there. No attribute has a '>'. */
static char *
find_attribute (const char *tag, const char *name)
{
  const char *end = strchr (tag, '>');
  gsize       length = strlen (name);

  for (const char *at = strchr (tag, ' '); at != NULL && at < end; at = strchr (at, ' '))
    {
      at++;
      if (strncmp (at, name, length) == 0 && at[length] == '=')
        {
          const char *value = at + length + 2;

          return g_strndup (value, (gsize) (strchr (value, at[length + 1]) - value));
        }
    }
  g_error ("no %s in %.200s", name, tag);
}

/* The next stanza from at on, or NULL while it is not complete. */
static const char *
find_iq (const char *at, const char **end)
{
  const char *start = strstr (at, "<iq");
  const char *tag_end = start != NULL ? strchr (start, '>') : NULL;

  if (tag_end == NULL)
    return NULL;
  if (tag_end[-1] == '/')
    *end = tag_end + 1;
  else
    {
      const char *last = strstr (tag_end, "</iq>");

      if (last == NULL)
        return NULL;
      *end = last + strlen ("</iq>");
    }
  return start;
}

static gboolean
acknowledge (Connection *self, const char *stanza, const char *end)
{
  g_autofree char *id = find_attribute (stanza, "id");
  g_autofree char *from = find_attribute (stanza, "from");
  g_autofree char *answer = g_strdup_printf ("<iq type='result' id='%s' to='%s'/>", id, from);
  gboolean         goes_on = g_strstr_len (stanza, end - stanza, "<close") == NULL;

  send_all (self, answer, strlen (answer));
  return goes_on;
}

static void
receive (Connection *self)
{
  gboolean goes_on = TRUE;

  g_print ("ready\n");
  while (goes_on)
    {
      const char *at = self->input->str;
      const char *stanza, *end;

      while (goes_on && (stanza = find_iq (at, &end)) != NULL)
        {
          goes_on = acknowledge (self, stanza, end);
          at = end;
        }
      g_string_erase (self->input, 0, at - self->input->str);
      if (goes_on)
        read_some (self);
    }
}

/* How many stanzas have been answered with a result. */
static guint
take_results (Connection *self)
{
  const char *at = self->input->str;
  const char *stanza, *end;
  guint       n = 0;

  while ((stanza = find_iq (at, &end)) != NULL)
    {
      g_autofree char *type = find_attribute (stanza, "type");

      if (strcmp (type, "result") != 0)
        g_error ("%.*s", (int) (end - stanza), stanza);
      at = end;
      n++;
    }
  g_string_erase (self->input, 0, at - self->input->str);
  return n;
}

typedef struct
{
  const char *middle; /* of each block, from its id to its number */
  const char *tail;
  gint64      n_blocks;
  gint64      n_sent; /* put into output */
  gint64      n_acknowledged;
  GString    *output;
} Transfer;

static gboolean
may_send (const Transfer *self)
{
  return self->n_sent < self->n_blocks &&
         (window == 0 || self->n_sent - self->n_acknowledged < window);
}

static void
fill (Transfer *self)
{
  for (guint n = 0; n < BLOCKS_MAX && may_send (self); n++)
    {
      g_string_append_printf (self->output, "<iq type='set' id='b%" G_GINT64_FORMAT "%s%d%s",
                              self->n_sent, self->middle, (int) (self->n_sent & 0xffff),
                              self->tail);
      self->n_sent++;
    }
}

/* Sends as much as the socket takes. */
static void
flush (Transfer *self, Connection *connection)
{
  ssize_t n = send (connection->fd, self->output->str, self->output->len, MSG_DONTWAIT);

  if (n < 0 && errno != EAGAIN)
    g_error ("send: %s", g_strerror (errno));
  if (n > 0)
    g_string_erase (self->output, 0, n);
}

/* While there is more to send, the program does not wait for acknowledgements. */
static gboolean
can_read (const Transfer *self, Connection *connection)
{
  struct pollfd poll_fd = { connection->fd, POLLIN, 0 };

  if (self->output->len == 0 && !may_send (self))
    return TRUE;
  poll_fd.events |= POLLOUT;
  poll (&poll_fd, 1, -1);
  return (poll_fd.revents & ~POLLOUT) != 0;
}

static void
send_blocks (Transfer *self, Connection *connection)
{
  while (self->n_acknowledged < self->n_blocks)
    {
      if (self->output->len == 0)
        fill (self);
      if (self->output->len > 0)
        flush (self, connection);
      if (can_read (self, connection))
        {
          read_some (connection);
          self->n_acknowledged += take_results (connection);
        }
    }
}

static void
transfer (Connection *self, const char *peer)
{
  g_autofree guint8 *bytes = g_malloc0 ((gsize) block_size);
  g_autofree char   *text = g_base64_encode (bytes, (gsize) block_size);
  g_autofree char   *middle = g_strdup_printf (
        "' to='%s'><data xmlns='http://jabber.org/protocol/ibb' sid='" SID "' seq='", peer);
  g_autofree char    *tail = g_strdup_printf ("'>%s</data></iq>", text);
  g_autoptr (GString) output = g_string_new (NULL);
  Transfer            blocks = { middle, tail, .output = output };
  gint64              begin;

  blocks.n_blocks = (size + block_size - 1) / block_size;
  ask (self, "result",
       "<iq type='set' id='open' to='%s'><open xmlns='http://jabber.org/protocol/ibb' "
       "block-size='%d' sid='" SID "'/></iq>",
       peer, block_size);
  begin = g_get_monotonic_time ();
  send_blocks (&blocks, self);
  g_print ("%.6f\n", (double) (g_get_monotonic_time () - begin) / G_USEC_PER_SEC);
  ask (self, "result",
       "<iq type='set' id='close' to='%s'><close xmlns='http://jabber.org/protocol/ibb' "
       "sid='" SID "'/></iq>",
       peer);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  g_autofree char           *peer = g_strdup_printf ("%s/raw", get_setting ("IBB_TEST_BOB"));
  Connection                 connection;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || (!receives && size <= 0))
    {
      g_printerr ("%s\n", error != NULL ? error->message : "--receive or --size is needed");
      return 2;
    }

  if (receives)
    log_in (&connection, get_setting ("IBB_TEST_BOB"), get_setting ("IBB_TEST_BOB_PASSWORD"));
  else
    log_in (&connection, get_setting ("IBB_TEST_ALICE"), get_setting ("IBB_TEST_ALICE_PASSWORD"));
  if (receives)
    receive (&connection);
  else
    transfer (&connection, peer);
  close (connection.fd);
  g_string_free (connection.input, TRUE);
  return EXIT_SUCCESS;
}
