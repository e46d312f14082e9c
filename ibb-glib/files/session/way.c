/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/session/way.h"

#include "base/intl.h"
#include "base/source.h"
#include "files/protocol/bundle.h"
#include "files/protocol/description.h"
#include "files/protocol/initiation.h"
#include "files/protocol/jingle.h"

#include <string.h>

#define OWN_FEATURE "urn:ibb-glib:1"
#define IBB_FEATURE "http://jabber.org/protocol/ibb"
#define VERSION_NAMESPACE "jabber:iq:version"

#define VERSION_TIMEOUT 10000 /* ms */
#define CHOICE_TIMEOUT 2000   /* ms for better programs, after one that can receive has answered */
#define RESOURCES_MAX 32      /* how many programs of one account are asked */
/* Some receivers of stream initiation do not go on at block 65536 (QXmpp 1.4). */
#define INITIATION_MAX (G_GUINT64_CONSTANT (65536) * 4096)

/* Programs that say they can receive by Jingle, and then lose the file, up to a version. A program
 * that does not say its version counts as an old one. */
static const struct
{
  const char *name;
  guint       major; /* of the last version that loses */
  guint       minor;
} losers[] = {
  { "Gajim", 1, G_MAXUINT }, /* the offer raises an error that nobody sees */
  { "Dino", 0, 5 },          /* closes its file in a way that fails, after the last block */
  { "Psi+", 1, 4 },          /* accepts, and never answers the open */
};

typedef enum
{
  RANK_NONE,
  RANK_STREAM,    /* takes streams of bytes, and no files */
  RANK_TOO_LARGE, /* the file, for stream initiation */
  RANK_LOSER,
  RANK_INITIATION,
  RANK_JINGLE,
  RANK_OWN,
} Rank;

typedef struct
{
  char    *jid; /* (owned) */
  Rank     rank;
  Rank     without_jingle;
  gboolean takes_bundle;
  GError  *error; /* (owned) (nullable): it did not tell */
} Program;

typedef struct
{
  char       *peer_jid; /* (owned) */
  guint64     size;
  const char *bundle; /* static: the namespace of the bundle */
  gboolean    needs_bundle;
  GPtrArray  *programs; /* (owned) (element-type Program) */
  guint       n_pending;
  gboolean    is_over;

  GCancellable *cancellable; /* (owned): of the questions */
  GCancellable *outer;       /* (owned) (nullable): of the task */
  gulong        handler;     /* of outer; 0: none */
  GSource      *timer;       /* (owned) (nullable): ends the search */
} Search;

/* The data of one query. */
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

  g_cancellable_disconnect (search->outer, search->handler);
  g_clear_object (&search->outer);
  g_object_unref (search->cancellable);
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

/* The error if no program of the peer takes files, which names the programs. */
static GError *
new_error (Search *search)
{
  g_autoptr (GString) names = g_string_new (NULL);
  Program            *first = g_ptr_array_index (search->programs, 0);
  Rank                rank = RANK_NONE;
  gboolean            has_answered = FALSE;

  for (guint i = 0; i < search->programs->len; i++)
    {
      Program *program = g_ptr_array_index (search->programs, i);

      rank = MAX (rank, program->rank);
      has_answered |= program->error == NULL;
      g_string_append_printf (names, "%s%s", i > 0 ? ", " : "", get_resource (program->jid));
    }
  if (!has_answered)
    return g_error_copy (first->error);
  if (search->needs_bundle && g_str_equal (search->bundle, IBB_BUNDLE_PLAIN_NAMESPACE))
    return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                        /* Translators: a contact, and its programs, such as /ibb */
                        _ ("“%s” is online, but does not receive folders, or only encrypted (%s)"),
                        search->peer_jid, names->str);
  if (search->needs_bundle)
    return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                        /* Translators: a contact, and its programs, such as /ibb */
                        _ ("“%s” is online, but does not receive encrypted files (%s)"),
                        search->peer_jid, names->str);
  if (rank == RANK_LOSER)
    return g_error_new (
        G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
        _ ("“%s” is online with a program that loses files in-band, such as Gajim or Dino (%s)"),
        search->peer_jid, names->str);
  if (rank == RANK_TOO_LARGE)
    return g_error_new (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                        _ ("“%s” is online, but cannot receive a file of this size in-band (%s)"),
                        search->peer_jid, names->str);
  if (rank == RANK_STREAM)
    return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                        /* Translators: a contact, and its programs, such as /ibb */
                        _ ("“%s” is online, but takes only a stream of bytes, not files (%s)"),
                        search->peer_jid, names->str);
  return g_error_new (IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
                      _ ("“%s” is online, but does not receive files in-band (%s)"),
                      search->peer_jid, names->str);
}

