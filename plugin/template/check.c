/*
 * check: looks templates over before they are needed.
 *
 * What the parser noted as faults, names that are no fields, partials that are not there, and templates that include
 * themselves: with an alert's flat fields no such loop could ever end by itself.
 *
 * DIAGNOSTICS
 * NT_EINVAL when anything was reported, NT_ENOMEM. A folder that does not exist holds no templates, which is no fault.
 */
#include "template/check.h"

#include "base/mem.h"
#include "base/strlist.h"
#include "base/vector.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX = 240 };

static const char suffix[] = ".mustache";

static void tell(struct check_report *r, const char *file, unsigned long line, unsigned long column,
                 const char *message)
{
    r->n++;
    if (r->report)
        r->report(r->arg, file, line, column, message);
}

/* The faults of the tree up to a place. */
static void tell_faults(const struct template *t, size_t *next, unsigned long line, unsigned long column,
                        struct check_report *r)
{
    const struct faults *f = &t->tree.faults;
    for (; *next < f->n; (*next)++) {
        const struct fault *fault = &f->item[*next];
        if (fault->line > line || (fault->line == line && fault->column > column))
            return;
        tell(r, t->path, fault->line, fault->column, fault->message);
    }
}

static bool field_known(const struct name *name)
{
    return !name->parts || name->macro || (name->parts == 1 && name->field != FIELD_NONE);
}

static void check_fields(const struct template *t, const struct node *parent, size_t *next, struct check_report *r)
{
    for (size_t i = 0; i < parent->children; i++) {
        const struct node *node = &parent->child[i];
        bool looked_up = node->kind == NODE_VALUE || node->kind == NODE_SECTION || node->kind == NODE_INVERTED;
        if (looked_up && !field_known(&node->name)) {
            char message[MESSAGE_MAX];
            snprintf(message, sizeof message, "unknown field \"%.60s\"", node->name.whole);
            tell_faults(t, next, node->line, node->column, r);
            tell(r, t->path, node->line, node->column, message);
        }
        check_fields(t, node, next, r);
    }
}

void check_tree(const struct template *t, bool fields, struct check_report *r)
{
    size_t next = 0;
    if (fields)
        check_fields(t, &t->tree.root, &next, r);
    tell_faults(t, &next, (unsigned long)-1, (unsigned long)-1, r);
}

/* Names of templates seen on the way, so that each is entered once. */
struct walk {
    struct template_set *set;
    const char *target;
    struct strlist seen;
    bool found;
    enum nt_status status;
};

/* Does anything below this node lead to the target? */
static void walk_partials(struct walk *w, const struct node *parent)
{
    for (size_t i = 0; i < parent->children && !w->found && !w->status; i++) {
        const struct node *node = &parent->child[i];
        struct template *partial = NULL;
        walk_partials(w, node);
        if (node->kind != NODE_PARTIAL || node->faulty || w->found || w->status)
            continue;
        if (strcmp(node->name.whole, w->target) == 0) {
            w->found = true;
            return;
        }
        if (strlist_has(&w->seen, node->name.whole))
            continue;
        w->status = strlist_add(&w->seen, node->name.whole);
        if (!w->status)
            w->status = set_find(w->set, node->name.whole, "", SET_BESIDE, &partial);
        if (!w->status && partial)
            walk_partials(w, &partial->tree.root);
    }
}

static enum nt_status leads_to(struct template_set *set, const struct template *from, const char *target, bool *found)
{
    struct walk w = {.set = set, .target = target};
    strlist_init(&w.seen);
    walk_partials(&w, &from->tree.root);
    *found = w.found;
    strlist_clean(&w.seen);
    return w.status;
}

static enum nt_status check_partials(struct template_set *set, const struct template *t, const struct node *parent,
                                     struct check_report *r)
{
    enum nt_status status = NT_OK;
    for (size_t i = 0; i < parent->children && !status; i++) {
        const struct node *node = &parent->child[i];
        struct template *partial = NULL;
        char message[MESSAGE_MAX];
        bool loop = false;
        status = check_partials(set, t, node, r);
        if (status || node->kind != NODE_PARTIAL || node->faulty)
            continue;
        status = set_find(set, node->name.whole, "", SET_BESIDE, &partial);
        if (status)
            break;
        if (!partial) {
            snprintf(message, sizeof message, "there is no partial \"%.60s\"", node->name.whole);
            tell(r, t->path, node->line, node->column, message);
            continue;
        }
        if (strcmp(node->name.whole, t->name) == 0)
            loop = true;
        else
            status = leads_to(set, partial, t->name, &loop);
        if (loop) {
            snprintf(message, sizeof message, "the template includes itself by the partial \"%.60s\"",
                     node->name.whole);
            tell(r, t->path, node->line, node->column, message);
        }
    }
    return status;
}

static enum nt_status check_file(struct template_set *set, const char *folder, const char *name, struct check_report *r)
{
    struct buf path;
    struct template *t = NULL;
    char message[MESSAGE_MAX];
    buf_init(&path, 4096);
    buf_addf(&path, "%s/%s%s", folder, name, suffix);
    enum nt_status status = buf_status(&path);
    if (!status)
        status = template_load(buf_text(&path), name, "", &t);
    if (status == NT_OK) {
        check_tree(t, true, r);
        status = check_partials(set, t, &t->tree.root, r);
        goto done;
    }
    if (status == NT_ENOMEM)
        goto done;
    if (status != NT_ENOENT) { /* gone since it was listed: as good as never there */
        snprintf(message, sizeof message, "cannot be used: %s", nt_status_text(status));
        tell(r, buf_text(&path), 0, 0, message);
    }
    status = NT_OK;
done:
    template_free(t);
    buf_clean(&path);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;
    return strcmp(*x, *y);
}

/* The names of the folder's templates, sorted. */
static enum nt_status list_folder(const char *folder, struct strlist *names, struct check_report *r)
{
    enum nt_status status = NT_OK;
    DIR *dir = opendir(folder);
    if (!dir) {
        char message[MESSAGE_MAX];
        if (errno == ENOENT)
            return NT_OK;
        snprintf(message, sizeof message, "the folder cannot be read: %s", strerror(errno));
        tell(r, folder, 0, 0, message);
        return NT_OK;
    }
    for (const struct dirent *entry; !status && (entry = readdir(dir));) {
        size_t n = strlen(entry->d_name), cut = sizeof suffix - 1;
        if (n <= cut || strcmp(entry->d_name + n - cut, suffix) != 0)
            continue;
        status = strlist_addn(names, entry->d_name, n - cut);
        if (!status && !set_name_valid(names->item[names->n - 1])) {
            names->n--;
            mem_free(names->item[names->n]);
        }
    }
    closedir(dir);
    if (names->n)
        qsort(names->item, names->n, sizeof *names->item, compare_names);
    return status;
}

enum nt_status template_set_check(struct template_set *set, template_report *report, void *arg)
{
    struct check_report r = {.report = report, .arg = arg};
    enum nt_status status = NT_OK;
    for (int place = 0; place < SET_PLACES && !status; place++) {
        struct strlist names;
        strlist_init(&names);
        if (*set->folder[place])
            status = list_folder(set->folder[place], &names, &r);
        for (size_t i = 0; i < names.n && !status; i++)
            status = check_file(set, set->folder[place], names.item[i], &r);
        strlist_clean(&names);
    }
    if (!status && r.n)
        status = NT_EINVAL;
    return status;
}
