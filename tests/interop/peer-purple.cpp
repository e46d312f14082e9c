/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libpurple, of Pidgin and Finch, as peer.hpp says. */

#include "peer.hpp"

#include <unistd.h>

#include <account.h>
#include <core.h>
#include <eventloop.h>
#include <ft.h>
#include <prpl.h>
#include <savedstatuses.h>
#include <util.h>

#define UI "ibb-glib"

class PurplePeer : public Peer
{
public:
  void login ();

  void signed_on (PurpleConnection *connection);
  void take (PurpleXfer *xfer);
  void moved (PurpleXfer *xfer);
  void over (PurpleXfer *xfer, const char *error);

protected:
  void send (gint64 id, const char *to, const char *sid, const char *path) override;

private:
  PurpleConnection *connection = nullptr;
  gint64            sending = 0; /* the call */
  std::string       receiving;   /* a name for the last offer: libpurple tells no sid */
};

static PurplePeer peer;

static gboolean
deny (gpointer xfer)
{
  purple_xfer_request_denied (static_cast<PurpleXfer *> (xfer));
  return G_SOURCE_REMOVE;
}

static gboolean
cancel (gpointer data)
{
  PurpleXfer *xfer = static_cast<PurpleXfer *> (data);

  purple_xfer_cancel_local (xfer);
  purple_xfer_unref (xfer);
  return G_SOURCE_REMOVE;
}

void
PurplePeer::take (PurpleXfer *xfer)
{
  g_autofree char *path = nullptr;

  receiving += "x";
  if (!offered (receiving, purple_xfer_get_filename (xfer)))
    {
      g_idle_add (deny, xfer);
      return;
    }
  close (g_file_open_tmp (nullptr, &path, nullptr));
  purple_xfer_request_accepted (xfer, path);
}

void
PurplePeer::moved (PurpleXfer *xfer)
{
  if (purple_xfer_get_bytes_sent (xfer) < cancels_after)
    return;
  cancels_after = G_MAXUINT64;
  purple_xfer_ref (xfer);
  g_idle_add (cancel, xfer);
}

void
PurplePeer::over (PurpleXfer *xfer, const char *error)
{
  const char *path = purple_xfer_get_local_filename (xfer);

  if (purple_xfer_get_type (xfer) == PURPLE_XFER_SEND)
    {
      if (*error == '\0')
        succeed (sending);
      else
        fail (sending, error);
      return;
    }
  if (path != nullptr && *error == '\0')
    {
      std::string content;

      if (xfer->dest_fp != nullptr)
        fflush (xfer->dest_fp);
      content = read_file (path);
      received (receiving, content.data (), content.size ());
    }
  if (path != nullptr)
    unlink (path);
  ended (receiving, error);
}

void
PurplePeer::send (gint64 id, const char *to, const char *sid, const char *path)
{
  PurplePlugin *plugin = purple_connection_get_prpl (connection);

  sending = id;
  /* serv_send_file () does nothing without the presence of the contact. */
  PURPLE_PLUGIN_PROTOCOL_INFO (plugin)->send_file (connection, to, path);
}

void
PurplePeer::signed_on (PurpleConnection *gc)
{
  connection = gc;
  online (purple_account_get_username (purple_connection_get_account (gc)));
}

/* Callbacks. */

static void
signed_on_cb (PurpleConnection *connection, gpointer)
{
  peer.signed_on (connection);
}

static void
error_cb (PurpleConnection *, PurpleConnectionError, const char *text, gpointer)
{
  g_error ("disconnected: %s", text);
}

static void
request_cb (PurpleXfer *xfer, gpointer)
{
  peer.take (xfer);
}

static void
complete_cb (PurpleXfer *xfer, gpointer)
{
  peer.over (xfer, "");
}

static void
cancel_cb (PurpleXfer *xfer, gpointer)
{
  peer.over (xfer, "cancelled");
}

static void
progress_cb (PurpleXfer *xfer, double)
{
  peer.moved (xfer);
}

static PurpleXferUiOps xfer_ops;