static Program *
get_best (Search *search)
{
  Program *best = g_ptr_array_index (search->programs, 0);

  for (guint i = 1; i < search->programs->len; i++)
    {
      Program *program = g_ptr_array_index (search->programs, i);

      if (program->rank > best->rank)
        best = program;
    }
  return best;
}

static void
return_best (GTask *task)
{
  Search  *search = g_task_get_task_data (task);
  Program *best = get_best (search);

  search->is_over = TRUE;
  g_cancellable_cancel (search->cancellable);
  ibb_source_clear (&search->timer);
  if (best->rank <= RANK_LOSER)
    g_task_return_error (task, new_error (search));
  else
    {
      IBBWayChoice *choice = g_new0 (IBBWayChoice, 1);

      choice->peer_jid = g_strdup (best->jid);
      choice->way =
          best->rank == RANK_INITIATION ? IBB_FILES_WAY_STREAM_INITIATION : IBB_FILES_WAY_JINGLE;
      choice->is_own = best->rank == RANK_OWN;
      choice->takes_bundle = best->takes_bundle;
      g_task_return_pointer (task, choice, (GDestroyNotify) ibb_way_choice_free);
    }
}

static gboolean
timeout_cb (gpointer user_data)
{
  return_best (user_data);
  return G_SOURCE_REMOVE;
}

/* A program that was killed may never answer: the others do not wait for it for long. */
static void
start_timer (GTask *task)
{
  Search *search = g_task_get_task_data (task);

  search->timer =
      ibb_source_attach (g_timeout_source_new (CHOICE_TIMEOUT), g_task_get_context (task),
                         "[ibb-files] choice", timeout_cb, g_object_ref (task), g_object_unref);
}

/* Takes the question. */
static void
end_question (Question *question)
{
  g_autoptr (GTask) task = question->task;
  Search           *search = g_task_get_task_data (task);
  Rank              rank = get_best (search)->rank;

  g_free (question);
  search->n_pending--;
  if (search->is_over)
    return;
  if (search->n_pending == 0 || rank == RANK_OWN)
    return_best (task);
  else if (rank > RANK_LOSER && search->timer == NULL)
    start_timer (task);
}

static guint
read_number (const char **text)
{
  guint64 number = 0;

  for (; g_ascii_isdigit (**text); ++*text)
    number = MIN (number * 10 + (guint64) g_ascii_digit_value (**text), G_MAXUINT);
  return (guint) number;
}

/* version (nullable): such as “1.4.1456 (2020-12-28)”. */
static gboolean
is_loser (const char *name, const char *version)
{
  guint major = 0;
  guint minor = 0;

  if (version != NULL)
    major = read_number (&version);
  if (version != NULL && *version == '.')
    {
      version++;
      minor = read_number (&version);
    }
  for (guint i = 0; i < G_N_ELEMENTS (losers); i++)
    if (g_strcmp0 (name, losers[i].name) == 0)
      return major < losers[i].major || (major == losers[i].major && minor <= losers[i].minor);
  return FALSE;
}

static const char *
get_text (IBBElement *query, const char *name)
{
  IBBElement *child = query != NULL ? ibb_element_get_child (query, name, VERSION_NAMESPACE) : NULL;

  return child != NULL ? ibb_element_get_text (child) : NULL;
}

