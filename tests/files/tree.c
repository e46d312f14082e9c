/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders that are sent: what is in them at each time, how they change, and what has to be at the
 * receiver. */

#include "config.h"

#include "whole.h"

#define ENTRIES_MAX 6
#define DEPTH_MAX 3

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
} Entry;

struct _WholeTree
{
  char         *place;   /* (owned): the path of the folder */
  FakeDiskFile *folder;  /* (unowned) */
  GPtrArray    *entries; /* (element-type Entry) */
  GArray       *offers;  /* (element-type guint): the last change before each offer */
  guint         n_changes;
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
pick_size (void)
{
  static const gsize sizes[] = { 0, 1, 1000, 1000, 5000, 65528, 65529 };

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
      g_autoptr (GBytes) bytes = make_bytes (pick_size ());

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
tree_make (WholeFile *file)
{
  WholeTree *self = g_new0 (WholeTree, 1);
  guint      n;

  file->tree = self;
  self->place = g_strdup_printf ("/source%u", file->number);
  self->folder = fake_disk_make (world.disk, NULL, self->place, FAKE_DISK_DIRECTORY);
  self->folder->mode = self->folder->durable_mode = whole_one_in (5) ? 0700 : 0755;
  self->entries = g_ptr_array_new_with_free_func (entry_free);
  self->offers = g_array_new (FALSE, TRUE, sizeof (guint));
  n = (guint) random_below (&turns_random, ENTRIES_MAX + 1);
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

GFile *
tree_offer (WholeFile *file)
{
  g_array_set_size (file->tree->offers, file->n_made + 1);
  g_array_index (file->tree->offers, guint, file->n_made) = n_changes;
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

void
tree_begin (void)
{
  n_changes = 0;
}
