/*
 * tag: finds the tags in a template's text (private to the stage).
 */
#ifndef NT_TEMPLATE_TAG_H
#define NT_TEMPLATE_TAG_H

#include <stdbool.h>
#include <stddef.h>

/* A part of the text, borrowed. */
struct piece {
    const char *at;
    size_t len;
};

bool char_blank(char c);
struct piece piece_trim(struct piece p);

struct reader {
    const char *text, *end;
    const char *pos; /* everything before it has been dealt with; the caller moves it */
    struct piece opening, closing;
    /* the place that was counted last */
    const char *counted;
    unsigned long line, column;
};

struct tag {
    const char *text_end;      /* the plain text before it ends here */
    const char *start, *after; /* the tag; with its whole line when it stands alone */
    char sigil;                /* of "{&#^/>!=", or 0 */
    bool standalone;           /* text_end to start is its indentation */
    struct piece content;
    unsigned long line, column; /* from 1; columns count characters */
};

enum tag_end {
    TAG_NONE, /* plain text up to text_end, the end of all */
    TAG_CLOSED,
    TAG_UNCLOSED /* it has no end; text goes on at `after` */
};

void reader_init(struct reader *r, const char *text, size_t len);
/* The next tag at or after pos. */
enum tag_end reader_next(struct reader *r, struct tag *tag);
/* Changes the delimiters to the two words in content; false when they are none. */
bool reader_delimiters(struct reader *r, struct piece content);

#endif
