/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBBStanzaType:
 * @IBB_STANZA_TYPE_IQ: blocks travel in IQ stanzas, each acknowledged by the
 *   peer: use this one unless the peer requires the other
 * @IBB_STANZA_TYPE_MESSAGE: blocks travel in messages, which the peer
 *   does not acknowledge and servers may drop
 *
 * The stanza that carries the blocks of a session.
 *
 * Specified in XEP-0047 §2.1 as the attribute `stanza`.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_STANZA_TYPE_IQ,
  IBB_STANZA_TYPE_MESSAGE,
} IBBStanzaType;

/**
 * IBBWait:
 * @IBB_WAIT_NOTHING: no end is missing; a reader or a writer may be slow
 * @IBB_WAIT_CONNECTION: the connection of this end, which broke: it may be resumed or, with
 *   [property@IBB.Service:resume-sessions], followed by a new login
 * @IBB_WAIT_PEER: the peer, which is to go on after an interruption
 *   ([property@IBB.Service:resume-sessions]), or leaves a question unanswered
 *
 * What keeps an open session from going on, beside the applications at both ends.
 *
 * If a peer falls silent while it has something to acknowledge or may send more, the service asks
 * it after 60 seconds. The peer has 30 seconds to answer. Both times are shorter where
 * [property@IBB.Service:peer-timeout] is less than ten minutes. A peer whose reader is slow
 * answers. So an application learns within 90 seconds that a peer was killed or has lost its
 * connection, while its server keeps what is sent.
 *
 * [property@IBB.Service:resume-timeout] bounds the wait for the connection and that after an
 * interruption, [property@IBB.Service:peer-timeout] that for an answer.
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_WAIT_NOTHING,
  IBB_WAIT_CONNECTION,
  IBB_WAIT_PEER,
} IBBWait;

/**
 * IBBConnectionState:
 * @IBB_CONNECTION_STATE_OFFLINE: not logged in
 * @IBB_CONNECTION_STATE_CONNECTING: a login is under way, or the connection waits for the next one
 *   that it makes by itself, as with
 *   [`IBBXmpp.Entity:auto-reconnect`](../ibb-xmpp-1.0/property.Entity.auto-reconnect.html)
 * @IBB_CONNECTION_STATE_ONLINE: logged in and reachable
 * @IBB_CONNECTION_STATE_SUSPENDED: the connection broke and is being resumed (XEP-0198)
 *
 * The state of an [iface@IBB.Connection].
 *
 * Since: 1.0
 */
typedef enum
{
  IBB_CONNECTION_STATE_OFFLINE,
  IBB_CONNECTION_STATE_CONNECTING,
  IBB_CONNECTION_STATE_ONLINE,
  IBB_CONNECTION_STATE_SUSPENDED,
} IBBConnectionState;

G_END_DECLS
