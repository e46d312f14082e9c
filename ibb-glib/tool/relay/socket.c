/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* O_PATH */

#include "config.h"

#include "tool/relay/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixsocketaddress.h>
#include <glib/gi18n.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PREFIX "unix:"
#define PATH_BYTES (sizeof ((struct sockaddr_un *) NULL)->sun_path - 1)
#define OWNER_ONLY (S_IRUSR | S_IWUSR)
#define LOCK_ATTEMPTS 100
#define LOCK_INTERVAL 10000 /* µs */

const char *
tool_socket_get_path (const char *text)
{
  return g_str_has_prefix (text, PREFIX) ? text + strlen (PREFIX) : NULL;
}

GSocketAddress *
tool_socket_new_address (const char *path, GError **error)
{
  if (*path == '\0')
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                         _ ("the path of the socket is missing in “unix:”"));
  else if (strlen (path) > PATH_BYTES)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FILENAME_TOO_LONG,
                 _ ("the path of a socket has %u bytes at most: “%s” is too long"),
                 (guint) PATH_BYTES, path);
  else
    return g_unix_socket_address_new (path);
  return NULL;
}

static gboolean
set_error (GError **error, int failure)
{
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (failure), g_strerror (failure));
  return FALSE;
}

/* Two commands that find the same stale file could each remove the new file of the other. Returns a
 * descriptor, or -1 with errno. The command waits a second for the lock, which any program can hold
 * for ever, and then goes on without the lock. */
static int
lock_folder (const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  int              fd = open (folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  for (guint i = 0; fd >= 0 && i < LOCK_ATTEMPTS; i++)
    {
      if (flock (fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
        break;
      g_usleep (LOCK_INTERVAL);
    }
  return fd;
}

/* Whether a process has a socket at the file. The system compares the kinds of two sockets only if
 * there is one, and so a stream at which somebody listens does not notice this datagram socket. */
static gboolean
is_in_use (int file)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int                fd = socket (AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  gboolean           refused;

  if (fd < 0)
    return TRUE;
  g_snprintf (address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", file);
  refused = connect (fd, (const struct sockaddr *) &address, sizeof address) != 0 &&
            errno == ECONNREFUSED;
  close (fd);
  return !refused;
}

static gboolean
is_same (const struct stat *a, const struct stat *b)
{
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* file is a descriptor of what has the name path. */
static gboolean
remove_stale (int file, const char *path, GError **error)
{
  struct stat info, now;

  if (fstat (file, &info) != 0)
    return set_error (error, errno);
  if (!S_ISSOCK (info.st_mode))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_EXISTS,
                           _ ("there is something that is not a socket"));
      return FALSE;
    }
  if (is_in_use (file))
    return set_error (error, EADDRINUSE);
  if (lstat (path, &now) != 0 || !is_same (&info, &now))
    return set_error (error, EADDRINUSE);
  return unlink (path) == 0 || set_error (error, errno);
}

static gboolean
make_room (const char *path, GError **error)
{
  int      file = open (path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  gboolean removed;

  if (file < 0)
    return errno == ENOENT || set_error (error, errno);
  removed = remove_stale (file, path, error);
  close (file);
  return removed;
}

/* The file has the permissions of the descriptor from its first moment on. */
static gboolean
bind_file (GSocket        *socket,
           GSocketAddress *address,
           const char     *path,
           ToolSocketFile *file,
           GError        **error)
{
  if (fchmod (g_socket_get_fd (socket), OWNER_ONLY) != 0)
    return set_error (error, errno);
  if (!g_socket_bind (socket, address, FALSE, error))
    return FALSE;
  if (lstat (path, &file->info) != 0)
    return set_error (error, errno);
  file->path = g_strdup (path);
  return g_socket_listen (socket, error);
}

GSocket *
tool_socket_listen (const char *path, int backlog, ToolSocketFile *file, GError **error)
{
  g_autoptr (GSocketAddress) address = tool_socket_new_address (path, error);
  g_autoptr (GSocket)        socket = NULL;
  gboolean                   listens = FALSE;
  int                        lock;

  if (address == NULL)
    return NULL;
  lock = lock_folder (path);
  if (lock < 0)
    set_error (error, errno);
  else
    socket =
        g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  if (socket != NULL)
    {
      g_socket_set_listen_backlog (socket, backlog);
      listens = make_room (path, error) && bind_file (socket, address, path, file, error);
    }
  if (lock >= 0)
    close (lock);
  if (listens)
    return g_steal_pointer (&socket);
  tool_socket_file_clear (file);
  g_prefix_error (error, /* Translators: a reason follows */
                  _ ("Cannot listen at “%s”: "), path);
  return NULL;
}

void
tool_socket_file_clear (ToolSocketFile *file)
{
  struct stat now;

  if (file->path != NULL && lstat (file->path, &now) == 0 && is_same (&file->info, &now))
    unlink (file->path);
  g_clear_pointer (&file->path, g_free);
}

/* An interactive session needs no delay, and a dead network has to be noticed. A socket file has
 * neither, and refuses the last option. */
void
tool_socket_prepare (GSocketConnection *connection)
{
  GSocket *socket = g_socket_connection_get_socket (connection);

  g_socket_set_timeout (socket, 0);
  g_socket_set_keepalive (socket, TRUE);
  g_socket_set_option (socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
}

/* The program at the other end reads an error, not an end of file: of a socket file only if it has
 * sent what nobody has read. */
void
tool_socket_reset (GSocketConnection *connection)
{
  GSocket            *socket = g_socket_connection_get_socket (connection);
  const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

  if (!g_socket_is_closed (socket))
    setsockopt (g_socket_get_fd (socket), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  g_socket_close (socket, NULL);
}
