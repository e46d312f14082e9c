/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "peer.hpp"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

std::string
get_environment (const char *name)
{
  const char *value = g_getenv (name);

  if (value == nullptr)
    g_error ("%s is not set", name);
  return value;
}

/* "" for the JID, "_PASSWORD" for the password. */
const char *
get_account_setting (const char *name)
{
  g_autofree char *account = g_ascii_strup (get_environment ("IBB_PEER_ACCOUNT").c_str (), -1);
  g_autofree char *variable = g_strconcat ("IBB_TEST_", account, name, nullptr);
  const char      *value = g_getenv (variable);

  if (value == nullptr)
    g_error ("%s is not set", variable);
  return value;
}

std::string
read_file (const char *path)
{
  g_autofree char   *contents = nullptr;
  gsize              length;
  g_autoptr (GError) error = nullptr;

  if (!g_file_get_contents (path, &contents, &length, &error))
    g_error ("%s", error->message);
  return std::string (contents, length);
}

std::string
get_name (const char *path)
{
  g_autofree char *name = g_path_get_basename (path);

  return name;
}

void
Peer::answer (gint64 id, const char *member, JsonNode *value)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (JsonNode)    root = nullptr;
  g_autofree char        *line = nullptr;

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "id");
  json_builder_add_int_value (builder, id);
  json_builder_set_member_name (builder, member);
  json_builder_add_value (builder, value);
  json_builder_end_object (builder);
  root = json_builder_get_root (builder);
  line = json_to_string (root, FALSE);
  puts (line);
  fflush (stdout);
}

void
Peer::succeed (gint64 id)
{
  answer (id, "value", json_node_new (JSON_NODE_NULL));
}

static JsonNode *
make_string (const std::string &text)
{
  JsonNode *node = json_node_new (JSON_NODE_VALUE);

  json_node_set_string (node, text.c_str ());
  return node;
}

void
Peer::fail (gint64 id, const std::string &failure)
{
  answer (id, "failure", make_string (failure));
}

void
Peer::online (const std::string &jid)
{
  answer (0, "value", make_string (jid));
  g_unix_set_fd_nonblocking (STDIN_FILENO, TRUE, nullptr);
  g_unix_fd_add (STDIN_FILENO, (GIOCondition) (G_IO_IN | G_IO_HUP), readable, this);
}

bool
Peer::offered (const std::string &sid, const std::string &name)
{
  sessions[sid].name = name;
  last = sid;
  return !declines;
}

void
Peer::received (const std::string &sid, const char *bytes, gsize length)
{
  Session &session = sessions[sid];

  g_checksum_update (session.checksum, (const guchar *) bytes, (gssize) length);
  session.received += length;
}

void
Peer::report (const std::string &sid)
{
  Session                &session = sessions[sid];
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (GChecksum)   checksum = g_checksum_copy (session.checksum);

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "received");
  json_builder_add_int_value (builder, (gint64) session.received);
  json_builder_set_member_name (builder, "sha256");
  json_builder_add_string_value (builder, g_checksum_get_string (checksum));
  json_builder_set_member_name (builder, "name");
  json_builder_add_string_value (builder, session.name.c_str ());
  json_builder_set_member_name (builder, "ended");
  json_builder_add_boolean_value (builder, session.ended);
  json_builder_set_member_name (builder, "error");
  json_builder_add_string_value (builder, session.error.c_str ());
  json_builder_end_object (builder);
  answer (session.report, "value", json_builder_get_root (builder));
  session.report = 0;
}

void
Peer::ended (const std::string &sid, const std::string &error)
{
  Session &session = sessions[sid];

  if (session.ended)
    return;
  session.ended = true;
  session.error = error;
  if (session.report != 0)
    report (sid);
}

void
Peer::call (const char *line)
{
  g_autoptr (JsonNode) root = json_from_string (line, nullptr);
  JsonObject          *call = json_node_get_object (root);
  gint64               id = json_object_get_int_member (call, "id");
  const char          *name = json_object_get_string_member (call, "call");
  const char *sid = json_object_get_string_member_with_default (call, "sid", last.c_str ());

  if (strcmp (name, "send") == 0)
    send (id, json_object_get_string_member (call, "to"), sid,
          json_object_get_string_member (call, "path"));
  else if (strcmp (name, "report") == 0)
    {
      sessions[sid].report = id;
      if (sessions[sid].ended)
        report (sid);
    }
  else if (strcmp (name, "decline") == 0)
    {
      declines = true;
      succeed (id);
    }
  else if (strcmp (name, "cancel") == 0)
    {
      cancels_after = (guint64) json_object_get_int_member (call, "after");
      succeed (id);
    }
  else
    fail (id, std::string ("no call ") + name);
}

gboolean
Peer::readable (gint fd, GIOCondition condition, gpointer data)
{
  Peer   *self = static_cast<Peer *> (data);
  char    bytes[4096];
  ssize_t n = read (fd, bytes, sizeof bytes);
  size_t  end;

  if (n == 0)
    _exit (EXIT_SUCCESS);
  if (n < 0)
    return G_SOURCE_CONTINUE;

  self->input.append (bytes, (size_t) n);
  while ((end = self->input.find ('\n')) != std::string::npos)
    {
      std::string line = self->input.substr (0, end);

      self->input.erase (0, end + 1);
      self->call (line.c_str ());
    }
  return G_SOURCE_CONTINUE;
}
