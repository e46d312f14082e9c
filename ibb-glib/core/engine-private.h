/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parts of an engine, for engine.c, and for tests that look inside. */

#pragma once

#include <glib.h>

#include "core/abandoned.h"
#include "core/acceptor.h"
#include "core/engine.h"
#include "core/event.h"
#include "core/first-hop.h"
#include "core/incoming.h"
#include "core/outgoing.h"
#include "core/peer.h"
#include "core/requests.h"
#include "core/server.h"
#include "core/shared.h"
#include "core/stall.h"

G_BEGIN_DECLS

struct _IBBEngine
{
  IBBShared  *shared;
  IBBAcceptor acceptor;
  IBBIncoming incoming;
  IBBEvents   events;
  IBBOutgoing outgoing;
};

G_END_DECLS
