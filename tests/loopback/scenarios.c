/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the scripts of this folder over TCP, the loopback and a foreign stack, or, below
 * tests/lib/prosody.py, through that server; tests/lib/script-reader.h says how they read:
 *
 *   # Bytes before the end can be read.
 *   case peer-aborted
 *     a write 5; b await-input; a abort; b read 100 = 5
 *     b read 100 = 0 ibb connection-closed "Errors stay"
 *
 * "END [begin|end] CALL [BYTES] [cancellable] [= OUTCOME [ibb OUTCOME REASON]]": a call of the end
 * a or b. It moves all BYTES, or succeeds, unless OUTCOME is a number of bytes, yes or no, an error
 * of GIO, "any", or "none": there is no such call. With another outcome for IBB, REASON is a
 * sentence of doc/stream.md. "begin" goes on; "end" waits for what was begun. "only MANNERS" and
 * "tcp MANNERS" say in which manners the case runs. */

#include "scenario.h"

#include "../lib/script-reader.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ALL_MANNERS (SYNC | WORKER | ASYNC | CONTEXT)

static const struct
{
  Manner      manner;
  const char *name;
} manners[] = {
  { SYNC, "sync" },       { WORKER, "worker" }, { ASYNC, "async" },
  { CONTEXT, "context" }, { ENGINE, "engine" },
};

static const char *const call_names[N_CALLS] = {
  [READ] = "read",
  [READ_ALL] = "read-all",
  [READ_BYTES] = "read-bytes",
  [SKIP] = "skip",
  [WRITE] = "write",
  [WRITE_ALL] = "write-all",
  [WRITE_BYTES] = "write-bytes",
  [WRITEV] = "writev",
  [WRITEV_ALL] = "writev-all",
  [FLUSH] = "flush",
  [DRAIN] = "drain",
  [SHUTDOWN] = "shutdown",
  [CLOSE_INPUT] = "close-input",
  [CLOSE_OUTPUT] = "close-output",
  [CLOSE] = "close",
  [READ_NB] = "read-nonblocking",
  [WRITE_NB] = "write-nonblocking",
  [WRITEV_NB] = "writev-nonblocking",
  [IS_READABLE] = "is-readable",
  [IS_WRITABLE] = "is-writable",
  [FIRES_IN] = "input-fires",
  [FIRES_OUT] = "output-fires",
  [ABORT] = "abort",
  [IS_CLOSED] = "is-closed",
  [IS_INPUT_CLOSED] = "is-input-closed",
  [IS_OUTPUT_CLOSED] = "is-output-closed",
  [HAS_PENDING] = "has-pending",
  [HAS_INPUT_PENDING] = "has-input-pending",
  [HAS_OUTPUT_PENDING] = "has-output-pending",
  [SET_INPUT_PENDING] = "set-input-pending",
  [SET_OUTPUT_PENDING] = "set-output-pending",
  [CLEAR_INPUT_PENDING] = "clear-input-pending",
  [CLEAR_OUTPUT_PENDING] = "clear-output-pending",
  [HAS_ENDED] = "has-ended",
  [AWAIT_IN] = "await-input",
  [AWAIT_OUT] = "await-output",
  [AWAIT_END] = "await-end",
  [FILL] = "fill",
  [WRITE_ON] = "write-on",
  [READ_REST] = "read-rest",
  [LIMIT_IN] = "limit-reads",
  [LIMIT_OUT] = "limit-writes",
  [UNLIMIT] = "unlimit",
  [HOLD_BACK] = "hold-back",
  [CANCEL] = "cancel",
  [RESET] = "reset",
  [DROP] = "drop",
};

typedef struct
{
  const ScriptCase *test;
  PairSource       *source;
  Manner            manner;
  End               ends[2];
  gboolean          done; /* in the engine's thread */
} Run;

/* The pair and the manner of the present case. */
static char place[64];

