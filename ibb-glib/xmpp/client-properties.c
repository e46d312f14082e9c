/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/client-properties.h"

/* The properties that say how to log in. Returns FALSE for any other property. */
static gboolean
get_setting (IBBLink *link, IBBClientProperty id, GValue *value)
{
  g_auto (IBBAccountSettings) settings = { NULL };

  ibb_account_get (ibb_link_get_account (link), &settings);
  switch (id)
    {
    case IBB_CLIENT_PROP_HOST:
      g_value_set_string (value, settings.host);
      break;
    case IBB_CLIENT_PROP_PORT:
      g_value_set_uint (value, settings.port);
      break;
    case IBB_CLIENT_PROP_TLS_MODE:
      g_value_set_enum (value, settings.tls_mode);
      break;
    case IBB_CLIENT_PROP_TLS_DATABASE:
      g_value_set_object (value, settings.tls_database);
      break;
    case IBB_CLIENT_PROP_PROXY_RESOLVER:
      g_value_set_object (value, settings.proxy_resolver);
      break;
    case IBB_CLIENT_PROP_WEBSOCKET_MODE:
      g_value_set_enum (value, settings.websocket_mode);
      break;
    case IBB_CLIENT_PROP_WEBSOCKET_URI:
      g_value_set_string (value, settings.websocket_uri);
      break;
    case IBB_CLIENT_PROP_ALLOW_PLAIN_TEXT:
      g_value_set_boolean (value, settings.allow_plain_text);
      break;
    case IBB_CLIENT_PROP_FORBID_PLAIN:
      g_value_set_boolean (value, settings.forbid_plain);
      break;
    case IBB_CLIENT_PROP_CERTIFICATE:
      g_value_set_object (value, settings.certificate);
      break;
    case IBB_CLIENT_PROP_SEND_PRESENCE:
      g_value_set_boolean (value, settings.send_presence);
      break;
    case IBB_CLIENT_PROP_PRIORITY:
      g_value_set_int (value, settings.priority);
      break;
    case IBB_CLIENT_PROP_USER_AGENT_ID:
      g_value_set_string (value, settings.user_agent_id);
      break;
    case IBB_CLIENT_PROP_TOKEN:
      g_value_set_boxed (value, settings.token);
      break;
    case IBB_CLIENT_PROP_RESUMABLE:
      g_value_set_boolean (value, settings.resumable);
      break;
    default:
      return FALSE;
    }
  return TRUE;
}

void
ibb_client_properties_get (IBBLink *link, IBBClientProperty id, GValue *value)
{
  IBBStatus    *status = ibb_link_get_status (link);
  IBBKeepalive *keepalive = ibb_link_get_keepalive (link);

  switch (id)
    {
    case IBB_CLIENT_PROP_JID:
      g_value_set_string (value, ibb_account_get_jid (ibb_link_get_account (link)));
      break;
    case IBB_CLIENT_PROP_AUTO_RECONNECT:
      g_value_set_boolean (value, ibb_link_get_auto_reconnect (link));
      break;
    case IBB_CLIENT_PROP_KEEPALIVE_INTERVAL:
      g_value_set_uint (value, ibb_keepalive_get_interval (keepalive));
      break;
    case IBB_CLIENT_PROP_KEEPALIVE_TIMEOUT:
      g_value_set_uint (value, ibb_keepalive_get_timeout (keepalive));
      break;
    case IBB_CLIENT_PROP_STATE:
      g_value_set_enum (value, ibb_status_get_state (status));
      break;
    case IBB_CLIENT_PROP_DISCONNECT_ERROR:
      g_value_take_boxed (value, ibb_status_dup_error (status));
      break;
    case IBB_CLIENT_PROP_LOCAL_JID:
      g_value_take_string (value, ibb_status_dup_local_jid (status));
      break;
    default:
      if (!get_setting (link, id, value))
        g_assert_not_reached ();
    }
}

gboolean
ibb_client_properties_set (IBBLink *link, IBBClientProperty id, const GValue *value)
{
  IBBAccount   *account = ibb_link_get_account (link);
  IBBKeepalive *keepalive = ibb_link_get_keepalive (link);

  switch (id)
    {
    case IBB_CLIENT_PROP_PASSWORD:
      return ibb_account_set_password (account, g_value_get_string (value));
    case IBB_CLIENT_PROP_HOST:
      return ibb_account_set_host (account, g_value_get_string (value));
    case IBB_CLIENT_PROP_PORT:
      return ibb_account_set_port (account, g_value_get_uint (value));
    case IBB_CLIENT_PROP_TLS_MODE:
      return ibb_account_set_tls_mode (account, g_value_get_enum (value));
    case IBB_CLIENT_PROP_TLS_DATABASE:
      return ibb_account_set_tls_database (account, g_value_get_object (value));
    case IBB_CLIENT_PROP_PROXY_RESOLVER:
      return ibb_account_set_proxy_resolver (account, g_value_get_object (value));
    case IBB_CLIENT_PROP_WEBSOCKET_MODE:
      return ibb_account_set_websocket_mode (account, g_value_get_enum (value));
    case IBB_CLIENT_PROP_WEBSOCKET_URI:
      return ibb_account_set_websocket_uri (account, g_value_get_string (value));
    case IBB_CLIENT_PROP_ALLOW_PLAIN_TEXT:
      return ibb_account_set_allow_plain_text (account, g_value_get_boolean (value));
    case IBB_CLIENT_PROP_FORBID_PLAIN:
      return ibb_account_set_forbid_plain (account, g_value_get_boolean (value));
    case IBB_CLIENT_PROP_CERTIFICATE:
      return ibb_account_set_certificate (account, g_value_get_object (value));
    case IBB_CLIENT_PROP_SEND_PRESENCE:
      return ibb_account_set_send_presence (account, g_value_get_boolean (value));
    case IBB_CLIENT_PROP_PRIORITY:
      return ibb_account_set_priority (account, g_value_get_int (value));
    case IBB_CLIENT_PROP_RESUMABLE:
      return ibb_account_set_resumable (account, g_value_get_boolean (value));
    case IBB_CLIENT_PROP_USER_AGENT_ID:
      return ibb_account_set_user_agent_id (account, g_value_get_string (value));
    case IBB_CLIENT_PROP_TOKEN:
      return ibb_account_set_token (account, g_value_get_boxed (value));
    case IBB_CLIENT_PROP_AUTO_RECONNECT:
      return ibb_link_set_auto_reconnect (link, g_value_get_boolean (value));
    case IBB_CLIENT_PROP_KEEPALIVE_INTERVAL:
      return ibb_keepalive_set_interval (keepalive, g_value_get_uint (value));
    case IBB_CLIENT_PROP_KEEPALIVE_TIMEOUT:
      return ibb_keepalive_set_timeout (keepalive, g_value_get_uint (value));
    default:
      g_return_val_if_reached (FALSE);
    }
}
