/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs the tables of scenarios over TCP, the loopback and a foreign stack, or,
 * below tests/lib/prosody.py, through that server. */

#include "scenario.h"

#include "../lib/watchdog.h"

#include <signal.h>
#include <unistd.h>

#define ALL_MANNERS (SYNC | WORKER | ASYNC | CONTEXT)

static const struct
{
  const char  *name;
  const Theme *theme;
} themes[] = {
  { "read", &read_theme }, { "write", &write_theme }, { "cancel", &cancel_theme },
  { "poll", &poll_theme }, { "close", &close_theme }, { "end", &end_theme },
};

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
  [READ_ALL] = "read_all",
  [READ_BYTES] = "read_bytes",
  [SKIP] = "skip",
  [WRITE] = "write",
  [WRITE_ALL] = "write_all",
  [WRITE_BYTES] = "write_bytes",
  [WRITEV] = "writev",
  [WRITEV_ALL] = "writev_all",
  [FLUSH] = "flush",
  [DRAIN] = "drain",
  [SHUTDOWN] = "shutdown",
  [CLOSE_INPUT] = "close input",
  [CLOSE_OUTPUT] = "close output",
  [CLOSE] = "close",
  [READ_NB] = "read_nonblocking",
  [WRITE_NB] = "write_nonblocking",
  [WRITEV_NB] = "writev_nonblocking",
  [IS_READABLE] = "is_readable",
  [IS_WRITABLE] = "is_writable",
  [FIRES_IN] = "source of input",
  [FIRES_OUT] = "source of output",
  [ABORT] = "abort",
  [IS_CLOSED] = "is_closed",
  [IS_INPUT_CLOSED] = "input is_closed",
  [IS_OUTPUT_CLOSED] = "output is_closed",
  [HAS_PENDING] = "has_pending",
  [HAS_INPUT_PENDING] = "input has_pending",
  [HAS_OUTPUT_PENDING] = "output has_pending",
  [SET_INPUT_PENDING] = "input set_pending",
  [SET_OUTPUT_PENDING] = "output set_pending",
  [CLEAR_INPUT_PENDING] = "input clear_pending",
  [CLEAR_OUTPUT_PENDING] = "output clear_pending",
  [HAS_ENDED] = "has_ended",
  [AWAIT_IN] = "await input",
  [AWAIT_OUT] = "await output",
  [AWAIT_END] = "await end",
  [FILL] = "fill",
  [WRITE_ON] = "write on",
  [READ_REST] = "read rest",
  [LIMIT_IN] = "limit reads",
  [LIMIT_OUT] = "limit writes",
  [UNLIMIT] = "no limits",
  [HOLD_BACK] = "hold back",
  [CANCEL] = "cancel",
  [RESET] = "reset",
  [DROP] = "drop",
};

typedef struct
{
  const Scenario *scenario;
  PairSource     *source;
  Manner          manner;
  const char     *manner_name;
  End             ends[2];
  gboolean        done; /* in the engine's thread */
} Run;

/* The present scenario and step, for the watchdog. */
static char place[256];

