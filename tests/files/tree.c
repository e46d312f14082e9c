/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders that are sent: what is in them at each time, how they change, and what has to be at the
 * receiver. */

#include "config.h"

#include "whole.h"

#include <stdio.h>
#include <string.h>

#define ENTRIES_MAX 6
#define CHANGES_MAX 60 /* of one folder: each state of a file has a bit */
#define DEPTH_MAX 3
#define N_MANY 1060 /* more than are offered before the first answer */

typedef struct
{
  GBytes *bytes; /* (owned) (nullable): NULL: no file is there */
  guint   since; /* which change of the schedule has made it so */
} State;

typedef struct
{
  char        *path;       /* (owned): in the folder */
  FakeDiskKind kind;       /* of the first thing that was there */
  gboolean     is_named;   /* as the receiver takes it */
  gboolean     is_private; /* and was never anything else */
  GArray      *states;     /* (element-type State) */
  guint64      promised;   /* a bit for each state that was delivered */
  guint64      seen;       /* a bit for each state that the receiver has */
} Entry;

struct _WholeTree
{
  char         *place;   /* (owned): the path of the folder */
  FakeDiskFile *folder;  /* (unowned) */
  GPtrArray    *entries; /* (element-type Entry) */
  GArray       *offers;  /* (element-type guint): the last change before each offer */
  guint         n_changes;
  gboolean      is_large;
};

static guint n_changes;

static void
state_clear (gpointer data)
{
  g_clear_pointer (&((State *) data)->bytes, g_bytes_unref);
}

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->path);
  g_array_unref (self->states);
  g_free (self);
}

static const State *
get_state (const Entry *entry, guint i)
{
  return &g_array_index (entry->states, State, i);
}

static const State *
get_last (const Entry *entry)
{
  return get_state (entry, entry->states->len - 1);
}

/* Takes bytes. */
static void
add_state (Entry *entry, GBytes *bytes)
{
  State state = { bytes, n_changes };

  g_array_append_val (entry->states, state);
}

/* The folders. */

static GBytes *
make_bytes (gsize size)
{
  guint8 *bytes = g_malloc (size + 8);

  random_fill (bytes, size, &turns_random);
  return g_bytes_new_take (bytes, size);
}

static gsize
pick_size (const WholeTree *self)
{
  static const gsize sizes[] = { 0, 1, 1000, 1000, 5000, 65528, 65529, 100000 };

  if (self->is_large && !whole_one_in (100))
    return (gsize) random_below (&turns_random, 2);
  return whole_one_in (2) ? sizes[random_below (&turns_random, G_N_ELEMENTS (sizes))]
                          : (gsize) random_scaled (&turns_random, 1, 60000);
}

/* The folder of the path in the tree. NULL: there is none any more. */
static FakeDiskFile *
find_folder (const WholeTree *self, const char *path, gboolean makes)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  FakeDiskFile  *folder = self->folder;

  for (guint i = 0; folder != NULL && names[i + 1] != NULL; i++)
    {
      FakeDiskFile *next = fake_disk_find (world.disk, folder, names[i]);

      if (next == NULL && makes)
        {
          next = fake_disk_make (world.disk, folder, names[i], FAKE_DISK_DIRECTORY);
          next->mode = next->durable_mode = whole_one_in (5) ? 0700 : 0755;
        }
      folder = next != NULL && next->kind == FAKE_DISK_DIRECTORY ? next : NULL;
    }
  return folder;
}

static FakeDiskFile *
find_file (const WholeTree *self, const char *path)
{
  FakeDiskFile    *folder = find_folder (self, path, FALSE);
  g_autofree char *name = g_path_get_basename (path);

  return folder != NULL ? fake_disk_find (world.disk, folder, name) : NULL;
}

