#include "engine/embedded/command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static char *copy(const char *text, bool *failed)
{
    char *p = strdup(text ? text : "");

    if (!p)
        *failed = true;
    return p;
}

static void copy_headers(struct command *c, const struct command *from,
                         bool *failed)
{
    if (!from->n_headers)
        return;
    c->headers = calloc(from->n_headers, sizeof(*c->headers));
    if (!c->headers) {
        *failed = true;
        return;
    }
    c->n_headers = from->n_headers;
    for (size_t i = 0; i < c->n_headers; i++) {
        c->headers[i].name = copy(from->headers[i].name, failed);
        c->headers[i].value = copy(from->headers[i].value, failed);
    }
}

static void copy_body(struct command *c, const struct command *from,
                      bool *failed)
{
    c->body = malloc(from->len + 1);
    if (!c->body) {
        *failed = true;
        return;
    }
    if (from->len)
        memcpy(c->body, from->body, from->len);
    c->body[from->len] = '\0';
    c->len = from->len;
}

int command_alloc(struct command **cp, const struct command *from)
{
    struct command *c = calloc(1, sizeof(*c));
    bool failed = false;

    if (!c)
        return ENOMEM;
    c->type = from->type;
    c->leg = from->leg;
    c->peer = from->peer;
    c->target = from->target;
    c->status = from->status;
    c->retry_after_s = from->retry_after_s;
    c->cause = from->cause;
    c->text = copy(from->text, &failed);
    c->contact = copy(from->contact, &failed);
    c->number = copy(from->number, &failed);
    c->caller_number = copy(from->caller_number, &failed);
    c->name = copy(from->name, &failed);
    c->call = copy(from->call, &failed);
    c->content_type = copy(from->content_type, &failed);
    copy_body(c, from, &failed);
    copy_headers(c, from, &failed);
    if (failed) {
        command_free(c);
        return ENOMEM;
    }
    *cp = c;
    return 0;
}

void command_free(struct command *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->n_headers; i++) {
        free((char *)c->headers[i].name);
        free((char *)c->headers[i].value);
    }
    free(c->headers);
    free(c->text);
    free(c->contact);
    free(c->number);
    free(c->caller_number);
    free(c->name);
    free(c->call);
    free(c->content_type);
    free(c->body);
    free(c);
}
