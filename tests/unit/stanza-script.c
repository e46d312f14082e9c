/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a script of stanzas, which tests/lib/script-reader.h says how to read:
 *
 *   read <iq type='set'><open %IBB sid='s'/></iq>; is open sid=s !size-valid
 *   record iq set close unclean; writes <iq type='set' ...
 *
 * "FIELD=VALUE" is a field of the record, "FIELD" one that is TRUE, "!FIELD" one that is FALSE or
 * NULL. "\123" is that byte. */

#include "config.h"

#include "read-xml.h"
#include "script-reader.h"
#include "stanza/stanza-writer.h"

#include <string.h>

static const char *const names[] = {
  [IBB_STANZA_IQ] = "iq",
  [IBB_STANZA_MESSAGE] = "message",
  [IBB_STANZA_PRESENCE] = "presence",
};
static const char *const payloads[] = {
  [IBB_PAYLOAD_OTHER] = "other",     [IBB_PAYLOAD_OPEN] = "open",
  [IBB_PAYLOAD_DATA] = "data",       [IBB_PAYLOAD_CLOSE] = "close",
  [IBB_PAYLOAD_UNKNOWN] = "unknown", [IBB_PAYLOAD_RESULT] = "result",
  [IBB_PAYLOAD_ERROR] = "error",     [IBB_PAYLOAD_DISCO_QUERY] = "query",
  [IBB_PAYLOAD_DISCO_INFO] = "info", [IBB_PAYLOAD_PING] = "ping",
  [IBB_PAYLOAD_RESUME] = "resume",   [IBB_PAYLOAD_VERSION] = "version",
};
static const char *const statuses[] = {
  [IBB_BASE64_EXACT] = "exact",
  [IBB_BASE64_LENIENT] = "lenient",
  [IBB_BASE64_INVALID] = "invalid",
};

typedef enum
{
  TEXT,
  BOOLEAN,
  BYTES,
  LIST, /* with commas */
  NUMBER,
  NAME,
  STATUS,
  CONDITION_NAME,
  ERROR_TYPE,
} Kind;

typedef struct
{
  const char *name;
  Kind        kind;
  gsize       offset;
  gsize       size;
} Field;

#define FIELD(name, kind, member)                                                                  \
  {                                                                                                \
    name, kind, G_STRUCT_OFFSET (IBBStanza, member), sizeof ((IBBStanza *) 0)->member              \
  }

static const Field fields[] = {
  FIELD ("name", NAME, name),
  FIELD ("type", TEXT, kind),
  FIELD ("id", TEXT, id),
  FIELD ("from", TEXT, from),
  FIELD ("to", TEXT, to),
  FIELD ("sid", TEXT, sid),
  FIELD ("size", NUMBER, block_size),
  FIELD ("size-valid", BOOLEAN, block_size_valid),
  FIELD ("message", BOOLEAN, by_message),
  FIELD ("type-valid", BOOLEAN, by_message_valid),
  FIELD ("seq", NUMBER, seq),
  FIELD ("seq-valid", BOOLEAN, seq_valid),
  FIELD ("unclean", BOOLEAN, unclean),
  FIELD ("reads", BOOLEAN, reads),
  FIELD ("reason", BOOLEAN, gives_reason),
  FIELD ("asked", TEXT, asked),
  FIELD ("secret", TEXT, secret),
  FIELD ("long", NUMBER, long_block_size),
  FIELD ("bytes", BYTES, bytes),
  FIELD ("base64", STATUS, base64),
  FIELD ("text-length", NUMBER, text_length),
  FIELD ("child", BOOLEAN, has_child),
  FIELD ("rules", BOOLEAN, has_rules),
  FIELD ("asks", BOOLEAN, asks_room),
  FIELD ("tells", BOOLEAN, tells_room),
  FIELD ("room", NUMBER, room),
  FIELD ("delay", NUMBER, delay),
  FIELD ("resumable", BOOLEAN, is_resumable),
  FIELD ("position", BOOLEAN, has_position),
  FIELD ("ended", BOOLEAN, has_ended),
  FIELD ("count", NUMBER, count),
  FIELD ("received", NUMBER, received),
  FIELD ("acknowledged", NUMBER, acknowledged),
  FIELD ("proof", TEXT, proof),
  FIELD ("condition", CONDITION_NAME, condition),
  FIELD ("kind", ERROR_TYPE, error_type),
  FIELD ("text", TEXT, text),
  FIELD ("node", TEXT, node),
  FIELD ("features", LIST, features),
  FIELD ("identities", LIST, identities),
  FIELD ("xml", BYTES, xml),
};

