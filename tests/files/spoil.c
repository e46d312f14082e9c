/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that change or cannot be read while they are sent, and what somebody else does in the
 * folder. */

#include "config.h"

#include "whole.h"

#include <string.h>

struct _Source
{
  GInputStream parent_instance;

  GBytes *bytes; /* (owned) */
  gsize   position;
  gsize   fails_at;
};

#define TYPE_SOURCE (source_get_type ())
G_DECLARE_FINAL_TYPE (Source, source, , SOURCE, GInputStream)
G_DEFINE_FINAL_TYPE (Source, source, G_TYPE_INPUT_STREAM)

static gssize
source_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  Source *self = (Source *) stream;
  gsize   n = MIN (count, MIN (g_bytes_get_size (self->bytes), self->fails_at) - self->position);

  if (self->position == self->fails_at)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_FAILED, "It cannot be read");
      return -1;
    }
  if (n > 0)
    memcpy (buffer, (const char *) g_bytes_get_data (self->bytes, NULL) + self->position, n);
  self->position += n;
  return (gssize) n;
}

static void
source_finalize (GObject *object)
{
  g_bytes_unref (((Source *) object)->bytes);
  G_OBJECT_CLASS (source_parent_class)->finalize (object);
}

static void
source_class_init (SourceClass *class)
{
  G_OBJECT_CLASS (class)->finalize = source_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = source_read;
}

static void
source_init (Source *self)
{
}

static GInputStream *
source_new (GBytes *bytes, gsize fails_at)
{
  Source *self = g_object_new (TYPE_SOURCE, NULL);

  self->bytes = g_bytes_ref (bytes);
  self->fails_at = fails_at;
  return G_INPUT_STREAM (self);
}

GInputStream *
spoil_open_source (WholeFile *file)
{
  GBytes            *bytes = file->other != NULL && whole_one_in (2) ? file->other : file->bytes;
  gsize              size = g_bytes_get_size (bytes);
  gsize              place = (gsize) random_below (&turns_random, MAX (size, 1));
  g_autoptr (GBytes) shorter = g_bytes_new_from_bytes (bytes, 0, place);
  g_autofree guint8 *longer = g_malloc0 (size + 1);

  if (file->other != NULL)
    file->is_free = FALSE;
  if (!whole_one_in (10))
    return g_memory_input_stream_new_from_bytes (bytes);
  file->is_free = FALSE;
  file->bad_offer = file->n_made;
  switch (random_below (&turns_random, 3))
    {
    case 0:
      return source_new (bytes, whole_one_in (2) ? size : place);
    case 1:
      if (size > 0)
        memcpy (longer, g_bytes_get_data (bytes, NULL), size);
      return g_memory_input_stream_new_from_data (g_steal_pointer (&longer), (gssize) size + 1,
                                                  g_free);
    default:
      file->bad_offer = size > 0 ? file->n_made : 0;
      return g_memory_input_stream_new_from_bytes (shorter);
    }
}

static char *
dup_place (const WholeFile *file)
{
  return g_strdup_printf ("/file%u", file->number);
}

GFile *
spoil_make_source (WholeFile *file)
{
  g_autofree char *place = dup_place (file);
  FakeDiskFile    *source;

  if (file->date == NULL || !whole_one_in (3))
    return NULL;
  source = fake_disk_make (world.disk, NULL, place, FAKE_DISK_FILE);
  fake_disk_rewrite (world.disk, source,
                     file->other != NULL && whole_one_in (2) ? file->other : file->bytes);
  source->time = g_date_time_to_unix (file->date) * G_USEC_PER_SEC;
  if (file->other != NULL)
    file->is_free = FALSE;
  return fake_file_new (place);
}

