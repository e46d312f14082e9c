/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of the system's disk, as a user who is not root, and the functions built from calls. */

#define _GNU_SOURCE /* O_PATH */

#include "config.h"

#include "base/disk.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../lib/calls.h"
#include "../lib/process.h"

#define NOBODY 65534
#define STRANGER (NOBODY - 1)
#define LINKS_MAX 40

/* The current folder. The user "nobody" may not reach that by an absolute path. */
static int here;

#define assert_fails_with(expected, call)                                                          \
  G_STMT_START                                                                                     \
  {                                                                                                \
    errno = 0;                                                                                     \
    g_assert_cmpint (call, ==, -1);                                                                \
    g_assert_cmpint (errno, ==, expected);                                                         \
  }                                                                                                \
  G_STMT_END

/* Makes a file with the bytes. */
static void
make (const char *name, const char *bytes)
{
  assert_succeeds (g_file_set_contents, name, bytes, -1);
}

static void
assert_content (const char *name, const char *bytes)
{
  g_autofree char *content = NULL;

  assert_succeeds (g_file_get_contents, name, &content, NULL);
  g_assert_cmpstr (content, ==, bytes);
}

/* A program that is started has no copy of the descriptor. */
static void
assert_opened (int fd, int flags)
{
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (fcntl (fd, F_GETFD) & FD_CLOEXEC, ==, FD_CLOEXEC);
  g_assert_cmpint (fcntl (fd, F_GETFL) & (O_ACCMODE | O_PATH), ==, flags);
}

static void
assert_closes (int fd)
{
  g_assert_cmpint (ibb_disk->close (fd), ==, 0);
  assert_fails_with (EBADF, ibb_disk->close (fd));
}

/* A folder that cannot be read can be used by its descriptor. */
static void
test_folders (void)
{
  static const struct
  {
    const char *name;
    mode_t      mode;
    int         flags;
  } folders[] = { { "open", 0700, O_RDONLY },
                  { "write-only", 0300, O_PATH },
                  { "shut", 0100, O_PATH } };

  for (gsize i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      const char *name = folders[i].name;
      int         fds[2];

      g_assert_cmpint (ibb_disk->make_folder_in (here, name, folders[i].mode), ==, 0);
      assert_fails_with (EEXIST, ibb_disk->make_folder_in (here, name, 0700));
      errno = EACCES; /* of an earlier call */
      fds[0] = ibb_disk->open_folder (name);
      errno = EACCES;
      fds[1] = ibb_disk->open_folder_in (here, name);
      for (guint j = 0; j < 2; j++)
        {
          assert_opened (fds[j], folders[i].flags);
          g_assert_cmpint (ibb_disk_sync_folder (fds[j]), ==, 0);
          g_assert_cmpint (ibb_disk->access (fds[j]), ==, i < 2 ? 0 : -1);
          if (folders[i].flags == O_PATH)
            {
              g_assert_null (ibb_disk_list (fds[j], ""));
              g_assert_cmpint (errno, ==, EACCES);
            }
          assert_closes (fds[j]);
        }
      g_assert_cmpint (g_rmdir (name), ==, 0);
    }
  make ("file", "");
  g_assert_cmpint (symlink (".", "link"), ==, 0);
  assert_fails_with (ENOENT, ibb_disk->open_folder ("none"));
  assert_fails_with (ENOENT, ibb_disk->open_folder_in (here, "none"));
  assert_fails_with (ENOTDIR, ibb_disk->open_folder ("file"));
  assert_fails_with (ENOTDIR, ibb_disk->open_folder_in (here, "file"));
  assert_fails_with (ENOTDIR, ibb_disk->open_folder_in (here, "link"));
  assert_closes (ibb_disk->open_folder ("link"));
  g_assert_cmpint (g_unlink ("file") | g_unlink ("link"), ==, 0);
}

static guint n_synced;
static int   sync_failure;

static int
count_sync (int fd)
{
  n_synced++;
  errno = sync_failure;
  return sync_failure != 0 ? -1 : 0;
}

static mode_t
get_mode (const char *name)
{
  struct stat info;

  g_assert_cmpint (ibb_disk->stat (here, name, &info), ==, 0);
  return info.st_mode & 07777;
}

