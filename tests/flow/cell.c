/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "cell.h"

#include <string.h>

typedef enum
{
  TYPE_NUMBER,
  TYPE_COUNT,
  TYPE_LIST,
  TYPE_WORD, /* a number, by its place in words */
} Type;

typedef struct
{
  const char *name;
  Type        type;
  gsize       offset;
  const char *initial;
  const char *help;
  const char *words; /* with spaces between */
} Option;

#define OPTION(name, type, field, initial, help)                                                   \
  {                                                                                                \
    name, type, G_STRUCT_OFFSET (Cell, field), initial, help, NULL                                 \
  }
#define WORD(name, field, initial, help, words)                                                    \
  {                                                                                                \
    name, TYPE_WORD, G_STRUCT_OFFSET (Cell, field), initial, help, words                           \
  }

static const Option options[] = {
  OPTION ("seed", TYPE_COUNT, seed, "1", "of the jitter"),
  OPTION ("seconds", TYPE_NUMBER, seconds, "10", "simulated time"),
  WORD ("sender", sender, "engine", "who sends", "engine fixed unlimited"),
  OPTION ("rate", TYPE_NUMBER, rate, "1M", "bytes a second of our client's link; 0: no limit"),
  OPTION ("delay", TYPE_NUMBER, delay, "25", "one way, ms"),
  OPTION ("jitter", TYPE_NUMBER, jitter, "0", "ms at most"),
  OPTION ("jitter-time", TYPE_NUMBER, jitter_time, "0", "ms until it is another; 0: each packet"),
  OPTION ("peer-rate", TYPE_LIST, peer_rate, "0", "the same of the peers' links"),
  OPTION ("peer-delay", TYPE_LIST, peer_delay, "0.1", "ms"),
  OPTION ("peer-jitter", TYPE_LIST, peer_jitter, "0", "ms"),
  WORD ("nagle",
        nagle,
        "none",
        "whose connection the server writes to with Nagle's algorithm",
        "none sender receiver both"),
  OPTION ("mss", TYPE_COUNT, mss, "1448", "bytes in a segment of TCP"),
  OPTION (
      "ack-delay", TYPE_NUMBER, ack_delay, "40", "ms that an end delays an acknowledgement of TCP"),
  OPTION ("socket", TYPE_COUNT, socket, "16384", "bytes waiting before the link; 0: no limit"),
  OPTION ("server-stanza", TYPE_NUMBER, server_stanza, "17", "us of the server for a stanza"),
  OPTION ("server-byte", TYPE_NUMBER, server_byte, "44", "ns of the server for a byte"),
  OPTION ("pacing",
          TYPE_COUNT,
          pacing,
          "0",
          "1: Prosody over TLS and TCP: reads with pauses, a slow start"),
  WORD ("limit", limit, "none", "what the server limits our client like", "none prosody ejabberd"),
  OPTION ("limit-rate", TYPE_NUMBER, limit_rate, "10k", "bytes a second"),
  OPTION ("peers", TYPE_COUNT, peers, "1", ""),
  OPTION ("feature", TYPE_COUNT, has_feature, "1", "1: peers advertise our feature"),
  OPTION ("window", TYPE_COUNT, window, "0", "bytes, of a session; 0: adapt"),
  OPTION ("block", TYPE_COUNT, block, "0", "bytes that the engine proposes; 0: the usual ones"),
  OPTION ("model-block", TYPE_COUNT, model_block, "4096", "bytes in a block of the models"),
  OPTION ("sessions", TYPE_COUNT, sessions, "1", "of bulk, with each peer"),
  OPTION ("interactive", TYPE_COUNT, interactive, "0", "sessions, with each peer"),
  OPTION ("trickle", TYPE_COUNT, trickle, "0", "sessions, with each peer"),
  OPTION ("start", TYPE_LIST, start, "0", "seconds until a session is opened"),
  OPTION ("slow", TYPE_COUNT, slow, "0", "bulk sessions with slow readers: the last ones"),
  OPTION ("slow-rate", TYPE_NUMBER, slow_rate, "0", "bytes a second; 0: stalled"),
  OPTION ("stall-from", TYPE_NUMBER, stall_from, "0", "seconds"),
  OPTION ("stall-until", TYPE_NUMBER, stall_until, "1M", "seconds"),
  OPTION ("hostile", TYPE_COUNT, hostile, "0", "1: the slow ones read, but acknowledge ever later"),
  OPTION ("chat", TYPE_COUNT, chat, "1", "seconds between questions to the server; 0: none"),
};

static gpointer
get_field (const Cell *self, const Option *option)
{
  return (guint8 *) self + option->offset;
}

/* "1M" is a million. */
static gboolean
parse_number (const char *text, double *number)
{
  char *end;

  *number = g_ascii_strtod (text, &end);
  if (end == text || *number < 0)
    return FALSE;
  if (*end == 'k' || *end == 'M')
    *number *= *end++ == 'k' ? 1e3 : 1e6;
  return *end == '\0';
}

static gboolean
parse_list (const char *text, CellList *list)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", CELL_LIST_MAX + 1);
  guint          n = g_strv_length (parts);

  if (n > CELL_LIST_MAX)
    return FALSE;
  for (list->n = 0; list->n < n; list->n++)
    if (!parse_number (parts[list->n], &list->values[list->n]))
      return FALSE;
  return n > 0;
}

static gboolean
parse_word (const char *text, const char *words, guint *number)
{
  g_auto (GStrv) names = g_strsplit (words, " ", 0);

  for (*number = 0; names[*number] != NULL; (*number)++)
    if (g_str_equal (names[*number], text))
      return TRUE;
  return FALSE;
}

