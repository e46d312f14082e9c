/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/failure.h"

/* The setters overwrite what was there; the first failure being the one that
 * counts is the business of who calls them. */

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
  /* text may be our own. */
  char *copy = ibb_error_text_dup (text);

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
