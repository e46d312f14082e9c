/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What may be in the folder of received files, whatever happens: a file has its name only if it is
 * whole; what was said to be there is there after a power cut; a part is continued or begun again;
 * nothing else is left, and nothing of others is touched. */

#define _GNU_SOURCE /* unshare (), O_TMPFILE */

#include "config.h"

#include "files/disk/file-name.h"
#include "files/disk/part-file.h"
#include "files/disk/sink.h"
#include "files/move/file-source.h"
#include "schedules.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define SIZE_MAX_SIMULATED 60
#define N_KEYS 2
#define NAME "letter.pdf"
#define NOBODY 65534

/* One who receives a file. Files of one key have the same bytes. */
typedef struct
{
  FakeDisk     *disk;
  guint         key;
  GString      *bytes; /* (unowned) */
  IBBSinkPolicy policy;
  gboolean      goes_on;
  gboolean      keeps;
  guint         step;  /* bytes of a write */
  guint         stops; /* after so many bytes the connection is lost */
  char         *name;  /* (owned) (nullable): the file that was said to be there */
  gboolean      resumed;
  GError       *error;
} Writer;

typedef struct
{
  guint32   seed;
  FakeDisk *disk;
  GString  *bytes[N_KEYS];
  Writer    writers[FAKE_DISK_WRITERS_MAX];
  guint     n_writers;
  gboolean  was_cut;
} Schedule;

static const char *places[] = { NAME, "letter (2).pdf", NULL, NULL, NULL, NULL, NULL };
static char       *part_names[N_KEYS * 2];

static char *
dup_key (guint key)
{
  return g_strdup_printf ("key %u", key);
}

static char *
dup_hash (const GString *bytes)
{
  IBBHasher *hasher = ibb_hasher_new ("sha-256");
  char      *hash;

  ibb_hasher_update (hasher, bytes->str, bytes->len);
  hash = ibb_hasher_finish (hasher);
  ibb_hasher_free (hasher);
  return hash;
}

static gpointer
receive (gpointer data)
{
  Writer          *self = data;
  g_autofree char *key = dup_key (self->key);
  g_autofree char *hash = dup_hash (self->bytes);
  IBBSink         *sink = ibb_sink_new (FAKE_DISK_FOLDER, NAME, key, self->policy);
  gboolean         is_good = ibb_sink_open (sink, self->bytes->len, self->goes_on, &self->error);

  self->resumed = ibb_sink_get_length (sink) > 0;
  while (is_good && ibb_sink_get_length (sink) < self->bytes->len)
    {
      guint64 offset = ibb_sink_get_length (sink);

      if (offset >= self->stops)
        break;
      is_good = ibb_sink_write (sink, self->bytes->str + offset,
                                MIN (self->step, self->bytes->len - offset), &self->error);
    }
  if (is_good && ibb_sink_get_length (sink) == self->bytes->len &&
      ibb_sink_commit (sink, "sha-256", hash, NULL, &self->error))
    {
      g_autofree char *path = ibb_sink_dup_path (sink);

      self->name = g_path_get_basename (path);
    }
  ibb_sink_close (sink, self->keeps && self->name == NULL);
  ibb_sink_free (sink);
  return NULL;
}

/* The judge. */

static gboolean
is_of_a_writer (Schedule *self, const FakeDiskFile *file)
{
  for (guint i = 0; i < N_KEYS; i++)
    if (file->bytes->len == self->bytes[i]->len &&
        memcmp (file->bytes->str, self->bytes[i]->str, file->bytes->len) == 0)
      return TRUE;
  return FALSE;
}

/* Whether an empty file takes the name before the file gets it. */
static gboolean
is_reserved (Schedule *self)
{
  return !self->disk->has_rename && !self->disk->has_links;
}

static gboolean
may_be_empty (Schedule *self)
{
  return is_reserved (self) &&
         (self->was_cut || self->disk->n_killed > 0 || self->disk->n_faults > 0);
}

