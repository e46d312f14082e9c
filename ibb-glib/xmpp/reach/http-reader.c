/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/http-reader.h"

#include <string.h>

#include "base/intl.h"

#define MAX_HEAD (16 * 1024) /* bytes, those of interim answers and trailers included */
#define MAX_INTERIM 10       /* interim answers */
#define MAX_CHUNK_LINE 256   /* bytes of the line with the length of a chunk */

#define STATUS_SWITCHING_PROTOCOLS 101
#define STATUS_OK 200

typedef enum
{
  STATE_STATUS,
  STATE_FIELDS,
  STATE_BODY, /* left bytes, or until the connection ends */
  STATE_CHUNK_LENGTH,
  STATE_CHUNK,
  STATE_CHUNK_END,
  STATE_TRAILERS,
  STATE_DONE,
} State;

struct _IBBHttpReader
{
  gsize       max_body;
  State       state;
  gsize       n_head; /* bytes */
  guint       n_interim;
  guint       status;
  GString    *line;
  GHashTable *fields; /* (element-type utf8 utf8): by names in lower case */
  GByteArray *body;
  gboolean    is_open_ended; /* the body ends with the connection */
  guint64     left;          /* bytes of the body or of its chunk */
};

IBBHttpReader *
ibb_http_reader_new (gsize max_body)
{
  IBBHttpReader *self = g_new0 (IBBHttpReader, 1);

  self->max_body = max_body;
  self->line = g_string_new (NULL);
  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->body = g_byte_array_new ();

  return self;
}

void
ibb_http_reader_free (IBBHttpReader *self)
{
  g_string_free (self->line, TRUE);
  g_hash_table_unref (self->fields);
  g_byte_array_unref (self->body);
  g_free (self);
}

static gboolean
refuse (GError **error, const char *reason)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, reason);
  return FALSE;
}

static gboolean
refuse_syntax (GError **error)
{
  return refuse (error, _ ("the answer is not HTTP"));
}

static gboolean
refuse_length (const IBBHttpReader *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("the answer is longer than %zu bytes"), self->max_body);
  return FALSE;
}

/* The head. */

static gboolean
parse_status (IBBHttpReader *self, GError **error)
{
  const char *line = self->line->str;
  const char *digits = line + strlen ("HTTP/1.1 ");

  if (self->line->len < strlen ("HTTP/1.1 200") ||
      !(g_str_has_prefix (line, "HTTP/1.1 ") || g_str_has_prefix (line, "HTTP/1.0 ")) ||
      !g_ascii_isdigit (digits[0]) || !g_ascii_isdigit (digits[1]) ||
      !g_ascii_isdigit (digits[2]) || (digits[3] != ' ' && digits[3] != '\0'))
    return refuse_syntax (error);

  self->status = (guint) g_ascii_strtoull (digits, NULL, 10);
  self->state = STATE_FIELDS;
  return TRUE;
}

static gboolean
is_name (const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isalnum (text[i]) && strchr ("!#$%&'*+-.^_`|~", text[i]) == NULL)
      return FALSE;
  return length > 0;
}

/* A line that begins with white space would go on with the value before, which RFC 9112 §5.2 has
 * dropped. */
static gboolean
parse_field (IBBHttpReader *self, GError **error)
{
  const char      *colon = strchr (self->line->str, ':');
  g_autofree char *name = NULL;
  char            *value, *before;

  if (colon == NULL || !is_name (self->line->str, (gsize) (colon - self->line->str)) ||
      !g_utf8_validate (colon, -1, NULL))
    return refuse_syntax (error);

  name = g_ascii_strdown (self->line->str, colon - self->line->str);
  value = g_strstrip (g_strdup (colon + 1));
  before = g_hash_table_lookup (self->fields, name);
  if (before != NULL)
    {
      char *joined = g_strconcat (before, ", ", value, NULL);

      g_free (value);
      value = joined;
    }
  g_hash_table_replace (self->fields, g_steal_pointer (&name), value);
  return TRUE;
}

/* Decides where the body ends (RFC 9112 §6.3). */
static gboolean
begin_body (IBBHttpReader *self, GError **error)
{
  const char *coding = ibb_http_reader_get_field (self, "transfer-encoding");
  const char *length = ibb_http_reader_get_field (self, "content-length");

  if (coding != NULL && g_ascii_strcasecmp (coding, "chunked") == 0)
    {
      self->state = STATE_CHUNK_LENGTH;
      return TRUE;
    }
  if (coding != NULL)
    return refuse (error, _ ("the answer has an unknown transfer coding"));

  self->state = STATE_BODY;
  self->is_open_ended = length == NULL;
  if (length == NULL)
    self->left = self->max_body + 1;
  else if (!g_ascii_string_to_unsigned (length, 10, 0, G_MAXUINT64, &self->left, NULL))
    return refuse_syntax (error);
  else if (self->left > self->max_body)
    return refuse_length (self, error);
  else if (self->left == 0)
    self->state = STATE_DONE;
  return TRUE;
}

