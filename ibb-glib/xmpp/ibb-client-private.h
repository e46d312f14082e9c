/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-client.h"
#include "xmpp/link.h"

G_BEGIN_DECLS

IBBLink *ibb_client_get_link (IBBClient *self);

G_END_DECLS
