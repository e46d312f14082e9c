/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stanzas of peers: any, fitting ones, and replies. */

#include "config.h"

#include "engine-world.h"

static char *
make_id (World *self, guint how)
{
  if (how == 0)
    return NULL;
  if (how == 1)
    {
      self->repeated = TRUE;
      return g_strdup_printf ("%u", self->n_ids);
    }
  return g_strdup_printf ("%u", ++self->n_ids);
}

void
peers_receive (World *self, IBBStanza *stanza)
{
  gboolean is_request =
      stanza->name == IBB_STANZA_IQ && stanza->id != NULL && stanza->payload != IBB_PAYLOAD_ERROR &&
      stanza->payload != IBB_PAYLOAD_RESULT && stanza->payload != IBB_PAYLOAD_DISCO_INFO;

  if (self->driver.engine->context->clock.is_stopped)
    ; /* nothing arrives */
  else if (is_request && !self->lost)
    {
      char *key = world_get_key (stanza->id, stanza->from);
      guint n = GPOINTER_TO_UINT (g_hash_table_lookup (self->replies, key));

      /* The answer may be queued at once: it is expected before. */
      g_hash_table_insert (self->replies, g_strdup (key), GUINT_TO_POINTER (n + 1));
      if (!ibb_engine_receive (self->driver.engine, stanza, TRUE, self->driver.time))
        {
          if (n == 0)
            g_hash_table_remove (self->replies, key);
          else
            g_hash_table_insert (self->replies, g_strdup (key), GUINT_TO_POINTER (n));
        }
      g_free (key);
    }
  else
    ibb_engine_receive (self->driver.engine, stanza, TRUE, self->driver.time);
  ibb_stanza_record_unref (stanza);
}

static void
set_bytes (World *self, IBBStanza *stanza, guint b)
{
  static const gsize sizes[] = { 1, 0, 100, 300, 301, 4096, 65535, 65536 };
  gsize              size = sizes[b & 7];

  stanza->text_length = IBB_BASE64_ENCODED_LENGTH (size);
  switch (b >> 3 & 7)
    {
    case 1:
      stanza->base64 = IBB_BASE64_INVALID;
      return;
    case 2:
      stanza->base64 = IBB_BASE64_LENIENT;
      break;
    case 3:
      stanza->has_child = TRUE;
      break;
    case 4:
      stanza->text_length = 3 * stanza->text_length + 300;
      break;
    default:
      break;
    }
  stanza->bytes = g_bytes_new_static (world_zeros, size);
}

/* Anything, from anybody. */
void
peers_receive_any (World *self)
{
  static const IBBPayload payloads[] = {
    IBB_PAYLOAD_OPEN,  IBB_PAYLOAD_OPEN,        IBB_PAYLOAD_OPEN,       IBB_PAYLOAD_DATA,
    IBB_PAYLOAD_CLOSE, IBB_PAYLOAD_UNKNOWN,     IBB_PAYLOAD_RESULT,     IBB_PAYLOAD_ERROR,
    IBB_PAYLOAD_OTHER, IBB_PAYLOAD_DISCO_QUERY, IBB_PAYLOAD_DISCO_INFO, IBB_PAYLOAD_PING,
  };
  static const guint block_sizes[] = { 4096, 300, 1, 65535 };
  guint              b = world_next (self);
  guint              c = world_next (self);
  guint              d = world_next (self);
  IBBPayload         payload = payloads[(b & 15) % G_N_ELEMENTS (payloads)];
  IBBStanzaName      name = b >> 4 & 1 ? IBB_STANZA_MESSAGE : IBB_STANZA_IQ;
  const char        *kind = "set";
  g_autofree char   *id = make_id (self, d >> 5 & 3);
  IBBStanza         *stanza;

  if (payload == IBB_PAYLOAD_ERROR)
    kind = "error";
  else if (name == IBB_STANZA_MESSAGE)
    kind = b >> 5 & 1 ? "normal" : NULL;
  else if (payload == IBB_PAYLOAD_RESULT || payload == IBB_PAYLOAD_DISCO_INFO)
    kind = "result";
  else if ((b >> 5) == 7)
    kind = "get";
  stanza = ibb_stanza_record_new (name, kind, payload, id, d >> 7 ? OWN : NULL);
  stanza->from = g_strdup (world_jids[c & 7]);
  stanza->sid = g_strdup (world_sids[c >> 3 & 7]);
  stanza->block_size_valid = stanza->by_message_valid = stanza->seq_valid = c >> 6 != 3;
  stanza->block_size = block_sizes[d & 3];
  stanza->long_block_size = block_sizes[d >> 3 & 3];
  stanza->by_message = d >> 2 & 1;
  stanza->unclean = d >> 3 & 1;
  stanza->reads = !stanza->unclean && (d >> 4 & 1);
  stanza->gives_reason = stanza->unclean && (d >> 4 & 1);
  stanza->seq = d & 3;
  if (payload == IBB_PAYLOAD_OPEN && c >> 6 == 1)
    peers_offer_secret (stanza);
  stanza->condition = d % IBB_N_CONDITIONS;
  stanza->error_type = d % (IBB_ERROR_TYPE_WAIT + 1);
  if (payload == IBB_PAYLOAD_DATA)
    set_bytes (self, stanza, world_next (self));
  peers_receive (self, stanza);
}

