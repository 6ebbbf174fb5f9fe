/*
 * config: `check` tells everything that is wrong with the configuration and the templates at once, one line a fault, as
 * compilers do; `example` prints a commented configuration.
 *
 * What at send time would be worked around is an error here. What may be right later (the store's folder is missing) is
 * a warning on stderr.
 *
 * DIAGNOSTICS: faults on stdout, exit 78.
 */
#include "base/log.h"
#include "base/mem.h"
#include "config/load.h"
#include "config/schema.h"
#include "flow/runtime.h"
#include "flow/snapshot.h"
#include "notify/command.h"
#include "notify/options.h"
#include "notify/say.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONFIG_LINE = 16 * 1024, EXAMPLE_MAX = 256 * 1024, OPTION_SAVE = OPTIONS_OWN, OPTION_PROBE };

struct template_faults {
    struct problems *problems;
    enum nt_status status; /* of noting them */
};

static void add_fault(void *arg, const char *file, unsigned long line, unsigned long column, const char *message)
{
    struct template_faults *f = arg;
    enum nt_status st = problems_add(f->problems, file, line, column, false, "%s", message);
    if (st != NT_OK)
        f->status = st;
}

/*
 * The templates of a configuration that does not load are looked over as well, as far as it tells where they are: what
 * a `send` would make of it tells.
 */
static enum nt_status what_is_right(const char *path, struct config **out)
{
    struct problems told_already;
    problems_init(&told_already);
    (void)log_open("notify_twilio", LOG_LEVEL_ERROR, "/dev/null");
    enum nt_status st = config_open(path, out, &told_already);
    (void)log_open("notify_twilio", LOG_LEVEL_WARNING, "stderr");
    problems_clean(&told_already);
    return st == NT_ECONFIG ? NT_OK : st;
}

static enum nt_status check_templates(const struct config *c, struct problems *problems)
{
    struct template_set *set = NULL;
    struct template_faults faults = {problems, NT_OK};
    enum nt_status st = template_set_new(c ? c->message.template_dir : "", runtime_template_dir(), &set);
    if (st == NT_OK)
        st = template_set_check(set, add_fault, &faults);
    template_set_free(set);
    return st == NT_EINVAL || st == NT_OK ? faults.status : st;
}