/* Mostly the one that the last call of the disk was for. */
static FakeDiskFile *
pick_source (const WholeFile **file)
{
  FakeDiskFile *source = NULL;

  *file = &world.files[random_below (&turns_random, world.n_files)];
  for (guint i = 0; i < world.n_files; i++)
    {
      g_autofree char *place = dup_place (&world.files[i]);
      FakeDiskFile    *other = fake_disk_find (world.disk, NULL, place);

      if (other == NULL || (*file != &world.files[i] && other->number != world.disk->last_used))
        continue;
      *file = &world.files[i];
      source = other;
    }
  return source;
}

void
spoil_source (void)
{
  const WholeFile *file;
  FakeDiskFile    *source = pick_source (&file);
  gint64           time;

  if (source == NULL || file->other == NULL)
    return;
  time = source->time;
  fake_disk_rewrite (world.disk, source, whole_one_in (2) ? file->other : file->bytes);
  source->time = time;
}

/* Of another sender's file a hash of the rest may be all that comes. */
static gboolean
has_whole_hash (const char *name)
{
  for (guint i = 0; i < world.n_files; i++)
    for (guint number = 1; number <= 2 && world.files[i].sender != WHOLE_STRANGER; number++)
      {
        g_autofree char *part = judge_dup_part_name (&world.files[i], number);

        if (g_str_equal (name, part))
          return TRUE;
      }
  return FALSE;
}

void
spoil_part (void)
{
  GHashTableIter   iter;
  gpointer         name, value;
  FakeDiskFile    *part = NULL;
  g_autofree char *place = NULL;

  g_hash_table_iter_init (&iter, world.disk->names);
  while (part == NULL && g_hash_table_iter_next (&iter, &name, &value))
    if (strstr (name, ".ibb-") != NULL && !((FakeDiskFile *) value)->is_planted)
      {
        part = value;
        place = g_strdup (name);
      }
  if (part == NULL)
    return;
  whole_trace ("-- somebody spoils “%s”", place);
  world.n_evils++;
  part->is_planted = TRUE;
  world.disk->n_planted++;
  if (part->bytes->len > 0 && (strchr (place, '/') != NULL || has_whole_hash (place)) &&
      whole_one_in (2))
    part->bytes->str[random_below (&turns_random, part->bytes->len)] ^= 1;
  else
    fake_disk_plant_any (world.disk, place);
}

void
spoil_plan (char **places)
{
  guint n = 0;

  for (guint i = 0; i < world.n_files; i++)
    if (world.files[i].tree != NULL)
      for (guint j = 0; j < 4; j++)
        places[n++] =
            g_build_filename (world.files[i].name, tree_get_path (world.files[i].tree, j), NULL);
    else
      {
        places[n++] = g_strdup (world.files[i].name);
        places[n++] = g_strdup_printf ("%s (2)", world.files[i].name);
        places[n++] = judge_dup_part_name (&world.files[i], 1);
        places[n++] = judge_dup_part_name (&world.files[i], 2);
      }
  world.disk->places = (const char *const *) places;
  world.disk->plant_rate = whole_one_in (3) ? 1 + (guint) random_below (&turns_random, 20) : 0;
}

void
spoil_copy_file (WholeFile *self, WholeFile *other)
{
  g_free (self->name);
  g_bytes_unref (self->bytes);
  g_clear_pointer (&self->date, g_date_time_unref);
  self->name = g_strdup (other->name);
  self->bytes = g_bytes_ref (other->bytes);
  self->date = other->date != NULL ? g_date_time_ref (other->date) : NULL;
  self->sender = other->sender;
  if (self->receiver == WHOLE_STRANGER || self->receiver == self->sender)
    self->receiver = (other->receiver + 1) % world.n_programs;
  if (self->receiver == self->sender)
    self->receiver = WHOLE_STRANGER;
  g_clear_pointer (&self->other, g_bytes_unref);
  self->other = other->other != NULL ? g_bytes_ref (other->other) : NULL;
  self->is_false = other->is_false;
  self->is_twin = other->is_twin = TRUE;
}