typedef struct
{
  IBBStanza *stanza; /* (owned) (nullable) */
} Run;

/* The bytes that a word stands for, of which some may be 0. */
static GBytes *
parse_bytes (const char *text)
{
  GByteArray *bytes = g_byte_array_new ();

  while (*text != '\0')
    {
      guint8 byte = (guint8) *text++;

      if (byte == '\\')
        {
          g_autofree char *octal = g_strndup (text, 3);

          byte = (guint8) g_ascii_strtoull (octal, NULL, 8);
          text += 3;
        }
      g_byte_array_append (bytes, &byte, 1);
    }
  return g_byte_array_free_to_bytes (bytes);
}

static guint64
get_number (gconstpointer member, gsize size)
{
  return size == 2   ? *(const guint16 *) member
         : size == 4 ? *(const guint32 *) member
                     : *(const guint64 *) member;
}

static void
set_number (gpointer member, gsize size, guint64 number)
{
  if (size == 2)
    *(guint16 *) member = (guint16) number;
  else if (size == 4)
    *(guint32 *) member = (guint32) number;
  else
    *(guint64 *) member = number;
}

static guint64
parse_number (const Field *field, const char *text)
{
  IBBCondition condition;
  IBBErrorType type;

  switch (field->kind)
    {
    case NAME:
      return script_find (names, G_N_ELEMENTS (names), text);
    case STATUS:
      return script_find (statuses, G_N_ELEMENTS (statuses), text);
    case CONDITION_NAME:
      g_assert_true (ibb_condition_from_string (text, &condition));
      return condition;
    case ERROR_TYPE:
      g_assert_true (ibb_condition_type_from_string (text, &type));
      return type;
    default:
      return g_ascii_strtoull (text, NULL, 10);
    }
}

/* The field that a word is about, and its value: NULL after "!". */
static const Field *
find_field (const char *word, const char **value, gboolean *is)
{
  *is = word[0] != '!';
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      *value = script_get_option (word, fields[i].name);
      if (*value != NULL || g_str_equal (word + !*is, fields[i].name))
        return &fields[i];
    }
  script_fail ("no field %s", word);
}

static void
set_field (IBBStanza *stanza, const char *word)
{
  const char      *value;
  gboolean         is;
  const Field     *field = find_field (word, &value, &is);
  gpointer         member = (char *) stanza + field->offset;
  g_autofree char *text = value != NULL ? g_strcompress (value) : NULL;

  if (field->kind == BOOLEAN)
    *(gboolean *) member = is;
  else if (field->kind == BYTES)
    *(GBytes **) member = parse_bytes (value);
  else if (field->kind == LIST)
    *(char ***) member = g_strsplit (text, ",", -1);
  else if (field->kind == TEXT)
    {
      g_free (*(char **) member);
      *(char **) member = g_steal_pointer (&text);
    }
  else
    set_number (member, field->size, parse_number (field, text));
}

static void
check_field (const IBBStanza *stanza, const char *word)
{
  const char      *value;
  gboolean         is;
  const Field     *field = find_field (word, &value, &is);
  gconstpointer    member = (const char *) stanza + field->offset;
  g_autofree char *text = value != NULL ? g_strcompress (value) : NULL;

  if (field->kind == BOOLEAN)
    g_assert_cmpint (*(const gboolean *) member, ==, is);
  else if (!is)
    g_assert_null (*(const gpointer *) member);
  else if (field->kind == BYTES)
    {
      g_autoptr (GBytes) bytes = parse_bytes (value);

      g_assert_nonnull (*(const gpointer *) member);
      g_assert_true (g_bytes_equal (bytes, *(const gpointer *) member));
    }
  else if (field->kind == LIST)
    {
      g_autofree char *joined = g_strjoinv (",", *(char **const *) member);

      g_assert_cmpstr (joined, ==, text);
    }
  else if (field->kind == TEXT)
    g_assert_cmpstr (*(char *const *) member, ==, text);
  else
    g_assert_cmpuint (get_number (member, field->size), ==, parse_number (field, text));
}

