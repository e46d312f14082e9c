/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/ibb-files-metadata-private.h"

#include "base/foreign-text.h"
#include "files/disk/file-name.h"

/**
 * IBBFilesMetadata:
 *
 * What is known of a file, or of a folder, before its bytes: name, size, media type, date,
 * description and hashes (XEP-0234 §3).
 *
 * The metadata of a file that a peer offers are the peer’s words: show the name, and never use it
 * as a path; [method@IBBFiles.Metadata.dup_safe_name] makes a file name of it.
 *
 * ```c
 * static IBBFilesMetadata *
 * describe_report (GBytes *report)
 * {
 *   IBBFilesMetadata *metadata =
 *       ibb_files_metadata_new ("report.txt", g_bytes_get_size (report));
 *
 *   ibb_files_metadata_set_media_type (metadata, "text/plain");
 *   return metadata;
 * }
 * ```
 *
 * ## Threads
 *
 * One thread at a time may use the object.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_NAME,
  PROP_SIZE,
  PROP_MEDIA_TYPE,
  PROP_DATE,
  PROP_DESCRIPTION,
  PROP_IS_FOLDER,
  PROP_N_FILES,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _IBBFilesMetadata
{
  GObject parent_instance;

  char       *name; /* (owned) */
  guint64     size;
  char       *media_type;  /* (owned) (nullable) */
  GDateTime  *date;        /* (owned) (nullable) */
  char       *description; /* (owned) (nullable) */
  GHashTable *hashes;      /* (owned) (element-type utf8 utf8): base64 by algorithm */
  gboolean    is_folder;
  guint       n_files;
  guint       mode; /* see ibb_files_metadata_set_mode () */
};

G_DEFINE_FINAL_TYPE (IBBFilesMetadata, ibb_files_metadata, G_TYPE_OBJECT)

