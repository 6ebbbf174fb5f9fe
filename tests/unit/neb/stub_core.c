/*
 * stub_core: the functions of Nagios, or with STUB_NAEMON those of Naemon, that the module asks the process for.
 */
#include "stub_core.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SHOWN __attribute__((visibility("default")))

struct stub_core stub_core;

/* What a core keeps in its macros: the objects. */
struct grabbed {
    const char *const *host, *const *service, *const *contact;
};
_Static_assert(sizeof(struct grabbed) < sizeof(union neb_macros), "there is room");

static const char *const web01[] = {"HOSTSTATE",
                                    "UP",
                                    "HOSTOUTPUT",
                                    "PING OK",
                                    "HOSTADDRESS",
                                    "192.0.2.10",
                                    "HOSTNOTIFICATIONNUMBER",
                                    "3",
                                    "HOSTNOTIFICATIONID",
                                    "41",
                                    "_HOSTSITE",
                                    "Berlin \"Mitte\"",
                                    NULL};
static const char *const http[] = {"SERVICESTATE",
                                   "CRITICAL",
                                   "SERVICEOUTPUT",
                                   "no 'answer' & $HOME",
                                   "LONGSERVICEOUTPUT",
                                   "more\\nlines",
                                   "SERVICENOTIFICATIONNUMBER",
                                   "1",
                                   "SERVICENOTIFICATIONID",
                                   "42",
                                   "_SERVICERUNBOOK",
                                   "https://wiki.example.org/",
                                   NULL};
static const char *const alice[] = {"CONTACTPAGER", "+15005550006", "CONTACTEMAIL", "alice@example.org", NULL};

SHOWN int log_notifications = 1;

static void add_log(int kind, const char *text)
{
    size_t len = strlen(stub_core.log);
    snprintf(stub_core.log + len, sizeof stub_core.log - len, "%d %s\n", kind, text);
}

