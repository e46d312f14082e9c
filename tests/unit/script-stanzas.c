/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* "< ..." in a script: what the engine gets. "> ...": what it has to send next. */

#include "config.h"

#include "script.h"

#include <string.h>

static const char *const payloads[] = {
  [IBB_PAYLOAD_OTHER] = "other",     [IBB_PAYLOAD_OPEN] = "open",
  [IBB_PAYLOAD_DATA] = "data",       [IBB_PAYLOAD_CLOSE] = "close",
  [IBB_PAYLOAD_UNKNOWN] = "unknown", [IBB_PAYLOAD_RESULT] = "result",
  [IBB_PAYLOAD_ERROR] = "error",     [IBB_PAYLOAD_DISCO_QUERY] = "query",
  [IBB_PAYLOAD_DISCO_INFO] = "info", [IBB_PAYLOAD_PING] = "ping",
  [IBB_PAYLOAD_RESUME] = "resume",
};

/* ---- what the engine gets ---- */

/* Changes stanza as a word says. FALSE: it says something else. */
static gboolean
apply_option (Script *self, IBBStanza *stanza, const char *word)
{
  static const char *const base64[] = { "exact", "lenient", "invalid" };
  const char              *value;
  char                   **text = NULL;

  if (g_str_equal (word, "message"))
    {
      if (stanza->payload == IBB_PAYLOAD_OPEN)
        stanza->by_message = TRUE;
      else
        driver_set_message (stanza);
    }
  else if (g_str_equal (word, "presence"))
    stanza->name = IBB_STANZA_PRESENCE;
  else if (g_str_equal (word, "unclean"))
    stanza->unclean = TRUE;
  else if (g_str_equal (word, "reads"))
    stanza->reads = TRUE;
  else if ((value = script_get_option (word, "reason")) != NULL)
    {
      stanza->gives_reason = TRUE;
      stanza->condition = script_parse_condition (value);
      stanza->text = g_strdup ("why");
    }
  else if (g_str_equal (word, "asks"))
    stanza->asks_room = TRUE;
  else if ((value = script_get_option (word, "room")) != NULL)
    {
      stanza->tells_room = TRUE;
      stanza->room = (guint32) script_evaluate (value);
    }
  else if ((value = script_get_option (word, "delay")) != NULL)
    stanza->delay = (guint32) script_evaluate (value) * 1000;
  else if (g_str_equal (word, "child"))
    stanza->has_child = TRUE;
  else if (g_str_equal (word, "no-seq"))
    stanza->seq_valid = FALSE;
  else if (g_str_equal (word, "no-type"))
    stanza->by_message_valid = FALSE;
  else if ((value = script_get_option (word, "size")) != NULL)
    {
      stanza->block_size = (guint) script_evaluate (value);
      stanza->block_size_valid =
          stanza->block_size >= 1 && stanza->block_size <= IBB_BLOCK_SIZE_MAX;
    }
  else if ((value = script_get_option (word, "long")) != NULL)
    stanza->long_block_size = (guint) script_evaluate (value);
  else if ((value = script_get_option (word, "echo")) != NULL)
    driver_set_block (stanza, 1, value, strlen (value));
  else if ((value = script_get_option (word, "text")) != NULL)
    stanza->text_length = (gsize) script_evaluate (value);
  else if (g_str_equal (word, "no-position"))
    stanza->has_position = FALSE;
  else if ((value = script_get_option (word, "count")) != NULL)
    stanza->count = (guint32) script_evaluate (value);
  else if ((value = script_get_option (word, "received")) != NULL)
    stanza->received = (guint64) script_evaluate (value);
  else if ((value = script_get_option (word, "proof")) != NULL)
    script_set_proof (self, stanza, value);
  else if ((value = script_get_option (word, "base64")) != NULL)
    {
      stanza->base64 = script_find (base64, G_N_ELEMENTS (base64), value);
      if (stanza->base64 == IBB_BASE64_INVALID)
        g_clear_pointer (&stanza->bytes, g_bytes_unref);
    }
  else if ((value = script_get_option (word, "from")) != NULL)
    text = &stanza->from;
  else if ((value = script_get_option (word, "to")) != NULL)
    text = &stanza->to;
  else if ((value = script_get_option (word, "kind")) != NULL)
    ibb_stanza_record_set_kind (stanza, value);
  else if ((value = script_get_option (word, "id")) != NULL)
    text = &stanza->id;
  else if ((value = script_get_option (word, "sid")) != NULL)
    text = &stanza->sid;
  else if ((value = script_get_option (word, "asked")) != NULL)
    text = &stanza->asked;
  else
    return FALSE;

  if (text != NULL)
    {
      g_free (*text);
      *text =
          g_strdup (value[0] == '$' ? script_get_stanza (self, value)->id : script_get_jid (value));
    }
  return TRUE;
}