/* Each folder that gets a new name is synchronized, so that a power cut leaves the name. */
static void
test_make_folder (void)
{
  const IBBDisk *system = ibb_disk;
  IBBDisk        disk = *ibb_disk;

  disk.sync = count_sync;
  ibb_disk = &disk;
  n_synced = 0;
  g_assert_cmpint (ibb_disk->make_folder ("a/b/c"), ==, 0);
  g_assert_cmpuint (n_synced, ==, 3);
  g_assert_cmpint (ibb_disk->make_folder ("a/b/c"), ==, 0);
  g_assert_cmpuint (n_synced, ==, 3);
  g_assert_cmpint (get_mode ("a"), ==, 0700);
  g_assert_cmpint (get_mode ("a/b"), ==, 0700);
  g_assert_cmpint (get_mode ("a/b/c"), ==, 0700);
  g_assert_cmpint (g_chmod ("a", 0300), ==, 0);
  g_assert_cmpint (ibb_disk->make_folder ("a/d"), ==, 0);
  g_assert_cmpuint (n_synced, ==, 4);
  g_assert_cmpint (g_chmod ("a", 0500), ==, 0);
  assert_fails_with (EACCES, ibb_disk->make_folder ("a/e"));
  assert_fails_with (EACCES, ibb_disk->make_folder ("a/e/f"));
  make ("file", "");
  assert_fails_with (ENOTDIR, ibb_disk->make_folder ("file/e"));
  g_assert_cmpuint (n_synced, ==, 4);
  sync_failure = EIO;
  assert_fails_with (EIO, ibb_disk->make_folder ("g"));
  sync_failure = 0;
  ibb_disk = system;
  g_assert_cmpint (g_chmod ("a", 0700), ==, 0);
  g_assert_cmpint (g_rmdir ("a/b/c") | g_rmdir ("a/b") | g_rmdir ("a/d") | g_rmdir ("a"), ==, 0);
  g_assert_cmpint (g_rmdir ("g") | g_unlink ("file"), ==, 0);
}

/* A folder without a descriptor that can be synchronized is no error; a disk that fails is one. */
static void
test_sync_folder (void)
{
  static const int ignored[] = { EINVAL, EROFS, EOPNOTSUPP, EACCES };
  const IBBDisk   *system = ibb_disk;
  IBBDisk          disk = *ibb_disk;

  disk.sync = count_sync;
  ibb_disk = &disk;
  for (gsize i = 0; i < G_N_ELEMENTS (ignored); i++)
    {
      sync_failure = ignored[i];
      g_assert_cmpint (ibb_disk_sync_folder (here), ==, 0);
    }
  sync_failure = EIO;
  assert_fails_with (EIO, ibb_disk_sync_folder (here));
  sync_failure = 0;
  ibb_disk = system;
  assert_fails_with (EBADF, ibb_disk->sync (-1));
}

/* What somebody has put in the place of a file neither leads away nor lets a program wait. */
static void
test_open (void)
{
  int    fd = ibb_disk->open (here, "file", TRUE);
  char   bytes[8] = "";
  int    pipe_ends[2];
  mode_t mask = umask (0);

  assert_opened (fd, O_RDWR);
  assert_fails_with (EEXIST, ibb_disk->open (here, "file", TRUE));
  g_assert_cmpint (ibb_disk->write (fd, "abcd", 4, 0), ==, 4);
  g_assert_cmpint (ibb_disk->write (fd, "xy", 2, 1), ==, 2);
  errno = ESPIPE; /* of an earlier call */
  g_assert_cmpint (ibb_disk->read (fd, bytes, sizeof bytes, 2), ==, 2);
  g_assert_cmpstr (bytes, ==, "yd");
  errno = ESPIPE;
  g_assert_cmpint (ibb_disk->read (fd, bytes, sizeof bytes, 4), ==, 0);
  g_assert_cmpint (ibb_disk->sync (fd), ==, 0);
  assert_closes (fd);
  g_assert_cmpint (g_unlink ("file"), ==, 0);
  fd = ibb_disk->open (here, "file", TRUE);
  g_assert_cmpint (get_mode ("file"), ==, 0600);
  umask (mask);
  g_assert_cmpint (ibb_disk->write (fd, "abcd", 4, 0), ==, 4);
  assert_closes (fd);

  g_assert_cmpint (symlink ("file", "link"), ==, 0);
  g_assert_cmpint (mkfifo ("pipe", 0600), ==, 0);
  assert_fails_with (ELOOP, ibb_disk->open (here, "link", FALSE));
  assert_fails_with (ELOOP, ibb_disk->open_to_read (here, "link"));
  assert_fails_with (ENOENT, ibb_disk->open (here, "none", FALSE));
  fd = ibb_disk->open_path ("link");
  assert_opened (fd, O_RDONLY);
  assert_closes (fd);
  fd = ibb_disk->open_to_read (here, "pipe");
  assert_opened (fd, O_RDONLY);
  assert_closes (fd);
  fd = ibb_disk->open (here, "pipe", FALSE);
  assert_opened (fd, O_RDWR);
  assert_closes (fd);
  fd = ibb_disk->open (here, "file", FALSE);
  assert_opened (fd, O_RDWR);
  g_assert_cmpint (ibb_disk->truncate (fd), ==, 0);
  assert_closes (fd);
  assert_content ("file", "");
  g_assert_cmpint (g_unlink ("file") | g_unlink ("link") | g_unlink ("pipe"), ==, 0);

  g_assert_cmpint (pipe (pipe_ends), ==, 0);
  g_assert_cmpint (write (pipe_ends[1], "pipe", 4), ==, 4);
  g_assert_cmpint (ibb_disk->read (pipe_ends[0], bytes, sizeof bytes, 1000), ==, 4);
  g_assert_cmpmem (bytes, 4, "pipe", 4);
  assert_fails_with (EISDIR, ibb_disk->read (here, bytes, sizeof bytes, 0));
  assert_fails_with (EBADF, ibb_disk->read (pipe_ends[1], bytes, sizeof bytes, 0));
  assert_closes (pipe_ends[0]);
  assert_closes (pipe_ends[1]);
}

