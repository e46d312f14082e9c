/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script that call the engine, as the application, the connection
 * or the clock does. */

#include "config.h"

#include "core/session/lifecycle.h"
#include "inside.h"
#include "script.h"

#include <string.h>

/* ---- how sessions begin ---- */

/* The words of an open or an expectation: "NAME=VALUE" and single words. */
typedef struct
{
  const char *peer;
  const char *local;
  const char *sid;
  guint       block_size;
  gboolean    by_message;
  gboolean    has_stanza_type;
  gboolean    fixed;
  gboolean    has_secret;
  gboolean    is_resumable; /* the engine keeps the secret */
} Options;

static Options
take_options (Script *self, Words *words, guint block_size)
{
  Options options = { .peer = PEER, .sid = words->at, .block_size = block_size };

  for (; words_peek (words) != NULL; words->next++)
    {
      const char *word = words_peek (words);
      const char *value;

      if (g_str_equal (word, "message") || g_str_equal (word, "iq"))
        {
          options.by_message = word[0] == 'm';
          options.has_stanza_type = TRUE;
        }
      else if (g_str_equal (word, "fixed"))
        options.fixed = TRUE;
      else if (g_str_equal (word, "secret") || g_str_equal (word, "useless-secret"))
        {
          options.has_secret = TRUE;
          options.is_resumable = word[0] == 's';
        }
      else if ((value = script_get_option (word, "size")) != NULL)
        options.block_size = (guint) script_evaluate (value);
      else if ((value = script_get_option (word, "to")) != NULL ||
               (value = script_get_option (word, "from")) != NULL)
        options.peer = script_get_jid (value);
      else if ((value = script_get_option (word, "local")) != NULL)
        options.local = script_get_jid (value);
      else if ((value = script_get_option (word, "sid")) != NULL)
        options.sid = g_str_equal (value, "random") ? NULL : value;
      else
        break;
    }
  return options;
}

/* TRUE after "fails FAILURE", which must be the one. */
static gboolean
check_fails (Script *self, Words *words, gboolean succeeded, IBBFailure *failure)
{
  gboolean fails = words_take_if (words, "fails");

  if (fails == succeeded)
    script_fail ("it %s", succeeded ? "succeeds" : "fails");
  if (fails)
    script_check_failure (failure, words);
  ibb_failure_clear (failure);
  return fails;
}

static void
begin (Script *self, Words *words)
{
  Options     options = take_options (self, words, 0);
  IBBOpen     open = { .peer = options.peer,
                       .local = options.local,
                       .sid = options.sid,
                       .by_message = options.by_message,
                       .block_size = options.block_size,
                       .is_agreed = options.fixed };
  IBBFailure  failure = IBB_FAILURE_INIT;
  IBBSession *session = ibb_engine_open (self->driver.engine, &open, *self->driver.clock, &failure);

  if (check_fails (self, words, session != NULL, &failure))
    return;
  if (ibb_session_get_state (session) != IBB_SESSION_OPENING)
    script_fail ("it is not opening");
  script_set_session (self, words->at, session);
}

static void
take_opened (Script *self, Words *words)
{
  g_autoptr (IBBStanza) open = NULL;

  begin (self, words);
  open = driver_take_served (&self->driver);
  if (open == NULL || open->payload != IBB_PAYLOAD_OPEN ||
      open->by_message != script_get_session (self, words)->parameters.by_message)
    script_fail ("it sends %s", driver_describe (open));
  driver_answer (&self->driver, open);
  if (ibb_session_get_state (script_get_session (self, words)) != IBB_SESSION_OPEN)
    script_fail ("it is not open");
}

static void
event (Script *self, Words *words)
{
  static const char *const names[] = {
    [IBB_EVENT_REQUESTED] = "requested",
    [IBB_EVENT_ACCEPTED] = "accepted",
    [IBB_EVENT_EXPECTED] = "expected",
    [IBB_EVENT_EXPECTATION_FAILED] = "expectation-failed",
  };
  IBBEvent event = IBB_EVENT_INIT;
  guint    type = script_find (names, G_N_ELEMENTS (names), words_take (words));

  if (g_queue_is_empty (&self->driver.engine->events) || !driver_take_event (&self->driver, &event))
    script_fail ("no event");
  if (event.type != type)
    script_fail ("event %s", names[event.type]);
  if (type == IBB_EVENT_EXPECTED || type == IBB_EVENT_EXPECTATION_FAILED)
    {
      if (event.expectation != g_intern_string (words->at))
        script_fail ("of %s", (const char *) event.expectation);
      g_hash_table_remove (self->expectations, words->at);
    }
  if (type == IBB_EVENT_EXPECTATION_FAILED)
    script_check_failure (&event.failure, words);
  else
    script_set_session (self, words->at, g_steal_pointer (&event.session));
  ibb_event_clear (&event);
}