/* The rest of the words are options; then it is received. "ignored": the engine
 * leaves it to others. "handled": it does not. */
static void
receive (Script *self, IBBStanza *stanza, gboolean must_handle, Words *words)
{
  gboolean is_ignored = FALSE;
  gboolean is_ours;

  for (; words_peek (words) != NULL; words->next++)
    {
      const char *word = words_peek (words);

      if (g_str_equal (word, "ignored"))
        is_ignored = TRUE;
      else if (g_str_equal (word, "handled"))
        must_handle = TRUE;
      else if (!apply_option (self, stanza, word))
        script_fail ("no option: %s", word);
    }
  if (!ibb_stanza_record_is_kind (stanza, "result") && !ibb_stanza_record_is_kind (stanza, "error"))
    {
      g_free (self->last_id);
      self->last_id = g_strdup (stanza->id);
    }
  is_ours = driver_receive (&self->driver, stanza);
  if (is_ignored ? is_ours : must_handle && !is_ours)
    script_fail ("it is %s", is_ours ? "handled" : "ignored");
}

static IBBStanza *
new_request (Script *self, IBBPayload payload, const Words *words)
{
  IBBSession      *session = g_hash_table_lookup (self->sessions, words->at);
  const char      *from = session != NULL ? session->parameters.peer_jid : PEER;
  g_autofree char *id = g_strdup_printf ("peer-%u", self->n_ids++);
  const char      *to = session != NULL && session->parameters.local_jid != NULL
                            ? session->parameters.local_jid
                            : OWN;

  if (payload == IBB_PAYLOAD_OPEN)
    {
      IBBStanza *open = driver_new_open (PEER, id, words->at, 4096, FALSE);

      return open;
    }
  return driver_new_request (payload, from, to, id,
                             session != NULL ? session->parameters.key.sid : words->at);
}

/* "data SEQ BYTES", with the type of its session unless another is said. */
static IBBStanza *
new_block (Script *self, guint seq, GBytes *bytes, const Words *words)
{
  IBBSession *session = g_hash_table_lookup (self->sessions, words->at);
  IBBStanza  *stanza = new_request (self, IBB_PAYLOAD_DATA, words);
  gsize       length;
  const void *data = g_bytes_get_data (bytes, &length);

  driver_set_block (stanza, seq, data, length);
  if (session != NULL && session->parameters.by_message)
    driver_set_message (stanza);
  return stanza;
}

static void
receive_data (Script *self, gboolean many, Words *words)
{
  guint              seq = (guint) words_take_number (words);
  guint              n = many ? (guint) words_take_number (words) : 1;
  const char        *word = words_take (words);
  g_autoptr (GBytes) bytes = script_parse_bytes (word, words->is_quoted[words->next - 1]);
  guint              options = words->next;

  for (guint i = 0; i < n; i++)
    {
      IBBStanza *stanza = new_block (self, seq + i, bytes, words);

      words->next = options;
      if (words_take_if (words, "iq"))
        {
          stanza->name = IBB_STANZA_IQ;
          ibb_stanza_record_set_kind (stanza, "set");
        }
      receive (self, stanza, TRUE, words);
    }
}

/* Answers to the last request of the engine, or to "$NAME". */
static void
receive_answer (Script *self, IBBPayload payload, Words *words)
{
  IBBCondition     condition = 0;
  IBBErrorType     type = IBB_ERROR_TYPE_CANCEL;
  const IBBStanza *request = self->last;
  IBBStanza       *reply;
  const char      *features = NULL;
  const char      *identities = NULL;

  if (payload == IBB_PAYLOAD_ERROR)
    {
      condition = script_parse_condition (words_take (words));
      if (words_peek (words) != NULL && ibb_condition_type_from_string (words_peek (words), &type))
        words->next++;
    }
  for (; words_peek (words) != NULL; words->next++)
    {
      const char *word = words_peek (words);
      const char *value;

      if (word[0] == '$')
        request = script_get_stanza (self, word);
      else if (g_str_equal (word, "feature"))
        features = IBB_FEATURE_NAMESPACE;
      else if (g_str_equal (word, "rules"))
        features = "x " IBB_AMP_NAMESPACE " y";
      else if ((value = script_get_option (word, "feature")) != NULL)
        features = value;
      else if ((value = script_get_option (word, "identity")) != NULL)
        identities = value;
      else
        break;
    }
  if (request == NULL)
    script_fail ("nothing was asked");
  reply = payload == IBB_PAYLOAD_ERROR
              ? ibb_stanza_record_new_error (request, condition, type, "a text")
              : ibb_stanza_record_new_result (request);
  g_free (reply->to);
  reply->to = g_strdup (request->from != NULL ? request->from : OWN);
  if (payload == IBB_PAYLOAD_DISCO_INFO)
    {
      reply->payload = payload;
      reply->features = features != NULL ? g_strsplit (features, " ", 0) : NULL;
      reply->identities = identities != NULL ? g_strsplit (identities, "\n", 0) : NULL;
    }
  receive (self, reply, FALSE, words);
}

