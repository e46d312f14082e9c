/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script that call the engine, as the application, the connection
 * or the clock does. */

#include "config.h"

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

  for (; words->next < words->n_words; words->next++)
    {
      const char *word = words->words[words->next];
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
        options.block_size = (guint) script_evaluate (self, value);
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
    script_fail (self, "it %s", succeeded ? "succeeds" : "fails");
  if (fails)
    script_check_failure (self, failure, words);
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
    script_fail (self, "it is not opening");
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
    script_fail (self, "it sends %s", driver_describe (open));
  driver_answer (&self->driver, open);
  if (ibb_session_get_state (script_get_session (self, words)) != IBB_SESSION_OPEN)
    script_fail (self, "it is not open");
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
  guint    type = script_find (self, names, G_N_ELEMENTS (names), words_take (self, words));

  if (g_queue_is_empty (&self->driver.engine->events) || !driver_take_event (&self->driver, &event))
    script_fail (self, "no event");
  if (event.type != type)
    script_fail (self, "event %s", names[event.type]);
  if (type == IBB_EVENT_EXPECTED || type == IBB_EVENT_EXPECTATION_FAILED)
    {
      if (event.expectation != g_intern_string (words->at))
        script_fail (self, "of %s", (const char *) event.expectation);
      g_hash_table_remove (self->expectations, words->at);
    }
  if (type == IBB_EVENT_EXPECTATION_FAILED)
    script_check_failure (self, &event.failure, words);
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
    script_fail (self, "not accepted");
  result = driver_take_served (&self->driver);
  if (result == NULL || result->payload != IBB_PAYLOAD_RESULT ||
      g_strcmp0 (result->id, "open") != 0)
    script_fail (self, "it sends %s", driver_describe (result));
  if (result->is_resumable != options.is_resumable)
    script_fail (self, "resumable: %d", result->is_resumable);
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

  driver_add_beside (&self->driver, script_find (self, places, 2, words_take (self, words)) != 0);
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
    { "close-timeout", &settings->close_timeout, NULL },
    { "peer-timeout", &settings->peer_timeout, NULL },
    { "resume-timeout", &settings->resume_timeout, NULL },
    { "window", NULL, &settings->window },
    { "send-buffer-size", NULL, &settings->send_buffer_size },
    { "receive-buffer-size", NULL, &settings->receive_buffer_size },
    { "receive-memory-limit", NULL, &settings->receive_memory_limit },
  };
  const char *name = words_take (self, words);

  if (g_str_equal (name, "half-close"))
    settings->half_close = words_take_switch (self, words);
  else if (g_str_equal (name, "resume-sessions"))
    settings->resume_sessions = words_take_switch (self, words);
  else if (g_str_equal (name, "strict"))
    settings->strict = words_take_switch (self, words);
  else if (g_str_equal (name, "block-size-fallback"))
    settings->block_size_fallback = words_take_switch (self, words);
  else if (g_str_equal (name, "wait-backoff-factor"))
    settings->wait_backoff_factor = g_ascii_strtod (words_take (self, words), NULL);
  else if (g_str_equal (name, "stanza-limit"))
    self->driver.engine->context->named_limit = (gsize) words_take_number (self, words);
  else
    {
      const char *value = words_take (self, words);
      guint       i = 0;

      while (i < G_N_ELEMENTS (fields) && !g_str_equal (name, fields[i].name))
        i++;
      if (i == G_N_ELEMENTS (fields))
        script_fail (self, "no setting %s", name);
      if (fields[i].value != NULL)
        *fields[i].value = (guint) script_evaluate (self, value);
      else
        *fields[i].size =
            g_str_equal (value, "max") ? G_MAXSIZE : (gsize) script_evaluate (self, value);
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
    { "hold-sent", &driver->hold_sent },    { "leave-queries", &driver->leave_disco },
    { "leave-pings", &driver->leave_ping }, { "answer-probes", &driver->answer_probes },
    { "feature", &driver->has_feature },    { "rules", &driver->has_rules },
  };
  const char *name = words_take (self, words);
  guint       i = 0;

  while (i < G_N_ELEMENTS (flags) && !g_str_equal (name, flags[i].name))
    i++;
  if (i == G_N_ELEMENTS (flags))
    script_fail (self, "no flag %s", name);
  *flags[i].flag = words_take_switch (self, words);
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
  bytes = words_take_bytes (self, words);
  data = g_bytes_get_data (bytes, &length);
  expected = words_take_if (words, "=") ? (gsize) words_take_number (self, words) : length;
  n = ibb_session_write (session, data, length, *self->driver.clock);
  if (n != expected)
    script_fail (self, "%" G_GSIZE_FORMAT " bytes were written", n);
}

