/*
 * reading: what the steps of one load share: the tree, the struct that is filled, what went wrong.
 *
 * Errors stick: after no memory every further step does nothing. Faults of the file are problems, not errors.
 */
#ifndef NT_CONFIG_READING_H
#define NT_CONFIG_READING_H

#include "config/config.h"
#include "config/field.h"
#include "config/node.h"
#include "config/problem.h"

enum reading_mode {
    READING_FILE,
    READING_COPY, /* the last good copy: its inline secrets are still in the file it was made of */
    READING_TEXT  /* no other file is looked at: fuzzing */
};

struct reading {
    const char *file; /* as it was named: for problems */
    const char *base; /* absolute: what relative paths start from */
    enum reading_mode mode;
    const struct node *root;
    struct config *config;
    struct problems *problems;
    enum nt_status status;
    bool fatal;    /* does not load */
    bool vital;    /* a section where nothing may be guessed is being looked at */
    bool open;     /* others have access to the file */
    bool hopeless; /* a fatal fault in such a section: not even part of the file can be used */
};

/* Told at n (NULL: the file as a whole). */
void reading_fault(struct reading *r, const struct node *n, bool fatal, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* As much of a text as a message should quote, made one line by problems_add(). */
enum { READING_QUOTE = 60 };

/* Fills target (zeroed) from a mapping, or with defaults from NULL. Afterwards no text is NULL unless r->status says
 * why. */
void bind_section(struct reading *r, const struct section *s, const struct node *map, void *target);
/* Frees what bind_section() has put there. Secrets are overwritten. */
void unbind_section(const struct section *s, void *target);
/* Replaces a text; "" for NULL. The old one is overwritten first when it is a secret. */
void reading_set(struct reading *r, char **text, const char *value);

/* The steps after binding; each needs those before it. */
void credentials_check(struct reading *r);
void twilio_check(struct reading *r);
void people_check(struct reading *r);
void settings_check(struct reading *r);
void media_check(struct reading *r);

/* Reads a secret for the file named at n into *secret: $CREDENTIALS_DIRECTORY first for a plain name. path: absolute.
 */
void credentials_read(struct reading *r, const struct node *n, const char *path, char **secret);
/* The same for a file that is read anew at each use: its path becomes that of the service manager's file, where there is
 * one. */
void credentials_find(struct reading *r, const struct node *value, char **path);
/* True when the account can be logged in to. */
bool credentials_complete(const struct config *c);

/* load.c: the parsed text of a file into a config. *out is what could be made of it, also with r->fatal; NULL when
 * there is nothing to make it of. Only lack of memory is an error. */
enum nt_status reading_text(struct reading *r, const char *text, size_t len, struct config **out) NT_MUST_USE;
enum nt_status reading_file(struct reading *r, const char *path, const char *base, struct config **out) NT_MUST_USE;

/* dump.c: the configuration as YAML, less its inline secrets. */
enum nt_status config_dump(const struct config *c, struct buf *out) NT_MUST_USE;

/* last_good.c: *out is NULL when there is none that loads; why is told in *reason (a line; for the log). */
enum nt_status last_good_load(const char *path, struct config **out, struct buf *reason) NT_MUST_USE;

#endif
