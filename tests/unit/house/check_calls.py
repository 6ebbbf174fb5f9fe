"""check_calls ROOT: what is called in one file alone, or never.

Memory comes from base/mem.c, time from base/clock.c, randomness from base/random.c; a plugin does not end its host.
"""

import re
import sys

from house import code_of, line_of, read, report, self_check, sources

# calls: (the folders looked at, the only file that may, why)
RULES = [
    (r"malloc|calloc|realloc|reallocarray|free|strdup|strndup|asprintf|vasprintf|getline|getdelim|open_memstream",
     ["plugin", "notify"], "plugin/base/mem.c", "memory is taken from mem_*"),
    (r"time|clock_gettime|gettimeofday|timespec_get", ["plugin"], "plugin/base/clock.c", "time is an argument"),
    (r"rand|random|rand_r|srand|srandom|drand48|getrandom|getentropy|arc4random\w*", ["plugin"], "plugin/base/random.c",
     "randomness is an argument"),
    (r"abort|exit|quick_exit|assert|err|errx", ["plugin"], None, "a plugin does not take its host down"),
    (r"gets|strtok|alloca|system|popen|tmpnam|mktemp", ["plugin", "notify"], None,
     "there is a bounded or safer way"),
    (r"dlopen|dlsym|dlclose", ["plugin/neb"], "plugin/neb/core.c", "the monitor's functions are looked up in one place"),
    (r"v?fork|posix_spawnp?|execv\w*|execl\w*|pthread_\w+|signal|sigaction|sigprocmask|sleep|usleep|nanosleep",
     ["plugin/neb", "plugin/handover"], None, "a monitor's only thread is not to be disturbed"),
]


def check(root):
    complaints = []
    for names, folders, owner, reason in RULES:
        # Not x->free(…), not a word in a longer one; (free) without a call is a function pointer, which counts too.
        call = re.compile(rf"(?<![\w.])(?<!->)(?:(?:{names})\s*\(|(?<=[=,(])\s*(?:{names})\s*(?=[,;)}}]))")
        for path in sources(root, folders):
            if path == owner:
                continue
            code = code_of(read(root, path))
            for match in call.finditer(code):
                before = code[: match.start()].rstrip()
                # A declaration or a member of that name (`int (*time)(…)`) is no call.
                if re.search(r"(\bstruct|\benum|\bint|\bvoid|\bchar|\*)$", before) and match.group().endswith("("):
                    continue
                if not match.group().rstrip().endswith("(") and names.startswith("time"):
                    continue  # `time` is an ordinary name for a variable
                line = line_of(code, match.start() + len(match.group()) - len(match.group().lstrip()))
                complaints.append(f"{path}:{line}: {match.group().strip(' (')}: {reason}")
    return complaints


GOOD = {
    "plugin/base/mem.c": "void *f(void) { return malloc(1); }\n",
    "plugin/sms/a.c": '/* free(x) */ const char *s = "malloc(1)"; void g(struct s *x) { x->free(x); x.free(x); mem_free(x); }\n',
    "plugin/sms/b.c": "void x_free(void *); long long time_of(int time); int h(int time) { return k(time, 1); }\n",
}
BAD = [
    {"plugin/sms/x.c": "void *f(void) { return malloc (1); }\n"},
    {"plugin/sms/x.c": "void f(char *s) { char *t = strdup(s); }\n"},
    {"notify/x.c": "void f(char *s) {\n    free(s);\n}\n"},
    {"plugin/sms/x.c": "void (*release)(void *) = free;\n"},
    {"plugin/sms/x.c": "void f(void *s) { each(s, free); }\n"},
    {"plugin/sms/x.c": "long f(void) { return time(NULL); }\n"},
    {"plugin/sms/x.c": "int f(void) { return rand(); }\n"},
    {"plugin/sms/x.c": "void f(void) { abort(); }\n"},
    {"plugin/sms/x.c": "int f(char *s) { return system(s); }\n"},
    {"plugin/neb/x.c": "void *f(void) { return dlsym(NULL, \"f\"); }\n"},
    {"plugin/neb/x.c": "int f(void) { return fork(); }\n"},
    {"plugin/handover/x.c": "void f(void) { usleep(1); }\n"},
]

if __name__ == "__main__":
    self_check(check, GOOD, BAD)
    report(check(sys.argv[1]), "calls")
