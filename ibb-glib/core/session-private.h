/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of a session, for session.c, and for tests that look inside. */

#pragma once

#include <glib.h>

#include "core/duplex.h"
#include "core/opening.h"
#include "core/place.h"
#include "core/resume.h"
#include "core/session.h"
#include "core/terms.h"

G_BEGIN_DECLS

struct _IBBSession
{
  grefcount   ref_count;
  gpointer    data;
  IBBTerms    terms;
  IBBPlace    place;
  IBBOpening *opening; /* (owned) (nullable): while OPENING or REQUESTED */
  IBBDuplex   duplex;
  IBBResume   resume;
  gboolean    is_waiting;    /* for its application */
  gboolean    heeds_silence; /* of the peer: the application has been told */
  IBBTimer    timer;
  gint64      untaken_until;
};

G_END_DECLS
