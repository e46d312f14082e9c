/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the parts of IBBClient share. The object itself (ibb-client.c) belongs
 * to whoever constructed it; sessions (client-session.c) and IQs (client-iq.c)
 * happen on its worker.
 */

#pragma once

#include "xmpp/ack-queue.h"
#include "xmpp/cancel-watch.h"
#include "xmpp/ibb-client.h"
#include "xmpp/negotiation.h"
#include "xmpp/stream.h"
#include "xmpp/thread.h"

G_BEGIN_DECLS

/* Milliseconds. Data of this name on the object, GUINT_TO_POINTER, changes the
 * first three: so that a test need not wait. */
#define IBB_CLIENT_LOGIN_TIMEOUT 30000
#define IBB_CLIENT_LOGIN_TIMEOUT_KEY "ibb-client-login-timeout"
#define IBB_CLIENT_CERTIFICATE_TIMEOUT 30000
#define IBB_CLIENT_CERTIFICATE_TIMEOUT_KEY "ibb-client-certificate-timeout"
/* For the answer to <r/>, while nothing is heard at all; and how often that may be
 * missed, for a resumed stream may stay deaf. */
#define IBB_CLIENT_MAX_VAIN 3
#define IBB_CLIENT_ACK_TIMEOUT 30000
#define IBB_CLIENT_ACK_TIMEOUT_KEY "ibb-client-ack-timeout"
#define IBB_CLIENT_QUERY_TIMEOUT 30000

/* Answers wait for a server that does not read. Bytes. */
#define IBB_CLIENT_MAX_UNSENT_ANSWERS (256 * 1024)

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
  IBBAckQueue    *acks;         /* (owned) (nullable): XEP-0198, since it was asked for */
  gboolean        managed;      /* ... and granted; written on the worker only */
  gint64          asked_at;     /* when an acknowledgement was last asked for */
  GSource        *ack_timer;    /* (owned) (nullable): asks, and looks for the answer */
  gboolean        drain_wanted; /* a service was told that there is no room, for want of acks */
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

  /* worker thread only: resumption */
  GTlsCertificate *accepted_certificate; /* (owned) (nullable): by a handler, at the login */
  guint32          n_handled;
  guint32          n_answered;      /* what the server was last told of it */
  gboolean         answer_wanted;   /* <r/> came */
  GSource         *answer_timer;    /* (owned) (nullable) */
  char            *resume_id;       /* (nullable): the stream can be resumed, by this */
  char            *resume_location; /* (nullable): there first */
  guint            resume_time;     /* seconds */
  gboolean         may_resume;      /* the server ended the stream and may have kept it */
  GError          *broken;          /* (owned) (nullable): why the stream is suspended */
  gint64           resume_until;
  guint            n_attempts;
  guint            n_vain;       /* how often it fell silent since it last acknowledged anything */
  GSource         *resume_timer; /* (owned) (nullable): until the next attempt */
};

/* ibb-client.c */
GSource *ibb_client_attach (GMainContext  *context,
                            GSource       *source,
                            GSourceFunc    callback,
                            gpointer       data,
                            GDestroyNotify data_free);
void     ibb_client_clear_source (GSource **source);
/* For what may outlive the client: sources, a stream, a negotiation. */
GWeakRef *ibb_client_weak_ref_new (IBBClient *self);
void      ibb_client_weak_ref_free (gpointer data);
void      ibb_client_queue_notify_locked (IBBClient *self, IBBClientNotify notify);
gboolean  ibb_client_ask_certificate (IBBClient           *self,
                                      GTlsCertificate     *certificate,
                                      GTlsCertificateFlags errors);
gboolean  ibb_client_has_certificate_handler (IBBClient *self);

/* client-session.c. The tasks are consumed. */
void ibb_client_init_session (IBBClient *self);
void ibb_client_start_login (IBBClient *self, GTask *task);
void ibb_client_start_logout (IBBClient *self, GTask *task);
void ibb_client_leave_session (IBBClient *self); /* as it is finalized */
void ibb_client_fill_account (IBBClient *self, IBBAccount *account);
void ibb_client_take_stream (IBBClient *self, IBBStream *stream); /* once it is self->stream */
void ibb_client_went_offline (IBBClient *self, const GError *error);

/* client-acks.c */
gboolean ibb_client_send_locked (IBBClient *self, IBBStanza *stanza);
gboolean ibb_client_is_congested_locked (IBBClient *self);
gsize    ibb_client_get_unsent_locked (IBBClient *self);
void     ibb_client_stream_drained (IBBClient *self);
void     ibb_client_start_acks_locked (IBBClient *self);
void     ibb_client_stop_acks_locked (IBBClient *self);
/* Goes on with the stream; FALSE: the count h of the server cannot be. */
gboolean ibb_client_resume_acks (IBBClient *self, IBBStream *stream, guint32 h);
void     ibb_client_handle_management (IBBClient *self, IBBStream *stream, IBBElement *element);
void     ibb_client_count_handled (IBBClient *self);
void     ibb_client_answer_request (IBBClient *self);
void     ibb_client_say_last_count (IBBClient *self);
void     ibb_client_forget_request (IBBClient *self);
gboolean ibb_client_ask_for_life (IBBClient *self); /* FALSE: it cannot be asked */

/* client-resumption.c */
gboolean ibb_client_can_resume (IBBClient *self, IBBStream *stream);
void     ibb_client_suspend (IBBClient *self, const GError *error);
void     ibb_client_give_up_resumption (IBBClient *self, const GError *error);

/* client-iq.c */
void ibb_client_init_iq (IBBClient *self);
void ibb_client_clear_iq (IBBClient *self);
void ibb_client_handle_stanza (IBBClient *self, IBBStanza *stanza);
void ibb_client_start_query (IBBClient *self, GTask *task, const char *peer_jid);
void ibb_client_fail_queries (IBBClient *self, const GError *error);

G_END_DECLS
