/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The data that bind a login to one TLS channel (RFC 5056). */

#pragma once

#include <gio/gio.h>

/* (nullable): the data of that type, such as "tls-exporter", where tls (nullable) has it and its
 * version of TLS is one that the type is defined for. */
GBytes *ibb_channel_binding_get (GTlsConnection *tls, const char *type);
