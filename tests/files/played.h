/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A peer that has nothing but an in-band session: the stanzas of another program are played by it.
 */

#pragma once

#include "../loopback/fixture.h"

#include <ibb-glib/files/ibb-files.h>

#define FT "urn:xmpp:jingle:apps:file-transfer:5"
#define IBB "urn:xmpp:jingle:transports:ibb:1"
#define SI "http://jabber.org/protocol/si"
#define PROFILE "http://jabber.org/protocol/si/profile/file-transfer"
#define SIZE 20000
#define STRANGER "tybalt@capulet.example/x"

typedef struct
{
  IBBLoopback      *loopback;
  IBBConnection    *own_connection;
  IBBFilesService  *own; /* Juliet's */
  IBBConnection    *peer_connection;
  IBBService       *peer;            /* Romeo's */
  GPtrArray        *heard;           /* (element-type IBBStanza): what the peer received */
  const char       *version;         /* (nullable): children of its answer to XEP-0092 */
  gboolean          is_mute;         /* it answers no request */
  gboolean          hears_questions; /* about its features, and lets the test answer them */
  IBBFilesTransfer *offered;
  GPtrArray        *all_offered; /* (element-type IBBFilesTransfer) */
  GBytes           *bytes;
  char             *folder;
} Peers;

void set_up (Peers *self, gconstpointer data);
void tear_down (Peers *self, gconstpointer data);

/* The peer says and hears. */

void say (Peers *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* children: what follows the condition. */
void say_error (
    Peers *self, const char *id, const char *type, const char *condition, const char *children);
/* Of an IQ, with the words or the id. */
gboolean   is_of (IBBStanza *stanza, const char *kind, const char *words);
IBBStanza *find (Peers *self, const char *kind, const char *words);
/* Waits until the peer hears an IQ with the words, and returns its id. */
const char *hear (Peers *self, const char *kind, const char *words);
/* The value of an attribute of an element. */
char *dup_value (IBBStanza *stanza, const char *element, const char *name);

/* The peer sends. The session is “t1”, that of Jingle “s1”. */

void offer_by_initiation (Peers *self, const char *size);
void offer_by_jingle (Peers *self, const char *sid, const char *more);
void send_action (Peers *self, const char *sid, const char *action, const char *children);
void send_checksum (Peers *self, const char *hashes);
/* The account has logged in again, with that resource; waits for the answer, a result. */
void send_action_anew (
    Peers *self, const char *resource, const char *sid, const char *action, const char *children);
IBBTransport *open_session (Peers *self);
void          write_bytes_of (Peers *self, IBBTransport *transport, gsize from, gsize length);
/* The file is accepted, and the peer opens the session. */
IBBTransport *begin_initiation (Peers *self, const char *size, GAsyncResult **result);
IBBTransport *begin_jingle (Peers *self, const char *more, GAsyncResult **result);

/* What comes of that: the file is taken as “file” of the folder. */

char    *get_path (Peers *self);
void     accept_file (Peers *self, GAsyncResult **result);
void     assert_received (Peers *self, GAsyncResult **result);
void     assert_lost (Peers *self, GQuark domain, int code, GAsyncResult **result);
gboolean is_empty (Peers *self);
