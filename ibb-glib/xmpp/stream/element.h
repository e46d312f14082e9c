/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The elements that are no stanzas: stream features, SASL, STARTTLS, stream errors, and the IQs of
 * resource binding. The parser bounds their size.
 */

#pragma once

#include <string.h>

#include "ibb-element.h"

static inline gboolean
ibb_element_is (const IBBElement *self, const char *name, const char *namespace)
{
  return strcmp (ibb_element_get_name (self), name) == 0 &&
         strcmp (ibb_element_get_namespace (self), namespace) == 0;
}

/* (nullable) (transfer full) */
IBBElement *ibb_element_dup_child (const IBBElement *self, const char *name, const char *namespace);

/* The condition that a stream error, a SASL failure or a stanza error names: its first child in
 * that namespace that is not <text/>, or else such an element further in. */
const char *ibb_element_get_condition (const IBBElement *self, const char *namespace);
/* (nullable): the text, found in the same way, as the server sent it. */
const char *ibb_element_get_condition_text (const IBBElement *self, const char *namespace);
/* The condition and a quotation of the text, for a message, or words that say that there is
 * neither. text_namespace: of the text. */
char *
ibb_element_dup_reason (const IBBElement *self, const char *namespace, const char *text_namespace);

/* The longest stanza that the server takes by its stream features (XEP-0478); 0: it does not
 * say. */
guint ibb_element_get_stanza_limit (const IBBElement *self);
/* The seconds after which the server ends a silent XML stream (XEP-0478); 0: it does not say. */
guint ibb_element_get_idle_limit (const IBBElement *self);