static void
alarm_cb (int number)
{
  script_print_place ();
  if (write (STDERR_FILENO, place, strlen (place)) < 0 || write (STDERR_FILENO, "\n", 1) < 0)
    _exit (2);
  _exit (1);
}

static char *
name_outcome (gssize outcome)
{
  g_autoptr (GEnumClass) class = g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  GEnumValue *value = g_enum_get_value (class, -1000 - outcome);

  if (outcome > NO (FAILED))
    return g_strdup_printf ("%" G_GSSIZE_FORMAT, outcome);
  return g_strdup (value != NULL ? value->value_nick : "?");
}

static gssize
parse_outcome (const char *word)
{
  static const char *const names[] = { "no", "yes", "any", "none" };
  static const gssize      outcomes[] = { FALSE, TRUE, ANY, NONE };
  g_autoptr (GEnumClass) class = g_type_class_ref (G_TYPE_IO_ERROR_ENUM);
  GEnumValue *value = g_enum_get_value_by_nick (class, word);

  if (value != NULL)
    return -1000 - value->value;
  if (g_ascii_isdigit (word[0]))
    return (gssize) script_evaluate (word);
  return outcomes[script_find (names, G_N_ELEMENTS (names), word)];
}

static gboolean
moves_bytes (int call)
{
  return call < FLUSH || call == READ_NB || call == WRITE_NB || call == WRITEV_NB;
}

/* "= OUTCOME [ibb OUTCOME REASON]" */
static gssize
take_expected (Words *words, const Step *step, PairKind kind)
{
  gssize expected =
      moves_bytes (step->call & CALL_MASK) && step->count > 0 ? (gssize) step->count : TRUE;

  if (words_take_if (words, "="))
    expected = parse_outcome (words_take (words));
  if (words_take_if (words, "ibb"))
    {
      gssize on_ibb = parse_outcome (words_take (words));

      words_take (words);
      g_assert_cmpint (on_ibb, !=, expected); /* or it is no difference */
      if (kind != PAIR_TCP)
        expected = on_ibb;
    }
  return expected;
}

static void
run_step (Run *self, Words *words)
{
  End        *end = &self->ends[words->word->name[0] == 'a' ? A : B];
  gboolean    begins = words_take_if (words, "begin");
  gboolean    ends = !begins && words_take_if (words, "end");
  const char *name = words_take (words);
  Step        step = { (int) script_find (call_names, N_CALLS, name), 0 };
  gssize      expected, outcome;

  if (words_peek (words) != NULL && g_ascii_isdigit (words_peek (words)[0]))
    step.count = (gsize) words_take_number (words);
  if (words_take_if (words, "cancellable"))
    step.call |= C;
  expected = take_expected (words, &step, self->source->kind);
  step.call |= begins ? BEGIN (0) : ends ? END (0) : 0;
  if (expected == NONE)
    return;
  outcome = scenario_perform (end, &step, self->manner);
  if (!begins && expected != ANY && outcome != expected)
    {
      g_autofree char *got = name_outcome (outcome);
      g_autofree char *wanted = name_outcome (expected);

      script_fail ("%s: %s, not %s", place, got, wanted);
    }
}

/* Of get_manners (). */
static void
pass_over (Run *self, Words *words)
{
  words_take_rest (words);
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("a", run_step),
  SCRIPT_WORD ("b", run_step),
  SCRIPT_WORD ("only", pass_over),
  SCRIPT_WORD ("tcp", pass_over),
};

static gboolean
call_word (gpointer run, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, run, name, words);
}

static gboolean
get_number (gpointer run, const char *name, gint64 *number)
{
  *number = PAIR_BLOCK_SIZE;
  return g_str_equal (name, "block-size");
}

static void
run_steps (Run *self)
{
  static const ScriptRoom room = { NULL, call_word, get_number };

  script_run (self->test, &room, self);
  for (guint i = 0; i < G_N_ELEMENTS (self->ends[A].ops); i++)
    g_assert_true (self->ends[A].ops[i] == NULL && self->ends[B].ops[i] == NULL);
}

