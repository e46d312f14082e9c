/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script that look at a session or at the engine:
 * "NAME VALUE", "NAME < VALUE" and the like. */

#include "config.h"

#include "inside.h"
#include "script.h"

#include <string.h>

IBBCondition
script_parse_condition (const char *name)
{
  IBBCondition condition;

  if (!ibb_condition_from_string (name, &condition))
    script_fail ("no condition: %s", name);
  return condition;
}

IBBFailureKind
script_parse_failure (const char *name)
{
  static const char *const names[] = {
    [IBB_FAILURE_NONE] = "none",
    [IBB_FAILURE_CLOSED] = "closed",
    [IBB_FAILURE_ABORTED] = "aborted",
    [IBB_FAILURE_STOPPED] = "stopped",
    [IBB_FAILURE_CONNECTION_LOST] = "connection-lost",
    [IBB_FAILURE_REFUSED] = "refused",
    [IBB_FAILURE_CONDITION] = "condition",
    [IBB_FAILURE_PROTOCOL] = "protocol",
    [IBB_FAILURE_OPEN_TIMEOUT] = "open-timeout",
    [IBB_FAILURE_ACCEPT_TIMEOUT] = "accept-timeout",
    [IBB_FAILURE_WITHDRAWN] = "withdrawn",
    [IBB_FAILURE_RETRIES] = "retries",
    [IBB_FAILURE_PEER_CLOSED] = "peer-closed",
    [IBB_FAILURE_PEER_ABORTED] = "peer-aborted",
    [IBB_FAILURE_PEER_GONE] = "peer-gone",
    [IBB_FAILURE_CLOSE_UNCONFIRMED] = "close-unconfirmed",
    [IBB_FAILURE_OVERFLOW] = "overflow",
    [IBB_FAILURE_IN_USE] = "in-use",
    [IBB_FAILURE_NO_ROOM] = "no-room",
    [IBB_FAILURE_SEND_FAILED] = "send-failed",
  };

  return script_find (names, G_N_ELEMENTS (names), name);
}

/* "KIND [CONDITION]", "!KIND" */
void
script_check_failure (const IBBFailure *failure, Words *words)
{
  const char    *word = words_take (words);
  gboolean       is_not = word[0] == '!';
  IBBFailureKind kind = script_parse_failure (word + is_not);

  if ((failure->kind == kind) == is_not)
    script_fail ("it is %d%s%s", failure->kind, failure->has_condition ? ", " : "",
                 failure->has_condition ? ibb_condition_to_string (failure->condition) : "");
  if (words_peek (words) != NULL &&
      (!failure->has_condition ||
       failure->condition != script_parse_condition (words_take (words))))
    script_fail ("it is %s",
                 failure->has_condition ? ibb_condition_to_string (failure->condition) : "nothing");
}

/* ---- numbers ---- */

static gboolean
get_session_value (IBBSession *session, const char *name, gint64 *value)
{
  const struct
  {
    const char *name;
    guint64     value;
  } numbers[] = {
    { "written", session->sender.written },
    { "passed", session->sender.passed },
    { "delivered", session->sender.delivered },
    { "received", session->receiver.received },
    { "readable", session->receiver.queue.length },
    { "writable", ibb_session_get_writable (session) },
    { "in-flight", session->sender.flight.stall.in_flight },
    { "block-size", session->parameters.block_size },
  };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    if (g_str_equal (name, numbers[i].name))
      {
        *value = (gint64) numbers[i].value;
        return TRUE;
      }
  return FALSE;
}

gboolean
script_get_value (Script *self, IBBSession *session, const char *name, gint64 *value)
{
  IBBEngine *engine = self->driver.engine;
  const struct
  {
    const char *name;
    gint64      value;
  } counts[] = {
    { "sessions", g_hash_table_size (engine->context->sessions) },
    { "counted", engine->context->memory.n_sharers },
    { "pending", g_hash_table_size (engine->context->pendings) },
    { "timers", inside_get_n_timers (engine) },
    { "waiting-stanzas", engine->context->control.length },
    { "unread", (gint64) engine->context->memory.unread },
    { "queries", self->driver.n_queries },
    { "pings", self->driver.n_pings },
    { "wakes", self->driver.n_wakes },
    { "taken-results", self->n_taken[IBB_PAYLOAD_RESULT] },
    { "taken-errors", self->n_taken[IBB_PAYLOAD_ERROR] },
    { "taken-blocks", self->n_taken[IBB_PAYLOAD_DATA] },
    { "taken-closes", self->n_taken[IBB_PAYLOAD_CLOSE] },
  };

  if (session != NULL && get_session_value (session, name, value))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    if (g_str_equal (name, counts[i].name))
      {
        *value = counts[i].value;
        return TRUE;
      }
  return inside_get (engine, session, name, value);
}

static void
compare (gint64 value, Words *words)
{
  static const char *const operations[] = { "<", "<=", ">", ">=", "!=" };
  gint64                   expected;
  guint                    operation = G_N_ELEMENTS (operations);
  gboolean                 holds[G_N_ELEMENTS (operations) + 1];

  for (guint i = 0; i < G_N_ELEMENTS (operations); i++)
    if (words_take_if (words, operations[i]))
      operation = i;
  expected = words_take_number (words);
  holds[0] = value < expected;
  holds[1] = value <= expected;
  holds[2] = value > expected;
  holds[3] = value >= expected;
  holds[4] = value != expected;
  holds[5] = value == expected;
  if (!holds[operation])
    script_fail ("it is %" G_GINT64_FORMAT, value);
}

static gboolean
check_number (Script *self, const char *name, Words *words)
{
  gint64 value;

  if (!script_get_value (self, g_hash_table_lookup (self->sessions, words->at), name, &value))
    return FALSE;
  compare (value, words);
  return TRUE;
}

