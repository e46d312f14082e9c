/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a server carries at most: two bare sockets, prepared stanzas, no library.
 *
 *   tests/lib/prosody.py -- ceiling [--size MIB] [--block BYTES] [--window BLOCKS]
 *
 * One process sends IQs the size of a data block with so many in flight, a
 * second one answers each. Prints one JSON object. A figure of ibb-glib means
 * something beside one of these from the same run.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct
{
  int      fd;
  GString *in;
  GString *out;
  char    *jid;
} Raw;

static int      size_mib = 32;
static int      block_size = 4096;
static int      window = 4;
static gboolean delayed_ack = FALSE;

static const GOptionEntry entries[] = {
  { "size", 0, 0, G_OPTION_ARG_INT, &size_mib, "How much to send", "MIB" },
  { "block", 0, 0, G_OPTION_ARG_INT, &block_size, "Bytes in a block", "BYTES" },
  { "window", 0, 0, G_OPTION_ARG_INT, &window, "Blocks in flight", "BLOCKS" },
  { "delayed-ack", 0, 0, G_OPTION_ARG_NONE, &delayed_ack, "Do without TCP_QUICKACK", NULL },
  { NULL },
};

static const char *
get_environment (const char *name)
{
  const char *value = g_getenv (name);

  if (value == NULL)
    g_error ("%s is not set: run this beside tests/lib/prosody.py", name);
  return value;
}

static void
flush (Raw *raw)
{
  gsize done = 0;

  while (done < raw->out->len)
    {
      ssize_t n = write (raw->fd, raw->out->str + done, raw->out->len - done);

      if (n <= 0)
        g_error ("write: %s", g_strerror (errno));
      done += (gsize) n;
    }
  g_string_truncate (raw->out, 0);
}