/* Pages are somebody's private news, and the drainer must be able to write. */
static void warn_about_store(const struct config *c)
{
    struct stat st;
    char *path = mem_strdup(c->store_path);
    if (!path || !*path) {
        mem_free(path);
        return;
    }
    const char *folder = dirname(path);
    if (stat(folder, &st) != 0)
        fprintf(stderr, "notify_twilio: warning: the store's folder %s: %s\n", folder, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        fprintf(stderr, "notify_twilio: warning: %s is no folder\n", folder);
    else if (access(folder, W_OK | X_OK) != 0)
        fprintf(stderr, "notify_twilio: warning: the store's folder %s cannot be written by this user\n", folder);
    else if (st.st_mode & S_IWOTH && !(st.st_mode & S_ISVTX))
        fprintf(stderr, "notify_twilio: warning: the store's folder %s can be written by everybody\n", folder);
    mem_free(path);
}

static void print_problems(const struct problems *problems)
{
    for (size_t i = 0; i < problems->n; i++) {
        struct buf line;
        buf_init(&line, CONFIG_LINE);
        (void)problem_format(&problems->item[i], &line);
        if (say_whole(&line))
            puts(buf_text(&line));
        buf_clean(&line);
    }
}

static int save(const struct config *c)
{
    char *path = NULL;
    enum nt_status st = config_save_last_good(c, clock_wall(clock_system()), &path);
    if (st == NT_OK)
        printf("saved as %s\n", path);
    else
        fprintf(stderr, "notify_twilio: the last good copy cannot be written: %s\n", nt_status_text(st));
    mem_free(path);
    return st == NT_OK ? EXIT_OK : EXIT_TRY_AGAIN;
}

struct wishes {
    bool saving, probing;
};

/* Says how a picture gets to Twilio, by sending one on its way. */
static int probe(const char *path)
{
    struct runtime r;
    struct problems problems;
    struct buf words;
    int status = EXIT_OK;
    problems_init(&problems);
    buf_init(&words, CONFIG_LINE);
    enum nt_status st = runtime_open(path, "stderr", &r, &problems);
    problems_clean(&problems);
    if (st == NT_OK) {
        st = snapshot_probe(&r, &words);
        runtime_close(&r);
        for (const char *line = buf_text(&words), *end; (end = strchr(line, '\n')); line = end + 1)
            printf("probe: %.*s\n", (int)(end - line), line);
    }
    if (st == NT_EREFUSED || st == NT_ENOENT)
        status = EXIT_CONFIG_ERROR;
    else if (st != NT_OK)
        status = EXIT_TRY_AGAIN;
    if (status == EXIT_TRY_AGAIN)
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
    buf_clean(&words);
    return status;
}

static int check(const char *path, const struct wishes *wishes)
{
    struct problems problems;
    struct config *loaded = NULL, *partial = NULL;
    int status = EXIT_OK;
    problems_init(&problems);
    enum nt_status st = config_load(path, &loaded, &problems);
    if (st == NT_ECONFIG)
        st = what_is_right(path, &partial);
    if (st == NT_OK)
        st = check_templates(loaded ? loaded : partial, &problems);
    if (st != NT_OK) {
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
        status = EXIT_TRY_AGAIN;
        goto done;
    }
    problems_sort(&problems);
    print_problems(&problems);
    if (loaded)
        warn_about_store(loaded);
    if (problems.n)
        status = EXIT_CONFIG_ERROR;
    /* saved also with faults that do not keep it from being used: a copy less those parts is what `serve` would keep */
    if (loaded && wishes->saving) {
        int saved = save(loaded);
        status = status ? status : saved;
    }
    if (loaded && wishes->probing) {
        int probed = probe(path);
        status = status ? status : probed;
    }
done:
    config_free(loaded);
    config_free(partial);
    problems_clean(&problems);
    return status;
}

static int example(void)
{
    struct buf text;
    buf_init(&text, EXAMPLE_MAX);
    enum nt_status st = schema_write_example(&text);
    if (st == NT_OK)
        fwrite(text.data, 1, text.len, stdout);
    else
        fprintf(stderr, "notify_twilio: %s\n", nt_status_text(st));
    buf_clean(&text);
    return st == NT_OK ? EXIT_OK : EXIT_TRY_AGAIN;
}

static const char *take(void *arg, int option, const char *value)
{
    struct wishes *wishes = arg;
    (void)value;
    if (option == OPTION_PROBE)
        wishes->probing = true;
    else
        wishes->saving = true;
    return NULL;
}

static int run(int argc, char **argv)
{
    static const struct option own[] = {
        {"save", no_argument, NULL, OPTION_SAVE}, {"probe", no_argument, NULL, OPTION_PROBE}, {NULL, 0, NULL, 0}};
    struct options o;
    struct wishes wishes = {false, false};
    char error[256];
    if (!options_parse(argc, argv, NULL, own, take, &wishes, &o, error, sizeof error))
        return command_usage(&command_config, "%s", error);
    if (!o.words)
        return command_usage(&command_config, "check or example?");
    if (o.words > 1)
        return command_usage(&command_config, "'%s' is too much", o.word[1]);
    if (!strcmp(o.word[0], "check"))
        return check(config_path(o.general.config), &wishes);
    if (strcmp(o.word[0], "example") != 0)
        return command_usage(&command_config, "there is no '%s'", o.word[0]);
    if (wishes.saving || wishes.probing)
        return command_usage(&command_config, "%s is for check", wishes.saving ? "--save" : "--probe");
    return example();
}

const struct command command_config = {
    .name = "config",
    .summary = "check the configuration and the templates, or print an example",
    .run = run,
    .help = "Usage: notify_twilio config check [--save] [--probe] [-c FILE]\n"
            "       notify_twilio config example\n"
            "\n"
            "  check    prints everything that is wrong, as file:line:column: message, nothing when all is well\n"
            "  example  prints a configuration with every setting explained\n"
            "\n"
            "      --save             check: keep it as the last good copy, which is used when the file does not load\n"
            "      --probe            check: publish a small picture, and fetch it as Twilio does, by GET and HEAD\n"
            "  -c, --config FILE      else $NOTIFY_TWILIO_CONFIG, else the default\n"
            "\n"
            "Exit: 0, 64 usage, 75 the copy cannot be written, 78 something is wrong.\n"
            "\n"
            "Example: notify_twilio config check -c ./config.yaml && systemctl reload notify_twilio\n",
};
