/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Clients of the accounts that tests/lib/prosody.py and ejabberd.py make. */

#pragma once

#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

#include <stdlib.h>

/* A variable of such a server, see tests/lib/private_server.py. */
static inline const char *
account_get (const char *variable)
{
  const char *value = g_getenv (variable);

  if (value == NULL)
    g_error ("%s is not set: run this below tests/lib/prosody.py", variable);
  return value;
}

/* Another value, for the account of that name, such as alice. */
static inline const char *
account_get_of (const char *name, const char *suffix)
{
  g_autofree char *upper = g_ascii_strup (name, -1);
  g_autofree char *variable = g_strconcat ("IBB_TEST_", upper, suffix, NULL);

  return account_get (variable);
}

/* resource may be NULL. */
static inline char *
account_dup_jid (const char *name, const char *resource)
{
  return g_strjoin (resource != NULL ? "/" : "", account_get_of (name, ""), resource, NULL);
}

static inline GTlsDatabase *
account_open_database (const char *variable)
{
  g_autoptr (GError) error = NULL;
  GTlsDatabase      *database = g_tls_file_database_new (account_get (variable), &error);

  g_assert_no_error (error);
  return database;
}

static inline void
account_prepare_client (IBBXmppClient *client, const char *password)
{
  g_autoptr (GTlsDatabase) database = NULL;

  ibb_xmpp_client_set_password (client, password);
  ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (client), account_get ("IBB_TEST_HOST"));
  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client), (guint) atoi (account_get ("IBB_TEST_PORT")));
  if (g_getenv ("IBB_TEST_CA_FILE") != NULL) /* there is none where nothing offers TLS */
    {
      database = account_open_database ("IBB_TEST_CA_FILE");
      ibb_xmpp_client_set_tls_database (client, database);
    }
}

static inline IBBXmppClient *
account_create_client_for (const char *jid, const char *password)
{
  IBBXmppClient *client = ibb_xmpp_client_new (jid);

  account_prepare_client (client, password);
  return client;
}

static inline IBBXmppClient *
account_create_client (const char *name, const char *resource)
{
  g_autofree char *jid = account_dup_jid (name, resource);

  return account_create_client_for (jid, account_get_of (name, "_PASSWORD"));
}