/* A server answers a probe, and the disco#info query that follows it, in place of
 * a peer that is not there (D-27). */
static void
bounce (Script *self)
{
  g_autoptr (IBBStanza) query = NULL;

  driver_answer_error (&self->driver, self->last, IBB_CONDITION_SERVICE_UNAVAILABLE,
                       IBB_ERROR_TYPE_CANCEL);
  query = driver_take (&self->driver);
  if (query == NULL || query->payload != IBB_PAYLOAD_DISCO_QUERY)
    script_fail ("it sends %s", driver_describe (query));
  driver_answer_error (&self->driver, query, IBB_CONDITION_SERVICE_UNAVAILABLE,
                       IBB_ERROR_TYPE_CANCEL);
}

/* "there [$PROBE]" */
static void
answer_probe (Script *self, Words *words)
{
  const IBBStanza *probe =
      words_peek (words) != NULL ? script_get_stanza (self, words_take (words)) : self->last;

  if (probe == NULL || !driver_is_probe (probe))
    script_fail ("it was not asked");
  driver_answer_probe (&self->driver, probe);
}

/* An answer that the engine has not asked for. */
static void
receive_stray (Script *self, Words *words)
{
  IBBPayload payload = script_find (payloads, G_N_ELEMENTS (payloads), words_take (words));
  IBBStanza *stanza = new_request (self, payload, words);

  receive (self, stanza, FALSE, words);
}

/* "report sent", "report failed": what the connection says of a stanza that the
 * engine need not know. */
void
script_report (Script *self, Words *words)
{
  gboolean              is_sent = words_take_if (words, "sent") || !words_take_if (words, "failed");
  const char           *name = words_take (words);
  IBBPayload            payload = script_find (payloads, G_N_ELEMENTS (payloads), name);
  g_autoptr (IBBStanza) stanza = new_request (self, payload, words);

  for (; words_peek (words) != NULL; words->next++)
    apply_option (self, stanza, words_peek (words));
  if (is_sent)
    ibb_engine_sent (self->driver.engine, stanza, *self->driver.clock);
  else
    ibb_engine_send_failed (self->driver.engine, stanza, *self->driver.clock);
}

void
script_receive (Script *self, Words *words)
{
  const char *name = words_take (words);
  IBBPayload  payload;

  if (g_str_equal (name, "bounce"))
    bounce (self);
  else if (g_str_equal (name, "there"))
    answer_probe (self, words);
  else if (g_str_equal (name, "stray"))
    receive_stray (self, words);
  else if (g_str_equal (name, "resumed"))
    receive (self, script_new_resumed (self, words), TRUE, words);
  else if (g_str_equal (name, "data") || g_str_equal (name, "blocks"))
    receive_data (self, name[0] == 'b', words);
  else
    {
      payload = script_find (payloads, G_N_ELEMENTS (payloads), name);
      if (payload == IBB_PAYLOAD_RESUME)
        {
          IBBStanza *resume = new_request (self, payload, words);

          script_set_resume (self, resume, words);
          receive (self, resume, TRUE, words);
        }
      else if (payload == IBB_PAYLOAD_RESULT || payload == IBB_PAYLOAD_ERROR ||
               payload == IBB_PAYLOAD_DISCO_INFO)
        receive_answer (self, payload, words);
      else
        receive (self, new_request (self, payload, words), TRUE, words);
    }
}

/* ---- what the engine sends ---- */