static void
alarm_cb (int number)
{
  if (write (STDERR_FILENO, place, strlen (place)) < 0 || write (STDERR_FILENO, "\n", 1) < 0)
    _exit (2);
  watchdog_alarm_cb (number);
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
get_expected (const Step *step, PairKind kind)
{
  return kind != PAIR_TCP && step->because != NULL ? step->on_ibb : step->outcome;
}

static void
check_outcome (Run *self, const Step *step, gssize outcome)
{
  gssize           expected = get_expected (step, self->source->kind);
  g_autofree char *got = name_outcome (outcome);
  g_autofree char *wanted = name_outcome (expected);

  if (outcome == expected || expected == ANY)
    return;
  g_test_message ("%s: %s, not %s", place, got, wanted);
  g_test_fail ();
}

static void
run_steps (Run *self)
{
  const Scenario *scenario = self->scenario;

  for (gsize i = 0; i < scenario->n_steps; i++)
    {
      const Step *step = &scenario->steps[i];
      End        *end = &self->ends[step->end];
      const char *prefix = "";

      if (get_expected (step, self->source->kind) == NONE)
        continue;
      if (step->call & END (0))
        prefix = "end of ";
      else if (step->call & BEGIN (0))
        prefix = "begin of ";
      g_snprintf (place, sizeof place, "%s, %s, %s, step %u: %s's %s%s %" G_GSIZE_FORMAT,
                  pair_names[self->source->kind], scenario->name, self->manner_name, (guint) i + 1,
                  step->end == A ? "a" : "b", prefix, call_names[step->call & CALL_MASK],
                  step->count);
      if (step->call & BEGIN (0))
        scenario_perform (end, step, self->manner);
      else
        check_outcome (self, step, scenario_perform (end, step, self->manner));
    }
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
  const Scenario *scenario;
  PairSource     *source;
} Case;

static guint
get_manners (const Scenario *scenario, PairKind kind)
{
  guint chosen = scenario->manners != 0 ? scenario->manners : ALL_MANNERS;

  if (kind == PAIR_TCP && scenario->tcp_manners != 0)
    chosen = scenario->tcp_manners;
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
  guint       chosen = get_manners (self->scenario, self->source->kind);

  for (guint i = 0; i < G_N_ELEMENTS (manners); i++)
    {
      Run run = { self->scenario, self->source, manners[i].manner, manners[i].name };

      if (chosen & manners[i].manner)
        run_in_manner (&run);
    }
}

/* Whether a scenario has this name, or a step this reason. */
static gboolean
is_known (const char *name, gboolean reason)
{
  for (guint i = 0; i < G_N_ELEMENTS (themes); i++)
    for (gsize j = 0; j < themes[i].theme->n_scenarios; j++)
      {
        const Scenario  *scenario = &themes[i].theme->scenarios[j];
        g_autofree char *path = g_strdup_printf ("%s/%s", themes[i].name, scenario->name);

        if (!reason && strcmp (name, path) == 0)
          return TRUE;
        for (gsize k = 0; reason && k < scenario->n_steps; k++)
          if (g_strcmp0 (scenario->steps[k].because, name) == 0)
            return TRUE;
      }
  return FALSE;
}

/* The words of the page in this form. All of them must be known. */
static GHashTable *
find_names (const char *page, const char *pattern, gboolean reason)
{
  g_autoptr (GRegex)     regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  GHashTable            *names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (g_regex_match (regex, page, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      char *name = g_match_info_fetch (match, 1);

      if (!is_known (name, reason))
        {
          g_test_message ("doc/stream.md: nothing shows “%s”", name);
          g_test_fail ();
        }
      g_hash_table_add (names, name);
    }
  return names;
}

static void
check_named (GHashTable *names, const char *name)
{
  if (g_hash_table_contains (names, name))
    return;
  g_test_message ("doc/stream.md does not speak of “%s”", name);
  g_test_fail ();
}

/* doc/stream.md names each scenario and each difference, and no others. */
static void
test_page (void)
{
  g_autofree char *path =
      g_build_filename (g_getenv ("IBB_TEST_SOURCE_ROOT"), "doc", "stream.md", NULL);
  g_autofree char       *page = NULL;
  g_autoptr (GHashTable) names = NULL;
  g_autoptr (GHashTable) reasons = NULL;
  g_autoptr (GError)     error = NULL;

  g_file_get_contents (path, &page, NULL, &error);
  g_assert_no_error (error);
  names = find_names (page, "`([a-z]+/[a-z-]+)`", FALSE);
  reasons = find_names (page, "^- \\*\\*(.*)\\.\\*\\*", TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (themes); i++)
    for (gsize j = 0; j < themes[i].theme->n_scenarios; j++)
      {
        const Scenario  *scenario = &themes[i].theme->scenarios[j];
        g_autofree char *name = g_strdup_printf ("%s/%s", themes[i].name, scenario->name);

        check_named (names, name);
        for (gsize k = 0; k < scenario->n_steps; k++)
          {
            const Step *step = &scenario->steps[k];

            /* A difference that is none is a mistake of the table. */
            g_assert_true (step->because == NULL || step->outcome != step->on_ibb);
            if (step->because != NULL)
              check_named (reasons, step->because);
          }
      }
}

static void
add_scenarios (PairSource *source, GPtrArray *cases)
{
  for (guint i = 0; i < G_N_ELEMENTS (themes); i++)
    for (gsize j = 0; j < themes[i].theme->n_scenarios; j++)
      {
        const Scenario  *scenario = &themes[i].theme->scenarios[j];
        Case            *data = g_new (Case, 1);
        g_autofree char *path = g_strjoin ("/", "/ibb/scenarios", pair_names[source->kind],
                                           themes[i].name, scenario->name, scenario->rows, NULL);

        *data = (Case){ scenario, source };
        g_ptr_array_add (cases, data);
        if (get_manners (scenario, source->kind) != 0)
          g_test_add_data_func (path, data, test_scenario);
      }
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) sources =
      g_ptr_array_new_with_free_func ((GDestroyNotify) pair_source_free);
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);

  test_init (&argc, &argv);
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
  return g_test_run ();
}
