/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions of certain peers that are accepted when they come (D-09). */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"

G_BEGIN_DECLS

typedef struct _IBBExpectation  IBBExpectation;
typedef struct _IBBExpectations IBBExpectations;

IBBExpectations *ibb_expectations_new (void);
void             ibb_expectations_free (IBBExpectations *self);
/* local (nullable): for any of our addresses; it and peer: normalised. NULL if there is one
 * already. */
IBBExpectation *ibb_expectations_add (IBBExpectations *self,
                                      const char      *local,
                                      const char      *peer,
                                      const char      *sid,
                                      guint            block_size,
                                      gpointer         data);
/* (nullable) */
IBBExpectation *
ibb_expectations_find (IBBExpectations *self, const char *local, const char *peer, const char *sid);
/* (transfer container) (element-type IBBExpectation) */
GList   *ibb_expectations_list (IBBExpectations *self);
gboolean ibb_expectations_are_empty (IBBExpectations *self);
void     ibb_expectations_remove (IBBExpectations *self, IBBExpectation *expectation);

/* A session with the other stanza type is refused with not-acceptable. */
void     ibb_expectation_set_stanza_type (IBBExpectation *self, gboolean by_message);
gboolean ibb_expectation_accepts_stanza_type (const IBBExpectation *self, gboolean by_message);
/* Whether it accepts that block size. */
gboolean
ibb_expectation_accepts (const IBBExpectation *self, guint block_size, guint max_block_size);
gpointer ibb_expectation_get_data (const IBBExpectation *self);

G_END_DECLS
