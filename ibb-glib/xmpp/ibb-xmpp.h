/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define IBB_XMPP_INSIDE
#include <ibb-glib/xmpp/ibb-xmpp-client.h>
#include <ibb-glib/xmpp/ibb-xmpp-component.h>
#include <ibb-glib/xmpp/ibb-xmpp-entity.h>
#include <ibb-glib/xmpp/ibb-xmpp-enum-types.h>
#include <ibb-glib/xmpp/ibb-xmpp-token.h>
#include <ibb-glib/xmpp/ibb-xmpp-types.h>
#include <ibb-glib/xmpp/ibb-xmpp-version.h>
#include <ibb-glib/xmpp/ibb-xmpp-worker.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-identity.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-known-certificates.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-password-question.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-question.h>
#include <ibb-glib/xmpp/trust/ibb-xmpp-trust-question.h>
#undef IBB_XMPP_INSIDE