/* NULL: there is no folder any more. */
static FakeDiskFile *
put_file (WholeTree *self, Entry *entry, GBytes *bytes)
{
  static const mode_t modes[] = { 0644, 0600, 0755, 0700 };
  FakeDiskFile       *folder = find_folder (self, entry->path, TRUE);
  g_autofree char    *name = g_path_get_basename (entry->path);
  FakeDiskFile       *file;

  if (folder == NULL)
    return NULL;
  file = fake_disk_make (world.disk, folder, name, FAKE_DISK_FILE);
  fake_disk_rewrite (world.disk, file, bytes);
  file->mode = file->durable_mode = modes[random_below (&turns_random, G_N_ELEMENTS (modes))];
  entry->is_private = (file->mode & 077) == 0 && (entry->states->len == 0 || entry->is_private);
  add_state (entry, g_bytes_ref (bytes));
  return file;
}

static Entry *
add_entry (WholeTree *self)
{
  static const char *const  starts[] = { "f", "f", "f", "f", "f", "l", "p", "e" };
  static const FakeDiskKind kinds[] = { FAKE_DISK_FILE, FAKE_DISK_FILE,     FAKE_DISK_FILE,
                                        FAKE_DISK_FILE, FAKE_DISK_FILE,     FAKE_DISK_LINK,
                                        FAKE_DISK_PIPE, FAKE_DISK_DIRECTORY };
  guint                     kind = (guint) random_below (&turns_random, G_N_ELEMENTS (kinds));
  g_autoptr (GString)       path = g_string_new (NULL);
  Entry                    *entry = g_new0 (Entry, 1);

  for (guint i = (guint) random_below (&turns_random, DEPTH_MAX); i > 0; i--)
    g_string_append_printf (path, "d%u/", (guint) random_below (&turns_random, 2));
  entry->is_named = !whole_one_in (12);
  g_string_append_printf (path, "%s%s%u", entry->is_named ? "" : ".", starts[kind],
                          self->entries->len);
  entry->path = g_strdup (path->str);
  entry->kind = kinds[kind];
  entry->states = g_array_new (FALSE, FALSE, sizeof (State));
  g_array_set_clear_func (entry->states, state_clear);
  g_ptr_array_add (self->entries, entry);
  if (entry->kind == FAKE_DISK_FILE)
    {
      g_autoptr (GBytes) bytes = make_bytes (pick_size (self));

      put_file (self, entry, bytes);
    }
  else
    {
      g_autofree char *name = g_path_get_basename (entry->path);
      FakeDiskFile    *folder = find_folder (self, entry->path, TRUE);

      if (folder != NULL)
        fake_disk_make (world.disk, folder, name, entry->kind)->mode = 0755;
    }
  if (entry->states->len == 0)
    add_state (entry, NULL);
  return entry;
}

void
tree_make (WholeFile *file, gboolean is_full)
{
  WholeTree *self = g_new0 (WholeTree, 1);
  guint      n;

  file->tree = self;
  self->place = g_strdup_printf ("/source%u", file->number);
  self->folder = fake_disk_make (world.disk, NULL, self->place, FAKE_DISK_DIRECTORY);
  self->folder->mode = self->folder->durable_mode = whole_one_in (5) ? 0700 : 0755;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->offers = g_array_new (FALSE, TRUE, sizeof (guint));
  n = is_full ? ENTRIES_MAX : (guint) random_below (&turns_random, ENTRIES_MAX + 1);
  self->is_large = !is_full && whole_one_in (250);
  if (self->is_large)
    n = N_MANY;
  for (guint i = 0; i < n; i++)
    add_entry (self);
}

void
tree_free (WholeTree *self)
{
  g_free (self->place);
  g_ptr_array_unref (self->entries);
  g_array_unref (self->offers);
  g_free (self);
}