static gpointer
worker_thread (gpointer data)
{
  run_steps (data);
  return NULL;
}

static gpointer
context_thread (gpointer data)
{
  g_autoptr (GMainContext) context = g_main_context_new ();

  g_main_context_push_thread_default (context);
  run_steps (data);
  while (g_main_context_iteration (context, FALSE))
    ;
  g_main_context_pop_thread_default (context);
  return NULL;
}

static gboolean
engine_cb (gpointer data)
{
  Run *self = data;

  run_steps (self);
  self->done = TRUE;
  g_main_context_wakeup (NULL);
  return G_SOURCE_REMOVE;
}

static void
run_in_manner (Run *self)
{
  for (guint i = 0; i < 2; i++)
    {
      self->ends[i] = (End){ .which = i, .peer = &self->ends[!i] };
      self->ends[i].cancellable = g_cancellable_new ();
    }
  pair_source_connect (self->source, &self->ends[A].stream, &self->ends[B].stream);

  switch (self->manner)
    {
    case SYNC:
    case ASYNC:
      run_steps (self);
      break;
    case WORKER:
      g_thread_join (g_thread_new ("worker", worker_thread, self));
      break;
    case CONTEXT:
      g_thread_join (g_thread_new ("context", context_thread, self));
      break;
    case ENGINE:
      g_main_context_invoke (self->source->context, engine_cb, self);
      poll_until (g_atomic_int_get (&self->done));
      break;
    default:
      g_assert_not_reached ();
    }

  for (guint i = 0; i < 2; i++)
    {
      g_clear_object (&self->ends[i].cancellable);
      if (self->ends[i].stream != NULL)
        drop_and_wait (g_steal_pointer (&self->ends[i].stream));
    }
  run_pending ();
}

/* A case of its own for each pair. */
typedef struct
{
  ScriptCase  test;
  PairSource *source;
} Case;

/* Those behind a word at the beginning of the case. */
static guint
find_manners (const ScriptPart *part, const char *word)
{
  g_autofree char *text = g_strndup (part->body->str, strcspn (part->body->str, ";"));
  g_auto (GStrv)   words = g_strsplit (g_strstrip (text), " ", -1);
  guint            found = 0;

  if (g_strcmp0 (words[0], word) == 0)
    for (guint i = 0; i < G_N_ELEMENTS (manners); i++)
      if (g_strv_contains ((const char *const *) words, manners[i].name))
        found |= manners[i].manner;
  return found;
}

static guint
get_manners (const ScriptPart *part, PairKind kind)
{
  guint only = find_manners (part, "only");
  guint over_tcp = find_manners (part, "tcp");
  guint chosen = only != 0 ? only : ALL_MANNERS;

  if (kind == PAIR_TCP && over_tcp != 0)
    chosen = over_tcp;
  switch (kind)
    {
    case PAIR_TCP: /* whose threads are not in question */
      return chosen & (SYNC | ASYNC);
    case PAIR_FOREIGN:
      return chosen;
    case PAIR_LOOPBACK:
    case PAIR_SERVER:
    case N_PAIRS:
    default:
      return chosen & ALL_MANNERS;
    }
}

static void
test_scenario (gconstpointer data)
{
  const Case *self = data;
  guint       chosen = get_manners (self->test.part, self->source->kind);
  guint       n_runs = 0;

  for (guint i = 0; i < G_N_ELEMENTS (manners); i++)
    {
      Run run = { &self->test, self->source, manners[i].manner };

      g_snprintf (place, sizeof place, "%s, %s", pair_names[self->source->kind], manners[i].name);
      if (!(chosen & manners[i].manner))
        continue;
      run_in_manner (&run);
      n_runs++;
    }
  g_assert_cmpuint (n_runs, >, 0);
}