static gboolean
is_part_name (const char *name)
{
  for (guint i = 0; i < N_KEYS; i++)
    if (strncmp (name, part_names[i * 2], 22) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
is_file_name (const char *name)
{
  guint number;
  int   end = 0;

  return g_str_equal (name, NAME) ||
         (sscanf (name, "letter (%u).pdf%n", &number, &end) == 1 && (gsize) end == strlen (name));
}

static guint
judge_folder (Schedule *self)
{
  GHashTableIter iter;
  gpointer       key, value;
  guint          n_parts = 0;

  g_hash_table_iter_init (&iter, self->disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const char         *name = key;
      const FakeDiskFile *file = value;
      gboolean            is_whole = is_of_a_writer (self, file);

      /* A file of the same user under the name of a part becomes one. */
      if (file->is_planted &&
          !(file->kind == FAKE_DISK_FILE && file->owner == geteuid () && is_whole))
        judge (self->seed, g_str_equal (file->bytes->str, "planted") || is_part_name (name),
               "“%s” of somebody else was written to", name);
      else if (is_part_name (name))
        {
          judge (self->seed, (file->mode & 0777) == 0600 || is_whole || file->bytes->len == 0,
                 "the part “%s” has the mode %o", name, file->mode);
          n_parts++;
        }
      else
        {
          judge (self->seed, is_file_name (name), "a file “%s”", name);
          if (file->bytes->len == 0 && may_be_empty (self))
            continue;
          judge (self->seed, is_whole, "“%s” has %u bytes that are no file", name,
                 (guint) file->bytes->len);
          /* A group that cannot be kept has no rights; who replaces an empty file keeps its mode.
           */
          judge (self->seed, (file->mode | 040) == FAKE_DISK_MODE || is_reserved (self),
                 "“%s” has the mode %o", name, file->mode);
        }
    }
  return n_parts;
}

static gboolean
has_replacing (Schedule *self)
{
  for (guint i = 0; i < self->n_writers; i++)
    if (self->writers[i].policy == IBB_SINK_REPLACE)
      return TRUE;
  return FALSE;
}

/* What the only writer of a folder could not put on the disk has no name there. */
static void
judge_failed (Schedule *self)
{
  GHashTableIter iter;
  gpointer       key, value;

  if (self->n_writers > 1 || self->writers[0].error == NULL || self->was_cut ||
      is_reserved (self) || self->disk->n_killed > 0 || self->disk->n_faults > 1)
    return;
  g_hash_table_iter_init (&iter, self->disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    judge (self->seed, is_part_name (key) || ((FakeDiskFile *) value)->is_planted,
           "“%s” stays, and the error is: %s", (const char *) key, self->writers[0].error->message);
}

static void
judge_delivered (Schedule *self, const Writer *writer)
{
  const FakeDiskFile *file = g_hash_table_lookup (self->disk->names, writer->name);

  judge (self->seed, file != NULL, "“%s” was said to be there, and is not", writer->name);
  judge (self->seed, is_of_a_writer (self, file), "“%s” was said to be whole", writer->name);
  if (!has_replacing (self))
    judge (self->seed, file->bytes->len == writer->bytes->len, "“%s” was replaced", writer->name);
}

/* A later writer that is not killed gets the file, at the second attempt at the latest: a
 * power cut may have left wrong bytes in a part. Then the power is cut once more. */
static void
judge_next (Schedule *self, guint key)
{
  Writer   next = { .disk = self->disk,
                    .key = key,
                    .bytes = self->bytes[key],
                    .policy = IBB_SINK_NUMBER,
                    .goes_on = TRUE,
                    .step = 100,
                    .stops = G_MAXUINT };
  gpointer data = &next;
  gboolean is_first_resumed;

  next.goes_on = g_rand_boolean (self->disk->random);
  self->disk->kill_at = self->disk->n_calls + (guint) g_rand_int_range (self->disk->random, 1, 60);
  fake_disk_run (self->disk, 1, receive, &data);
  fake_disk_restart (self->disk);
  judge_folder (self);
  g_clear_error (&next.error);
  g_clear_pointer (&next.name, g_free);

  next.goes_on = TRUE;
  fake_disk_run (self->disk, 1, receive, &data);
  is_first_resumed = next.resumed;
  if (next.name == NULL)
    {
      judge (self->seed,
             is_first_resumed && g_error_matches (next.error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE),
             "the next one fails: %s", next.error->message);
      g_clear_error (&next.error);
      fake_disk_run (self->disk, 1, receive, &data);
    }
  judge (self->seed, next.name != NULL, "the next one but one fails: %s", next.error->message);
  self->disk->is_off = TRUE;
  fake_disk_restart (self->disk);
  judge_folder (self);
  judge_delivered (self, &next);
  g_free (next.name);
}

static void
judge_all (Schedule *self, gboolean is_quiet)
{
  guint n_parts;

  self->was_cut = self->disk->is_off;
  judge (self->seed, self->was_cut || self->disk->n_open == 0, "%u descriptors stay open",
         self->disk->n_open);
  fake_disk_restart (self->disk);
  n_parts = judge_folder (self);
  judge_failed (self);
  judge (self->seed, n_parts <= self->n_writers + self->disk->n_faults, "%u parts of %u writers",
         n_parts, self->n_writers);
  for (guint i = 0; i < self->n_writers; i++)
    {
      Writer *writer = &self->writers[i];

      if (writer->name != NULL)
        judge_delivered (self, writer);
      else if (is_quiet)
        judge (self->seed,
               writer->stops <= writer->bytes->len ||
                   g_error_matches (writer->error, G_IO_ERROR, G_IO_ERROR_EXISTS) ||
                   has_replacing (self), /* within the call */
               "%s", writer->error->message);
    }
  for (guint i = 0; is_quiet && i < self->n_writers && n_parts > 0; i++)
    n_parts -= self->disk->has_locks && self->writers[i].name == NULL && self->writers[i].keeps;
  judge (self->seed, !is_quiet || n_parts == 0, "a part is left");
  for (guint i = 0; i < N_KEYS; i++)
    judge_next (self, i);
}

/* Schedules. */

static void
begin (Schedule *self, guint32 seed)
{
  *self = (Schedule){ .seed = seed, .disk = fake_disk_new (seed) };
  self->disk->places = places;
  for (guint i = 0; i < N_KEYS; i++)
    {
      gint32 size = g_rand_int_range (self->disk->random, 0, SIZE_MAX_SIMULATED) * 2 + (gint32) i;

      self->bytes[i] = g_string_new (NULL);
      while ((gint32) self->bytes[i]->len < size)
        g_string_append_c (self->bytes[i], (char) g_rand_int_range (self->disk->random, 'a', 'z'));
    }
}

static void
add_writer (Schedule *self, guint key)
{
  GRand  *random = self->disk->random;
  Writer *writer = &self->writers[self->n_writers++];

  writer->disk = self->disk;
  writer->key = key;
  writer->bytes = self->bytes[key];
  writer->policy = IBB_SINK_NUMBER;
  writer->goes_on = TRUE;
  writer->keeps = TRUE;
  writer->step = (guint) g_rand_int_range (random, 8, 64);
  writer->stops = G_MAXUINT;
}

static void
end (Schedule *self)
{
  for (guint i = 0; i < self->n_writers; i++)
    {
      g_free (self->writers[i].name);
      g_clear_error (&self->writers[i].error);
    }
  for (guint i = 0; i < N_KEYS; i++)
    g_string_free (self->bytes[i], TRUE);
  fake_disk_free (self->disk);
}

static void
vary (GRand *random, Writer *writer)
{
  writer->goes_on = g_rand_int_range (random, 0, 4) > 0;
  writer->keeps = g_rand_int_range (random, 0, 4) > 0;
  if (g_rand_int_range (random, 0, 3) == 0)
    writer->policy = (IBBSinkPolicy) g_rand_int_range (random, 0, 3);
  if (g_rand_int_range (random, 0, 4) == 0)
    writer->stops = (guint) g_rand_int_range (random, 0, SIZE_MAX_SIMULATED);
}

static guint
run_schedule (guint32 seed, const ScheduleEach *each)
{
  Schedule self;
  gpointer data[FAKE_DISK_WRITERS_MAX];
  GRand   *random;
  guint    n_writers = 1;
  guint    n_calls;
  gboolean is_quiet;

  begin (&self, seed);
  random = self.disk->random;
  is_quiet = schedules_plan (self.disk, each);
  if (each == NULL)
    n_writers = (guint) g_rand_int_range (random, 1, FAKE_DISK_WRITERS_MAX + 1);
  for (guint i = 0; i < n_writers; i++)
    {
      data[i] = &self.writers[i];
      add_writer (&self, each == NULL ? (guint) g_rand_int_range (random, 0, N_KEYS) : 0);
      if (each == NULL)
        vary (random, data[i]);
    }
  fake_disk_run (self.disk, n_writers, receive, data);
  n_calls = self.disk->n_calls;
  judge_all (&self, is_quiet);
  end (&self);
  return n_calls;
}

/* Each call of a list of parts and of the removal of one fails: errors say which. */
static guint
list_and_remove (FakeDisk *disk)
{
  g_autoptr (GError)    unlisted = NULL;
  g_autoptr (GError)    kept = NULL;
  g_autoptr (GPtrArray) parts = ibb_part_file_list (FAKE_DISK_FOLDER, &unlisted);
  gboolean              is_removed = ibb_part_file_remove (FAKE_DISK_FOLDER, part_names[0], &kept);

  g_assert_true (is_removed == !g_hash_table_contains (disk->names, part_names[0]));
  g_assert_true ((parts == NULL) == (unlisted != NULL));
  g_assert_true (parts == NULL || parts->len == 1);
  g_assert_true (is_removed == (kept == NULL));
  g_assert_true (is_removed || disk->n_faults > 0);
  if (unlisted != NULL)
    g_assert_nonnull (strstr (unlisted->message, "Cannot read “" FAKE_DISK_FOLDER "”"));
  if (kept != NULL && strstr (kept->message, "Cannot read “" FAKE_DISK_FOLDER "”") == NULL)
    g_assert_nonnull (strstr (kept->message, "Cannot remove “" FAKE_DISK_FOLDER "/.ibb-"));
  return (unlisted != NULL) + 2u * (kept != NULL);
}

static void
test_list (void)
{
  guint seen = 0;

  for (guint call = 0; call <= 20; call++)
    for (guint failure = 0; failure < 8; failure++)
      {
        FakeDisk *disk = fake_disk_new (1);

        fake_disk_plant (disk, part_names[0], FAKE_DISK_FILE, geteuid (), "x");
        disk->fails_at = call;
        disk->failure = failure;
        seen |= list_and_remove (disk);
        g_assert_cmpuint (disk->n_open, ==, 0);
        fake_disk_free (disk);
      }
  g_assert_cmpuint (seen, ==, 3);
}

/* No part of 100 goes while others use them, and one more is made. */
static void
assert_all_used (const char *folder)
{
  g_autoptr (GPtrArray) parts = ibb_part_file_list (folder, NULL);
  g_autoptr (GPtrArray) used = NULL;
  g_autoptr (GArray)    fds = g_array_new (FALSE, FALSE, sizeof (int));
  IBBSink              *sink = ibb_sink_new (folder, NAME, "other", IBB_SINK_NUMBER);

  for (guint i = 0; i < parts->len; i++)
    {
      const IBBPartFile *part = g_ptr_array_index (parts, i);
      g_autofree char   *path = g_build_filename (folder, part->name, NULL);
      int                fd = open (path, O_RDONLY);

      g_assert_false (part->is_in_use);
      g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
      g_array_append_val (fds, fd);
    }
  used = ibb_part_file_list (folder, NULL);
  for (guint i = 0; i < used->len; i++)
    g_assert_true (((IBBPartFile *) g_ptr_array_index (used, i))->is_in_use);
  g_assert_true (ibb_sink_open (sink, 2, TRUE, NULL));
  g_assert_true (ibb_sink_write (sink, "y", 1, NULL));
  g_ptr_array_unref (used);
  used = ibb_part_file_list (folder, NULL);
  g_assert_cmpuint (used->len, ==, parts->len + 1);
  ibb_sink_close (sink, FALSE);
  ibb_sink_free (sink);
  for (guint i = 0; i < fds->len; i++)
    close (g_array_index (fds, int, i));
}

/* A folder keeps a hundred parts: for one more the oldest goes, on the disk of the system. What
 * only looks like a part does not count. */
static void
test_bound (void)
{
  static const char *const others[] = {
    ".ibb-0123456789abcdef-0.part",  ".ibb-0123456789abcdef-9.part", ".ibb-0123456789abcdef_1.part",
    ".ibb-0123456789abcdef-1.parts", ".ibb-0123456789abcdeg-1.part", "xibb-0123456789abcdef-1.part",
  };
  char                    *other_paths[G_N_ELEMENTS (others)];
  g_autofree char         *folder = g_dir_make_tmp ("files-sink-XXXXXX", NULL);
  g_autofree char         *oldest = NULL;
  g_autoptr (GPtrArray)    parts = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBHasher)    hasher = ibb_hasher_new ("sha-256");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  IBBSink                 *sink = ibb_sink_new (folder, NAME, "key", IBB_SINK_NUMBER);

  for (guint i = 0; i < 100; i++)
    {
      g_autofree char *path = g_strdup_printf ("%s/.ibb-%016x-%u.part", folder, i, 1 + i % 8);
      time_t           date = 1000 + (i + 50) % 100;
      struct utimbuf   dates = { date, date };

      g_assert_true (g_file_set_contents (path, "x", 1, NULL));
      g_assert_cmpint (g_utime (path, &dates), ==, 0);
      if (date == 1000)
        oldest = g_steal_pointer (&path);
    }
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      other_paths[i] = g_build_filename (folder, others[i], NULL);
      g_assert_true (g_file_set_contents (other_paths[i], "x", 1, NULL));
    }
  g_assert_true (ibb_sink_open (sink, 2, TRUE, NULL));
  g_assert_true (ibb_sink_write (sink, "y", 1, NULL));
  g_assert_false (g_file_test (oldest, G_FILE_TEST_EXISTS));
  g_cancellable_cancel (cancellable);
  g_assert_false (ibb_sink_hash (sink, hasher, 0, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  ibb_sink_free (sink);
  assert_all_used (folder);
  parts = ibb_part_file_list (folder, NULL);
  g_assert_cmpuint (parts->len, ==, 100);
  for (guint i = 0; i < parts->len; i++)
    g_assert_true (
        ibb_part_file_remove (folder, ((IBBPartFile *) g_ptr_array_index (parts, i))->name, NULL));
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (GError) reason = NULL;

      g_assert_false (ibb_part_file_remove (folder, others[i], &reason));
      g_assert_error (reason, G_IO_ERROR, G_IO_ERROR_FAILED);
      g_assert_cmpint (g_remove (other_paths[i]), ==, 0);
      g_free (other_paths[i]);
    }
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static int file_system_failure; /* errno */

int
syncfs (int fd)
{
  errno = file_system_failure;
  return errno == 0 ? 0 : -1;
}

/* A folder that may be written to and not be read: its names go to the disk as well. One that may
 * only be passed through has no new ones, which is no failure. */
static void
test_unreadable (void)
{
  g_autofree char *folder = g_dir_make_tmp ("ibb-sink-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, NAME, NULL);
  int              file = open (folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  gboolean         is_root = geteuid () == 0;
  int              fd;

  if (is_root && (chown (folder, NOBODY, NOBODY) != 0 || seteuid (NOBODY) != 0))
    g_error ("chown: %s", g_strerror (errno));
  g_assert_cmpint (chmod (folder, 0300), ==, 0);
  for (guint i = 0; file >= 0 && i < 2; i++)
    {
      IBBSink           *sink = ibb_sink_new (folder, NAME, NULL, IBB_SINK_REPLACE);
      g_autoptr (GError) error = NULL;

      file_system_failure = i == 0 ? EIO : 0;
      g_assert_true (ibb_sink_open (sink, 1, FALSE, NULL));
      g_assert_true (ibb_sink_write (sink, "x", 1, NULL));
      g_assert_cmpint (ibb_sink_commit (sink, NULL, NULL, NULL, &error), ==, i);
      if (i == 0)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_FAILED);
      ibb_sink_free (sink);
    }
  g_assert_cmpint (chmod (folder, 0100), ==, 0);
  fd = ibb_disk->open_folder (folder);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ibb_disk_sync_folder (fd), ==, 0);
  close (fd);
  g_assert_cmpint (ibb_disk_sync_folder (-1), ==, -1);
  g_assert_cmpint (chmod (folder, 0700), ==, 0);
  if (is_root)
    g_assert_cmpint (seteuid (0), ==, 0);
  if (file < 0)
    g_test_skip ("no files without a name");
  else
    g_assert_cmpint (g_remove (path) + close (file), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Names that are numbered, or cut. */
static void
test_names (void)
{
  g_autofree char *long_name = g_strnfill (255, 'x');
  g_autofree char *longest = NULL;
  g_autofree char *wide = NULL;
  g_autofree char *simple = ibb_file_name_insert ("letter.pdf", " (2)");
  g_autofree char *none = ibb_file_name_insert (".x", " (2)");

  g_assert_cmpstr (simple, ==, "letter (2).pdf");
  g_assert_cmpstr (none, ==, ".x (2)");
  memcpy (long_name + 251, ".pdf", 4);
  longest = ibb_file_name_insert (long_name, " (2)");
  g_assert_cmpuint (strlen (longest), ==, 255);
  g_assert_true (g_str_has_suffix (longest, "x (2).pdf"));
  /* Not within a character: of three bytes. */
  for (guint i = 0; i + 3 <= 251; i += 3)
    memcpy (long_name + i, "€", 3);
  wide = ibb_file_name_insert (long_name, " (2)");
  g_assert_true (g_utf8_validate (wide, -1, NULL));
  g_assert_true (g_str_has_suffix (wide, "€ (2).pdf"));
}

/* Real disks, for this program only: a full one, and a device that cannot write what its file
 * system has taken. Its blocks are pages of the file below, or a block could find room in a page
 * that is there. The second word is where files use up its room. */
static const char *const disks[][3] = {
  { "full", "disk", "mkdir disk && mount -t tmpfs -o size=256k none disk" },
  { "failing", ".",
    "mount -t tmpfs -o size=600k none . && cd $PWD && mkdir disk && truncate -s 8M image && "
    "mkfs.ext2 -q -F -b 4096 image && mount -o loop image disk" },
};

static gboolean
call (const char *folder, const char *command)
{
  g_autofree char *line = g_strdup_printf ("cd %s && %s", folder, command);

  return system (line) == 0;
}

/* Opens the part, writes a byte, and closes it. Whether the bytes that it had were settled. */
static gboolean
go_on (gboolean goes_on, gboolean writes, gboolean settles)
{
  IBBSink *sink = ibb_sink_new (FAKE_DISK_FOLDER, NAME, "key", IBB_SINK_NUMBER);
  gboolean was_settled;

  g_assert_true (ibb_sink_open (sink, 9, goes_on, NULL));
  was_settled = ibb_sink_is_settled (sink);
  if (writes)
    g_assert_true (ibb_sink_write (sink, "x", 1, NULL));
  if (settles)
    ibb_sink_settle (sink);
  ibb_sink_close (sink, TRUE);
  ibb_sink_free (sink);
  return was_settled;
}

/* A part is settled as long as each of its writers has settled it. */
static void
test_settled (void)
{
  FakeDisk *disk = fake_disk_new (1);

  go_on (TRUE, TRUE, TRUE);
  g_assert_true (go_on (FALSE, FALSE, FALSE)); /* nothing was written */
  g_assert_true (go_on (TRUE, TRUE, FALSE));   /* killed, as it were */
  g_assert_false (go_on (TRUE, TRUE, TRUE));
  g_assert_false (go_on (FALSE, TRUE, TRUE)); /* begins again */
  g_assert_true (go_on (TRUE, FALSE, FALSE));
  fake_disk_free (disk);
}

/* A part that somebody else has made longer is not the file, also where no hash says so. */
static void
test_appended (void)
{
  g_autofree char   *folder = g_dir_make_tmp ("ibb-sink-XXXXXX", NULL);
  IBBSink           *sink = ibb_sink_new (folder, NAME, NULL, IBB_SINK_NUMBER);
  g_autofree char   *part = NULL;
  g_autoptr (GError) error = NULL;
  int                fd;

  g_assert_true (ibb_sink_open (sink, 3, FALSE, NULL));
  g_assert_true (ibb_sink_write (sink, "abc", 3, NULL));
  part = ibb_sink_dup_part_path (sink);
  fd = open (part, O_WRONLY | O_APPEND | O_CLOEXEC);
  g_assert_cmpint (write (fd, "d", 1), ==, 1);
  close (fd);
  g_assert_false (ibb_sink_commit (sink, NULL, NULL, NULL, &error));
  g_assert_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
  ibb_sink_free (sink);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static int
fail_fd (int fd)
{
  errno = EIO;
  return -1;
}

/* Bytes that did not come to the disk are not kept, even if they cannot be dropped: the next call
 * would say that they are there. */
static void
test_unsynced (void)
{
  g_autofree char *folder = g_dir_make_tmp ("ibb-sink-XXXXXX", NULL);
  const IBBDisk   *real_disk = ibb_disk;
  IBBDisk          disk = *real_disk;
  IBBSink         *sink = ibb_sink_new (folder, NAME, NULL, IBB_SINK_NUMBER);

  disk.sync = disk.truncate = fail_fd;
  ibb_disk = &disk;
  g_assert_true (ibb_sink_open (sink, 3, FALSE, NULL));
  g_assert_true (ibb_sink_write (sink, "abc", 3, NULL));
  g_assert_false (ibb_sink_commit (sink, NULL, NULL, NULL, NULL));
  ibb_sink_close (sink, TRUE);
  ibb_disk = real_disk;
  ibb_sink_free (sink);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* Of the parts of a file that goes on, the first one that has bytes does not count. */
static void
test_query (void)
{
  FakeDisk        *disk = fake_disk_new (1);
  g_autofree char *key = dup_key (0);

  fake_disk_plant (disk, part_names[1], FAKE_DISK_FILE, geteuid (), "xxx");
  fake_disk_plant (disk, part_names[0], FAKE_DISK_FILE, geteuid (), "x");
  g_assert_cmpuint (ibb_part_file_query_size (FAKE_DISK_FOLDER, key), ==, 1);
  g_assert_cmpuint (ibb_part_file_query_size (FAKE_DISK_FOLDER, "another key"), ==, 0);
  fake_disk_free (disk);
}

static int
fail_mode (int fd, mode_t mode)
{
  errno = EPERM;
  return -1;
}

/* A part that others may read, and that cannot be made private, does not go on. */
static void
test_not_private (void)
{
  for (guint fails = 0; fails <= 1; fails++)
    {
      FakeDisk        *disk = fake_disk_new (1);
      const IBBDisk   *fake = ibb_disk;
      IBBDisk          failing = *fake;
      g_autofree char *key = dup_key (0);
      IBBSink         *sink = ibb_sink_new (FAKE_DISK_FOLDER, NAME, key, IBB_SINK_NUMBER);
      FakeDiskFile    *part;

      fake_disk_plant (disk, part_names[0], FAKE_DISK_FILE, geteuid (), "xxx");
      part = g_hash_table_lookup (disk->names, part_names[0]);
      part->mode = 0644;
      failing.set_mode = fail_mode;
      ibb_disk = fails ? &failing : fake;
      g_assert_true (ibb_sink_open (sink, 3, TRUE, NULL));
      g_assert_cmpuint (ibb_sink_get_length (sink), ==, fails ? 0 : 3);
      ibb_disk = fake;
      ibb_sink_close (sink, TRUE);
      ibb_sink_free (sink);
      fake_disk_free (disk);
    }
}

/* A part that has all bytes goes on with them, as a sink may be interrupted before the name; a
 * longer one begins again. */
static void
test_whole_part (void)
{
  for (guint64 size = 3; size >= 2; size--)
    {
      FakeDisk        *disk = fake_disk_new (1);
      g_autofree char *key = dup_key (0);
      IBBSink         *sink = ibb_sink_new (FAKE_DISK_FOLDER, NAME, key, IBB_SINK_NUMBER);

      fake_disk_plant (disk, part_names[0], FAKE_DISK_FILE, geteuid (), "xxx");
      g_assert_true (ibb_sink_open (sink, size, TRUE, NULL));
      g_assert_cmpuint (ibb_sink_get_length (sink), ==, size == 3 ? 3 : 0);
      ibb_sink_close (sink, TRUE);
      ibb_sink_free (sink);
      fake_disk_free (disk);
    }
}

/* Bytes that are written to an entry within the second in which it was opened, and whose date is
 * put back, are noticed. */
static void
test_changed_source (void)
{
  for (guint is_changed = 0; is_changed <= 1; is_changed++)
    {
      FakeDisk          *disk = fake_disk_new (1);
      g_autoptr (GBytes) bytes = g_bytes_new_static ("yyy", 3);
      FakeDiskFile      *file;
      IBBFileSource     *source;
      gint64             time, changed;
      int                folder;
      char               read[3];

      fake_disk_plant (disk, NAME, FAKE_DISK_FILE, geteuid (), "xxx");
      file = fake_disk_find (disk, NULL, NAME);
      time = file->time;
      changed = file->changed;
      folder = ibb_disk->open_folder (FAKE_DISK_FOLDER);
      source = ibb_file_source_new_in (
          folder, NAME, NAME, 3,
          (struct timespec){ time / G_USEC_PER_SEC, time % G_USEC_PER_SEC * 1000 });
      g_assert_true (ibb_file_source_open (source, NULL, NULL));
      g_assert_cmpint (ibb_file_source_read (source, read, 3, NULL, NULL), ==, 3);
      if (is_changed)
        {
          fake_disk_rewrite (disk, file, bytes);
          fake_disk_set_time (disk, file, time);
          g_assert_cmpint (file->changed, >, changed);
          g_assert_cmpint (file->changed / G_USEC_PER_SEC, ==, changed / G_USEC_PER_SEC);
        }
      g_assert_cmpint (ibb_file_source_check (source, NULL, NULL), ==, !is_changed);
      ibb_file_source_free (source);
      ibb_disk->close (folder);
      fake_disk_free (disk);
    }
}

/* A call fails while a file is replaced: where the owner may not stay the group does, with its
 * rights, which nobody has where neither may. */
static void
test_rights (void)
{
  guint n_replaced = 0;

  for (guint call = 1; call <= 30; call++)
    {
      FakeDisk     *disk = fake_disk_new (1);
      IBBSink      *sink = ibb_sink_new (FAKE_DISK_FOLDER, NAME, "key", IBB_SINK_REPLACE);
      FakeDiskFile *file;

      fake_disk_plant (disk, NAME, FAKE_DISK_FILE, geteuid (), "old");
      file = g_hash_table_lookup (disk->names, NAME);
      file->mode = 0664;
      disk->fails_at = call;
      if (ibb_sink_open (sink, 1, FALSE, NULL) && ibb_sink_write (sink, "x", 1, NULL) &&
          ibb_sink_commit (sink, NULL, NULL, NULL, NULL))
        {
          file = g_hash_table_lookup (disk->names, NAME);
          g_assert_cmpint (file->mode, ==, 0664);
          n_replaced++;
        }
      ibb_sink_close (sink, FALSE);
      ibb_sink_free (sink);
      fake_disk_free (disk);
    }
  g_assert_cmpuint (n_replaced, >, 0);
}

static gboolean
receive_real (const char *folder)
{
  g_autofree char *bytes = g_malloc0 (100000);
  IBBSink         *sink = ibb_sink_new (folder, NAME, "key", IBB_SINK_NUMBER);
  gboolean         done;

  g_assert_true (ibb_sink_open (sink, 100000, TRUE, NULL));
  done =
      ibb_sink_write (sink, bytes, 100000, NULL) && ibb_sink_commit (sink, NULL, NULL, NULL, NULL);
  ibb_sink_close (sink, FALSE);
  ibb_sink_free (sink);
  return done;
}

static void
test_real (gconstpointer data)
{
  const char *const *words = data;
  g_autofree char   *folder = g_dir_make_tmp ("files-sink-XXXXXX", NULL);
  g_autofree char   *disk = g_build_filename (folder, "disk", NULL);
  g_autofree char   *key = g_build_filename (folder, "key", NULL);
  g_autofree char   *list = g_build_filename (disk, "known", NULL);
  g_autofree char   *fill = g_strdup_printf ("cat /dev/zero >%s/fill 2>/dev/null", words[1]);
  g_autofree char   *empty = g_strdup_printf ("rm %s/fill", words[1]);
  const char        *leave = "{ umount disk; cd / && umount $OLDPWD; rm -r $OLDPWD; } 2>/dev/null";
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (list);
  g_autoptr (IBBXmppIdentity)          identity = NULL;
  GTlsCertificate                     *certificate;

  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
      !call (folder, words[2]))
    {
      g_test_skip ("this user cannot mount, or there is no mkfs.ext2");
      call (folder, leave);
      return;
    }
  identity = ibb_xmpp_identity_load_or_create (key, NULL);
  certificate = ibb_xmpp_identity_get_certificate (identity);
  g_assert_true (ibb_xmpp_known_certificates_add (known, "one", certificate, NULL));
  call (folder, fill);
  g_assert_false (receive_real (disk));
  g_assert_false (ibb_xmpp_known_certificates_add (known, "two", certificate, NULL));
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "one", certificate), ==,
                   IBB_XMPP_TRUST_KNOWN);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "two", certificate), ==,
                   IBB_XMPP_TRUST_UNKNOWN);
  g_assert_true (
      call (folder, "test \"$(ls -A disk | grep -v lost+found | grep -v fill)\" = known"));
  g_assert_true (call (folder, empty));
  g_assert_true (receive_real (disk));
  g_assert_true (ibb_xmpp_known_certificates_add (known, "two", certificate, NULL));
  g_assert_true (call (folder, leave));
}

int
main (int argc, char **argv)
{
  umask (0666 & ~FAKE_DISK_MODE);
  for (guint i = 0; i < N_KEYS; i++)
    for (guint number = 1; number <= 2; number++)
      {
        g_autofree char *key = dup_key (i);
        g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key, -1);

        part_names[i * 2 + number - 1] = g_strdup_printf (".ibb-%.16s-%u.part", digest, number);
        places[2 + i * 2 + number - 1] = part_names[i * 2 + number - 1];
      }
  schedules_init (&argc, &argv);
  g_test_add_func ("/files/sink/appended", test_appended);
  g_test_add_func ("/files/sink/unsynced", test_unsynced);
  g_test_add_func ("/files/sink/not-private", test_not_private);
  g_test_add_func ("/files/sink/bound", test_bound);
  g_test_add_func ("/files/sink/list", test_list);
  g_test_add_func ("/files/sink/names", test_names);
  g_test_add_func ("/files/sink/settled", test_settled);
  g_test_add_func ("/files/sink/rights", test_rights);
  g_test_add_func ("/files/sink/query", test_query);
  g_test_add_func ("/ibb/files/sink/whole-part", test_whole_part);
  g_test_add_func ("/ibb/files/sink/changed-source", test_changed_source);
  g_test_add_func ("/files/sink/unreadable", test_unreadable);
  for (guint i = 0; i < G_N_ELEMENTS (disks); i++)
    {
      g_autofree char *path = g_strconcat ("/files/sink/real/", disks[i][0], NULL);

      g_test_add_data_func (path, disks[i], test_real);
    }
  schedules_add ("/files/sink/each-call", "/files/sink/schedules", run_schedule);
  return g_test_run ();
}
