/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fake-resolver.h"

#include <string.h>

struct _FakeResolver
{
  GResolver parent_instance;

  GMutex   lock;      /* the client asks in its own thread */
  GList   *targets;   /* protected by lock (element-type GSrvTarget): SRV records, any order ... */
  GList   *direct;    /* ... and those of XEP-0368 */
  GString *asked;     /* protected by lock: names of records and hosts, each once */
  gboolean is_silent; /* about records */
};

G_DEFINE_FINAL_TYPE (FakeResolver, fake_resolver, G_TYPE_RESOLVER)

static void
note (FakeResolver *self, const char *name)
{
  g_autofree char *word = g_strconcat (" ", name, " ", NULL);

  g_mutex_lock (&self->lock);
  if (strstr (self->asked->str, word) == NULL) /* for each family of addresses */
    g_string_append_printf (self->asked, "%s ", name);
  g_mutex_unlock (&self->lock);
}

static GList *
get_targets (FakeResolver *self, const char *name)
{
  return g_str_has_prefix (name, "_xmpps-") ? self->direct : self->targets;
}

/* Answers with the records of a name. */
static void
answer (GTask *task, GList *found, GDestroyNotify free_list, const char *name)
{
  if (found != NULL)
    g_task_return_pointer (task, found, free_list);
  else
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND,
                             "There is no record %s", name);
}

static void
fake_resolver_lookup_service_async (GResolver          *resolver,
                                    const char         *name,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  FakeResolver     *self = FAKE_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GList            *targets = NULL;

  note (self, name);
  g_mutex_lock (&self->lock);
  for (GList *l = get_targets (self, name); l != NULL; l = l->next)
    targets = g_list_append (targets, g_srv_target_copy (l->data));
  g_mutex_unlock (&self->lock);
  targets = g_srv_target_list_sort (targets); /* RFC 2782: a GResolver does that */
  answer (task, targets, (GDestroyNotify) g_resolver_free_targets, name);
}

static GList *
fake_resolver_finish (GResolver *resolver, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static gboolean
cancelled_cb (GCancellable *cancellable, gpointer task)
{
  g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

/* There will be no answer. */
static void
wait_for_cancellation (GTask *task)
{
  g_autoptr (GSource) source = g_cancellable_source_new (g_task_get_cancellable (task));

  g_source_set_callback (source, G_SOURCE_FUNC (cancelled_cb), g_object_ref (task), g_object_unref);
  g_source_attach (source, g_task_get_context (task));
}

static void
free_records (gpointer records)
{
  g_list_free_full (records, (GDestroyNotify) g_variant_unref);
}

static void
fake_resolver_lookup_records_async (GResolver          *resolver,
                                    const char         *name,
                                    GResolverRecordType type,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  FakeResolver     *self = FAKE_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  GList            *records = NULL;

  g_assert_cmpint (type, ==, G_RESOLVER_RECORD_SRV);
  note (self, name);
  if (self->is_silent)
    {
      wait_for_cancellation (task);
      return;
    }

  g_mutex_lock (&self->lock);
  for (GList *l = get_targets (self, name); l != NULL; l = l->next)
    records = g_list_append (
        records, g_variant_ref_sink (g_variant_new ("(qqqs)", g_srv_target_get_priority (l->data),
                                                    g_srv_target_get_weight (l->data),
                                                    g_srv_target_get_port (l->data),
                                                    g_srv_target_get_hostname (l->data))));
  g_mutex_unlock (&self->lock);
  answer (task, records, free_records, name);
}

/* Each host is this one, except "nowhere" and "silent". */
static void
fake_resolver_lookup_by_name_with_flags_async (GResolver               *resolver,
                                               const char              *host,
                                               GResolverNameLookupFlags flags,
                                               GCancellable            *cancellable,
                                               GAsyncReadyCallback      callback,
                                               gpointer                 user_data)
{
  FakeResolver     *self = FAKE_RESOLVER (resolver);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  note (self, host);
  if (g_str_equal (host, "silent.test"))
    wait_for_cancellation (task);
  else if ((flags & G_RESOLVER_NAME_LOOKUP_FLAGS_IPV6_ONLY) != 0 ||
           g_str_equal (host, "nowhere.test"))
    g_task_return_new_error (task, G_RESOLVER_ERROR, G_RESOLVER_ERROR_NOT_FOUND, "There is no %s",
                             host);
  else
    g_task_return_pointer (task,
                           g_list_append (NULL, g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4)),
                           (GDestroyNotify) g_resolver_free_addresses);
}

static void
fake_resolver_finalize (GObject *object)
{
  FakeResolver *self = FAKE_RESOLVER (object);

  g_mutex_clear (&self->lock);
  g_resolver_free_targets (self->targets);
  g_resolver_free_targets (self->direct);
  g_string_free (self->asked, TRUE);
  G_OBJECT_CLASS (fake_resolver_parent_class)->finalize (object);
}

static void
fake_resolver_class_init (FakeResolverClass *class)
{
  GResolverClass *resolver_class = G_RESOLVER_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = fake_resolver_finalize;
  resolver_class->lookup_service_async = fake_resolver_lookup_service_async;
  resolver_class->lookup_service_finish = fake_resolver_finish;
  resolver_class->lookup_records_async = fake_resolver_lookup_records_async;
  resolver_class->lookup_records_finish = fake_resolver_finish;
  resolver_class->lookup_by_name_with_flags_async = fake_resolver_lookup_by_name_with_flags_async;
  resolver_class->lookup_by_name_with_flags_finish = fake_resolver_finish;
}

static void
fake_resolver_init (FakeResolver *self)
{
  g_mutex_init (&self->lock);
  self->asked = g_string_new (" ");
}

FakeResolver *
fake_resolver_install (void)
{
  FakeResolver *self = g_object_new (FAKE_TYPE_RESOLVER, NULL);

  fake_resolver_set_knows_records (self, TRUE);
  g_resolver_set_default (G_RESOLVER (self));
  return self;
}

void
fake_resolver_set_knows_records (FakeResolver *self, gboolean knows_records)
{
  G_RESOLVER_GET_CLASS (self)->lookup_records_async =
      knows_records ? fake_resolver_lookup_records_async : NULL;
}

void
fake_resolver_fall_silent (FakeResolver *self)
{
  self->is_silent = TRUE;
}

void
fake_resolver_add (FakeResolver *self, gboolean is_direct, GSrvTarget *target)
{
  GList **targets = is_direct ? &self->direct : &self->targets;

  g_mutex_lock (&self->lock);
  *targets = g_list_append (*targets, target);
  g_mutex_unlock (&self->lock);
}

char *
fake_resolver_dup_asked (FakeResolver *self)
{
  char *asked;

  g_mutex_lock (&self->lock);
  asked = g_strstrip (g_strdup (self->asked->str));
  g_mutex_unlock (&self->lock);
  return asked;
}