/* Somebody has copied one of the files there, which is not on the disk yet. */
static void
copy_one (const WholeFile *file)
{
  const WholeTree *self = file->tree;
  Entry           *entry =
      g_ptr_array_index (self->entries, random_below (&turns_random, self->entries->len));
  const FakeDiskFile *source = find_file (self, entry->path);
  FakeDiskFile       *folder = fake_disk_find (world.disk, NULL, file->name);
  FakeDiskFile       *copy;
  g_autoptr (GBytes)  bytes = NULL;

  if (!entry->is_named || source == NULL || source->kind != FAKE_DISK_FILE ||
      strchr (entry->path, '/') != NULL)
    return;
  if (folder == NULL)
    {
      folder = fake_disk_make (world.disk, NULL, file->name, FAKE_DISK_DIRECTORY);
      folder->mode = folder->durable_mode = 0755;
    }
  if (folder->kind != FAKE_DISK_DIRECTORY ||
      fake_disk_find (world.disk, folder, entry->path) != NULL)
    return;
  bytes = g_bytes_new (source->bytes->str, source->bytes->len);
  copy = fake_disk_make (world.disk, folder, entry->path, FAKE_DISK_FILE);
  fake_disk_rewrite (world.disk, copy, bytes);
  g_string_truncate (copy->durable, 0);
  copy->time = source->time;
  copy->is_planted = TRUE;
  world.disk->n_planted++;
}

GFile *
tree_offer (WholeFile *file)
{
  g_array_set_size (file->tree->offers, file->n_made + 1);
  g_array_index (file->tree->offers, guint, file->n_made) = n_changes;
  if (world.n_evils_max > 0 && file->tree->entries->len > 0 && whole_one_in (4))
    copy_one (file);
  return fake_file_new (file->tree->place);
}

const char *
tree_get_path (const WholeTree *self, guint number)
{
  if (number == 0)
    return "";
  return number <= self->entries->len
             ? ((Entry *) g_ptr_array_index (self->entries, number - 1))->path
             : "d0";
}

gboolean
tree_has_changed (void)
{
  return n_changes > 0;
}

void
tree_begin (void)
{
  n_changes = 0;
}

/* Changes. */

/* The time of the bytes is put back. */
static void
rewrite (FakeDiskFile *file, Entry *entry, GBytes *bytes, gboolean is_hidden)
{
  gint64 time = file->time;

  fake_disk_rewrite (world.disk, file, bytes);
  if (is_hidden)
    file->time = time;
  add_state (entry, bytes);
}

/* Other bytes somewhere in the file. */
static GBytes *
change_some (const FakeDiskFile *file)
{
  gsize   length = file->bytes->len;
  guint8 *bytes = g_memdup2 (file->bytes->str, length + 1);
  gsize   place = (gsize) random_below (&turns_random, length);

  for (gsize i = place; i < length; i++)
    bytes[i] ^= 0x55;
  return g_bytes_new_take (bytes, length);
}

static void
put_other (WholeTree *self, Entry *entry, FakeDiskKind kind)
{
  FakeDiskFile    *folder = find_folder (self, entry->path, FALSE);
  g_autofree char *name = g_path_get_basename (entry->path);

  if (folder == NULL)
    return;
  fake_disk_make (world.disk, folder, name, kind)->mode = 0755;
  entry->is_private = FALSE;
  add_state (entry, NULL);
}

/* The folder of the entry goes, or becomes a link. */
static void
lose_folder (WholeTree *self, const char *path)
{
  g_autofree char *above = g_path_get_dirname (path);
  g_autofree char *start = g_strconcat (above, "/", NULL);
  g_autofree char *name = g_path_get_basename (above);
  FakeDiskFile    *folder = find_folder (self, above, FALSE);

  if (g_str_equal (above, ".") || folder == NULL)
    return;
  if (whole_one_in (2))
    fake_disk_remove (world.disk, folder, name);
  else
    fake_disk_make (world.disk, folder, name, FAKE_DISK_LINK);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (self->entries, i);

      if (g_str_has_prefix (entry->path, start))
        add_state (entry, NULL);
    }
}