#ifdef STUB_NAEMON
SHOWN void nm_log(int kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
SHOWN void nm_log(int kind, const char *format, ...)
{
    char text[8192];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    add_log(kind, text);
}

SHOWN const char *get_program_version(void);
SHOWN const char *get_program_version(void)
{
    return "1.4.2";
}
#else
SHOWN int write_to_all_logs(char *text, unsigned long kind);
SHOWN int write_to_all_logs(char *text, unsigned long kind)
{
    text[strcspn(text, "\n")] = '\0'; /* as the core does, in the caller's memory */
    add_log((int)kind, text);
    return 0;
}

SHOWN const char *get_program_version(void);
SHOWN const char *get_program_version(void)
{
    return "4.4.6"; /* which is no Naemon's, although it looks like one */
}
#endif

SHOWN int neb_register_callback(int kind, void *module, int priority, neb_callback *callback);
SHOWN int neb_register_callback(int kind, void *module, int priority, neb_callback *callback)
{
    (void)priority;
    if (stub_core.registers_nothing || module != stub_core.handle)
        return 1;
    *(kind == NEB_PROCESS ? &stub_core.on_process : &stub_core.on_method) = callback;
    return 0;
}

SHOWN int neb_deregister_callback(int kind, neb_callback *callback);
SHOWN int neb_deregister_callback(int kind, neb_callback *callback)
{
    neb_callback **known = kind == NEB_PROCESS ? &stub_core.on_process : &stub_core.on_method;
    if (*known != callback)
        return 1;
    *known = NULL;
    return 0;
}

SHOWN int neb_set_module_info(void *module, int what, char *text);
SHOWN int neb_set_module_info(void *module, int what, char *text)
{
    if (module == stub_core.handle && what == NEB_INFO_TITLE)
        snprintf(stub_core.title, sizeof stub_core.title, "%s", text);
    return 0;
}

SHOWN void *find_host(const char *name);
SHOWN void *find_host(const char *name)
{
    return stub_core.knows_no_host || strcmp(name, "web01") != 0 ? NULL : (void *)(uintptr_t)web01;
}

SHOWN void *find_command(const char *name);
SHOWN void *find_command(const char *name)
{
    return strcmp(name, "notify") != 0 ? NULL : (void *)&stub_core;
}

static struct grabbed *in(union neb_macros *macros)
{
    return (struct grabbed *)(void *)macros;
}

SHOWN int grab_host_macros_r(union neb_macros *macros, void *object);
SHOWN int grab_host_macros_r(union neb_macros *macros, void *object)
{
    stub_core.grabbed++;
    in(macros)->host = object;
    return 0;
}

SHOWN int grab_service_macros_r(union neb_macros *macros, void *object);
SHOWN int grab_service_macros_r(union neb_macros *macros, void *object)
{
    in(macros)->service = object;
    return 0;
}

SHOWN int grab_contact_macros_r(union neb_macros *macros, void *object);
SHOWN int grab_contact_macros_r(union neb_macros *macros, void *object)
{
    in(macros)->contact = object;
    return 0;
}

SHOWN int clear_volatile_macros_r(union neb_macros *macros);
SHOWN int clear_volatile_macros_r(union neb_macros *macros)
{
    if (in(macros)->host)
        stub_core.grabbed--;
    memset(macros, 0, sizeof(struct grabbed));
    return 0;
}

static const char *find(const char *const *pairs, const char *name, size_t len)
{
    for (; pairs && *pairs; pairs += 2)
        if (!strncmp(pairs[0], name, len) && !pairs[0][len])
            return pairs[1];
    return NULL;
}

SHOWN int process_macros_r(union neb_macros *macros, char *text, char **out, int options);
SHOWN int process_macros_r(union neb_macros *macros, char *text, char **out, int options)
{
    const struct grabbed *g = in(macros);
    size_t len = strlen(text);
    const char *value = NULL;
    assert_int_equal(options, 0);
    assert_true(len > 2 && text[0] == '$' && text[len - 1] == '$');
    if (!strcmp(text, "$OBJECTCACHEFILE$"))
        value = stub_core.object_cache;
    if (!strcmp(text, "$TIMET$"))
        value = "1700000000";
    const char *const *const objects[] = {g->host, g->service, g->contact};
    for (size_t i = 0; i < 3 && !value; i++)
        value = find(objects[i], text + 1, len - 2);
    /* A core knows its own names; custom variables that no object has are left as they were. */
    *out = strdup(value ? value : text[1] == '_' ? text : "");
    return 0;
}

void stub_core_reset(void)
{
    memset(&stub_core, 0, sizeof stub_core);
    stub_core.handle = &stub_core;
}

int stub_core_said(const char *words)
{
    int n = 0;
    for (const char *at = stub_core.log; (at = strstr(at, words)); at += strlen(words))
        n++;
    return n;
}

int stub_core_notify(struct neb_contact_method *n)
{
    assert_non_null(stub_core.on_method);
    int answer = stub_core.on_method(NEB_CONTACT_METHOD, n);
    assert_int_equal(stub_core.grabbed, 0);
    return answer;
}

struct neb_contact_method stub_core_problem(bool of_service)
{
    static char host[] = "web01", service[] = "HTTP", contact[] = "alice", command[] = "notify", output[] = "ignored";
    return (struct neb_contact_method){
        .type = NEB_METHOD_START,
        .notification_type = of_service ? NEB_SERVICE : NEB_HOST,
        .host_name = host,
        .service_description = of_service ? service : NULL,
        .contact_name = contact,
        .command_name = command,
        .state = of_service ? 2 : 1,
        .output = output,
        .object = (void *)(uintptr_t)(of_service ? http : web01),
        .contact = (void *)(uintptr_t)alice,
    };
}

static void look_up(void *library, const char *name, void *out)
{
    void *symbol = dlsym(library, name);
    assert_non_null(symbol);
    memcpy(out, &symbol, sizeof symbol);
}

void stub_core_load(struct stub_module *m)
{
    int *api;
    m->library = dlopen(NT_NEB, RTLD_NOW | RTLD_GLOBAL);
    if (!m->library)
        fail_msg("%s", dlerror());
    look_up(m->library, "__neb_api_version", &api);
    look_up(m->library, "nebmodule_init", &m->init);
    look_up(m->library, "nebmodule_deinit", &m->deinit);
    m->api = *api;
}

void stub_core_unload(struct stub_module *m)
{
    assert_int_equal(m->deinit(1, 2), 0);
    assert_null(stub_core.on_method);
    assert_null(stub_core.on_process);
    assert_int_equal(dlclose(m->library), 0);
    /* Nothing of it may stay: the next one starts anew. */
    assert_null(dlopen(NT_NEB, RTLD_NOW | RTLD_NOLOAD));
}