static gboolean
parse (const Option *option, const char *text, gpointer field)
{
  double number;

  switch (option->type)
    {
    case TYPE_LIST:
      return parse_list (text, field);
    case TYPE_WORD:
      return parse_word (text, option->words, field);
    case TYPE_NUMBER:
      return parse_number (text, field);
    case TYPE_COUNT:
    default:
      if (!parse_number (text, &number))
        return FALSE;
      *(guint *) field = (guint) number;
      return TRUE;
    }
}

static char *
format_number (double number)
{
  char text[G_ASCII_DTOSTR_BUF_SIZE];

  return g_strdup (g_ascii_formatd (text, sizeof text, "%.6g", number));
}

static char *
format (const Option *option, const void *field)
{
  const CellList     *list = field;
  g_autoptr (GString) text = NULL;
  g_auto (GStrv)      words = NULL;

  switch (option->type)
    {
    case TYPE_LIST:
      text = g_string_new (NULL);
      for (guint i = 0; i < list->n; i++)
        {
          g_autofree char *number = format_number (list->values[i]);

          g_string_append_printf (text, "%s%s", i > 0 ? "," : "", number);
        }
      return g_string_free (g_steal_pointer (&text), FALSE);
    case TYPE_WORD:
      words = g_strsplit (option->words, " ", 0);
      return g_strdup (words[*(const guint *) field]);
    case TYPE_NUMBER:
      return format_number (*(const double *) field);
    case TYPE_COUNT:
    default:
      return g_strdup_printf ("%u", *(const guint *) field);
    }
}

void
cell_init (Cell *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (!parse (&options[i], options[i].initial, get_field (self, &options[i])))
      g_assert_not_reached ();
}

gboolean
cell_set (Cell *self, const char *name, const char *value)
{
  Cell before = *self;

  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    if (g_str_equal (options[i].name, name))
      {
        if (parse (&options[i], value, get_field (self, &options[i])))
          return TRUE;
        *self = before;
      }
  return FALSE;
}

int
cell_set_argument (Cell *self, char **arguments, int n_arguments)
{
  g_autofree char *name = NULL;
  const char      *value;

  if (n_arguments < 1 || !g_str_has_prefix (arguments[0], "--"))
    return 0;

  value = strchr (arguments[0], '=');
  if (value != NULL)
    {
      name = g_strndup (arguments[0] + 2, (gsize) (value - arguments[0] - 2));
      return cell_set (self, name, value + 1) ? 1 : 0;
    }
  return n_arguments > 1 && cell_set (self, arguments[0] + 2, arguments[1]) ? 2 : 0;
}

gboolean
cell_parse (Cell *self, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 0);
  int            n_words = (int) g_strv_length (words);

  cell_init (self);
  for (int i = 0; i < n_words; i += 2)
    if (cell_set_argument (self, words + i, n_words - i) != 2)
      return FALSE;
  return TRUE;
}

void
cell_print_help (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    g_print ("  --%-14s %-8s %s%s%s\n", options[i].name, options[i].initial, options[i].help,
             options[i].words != NULL ? ": " : "",
             options[i].words != NULL ? options[i].words : "");
}

/* "100k" where format () has "100000". (transfer full) */
static char *
format_short (const Option *option, const void *field)
{
  double           number = option->type == TYPE_NUMBER ? *(const double *) field : 0;
  g_autofree char *text = NULL;

  if (number < 1e3)
    return format (option, field);
  text = format_number (number < 1e6 ? number / 1e3 : number / 1e6);
  return g_strconcat (text, number < 1e6 ? "k" : "M", NULL);
}

char *
cell_describe (const Cell *self)
{
  GString *text = g_string_new (NULL);
  Cell     initial;

  cell_init (&initial);
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *value = format_short (&options[i], get_field (self, &options[i]));
      g_autofree char *usual = format_short (&options[i], get_field (&initial, &options[i]));

      if (!g_str_equal (value, usual))
        g_string_append_printf (text, "%s--%s %s", text->len > 0 ? " " : "", options[i].name,
                                value);
    }
  return g_string_free (text, FALSE);
}

void
cell_print (const Cell *self, GString *json)
{
  for (guint i = 0; i < G_N_ELEMENTS (options); i++)
    {
      g_autofree char *value = format (&options[i], get_field (self, &options[i]));
      const char      *quote = options[i].type == TYPE_WORD ? "\"" : "";
      gboolean         is_list = options[i].type == TYPE_LIST;

      g_string_append_printf (json, "%s\"%s\": %s%s%s%s%s", i > 0 ? ", " : "", options[i].name,
                              is_list ? "[" : "", quote, value, quote, is_list ? "]" : "");
    }
}

guint
cell_get_n_sessions (const Cell *self)
{
  return self->peers * (self->sessions + self->interactive + self->trickle);
}

CellKind
cell_get_kind (const Cell *self, guint session)
{
  guint turn = session / self->peers;

  if (turn < self->sessions)
    return CELL_BULK;
  return turn < self->sessions + self->interactive ? CELL_INTERACTIVE : CELL_TRICKLE;
}

guint
cell_get_peer (const Cell *self, guint session)
{
  return session % self->peers;
}

gboolean
cell_is_slow (const Cell *self, guint session)
{
  guint n_bulk = self->peers * self->sessions;

  return session < n_bulk && session + self->slow >= n_bulk;
}

double
cell_get (const CellList *list, guint i)
{
  return list->values[i % list->n];
}
