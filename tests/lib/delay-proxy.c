/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A TCP proxy on the loopback interface that holds everything back for a while.
 *
 *   delay-proxy DELAY PORT
 *
 * connects whoever comes to PORT of 127.0.0.1, DELAY milliseconds later each
 * way, and prints the port on which it listens. When its standard input ends it
 * prints, in one line, how many data blocks of XEP-0047 clients sent and how
 * many were unanswered at most (which it sees where there is no TLS), and ends.
 */

#define _GNU_SOURCE /* ppoll, accept4 */

#include "config.h"

#include <glib.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (64 * 1024)
#define MAX_HELD (64 * 1024 * 1024)

/* Finds a text in a stream that comes in pieces. */
typedef struct
{
  const char *text;
  gsize       matched;
} Finder;

typedef struct
{
  gint64 due;
  gsize  length;
  gsize  offset;
  char   data[];
} Chunk;

/* One direction of a connection. */
typedef struct
{
  int      from;
  int      to;
  GQueue   chunks; /* (owned) (element-type Chunk) */
  gsize    held;
  gboolean ended; /* nothing more to read */
  gboolean done;  /* and all of it was written */
  Finder   finder;
  guint64  n_found;
} Direction;

typedef struct
{
  int       client;
  int       server;
  Direction up;
  Direction down;
  gint64    n_before; /* results before the first block */
} Link;

static guint64 n_blocks;
static gint64  max_unanswered;

static guint
finder_count (Finder *finder, const char *data, gsize length)
{
  guint n = 0;

  /* No text here has its own beginning within it, so falling back to the first
   * character is enough. */
  for (gsize i = 0; i < length; i++)
    {
      if (data[i] != finder->text[finder->matched])
        finder->matched = 0;
      if (data[i] == finder->text[finder->matched] && finder->text[++finder->matched] == '\0')
        {
          finder->matched = 0;
          n++;
        }
    }
  return n;
}

static void
prepare_socket (int fd)
{
  const int on = 1;

  setsockopt (fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static int
connect_to (guint16 port)
{
  struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons (port) };
  int                fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd >= 0 && connect (fd, (struct sockaddr *) &address, sizeof address) != 0)
    {
      close (fd);
      return -1;
    }
  return fd;
}