static void
ibb_files_metadata_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBFilesMetadata *self = IBB_FILES_METADATA (object);

  switch (prop_id)
    {
    case PROP_NAME:
      g_value_set_string (value, self->name);
      break;
    case PROP_SIZE:
      g_value_set_uint64 (value, self->size);
      break;
    case PROP_MEDIA_TYPE:
      g_value_set_string (value, self->media_type);
      break;
    case PROP_DATE:
      g_value_set_boxed (value, self->date);
      break;
    case PROP_DESCRIPTION:
      g_value_set_string (value, self->description);
      break;
    case PROP_IS_FOLDER:
      g_value_set_boolean (value, self->is_folder);
      break;
    case PROP_N_FILES:
      g_value_set_uint (value, self->n_files);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_files_metadata_set_property (GObject      *object,
                                 guint         prop_id,
                                 const GValue *value,
                                 GParamSpec   *pspec)
{
  IBBFilesMetadata *self = IBB_FILES_METADATA (object);

  switch (prop_id)
    {
    case PROP_NAME:
      self->name = g_strdup (g_value_get_string (value) != NULL ? g_value_get_string (value) : "");
      break;
    case PROP_SIZE:
      self->size = g_value_get_uint64 (value);
      break;
    case PROP_MEDIA_TYPE:
      ibb_files_metadata_set_media_type (self, g_value_get_string (value));
      break;
    case PROP_DATE:
      ibb_files_metadata_set_date (self, g_value_get_boxed (value));
      break;
    case PROP_DESCRIPTION:
      ibb_files_metadata_set_description (self, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_files_metadata_finalize (GObject *object)
{
  IBBFilesMetadata *self = IBB_FILES_METADATA (object);

  g_free (self->name);
  g_free (self->media_type);
  g_clear_pointer (&self->date, g_date_time_unref);
  g_free (self->description);
  g_hash_table_unref (self->hashes);
  G_OBJECT_CLASS (ibb_files_metadata_parent_class)->finalize (object);
}

static void
ibb_files_metadata_class_init (IBBFilesMetadataClass *class)
{
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const GParamFlags construct = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  GObjectClass     *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_files_metadata_get_property;
  object_class->set_property = ibb_files_metadata_set_property;
  object_class->finalize = ibb_files_metadata_finalize;

  /**
   * IBBFilesMetadata:name:
   *
   * The name of the file, without a folder.
   *
   * Default: "".
   *
   * Since: 1.0
   */
  props[PROP_NAME] = g_param_spec_string ("name", NULL, NULL, "", construct);

  /**
   * IBBFilesMetadata:size:
   *
   * The size of the file in bytes; of a folder that of all files in it.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_SIZE] = g_param_spec_uint64 ("size", NULL, NULL, 0, G_MAXINT64, 0, construct);

  /**
   * IBBFilesMetadata:media-type:
   *
   * The media type of the content, such as `image/png`.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_MEDIA_TYPE] = g_param_spec_string ("media-type", NULL, NULL, NULL, read_write);

  /**
   * IBBFilesMetadata:date:
   *
   * When the file was changed last.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_DATE] = g_param_spec_boxed ("date", NULL, NULL, G_TYPE_DATE_TIME, read_write);

  /**
   * IBBFilesMetadata:description:
   *
   * A sentence to the person who receives the file.
   *
   * Default: %NULL.
   *
   * Since: 1.0
   */
  props[PROP_DESCRIPTION] = g_param_spec_string ("description", NULL, NULL, NULL, read_write);

  /**
   * IBBFilesMetadata:is-folder:
   *
   * Whether a folder is offered: all files in it, and in the folders below.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_IS_FOLDER] = g_param_spec_boolean ("is-folder", NULL, NULL, FALSE, read_only);

  /**
   * IBBFilesMetadata:n-files:
   *
   * How many files are offered: 1, or those in a folder and in the folders below. An empty folder
   * counts as a file.
   *
   * Default: 1.
   *
   * Since: 1.0
   */
  props[PROP_N_FILES] = g_param_spec_uint ("n-files", NULL, NULL, 0, G_MAXUINT, 1, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_files_metadata_init (IBBFilesMetadata *self)
{
  self->hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->n_files = 1;
  self->mode = 0666;
}

/**
 * ibb_files_metadata_new:
 * @name: the name of the file, without a folder, in UTF-8
 * @size: the size of the file in bytes
 *
 * Creates the metadata of a file.
 *
 * Returns: (transfer full): the metadata
 *
 * Since: 1.0
 */
IBBFilesMetadata *
ibb_files_metadata_new (const char *name, guint64 size)
{
  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (size <= G_MAXINT64, NULL);

  return g_object_new (IBB_FILES_TYPE_METADATA, "name", name, "size", size, NULL);
}

/**
 * ibb_files_metadata_get_name: (get-property name)
 * @self: metadata
 *
 * Gets the name of the file. A peer’s name may be anything: see
 * [method@IBBFiles.Metadata.dup_safe_name].
 *
 * Returns: the name
 *
 * Since: 1.0
 */
const char *
ibb_files_metadata_get_name (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), NULL);

  return self->name;
}

/**
 * ibb_files_metadata_dup_safe_name:
 * @self: metadata
 *
 * Makes a file name of the name in the offer: the part after the last slash or backslash. Control
 * characters, marks of the direction of writing, and dots at the beginning are removed. The name is
 * `file` if nothing is left. A name of more than 255 bytes is shortened before its suffix. A file
 * of that name may be there.
 *
 * Returns: (transfer full): a name without a folder, in UTF-8
 *
 * Since: 1.0
 */
char *
ibb_files_metadata_dup_safe_name (IBBFilesMetadata *self)
{
  g_autoptr (GString) name = NULL;
  const char         *p;

  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), NULL);

  name = g_string_new (NULL);
  p = self->name;
  for (const char *c = p; *c != '\0'; c++)
    if (*c == '/' || *c == '\\')
      p = c + 1;
  for (; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (ibb_foreign_text_is_misleading (c) ||
          (name->len == 0 && (c == '.' || c == ' ' || ibb_foreign_text_is_joiner (c))))
        continue;
      g_string_append_unichar (name, c);
    }
  while (name->len > 0 && name->str[name->len - 1] == ' ')
    g_string_truncate (name, name->len - 1);
  if (name->len == 0)
    g_string_append (name, "file");
  return ibb_file_name_insert (name->str, "");
}

/**
 * ibb_files_metadata_get_size: (get-property size)
 * @self: metadata
 *
 * Gets the size of the file, or of all files in the folder.
 *
 * Returns: the size in bytes
 *
 * Since: 1.0
 */
guint64
ibb_files_metadata_get_size (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), 0);

  return self->size;
}

/**
 * ibb_files_metadata_get_media_type: (get-property media-type)
 * @self: metadata
 *
 * Gets the media type of the content.
 *
 * Returns: (nullable): the media type
 *
 * Since: 1.0
 */
const char *
ibb_files_metadata_get_media_type (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), NULL);

  return self->media_type;
}

/**
 * ibb_files_metadata_set_media_type: (set-property media-type)
 * @self: metadata
 * @media_type: (nullable): the media type, such as `image/png`
 *
 * Sets the media type of the content.
 *
 * Since: 1.0
 */
void
ibb_files_metadata_set_media_type (IBBFilesMetadata *self, const char *media_type)
{
  g_return_if_fail (IBB_FILES_IS_METADATA (self));

  if (g_strcmp0 (media_type, self->media_type) == 0)
    return;
  g_free (self->media_type);
  self->media_type = g_strdup (media_type);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MEDIA_TYPE]);
}

/**
 * ibb_files_metadata_get_date: (get-property date)
 * @self: metadata
 *
 * Gets the time at which the file was changed last.
 *
 * Returns: (transfer none) (nullable): the time
 *
 * Since: 1.0
 */
GDateTime *
ibb_files_metadata_get_date (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), NULL);

  return self->date;
}

