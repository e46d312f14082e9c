/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "base/thread.h"
#include "xmpp/ibb-xmpp-worker.h"

/* A share of the thread of self, or a thread of its own if self is NULL. */
IBBThread *ibb_xmpp_worker_create_thread (IBBXmppWorker *self);