typedef struct
{
  guint16 tag;
  guint16 permissions;
  guint32 id;
} AclEntry;

/* The permissions that the kernel gives a new file are those that the disk tells. */
static void
assert_new_mode (void)
{
  int folder = ibb_disk->open_folder ("acl");
  int fd = openat (folder, "file", O_WRONLY | O_CREAT | O_EXCL, 0777);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ibb_disk->get_new_mode (folder), ==, get_mode ("acl/file"));
  assert_closes (fd);
  g_assert_cmpint (ibb_disk->unlink (folder, "file"), ==, 0);
  assert_closes (folder);
}

/* The default ACL of a folder counts, and not the umask. */
static void
test_new_mode (void)
{
  /* A user, a group and a mask are optional: the last entry is that of others. */
  static const guint16 tags[] = { 0x01, 0x02, 0x04, 0x08, 0x10, 0x20 };
  mode_t               mask = umask (0);

  g_assert_cmpint (g_mkdir ("acl", 0700), ==, 0);
  for (mode_t i = 0; i <= 077; i++)
    {
      umask (i);
      assert_new_mode ();
    }
  for (guint i = 0; i < 1000; i++)
    {
      gboolean has_mask = g_test_rand_bit ();
      guint32  version = GUINT32_TO_LE (2);
      guint8   acl[sizeof version + sizeof tags / sizeof tags[0] * sizeof (AclEntry)];
      gsize    length = sizeof version;

      memcpy (acl, &version, length);
      for (gsize j = 0; j < G_N_ELEMENTS (tags); j++)
        {
          gboolean has_name = tags[j] == 0x02 || tags[j] == 0x08;
          AclEntry entry = {
            .tag = GUINT16_TO_LE (tags[j]),
            .permissions = GUINT16_TO_LE (g_test_rand_int_range (0, 8)),
            .id = GUINT32_TO_LE (has_name ? 1 : G_MAXUINT32),
          };

          if (!has_mask && (has_name || tags[j] == 0x10))
            continue;
          memcpy (acl + length, &entry, sizeof entry);
          length += sizeof entry;
        }
      if (setxattr ("acl", "system.posix_acl_default", acl, length, 0) != 0)
        {
          g_assert_cmpint (errno, ==, EOPNOTSUPP);
          g_test_skip ("The file system of temporary files has no ACLs");
          break;
        }
      assert_new_mode ();
    }
  umask (mask);
  g_assert_cmpint (g_rmdir ("acl"), ==, 0);
}

/* Only the time of the last change is set. */
static void
test_set_time (void)
{
  struct timespec times[] = { { .tv_sec = 1000 }, { .tv_sec = 2000 } };
  struct stat     info;
  int             fd = ibb_disk->open (here, "file", TRUE);

  g_assert_cmpint (futimens (fd, times), ==, 0);
  g_assert_cmpint (ibb_disk->set_time (fd, 3000), ==, 0);
  g_assert_cmpint (ibb_disk->stat (fd, NULL, &info), ==, 0);
  g_assert_cmpint (info.st_atime, ==, 1000);
  g_assert_cmpint (info.st_mtime, ==, 3000);
  g_assert_cmpint (info.st_mtim.tv_nsec, ==, 0);
  assert_closes (fd);
  assert_fails_with (EBADF, ibb_disk->set_time (-1, 3000));
  g_assert_cmpint (ibb_disk->unlink (here, "file"), ==, 0);
}

