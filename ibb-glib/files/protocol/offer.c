/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/offer.h"

#include "files/ibb-files-metadata-private.h"
#include "files/protocol/description.h"
#include "files/protocol/folder.h"

/* Nothing for what any file has. */
static void
write_rights (GString *xml, IBBFilesMetadata *metadata)
{
  guint    mode = ibb_files_metadata_get_mode (metadata);
  gboolean is_private = (mode & 077) == 0;
  gboolean is_executable = (mode & 0100) != 0 && !ibb_files_metadata_get_is_folder (metadata);

  if (is_private || is_executable)
    g_string_append_printf (xml, "<rights xmlns='" IBB_OFFER_FOLDER_NAMESPACE "'%s%s/>",
                            is_private ? " private='true'" : "",
                            is_executable ? " executable='true'" : "");
}

GString *
ibb_offer_write (IBBFilesMetadata *metadata)
{
  GString *xml = g_string_new ("<file xmlns='" IBB_DESCRIPTION_NAMESPACE "'>");

  ibb_description_write (xml, metadata, FALSE, 0);
  if (ibb_files_metadata_get_is_folder (metadata))
    g_string_append_printf (xml, "<folder xmlns='" IBB_OFFER_FOLDER_NAMESPACE "' files='%u'/>",
                            ibb_files_metadata_get_n_files (metadata));
  write_rights (xml, metadata);
  g_string_append (xml, "</file>");
  return xml;
}

static IBBElement *
parse (const guint8 *payload, gsize length)
{
  g_autoptr (IBBElement) file =
      ibb_element_new_from_xml ((const char *) payload, (gssize) length, NULL);

  if (file == NULL || !g_str_equal (ibb_element_get_name (file), "file") ||
      !g_str_equal (ibb_element_get_namespace (file), IBB_DESCRIPTION_NAMESPACE))
    return NULL;
  return g_steal_pointer (&file);
}

/* <folder/>, which makes a folder of what is offered. */
static gboolean
read_folder (const IBBElement *file, IBBFilesMetadata *metadata)
{
  IBBElement *folder = ibb_element_get_child (file, "folder", IBB_OFFER_FOLDER_NAMESPACE);
  const char *text = folder != NULL ? ibb_element_get_attribute (folder, "files") : NULL;
  guint64     n_files = 0;

  if (folder == NULL)
    return TRUE;
  if (text == NULL ||
      !g_ascii_string_to_unsigned (text, 10, 0, IBB_FOLDER_ENTRIES_MAX, &n_files, NULL))
    return FALSE;
  ibb_files_metadata_set_folder (metadata, (guint) n_files);
  return TRUE;
}

static gboolean
is_true (const IBBElement *element, const char *attribute)
{
  const char *text = ibb_element_get_attribute (element, attribute);

  return g_strcmp0 (text, "true") == 0 || g_strcmp0 (text, "1") == 0;
}

static void
read_rights (const IBBElement *file, IBBFilesMetadata *metadata)
{
  IBBElement *rights = ibb_element_get_child (file, "rights", IBB_OFFER_FOLDER_NAMESPACE);
  guint       mode = ibb_files_metadata_get_mode (metadata);

  if (rights != NULL && is_true (rights, "executable"))
    mode |= 0111;
  if (rights != NULL && is_true (rights, "private"))
    mode &= 0700;
  ibb_files_metadata_set_mode (metadata, mode);
}

IBBFilesMetadata *
ibb_offer_read_element (const IBBElement *file)
{
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  gboolean                     takes_range;
  guint64                      offset;

  if (ibb_element_get_child (file, "size", IBB_DESCRIPTION_NAMESPACE) == NULL)
    return NULL;
  metadata = ibb_description_read (file, &takes_range, &offset);
  if (metadata == NULL || !read_folder (file, metadata))
    return NULL;
  read_rights (file, metadata);
  return g_steal_pointer (&metadata);
}

IBBFilesMetadata *
ibb_offer_read (const guint8 *payload, gsize length)
{
  g_autoptr (IBBElement) file = parse (payload, length);

  return file != NULL ? ibb_offer_read_element (file) : NULL;
}
