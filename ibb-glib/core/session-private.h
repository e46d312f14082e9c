/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of a session, for session.c, and for tests that look inside. */

#pragma once

#include <glib.h>

#include "core/closing.h"
#include "core/opening.h"
#include "core/receiver.h"
#include "core/sender.h"
#include "core/session.h"
#include "core/terms.h"

G_BEGIN_DECLS

struct _IBBSession
{
  grefcount       ref_count;
  IBBSessionState state;
  gpointer        data;
  IBBTerms        terms;
  IBBOpening     *opening; /* (owned) (nullable): while OPENING or REQUESTED */
  IBBSender       sender;
  IBBReceiver     receiver;
  IBBClosing      closing;
  IBBFailure      failure;

  GList    peer_link;
  GList    changed_link;
  gboolean is_changed;
  gboolean is_counted;
  gboolean is_waiting; /* for its application */

  IBBTimer timer;
  gint64   deadline; /* of the open or the request, or until it is taken */
};

G_END_DECLS
