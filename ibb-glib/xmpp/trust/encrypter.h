/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where the sessions of one identity are encrypted: one thread, however many sessions there are. In
 * that thread each of them moves when it was woken, or its time has come. */

#pragma once

#include <gio/gio.h>

#include "base/thread.h"
#include "xmpp/trust/tls-credentials.h"
#include "xmpp/trust/turns.h"

typedef struct
{
  gatomicrefcount ref_count;

  /* immutable after construction */
  GTlsCertificate   *certificate; /* (owned) */
  IBBTlsCredentials *credentials; /* (owned) */
  IBBThread         *thread;      /* (owned) */
  GSource           *source;      /* (owned): of the thread */

  GMutex lock;
  GQueue woken; /* protected by lock; (element-type IBBEncrypterGuest): each with a reference */

  /* of the thread */
  IBBTurns   turns;
  GQueue     awaiting;  /* (element-type IBBEncrypterGuest): those that wait for a turn */
  GSequence *deadlines; /* (owned) (element-type IBBEncrypterGuest): the earliest first */
  gint64     armed;     /* the ready time of source */
} IBBEncrypter;

/* The begin of what moves in the thread: an atomic box with a count of references. */
typedef struct _IBBEncrypterGuest IBBEncrypterGuest;
struct _IBBEncrypterGuest
{
  IBBEncrypter *encrypter; /* (owned): immutable after construction */

  /* of the thread */
  void (*move) (IBBEncrypterGuest *self); /* (nullable): until it leaves */
  gint64         until;
  GSequenceIter *deadline; /* (nullable): while it waits */

  /* protected by the lock of the encrypter */
  GList    woken; /* link of the encrypter's */
  gboolean is_woken;
};

/* Errors: %G_IO_ERROR_FAILED, if no thread can begin. %G_TLS_ERROR_BAD_CERTIFICATE, if certificate
 * has no private key. */
IBBEncrypter *ibb_encrypter_new (GTlsCertificate *certificate, GError **error);
IBBEncrypter *ibb_encrypter_ref (IBBEncrypter *self);
void          ibb_encrypter_unref (IBBEncrypter *self);

void               ibb_encrypter_guest_init (IBBEncrypterGuest *self,
                                             IBBEncrypter      *encrypter,
                                             void (*move) (IBBEncrypterGuest *self));
IBBEncrypterGuest *ibb_encrypter_guest_ref (IBBEncrypterGuest *self);
void               ibb_encrypter_guest_unref (IBBEncrypterGuest *self);

/* Moves the guest soon. Any thread, with locks held. */
void ibb_encrypter_wake (IBBEncrypterGuest *guest);
/* In the thread. Moves the guest at that time, in place of an earlier one that was set. */
void ibb_encrypter_wait_until (IBBEncrypterGuest *guest, gint64 until);
/* In the thread. The guest moves no more. */
void ibb_encrypter_leave (IBBEncrypterGuest *guest);
