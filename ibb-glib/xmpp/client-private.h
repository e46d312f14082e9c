/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parts of IBBClient share. The object itself (ibb-client.c) belongs
 * to whoever constructed it; sessions (client-session.c) and IQs (client-iq.c)
 * happen on its worker.
 */

#pragma once

#include "xmpp/cancel-watch.h"
#include "xmpp/ibb-client.h"
#include "xmpp/negotiation.h"
#include "xmpp/stream.h"
#include "xmpp/thread.h"

G_BEGIN_DECLS

/* Milliseconds. Data of this name on the object, GUINT_TO_POINTER, changes the
 * first two: so that a test need not wait. */
#define IBB_CLIENT_LOGIN_TIMEOUT 30000
#define IBB_CLIENT_LOGIN_TIMEOUT_KEY "ibb-client-login-timeout"
#define IBB_CLIENT_CERTIFICATE_TIMEOUT 30000
#define IBB_CLIENT_CERTIFICATE_TIMEOUT_KEY "ibb-client-certificate-timeout"
#define IBB_CLIENT_QUERY_TIMEOUT 30000

typedef enum
{
  IBB_CLIENT_NOTIFY_STATE = 1 << 0,
  IBB_CLIENT_NOTIFY_LOCAL_JID = 1 << 1,
} IBBClientNotify;

struct _IBBClient
{
  GObject parent;

  /* immutable after construction */
  GMainContext *context; /* of signals */
  IBBThread    *thread;
  char         *jid;

  GMutex lock;
  /* protected by lock */
  char           *password;
  char           *host;
  guint           port;
  IBBTlsMode      tls_mode;
  GTlsDatabase   *tls_database;
  gboolean        allow_plain_text;
  int             priority;
  gboolean        resumable;
  guint           keepalive_interval;
  IBBClientState  state;
  char           *local_jid; /* (nullable) */
  IBBStream      *stream;    /* (owned) (nullable): while ONLINE */
  guint           stanza_limit;
  gboolean        logging_out;
  IBBClientNotify notify_pending;
  GSource        *notify_source;   /* (owned) (nullable) */
  GQueue          received;        /* (element-type IBBStanza): not yet emitted */
  GSource        *received_source; /* (owned) (nullable) */

  /* worker thread only */
  GTask          *login_task;      /* (owned) (nullable) */
  IBBNegotiation *negotiation;     /* (owned) (nullable) */
  IBBCancelWatch *login_cancelled; /* (owned) (nullable) */
  GSource        *question;        /* (owned) (nullable): a certificate, in the caller's context */
  GPtrArray      *logouts;         /* (owned) (element-type Logout) */
  GSource        *keepalive;       /* (owned) (nullable) */
  GHashTable     *queries;         /* (owned): id to Query */
};

/* ibb-client.c */
GSource *ibb_client_attach (GMainContext  *context,
                            GSource       *source,
                            GSourceFunc    callback,
                            gpointer       data,
                            GDestroyNotify data_free);
void     ibb_client_clear_source (GSource **source);
void     ibb_client_queue_notify_locked (IBBClient *self, IBBClientNotify notify);
gboolean ibb_client_ask_certificate (IBBClient           *self,
                                     GTlsCertificate     *certificate,
                                     GTlsCertificateFlags errors);
gboolean ibb_client_has_certificate_handler (IBBClient *self);

/* client-session.c. The tasks are consumed. */
void ibb_client_init_session (IBBClient *self);
void ibb_client_start_login (IBBClient *self, GTask *task);
void ibb_client_start_logout (IBBClient *self, GTask *task);
void ibb_client_leave_session (IBBClient *self); /* as it is finalized */

/* client-iq.c */
void ibb_client_init_iq (IBBClient *self);
void ibb_client_clear_iq (IBBClient *self);
void ibb_client_handle_stanza (IBBClient *self, IBBStanza *stanza);
void ibb_client_start_query (IBBClient *self, GTask *task, const char *peer_jid);
void ibb_client_fail_queries (IBBClient *self, const GError *error);

G_END_DECLS