static int rename_failure;

static int
fail_rename (int folder, const char *from, const char *to, gboolean replaces)
{
  g_assert_false (replaces);
  errno = rename_failure;
  return -1;
}

static void
assert_renames (void)
{
  make ("from", "new");
  make ("to", "old");
  g_assert_cmpint (ibb_disk_rename_new (here, "from", "to"), ==, EEXIST);
  assert_content ("from", "new");
  assert_content ("to", "old");
  g_assert_cmpint (g_unlink ("to"), ==, 0);
  errno = EINVAL; /* of an earlier call */
  g_assert_cmpint (ibb_disk_rename_new (here, "from", "to"), ==, 0);
  g_assert_cmpint (g_access ("from", F_OK), ==, -1);
  assert_content ("to", "new");
  g_assert_cmpint (ibb_disk_rename_new (here, "from", "to"), ==, ENOENT);
}

/* Where the system cannot rename without a replacement, a link takes the place of that. */
static void
test_rename (void)
{
  const IBBDisk *system = ibb_disk;
  IBBDisk        disk = *ibb_disk;

  assert_renames ();
  make ("from", "newer");
  g_assert_cmpint (ibb_disk->rename (here, "from", "to", TRUE), ==, 0);
  assert_content ("to", "newer");
  disk.rename = fail_rename;
  ibb_disk = &disk;
  rename_failure = EINVAL;
  assert_renames ();
  rename_failure = ENOSYS;
  assert_renames ();
  rename_failure = EACCES;
  make ("from", "");
  g_assert_cmpint (g_unlink ("to"), ==, 0);
  g_assert_cmpint (ibb_disk_rename_new (here, "from", "to"), ==, EACCES);
  g_assert_cmpint (g_access ("to", F_OK), ==, -1);
  g_assert_cmpint (g_unlink ("from"), ==, 0);
  ibb_disk = system;
}

static GPtrArray *
fail_list (int folder, const char *prefix, guint most, int *failure)
{
  *failure = EIO;
  errno = 0;
  return g_ptr_array_new ();
}

static void
test_list (void)
{
  static const char *const names[] = { "list/a1", "list/a2", "list/b", "list/.hidden" };
  static const struct
  {
    const char *prefix;
    guint       most, n;
  } lists[] = { { "", G_MAXUINT, 4 }, { "", 3, 3 },  { "a", G_MAXUINT, 2 }, { "a", 1, 1 },
                { ".", 9, 1 },        { "c", 9, 0 }, { "", 0, 0 } };
  const IBBDisk        *system = ibb_disk;
  IBBDisk               disk = *ibb_disk;
  g_autoptr (GPtrArray) all = NULL;
  int                   folder;
  int                   failure;

  g_assert_cmpint (g_mkdir ("list", 0700), ==, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    make (names[i], "");
  all = ibb_disk_list (here, "list");
  g_assert_cmpuint (all->len, ==, 1);
  g_ptr_array_unref (all);
  folder = ibb_disk->open_folder ("list");
  /* Each list has all names, not those that the one before has left. */
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autoptr (GPtrArray) found = NULL;

      errno = EIO; /* of an earlier call */
      found = ibb_disk->list (folder, lists[i].prefix, lists[i].most, &failure);
      g_assert_cmpint (failure, ==, 0);
      g_assert_cmpuint (found->len, ==, lists[i].n);
      for (guint j = 0; j < found->len; j++)
        g_assert_true (g_str_has_prefix (found->pdata[j], lists[i].prefix));
    }
  all = ibb_disk_list (folder, "");
  g_assert_cmpuint (all->len, ==, G_N_ELEMENTS (names));
  disk.list = fail_list;
  ibb_disk = &disk;
  g_assert_null (ibb_disk_list (folder, ""));
  g_assert_cmpint (errno, ==, EIO);
  ibb_disk = system;
  assert_closes (folder);
  g_assert_null (ibb_disk_list (folder, ""));
  g_assert_cmpint (errno, ==, EBADF);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpint (g_unlink (names[i]), ==, 0);
  g_assert_cmpint (g_rmdir ("list"), ==, 0);
}

/* A folder as the test says; no descriptor: nothing can be said about that. */
static struct stat folder_info;

