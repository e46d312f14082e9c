/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define IBB_GLIB_INSIDE
#include <ibb-glib/ibb-connection.h>
#include <ibb-glib/ibb-element.h>
#include <ibb-glib/ibb-enum-types.h>
#include <ibb-glib/ibb-error.h>
#include <ibb-glib/ibb-identity.h>
#include <ibb-glib/ibb-input-stream.h>
#include <ibb-glib/ibb-jid.h>
#include <ibb-glib/ibb-loopback.h>
#include <ibb-glib/ibb-output-stream.h>
#include <ibb-glib/ibb-request.h>
#include <ibb-glib/ibb-service.h>
#include <ibb-glib/ibb-session-params.h>
#include <ibb-glib/ibb-stanza.h>
#include <ibb-glib/ibb-statistics.h>
#include <ibb-glib/ibb-transport.h>
#include <ibb-glib/ibb-types.h>
#include <ibb-glib/ibb-version.h>
#undef IBB_GLIB_INSIDE