static void
change_entry (WholeTree *self, Entry *entry, guint how)
{
  FakeDiskFile *file = find_file (self, entry->path);
  gboolean      is_file = file != NULL && file->kind == FAKE_DISK_FILE;
  gsize         size = is_file ? file->bytes->len : 0;

  whole_trace ("-- change %u of “%s/%s”", how, self->place, entry->path);
  if (is_file && how < 2 && size > 0)
    rewrite (file, entry, change_some (file), whole_one_in (2));
  else if (is_file && how == 2)
    rewrite (file, entry, make_bytes (pick_size (self)), whole_one_in (2));
  else if (is_file && how == 3)
    {
      gint64             time = file->time;
      g_autoptr (GBytes) bytes = make_bytes (whole_one_in (2) ? size : pick_size (self));

      file = put_file (self, entry, bytes);
      if (file != NULL && whole_one_in (2))
        file->time = time;
    }
  else if (file != NULL && how == 4)
    {
      g_autofree char *name = g_path_get_basename (entry->path);

      fake_disk_remove (world.disk, find_folder (self, entry->path, FALSE), name);
      add_state (entry, NULL);
    }
  else if (how == 5)
    put_other (self, entry, FAKE_DISK_LINK);
  else if (how == 6)
    put_other (self, entry, whole_one_in (2) ? FAKE_DISK_PIPE : FAKE_DISK_DIRECTORY);
  else if (how == 7)
    lose_folder (self, entry->path);
  else if (is_file && how == 8)
    fake_disk_set_time (world.disk, file, file->time + G_USEC_PER_SEC);
  else if (self->entries->len < ENTRIES_MAX)
    add_entry (self);
}

/* The file that the last call of the disk was for. */
static Entry *
find_used (WholeTree **tree)
{
  for (guint i = 0; i < world.n_files; i++)
    for (guint j = 0; world.files[i].tree != NULL && j < world.files[i].tree->entries->len; j++)
      {
        Entry              *entry = g_ptr_array_index (world.files[i].tree->entries, j);
        const FakeDiskFile *file = find_file (world.files[i].tree, entry->path);

        *tree = world.files[i].tree;
        if (file != NULL && file->number == world.disk->last_used)
          return entry;
      }
  return NULL;
}

/* While a file is read, other bytes are the hardest to notice. */
void
tree_change_any (void)
{
  guint      how = (guint) random_below (&turns_random, 10);
  WholeTree *self = NULL;
  Entry     *entry = whole_one_in (2) ? find_used (&self) : NULL;

  if (entry != NULL && whole_one_in (2))
    how = 0;
  else if (entry == NULL)
    self = world.files[random_below (&turns_random, world.n_files)].tree;
  if (self == NULL || self->entries->len == 0 || self->n_changes == CHANGES_MAX)
    return;
  if (entry == NULL)
    entry = g_ptr_array_index (self->entries, random_below (&turns_random, self->entries->len));
  n_changes++;
  self->n_changes++;
  change_entry (self, entry, how);
}

/* The judge. */

static gboolean
is_same (GBytes *bytes, const GString *other)
{
  gsize       length;
  const void *data = g_bytes_get_data (bytes, &length);

  return length == other->len && (length == 0 || memcmp (data, other->str, length) == 0);
}

/* Whether a name is that of the path, or the one with a number. */
static gboolean
is_path_of (const char *path, const char *own)
{
  gsize length = strlen (own);

  return strncmp (path, own, length) == 0 && (path[length] == '\0' || path[length] == ' ');
}

static gboolean
is_beginning (const Entry *entry, const GString *bytes)
{
  gsize n = 0;

  for (gsize i = 0; i < bytes->len; i++, n++)
    {
      gboolean is_known = FALSE;

      for (guint j = 0; !is_known && j < entry->states->len; j++)
        {
          GBytes *state = get_state (entry, j)->bytes;

          is_known = state != NULL && i < g_bytes_get_size (state) &&
                     ((const char *) g_bytes_get_data (state, NULL))[i] == bytes->str[i];
        }
      if (!is_known)
        return FALSE;
    }
  return TRUE;
}

/* A part may have bytes of several states. */
static void
look_at_part (const char *name, const char *path, const FakeDiskFile *part)
{
  gboolean is_known = FALSE;

  if (part->is_planted)
    return;
  for (guint i = 0; !is_known && i < world.n_files; i++)
    for (guint j = 0; world.files[i].tree != NULL && g_str_equal (world.files[i].name, name) &&
                      j < world.files[i].tree->entries->len && !is_known;
         j++)
      is_known = is_beginning (g_ptr_array_index (world.files[i].tree->entries, j), part->bytes);
  if (!is_known && !world.was_cut)
    whole_fail ("the part “%s/%s” is of no file", name, path);
}

