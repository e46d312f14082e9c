/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A plugin of Dino, as peer.hpp says: it sends. Dino has no headers; these are the functions of
 * its library as valac names them.
 */

#include "peer.hpp"

#include <gio/gio.h>

extern "C"
{
  extern gpointer dino_file_manager_IDENTITY;
  extern gpointer dino_conversation_manager_IDENTITY;

  GType    dino_plugins_root_interface_get_type (void);
  GType    dino_file_manager_get_type (void);
  GType    dino_conversation_manager_get_type (void);
  gpointer dino_application_get_stream_interactor (gpointer application);
  gpointer dino_application_get_db (gpointer application);
  gpointer xmpp_jid_new (const char *jid, GError **error);
  gpointer dino_entities_account_new (gpointer    jid,
                                      const char *resource,
                                      const char *password,
                                      const char *alias);
  void     dino_entities_account_persist (gpointer account, gpointer database);
  void     dino_stream_interactor_connect_account (gpointer interactor, gpointer account);
  gpointer dino_stream_interactor_get_module (gpointer       interactor,
                                              GType          type,
                                              GBoxedCopyFunc copy,
                                              GDestroyNotify destroy,
                                              gpointer       identity);
  gpointer dino_conversation_manager_create_conversation (gpointer self,
                                                          gpointer jid,
                                                          gpointer account,
                                                          int     *type);
  void     dino_file_manager_is_upload_available (gpointer            self,
                                                  gpointer            conversation,
                                                  GAsyncReadyCallback callback,
                                                  gpointer            user_data);
  gboolean dino_file_manager_is_upload_available_finish (gpointer self, GAsyncResult *result);
  void     dino_file_manager_send_file (gpointer            self,
                                        GFile              *file,
                                        gpointer            conversation,
                                        GAsyncReadyCallback callback,
                                        gpointer            user_data);

  G_MODULE_EXPORT GType register_plugin (gpointer module);
}

class DinoPeer : public Peer
{
public:
  void login (gpointer application);
  void signed_on ();
  void offer ();
  void try_offer ();

protected:
  void send (gint64 id, const char *to, const char *sid, const char *path) override;

private:
  gpointer get_module (GType type, gpointer identity);

  gpointer interactor = nullptr;
  gpointer account = nullptr;
  gpointer conversation = nullptr;
  GFile   *file = nullptr;
};

static DinoPeer peer;

static gpointer
make_jid (const char *text)
{
  gpointer jid = xmpp_jid_new (text, nullptr);

  g_assert (jid != nullptr);
  return jid;
}

static void
signed_on_cb (gpointer, gpointer, gpointer, gpointer)
{
  peer.signed_on ();
}

void
DinoPeer::signed_on ()
{
  online (std::string (get_account_setting ("")) + "/" + get_environment ("IBB_PEER_RESOURCE"));
}

void
DinoPeer::login (gpointer application)
{
  g_autoptr (GTlsDatabase) database =
      g_tls_file_database_new (get_environment ("IBB_TEST_CA_FILE").c_str (), nullptr);

  g_tls_backend_set_default_database (g_tls_backend_get_default (), database);
  interactor = dino_application_get_stream_interactor (application);
  account = dino_entities_account_new (make_jid (get_account_setting ("")),
                                       get_environment ("IBB_PEER_RESOURCE").c_str (),
                                       get_account_setting ("_PASSWORD"), nullptr);
  dino_entities_account_persist (account, dino_application_get_db (application));
  g_signal_connect (interactor, "stream-negotiated", G_CALLBACK (signed_on_cb), nullptr);
  dino_stream_interactor_connect_account (interactor, account);
}

gpointer
DinoPeer::get_module (GType type, gpointer identity)
{
  return dino_stream_interactor_get_module (interactor, type, (GBoxedCopyFunc) g_object_ref,
                                            g_object_unref, identity);
}

static gboolean
try_cb (gpointer)
{
  peer.try_offer ();
  return G_SOURCE_REMOVE;
}

static void
available_cb (GObject *manager, GAsyncResult *result, gpointer)
{
  if (dino_file_manager_is_upload_available_finish (manager, result))
    peer.offer ();
  else
    g_timeout_add (50, try_cb, nullptr); /* Dino does not announce that its answer has changed */
}

/* Dino asks for the features of the contact when the presence comes. */
void
DinoPeer::try_offer ()
{
  dino_file_manager_is_upload_available (
      get_module (dino_file_manager_get_type (), dino_file_manager_IDENTITY), conversation,
      available_cb, nullptr);
}

void
DinoPeer::offer ()
{
  dino_file_manager_send_file (
      get_module (dino_file_manager_get_type (), dino_file_manager_IDENTITY), file, conversation,
      nullptr, nullptr);
}

/* The answer tells nothing: Dino shows a file as sent from the beginning. */
void
DinoPeer::send (gint64 id, const char *to, const char *, const char *path)
{
  g_autofree char *bare = g_strndup (to, strcspn (to, "/"));
  int              chat = 0; /* a type of conversation */

  file = g_file_new_for_path (path);
  conversation = dino_conversation_manager_create_conversation (
      get_module (dino_conversation_manager_get_type (), dino_conversation_manager_IDENTITY),
      make_jid (bare), account, &chat);
  try_offer ();
  succeed (id);
}

/* What Dino loads. */

struct Plugin
{
  GObject parent_instance;
};

struct PluginClass
{
  GObjectClass parent_class;
};

struct RootInterface
{
  GTypeInterface parent;
  void (*registered) (gpointer self, gpointer application);
  void (*shutdown) (gpointer self);
};

static gboolean
login_cb (gpointer application)
{
  peer.login (application);
  return G_SOURCE_REMOVE;
}

static void
registered (gpointer, gpointer application)
{
  g_idle_add (login_cb, application);
}

static void
shut_down (gpointer)
{
}

static void
root_interface_init (gpointer interface, gpointer)
{
  static_cast<RootInterface *> (interface)->registered = registered;
  static_cast<RootInterface *> (interface)->shutdown = shut_down;
}

GType
register_plugin (gpointer)
{
  static const GInterfaceInfo info = { root_interface_init, nullptr, nullptr };
  GType type = g_type_register_static_simple (G_TYPE_OBJECT, "PeerPlugin", sizeof (PluginClass),
                                              nullptr, sizeof (Plugin), nullptr, G_TYPE_FLAG_NONE);

  g_type_add_interface_static (type, dino_plugins_root_interface_get_type (), &info);
  return type;
}
