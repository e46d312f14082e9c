/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The names of the sessions of a connection, which its services share. They may be taken and handed
 * over in any thread. */

#pragma once

#include "core/peer/registration.h"
#include "ibb-connection.h"

IBBNames *ibb_names_get (IBBConnection *connection); /* (transfer full) */
void      ibb_names_unref (IBBNames *names);