/* THEME/NAME: the rows of doc/protocol.md stand behind it in the script. */
static char *
dup_name (const ScriptPart *part)
{
  g_autofree char *file = g_path_get_basename (part->file);

  return g_strdup_printf ("%.*s/%.*s", (int) strcspn (file, "."), file,
                          (int) strcspn (part->name, "/"), part->name);
}

/* (element-type utf8 utf8) */
static GHashTable *
find_names (const char *text, const char *pattern)
{
  g_autoptr (GRegex)     regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  GHashTable            *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    g_hash_table_add (names, g_match_info_fetch (match, 1));
  return names;
}

static void
check_names (GHashTable *names, GHashTable *others, const char *complaint)
{
  GHashTableIter iter;
  gpointer       name;

  g_hash_table_iter_init (&iter, names);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    if (!g_hash_table_contains (others, name))
      {
        g_test_message ("doc/stream.md: %s “%s”", complaint, (const char *) name);
        g_test_fail ();
      }
}

/* doc/stream.md names each scenario and each difference, and no others. */
static void
test_page (void)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("IBB_TEST_SOURCE_ROOT"), "doc", "stream.md", NULL);
  g_autofree char    *page = NULL;
  g_autoptr (GString) bodies = g_string_new (NULL);
  g_autoptr (GError)  error = NULL;
  GPtrArray          *parts = script_get_cases ();

  g_file_get_contents (path, &page, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < parts->len; i++)
    {
      const ScriptPart *part = parts->pdata[i];
      g_autofree char  *name = dup_name (part);

      g_string_append_printf (bodies, "`%s`\n%s", name, part->body->str);
    }
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GHashTable) told =
          find_names (page, i == 0 ? "`([a-z]+/[a-z-]+)`" : "^- \\*\\*(.*)\\.\\*\\*");
      g_autoptr (GHashTable) shown =
          find_names (bodies->str, i == 0 ? "`([a-z]+/[a-z-]+)`" : "ibb [a-z0-9{}-]+ \"([^\"]*)\"");

      check_names (told, shown, "nothing shows");
      check_names (shown, told, "it does not speak of");
    }
}

static void
add_scenarios (PairSource *source, GPtrArray *cases)
{
  GPtrArray *parts = script_get_cases ();

  for (guint i = 0; i < parts->len; i++)
    {
      const ScriptPart *part = parts->pdata[i];
      Case             *data = g_new (Case, 1);
      g_autofree char  *name = dup_name (part);
      g_autofree char  *path = g_strdup_printf ("/ibb/scenarios/%s/%s%s", pair_names[source->kind],
                                                name, part->name + strcspn (part->name, "/"));

      *data = (Case){ { part, NULL }, source };
      g_ptr_array_add (cases, data);
      if (get_manners (part, source->kind) != 0)
        g_test_add_data_func (path, data, test_scenario);
    }
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) sources =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pair_source_free);
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);
  int                   status;

  test_init (&argc, &argv);
  for (int i = 1; i < argc; i++)
    script_read (argv[i]);
  signal (SIGALRM, alarm_cb);
  if (g_getenv ("IBB_TEST_HOST") != NULL)
    g_ptr_array_add (sources, pair_source_new (PAIR_SERVER));
  else
    g_ptr_array_add (sources, pair_source_new (PAIR_LOOPBACK));
  /* With XML on the loopback the other pairs show nothing new. */
  if (g_getenv ("IBB_TEST_HOST") == NULL && g_getenv ("IBB_TEST_XML") == NULL)
    {
      g_test_add_func ("/ibb/scenarios/page", test_page);
      g_ptr_array_add (sources, pair_source_new (PAIR_TCP));
      g_ptr_array_add (sources, pair_source_new (PAIR_FOREIGN));
    }
  for (guint i = 0; i < sources->len; i++)
    add_scenarios (sources->pdata[i], cases);
  status = g_test_run ();
  script_clear ();
  return status;
}
