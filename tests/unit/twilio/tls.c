/* tls: see tls.h. The authority and the certificate are made anew for each test, in a folder that goes with it. */
#include "tls.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char make[] =
    "set -e; exec 2>openssl.log\n"
    "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 2 "
    "-subj '/CN=Test authority'\n"
    "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.csr "
    "-subj '/CN=localhost'\n"
    "printf 'subjectAltName=DNS:localhost,DNS:pager.invalid\\n' >names\n"
    "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out server.pem -days 2 "
    "-extfile names\n";

static void must(int ok, const char *what)
{
    if (!ok) {
        perror(what);
        abort();
    }
}

/* Runs the script in the folder. */
static void run(const char *folder, const char *script)
{
    char command[2048];
    int n = snprintf(command, sizeof command, "cd '%s' || exit 1\n%s", folder, script);
    must(n > 0 && n < (int)sizeof command && system(command) == 0, "the openssl command");
}

static void start(struct tls *t, const char *manner)
{
    snprintf(t->folder, sizeof t->folder, "/tmp/notify_twilio-tls-XXXXXX");
    must(mkdtemp(t->folder) != NULL, "mkdtemp");
    run(t->folder, make);
    snprintf(t->ca_file, sizeof t->ca_file, "%s/ca.pem", t->folder);

    int out[2], in[2];
    must(pipe(out) == 0 && pipe(in) == 0, "pipe");
    t->pid = fork();
    must(t->pid >= 0, "fork");
    if (t->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        close(out[0]);
        /* What it thinks of clients that do not trust it is not of interest. */
        if (!freopen("/dev/null", "w", stderr))
            _exit(127);
        if (chdir(t->folder) == 0)
            execlp("openssl", "openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "server.pem", "-key",
                   "server.key", manner, (char *)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    t->input = in[1];
    t->said = fdopen(out[0], "r");
    char line[256];
    t->port = 0;
    while (!t->port && fgets(line, sizeof line, t->said))
        (void)sscanf(line, "ACCEPT 127.0.0.1:%d", &t->port);
    must(t->port > 0, "openssl s_server");
}

void tls_start(struct tls *t)
{
    start(t, "-www");
}

void tls_start_files(struct tls *t)
{
    start(t, "-HTTP");
}

void tls_stop(struct tls *t)
{
    kill(t->pid, SIGKILL);
    waitpid(t->pid, NULL, 0);
    fclose(t->said);
    close(t->input);
    run(t->folder, "rm -f -- ca.* server.* names openssl.log addresses kept answer");
    rmdir(t->folder);
}
