/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/description.h"

#include "base/foreign-text.h"
#include "files/disk/hasher.h"

#include <string.h>

/* XML 1.0 §2.2: a name of a file may have what no reference can express. */
static gboolean
is_allowed (gunichar c)
{
  return c == '\t' || c == '\n' || c == '\r' || (c >= 0x20 && c != 0xFFFE && c != 0xFFFF);
}

gboolean
ibb_description_can_have (const char *text)
{
  while (*text != '\0' && is_allowed (g_utf8_get_char (text)))
    text = g_utf8_next_char (text);
  return *text == '\0';
}

char *
ibb_description_escape (const char *text)
{
  g_autoptr (GString) kept = g_string_new (NULL);

  for (; *text != '\0'; text = g_utf8_next_char (text))
    {
      gunichar c = g_utf8_get_char (text);

      g_string_append_unichar (kept, is_allowed (c) ? c : 0xFFFD);
    }
  return g_markup_escape_text (kept->str, (gssize) kept->len);
}

void
ibb_description_write_text (GString *xml, const char *name, const char *text)
{
  g_autofree char *escaped = NULL;

  if (text == NULL)
    return;
  escaped = ibb_description_escape (text);
  g_string_append_printf (xml, "<%s>%s</%s>", name, escaped, name);
}

char *
ibb_description_format_date (GDateTime *date)
{
  g_autoptr (GDateTime) utc = g_date_time_to_utc (date);

  return g_date_time_format (utc, "%Y-%m-%dT%H:%M:%SZ");
}

/* Gajim's dates have a zone twice. */
GDateTime *
ibb_description_read_date (const char *text)
{
  gsize            length = text != NULL ? strlen (text) : 0;
  g_autofree char *date = NULL;

  if (length == 0 || length > 100)
    return NULL;
  date = g_strdup (text);
  if (g_str_has_suffix (date, "+00:00Z"))
    date[length - 1] = '\0';
  return g_date_time_new_from_iso8601 (date, NULL);
}

void
ibb_description_write (GString          *xml,
                       IBBFilesMetadata *metadata,
                       gboolean          takes_range,
                       guint64           offset)
{
  GDateTime *date = ibb_files_metadata_get_date (metadata);

  ibb_description_write_text (xml, "name", ibb_files_metadata_get_name (metadata));
  g_string_append_printf (xml, "<size>%" G_GUINT64_FORMAT "</size>",
                          ibb_files_metadata_get_size (metadata));
  ibb_description_write_text (xml, "media-type", ibb_files_metadata_get_media_type (metadata));
  ibb_description_write_text (xml, "desc", ibb_files_metadata_get_description (metadata));
  if (date != NULL)
    {
      g_autofree char *text = ibb_description_format_date (date);

      ibb_description_write_text (xml, "date", text);
    }
  for (guint i = 0; ibb_hasher_algorithms[i].name != NULL; i++)
    {
      const char *algorithm = ibb_hasher_algorithms[i].name;
      const char *hash = ibb_files_metadata_get_hash (metadata, algorithm);

      if (hash != NULL && !ibb_hasher_algorithms[i].is_weak)
        g_string_append_printf (
            xml, "<hash xmlns='" IBB_DESCRIPTION_HASHES_NAMESPACE "' algo='%s'>%s</hash>",
            algorithm, hash);
    }
  if (offset > 0)
    g_string_append_printf (xml, "<range offset='%" G_GUINT64_FORMAT "'/>", offset);
  else if (takes_range)
    g_string_append (xml, "<range/>");
}

gboolean
ibb_description_read_number (const char *text, guint64 *number)
{
  g_autofree char *digits = text != NULL ? g_strstrip (g_strdup (text)) : NULL;

  return digits != NULL && g_ascii_string_to_unsigned (digits, 10, 0, G_MAXINT64, number, NULL);
}

static const char *
get_text (const IBBElement *file, const char *name)
{
  IBBElement *child = ibb_element_get_child (file, name, IBB_DESCRIPTION_NAMESPACE);

  return child != NULL ? ibb_element_get_text (child) : NULL;
}