static void
version_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Question             *question = user_data;
  Program              *program = question->program;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, NULL);
  g_autoptr (IBBElement) element = answer != NULL ? ibb_stanza_dup_element (answer) : NULL;
  IBBElement            *query =
      element != NULL ? ibb_element_get_child (element, "query", VERSION_NAMESPACE) : NULL;

  program->rank = RANK_JINGLE;
  if (is_loser (get_text (query, "name"), get_text (query, "version")))
    program->rank = MAX (program->without_jingle, RANK_LOSER);
  end_question (question);
}

static void
ask_for_name (Question *question)
{
  IBBConnection   *connection = g_task_get_source_object (question->task);
  g_autofree char *xml = g_markup_printf_escaped (
      "<iq type='get' to='%s'><query xmlns='" VERSION_NAMESPACE "'/></iq>", question->program->jid);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  Search *search = g_task_get_task_data (question->task);

  ibb_connection_query_async (connection, stanza, VERSION_TIMEOUT, search->cancellable, version_cb,
                              question);
}

static gboolean
has_jingle (const char *const *features)
{
  return g_strv_contains (features, IBB_JINGLE_NAMESPACE) &&
         g_strv_contains (features, IBB_DESCRIPTION_NAMESPACE) &&
         g_strv_contains (features, IBB_JINGLE_TRANSPORT_NAMESPACE);
}

static Rank
get_rank_without_jingle (const char *const *features, guint64 size)
{
  /* gloox does not announce in-band sessions: its answer to the form tells. */
  if (g_strv_contains (features, IBB_INITIATION_NAMESPACE) &&
      g_strv_contains (features, IBB_INITIATION_PROFILE))
    return size <= INITIATION_MAX ? RANK_INITIATION : RANK_TOO_LARGE;
  return g_strv_contains (features, IBB_FEATURE) ? RANK_STREAM : RANK_NONE;
}

static void
features_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Question      *question = user_data;
  Program       *program = question->program;
  Search        *search = g_task_get_task_data (question->task);
  g_auto (GStrv) found =
      ibb_connection_query_features_finish (IBB_CONNECTION (object), result, &program->error);
  const char *const *features = (const char *const *) found;
  gboolean           knows_jingle = features != NULL && has_jingle (features);

  program->takes_bundle = knows_jingle && g_strv_contains (features, search->bundle);
  if (program->takes_bundle ||
      (knows_jingle && !search->needs_bundle && g_strv_contains (features, OWN_FEATURE)))
    program->rank = RANK_OWN;
  else if (features != NULL && !search->needs_bundle)
    program->rank = program->without_jingle = get_rank_without_jingle (features, search->size);
  if (knows_jingle && program->rank != RANK_OWN && !search->needs_bundle && !search->is_over)
    {
      program->rank = RANK_NONE; /* until its name is known */
      ask_for_name (question);
      return;
    }
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
  ibb_connection_query_features_async (g_task_get_source_object (task), jid, search->cancellable,
                                       features_cb, question);
}

static void
cancelled_cb (GCancellable *outer, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

void
ibb_way_find_async (IBBConnection      *connection,
                    const char         *peer_jid,
                    guint64             size,
                    const char         *bundle,
                    gboolean            needs_bundle,
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
  search->bundle = bundle;
  search->needs_bundle = needs_bundle;
  search->programs = g_ptr_array_new_with_free_func (program_free);
  search->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    {
      search->outer = g_object_ref (cancellable);
      search->handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb),
                                               g_object_ref (search->cancellable), g_object_unref);
    }
  g_task_set_task_data (task, search, search_free);
  if (strchr (peer_jid, '/') == NULL && strchr (peer_jid, '@') != NULL)
    resources = ibb_connection_dup_resources (connection, peer_jid);
  if (resources != NULL && resources[0] == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_HOST_NOT_FOUND,
                               _ ("“%s” is not online, or does not show it to this account"),
                               peer_jid);
      return;
    }
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
