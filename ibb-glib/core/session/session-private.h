/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of a session, for session.c, and for tests that look inside. */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"
#include "core/peer/registration.h"
#include "core/session/duplex.h"
#include "core/session/opening.h"
#include "core/session/resume.h"
#include "core/session/session.h"

G_BEGIN_DECLS

struct _IBBSession
{
  grefcount       ref_count;
  gpointer        data;
  IBBParameters   parameters;
  IBBRegistration registration;
  IBBOpening     *opening; /* (owned) (nullable): while OPENING or REQUESTED */
  IBBDuplex       duplex;
  IBBResume       resume;
  gboolean        is_waiting;    /* for its application */
  gboolean        heeds_silence; /* of the peer: the application has been told */
  IBBTimer        timer;
  gint64          untaken_until;
};

G_END_DECLS
