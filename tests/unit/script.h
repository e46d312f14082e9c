/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests of the engine as tables of events and expected answers: a driver, the
 * names that a script has given, and what its words do. script.c says how a
 * script reads. */

#pragma once

#include "driver.h"

#define SCRIPT_SECRET "00112233445566778899aabbccddeeff" /* of each session that has one (D-58) */

/* A statement while it runs. */
typedef struct
{
  char      **words;
  gboolean   *is_quoted; /* for each of them */
  guint       n_words;
  guint       next;
  const char *at; /* the session that it is about: @NAME, or "s" */
} Words;

typedef struct
{
  Driver      driver;
  GHashTable *sessions;     /* (element-type utf8 IBBSession) */
  GHashTable *stanzas;      /* (element-type utf8 IBBStanza) */
  GHashTable *expectations; /* (element-type utf8 IBBExpectation) */
  GHashTable *notes;        /* (element-type utf8 gint64) */
  IBBStanza  *last;         /* (owned) (nullable): the last request that the engine sent */
  char       *last_id;      /* of the last request that the engine got */
  IBBStanza  *asked;        /* (owned) (nullable): the last <resume/> that the engine got */
  guint       n_ids;
  guint       n_taken[IBB_PAYLOAD_RESUME + 1]; /* by "> all", each payload */
} Script;

void script_fail (Script *self, const char *format, ...) G_GNUC_PRINTF (2, 3) G_GNUC_NORETURN;

/* Words: next ones, (nullable) at the end. */
const char *words_take (Script *self, Words *words); /* fails at the end */
gboolean    words_take_if (Words *words, const char *word);
GBytes     *words_take_bytes (Script *self, Words *words);
gint64      words_take_number (Script *self, Words *words);
gboolean    words_take_switch (Script *self, Words *words); /* on or off */
gint64      script_evaluate (Script *self, const char *text);
/* "300B" is as many zeros, all else is itself. */
GBytes *script_parse_bytes (Script *self, const char *word, gboolean is_quoted);
guint   script_find (Script *self, const char *const *names, guint n, const char *name);
/* The value after "name=" where word begins so, else NULL. */
const char *script_get_option (const char *word, const char *name);
const char *script_get_jid (const char *name); /* (nullable): what a short name stands for */

IBBSession *script_get_session (Script *self, const Words *words);
void        script_set_session (Script *self, const char *name, IBBSession *session);
IBBStanza  *script_get_stanza (Script *self, const char *name); /* "$NAME" */

/* Each of these returns FALSE if it has no such word. */
gboolean     script_call (Script *self, const char *name, Words *words);
gboolean     script_check (Script *self, const char *name, Words *words);
gboolean     script_get_value (Script *self, IBBSession *session, const char *name, gint64 *value);
void         script_receive (Script *self, Words *words);
void         script_report (Script *self, Words *words);
void         script_expect (Script *self, Words *words);
void         script_expect_nothing (Script *self);
void         script_set_resume (Script *self, IBBStanza *stanza, Words *words);
void         script_set_proof (Script *self, IBBStanza *stanza, const char *name);
IBBStanza   *script_new_resumed (Script *self, Words *words);
void         script_check_resume (Script *self, const IBBStanza *stanza, Words *words);
void         script_check_resumed (Script          *self,
                                   const IBBStanza *stanza,
                                   gboolean         has_ended,
                                   const char      *position);
IBBCondition script_parse_condition (Script *self, const char *name);
IBBFailureKind script_parse_failure (Script *self, const char *name);
void           script_check_failure (Script *self, const IBBFailure *failure, Words *words);