/* A session that a peer opens and the engine accepts at once. */
static void
accepted (Script *self, Words *words)
{
  Options      options = take_options (self, words, 4096);
  IBBSettings *settings = &self->driver.engine->context->settings;
  guint        needed = self->driver.engine->context->memory.n_sharers + 1;
  IBBEvent     event = IBB_EVENT_INIT;
  IBBStanza   *open =
      driver_new_open (options.peer, "open", options.sid, options.block_size, options.by_message);
  g_autoptr (IBBStanza) result = NULL;

  if (options.local != NULL)
    {
      g_free (open->to);
      open->to = g_strdup (options.local);
    }
  open->secret = options.has_secret ? g_strdup (SCRIPT_SECRET) : NULL;
  settings->session_limit = MAX (settings->session_limit, needed);
  self->driver.engine->acceptor.listen = IBB_LISTEN_ACCEPT;
  if (!driver_receive (&self->driver, open) || !driver_take_event (&self->driver, &event) ||
      event.type != IBB_EVENT_ACCEPTED)
    script_fail ("not accepted");
  result = driver_take_served (&self->driver);
  if (result == NULL || result->payload != IBB_PAYLOAD_RESULT ||
      g_strcmp0 (result->id, "open") != 0)
    script_fail ("it sends %s", driver_describe (result));
  if (result->is_resumable != options.is_resumable)
    script_fail ("resumable: %d", result->is_resumable);
  script_set_session (self, words->at, event.session);
}

/* "beside first", "beside last": another service on the connection, made before or after; the next
 * words are about it. "swap": the next words are about the other one. */
static void
swap (Script *self, Words *words)
{
  Driver    *driver = &self->driver;
  IBBEngine *engine = driver->engine;

  g_assert_nonnull (driver->beside);
  driver->engine = driver->beside;
  driver->beside = engine;
  driver->is_beside_first = !driver->is_beside_first;
}

static void
add_beside (Script *self, Words *words)
{
  static const char *const places[] = { "last", "first" };

  driver_add_beside (&self->driver, script_find (places, 2, words_take (words)) != 0);
  self->driver.beside->context->settings.session_limit = 0;
  swap (self, words);
}

static void
expect (Script *self, Words *words)
{
  Options         options = take_options (self, words, 0);
  IBBFailure      failure = IBB_FAILURE_INIT;
  IBBExpectation *expectation =
      ibb_engine_expect (self->driver.engine,
                         &(IBBOpen){ .local = options.local,
                                     .peer = options.peer,
                                     .sid = options.sid,
                                     .block_size = options.block_size,
                                     .is_agreed = options.has_stanza_type,
                                     .by_message = options.by_message },
                         (gpointer) g_intern_string (words->at), &failure);

  if (!check_fails (self, words, expectation != NULL, &failure))
    g_hash_table_replace (self->expectations, g_strdup (words->at), expectation);
}

static void
cancel (Script *self, Words *words)
{
  IBBExpectation *expectation = g_hash_table_lookup (self->expectations, words->at);

  g_assert_nonnull (expectation);
  ibb_acceptor_remove (&self->driver.engine->acceptor, expectation);
  g_hash_table_remove (self->expectations, words->at);
}

/* ---- settings ---- */

static void
set (Script *self, Words *words)
{
  IBBSettings *settings = &self->driver.engine->context->settings;
  const struct
  {
    const char *name;
    guint      *value;
    gsize      *size;
  } fields[] = {
    { "session-limit", &settings->session_limit, NULL },
    { "max-retries", &settings->max_retries, NULL },
    { "initial-wait-time", &settings->initial_wait_time, NULL },
    { "max-block-size", &settings->max_block_size, NULL },
    { "default-block-size", &settings->default_block_size, NULL },
    { "open-timeout", &settings->open_timeout, NULL },
    { "accept-timeout", &settings->accept_timeout, NULL },
    { "peer-timeout", &settings->peer_timeout, NULL },
    { "resume-timeout", &settings->resume_timeout, NULL },
    { "window", NULL, &settings->window },
    { "send-buffer-size", NULL, &settings->send_buffer_size },
    { "receive-buffer-size", NULL, &settings->receive_buffer_size },
    { "receive-memory-limit", NULL, &settings->receive_memory_limit },
  };
  const char *name = words_take (words);

  if (g_str_equal (name, "half-close"))
    settings->half_close = words_take_switch (words);
  else if (g_str_equal (name, "confirm-close"))
    settings->confirm_close = words_take_switch (words);
  else if (g_str_equal (name, "resume-sessions"))
    settings->resume_sessions = words_take_switch (words);
  else if (g_str_equal (name, "wait-backoff-factor"))
    settings->wait_backoff_factor = g_ascii_strtod (words_take (words), NULL);
  else if (g_str_equal (name, "stanza-limit"))
    self->driver.engine->context->named_limit = (gsize) words_take_number (words);
  else
    {
      const char *value = words_take (words);
      guint       i = 0;

      while (i < G_N_ELEMENTS (fields) && !g_str_equal (name, fields[i].name))
        i++;
      if (i == G_N_ELEMENTS (fields))
        script_fail ("no setting %s", name);
      if (fields[i].value != NULL)
        *fields[i].value = (guint) script_evaluate (value);
      else
        *fields[i].size = g_str_equal (value, "max") ? G_MAXSIZE : (gsize) script_evaluate (value);
    }
}

