/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of an engine, for engine.c, and for tests that look inside. */

#pragma once

#include <glib.h>

#include "core/engine.h"
#include "core/outgoing.h"
#include "core/peer/context.h"
#include "core/peer/first-hop.h"
#include "core/peer/peer.h"
#include "core/peer/server.h"
#include "core/peer/stall.h"
#include "core/session/abandoned.h"
#include "core/session/acceptor.h"
#include "core/session/event.h"

struct _IBBEngine
{
  IBBContext *context;
  IBBAcceptor acceptor;
  GQueue      events; /* (element-type IBBEvent): all but IBB_EVENT_CHANGED */
  IBBOutgoing outgoing;
};