static int
listen_somewhere (guint16 *port)
{
  struct sockaddr_in address = { .sin_family = AF_INET };
  socklen_t          length = sizeof address;
  int                fd = socket (AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

  address.sin_addr.s_addr = htonl (INADDR_LOOPBACK);
  if (fd < 0 || bind (fd, (struct sockaddr *) &address, sizeof address) != 0 ||
      listen (fd, 16) != 0 || getsockname (fd, (struct sockaddr *) &address, &length) != 0)
    g_error ("no port to listen on: %s", g_strerror (errno));
  *port = ntohs (address.sin_port);
  return fd;
}

static void
link_count (Link *link, Direction *direction, const char *data, gsize length)
{
  direction->n_found += finder_count (&direction->finder, data, length);
  if (direction == &link->up)
    {
      if (link->n_before < 0 && link->up.n_found > 0)
        link->n_before = (gint64) link->down.n_found;
      if (link->n_before >= 0)
        max_unanswered = MAX (max_unanswered, (gint64) link->up.n_found -
                                                  ((gint64) link->down.n_found - link->n_before));
    }
}

static void
direction_read (Link *link, Direction *self, gint64 delay)
{
  Chunk  *chunk = g_malloc (sizeof (Chunk) + CHUNK);
  ssize_t n = recv (self->from, chunk->data, CHUNK, MSG_DONTWAIT);

  if (n > 0)
    {
      chunk->due = g_get_monotonic_time () + delay;
      chunk->length = (gsize) n;
      chunk->offset = 0;
      link_count (link, self, chunk->data, chunk->length);
      self->held += chunk->length;
      g_queue_push_tail (&self->chunks, g_realloc (chunk, sizeof (Chunk) + chunk->length));
      return;
    }
  g_free (chunk);
  if (n == 0 || (errno != EAGAIN && errno != EINTR))
    self->ended = TRUE;
}

static void
direction_write (Direction *self, gint64 now)
{
  Chunk *chunk;

  while ((chunk = g_queue_peek_head (&self->chunks)) != NULL && chunk->due <= now)
    {
      ssize_t n = send (self->to, chunk->data + chunk->offset, chunk->length - chunk->offset,
                        MSG_DONTWAIT | MSG_NOSIGNAL);

      if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
      if (n < 0)
        {
          g_queue_clear_full (&self->chunks, g_free);
          self->ended = TRUE;
          break;
        }
      chunk->offset += (gsize) n;
      self->held -= (gsize) n;
      if (chunk->offset == chunk->length)
        g_free (g_queue_pop_head (&self->chunks));
    }
  if (self->ended && !self->done && g_queue_is_empty (&self->chunks))
    {
      shutdown (self->to, SHUT_WR);
      self->done = TRUE;
    }
}

/* When there is something to write, or -1. */
static gint64
direction_get_due (const Direction *self)
{
  const Chunk *chunk = g_queue_peek_head ((GQueue *) &self->chunks);

  return chunk != NULL ? chunk->due : -1;
}

static Link *
link_new (int client, guint16 port)
{
  Link *self = g_new0 (Link, 1);

  self->client = client;
  self->server = connect_to (port);
  if (self->server < 0)
    {
      close (client);
      g_free (self);
      return NULL;
    }
  prepare_socket (self->client);
  prepare_socket (self->server);
  self->up = (Direction){ .from = self->client, .to = self->server, .finder = { "<data ", 0 } };
  self->down = (Direction){ .from = self->server, .to = self->client, .finder = { "result", 0 } };
  g_queue_init (&self->up.chunks);
  g_queue_init (&self->down.chunks);
  self->n_before = -1;
  return self;
}

static void
link_free (gpointer data)
{
  Link *self = data;

  n_blocks += self->up.n_found;
  g_queue_clear_full (&self->up.chunks, g_free);
  g_queue_clear_full (&self->down.chunks, g_free);
  close (self->client);
  close (self->server);
  g_free (self);
}

static void
add_polls (GArray *polls, const Direction *direction, gint64 now, gint64 *wait)
{
  gint64        due = direction_get_due (direction);
  struct pollfd in = { .fd = direction->from };
  struct pollfd out = { .fd = direction->to };

  /* A negative number makes poll () pass over it. */
  if (direction->ended || direction->held >= MAX_HELD)
    in.fd = -1;
  else
    in.events = POLLIN;
  if (due >= 0 && due <= now)
    out.events = POLLOUT;
  else
    out.fd = -1;
  if (due > now)
    *wait = *wait < 0 ? due - now : MIN (*wait, due - now);
  g_array_append_val (polls, in);
  g_array_append_val (polls, out);
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) links = g_ptr_array_new_with_free_func (link_free);
  g_autoptr (GArray)    polls = g_array_new (FALSE, TRUE, sizeof (struct pollfd));
  gint64                delay;
  guint16               port;
  guint16               target;
  int                   listener;

  if (argc != 3)
    {
      g_printerr ("usage: %s DELAY PORT\n", argv[0]);
      return 2;
    }
  delay = g_ascii_strtoll (argv[1], NULL, 10) * 1000;
  target = (guint16) g_ascii_strtoull (argv[2], NULL, 10);
  listener = listen_somewhere (&port);
  g_print ("%u\n", port);

  while (TRUE)
    {
      struct pollfd   first[2] = { { .fd = listener, .events = POLLIN },
                                   { .fd = STDIN_FILENO, .events = POLLIN } };
      gint64          wait = -1;
      gint64          now = g_get_monotonic_time ();
      struct timespec timeout;
      char            byte;

      g_array_set_size (polls, 0);
      g_array_append_vals (polls, first, 2);
      for (guint i = 0; i < links->len; i++)
        {
          Link *link = g_ptr_array_index (links, i);

          add_polls (polls, &link->up, now, &wait);
          add_polls (polls, &link->down, now, &wait);
        }
      timeout.tv_sec = wait / G_USEC_PER_SEC;
      timeout.tv_nsec = (wait % G_USEC_PER_SEC) * 1000;
      if (ppoll ((struct pollfd *) (void *) polls->data, polls->len, wait >= 0 ? &timeout : NULL,
                 NULL) < 0 &&
          errno != EINTR)
        g_error ("ppoll: %s", g_strerror (errno));

      if (g_array_index (polls, struct pollfd, 1).revents != 0 &&
          read (STDIN_FILENO, &byte, 1) <= 0)
        break;
      now = g_get_monotonic_time ();
      for (guint i = links->len; i-- > 0;)
        {
          Link *link = g_ptr_array_index (links, i);
          guint at = 2 + 4 * i;

          if (g_array_index (polls, struct pollfd, at).revents != 0)
            direction_read (link, &link->up, delay);
          if (g_array_index (polls, struct pollfd, at + 2).revents != 0)
            direction_read (link, &link->down, delay);
          direction_write (&link->up, now);
          direction_write (&link->down, now);
          if (link->up.done && link->down.done)
            g_ptr_array_remove_index (links, i);
        }
      if (g_array_index (polls, struct pollfd, 0).revents != 0)
        {
          int   client = accept4 (listener, NULL, NULL, SOCK_CLOEXEC);
          Link *link = client >= 0 ? link_new (client, target) : NULL;

          if (link != NULL)
            g_ptr_array_add (links, link);
        }
    }

  g_ptr_array_set_size (links, 0);
  g_print ("%" G_GUINT64_FORMAT " blocks, at most %" G_GINT64_FORMAT " unanswered\n", n_blocks,
           max_unanswered);
  return 0;
}