static void
receive (Raw *raw)
{
  char    buffer[65536];
  ssize_t n = read (raw->fd, buffer, sizeof buffer);
  int     on = 1;

  if (n <= 0)
    g_error ("The server closed the connection: %s", raw->in->str);
  if (!delayed_ack)
    setsockopt (raw->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  g_string_append_len (raw->in, buffer, n);
}

static void
expect (Raw *raw, const char *text)
{
  flush (raw);
  while (strstr (raw->in->str, text) == NULL)
    receive (raw);
}

static void
log_in (Raw *raw, const char *name)
{
  struct sockaddr_in     address = { .sin_family = AF_INET };
  g_autofree char       *upper = g_ascii_strup (name, -1);
  g_autofree char       *variable = g_strdup_printf ("IBB_TEST_%s_PASSWORD", upper);
  const char            *password = get_environment (variable);
  g_autoptr (GByteArray) plain = g_byte_array_new ();
  g_autofree char       *encoded = NULL;
  g_autofree char       *header = NULL;
  int                    on = 1;

  /* RFC 4616: no authorization identity, name, password. */
  g_byte_array_append (plain, (const guint8 *) "", 1);
  g_byte_array_append (plain, (const guint8 *) name, (guint) strlen (name) + 1);
  g_byte_array_append (plain, (const guint8 *) password, (guint) strlen (password));
  encoded = g_base64_encode (plain->data, plain->len);

  address.sin_port = htons ((guint16) atoi (get_environment ("IBB_TEST_PLAIN_PORT")));
  inet_pton (AF_INET, get_environment ("IBB_TEST_HOST"), &address.sin_addr);
  raw->fd = socket (AF_INET, SOCK_STREAM, 0);
  if (connect (raw->fd, (struct sockaddr *) &address, sizeof address) != 0)
    g_error ("connect: %s", g_strerror (errno));
  setsockopt (raw->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);

  raw->in = g_string_new (NULL);
  raw->out = g_string_new (NULL);
  header = g_strdup_printf ("<stream:stream to='%s' version='1.0' xmlns='jabber:client' "
                            "xmlns:stream='http://etherx.jabber.org/streams'>",
                            get_environment ("IBB_TEST_DOMAIN"));
  g_string_append (raw->out, header);
  expect (raw, "</stream:features>");
  g_string_append_printf (
      raw->out, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>%s</auth>",
      encoded);
  expect (raw, "<success");
  g_string_truncate (raw->in, 0);
  g_string_append (raw->out, header);
  expect (raw, "</stream:features>");
  g_string_append_printf (raw->out,
                          "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                          "<resource>%s</resource></bind></iq><presence/>",
                          "ceiling");
  expect (raw, "</bind></iq>");
  raw->jid = g_strdup_printf ("%s@%s/ceiling", name, get_environment ("IBB_TEST_DOMAIN"));
  g_string_truncate (raw->in, 0);
}

/* Removes every whole IQ from the input and calls for each. */
static guint
take_stanzas (Raw *raw, const char *kind, void (*func) (Raw *raw, const char *stanza))
{
  char *start = raw->in->str;
  char *end;
  guint n = 0;

  while ((end = memchr (start, '>', (gsize) (raw->in->str + raw->in->len - start))) != NULL)
    {
      char saved;

      if (end[-1] != '/')
        {
          end = strstr (end, "</iq>");
          if (end == NULL)
            break;
          end += 4;
        }
      saved = end[1];
      end[1] = '\0';
      if (strstr (start, kind) != NULL)
        {
          n++;
          if (func != NULL)
            func (raw, start);
        }
      end[1] = saved;
      start = end + 1;
    }
  g_string_erase (raw->in, 0, start - raw->in->str);
  return n;
}

static void
answer (Raw *raw, const char *stanza)
{
  const char *id = strstr (stanza, " id='") + strlen (" id='");

  g_string_append_printf (raw->out, "<iq type='result' to='alice@%s/ceiling' id='%.*s'/>",
                          get_environment ("IBB_TEST_DOMAIN"), (int) strcspn (id, "'"), id);
}

static double
get_cpu (int who)
{
  struct rusage usage;

  getrusage (who, &usage);
  return (double) (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         (double) (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void
run_receiver (int ready, guint n_blocks)
{
  Raw   raw = { 0 };
  guint n = 0;

  log_in (&raw, "bob");
  if (write (ready, "", 1) != 1)
    g_error ("pipe: %s", g_strerror (errno));
  while (n < n_blocks)
    {
      receive (&raw);
      n += take_stanzas (&raw, "type='set'", answer);
      flush (&raw);
    }
}

static void
run_sender (guint n_blocks)
{
  Raw                raw = { 0 };
  g_autofree guint8 *block = g_malloc0 ((gsize) block_size);
  g_autofree char   *text = g_base64_encode (block, (gsize) block_size);
  guint              n_sent = 0;
  guint              n_acked = 0;
  gint64             start;
  double             seconds, cpu;

  log_in (&raw, "alice");
  start = g_get_monotonic_time ();
  cpu = get_cpu (RUSAGE_SELF);
  while (n_acked < n_blocks)
    {
      while (n_sent < n_blocks && n_sent - n_acked < (guint) window)
        {
          g_string_append_printf (raw.out,
                                  "<iq type='set' id='b%u' to='bob@%s/ceiling'>"
                                  "<data xmlns='http://jabber.org/protocol/ibb' sid='s' "
                                  "seq='%u'>",
                                  n_sent, get_environment ("IBB_TEST_DOMAIN"), n_sent & 0xffff);
          g_string_append (raw.out, text);
          g_string_append (raw.out, "</data></iq>");
          n_sent++;
        }
      flush (&raw);
      receive (&raw);
      n_acked += take_stanzas (&raw, "type='result'", NULL);
    }
  seconds = (double) (g_get_monotonic_time () - start) / G_USEC_PER_SEC;
  cpu = get_cpu (RUSAGE_SELF) - cpu;
  wait (NULL);
  g_print ("{ \"window\": %d, \"block_size\": %d, \"goodput_mib_s\": %.3f, "
           "\"send_cpu_s_gib\": %.2f, \"receive_cpu_s_gib\": %.2f }\n",
           window, block_size, size_mib / seconds, cpu * 1024 / size_mib,
           get_cpu (RUSAGE_CHILDREN) * 1024 / size_mib);
}

int
main (int argc, char **argv)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError)         error = NULL;
  guint                      n_blocks;
  int                        ready[2];
  char                       byte;

  g_option_context_add_main_entries (context, entries, NULL);
  if (!g_option_context_parse (context, &argc, &argv, &error) || block_size < 1 || window < 1)
    {
      g_printerr ("ceiling: %s\n", error != NULL ? error->message : "Sizes must be positive");
      return 2;
    }
  n_blocks = (guint) ((gint64) size_mib * 1024 * 1024 / block_size);
  if (pipe (ready) != 0)
    g_error ("pipe: %s", g_strerror (errno));

  switch (fork ())
    {
    case -1:
      g_error ("fork: %s", g_strerror (errno));
    case 0:
      run_receiver (ready[1], n_blocks);
      return 0;
    default:
      if (read (ready[0], &byte, 1) != 1)
        return 1;
      run_sender (n_blocks);
      return 0;
    }
}