/* The main loop. */

struct Watch
{
  PurpleInputFunction function;
  gpointer            data;
};

static gboolean
dispatch (gint fd, GIOCondition condition, gpointer user_data)
{
  Watch *watch = static_cast<Watch *> (user_data);
  int    ready = 0;

  if (condition & (G_IO_IN | G_IO_HUP | G_IO_ERR))
    ready |= PURPLE_INPUT_READ;
  if (condition & (G_IO_OUT | G_IO_HUP | G_IO_ERR))
    ready |= PURPLE_INPUT_WRITE;
  watch->function (watch->data, fd, (PurpleInputCondition) ready);
  return G_SOURCE_CONTINUE;
}

static guint
add_input (int fd, PurpleInputCondition wanted, PurpleInputFunction function, gpointer data)
{
  int condition = G_IO_HUP | G_IO_ERR;

  if (wanted & PURPLE_INPUT_READ)
    condition |= G_IO_IN;
  if (wanted & PURPLE_INPUT_WRITE)
    condition |= G_IO_OUT;
  return g_unix_fd_add_full (G_PRIORITY_DEFAULT, fd, (GIOCondition) condition, dispatch,
                             new Watch{ function, data },
                             [] (gpointer watch) { delete static_cast<Watch *> (watch); });
}

static PurpleEventLoopUiOps loop_ops = {
  g_timeout_add,         g_source_remove, add_input, g_source_remove, nullptr,
  g_timeout_add_seconds, nullptr,         nullptr,   nullptr,
};

static PurpleCoreUiOps core_ops;

void
PurplePeer::login ()
{
  static int  handle;
  void       *connections;
  void       *xfers;
  std::string jid = get_environment ("IBB_PEER_ACCOUNT") + "@" +
                    get_environment ("IBB_TEST_NO_TLS_DOMAIN") + "/" +
                    get_environment ("IBB_PEER_RESOURCE");
  PurpleAccount *account;

  /* Nothing can be stored there. */
  purple_util_set_user_dir ("/dev/null/purple");
  purple_core_set_ui_ops (&core_ops);
  purple_eventloop_set_ui_ops (&loop_ops);
  xfer_ops.update_progress = progress_cb;
  purple_xfers_set_ui_ops (&xfer_ops);
  if (!purple_core_init (UI))
    g_error ("libpurple does not start");
  purple_set_blist (purple_blist_new ());

  connections = purple_connections_get_handle ();
  xfers = purple_xfers_get_handle ();
  purple_signal_connect (connections, "signed-on", &handle, PURPLE_CALLBACK (signed_on_cb),
                         nullptr);
  purple_signal_connect (connections, "connection-error", &handle, PURPLE_CALLBACK (error_cb),
                         nullptr);
  purple_signal_connect (xfers, "file-recv-request", &handle, PURPLE_CALLBACK (request_cb),
                         nullptr);
  for (const char *name : { "file-recv-complete", "file-send-complete" })
    purple_signal_connect (xfers, name, &handle, PURPLE_CALLBACK (complete_cb), nullptr);
  for (const char *name : { "file-recv-cancel", "file-send-cancel" })
    purple_signal_connect (xfers, name, &handle, PURPLE_CALLBACK (cancel_cb), nullptr);

  account = purple_account_new (jid.c_str (), "prpl-jabber");
  purple_account_set_password (account, get_account_setting ("_PASSWORD"));
  purple_account_set_string (account, "connect_server", get_environment ("IBB_TEST_HOST").c_str ());
  purple_account_set_int (account, "port", atoi (get_environment ("IBB_TEST_PORT").c_str ()));
  purple_account_set_string (account, "connection_security", "opportunistic_tls");
  purple_account_set_enabled (account, UI, TRUE);
  purple_accounts_add (account);
  purple_savedstatus_activate (purple_savedstatus_new (nullptr, PURPLE_STATUS_AVAILABLE));
}

int
main ()
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (nullptr, FALSE);

  peer.login ();
  g_main_loop_run (loop);
  return 0;
}