static void
fail_got (Script *self, const IBBStanza *stanza)
{
  const char *what = driver_describe (stanza);

  if (stanza != NULL && stanza->payload == IBB_PAYLOAD_ERROR)
    script_fail ("it sends %s %s %s to %s", what, ibb_condition_to_string (stanza->condition),
                 ibb_condition_type_to_string (stanza->error_type), stanza->id);
  if (stanza != NULL)
    script_fail ("it sends %s%s to %s, id %s, sid %s, seq %u, %" G_GSIZE_FORMAT " bytes", what,
                 stanza->unclean ? " unclean"
                 : stanza->reads ? " reads"
                                 : "",
                 stanza->to, stanza->id, stanza->sid, stanza->seq,
                 stanza->bytes != NULL ? g_bytes_get_size (stanza->bytes) : 0);
  script_fail ("it sends %s", what);
}

void
script_expect_nothing (Script *self)
{
  IBBStanza *stanza = driver_take_served (&self->driver);

  if (stanza != NULL)
    fail_got (self, stanza);
}

/* Of a session, or an address itself. */
static const char *
get_peer (Script *self, const Words *words)
{
  IBBSession *session = g_hash_table_lookup (self->sessions, words->at);

  if (session != NULL)
    return session->parameters.peer_jid;
  return g_str_equal (words->at, "s") ? PEER : words->at;
}

static void
expect_same (Script *self, const char *what, const char *value, const char *expected)
{
  if (g_strcmp0 (value, expected) != 0)
    script_fail ("%s is %s", what, value);
}

static gboolean
check_option (Script *self, const IBBStanza *stanza, const char *word)
{
  const char *value;

  if (word[0] == '$')
    g_hash_table_replace (self->stanzas, g_strdup (word),
                          ibb_stanza_record_ref ((IBBStanza *) stanza));
  else if ((value = script_get_option (word, "id")) != NULL)
    expect_same (self, "id", stanza->id,
                 value[0] == '$' ? script_get_stanza (self, value)->id : value);
  else if ((value = script_get_option (word, "id!")) != NULL)
    {
      if (g_str_equal (stanza->id, script_get_stanza (self, value)->id))
        script_fail ("the same id");
    }
  else if ((value = script_get_option (word, "to")) != NULL)
    expect_same (self, "to", stanza->to, script_get_jid (value));
  else if ((value = script_get_option (word, "from")) != NULL)
    expect_same (self, "from", stanza->from, script_get_jid (value));
  else if ((value = script_get_option (word, "sid")) != NULL)
    expect_same (self, "sid", stanza->sid, value);
  else if ((value = script_get_option (word, "asked")) != NULL)
    expect_same (self, "asked", stanza->asked, value[0] != '\0' ? value : NULL);
  else if ((value = script_get_option (word, "text")) != NULL)
    expect_same (self, "text", stanza->text, value);
  else if ((value = script_get_option (word, "reason")) != NULL)
    {
      if (!stanza->gives_reason || stanza->condition != script_parse_condition (value))
        script_fail ("gives: %d, %s", stanza->gives_reason,
                     ibb_condition_to_string (stanza->condition));
    }
  else if ((value = script_get_option (word, "size")) != NULL)
    {
      if (stanza->block_size != script_evaluate (value))
        script_fail ("block size %u", stanza->block_size);
    }
  else if ((value = script_get_option (word, "long")) != NULL)
    {
      if (stanza->long_block_size != script_evaluate (value))
        script_fail ("long block size %u", stanza->long_block_size);
    }
  else if (g_str_equal (word, "rules") || g_str_equal (word, "plain"))
    {
      if (stanza->has_rules != (word[0] == 'r'))
        script_fail ("rules: %d", stanza->has_rules);
    }
  else if (g_str_equal (word, "asks") || g_str_equal (word, "asks-not"))
    {
      if (stanza->asks_room != (word[4] == '\0'))
        script_fail ("asks: %d", stanza->asks_room);
    }
  else if ((value = script_get_option (word, "room")) != NULL)
    {
      if (!stanza->tells_room || stanza->room != script_evaluate (value))
        script_fail ("tells: %d, room %u", stanza->tells_room, stanza->room);
    }
  else if ((value = script_get_option (word, "delay")) != NULL)
    {
      if (stanza->delay !=
          (g_str_equal (value, "most") ? G_MAXUINT32 : script_evaluate (value) * 1000))
        script_fail ("delay %u", stanza->delay);
    }
  else if ((value = script_get_option (word, "at")) != NULL)
    script_check_resumed (self, stanza, FALSE, value);
  else if ((value = script_get_option (word, "ended-at")) != NULL)
    script_check_resumed (self, stanza, TRUE, value);
  else if (g_str_equal (word, "secret") || g_str_equal (word, "no-secret"))
    {
      if (word[0] == 'n' ? stanza->secret != NULL
                         : !ibb_stanza_is_hex (stanza->secret, IBB_SECRET_LENGTH))
        script_fail ("the secret is %s", stanza->secret);
    }
  else if (g_str_equal (word, "message"))
    {
      if (stanza->name != IBB_STANZA_MESSAGE)
        script_fail ("no message");
    }
  else if (g_str_equal (word, "new-sid"))
    {
      if (!ibb_stanza_is_valid_sid (stanza->sid) || strlen (stanza->sid) != 32 ||
          !g_hash_table_replace (self->stanzas, g_strdup (stanza->sid),
                                 ibb_stanza_record_ref ((IBBStanza *) stanza)))
        script_fail ("the sid is %s", stanza->sid);
    }
  else
    return FALSE;
  return TRUE;
}