/* ---- words ---- */

static void
check_word (const char *const *names, guint n, guint value, Words *words)
{
  const char *word = words_take (words);
  gboolean    is_not = word[0] == '!';

  if ((script_find (names, n, word + is_not) == value) == is_not)
    script_fail ("it is %s", names[value]);
}

static void
check_truth (gboolean value, Words *words)
{
  check_word ((const char *const[]){ "no", "yes" }, 2, value != FALSE, words);
}

static void
check_text (const char *value, Words *words)
{
  if (g_strcmp0 (value, script_get_jid (words_take (words))) != 0)
    script_fail ("it is %s", value);
}

static gboolean
check_session (Script *self, const char *name, Words *words)
{
  static const char *const states[] = { "opening", "requested", "open", "ended" };
  static const char *const inputs[] = { "empty", "data", "eof", "failed" };
  static const char *const outputs[] = { "full", "room", "failed" };
  static const char *const waits[] = { "nothing", "connection", "peer" };
  static const char *const answers[] = { "none", "refusal", "unproven", "impossible" };
  IBBSession              *session = g_hash_table_lookup (self->sessions, words->at);

  if (session == NULL)
    return FALSE;
  if (g_str_equal (name, "state"))
    check_word (states, G_N_ELEMENTS (states), ibb_session_get_state (session), words);
  else if (g_str_equal (name, "waits-for"))
    check_word (waits, G_N_ELEMENTS (waits), ibb_session_get_wait (session), words);
  else if (g_str_equal (name, "resume-answer"))
    check_word (answers, G_N_ELEMENTS (answers), session->resume.answer, words);
  else if (g_str_equal (name, "input"))
    {
      check_word (inputs, G_N_ELEMENTS (inputs), ibb_session_get_input (session), words);
      if (words_peek (words) != NULL)
        script_check_failure (&session->receiver.failure, words);
    }
  else if (g_str_equal (name, "output"))
    {
      check_word (outputs, G_N_ELEMENTS (outputs), ibb_session_get_output (session), words);
      if (words_peek (words) != NULL)
        script_check_failure (&session->sender.output_failure, words);
    }
  else if (g_str_equal (name, "failure"))
    script_check_failure (&session->failure, words);
  else if (g_str_equal (name, "delivery"))
    script_check_failure (&session->sender.delivery_failure, words);
  else if (g_str_equal (name, "input-failure"))
    script_check_failure (&session->receiver.failure, words);
  else if (g_str_equal (name, "over"))
    check_truth (ibb_session_is_over (session), words);
  else if (g_str_equal (name, "interrupted"))
    check_truth (session->state == IBB_SESSION_INTERRUPTED, words);
  else if (g_str_equal (name, "output-shut"))
    check_truth (session->closing.output_shut, words);
  else if (g_str_equal (name, "close-begun"))
    check_truth (session->closing.is_whole, words);
  else if (g_str_equal (name, "worth-waking"))
    {
      gsize length = (gsize) words_take_number (words);

      check_truth (ibb_session_is_worth_waking (session, length), words);
    }
  else if (g_str_equal (name, "peer"))
    check_text (session->parameters.peer_jid, words);
  else if (g_str_equal (name, "local"))
    check_text (session->parameters.local_jid, words);
  else
    return FALSE;
  return TRUE;
}

/* Everything is over, and nothing is left behind. */
static void
check_empty (Script *self)
{
  static const char *const names[] = { "sessions", "pending", "timers", "waiting-stanzas" };
  gint64                   value;

  script_expect_nothing (self);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (script_get_value (self, NULL, names[i], &value) && value != 0)
      script_fail ("%s: %" G_GINT64_FORMAT, names[i], value);
}

/* The least length of the XML of a block: its tags have 150 bytes, with rules 400. */
static gint64
get_stanza_size (const IBBStanza *block)
{
  gsize size = IBB_BASE64_ENCODED_LENGTH (g_bytes_get_size (block->bytes)) + strlen (block->id) +
               strlen (OWN) + strlen (block->sid) + (block->name == IBB_STANZA_MESSAGE ? 400 : 150);

  for (const char *p = block->to; *p != '\0'; p++)
    size += *p == '"' || *p == '\'' ? 6 : *p == '&' ? 5 : *p == '<' || *p == '>' ? 4 : 1;
  return (gint64) size;
}

gboolean
script_check (Script *self, const char *name, Words *words)
{
  IBBEngine *engine = self->driver.engine;

  if (check_session (self, name, words) || check_number (self, name, words))
    return TRUE;
  if (g_str_equal (name, "stanza-size"))
    {
      const char *block = words_take (words);

      compare (get_stanza_size (script_get_stanza (self, block)), words);
    }
  else if (g_str_equal (name, "check"))
    {
      gint64 value = words_take_number (words);

      compare (value, words);
    }
  else if (g_str_equal (name, "empty"))
    check_empty (self);
  else if (g_str_equal (name, "running"))
    check_truth (ibb_engine_is_running (engine), words);
  else if (g_str_equal (name, "needs-stream"))
    check_truth (ibb_engine_needs_stream (engine), words);
  else if (g_str_equal (name, "moved"))
    check_truth (engine->context->has_moved, words);
  else if (g_str_equal (name, "can-accept"))
    check_truth (ibb_engine_can_accept (engine), words);
  else if (g_str_equal (name, "has-address"))
    {
      const char *jid = script_get_jid (words_take (words));

      check_truth (ibb_engine_has_address (engine, jid), words);
    }
  else if (g_str_equal (name, "asleep"))
    check_truth (ibb_engine_get_wake_time (engine) == G_MAXINT64, words);
  else
    return FALSE;
  return TRUE;
}