/**
 * ibb_files_metadata_set_date: (set-property date)
 * @self: metadata
 * @date: (nullable): the time
 *
 * Sets the time at which the file was changed last.
 *
 * Since: 1.0
 */
void
ibb_files_metadata_set_date (IBBFilesMetadata *self, GDateTime *date)
{
  g_return_if_fail (IBB_FILES_IS_METADATA (self));

  if (date == self->date)
    return;
  if (date != NULL)
    g_date_time_ref (date);
  g_clear_pointer (&self->date, g_date_time_unref);
  self->date = date;
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DATE]);
}

/**
 * ibb_files_metadata_get_description: (get-property description)
 * @self: metadata
 *
 * Gets the sentence to the person who receives the file.
 *
 * Returns: (nullable): the description
 *
 * Since: 1.0
 */
const char *
ibb_files_metadata_get_description (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), NULL);

  return self->description;
}

/**
 * ibb_files_metadata_set_description: (set-property description)
 * @self: metadata
 * @description: (nullable): the description
 *
 * Sets the sentence to the person who receives the file.
 *
 * Since: 1.0
 */
void
ibb_files_metadata_set_description (IBBFilesMetadata *self, const char *description)
{
  g_return_if_fail (IBB_FILES_IS_METADATA (self));

  if (g_strcmp0 (description, self->description) == 0)
    return;
  g_free (self->description);
  self->description = g_strdup (description);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_DESCRIPTION]);
}

/**
 * ibb_files_metadata_get_hash:
 * @self: metadata
 * @algorithm: the name of the hash function (XEP-0300), such as `sha-256`
 *
 * Gets a hash of the whole content.
 *
 * Returns: (nullable): the hash in base64
 *
 * Since: 1.0
 */
const char *
ibb_files_metadata_get_hash (IBBFilesMetadata *self, const char *algorithm)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), NULL);
  g_return_val_if_fail (algorithm != NULL, NULL);

  return g_hash_table_lookup (self->hashes, algorithm);
}

/**
 * ibb_files_metadata_set_hash:
 * @self: metadata
 * @algorithm: the name of the hash function (XEP-0300), such as `sha-256`
 * @hash: (nullable): the hash in base64, or %NULL for none
 *
 * Sets a hash of the whole content. A sender need not: it computes one while the bytes leave.
 *
 * Since: 1.0
 */
void
ibb_files_metadata_set_hash (IBBFilesMetadata *self, const char *algorithm, const char *hash)
{
  g_return_if_fail (IBB_FILES_IS_METADATA (self));
  g_return_if_fail (algorithm != NULL);

  if (hash != NULL)
    g_hash_table_insert (self->hashes, g_strdup (algorithm), g_strdup (hash));
  else
    g_hash_table_remove (self->hashes, algorithm);
}

/**
 * ibb_files_metadata_get_is_folder: (get-property is-folder)
 * @self: metadata
 *
 * Gets whether a folder is offered.
 *
 * Returns: %TRUE for a folder, %FALSE for a file
 *
 * Since: 1.0
 */
gboolean
ibb_files_metadata_get_is_folder (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), FALSE);

  return self->is_folder;
}

/**
 * ibb_files_metadata_get_n_files: (get-property n-files)
 * @self: metadata
 *
 * Gets how many files are offered; see [property@IBBFiles.Metadata:n-files].
 *
 * Returns: 1, or the number of files in the folder
 *
 * Since: 1.0
 */
guint
ibb_files_metadata_get_n_files (IBBFilesMetadata *self)
{
  g_return_val_if_fail (IBB_FILES_IS_METADATA (self), 0);

  return self->n_files;
}

void
ibb_files_metadata_set_folder (IBBFilesMetadata *self, guint n_files)
{
  self->is_folder = TRUE;
  self->mode |= 0111;
  self->n_files = n_files;
}

void
ibb_files_metadata_set_mode (IBBFilesMetadata *self, guint mode)
{
  self->mode = mode;
}

guint
ibb_files_metadata_get_mode (IBBFilesMetadata *self)
{
  return self->mode;
}

IBBFilesMetadata *
ibb_files_metadata_copy (IBBFilesMetadata *self)
{
  IBBFilesMetadata *copy = ibb_files_metadata_new (self->name, self->size);
  GHashTableIter    iter;
  gpointer          algorithm;
  gpointer          hash;

  ibb_files_metadata_set_media_type (copy, self->media_type);
  ibb_files_metadata_set_date (copy, self->date);
  ibb_files_metadata_set_description (copy, self->description);
  g_hash_table_iter_init (&iter, self->hashes);
  while (g_hash_table_iter_next (&iter, &algorithm, &hash))
    ibb_files_metadata_set_hash (copy, algorithm, hash);
  copy->is_folder = self->is_folder;
  copy->n_files = self->n_files;
  copy->mode = self->mode;
  return copy;
}