static gboolean
end_head (IBBHttpReader *self, GError **error)
{
  if (self->status < 200 && self->status != STATUS_SWITCHING_PROTOCOLS)
    {
      if (++self->n_interim > MAX_INTERIM)
        return refuse (error, _ ("too many interim answers (1xx) came"));
      g_hash_table_remove_all (self->fields);
      self->state = STATE_STATUS;
      return TRUE;
    }
  if (self->max_body > 0 && self->status == STATUS_OK)
    return begin_body (self, error);

  self->state = STATE_DONE;
  return TRUE;
}

/* The body. */

/* An extension may follow the length. */
static gboolean
parse_chunk_length (IBBHttpReader *self, GError **error)
{
  char   *end = NULL;
  guint64 length = 0;

  if (g_ascii_isxdigit (self->line->str[0]))
    length = g_ascii_strtoull (self->line->str, &end, 16);
  if (end == NULL || strchr ("; \t", *end) == NULL)
    return refuse_syntax (error);
  if (length > self->max_body - self->body->len)
    return refuse_length (self, error);

  self->left = length;
  self->state = length > 0 ? STATE_CHUNK : STATE_TRAILERS;
  return TRUE;
}

static gboolean
take_body (IBBHttpReader *self, const char **data, gsize *length, GError **error)
{
  gsize n = (gsize) MIN (self->left, (guint64) *length);

  g_byte_array_append (self->body, (const guint8 *) *data, (guint) n);
  *data += n;
  *length -= n;
  self->left -= n;
  if (self->body->len > self->max_body)
    return refuse_length (self, error);
  if (self->left == 0)
    self->state = self->state == STATE_CHUNK ? STATE_CHUNK_END : STATE_DONE;
  return TRUE;
}

static gboolean
take_line (IBBHttpReader *self, GError **error)
{
  gboolean is_empty = self->line->len == 0;

  if (strlen (self->line->str) != self->line->len)
    return refuse_syntax (error);

  switch (self->state)
    {
    case STATE_STATUS:
      return parse_status (self, error);
    case STATE_FIELDS:
      return is_empty ? end_head (self, error) : parse_field (self, error);
    case STATE_CHUNK_LENGTH:
      return parse_chunk_length (self, error);
    case STATE_CHUNK_END:
      self->state = STATE_CHUNK_LENGTH;
      return is_empty || refuse_syntax (error);
    case STATE_TRAILERS:
    default:
      if (is_empty)
        self->state = STATE_DONE;
      return TRUE;
    }
}

/* Returns TRUE as long as the line goes on, or its end was taken without an error. */
static gboolean
take_character (IBBHttpReader *self, char character, GError **error)
{
  gboolean is_chunk = self->state == STATE_CHUNK_LENGTH || self->state == STATE_CHUNK_END;
  gboolean fine;

  if (!is_chunk && ++self->n_head > MAX_HEAD)
    return refuse (error, _ ("the head of the answer is too long"));
  if (is_chunk && self->line->len == MAX_CHUNK_LINE)
    return refuse_syntax (error);
  if (character != '\n')
    {
      g_string_append_c (self->line, character);
      return TRUE;
    }

  if (self->line->len > 0 && self->line->str[self->line->len - 1] == '\r')
    g_string_truncate (self->line, self->line->len - 1);
  fine = take_line (self, error);
  g_string_truncate (self->line, 0);
  return fine;
}

gboolean
ibb_http_reader_feed (IBBHttpReader *self, const char **data, gsize *length, GError **error)
{
  while (*length > 0 && self->state != STATE_DONE)
    {
      if (self->state == STATE_BODY || self->state == STATE_CHUNK)
        {
          if (!take_body (self, data, length, error))
            return FALSE;
          continue;
        }
      if (!take_character (self, **data, error))
        return FALSE;
      *data += 1;
      *length -= 1;
    }

  return TRUE;
}

gboolean
ibb_http_reader_end (IBBHttpReader *self, GError **error)
{
  if (self->state == STATE_BODY && self->is_open_ended)
    self->state = STATE_DONE;
  if (self->state == STATE_DONE)
    return TRUE;
  if (self->state == STATE_STATUS && self->line->len == 0)
    return refuse (error, _ ("the connection ended without an answer"));
  return refuse (error, _ ("the connection ended within the answer"));
}

gboolean
ibb_http_reader_is_done (const IBBHttpReader *self)
{
  return self->state == STATE_DONE;
}

guint
ibb_http_reader_get_status (const IBBHttpReader *self)
{
  return self->status;
}

const char *
ibb_http_reader_get_field (const IBBHttpReader *self, const char *name)
{
  return g_hash_table_lookup (self->fields, name);
}

gboolean
ibb_http_reader_has_token (const IBBHttpReader *self, const char *name, const char *token)
{
  const char    *value = ibb_http_reader_get_field (self, name);
  g_auto (GStrv) tokens = g_strsplit (value != NULL ? value : "", ",", -1);

  for (guint i = 0; tokens[i] != NULL; i++)
    if (g_ascii_strcasecmp (g_strstrip (tokens[i]), token) == 0)
      return TRUE;
  return FALSE;
}

const char *
ibb_http_reader_get_body (const IBBHttpReader *self, gsize *length)
{
  *length = self->body->len;
  return (const char *) self->body->data;
}