/* "read BYTES": those, and nothing is left. "take N": so many. "take all". */
static void
read_bytes (Script *self, Words *words)
{
  IBBSession        *session = script_get_session (self, words);
  g_autoptr (GBytes) bytes = words_take_bytes (self, words);
  gsize              length = g_bytes_get_size (bytes);
  g_autofree guint8 *read = g_malloc (length + 1);
  gsize              n = session->receiver.queue.length;

  if (n != length)
    script_fail (self, "%" G_GSIZE_FORMAT " bytes are readable", n);
  n = ibb_session_read (session, read, length + 1, *self->driver.clock);
  if (n != length || (n > 0 && memcmp (read, g_bytes_get_data (bytes, NULL), n) != 0))
    script_fail (self, "read: %.*s", (int) MIN (n, 100), (const char *) read);
}

static void
take (Script *self, Words *words)
{
  IBBSession        *session = script_get_session (self, words);
  gboolean           all = words_take_if (words, "all");
  gsize              length = all ? 65536 : (gsize) words_take_number (self, words);
  g_autofree guint8 *bytes = g_malloc (length);
  gsize              n;

  while ((n = ibb_session_read (session, bytes, length, *self->driver.clock)) > 0 && all)
    ;
  if (!all && n != length)
    script_fail (self, "%" G_GSIZE_FORMAT " bytes were read", n);
}

/* ---- time ---- */

/* Reads milliseconds, with decimals. */
static gint64
take_time (Script *self, Words *words)
{
  const char *word = words_take (self, words);

  if (strchr (word, '.') != NULL)
    return (gint64) (g_ascii_strtod (word, NULL) * MILLISECOND + 0.5);
  return script_evaluate (self, word) * MILLISECOND;
}

static void
wait_for (Script *self, gint64 time)
{
  driver_advance_to (&self->driver, *self->driver.clock + time);
}

static void
wait_some_time (Script *self, Words *words)
{
  wait_for (self, take_time (self, words));
}

/* Nothing is sent for so long. */
static void
stay_quiet (Script *self, Words *words)
{
  gint64 time = take_time (self, words);

  wait_for (self, time - 1);
  script_expect_nothing (self);
  wait_for (self, 1);
}

/* The stream breaks, and is resumed so much later. */
static void
outage (Script *self, Words *words)
{
  IBBEngine *engine = self->driver.engine;
  gint64     time = take_time (self, words);

  ibb_engine_suspend (engine, *self->driver.clock);
  if (ibb_engine_get_wake_time (engine) <= *self->driver.clock + time)
    script_fail (self, "it wants to be woken");
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
    script_fail (self, "it %s", succeeded ? "succeeds" : "fails");
}

