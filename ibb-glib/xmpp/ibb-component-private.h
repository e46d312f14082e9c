/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/ibb-component.h"
#include "xmpp/link.h"

G_BEGIN_DECLS

#define IBB_COMPONENT_DEFAULT_HOST "localhost"

IBBLink *ibb_component_get_link (IBBComponent *self);

G_END_DECLS