/* The stanza has this recipient, and is of this session. */
static void
check_session (Script *self, const IBBStanza *stanza, const Words *words)
{
  IBBSession *session = g_hash_table_lookup (self->sessions, words->at);

  if (session == NULL)
    return;
  expect_same (self, "sid", stanza->sid, session->parameters.key.sid);
  expect_same (self, "to", stanza->to, session->parameters.peer_jid);
  if (stanza->payload != IBB_PAYLOAD_DATA)
    return;
  if ((stanza->name == IBB_STANZA_MESSAGE) != session->parameters.by_message)
    script_fail ("the wrong stanza type");
  if (strlen (stanza->id) < 16) /* D-33, N-32: 64 random bits */
    script_fail ("a short id");
}

/* "data [SEQ [BYTES]]" */
static void
check_data (Script *self, const IBBStanza *stanza, Words *words)
{
  gsize length;

  if (!stanza->seq_valid || stanza->bytes == NULL || stanza->sid == NULL)
    script_fail ("not a block");
  if (words_peek (words) == NULL || !g_ascii_isdigit (words_peek (words)[0]))
    return;
  if (stanza->seq != words_take_number (words))
    fail_got (self, stanza);
  if (words_peek (words) != NULL && words_peek (words)[0] != '$' &&
      (words->is_quoted[words->next] || strpbrk (words_peek (words), "=") == NULL) &&
      !g_strv_contains (
          (const char *const[]){ "rules", "plain", "message", "asks", "asks-not", NULL },
          words_peek (words)))
    {
      const char        *word = words_take (words);
      g_autoptr (GBytes) bytes = script_parse_bytes (word, words->is_quoted[words->next - 1]);

      if (!g_bytes_equal (bytes, stanza->bytes))
        script_fail ("the block holds %" G_GSIZE_FORMAT " bytes: %.*s",
                     g_bytes_get_size (stanza->bytes),
                     (int) MIN (g_bytes_get_size (stanza->bytes), 60),
                     (const char *) g_bytes_get_data (stanza->bytes, &length));
    }
}

static gboolean
has_room (const Words *words)
{
  for (guint i = words->next; i < words->n_words; i++)
    if (script_get_option (words->words[i], "room") != NULL)
      return TRUE;
  return FALSE;
}

/* "result [ID]", "error CONDITION [TYPE] [ID]": to the last request unless ID is given. */
static void
check_answer (Script *self, const IBBStanza *stanza, Words *words)
{
  const char  *id = self->last_id;
  IBBErrorType type = IBB_ERROR_TYPE_CANCEL;

  if (stanza->payload == IBB_PAYLOAD_ERROR)
    {
      if (stanza->condition != script_parse_condition (words_take (words)))
        fail_got (self, stanza);
      if (words_peek (words) != NULL && ibb_condition_type_from_string (words_peek (words), &type))
        words->next++;
      if (stanza->error_type != type)
        fail_got (self, stanza);
      if (stanza->bytes != NULL || stanza->sid != NULL)
        script_fail ("it echoes the request (D-48)");
    }
  if (words_peek (words) != NULL && strchr (words_peek (words), '=') == NULL &&
      words_peek (words)[0] != '$' && !g_str_equal (words_peek (words), "message"))
    id = words_take (words);
  if (!g_str_equal (id, "any"))
    expect_same (self, "id", stanza->id, id);
  if (stanza->tells_room != has_room (words))
    script_fail ("it tells a room of %u, delay %u", stanza->room, stanza->delay);
}