static void
refuse (Script *self, Words *words)
{
  IBBCondition condition = script_parse_condition (self, words_take (self, words));
  const char  *text = NULL;

  if (words->next < words->n_words && words->is_quoted[words->next])
    text = words_take (self, words);
  check_result (self, ibb_session_refuse (script_get_session (self, words), condition, text),
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
    script_fail (self, "there is one");
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
    script_fail (self, "no event says so");
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
  const char *name = words_take (self, words);
  gint64      value = words_take_number (self, words);

  if (!inside_set (self->driver.engine, session, name, value, *self->driver.clock))
    script_fail (self, "nothing inside has that name");
}

static void
note (Script *self, Words *words)
{
  char   *name = g_strdup (words_take (self, words));
  gint64 *value = g_new (gint64, 1);

  *value = words_take_number (self, words);
  g_hash_table_replace (self->notes, name, value);
}

static void
unref (Script *self, Words *words)
{
  g_hash_table_remove (self->sessions, words->at);
}

static void
set_waiting (Script *self, Words *words)
{
  ibb_session_set_waiting (script_get_session (self, words), words_take_switch (self, words));
}

static void
accept (Script *self, Words *words)
{
  check_result (self, ibb_session_accept (script_get_session (self, words), *self->driver.clock),
                words);
}

static void
set_listen (Script *self, Words *words)
{
  static const char *const listens[] = { "none", "accept", "ask" };

  self->driver.engine->acceptor.listen = script_find (self, listens, 3, words_take (self, words));
}

static void
set_local_jid (Script *self, Words *words)
{
  ibb_engine_set_local_jid (self->driver.engine, script_get_jid (words_take (self, words)));
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
  ibb_engine_passed (self->driver.engine, script_get_stanza (self, words_take (self, words)));
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
  IBBCondition condition = script_parse_condition (self, words_take (self, words));
  const char  *text = words->next < words->n_words ? words_take (self, words) : NULL;

  ibb_session_abort_with_reason (session, condition, text, *self->driver.clock);
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

/* A word is one of these. */
static const struct
{
  const char *name;
  void (*call) (Script *self, Words *words);
  void (*of_session) (IBBSession *session, gint64 now);
  void (*switch_session) (IBBSession *session, gboolean on, gint64 now);
  void (*of_engine) (IBBEngine *engine, gint64 now);
  void (*of_stanza) (IBBEngine *engine, IBBStanza *stanza, gint64 now);
} calls[] = {
  { .name = "begin", .call = begin },
  { .name = "opened", .call = take_opened },
  { .name = "accepted", .call = accepted },
  { .name = "beside", .call = add_beside },
  { .name = "swap", .call = swap },
  { .name = "expect", .call = expect },
  { .name = "cancel", .call = cancel },
  { .name = "event", .call = event },
  { .name = "no-event", .call = check_no_event },
  { .name = "drop-events", .call = drop_events },
  { .name = "changed", .call = check_changed },
  { .name = "accept", .call = accept },
  { .name = "refuse", .call = refuse },
  { .name = "unref", .call = unref },
  { .name = "write", .call = write_bytes },
  { .name = "read", .call = read_bytes },
  { .name = "take", .call = take },
  { .name = "close", .of_session = ibb_session_close },
  { .name = "abort", .of_session = ibb_session_abort },
  { .name = "abort-for", .call = abort_for },
  { .name = "shutdown", .of_session = ibb_session_shutdown_output },
  { .name = "close-output", .of_session = close_output },
  { .name = "close-input", .of_session = ibb_session_close_input },
  { .name = "flush", .of_session = ibb_session_flush },
  { .name = "auto-flush", .switch_session = ibb_session_set_auto_flush },
  { .name = "untaken", .switch_session = ibb_session_set_untaken },
  { .name = "waiting", .call = set_waiting },
  { .name = "set", .call = set },
  { .name = "flag", .call = flag },
  { .name = "inside", .call = set_inside },
  { .name = "listen", .call = set_listen },
  { .name = "local-jid", .call = set_local_jid },
  { .name = "apply-settings", .of_engine = ibb_engine_settings_changed },
  { .name = "suspend", .of_engine = ibb_engine_suspend },
  { .name = "resume", .of_engine = ibb_engine_resume },
  { .name = "lost", .of_engine = lose },
  { .name = "restored", .call = restore },
  { .name = "stop", .call = stop },
  { .name = "violation", .call = violate },
  { .name = "free-engine", .call = free_engine },
  { .name = "pass", .call = pass },
  { .name = "sent", .of_stanza = ibb_engine_sent },
  { .name = "send-failed", .of_stanza = ibb_engine_send_failed },
  { .name = "report", .call = script_report },
  { .name = "note", .call = note },
  { .name = "wait", .call = wait_some_time },
  { .name = "quiet", .call = stay_quiet },
  { .name = "outage", .call = outage },
  { .name = "chat", .call = chat },
};

gboolean
script_call (Script *self, const char *name, Words *words)
{
  IBBEngine *engine = self->driver.engine;
  gint64     now = *self->driver.clock;
  guint      i = 0;

  while (i < G_N_ELEMENTS (calls) && !g_str_equal (name, calls[i].name))
    i++;
  if (i == G_N_ELEMENTS (calls))
    return FALSE;
  if (calls[i].call != NULL)
    calls[i].call (self, words);
  else if (calls[i].of_session != NULL)
    calls[i].of_session (script_get_session (self, words), now);
  else if (calls[i].switch_session != NULL)
    calls[i].switch_session (script_get_session (self, words), words_take_switch (self, words),
                             now);
  else if (calls[i].of_engine != NULL)
    calls[i].of_engine (engine, now);
  else
    calls[i].of_stanza (engine, script_get_stanza (self, words_take (self, words)), now);
  return TRUE;
}
