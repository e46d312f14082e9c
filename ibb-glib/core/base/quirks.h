/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Constants for habits of servers. doc/upstream.md has the causes.
 *
 * - Prosody 0.12.3 reads 8192 bytes at a time. If a TLS record ends elsewhere, the rest stays in a
 *   buffer of LuaSec, and Prosody waits for two timers of a millisecond before the next read. So
 *   stanzas fill such pieces (D-64).
 * - Prosody 0.12.3 leaves Nagle's algorithm on: its second small write waits for a round trip of
 *   TCP. So two blocks in flight carry no more than one, but many do (D-55).
 * - The stock limit of Prosody 0.12 lets 10 kB/s pass (mod_limits). A chat message waits behind all
 *   that is in flight (D-55, D-56).
 * - ejabberd 23.01 ends the XML stream for a long read, too, not only for a long stanza (D-16).
 */

#pragma once

#include <glib.h>

/* Bytes of one read, and microseconds of the two timers. */
#define IBB_QUIRKS_READ 8192
#define IBB_QUIRKS_READ_TIME (2 * 1000)
/* Round trips that a held stanza takes, with some noise, and the least larger window that gains. */
#define IBB_QUIRKS_HELD_TRIPS 2.5
#define IBB_QUIRKS_LEAP 4
/* Bytes of the first window of a session that is alone on the connection: 28 kB of stanzas behind
 * the stock limit. Near by, only the second number leaves before the first acknowledgement. */
#define IBB_QUIRKS_FIRST (20 * 1024)
#define IBB_QUIRKS_FIRST_NEAR (8 * 1024)
/* Bytes of the shortest block. Behind the stock limit, one at a time, such blocks carry 0.934 of
 * what long ones do, those of 1024 bytes 0.927. Longer ones make a chat message wait for 0.2 s. */
#define IBB_QUIRKS_BLOCK_MIN 1152

/* The greatest length of a block, in bytes and no more than length, whose stanza almost fills one
 * or more reads; length if that is less than one. */
gsize ibb_quirks_get_length (gsize length);
/* How many bytes are missing to a stanza, or several, so that the last read is full. */
gsize ibb_quirks_get_gap (gsize stanza);
/* Whether as little is missing as after such a block. */
gboolean ibb_quirks_is_filled (gsize stanza);
