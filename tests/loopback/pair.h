/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Connected streams, to compare with each other: over TCP, and over what lies
 * below a transport. */

#pragma once

#include "fixture.h"

typedef enum
{
  PAIR_TCP,
  PAIR_LOOPBACK,
  PAIR_SERVER,  /* below tests/lib/prosody.py */
  PAIR_FOREIGN, /* a stack of the application's own, in a context and a thread of its own */
  N_PAIRS
} PairKind;

extern const char *const pair_names[N_PAIRS];

/* Room for what is written and not read: little, for the tests that fill it.
 * Blocks go one at a time, and the first that is not read is one too many. */
#define PAIR_SEND_BUFFER (32 * 1024)
#define PAIR_BLOCK_SIZE 4096
#define PAIR_RECEIVE_BUFFER 1000

/* Makes pairs of one kind. */
typedef struct
{
  PairKind kind;
  Fixture  fixture; /* not for TCP */

  /* the foreign stack's */
  GMainContext *context;
  GMainLoop    *loop;
  GThread      *thread;
} PairSource;

PairSource *pair_source_new (PairKind kind);
/* Asserts that nothing is left. */
void pair_source_free (PairSource *self);

/* Two connected ends; a is the one that asked for the connection. The caller
 * owns both. */
void pair_source_connect (PairSource *self, GIOStream **a, GIOStream **b);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (PairSource, pair_source_free)