/* Switches something that the connection of the script does by itself. */
static void
flag (Script *self, Words *words)
{
  Driver *driver = &self->driver;
  const struct
  {
    const char *name;
    gboolean   *flag;
  } flags[] = {
    { "hold-sent", &driver->hold_sent },
    { "leave-queries", &driver->leave_disco },
    { "leave-pings", &driver->leave_ping },
    { "answer-probes", &driver->answer_probes },
    { "feature", &driver->has_feature },
    { "rules", &driver->has_rules },
    { "sees-no-sessions", &driver->sees_no_sessions },
  };
  const char *name = words_take (words);
  guint       i = 0;

  while (i < G_N_ELEMENTS (flags) && !g_str_equal (name, flags[i].name))
    i++;
  if (i == G_N_ELEMENTS (flags))
    script_fail ("no flag %s", name);
  *flags[i].flag = words_take_switch (words);
}

/* ---- bytes ---- */

/* "write BYTES [= N]", "write all": as many as there is room for. */
static void
write_bytes (Script *self, Words *words)
{
  IBBSession        *session = script_get_session (self, words);
  g_autoptr (GBytes) bytes = NULL;
  const guint8      *data;
  gsize              length;
  gsize              expected;
  gsize              n;

  if (words_take_if (words, "all"))
    {
      driver_write (&self->driver, session, ibb_session_get_writable (session));
      return;
    }
  bytes = words_take_bytes (words);
  data = g_bytes_get_data (bytes, &length);
  expected = words_take_if (words, "=") ? (gsize) words_take_number (words) : length;
  n = ibb_session_write (session, data, length, *self->driver.clock);
  if (n != expected)
    script_fail ("%" G_GSIZE_FORMAT " bytes were written", n);
}

/* "read BYTES": those, and nothing is left. "take N": so many. "take all". */
static void
read_bytes (Script *self, Words *words)
{
  IBBSession        *session = script_get_session (self, words);
  g_autoptr (GBytes) bytes = words_take_bytes (words);
  gsize              length = g_bytes_get_size (bytes);
  g_autofree guint8 *read = g_malloc (length + 1);
  gsize              n = session->receiver.queue.length;

  if (n != length)
    script_fail ("%" G_GSIZE_FORMAT " bytes are readable", n);
  n = ibb_session_read (session, read, length + 1, *self->driver.clock);
  if (n != length || (n > 0 && memcmp (read, g_bytes_get_data (bytes, NULL), n) != 0))
    script_fail ("read: %.*s", (int) MIN (n, 100), (const char *) read);
}

static void
take (Script *self, Words *words)
{
  IBBSession        *session = script_get_session (self, words);
  gboolean           all = words_take_if (words, "all");
  gsize              length = all ? 65536 : (gsize) words_take_number (words);
  g_autofree guint8 *bytes = g_malloc (length);
  gsize              n;

  while ((n = ibb_session_read (session, bytes, length, *self->driver.clock)) > 0 && all)
    ;
  if (!all && n != length)
    script_fail ("%" G_GSIZE_FORMAT " bytes were read", n);
}

/* ---- time ---- */

/* Reads milliseconds, with decimals. */
static gint64
take_time (Words *words)
{
  const char *word = words_take (words);

  if (strchr (word, '.') != NULL)
    return (gint64) (g_ascii_strtod (word, NULL) * MILLISECOND + 0.5);
  return script_evaluate (word) * MILLISECOND;
}

static void
wait_for (Script *self, gint64 time)
{
  driver_advance_to (&self->driver, *self->driver.clock + time);
}

