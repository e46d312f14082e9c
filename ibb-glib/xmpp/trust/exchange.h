/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of two ends within TLS, before the bytes of the application: the random numbers for
 * the digits that people compare, and whether each end trusts the other. A state without
 * streams, clocks and random numbers of its own: bytes of the peer and answers of this end go in,
 * and bytes for the peer come out.
 *
 * The client sends 32 bytes, the SHA-256 of its number; the server sends its number, 32 bytes; the
 * client sends its number. Then each end sends a verdict of one byte: "y", or "n", or first "a"
 * while its user is asked. An end that will say no has 32 times "n" for its number: then the other
 * one ends the exchange, before it shows its own number or asks its user. Earlier versions go on to
 * the verdict.
 */

#pragma once

#include <glib.h>

#define IBB_EXCHANGE_NUMBER_LENGTH 32 /* bytes; also those of a commitment */

typedef enum
{
  IBB_EXCHANGE_OPENING,  /* ibb_exchange_begin () was not called */
  IBB_EXCHANGE_AGREEING, /* the number of the peer is to come */
  IBB_EXCHANGE_JUDGING,  /* the digits are known; this end has not answered */
  IBB_EXCHANGE_WAITING,  /* this end trusts the peer, whose verdict is to come */
  IBB_EXCHANGE_TRUSTED,  /* each end trusts the other */
  IBB_EXCHANGE_DECLINED, /* this end does not trust the peer */
  IBB_EXCHANGE_REFUSED,  /* the peer does not trust this end */
  IBB_EXCHANGE_CHEATED,  /* the peer sent another number than it had promised */
  IBB_EXCHANGE_BROKEN,   /* the peer broke the rules in another way */
} IBBExchangeState;

typedef struct
{
  IBBExchangeState state;
  gboolean         as_server;
  gboolean         refuses;    /* this end will say no, or has said so by its number */
  gboolean         is_put_off; /* the user of the peer is asked */
  char             code[8];    /* six digits with a space, once they are known */
  GByteArray      *output;     /* for the peer: the caller sends and empties it */

  /* private */
  char    *names; /* those of both ends, as this end sees them */
  GBytes  *key;   /* the key of the TLS connection (RFC 9266) */
  gboolean is_promised;
  gboolean is_refusal;  /* the promise was a refusal */
  gboolean is_shown;    /* the number of this end */
  gboolean is_answered; /* by this end */
  gboolean is_mutual;   /* neither end trusts the other */
  gboolean is_trusted;  /* the verdict of the peer */
  guint8   own[IBB_EXCHANGE_NUMBER_LENGTH];
  guint8   promise[IBB_EXCHANGE_NUMBER_LENGTH];
  guint8   input[IBB_EXCHANGE_NUMBER_LENGTH];
  gsize    n_input;
} IBBExchange;

/* own, peer: the names of the ends, which differ at the two ends if somebody gives one end another
 * name. number: IBB_EXCHANGE_NUMBER_LENGTH random bytes for this exchange alone. */
void ibb_exchange_init (IBBExchange  *self,
                        gboolean      as_server,
                        const char   *own,
                        const char   *peer,
                        GBytes       *key,
                        const guint8 *number);
void ibb_exchange_clear (IBBExchange *self);

/* Whether ibb_exchange_begin () would do something. After it the peer may learn the number of this
 * end. */
gboolean ibb_exchange_can_begin (const IBBExchange *self);
/* refuses: this end will say no. */
void ibb_exchange_begin (IBBExchange *self, gboolean refuses);
/* Whether the exchange will be over then, as the peer will say no. */
gboolean ibb_exchange_is_refused (const IBBExchange *self);
/* Whether the exchange needs nothing more, of the peer or of this end. After IBB_EXCHANGE_DECLINED
 * the peer has still to learn the verdict. */
gboolean ibb_exchange_is_over (const IBBExchange *self);
/* How many bytes the state can take. Further ones, which may have come with them, belong to the
 * application: 0 after a yes of the peer, even if this end has not answered. */
gsize ibb_exchange_get_wanted (const IBBExchange *self);
/* n: at most as many. */
void ibb_exchange_receive (IBBExchange *self, const guint8 *bytes, gsize n);

/* In IBB_EXCHANGE_JUDGING. */
void ibb_exchange_put_off (IBBExchange *self); /* the user is asked */
void ibb_exchange_answer (IBBExchange *self, gboolean yes);

/* Whether the peer may know the digits, and this end has not answered, or had not when the exchange
 * was over: a peer that breaks off may have tried the digits. */
gboolean ibb_exchange_is_exposed (const IBBExchange *self);
