/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The parameters of one experiment: paths, server, ends and sessions.
 *
 * Our client has one connection to its server, and so has each peer. In a list the first value is
 * for the first peer, and so on; after the last value the first one follows again. */

#pragma once

#include <glib.h>

#define CELL_LIST_MAX 8

/* How often a session that is not bulk writes a byte, in milliseconds. */
#define CELL_INTERACTIVE_PERIOD 30
#define CELL_TRICKLE_PERIOD 100

typedef struct
{
  guint  n;
  double values[CELL_LIST_MAX];
} CellList;

typedef enum
{
  CELL_NAGLE_NONE,
  CELL_NAGLE_SENDER,   /* on what the server writes to our client */
  CELL_NAGLE_RECEIVER, /* on what it writes to the peers */
  CELL_NAGLE_BOTH,
} CellNagle;

typedef enum
{
  CELL_LIMIT_NONE,
  CELL_LIMIT_PROSODY,
  CELL_LIMIT_EJABBERD,
} CellLimit;

typedef enum
{
  CELL_SENDER_ENGINE,
  CELL_SENDER_FIXED, /* a model with a window: of twice the bandwidth-delay product, or .window */
  CELL_SENDER_UNLIMITED, /* a model without a window */
} CellSender;

typedef enum
{
  CELL_BULK,        /* there is always more to write */
  CELL_INTERACTIVE, /* a byte there and back, often */
  CELL_TRICKLE,     /* ten bytes a second */
} CellKind;

/* Rates are bytes a second, 0 for no limit; delays are one way, in milliseconds. */
typedef struct
{
  guint  seed;
  double seconds;
  guint  sender; /* CellSender */

  double rate; /* the link between our client and the server, each way */
  double delay;
  double jitter;
  double jitter_time; /* of all links: how long one value of the jitter lasts, in milliseconds; 0: a
                         packet */
  CellList peer_rate; /* the links between the peers and the server */
  CellList peer_delay;
  CellList peer_jitter;
  guint    nagle; /* CellNagle */
  guint    mss;
  double   ack_delay; /* of TCP; 0: none, as IBBXmppClient asks for */
  guint    socket; /* bytes that wait before the link, at most, of engine's stanzas; 0: no limit */

  double server_stanza; /* microseconds that the server takes for a stanza */
  double server_byte;   /* nanoseconds for each byte of its text */
  guint  pacing;        /* it reads as Prosody does over TLS, and TCP begins slowly */
  guint  limit;         /* CellLimit, of our client's connection */
  double limit_rate;

  guint    peers;
  guint    has_feature; /* peers advertise our feature */
  guint    window;      /* of the settings, or of the model; 0: adapt */
  guint    block;       /* bytes that the engine proposes for a block; 0: the usual ones */
  guint    model_block; /* and those in a block of the models */
  guint    sessions;    /* of each peer, of each kind */
  guint    interactive;
  guint    trickle;
  CellList start;      /* seconds until a session is opened */
  guint    slow;       /* so many of the bulk sessions, the last ones, have a slow reader */
  double   slow_rate;  /* 0: it does not read at all */
  double   stall_from; /* seconds: from when on the slow ones are slow */
  double   stall_until;
  guint    hostile; /* the slow ones are hostile instead */
  guint    chat;    /* seconds between questions of our application to the server; 0: none */
} Cell;

void cell_init (Cell *self);
/* Sets one parameter. Returns FALSE if there is none of that name, or it has no such value. */
gboolean cell_set (Cell *self, const char *name, const char *value);
/* "--rate 100k --delay 5": the number of arguments used, 0 where one is wrong. */
int cell_set_argument (Cell *self, char **arguments, int n_arguments);
/* Reads all parameters, with one space between. Returns FALSE if one is wrong. */
gboolean cell_parse (Cell *self, const char *text);
void     cell_print_help (void);
/* The parameters that are not the default, as arguments. (transfer full) */
char *cell_describe (const Cell *self);
/* Prints the parameters as members of a JSON object. */
void cell_print (const Cell *self, GString *json);

guint    cell_get_n_sessions (const Cell *self);
CellKind cell_get_kind (const Cell *self, guint session);
guint    cell_get_peer (const Cell *self, guint session); /* 0 to peers - 1 */
gboolean cell_is_slow (const Cell *self, guint session);
double   cell_get (const CellList *list, guint i);