static void
wait_some_time (Script *self, Words *words)
{
  wait_for (self, take_time (words));
}

/* Nothing is sent for so long. */
static void
stay_quiet (Script *self, Words *words)
{
  gint64 time = take_time (words);

  wait_for (self, time - 1);
  script_expect_nothing (self);
  wait_for (self, 1);
}

/* The stream breaks, and is resumed so much later. */
static void
outage (Script *self, Words *words)
{
  IBBEngine *engine = self->driver.engine;
  gint64     time = take_time (words);

  ibb_engine_suspend (engine, *self->driver.clock);
  if (ibb_engine_get_wake_time (engine) <= *self->driver.clock + time)
    script_fail ("it wants to be woken");
  wait_for (self, time);
  ibb_engine_advance (engine, *self->driver.clock);
  ibb_engine_suspend (engine, *self->driver.clock); /* it stands still since before */
  script_expect_nothing (self);
  ibb_engine_resume (engine, *self->driver.clock);
}

/* ---- all of them ---- */

static void
check_result (Script *self, gboolean succeeded, Words *words)
{
  if (succeeded == words_take_if (words, "fails"))
    script_fail ("it %s", succeeded ? "succeeds" : "fails");
}

static void
refuse (Script *self, Words *words)
{
  IBBCondition condition = script_parse_condition (words_take (words));
  const char  *text = NULL;

  if (words_peek (words) != NULL && words->is_quoted[words->next])
    text = words_take (words);
  check_result (self, ibb_lifecycle_refuse (script_get_session (self, words), condition, text),
                words);
}

static void
drop_events (Script *self, Words *words)
{
  IBBEvent event = IBB_EVENT_INIT;

  while (driver_take_event (&self->driver, &event))
    ibb_event_clear (&event);
}

static void
check_no_event (Script *self, Words *words)
{
  IBBEvent event = IBB_EVENT_INIT;

  if (!g_queue_is_empty (&self->driver.engine->events) || driver_take_event (&self->driver, &event))
    script_fail ("there is one");
}

/* Whether the owner of the session is told to look at it. */
static void
check_changed (Script *self, Words *words)
{
  IBBEvent event = IBB_EVENT_INIT;
  gboolean told = FALSE;

  script_get_session (self, words)->data = self;
  while (ibb_engine_take_event (self->driver.engine, &event))
    {
      told |= event.type == IBB_EVENT_CHANGED && event.session->data == self;
      ibb_event_clear (&event);
    }
  if (!told)
    script_fail ("no event says so");
}

/* The application sends or receives a stanza of its own. */
static void
chat (Script *self, Words *words)
{
  ibb_engine_note_chat (self->driver.engine, *self->driver.clock);
}

static void
set_inside (Script *self, Words *words)
{
  IBBSession *session = g_hash_table_lookup (self->sessions, words->at);
  const char *name = words_take (words);
  gint64      value = words_take_number (words);

  if (!inside_set (self->driver.engine, session, name, value, *self->driver.clock))
    script_fail ("nothing inside has that name");
}

static void
unref (Script *self, Words *words)
{
  g_hash_table_remove (self->sessions, words->at);
}

static void
set_waiting (Script *self, Words *words)
{
  ibb_session_set_waiting (script_get_session (self, words), words_take_switch (words));
}

static void
accept (Script *self, Words *words)
{
  check_result (self, ibb_lifecycle_accept (script_get_session (self, words), *self->driver.clock),
                words);
}

static void
set_listen (Script *self, Words *words)
{
  static const char *const listens[] = { "none", "accept", "ask" };

  self->driver.engine->acceptor.listen = script_find (listens, 3, words_take (words));
}

static void
set_local_jid (Script *self, Words *words)
{
  ibb_engine_set_local_jid (self->driver.engine, script_get_jid (words_take (words)));
}

static void
restore (Script *self, Words *words)
{
  ibb_engine_restored (self->driver.engine);
}

static void
stop (Script *self, Words *words)
{
  ibb_engine_stop (self->driver.engine, words_take_if (words, "abort"), *self->driver.clock);
}

static void
free_engine (Script *self, Words *words)
{
  ibb_engine_free (self->driver.engine);
  self->driver.engine = ibb_engine_new (NULL, NULL);
}

static void
pass (Script *self, Words *words)
{
  ibb_engine_passed (self->driver.engine, script_get_stanza (self, words_take (words)));
}

static void
close_output (IBBSession *session, gint64 now)
{
  ibb_session_close_output (session);
}

