/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The options of the socket of an XML stream. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

void ibb_socket_set_options (GSocketConnection *connection);
/* Call this after each read: the kernel forgets the setting. */
void ibb_socket_acknowledge_quickly (GSocketConnection *connection);

G_END_DECLS