static int
stat_folder (int fd, const char *name, struct stat *info)
{
  g_assert_null (name);
  *info = folder_info;
  return fd >= 0 ? 0 : -1;
}

/* Where everybody may make entries, one of another user is a trap; that of the owner of the folder
 * is none. */
static void
test_planted (void)
{
  static const struct
  {
    mode_t   mode;
    uid_t    owner; /* of the folder */
    uid_t    user;  /* of the entry */
    gboolean is_planted;
  } entries[] = {
    { 01777, 0, STRANGER, TRUE },      { 01777, 0, 0, FALSE },
    { 01777, 0, NOBODY, FALSE },       { 01777, STRANGER, STRANGER, FALSE },
    { 01775, 0, STRANGER, FALSE },     { 0777, 0, STRANGER, FALSE },
    { 0755, 0, STRANGER, FALSE },      { 01777, NOBODY, NOBODY, FALSE },
    { 01777, NOBODY, STRANGER, TRUE },
  };
  const IBBDisk *system = ibb_disk;
  IBBDisk        disk = *ibb_disk;
  struct stat    entry = { .st_mode = S_IFREG };
  uid_t          user = geteuid ();

  disk.stat = stat_folder;
  ibb_disk = &disk;
  for (gsize i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      folder_info.st_mode = S_IFDIR | entries[i].mode;
      folder_info.st_uid = entries[i].owner == NOBODY ? user : entries[i].owner;
      entry.st_uid = entries[i].user == NOBODY ? user : entries[i].user;
      g_assert_cmpint (ibb_disk_is_planted (here, &entry), ==, entries[i].is_planted);
      g_assert_cmpint (ibb_disk_is_planted_at (".", &entry), ==, entries[i].is_planted);
      g_assert_true (ibb_disk_is_planted (-1, &entry));
      g_assert_true (ibb_disk_is_planted_at ("none", &entry));
      g_assert_cmpint (ibb_disk_is_own (&entry), ==, entry.st_uid == user);
    }
  entry = (struct stat){ .st_mode = S_IFIFO, .st_uid = user };
  g_assert_false (ibb_disk_is_own (&entry));
  ibb_disk = system;
}

static uid_t link_owner;

static int
stat_link (const char *path, struct stat *info)
{
  int result = lstat (path, info);

  info->st_uid = link_owner;
  return result;
}

static void
assert_resolves (const char *path, const char *expected)
{
  g_autofree char *resolved = ibb_disk_resolve (path);

  g_assert_cmpstr (resolved, ==, expected);
}

static void
assert_resolves_not (const char *path, int failure)
{
  g_assert_null (ibb_disk_resolve (path));
  g_assert_cmpint (errno, ==, failure);
}

/* The last name of a path may be a link to a link, which is found from its own folder. */
static void
test_resolve (void)
{
  const IBBDisk   *system = ibb_disk;
  IBBDisk          disk = *ibb_disk;
  g_autofree char *long_target = g_strnfill (4000, '/');

  assert_resolves ("none", "none");
  assert_resolves ("none/file", "none/file");
  make ("file", "");
  assert_resolves ("file", "file");
  assert_resolves_not ("file/none", ENOTDIR);
  g_assert_cmpint (g_mkdir ("below", 0700), ==, 0);
  g_assert_cmpint (symlink ("below/link", "link"), ==, 0);
  g_assert_cmpint (symlink ("../target", "below/link"), ==, 0);
  assert_resolves ("link", "./below/../target");
  g_assert_cmpint (symlink ("/none", "absolute"), ==, 0);
  assert_resolves ("absolute", "/none");
  g_assert_cmpint (symlink (long_target, "long"), ==, 0);
  assert_resolves ("long", long_target);
  for (int i = 0; i < LINKS_MAX; i++)
    {
      g_autofree char *from = g_strdup_printf ("link-%d", i);
      g_autofree char *to = g_strdup_printf ("link-%d", i + 1);

      g_assert_cmpint (symlink (to, from), ==, 0);
    }
  assert_resolves_not ("link-0", ELOOP);
  assert_resolves ("link-1", "./link-40");

  /* A link of somebody else, where everybody may make one. */
  disk.stat_path = stat_link;
  disk.stat = stat_folder;
  folder_info = (struct stat){ .st_mode = S_IFDIR | 01777, .st_uid = STRANGER };
  ibb_disk = &disk;
  link_owner = STRANGER;
  assert_resolves ("absolute", "/none");
  link_owner = STRANGER - 1;
  assert_resolves_not ("absolute", EACCES);
  assert_resolves ("file", "file");
  ibb_disk = system;

  for (int i = 0; i < LINKS_MAX; i++)
    {
      g_autofree char *name = g_strdup_printf ("link-%d", i);

      g_assert_cmpint (g_unlink (name), ==, 0);
    }
  g_assert_cmpint (g_unlink ("below/link") | g_rmdir ("below") | g_unlink ("link"), ==, 0);
  g_assert_cmpint (g_unlink ("absolute") | g_unlink ("long") | g_unlink ("file"), ==, 0);
}