/* Text of another length than that of the function is no hash of it. */
static gboolean
set_hash (IBBFilesMetadata *metadata, const char *algorithm, const guint8 *bytes, gsize length)
{
  g_autoptr (IBBHasher) hasher = ibb_hasher_new (algorithm);
  g_autofree char      *of_nothing = hasher != NULL ? ibb_hasher_finish (hasher) : NULL;
  g_autofree char      *base64 = g_base64_encode (bytes, length);

  if (of_nothing == NULL || strlen (base64) != strlen (of_nothing))
    return FALSE;
  ibb_files_metadata_set_hash (metadata, algorithm, base64);
  return TRUE;
}

gboolean
ibb_description_read_hashes (const IBBElement *file, IBBFilesMetadata *metadata)
{
  g_autoptr (GPtrArray) children = ibb_element_list_children (file);
  gboolean              found = FALSE;

  for (guint i = 0; i < children->len; i++)
    {
      IBBElement        *child = g_ptr_array_index (children, i);
      const char        *algorithm = ibb_element_get_attribute (child, "algo");
      g_autofree guint8 *bytes = NULL;
      gsize              length;

      if (!g_str_equal (ibb_element_get_name (child), "hash") || algorithm == NULL ||
          g_strcmp0 (ibb_element_get_namespace (child), IBB_DESCRIPTION_HASHES_NAMESPACE) != 0)
        continue;
      bytes = g_base64_decode (ibb_element_get_text (child), &length);
      found |= set_hash (metadata, algorithm, bytes, length);
    }
  return found;
}

gboolean
ibb_description_is_empty (IBBFilesMetadata *metadata)
{
  for (guint i = 0; ibb_hasher_algorithms[i].name != NULL; i++)
    {
      const char           *algorithm = ibb_hasher_algorithms[i].name;
      g_autoptr (IBBHasher) hasher = ibb_hasher_new (algorithm);
      g_autofree char      *of_nothing = ibb_hasher_finish (hasher);

      if (g_strcmp0 (ibb_files_metadata_get_hash (metadata, algorithm), of_nothing) == 0)
        return TRUE;
    }
  return FALSE;
}

void
ibb_description_set_hex_hash (IBBFilesMetadata *metadata, const char *algorithm, const char *hex)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  for (; g_ascii_isxdigit (hex[0]) && g_ascii_isxdigit (hex[1]); hex += 2)
    {
      guint8 byte = (guint8) (g_ascii_xdigit_value (hex[0]) << 4 | g_ascii_xdigit_value (hex[1]));

      g_byte_array_append (bytes, &byte, 1);
    }
  if (*hex == '\0')
    set_hash (metadata, algorithm, bytes->data, bytes->len);
}

/* Conversations says mediaType. */
static const char *
get_media_type (const IBBElement *file)
{
  const char *media_type = get_text (file, "media-type");

  return media_type != NULL ? media_type : get_text (file, "mediaType");
}

IBBFilesMetadata *
ibb_description_read (const IBBElement *file, gboolean *takes_range, guint64 *offset)
{
  IBBElement *size_element = ibb_element_get_child (file, "size", IBB_DESCRIPTION_NAMESPACE);
  IBBElement *range = ibb_element_get_child (file, "range", IBB_DESCRIPTION_NAMESPACE);
  const char *offset_text = range != NULL ? ibb_element_get_attribute (range, "offset") : NULL;
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autoptr (GDateTime)        date = NULL;
  g_autofree char             *name = ibb_foreign_text_dup (get_text (file, "name"));
  g_autofree char             *media_type = ibb_foreign_text_dup (get_media_type (file));
  g_autofree char             *description = ibb_foreign_text_dup (get_text (file, "desc"));
  guint64                      size = 0;

  *takes_range = range != NULL;
  *offset = 0;
  if ((size_element != NULL &&
       !ibb_description_read_number (ibb_element_get_text (size_element), &size)) ||
      (offset_text != NULL && !ibb_description_read_number (offset_text, offset)))
    return NULL;
  metadata = ibb_files_metadata_new (name != NULL ? name : "", size);
  ibb_files_metadata_set_media_type (metadata, media_type);
  ibb_files_metadata_set_description (metadata, description);
  date = ibb_description_read_date (get_text (file, "date"));
  ibb_files_metadata_set_date (metadata, date);
  ibb_description_read_hashes (file, metadata);
  return g_steal_pointer (&metadata);
}
