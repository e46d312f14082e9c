/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/initiation.h"

#include "base/foreign-text.h"
#include "files/protocol/description.h"

#include <string.h>

#define FEATURE_NAMESPACE "http://jabber.org/protocol/feature-neg"
#define FORM_NAMESPACE "jabber:x:data"
#define STREAM_METHOD "stream-method"
#define IN_BAND "http://jabber.org/protocol/ibb"

#define SID_MAX 256 /* bytes: what IBBService takes */

static void
append_attribute (GString *xml, const char *name, const char *value)
{
  g_autofree char *escaped = value != NULL ? ibb_description_escape (value) : NULL;

  if (escaped != NULL)
    g_string_append_printf (xml, " %s='%s'", name, escaped);
}

char *
ibb_initiation_write_offer (const char *sid, IBBFilesMetadata *metadata)
{
  GDateTime       *date = ibb_files_metadata_get_date (metadata);
  g_autofree char *date_text = date != NULL ? ibb_description_format_date (date) : NULL;
  GString         *xml = g_string_new ("<si xmlns='" IBB_INITIATION_NAMESPACE "'");

  append_attribute (xml, "id", sid);
  append_attribute (xml, "profile", IBB_INITIATION_PROFILE);
  append_attribute (xml, "mime-type", ibb_files_metadata_get_media_type (metadata));
  g_string_append (xml, "><file xmlns='" IBB_INITIATION_PROFILE "'");
  append_attribute (xml, "name", ibb_files_metadata_get_name (metadata));
  g_string_append_printf (xml, " size='%" G_GUINT64_FORMAT "'",
                          ibb_files_metadata_get_size (metadata));
  append_attribute (xml, "date", date_text);
  g_string_append_c (xml, '>');
  ibb_description_write_text (xml, "desc", ibb_files_metadata_get_description (metadata));
  g_string_append (xml, "</file><feature xmlns='" FEATURE_NAMESPACE "'>"
                        "<x xmlns='" FORM_NAMESPACE "' type='form'>"
                        "<field var='" STREAM_METHOD "' type='list-single'>"
                        "<option><value>" IN_BAND "</value></option></field></x></feature></si>");
  return g_string_free (xml, FALSE);
}

char *
ibb_initiation_write_answer (void)
{
  return g_strdup ("<si xmlns='" IBB_INITIATION_NAMESPACE "'>"
                   "<feature xmlns='" FEATURE_NAMESPACE "'>"
                   "<x xmlns='" FORM_NAMESPACE "' type='submit'>"
                   "<field var='" STREAM_METHOD "'><value>" IN_BAND "</value></field></x>"
                   "</feature></si>");
}

gboolean
ibb_initiation_is_offer (const IBBElement *si)
{
  return g_str_equal (ibb_element_get_name (si), "si") &&
         g_strcmp0 (ibb_element_get_attribute (si, "profile"), IBB_INITIATION_PROFILE) == 0;
}

/* The form's field for the way of the bytes. */
static IBBElement *
get_field (const IBBElement *si)
{
  IBBElement *feature = ibb_element_get_child (si, "feature", FEATURE_NAMESPACE);
  IBBElement *x = feature != NULL ? ibb_element_get_child (feature, "x", FORM_NAMESPACE) : NULL;
  g_autoptr (GPtrArray) fields = x != NULL ? ibb_element_list_children (x) : NULL;

  for (guint i = 0; fields != NULL && i < fields->len; i++)
    {
      IBBElement *field = g_ptr_array_index (fields, i);

      if (g_strcmp0 (ibb_element_get_attribute (field, "var"), STREAM_METHOD) == 0)
        return field;
    }
  return NULL;
}

static gboolean
is_in_band (const IBBElement *parent)
{
  IBBElement *value = ibb_element_get_child (parent, "value", FORM_NAMESPACE);

  return value != NULL && g_strcmp0 (ibb_element_get_text (value), IN_BAND) == 0;
}

gboolean
ibb_initiation_read_answer (const IBBElement *si)
{
  IBBElement *field = get_field (si);

  return field != NULL && is_in_band (field);
}

/* Options of the form; a client may put further values beside them. */
static gboolean
offers_in_band (const IBBElement *si)
{
  IBBElement           *field = get_field (si);
  g_autoptr (GPtrArray) options = field != NULL ? ibb_element_list_children (field) : NULL;

  for (guint i = 0; options != NULL && i < options->len; i++)
    if (is_in_band (g_ptr_array_index (options, i)))
      return TRUE;
  return FALSE;
}

IBBFilesMetadata *
ibb_initiation_read_offer (const IBBElement *si,
                           char            **sid,
                           const char      **condition,
                           const char      **child)
{
  IBBElement *file = ibb_element_get_child (si, "file", IBB_INITIATION_PROFILE);
  IBBElement *desc =
      file != NULL ? ibb_element_get_child (file, "desc", IBB_INITIATION_PROFILE) : NULL;
  const char *name = file != NULL ? ibb_element_get_attribute (file, "name") : NULL;
  const char *size_text = file != NULL ? ibb_element_get_attribute (file, "size") : NULL;
  const char *id = ibb_element_get_attribute (si, "id");
  const char *md5 = file != NULL ? ibb_element_get_attribute (file, "hash") : NULL;
  guint64     size = 0;
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autofree char             *kept_name = NULL;
  g_autofree char             *media_type = NULL;
  g_autofree char             *description = NULL;
  g_autoptr (GDateTime)        date = NULL;

  *condition = "bad-request";
  *child = NULL;
  if (file == NULL || name == NULL || id == NULL || *id == '\0' || strlen (id) > SID_MAX ||
      (size_text != NULL && !ibb_description_read_number (size_text, &size)))
    return NULL;
  if (!offers_in_band (si))
    {
      *child = "no-valid-streams";
      return NULL;
    }
  *sid = g_strdup (id);
  kept_name = ibb_foreign_text_dup (name);
  media_type = ibb_foreign_text_dup (ibb_element_get_attribute (si, "mime-type"));
  description = ibb_foreign_text_dup (desc != NULL ? ibb_element_get_text (desc) : NULL);
  metadata = ibb_files_metadata_new (kept_name != NULL ? kept_name : "", size);
  ibb_files_metadata_set_media_type (metadata, media_type);
  ibb_files_metadata_set_description (metadata, description);
  date = ibb_description_read_date (ibb_element_get_attribute (file, "date"));
  ibb_files_metadata_set_date (metadata, date);
  if (md5 != NULL)
    ibb_description_set_hex_hash (metadata, "md5", md5);
  if (size_text == NULL && !ibb_description_is_empty (metadata))
    {
      g_clear_pointer (sid, g_free);
      return NULL;
    }
  return g_steal_pointer (&metadata);
}
