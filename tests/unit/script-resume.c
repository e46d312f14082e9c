/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions that outlive their connection (D-58), of which the script is the peer that has opened
 * them: "< resume COUNT RECEIVED ACKNOWLEDGED", "> resume COUNT RECEIVED" with valid proofs, the
 * same with "ended" for COUNT, and the answers of both sides. */

#include "config.h"

#include "script.h"

#include "core/base/proof.h"

/* "COUNT|ended RECEIVED ACKNOWLEDGED"; options that follow change the stanza, and not the proof. */
void
script_set_resume (Script *self, IBBStanza *stanza, Words *words)
{
  stanza->has_position = TRUE;
  stanza->has_ended = words_take_if (words, "ended");
  stanza->count = stanza->has_ended ? 0 : (guint32) words_take_number (words);
  stanza->received = (guint64) words_take_number (words);
  stanza->acknowledged = (guint64) words_take_number (words);
  stanza->proof = ibb_proof_create (
      SCRIPT_SECRET,
      &(IBBStatement){ stanza->has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUME, TRUE, stanza->sid,
                       stanza->count, stanza->received, stanza->acknowledged });
  g_clear_pointer (&self->asked, ibb_stanza_record_unref);
  self->asked = ibb_stanza_record_ref (stanza);
}

/* "proof=...": another one than the right one. */
void
script_set_proof (Script *self, IBBStanza *stanza, const char *name)
{
  static const char *const names[] = { "none", "other", "short", "mirrored" };
  guint                    kind = script_find (names, G_N_ELEMENTS (names), name);

  if (kind == 1)
    stanza->proof[0] = stanza->proof[0] == '0' ? '1' : '0';
  else if (kind == 2)
    stanza->proof[IBB_PROOF_LENGTH - 1] = '\0';
  else
    g_clear_pointer (&stanza->proof, g_free);
  if (kind == 3) /* as we say it ourselves */
    stanza->proof = ibb_proof_create (
        SCRIPT_SECRET, &(IBBStatement){ IBB_PROOF_RESUME, FALSE, stanza->sid, stanza->count,
                                        stanza->received, stanza->acknowledged });
}

/* "RECEIVED [ended] [$RESUME] [count=N]": the answer to the last <resume/>, or to that one. */
IBBStanza *
script_new_resumed (Script *self, Words *words)
{
  guint64          received = (guint64) words_take_number (words);
  gboolean         has_ended = words_take_if (words, "ended");
  const IBBStanza *resume = self->last;
  const char      *count = NULL;
  IBBStanza       *result;

  for (; words_peek (words) != NULL; words->next++)
    {
      const char *word = words_peek (words);

      if (word[0] == '$')
        resume = script_get_stanza (self, word);
      else if ((count = script_get_option (word, "count")) == NULL)
        break;
    }
  result = ibb_stanza_record_new_result (resume);
  g_free (result->to);
  result->to = g_strdup (resume->from != NULL ? resume->from : OWN);
  result->has_position = TRUE;
  result->has_ended = has_ended;
  result->received = result->acknowledged = received;
  result->proof = ibb_proof_create (
      SCRIPT_SECRET,
      &(IBBStatement){ has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED, TRUE, resume->sid,
                       count != NULL ? (guint32) script_evaluate (count) : resume->count, received,
                       received });
  return result;
}

/* "COUNT|ended RECEIVED [ACKNOWLEDGED]", "unclean" */
void
script_check_resume (Script *self, const IBBStanza *stanza, Words *words)
{
  gboolean     unclean = words_take_if (words, "unclean");
  gboolean     has_ended = words_take_if (words, "ended");
  guint32      count = unclean || has_ended ? 0 : (guint32) words_take_number (words);
  guint64      received = unclean ? 0 : (guint64) words_take_number (words);
  IBBStatement statement = { IBB_PROOF_RESUME,    FALSE, stanza->sid, count, received,
                             stanza->acknowledged };

  if (unclean)
    statement.kind = IBB_PROOF_UNCLEAN;
  else if (has_ended)
    statement.kind = IBB_PROOF_ENDED;

  if (words_peek (words) != NULL && g_ascii_isdigit (words_peek (words)[0]))
    statement.acknowledged = (guint64) words_take_number (words);
  if (!stanza->has_position || stanza->unclean != unclean || stanza->has_ended != has_ended ||
      stanza->count != count || stanza->received != received ||
      stanza->acknowledged != statement.acknowledged)
    script_fail ("unclean %d, ended %d, count %u, received %" G_GUINT64_FORMAT
                 ", acknowledged %" G_GUINT64_FORMAT,
                 stanza->unclean, stanza->has_ended, stanza->count, stanza->received,
                 stanza->acknowledged);
  if (!ibb_proof_matches (stanza->proof, SCRIPT_SECRET, &statement))
    script_fail ("it proves something else");
}

/* "at=RECEIVED:ACKNOWLEDGED", "ended-at=...": of a result. */
void
script_check_resumed (Script          *self,
                      const IBBStanza *stanza,
                      gboolean         has_ended,
                      const char      *position)
{
  g_auto (GStrv) numbers = g_strsplit (position, ":", 2);
  IBBStatement   statement = { has_ended ? IBB_PROOF_ENDED : IBB_PROOF_RESUMED,
                             FALSE,
                             self->asked->sid,
                             self->asked->count,
                             (guint64) script_evaluate (numbers[0]),
                             (guint64) script_evaluate (numbers[1]) };

  if (!stanza->has_position || stanza->has_ended != has_ended ||
      stanza->received != statement.received || stanza->acknowledged != statement.acknowledged)
    script_fail ("ended %d, received %" G_GUINT64_FORMAT ", acknowledged %" G_GUINT64_FORMAT,
                 stanza->has_ended, stanza->received, stanza->acknowledged);
  if (!ibb_proof_matches (stanza->proof, SCRIPT_SECRET, &statement))
    script_fail ("it proves something else");
}
