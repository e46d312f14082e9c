/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/stanza.h"

#include <string.h>

/* Returns kind as a text that is never freed, if it is the type of most stanzas, or else NULL. Each
 * library has texts of its own and frees stanzas of the others, so texts are compared, not
 * pointers. */
static const char *
find_static (const char *kind)
{
  static const char *const kinds[] = { "set", "get", "result", "error" };

  for (gsize i = 0; kind != NULL && i < G_N_ELEMENTS (kinds); i++)
    if (*kind == *kinds[i] && strcmp (kind, kinds[i]) == 0)
      return kinds[i];
  return NULL;
}

static char *
dup_kind (const char *kind)
{
  const char *same = find_static (kind);

  return same != NULL ? (char *) same : g_strdup (kind);
}

static void
free_kind (char *kind)
{
  if (find_static (kind) == NULL)
    g_free (kind);
}

void
ibb_stanza_record_set_kind (IBBStanza *self, const char *kind)
{
  free_kind (self->kind);
  self->kind = dup_kind (kind);
}

IBBStanza *
ibb_stanza_record_new (
    IBBStanzaName name, const char *kind, IBBPayload payload, const char *id, const char *to)
{
  IBBStanza *self = g_new0 (IBBStanza, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->name = name;
  self->payload = payload;
  self->kind = dup_kind (kind);
  self->id = g_strdup (id);
  self->to = g_strdup (to);
  self->condition = IBB_CONDITION_UNDEFINED_CONDITION;
  self->error_type = IBB_ERROR_TYPE_CANCEL;

  return self;
}

IBBStanza *
ibb_stanza_record_new_result (const IBBStanza *request)
{
  IBBStanza *self = ibb_stanza_record_new (IBB_STANZA_IQ, "result", IBB_PAYLOAD_RESULT, request->id,
                                           request->from);

  self->from = g_strdup (request->to);

  return self;
}

IBBStanza *
ibb_stanza_record_new_error (const IBBStanza *request,
                             IBBCondition     condition,
                             IBBErrorType     type,
                             const char      *text)
{
  IBBStanza *self =
      ibb_stanza_record_new (request->name, "error", IBB_PAYLOAD_ERROR, request->id, request->from);

  self->from = g_strdup (request->to);
  self->condition = condition;
  self->error_type = type;
  self->text = ibb_condition_dup_text (text);

  return self;
}

IBBStanza *
ibb_stanza_record_new_refusal (const IBBStanza *request, IBBCondition condition)
{
  if (request->name != IBB_STANZA_IQ ||
      !(ibb_stanza_record_is_kind (request, "get") || ibb_stanza_record_is_kind (request, "set")))
    return NULL;

  return ibb_stanza_record_new_error (request, condition,
                                      ibb_condition_get_default_type (condition), NULL);
}

IBBStanza *
ibb_stanza_record_new_unknown (const IBBStanza *request)
{
  IBBCondition condition = IBB_CONDITION_SERVICE_UNAVAILABLE;

  if (request->has_child)
    condition = IBB_CONDITION_BAD_REQUEST;
  /* Of a query for an unknown node the service is there, the node is not (XEP-0030 §7). */
  else if (request->node != NULL)
    condition = IBB_CONDITION_ITEM_NOT_FOUND;
  return ibb_stanza_record_new_refusal (request, condition);
}

IBBStanza *
ibb_stanza_record_copy (IBBStanza *self)
{
  IBBStanza *copy = g_memdup2 (self, sizeof *self);

  g_atomic_ref_count_init (&copy->ref_count);
  copy->original = ibb_stanza_record_ref (self);
  return copy;
}

IBBStanza *
ibb_stanza_record_new_like (
    IBBStanza *self, IBBStanzaName name, const char *kind, IBBPayload payload, const char *id)
{
  IBBStanza *copy = ibb_stanza_record_copy (self);

  copy->name = name;
  copy->payload = payload;
  copy->kind = dup_kind (kind);
  copy->id = g_strdup (id);
  return copy;
}

IBBStanza *
ibb_stanza_record_ref (IBBStanza *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

#define FREE(field, free_func)                                                                     \
  G_STMT_START                                                                                     \
  {                                                                                                \
    if (self->field != NULL && (original == NULL || self->field != original->field))               \
      free_func (self->field);                                                                     \
  }                                                                                                \
  G_STMT_END

void
ibb_stanza_record_unref (IBBStanza *self)
{
  IBBStanza *original = self->original;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  FREE (kind, free_kind);
  FREE (id, g_free);
  FREE (from, g_free);
  FREE (to, g_free);
  FREE (sid, g_free);
  FREE (asked, g_free);
  FREE (secret, g_free);
  FREE (proof, g_free);
  FREE (bytes, g_bytes_unref);
  FREE (text, g_free);
  FREE (node, g_free);
  FREE (features, g_strfreev);
  FREE (identities, g_strfreev);
  FREE (xml, g_bytes_unref);
  g_free (self);
  if (original != NULL)
    ibb_stanza_record_unref (original);
}

#undef FREE

gboolean
ibb_stanza_record_is_kind (const IBBStanza *self, const char *kind)
{
  return self->kind != NULL && strcmp (self->kind, kind) == 0;
}

/* The memory of a text, with what the allocator adds. */
static gsize
get_text_size (const char *text)
{
  return text != NULL ? strlen (text) + 16 : 0;
}

static gsize
get_bytes_size (GBytes *bytes)
{
  return bytes != NULL ? g_bytes_get_size (bytes) + 64 : 0;
}

static gsize
get_list_size (char **list)
{
  gsize size = 0;

  for (; list != NULL && *list != NULL; list++)
    size += sizeof *list + get_text_size (*list);
  return size;
}

gsize
ibb_stanza_record_get_size (const IBBStanza *self)
{
  return sizeof *self + get_text_size (self->kind) + get_text_size (self->id) +
         get_text_size (self->from) + get_text_size (self->to) + get_text_size (self->sid) +
         get_text_size (self->asked) + get_text_size (self->secret) + get_text_size (self->proof) +
         get_text_size (self->text) + get_text_size (self->node) + get_bytes_size (self->bytes) +
         get_bytes_size (self->xml) + get_list_size (self->features) +
         get_list_size (self->identities);
}

gboolean
ibb_stanza_record_has_long_id (const IBBStanza *self)
{
  return self->id != NULL && strlen (self->id) > IBB_ID_MAX_LENGTH;
}

static gboolean
is_xml_space (char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

gboolean
ibb_stanza_parse_number (const char *text, guint64 max, guint64 *value)
{
  guint64 n = 0;

  if (text == NULL)
    return FALSE;

  while (is_xml_space (*text))
    text++;

  if (!g_ascii_isdigit (*text))
    return FALSE;

  for (; g_ascii_isdigit (*text); text++)
    {
      guint digit = (guint) (*text - '0');

      if (n > (max - digit) / 10)
        return FALSE;

      n = n * 10 + digit;
    }

  while (is_xml_space (*text))
    text++;

  if (*text != '\0')
    return FALSE;

  *value = n;
  return TRUE;
}

gboolean
ibb_stanza_is_hex (const char *text, gsize length)
{
  if (text == NULL || strlen (text) != length)
    return FALSE;

  for (; *text != '\0'; text++)
    if (!g_ascii_isdigit (*text) && (*text < 'a' || *text > 'f'))
      return FALSE;
  return TRUE;
}

gboolean
ibb_stanza_parse_type (const char *text, gboolean *by_message)
{
  if (text == NULL || strcmp (text, "iq") == 0)
    *by_message = FALSE;
  else if (strcmp (text, "message") == 0)
    *by_message = TRUE;
  else
    return FALSE;

  return TRUE;
}

/* NameChar of XML 1.0, fifth edition, beyond ASCII; sorted. */
static const struct
{
  gunichar first;
  gunichar last;
} name_characters[] = {
  { 0xB7, 0xB7 },       { 0xC0, 0xD6 },     { 0xD8, 0xF6 },     { 0xF8, 0x37D },
  { 0x37F, 0x1FFF },    { 0x200C, 0x200D }, { 0x203F, 0x2040 }, { 0x2070, 0x218F },
  { 0x2C00, 0x2FEF },   { 0x3001, 0xD7FF }, { 0xF900, 0xFDCF }, { 0xFDF0, 0xFFFD },
  { 0x10000, 0xEFFFF },
};

static gboolean
is_name_character (gunichar c)
{
  if (c < 0x80)
    return g_ascii_isalnum ((char) c) || c == '.' || c == '-' || c == '_' || c == ':';

  for (guint i = 0; i < G_N_ELEMENTS (name_characters); i++)
    {
      if (c <= name_characters[i].last)
        return c >= name_characters[i].first;
    }

  return FALSE;
}

gboolean
ibb_stanza_is_valid_sid (const char *sid)
{
  gsize length;

  if (sid == NULL)
    return FALSE;

  length = strlen (sid);
  if (length == 0 || length > IBB_SID_MAX_LENGTH || !g_utf8_validate (sid, (gssize) length, NULL))
    return FALSE;

  for (const char *p = sid; *p != '\0'; p = g_utf8_next_char (p))
    {
      if (!is_name_character (g_utf8_get_char (p)))
        return FALSE;
    }

  return TRUE;
}