static int lock_failure;

static int
fail_lock (int fd)
{
  errno = lock_failure;
  return -1;
}

/* A lock counts while the file has its name. */
static void
test_lock (void)
{
  static const int no_lock[] = { ENOSYS, EOPNOTSUPP, EINVAL };
  const IBBDisk   *system = ibb_disk;
  IBBDisk          disk = *ibb_disk;
  int              fd = ibb_disk->open (here, "file", TRUE);
  int              other = ibb_disk->open (here, "file", FALSE);

  errno = EINVAL; /* of an earlier call */
  g_assert_cmpint (ibb_disk_lock (here, "file", fd), ==, IBB_DISK_OWN);
  g_assert_cmpint (ibb_disk_lock (here, "file", other), ==, IBB_DISK_USED);
  assert_closes (fd);
  g_assert_cmpint (ibb_disk_lock (here, "file", other), ==, IBB_DISK_OWN);
  g_assert_true (ibb_disk_is_named (here, "file", other));
  g_assert_false (ibb_disk_is_named (here, "file", here));
  g_assert_false (ibb_disk_is_named (here, "file", -1));
  g_assert_cmpint (ibb_disk->link (here, "file", "link"), ==, 0);
  g_assert_cmpint (ibb_disk->unlink (here, "file"), ==, 0);
  g_assert_cmpint (ibb_disk_lock (here, "file", other), ==, IBB_DISK_USED);
  make ("file", "");
  g_assert_cmpint (ibb_disk_lock (here, "file", other), ==, IBB_DISK_USED);
  g_assert_cmpint (ibb_disk_lock (here, "link", other), ==, IBB_DISK_OWN);
  disk.lock = fail_lock;
  ibb_disk = &disk;
  for (gsize i = 0; i < G_N_ELEMENTS (no_lock); i++)
    {
      lock_failure = no_lock[i];
      g_assert_cmpint (ibb_disk_lock (here, "link", other), ==, IBB_DISK_NO_LOCK);
    }
  lock_failure = EIO;
  g_assert_cmpint (ibb_disk_lock (here, "link", other), ==, IBB_DISK_FOREIGN);
  g_assert_cmpint (errno, ==, EIO);
  ibb_disk = system;
  assert_closes (other);
  g_assert_cmpint (g_unlink ("file") | g_unlink ("link"), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = NULL;
  guint            n_descriptors;
  int              status;

  g_test_init (&argc, &argv, NULL);
  folder = assert_succeeds (g_dir_make_tmp, "ibb-disk-XXXXXX");
  g_assert_cmpint (g_chdir (folder), ==, 0);
  /* Root may read and write everything. */
  if (getuid () == 0 && (chown (".", NOBODY, NOBODY) != 0 || seteuid (NOBODY) != 0))
    {
      g_print ("1..0 # SKIP root cannot become nobody\n");
      return g_rmdir (folder);
    }
  here = open (".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  /* The lowest number is a descriptor like any other. */
  close (STDIN_FILENO);
  n_descriptors = process_count_descriptors ();
  g_test_add_func ("/disk/folders", test_folders);
  g_test_add_func ("/disk/make-folder", test_make_folder);
  g_test_add_func ("/disk/sync-folder", test_sync_folder);
  g_test_add_func ("/disk/open", test_open);
  g_test_add_func ("/disk/new-mode", test_new_mode);
  g_test_add_func ("/disk/set-time", test_set_time);
  g_test_add_func ("/disk/rename", test_rename);
  g_test_add_func ("/disk/list", test_list);
  g_test_add_func ("/disk/planted", test_planted);
  g_test_add_func ("/disk/resolve", test_resolve);
  g_test_add_func ("/disk/lock", test_lock);
  status = g_test_run ();
  g_assert_cmpuint (process_count_descriptors (), ==, n_descriptors);
  close (here);
  g_assert_cmpint (seteuid (getuid ()), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
  return status;
}
