/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/failure.h"

/* The setters overwrite a failure. A caller that wants to keep the first one checks before. */

void
ibb_failure_set (IBBFailure *self, IBBFailureKind kind)
{
  ibb_failure_clear (self);
  self->kind = kind;
}

void
ibb_failure_set_condition (IBBFailure    *self,
                           IBBFailureKind kind,
                           IBBCondition   condition,
                           const char    *text)
{
  /* Copied first: text may belong to self. */
  char *copy = text != NULL && *text != '\0' ? ibb_condition_dup_text (text) : NULL;

  ibb_failure_clear (self);
  self->kind = kind;
  self->has_condition = TRUE;
  self->condition = condition;
  self->text = copy;
}

void
ibb_failure_copy (IBBFailure *self, const IBBFailure *from)
{
  if (self == from)
    return;

  ibb_failure_clear (self);
  *self = *from;
  self->text = g_strdup (from->text);
}

void
ibb_failure_clear (IBBFailure *self)
{
  g_free (self->text);
  *self = (IBBFailure) IBB_FAILURE_INIT;
}
