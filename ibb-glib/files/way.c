/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/way.h"

#include "files/description.h"
#include "files/initiation.h"
#include "files/jingle.h"
#include "ibb-intl-private.h"

#include <string.h>

#define OWN_FEATURE "urn:ibb-glib:1"
#define VERSION_NAMESPACE "jabber:iq:version"

#define VERSION_TIMEOUT 10000 /* ms */
#define RESOURCES_MAX 32      /* how many programs of one account are asked */
/* Some receivers of stream initiation do not go on at block 65536 (QXmpp 1.4). */
#define INITIATION_MAX (G_GUINT64_CONSTANT (65536) * 4096)

/* Programs that say they can receive, and then lose the file. */
static const char *const losers[] = {
  "Gajim", /* all versions with Jingle: the offer raises an error that nobody sees */
  "Dino",  /* up to 0.5: closes its file in a way that fails, after the last block */
};

typedef enum
{
  RANK_NONE,
  RANK_TOO_LARGE, /* the file, for stream initiation */
  RANK_LOSER,
  RANK_INITIATION,
  RANK_JINGLE,
  RANK_OWN,
} Rank;

typedef struct
{
  char   *jid; /* (owned) */
  Rank    rank;
  GError *error; /* (owned) (nullable): it did not tell */
} Program;

typedef struct
{
  char      *peer_jid; /* (owned) */
  guint64    size;
  GPtrArray *programs; /* (owned) (element-type Program) */
  guint      n_pending;
} Search;

/* What one answer belongs to. */
typedef struct
{
  GTask   *task;    /* (owned) */
  Program *program; /* of the task */
} Question;

void
ibb_way_choice_free (IBBWayChoice *self)
{
  g_free (self->peer_jid);
  g_free (self);
}

static void
program_free (gpointer data)
{
  Program *program = data;

  g_free (program->jid);
  g_clear_error (&program->error);
  g_free (program);
}

static void
search_free (gpointer data)
{
  Search *search = data;

  g_free (search->peer_jid);
  g_ptr_array_unref (search->programs);
  g_free (search);
}

static const char *
get_resource (const char *jid)
{
  const char *slash = strchr (jid, '/');

  return slash != NULL ? slash : jid;
}

/* Nobody can have the file: says who is there. */
static GError *
new_error (Search *search)
{
  g_autoptr (GString) names = g_string_new (NULL);
  Program            *first = g_ptr_array_index (search->programs, 0);
  Rank                rank = RANK_NONE;

  for (guint i = 0; i < search->programs->len; i++)
    {
      Program *program = g_ptr_array_index (search->programs, i);

      rank = MAX (rank, program->rank);
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", get_resource (program->jid));
    }
  if (search->programs->len == 1 && first->error != NULL)
    return g_error_copy (first->error);
  if (rank == RANK_LOSER)
    return g_error_new (
        G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        _ ("“%s” is online with a program that loses files in-band, such as Gajim or Dino (%s)"),
        search->peer_jid, names->str);
  if (rank == RANK_TOO_LARGE)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        _ ("“%s” is online, but cannot receive a file of this size in-band (%s)"),
                        search->peer_jid, names->str);
  return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                      _ ("“%s” is online, but does not receive files in-band (%s)"),
                      search->peer_jid, names->str);
}

static void
return_best (GTask *task)
{
  Search  *search = g_task_get_task_data (task);
  Program *best = g_ptr_array_index (search->programs, 0);

  for (guint i = 1; i < search->programs->len; i++)
    {
      Program *program = g_ptr_array_index (search->programs, i);

      if (program->rank > best->rank)
        best = program;
    }
  if (best->rank <= RANK_LOSER)
    g_task_return_error (task, new_error (search));
  else
    {
      IBBWayChoice *choice = g_new0 (IBBWayChoice, 1);

      choice->peer_jid = g_strdup (best->jid);
      choice->way =
          best->rank == RANK_INITIATION ? IBB_FILES_WAY_STREAM_INITIATION : IBB_FILES_WAY_JINGLE;
      choice->is_own = best->rank == RANK_OWN;
      g_task_return_pointer (task, choice, (GDestroyNotify) ibb_way_choice_free);
    }
}

/* Takes the question. */
static void
end_question (Question *question)
{
  Search *search = g_task_get_task_data (question->task);

  if (--search->n_pending == 0)
    return_best (question->task);
  g_object_unref (question->task);
  g_free (question);
}

