/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The whole public API from many threads at random, from a seed.
 *
 * Some connections have a service each. Threads, with contexts of their own,
 * take one step after another: open, accept, read, write, close, cancel, drop,
 * and so on, of whatever session, in whatever state. Which steps a thread takes
 * is in the seed; how the threads meet is not.
 *
 * It shows that an operation ends once (D-46), that what is read is what was
 * written up to there, that an end of file comes after all of it (D-45), that
 * nothing hangs, and that in the end nothing is left.
 */

#pragma once

#include <ibb-glib/ibb-glib.h>

typedef struct _Link Link;
typedef struct _End  End;
typedef struct _Op   Op;

/* One connection and the service on it. Both are replaced now and then. */
typedef struct
{
  GMutex         lock;
  IBBConnection *connection; /* (owned): protected by lock */
  IBBService    *service;    /* (owned): protected by lock */
  char          *jid;        /* (owned): immutable */
} Place;

/* One thread. */
typedef struct
{
  guint         index;
  GThread      *thread;
  GRand        *rand;
  GMainContext *context;
  guint         n_pending; /* asynchronous operations of this thread */
  const char   *doing;     /* for the watchdog */
} Worker;

/* Makes the connections. */
typedef struct
{
  const char *name;
  guint       n_places;
  char *(*make_jid) (guint index);
  IBBConnection *(*make_connection) (const char *jid); /* in any thread */
  /* A step that only this kind of connection has. */
  void (*shake) (Worker *worker, Place *place);
  void (*finish) (void); /* (nullable): once all connections are gone */
  gboolean keeps_stream; /* it alone says when its stream is lost */
} Setting;

extern Place *places;
extern guint  n_places;
extern int    stanzas_come_twice; /* once they have; atomic */

/* Parses the command line, runs, asserts; what main returns. */
int stress_main (int argc, char **argv, const Setting *setting);

/* One step of a worker (steps.c). */
void take_step (Worker *worker, const Setting *setting);

gboolean chance (Worker *worker, double probability);
guint    below (Worker *worker, guint end);

/* Operations: each is cancelled after a while, and must end then. */
struct _Op
{
  const char   *name;
  Worker       *worker;
  GCancellable *cancellable; /* (owned) */
  gint64        begin;
  gint64        cancel_at; /* protected by the lock of operations */
  gboolean      cancelled;
  int           n_ends;

  End          *end;    /* (owned) (nullable) */
  Link         *link;   /* (owned) (nullable) */
  guint8       *buffer; /* (owned) (nullable) */
  gsize         count;
  GOutputVector vectors[3];
};

Op  *op_begin (Worker *worker, const char *name, End *end);
void op_spare (Op *op); /* it is cancelled only in the end */
void op_end (Op *op);   /* a second call is found out */
void cancel_some_operation (Worker *worker);

/* A session whose ends know each other by its sid. */
Link       *link_new (gboolean exact);
Link       *link_ref (Link *link);
void        link_unref (Link *link);
const char *link_get_sid (Link *link);

/* One end: 0 opened the session, 1 accepted it. Takes transport over, and into the pool. */
void end_add (Link *link, guint side, IBBTransport *transport);
/* For the side that accepts: finds the link by its sid. Takes transport over. */
void          end_accepted (IBBTransport *transport);
End          *end_ref (End *end);
void          end_unref (End *end);
End          *dup_some_end (Worker *worker);
IBBTransport *end_dup_transport (End *end); /* (nullable): dropped already */
void          end_drop (End *end);
gboolean      end_grab (int *flag); /* of the two below */
void          end_release (int *flag);
int          *end_reading (End *end);
int          *end_writing (End *end);
gboolean      end_begin_close (End *end); /* TRUE for the first who asks */
gboolean      end_is_closing (End *end);
void          end_set_orderly (End *end);

void end_prepare_write (End *end, guint8 *bytes, gsize count);
/* n bytes were taken: exactly, or as the counters of the session say (-1). */
void end_wrote (End *end, IBBTransport *transport, gssize n, gboolean exactly);
void end_read (End *end, const guint8 *bytes, gssize n);
void check_stream_error (const GError *error, End *end);

void        hold_request (IBBRequest *request);
IBBRequest *take_request (void); /* (nullable) */

/* The places. */
IBBService    *place_dup_service (Place *place);
IBBConnection *place_dup_connection (Place *place);
/* A new service, or a new connection with one. */
void place_replace (Place *place, const Setting *setting, gboolean connection, guint handlers);