static void
replace (Run *self, IBBStanza *stanza)
{
  g_clear_pointer (&self->stanza, ibb_stanza_unref);
  self->stanza = stanza;
}

static void
read_stanza (Run *self, Words *words)
{
  g_autofree char *xml = g_strcompress (words_take_rest (words));

  replace (self, read_xml (xml));
}

/* "is PAYLOAD FIELD..." */
static void
check (Run *self, Words *words)
{
  const char *payload = words_take (words);

  if (self->stanza->payload != script_find (payloads, G_N_ELEMENTS (payloads), payload))
    script_fail ("it is %s", payloads[self->stanza->payload]);
  while (words_peek (words) != NULL)
    check_field (self->stanza, words_take (words));
}

/* "record NAME TYPE PAYLOAD FIELD..." */
static void
make_record (Run *self, Words *words)
{
  IBBStanzaName    name = script_find (names, G_N_ELEMENTS (names), words_take (words));
  g_autofree char *type = g_strcompress (words_take (words));
  IBBPayload       payload = script_find (payloads, G_N_ELEMENTS (payloads), words_take (words));

  replace (self, ibb_stanza_record_new (name, g_str_equal (type, "none") ? NULL : type, payload,
                                        "id", "them@there/r"));
  self->stanza->sid = g_strdup ("sid");
  while (words_peek (words) != NULL)
    set_field (self->stanza, words_take (words));
}

/* Writes after something that is there already, as into a stream's buffer. */
static void
check_xml (Run *self, Words *words)
{
  g_autofree char       *expected = g_strcompress (words_take_rest (words));
  g_autoptr (GByteArray) out = g_byte_array_new ();
  g_autoptr (IBBStanza)  back = NULL;
  g_autofree char       *xml = NULL;

  g_byte_array_append (out, (const guint8 *) "<stream>", 8);
  ibb_stanza_writer_append (self->stanza, out);
  g_assert_cmpmem (out->data, 8, "<stream>", 8);
  xml = g_strndup ((const char *) out->data + 8, out->len - 8);
  g_assert_cmpstr (xml, ==, expected);

  /* Each stanza that is written can be read, and is the same then. */
  back = read_xml (xml);
  g_assert_cmpint (back->name, ==, self->stanza->name);
  g_assert_cmpint (back->payload, ==, self->stanza->payload);
}

static void
answer (Run *self, Words *words)
{
  replace (self, ibb_stanza_record_new_result (self->stanza));
}

/* "refuse CONDITION TYPE [TEXT]" */
static void
refuse (Run *self, Words *words)
{
  const Field      condition = { .kind = CONDITION_NAME }, type = { .kind = ERROR_TYPE };
  IBBCondition     why = parse_number (&condition, words_take (words));
  IBBErrorType     how = parse_number (&type, words_take (words));
  g_autofree char *text = g_strcompress (words_take_rest (words));

  replace (self, ibb_stanza_record_new_error (self->stanza, why, how, *text != '\0' ? text : NULL));
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("answer", answer),    SCRIPT_WORD ("is", check),
  SCRIPT_WORD ("read", read_stanza), SCRIPT_WORD ("record", make_record),
  SCRIPT_WORD ("refuse", refuse),    SCRIPT_WORD ("writes", check_xml),
};

static gboolean
call_word (gpointer run, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, run, name, words);
}

static void
run_case (gconstpointer data)
{
  static const ScriptRoom room = { NULL, call_word, NULL };
  Run                     run = { NULL };

  script_run (data, &room, &run);
  replace (&run, NULL);
}

int
main (int argc, char **argv)
{
  return script_main (argc, argv, "ibb", run_case);
}