static void
look_at_file (const char *name, const char *path, const FakeDiskFile *file, gboolean is_durable)
{
  const GString *bytes = is_durable ? file->durable : file->bytes;
  gboolean       is_known = FALSE;

  for (guint i = 0; i < world.n_files; i++)
    for (guint j = 0; world.files[i].tree != NULL && g_str_equal (world.files[i].name, name) &&
                      j < world.files[i].tree->entries->len;
         j++)
      {
        Entry *entry = g_ptr_array_index (world.files[i].tree->entries, j);

        for (guint k = 0;
             entry->is_named && is_path_of (path, entry->path) && k < entry->states->len; k++)
          if (get_state (entry, k)->bytes != NULL && is_same (get_state (entry, k)->bytes, bytes))
            {
              is_known = TRUE;
              entry->seen |= G_GUINT64_CONSTANT (1) << k;
              if (entry->is_private && file->bytes->len > 0 && (file->mode & 077) != 0)
                whole_fail ("“%s/%s” is private, and has the mode %o", name, path, file->mode);
            }
      }
  if (!is_known && !is_durable && !(file->is_planted && g_str_equal (file->bytes->str, "planted")))
    whole_fail ("“%s/%s” has %u bytes that are no file", name, path, (guint) file->bytes->len);
}

/* path: "" or with a slash at the end. */
static void
look_at_folder (const char *name, const char *path, const FakeDiskFile *folder, gboolean is_durable)
{
  GHashTableIter iter;
  gpointer       key, value;

  g_hash_table_iter_init (&iter, is_durable ? world.disk->durable : world.disk->names);
  while (g_hash_table_iter_next (&iter, &key, &value))
    {
      const char      *base = fake_disk_get_name (key, folder);
      FakeDiskFile    *file = value;
      g_autofree char *place = NULL;

      if (base == NULL)
        continue;
      place = g_strconcat (path, base, file->kind == FAKE_DISK_DIRECTORY ? "/" : NULL, NULL);
      if (g_str_has_prefix (base, ".ibb-") && file->kind == FAKE_DISK_FILE)
        {
          if (!is_durable)
            look_at_part (name, place, file);
        }
      else if (file->kind == FAKE_DISK_DIRECTORY)
        {
          if (!file->is_planted && *base != 'd' && *base != 'e' && *base != 'f' && *base != 'l' &&
              *base != 'p')
            whole_fail ("the folder “%s/%s” is of no sender", name, place);
          look_at_folder (name, place, file, is_durable);
        }
      else if (file->kind == FAKE_DISK_FILE)
        look_at_file (name, place, file, is_durable);
      else if (!file->is_planted)
        whole_fail ("“%s/%s” is no file", name, place);
    }
}

/* Notes what the receivers have. is_durable: what they would have after a cut of the power. */
static void
look (gboolean is_durable)
{
  for (guint i = 0; i < world.n_files; i++)
    for (guint j = 0; world.files[i].tree != NULL && j < world.files[i].tree->entries->len; j++)
      ((Entry *) g_ptr_array_index (world.files[i].tree->entries, j))->seen = 0;
  for (guint i = 0; i < world.n_files; i++)
    {
      const char         *name = world.files[i].name;
      const FakeDiskFile *folder =
          g_hash_table_lookup (is_durable ? world.disk->durable : world.disk->names, name);
      gboolean is_first = world.files[i].tree != NULL;

      for (guint j = 0; j < i; j++)
        is_first &= !g_str_equal (world.files[j].name, name);
      if (is_first && folder != NULL && folder->kind == FAKE_DISK_DIRECTORY)
        look_at_folder (name, "", folder, is_durable);
    }
}