/* abort-for CONDITION [TEXT] */
static void
abort_for (Script *self, Words *words)
{
  IBBSession  *session = script_get_session (self, words);
  IBBCondition condition = script_parse_condition (words_take (words));
  const char  *text = words_peek (words) != NULL ? words_take (words) : NULL;

  ibb_lifecycle_abort_with_reason (session, condition, text, *self->driver.clock);
}

/* The server has ended the XML stream for a policy-violation. "fails": of another reason. */
static void
violate (Script *self, Words *words)
{
  check_result (self, ibb_engine_note_violation (self->driver.engine), words);
}

static void
lose (IBBEngine *engine, gint64 now)
{
  ibb_engine_lost (engine);
}

/* Calls of the core, which the table names. */

static void
call_session (Script *self, Words *words)
{
  ((void (*) (IBBSession *, gint64)) words->word->function) (script_get_session (self, words),
                                                             *self->driver.clock);
}

static void
switch_session (Script *self, Words *words)
{
  gboolean on = words_take_switch (words);

  ((void (*) (IBBSession *, gboolean, gint64)) words->word->function) (
      script_get_session (self, words), on, *self->driver.clock);
}

static void
call_engine (Script *self, Words *words)
{
  ((void (*) (IBBEngine *, gint64)) words->word->function) (self->driver.engine,
                                                            *self->driver.clock);
}

static void
tell_engine (Script *self, Words *words)
{
  ((void (*) (IBBEngine *, IBBStanza *, gint64)) words->word->function) (
      self->driver.engine, script_get_stanza (self, words_take (words)), *self->driver.clock);
}

#define CALLS(name, call, function)                                                                \
  {                                                                                                \
    name, (ScriptFunc) call, (ScriptFunction) function                                             \
  }

static const ScriptWord calls[] = {
  SCRIPT_WORD ("begin", begin),
  SCRIPT_WORD ("opened", take_opened),
  SCRIPT_WORD ("accepted", accepted),
  SCRIPT_WORD ("beside", add_beside),
  SCRIPT_WORD ("swap", swap),
  SCRIPT_WORD ("expect", expect),
  SCRIPT_WORD ("cancel", cancel),
  SCRIPT_WORD ("event", event),
  SCRIPT_WORD ("no-event", check_no_event),
  SCRIPT_WORD ("drop-events", drop_events),
  SCRIPT_WORD ("changed", check_changed),
  SCRIPT_WORD ("accept", accept),
  SCRIPT_WORD ("refuse", refuse),
  SCRIPT_WORD ("unref", unref),
  SCRIPT_WORD ("write", write_bytes),
  SCRIPT_WORD ("read", read_bytes),
  SCRIPT_WORD ("take", take),
  CALLS ("close", call_session, ibb_lifecycle_close),
  CALLS ("abort", call_session, ibb_lifecycle_abort),
  SCRIPT_WORD ("abort-for", abort_for),
  CALLS ("shutdown", call_session, ibb_lifecycle_shutdown_output),
  CALLS ("close-output", call_session, close_output),
  CALLS ("close-input", call_session, ibb_session_close_input),
  CALLS ("flush", call_session, ibb_session_flush),
  CALLS ("auto-flush", switch_session, ibb_session_set_auto_flush),
  CALLS ("untaken", switch_session, ibb_lifecycle_set_untaken),
  SCRIPT_WORD ("waiting", set_waiting),
  SCRIPT_WORD ("set", set),
  SCRIPT_WORD ("flag", flag),
  SCRIPT_WORD ("inside", set_inside),
  SCRIPT_WORD ("listen", set_listen),
  SCRIPT_WORD ("local-jid", set_local_jid),
  CALLS ("apply-settings", call_engine, ibb_engine_settings_changed),
  CALLS ("suspend", call_engine, ibb_engine_suspend),
  CALLS ("resume", call_engine, ibb_engine_resume),
  CALLS ("lost", call_engine, lose),
  SCRIPT_WORD ("restored", restore),
  SCRIPT_WORD ("stop", stop),
  SCRIPT_WORD ("violation", violate),
  SCRIPT_WORD ("free-engine", free_engine),
  SCRIPT_WORD ("pass", pass),
  CALLS ("sent", tell_engine, ibb_engine_sent),
  CALLS ("send-failed", tell_engine, ibb_engine_send_failed),
  SCRIPT_WORD ("report", script_report),
  SCRIPT_WORD ("wait", wait_some_time),
  SCRIPT_WORD ("quiet", stay_quiet),
  SCRIPT_WORD ("outage", outage),
  SCRIPT_WORD ("chat", chat),
  SCRIPT_WORD ("<", script_receive),
  SCRIPT_WORD (">", script_expect),
};

gboolean
script_call_engine (Script *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
}