IBBStanza *
peers_new_for_session (
    World *self, IBBSession *session, IBBPayload payload, gboolean is_message, guint b)
{
  g_autofree char *id = make_id (self, (b & 3) == 1 ? 1 : 2);
  IBBStanza       *stanza =
      ibb_stanza_record_new (is_message ? IBB_STANZA_MESSAGE : IBB_STANZA_IQ,
                             is_message ? NULL : "set", payload, id, session->parameters.local_jid);

  stanza->from = g_strdup ((b & 31) == 31 ? world_jids[3] : session->parameters.peer_jid);
  stanza->sid = g_strdup (session->parameters.key.sid);
  return stanza;
}

/* Sends a stanza that fits a session, or nearly. */
void
peers_receive_data (World *self, gboolean is_run)
{
  IBBSession *session = world_pick_session (self);
  guint       b = world_next (self);
  guint       c = world_next (self);
  guint       n = is_run ? 1 + (world_next (self) & 127) : 1;

  if (session == NULL)
    return;

  for (; n > 0; n--)
    {
      IBBStanza *stanza = peers_new_for_session (
          self, session, IBB_PAYLOAD_DATA,
          session->parameters.by_message ^ ((b >> 5 & 1) && (c >> 7)), is_run ? 0 : b);

      stanza->seq = session->receiver.next_seq;
      stanza->seq_valid = b != 255;
      if (!is_run)
        stanza->seq += (guint16) ((gint8[]){ 0, 0, 0, 0, 0, -1, 1, 5 })[b >> 2 & 7];
      stanza->asks_room = c >> 6 & 1;
      set_bytes (self, stanza, is_run ? c & 7 : c);
      peers_receive (self, stanza);
    }
}

void
peers_receive_close (World *self)
{
  IBBSession *session = world_pick_session (self);
  guint       b = world_next (self);
  IBBStanza  *stanza;

  if (session == NULL)
    return;
  stanza = peers_new_for_session (self, session, IBB_PAYLOAD_CLOSE, FALSE, b);
  stanza->unclean = b >> 6 == 3;
  stanza->reads = b >> 6 == 2;
  peers_receive (self, stanza);
}

/* Replies to one of our last requests, perhaps a second time. */
void
peers_reply (World *self, guint back, guint b, guint c)
{
  IBBStanza  *request = self->taken[(self->n_taken - 1 - back % N_TAKEN) % N_TAKEN];
  const char *from;
  IBBStanza  *stanza;
  gboolean    is_error = (b & 3) == 3;
  gboolean    is_message;

  if (request == NULL)
    return;

  is_message = request->name == IBB_STANZA_MESSAGE;
  stanza = ibb_stanza_record_new (request->name, is_error || is_message ? "error" : "result",
                                  is_error || is_message ? IBB_PAYLOAD_ERROR : IBB_PAYLOAD_RESULT,
                                  request->id, OWN);
  from = b >> 2 == 63 ? world_jids[3] : request->to;
  stanza->from = g_strdup (from);
  stanza->condition = c % IBB_N_CONDITIONS;
  stanza->error_type = (c >> 5) % (IBB_ERROR_TYPE_WAIT + 1);
  stanza->tells_room = b >> 4 & 1;
  stanza->room = c * 64;
  stanza->delay = c;
  if (!is_error && request->payload == IBB_PAYLOAD_OPEN)
    stanza->is_resumable = b >> 5 & 1;
  if (!is_error && request->payload == IBB_PAYLOAD_RESUME)
    peers_answer_resume (self, request, stanza, b, c);
  if (!is_error && request->payload == IBB_PAYLOAD_DISCO_QUERY)
    {
      const char *features[] = { b & 4 ? IBB_FEATURE_NAMESPACE : "x",
                                 b & 8 ? IBB_AMP_NAMESPACE : NULL, NULL };

      stanza->payload = IBB_PAYLOAD_DISCO_INFO;
      stanza->features = g_strdupv ((char **) features);
    }
  peers_receive (self, stanza);
}

void
peers_receive_replies (World *self)
{
  guint back = world_next (self);
  guint b = world_next (self);
  guint c = world_next (self);

  if (back < 128)
    peers_reply (self, back, b, c);
  else
    for (guint i = back & 31; i < N_TAKEN; i++) /* oldest first */
      peers_reply (self, N_TAKEN - 1 - (i - (back & 31)), b, c);
}