void
tree_judge (void)
{
  look (FALSE);
  for (guint i = 0; i < world.n_files; i++)
    for (guint j = 0; world.files[i].tree != NULL && !world.files[i].is_elsewhere &&
                      j < world.files[i].tree->entries->len;
         j++)
      {
        const Entry *entry = g_ptr_array_index (world.files[i].tree->entries, j);

        if ((entry->promised & ~entry->seen) != 0)
          whole_fail ("“%s/%s” was delivered, and is not there", world.files[i].name, entry->path);
      }
}

/* Whether a file was there all the time since the offer. was_stable: the same one. Sets the bits of
 * the states that it had. */
static gboolean
was_there (const Entry *entry, guint since, guint64 *states)
{
  *states = 0;
  for (guint i = entry->states->len; i-- > 0;)
    {
      if (get_state (entry, i)->bytes == NULL)
        return FALSE;
      *states |= G_GUINT64_CONSTANT (1) << i;
      if (get_state (entry, i)->since <= since)
        return entry->is_named;
    }
  return FALSE;
}

static guint
get_since (const WholeRecord *record)
{
  return g_array_index (record->file->tree->offers, guint, record->offer);
}

static gboolean
is_named_among (const Entry *entry, const char *const *left_out)
{
  return g_strv_contains (left_out, entry->path);
}

void
tree_judge_delivered (WholeRecord *record, gboolean is_sender)
{
  WholeTree *self = record->file->tree;

  look (TRUE);
  for (guint i = 0; i < self->entries->len; i++)
    {
      Entry   *entry = g_ptr_array_index (self->entries, i);
      guint64  states;
      gboolean is_stable = get_last (entry)->since <= get_since (record);

      if (was_there (entry, get_since (record), &states))
        {
          if ((entry->seen & states) == 0 && !record->file->is_elsewhere)
            whole_fail ("“%s” ends as delivered without “%s”", record->file->name, entry->path);
          if (is_stable && is_sender)
            entry->promised |= states & entry->seen;
        }
      else if (is_sender && is_stable && self->n_changes == 0 && !self->is_large &&
               ibb_files_transfer_get_n_left_out (record->transfer) <= 100 &&
               (!entry->is_named || entry->kind == FAKE_DISK_LINK ||
                entry->kind == FAKE_DISK_PIPE) &&
               find_file (self, entry->path) != NULL &&
               !is_named_among (entry, ibb_files_transfer_get_left_out (record->transfer)))
        whole_fail ("“%s/%s” is not named", record->file->name, entry->path);
    }
}

/* What is missing is counted, and the first one has a name. A folder that could not be listed
 * counts as one, whatever is in it. */
void
tree_judge_failed (WholeRecord *record, const GError *error)
{
  WholeTree       *self = record->file->tree;
  guint            n_failed, n_all;
  guint            n_missing = 0;
  gboolean         is_folder = FALSE;
  gboolean         is_known = FALSE;
  const char      *place = strstr (error->message, "the first is “");
  g_autofree char *name = NULL;

  if (!g_error_matches (error, IBB_ERROR, IBB_ERROR_FAILED) || place == NULL ||
      sscanf (error->message, "%u of %u files failed", &n_failed, &n_all) != 2)
    return;
  place += strlen ("the first is “");
  name = g_strndup (place, (gsize) (strstr (place, "”") - place));
  look (FALSE);
  for (guint i = 0; i < self->entries->len; i++)
    {
      const Entry     *entry = g_ptr_array_index (self->entries, i);
      g_autofree char *start = g_strconcat (name, "/", NULL);
      guint64          states;

      is_known |= g_str_equal (entry->path, name) || g_str_has_prefix (entry->path, start);
      is_folder |= g_str_has_prefix (entry->path, start);
      n_missing += was_there (entry, get_since (record), &states) && (entry->seen & states) == 0 &&
                   !record->file->is_elsewhere;
    }
  if (!is_known)
    whole_fail ("“%s” is said to have failed, and is nowhere", name);
  if (n_missing > n_failed && !is_folder && world.disk->n_faults <= 1)
    whole_fail ("%u files of “%s” are missing, and the error is: %s", n_missing, record->file->name,
                error->message);
}