/* "all [answers=ID ...]": everything that the engine sends now, which is counted;
 * answers with those ids are among it. */
static void
take_all (Script *self, Words *words)
{
  g_autoptr (GHashTable) ids = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  IBBStanza             *stanza;

  memset (self->n_taken, 0, sizeof self->n_taken);
  while ((stanza = driver_take_served (&self->driver)) != NULL)
    {
      self->n_taken[stanza->payload]++;
      if (stanza->payload == IBB_PAYLOAD_RESULT)
        g_hash_table_add (ids, g_strdup (stanza->id));
      ibb_stanza_record_unref (stanza);
    }
  for (; words_peek (words) != NULL; words->next++)
    {
      const char *id = script_get_option (words_peek (words), "answers");

      if (id == NULL || !g_hash_table_contains (ids, id))
        script_fail ("no answer: %s", words_peek (words));
    }
}

/* The attributes that every stanza of its kind has. */
static void
check_form (Script *self, const IBBStanza *stanza)
{
  const char *kind =
      stanza->payload == IBB_PAYLOAD_RESULT                                               ? "result"
      : stanza->payload == IBB_PAYLOAD_ERROR                                              ? "error"
      : stanza->payload == IBB_PAYLOAD_PING || stanza->payload == IBB_PAYLOAD_DISCO_QUERY ? "get"
      : stanza->name == IBB_STANZA_MESSAGE                                                ? NULL
                                                                                          : "set";

  if (stanza->id == NULL)
    script_fail ("no id");
  if (kind == NULL ? stanza->kind != NULL && !g_str_equal (stanza->kind, "normal")
                   : !ibb_stanza_record_is_kind (stanza, kind))
    script_fail ("type %s", stanza->kind);
  if (stanza->name == IBB_STANZA_MESSAGE && stanza->payload != IBB_PAYLOAD_DATA &&
      stanza->payload != IBB_PAYLOAD_ERROR)
    script_fail ("a message"); /* a close is an IQ (N-34) */
}

void
script_expect (Script *self, Words *words)
{
  gboolean              skips = words_take_if (words, "next"); /* what comes before */
  const char           *name = words_take (words);
  gboolean              is_probe = g_str_equal (name, "probe");
  g_autoptr (IBBStanza) stanza = NULL;
  IBBPayload            payload;

  if (g_str_equal (name, "nothing"))
    {
      script_expect_nothing (self);
      return;
    }
  if (g_str_equal (name, "all"))
    {
      take_all (self, words);
      return;
    }

  payload = is_probe ? IBB_PAYLOAD_CLOSE : script_find (payloads, G_N_ELEMENTS (payloads), name);
  do
    {
      g_clear_pointer (&stanza, ibb_stanza_record_unref);
      stanza = driver_take_served (&self->driver);
    }
  while (skips && stanza != NULL && stanza->payload != payload);
  if (stanza == NULL || stanza->payload != payload)
    fail_got (self, stanza);
  check_form (self, stanza);
  if (payload == IBB_PAYLOAD_RESULT || payload == IBB_PAYLOAD_ERROR)
    check_answer (self, stanza, words);
  else
    {
      if (stanza->to == NULL)
        script_fail ("to nobody");
      if (payload == IBB_PAYLOAD_DATA)
        check_data (self, stanza, words);
      if (payload == IBB_PAYLOAD_RESUME)
        script_check_resume (self, stanza, words);
      if (payload == IBB_PAYLOAD_CLOSE && (stanza->unclean != words_take_if (words, "unclean") ||
                                           stanza->reads != words_take_if (words, "reads")))
        fail_got (self, stanza);
      if (is_probe
              ? !driver_is_probe (stanza) || g_hash_table_contains (self->sessions, stanza->sid)
              : payload == IBB_PAYLOAD_CLOSE && driver_is_probe (stanza))
        fail_got (self, stanza);
      if (is_probe)
        expect_same (self, "to", stanza->to, get_peer (self, words));
      else if (payload == IBB_PAYLOAD_OPEN || payload == IBB_PAYLOAD_DATA ||
               payload == IBB_PAYLOAD_CLOSE)
        check_session (self, stanza, words);
      g_clear_pointer (&self->last, ibb_stanza_record_unref);
      self->last = ibb_stanza_record_ref (stanza);
    }
  for (; words_peek (words) != NULL; words->next++)
    if (!check_option (self, stanza, words_peek (words)))
      script_fail ("no option: %s", words_peek (words));
}