static void
version_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Question             *question = user_data;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, NULL);
  g_autoptr (IBBElement) element = answer != NULL ? ibb_stanza_dup_element (answer) : NULL;
  IBBElement            *query =
      element != NULL ? ibb_element_get_child (element, "query", VERSION_NAMESPACE) : NULL;
  IBBElement *name =
      query != NULL ? ibb_element_get_child (query, "name", VERSION_NAMESPACE) : NULL;

  for (guint i = 0; name != NULL && i < G_N_ELEMENTS (losers); i++)
    if (g_strcmp0 (ibb_element_get_text (name), losers[i]) == 0)
      question->program->rank = RANK_LOSER;
  end_question (question);
}

static void
ask_for_name (Question *question)
{
  IBBConnection   *connection = g_task_get_source_object (question->task);
  g_autofree char *xml = g_markup_printf_escaped (
      "<iq type='get' to='%s'><query xmlns='" VERSION_NAMESPACE "'/></iq>", question->program->jid);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  ibb_connection_query_async (connection, stanza, VERSION_TIMEOUT,
                              g_task_get_cancellable (question->task), version_cb, question);
}

static Rank
get_rank (char **features, guint64 size)
{
  const char *const *f = (const char *const *) features;

  if (g_strv_contains (f, IBB_JINGLE_NAMESPACE) && g_strv_contains (f, IBB_DESCRIPTION_NAMESPACE) &&
      g_strv_contains (f, IBB_JINGLE_TRANSPORT_NAMESPACE))
    return g_strv_contains (f, OWN_FEATURE) ? RANK_OWN : RANK_JINGLE;
  /* gloox does not announce in-band sessions: its answer to the form tells. */
  if (g_strv_contains (f, IBB_INITIATION_NAMESPACE) && g_strv_contains (f, IBB_INITIATION_PROFILE))
    return size <= INITIATION_MAX ? RANK_INITIATION : RANK_TOO_LARGE;
  return RANK_NONE;
}

static void
features_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Question      *question = user_data;
  Search        *search = g_task_get_task_data (question->task);
  g_auto (GStrv) features = ibb_connection_query_features_finish (IBB_CONNECTION (object), result,
                                                                  &question->program->error);

  if (features != NULL)
    question->program->rank = get_rank (features, search->size);
  if (question->program->rank == RANK_JINGLE)
    ask_for_name (question);
  else
    end_question (question);
}

static void
add_program (GTask *task, const char *jid)
{
  Search   *search = g_task_get_task_data (task);
  Program  *program = g_new0 (Program, 1);
  Question *question = g_new0 (Question, 1);

  program->jid = g_strdup (jid);
  g_ptr_array_add (search->programs, program);
  search->n_pending++;
  question->task = g_object_ref (task);
  question->program = program;
  ibb_connection_query_features_async (g_task_get_source_object (task), jid,
                                       g_task_get_cancellable (task), features_cb, question);
}

void
ibb_way_find_async (IBBConnection      *connection,
                    const char         *peer_jid,
                    guint64             size,
                    GCancellable       *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (connection, cancellable, callback, user_data);
  Search           *search = g_new0 (Search, 1);
  g_auto (GStrv)    resources = NULL;

  g_task_set_source_tag (task, ibb_way_find_async);
  g_task_set_name (task, "[ibb-files] find way");
  search->peer_jid = g_strdup (peer_jid);
  search->size = size;
  search->programs = g_ptr_array_new_with_free_func (program_free);
  g_task_set_task_data (task, search, search_free);
#ifdef IBB_HAS_CLIENT
  if (strchr (peer_jid, '/') == NULL && strchr (peer_jid, '@') != NULL &&
      IBB_IS_CLIENT (connection))
    {
      resources = ibb_client_dup_resources (IBB_CLIENT (connection), peer_jid);
      if (resources[0] == NULL)
        {
          g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND,
                                   _ ("“%s” is not online, or does not show it to this account"),
                                   peer_jid);
          return;
        }
    }
#endif
  if (resources == NULL)
    add_program (task, peer_jid);
  for (guint i = 0; resources != NULL && resources[i] != NULL && i < RESOURCES_MAX; i++)
    add_program (task, resources[i]);
}

IBBWayChoice *
ibb_way_find_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
