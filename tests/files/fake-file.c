/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A folder of the simulated disk as GIO shows it. */

#include "config.h"

#include "whole.h"

typedef struct
{
  GObject parent_instance;
  char   *path; /* (owned) */
} FakeFile;

typedef GObjectClass FakeFileClass;
static GType         fake_file_get_type (void);
static void          file_iface_init (GFileIface *iface);
G_DEFINE_TYPE_WITH_CODE (FakeFile,
                         fake_file,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_FILE, file_iface_init))

static char *
dup_path (GFile *file)
{
  return g_strdup (((FakeFile *) file)->path);
}

static char *
dup_name (GFile *file)
{
  return g_path_get_basename (((FakeFile *) file)->path);
}

static GFile *
dup_file (GFile *file)
{
  return g_object_ref (file);
}

static void
query_info_async (GFile              *file,
                  const char         *attributes,
                  GFileQueryInfoFlags flags,
                  int                 priority,
                  GCancellable       *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer            user_data)
{
  g_autoptr (GTask)     task = g_task_new (file, cancellable, callback, user_data);
  GFileInfo            *info = g_file_info_new ();
  guint                 hash = g_str_hash (((FakeFile *) file)->path); /* each has its date */
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (1000000000 + hash % 100000);
  g_autofree char      *name = dup_name (file);

  g_file_info_set_file_type (info, G_FILE_TYPE_DIRECTORY);
  g_file_info_set_size (info, 0);
  g_file_info_set_display_name (info, name);
  g_file_info_set_modification_date_time (info, date);
  g_file_info_set_content_type (info, "inode/directory");
  g_task_return_pointer (task, info, g_object_unref);
}

static GFileInfo *
query_info_finish (GFile *file, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
file_iface_init (GFileIface *iface)
{
  iface->dup = dup_file;
  iface->get_path = dup_path;
  iface->get_basename = dup_name;
  iface->get_parse_name = dup_path;
  iface->query_info_async = query_info_async;
  iface->query_info_finish = query_info_finish;
}

static void
fake_file_finalize (GObject *object)
{
  g_free (((FakeFile *) object)->path);
  G_OBJECT_CLASS (fake_file_parent_class)->finalize (object);
}

static void
fake_file_class_init (FakeFileClass *class)
{
  class->finalize = fake_file_finalize;
}

static void
fake_file_init (FakeFile *self)
{
}

GFile *
fake_file_new (const char *path)
{
  FakeFile *self = g_object_new (fake_file_get_type (), NULL);

  self->path = g_strdup (path);
  return G_FILE (self);
}
