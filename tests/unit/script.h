/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tests of the engine as tables of events and expected answers: a driver, the names that a script
 * has given, and what its words do. */

#pragma once

#include "driver.h"
#include "script-reader.h"

#define SCRIPT_SECRET "00112233445566778899aabbccddeeff" /* of each session that has one (D-58) */

typedef struct
{
  Driver      driver;
  GHashTable *sessions;     /* (element-type utf8 IBBSession) */
  GHashTable *stanzas;      /* (element-type utf8 IBBStanza) */
  GHashTable *expectations; /* (element-type utf8 IBBExpectation) */
  IBBStanza  *last;         /* (owned) (nullable): the last request that the engine sent */
  char       *last_id;      /* of the last request that the engine got */
  IBBStanza  *asked;        /* (owned) (nullable): the last <resume/> that the engine got */
  guint       n_ids;
  guint       n_taken[IBB_PAYLOAD_RESUME + 1]; /* by "> all", each payload */
} Script;

GBytes *words_take_bytes (Words *words);
/* "300B" is as many zeros, all else is itself. */
GBytes     *script_parse_bytes (const char *word, gboolean is_quoted);
const char *script_get_jid (const char *name); /* (nullable): what a short name stands for */

IBBSession *script_get_session (Script *self, const Words *words);
void        script_set_session (Script *self, const char *name, IBBSession *session);
IBBStanza  *script_get_stanza (Script *self, const char *name); /* "$NAME" */

/* Each of these returns FALSE if it has no such word. */
gboolean     script_call_engine (Script *self, const char *name, Words *words);
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
IBBCondition script_parse_condition (const char *name);
IBBFailureKind script_parse_failure (const char *name);
void           script_check_failure (const IBBFailure *failure, Words *words);
