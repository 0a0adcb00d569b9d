#include "engine/freeswitch/esl_command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "engine/freeswitch/esl_event.h"

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9');
}

bool esl_is_word(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!is_alnum(*p) && !strchr("-_.:/+@%=~&()[]*;,!?", *p))
            return false;
    }
    return text[0] != '\0';
}

/* A contact's URI stands where ",", "|" and ":_:" would begin another one. */
static bool is_uri(const char *text)
{
    return esl_is_word(text) && !strpbrk(text, ",()") &&
           !strstr(text, ":_:") &&
           (!strncmp(text, "sip:", 4) || !strncmp(text, "sips:", 5));
}

static bool is_telephone(const char *text)
{
    const char *rest = text + (*text == '+');

    return *rest && strlen(rest) < 64 && !rest[strspn(rest, "0123456789*")];
}

static bool has_control(const char *text)
{
    for (; *text; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return true;
    }
    return false;
}

static void begin(struct esl_command *c)
{
    c->len = 0;
    c->bad = false;
}

static void put_bytes(struct esl_command *c, const char *p, size_t n)
{
    if (n >= sizeof(c->text) - c->len) {
        c->bad = true;
        return;
    }
    memcpy(c->text + c->len, p, n);
    c->len += n;
    c->text[c->len] = '\0';
}

static void put(struct esl_command *c, const char *text)
{
    put_bytes(c, text, strlen(text));
}

static void put_number(struct esl_command *c, size_t n)
{
    char text[24];

    snprintf(text, sizeof(text), "%zu", n);
    put(c, text);
}

static void put_word(struct esl_command *c, const char *word)
{
    if (esl_is_word(word))
        put(c, word);
    else
        c->bad = true;
}

static int done(struct esl_command *c)
{
    return c->bad ? EINVAL : 0;
}

int esl_encode(const char *text, size_t len, char *out, size_t size)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;

    for (size_t i = 0; i < len; i++) {
        unsigned char b = (unsigned char)text[i];

        if (n + 3 >= size) {
            out[0] = '\0';
            return EOVERFLOW;
        }
        if (is_alnum(text[i]) || strchr("-_.", b ? b : '%')) {
            out[n++] = text[i];
        } else {
            out[n++] = '%';
            out[n++] = digits[b >> 4];
            out[n++] = digits[b & 15];
        }
    }
    out[n] = '\0';
    return 0;
}

int esl_command_auth(struct esl_command *c, const char *password)
{
    begin(c);
    c->bad = has_control(password);
    put(c, "auth ");
    put(c, password);
    put(c, "\n\n");
    return done(c);
}

int esl_command_events(struct esl_command *c, const char *const *subclasses,
                       size_t n)
{
    begin(c);
    put(c, "event plain");
    for (int i = ESL_EVENT_UNKNOWN + 1; i < ESL_EVENT_NAMES; i++) {
        if (i == ESL_CUSTOM)
            continue;
        put(c, " ");
        put(c, esl_event_name_text((enum esl_event_name)i));
    }
    put(c, " CUSTOM"); /* last: what follows are its subclasses */
    for (size_t i = 0; i < n; i++) {
        put(c, " ");
        put_word(c, subclasses[i]);
    }
    put(c, "\n\n");
    return done(c);
}

static void put_job(struct esl_command *c, const char *job)
{
    put(c, "\nJob-UUID: ");
    put_word(c, job);
    put(c, "\n\n");
}

int esl_line(char *line, size_t size, const char *const *words, size_t n)
{
    size_t len = 0;

    line[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t word = strlen(words[i]);
        int err = esl_is_word(words[i]) ? 0 : EINVAL;

        if (!err && len + word + 2 > size)
            err = EOVERFLOW;
        if (err) {
            line[0] = '\0';
            return err;
        }
        if (i)
            line[len++] = ' ';
        memcpy(line + len, words[i], word + 1);
        len += word;
    }
    return 0;
}

int esl_command_bgapi(struct esl_command *c, const char *job, const char *line)
{
    begin(c);
    c->bad = has_control(line) || strpbrk(line, "'\"\\{}$");
    put(c, "bgapi ");
    put(c, line);
    put_job(c, job);
    return done(c);
}

int esl_command_execute(struct esl_command *c, const char *uuid,
                        const char *app, const char *arg, const char *id)
{
    begin(c);
    c->bad = has_control(arg);
    put(c, "sendmsg ");
    put_word(c, uuid);
    put(c, "\ncall-command: execute\nexecute-app-name: ");
    put_word(c, app);
    put(c, "\nEvent-UUID: ");
    put_word(c, id);
    if (arg[0]) {
        put(c, "\ncontent-type: text/plain\ncontent-length: ");
        put_number(c, strlen(arg));
    }
    put(c, "\n\n");
    put(c, arg);
    return done(c);
}

/* A Call-ID may hold nearly anything printable (RFC 3261 25.1); in a header
   of the event socket only line breaks would be read as something else. */
static void put_printable(struct esl_command *c, const char *text)
{
    c->bad = c->bad || !text[0] || has_control(text);
    put(c, text);
}

int esl_command_info(struct esl_command *c, const char *profile,
                     const char *call_id, const char *type, const char *body,
                     size_t len)
{
    begin(c);
    put(c, "sendevent SEND_INFO\nprofile: ");
    put_word(c, profile);
    put(c, "\ncall-id: ");
    put_printable(c, call_id);
    put(c, "\ncontent-type: ");
    put_word(c, type);
    put(c, "\ncontent-length: ");
    put_number(c, len);
    put(c, "\n\n");
    put_bytes(c, body, len);
    return done(c);
}

/* ---- originate ---- */

enum { VALUE_MAX = 16384 };

/* Escape for one of FreeSWITCH's list parsers (switch_separate_string). */
static bool escape(const char *in, char *out, size_t size, char delimiter)
{
    size_t n = 0;

    for (; *in; in++) {
        if (n + 3 > size)
            return false;
        if (*in == ' ') {
            out[n++] = '\\';
            out[n++] = 's';
            continue;
        }
        if (*in == '\\' || *in == '\'' || *in == delimiter)
            out[n++] = '\\';
        out[n++] = *in;
    }
    out[n] = '\0';
    return true;
}

static void put_value(struct esl_command *c, const char *value)
{
    char one[VALUE_MAX], two[VALUE_MAX];

    if (has_control(value) || strpbrk(value, "{}") || strstr(value, ":_:")) {
        c->bad = true;
        return;
    }
    /* The last parser first: each escapes what the one before it gave. */
    if (escape(value, one, sizeof(one), '=') &&
        escape(one, two, sizeof(two), ',') &&
        escape(two, one, sizeof(one), ' '))
        put(c, one);
    else
        c->bad = true;
}

static bool is_name(const char *text)
{
    for (const char *p = text; *p; p++) {
        if (!is_alnum(*p) && *p != '-' && *p != '_')
            return false;
    }
    return text[0] != '\0';
}

static void put_variable(struct esl_command *c, const char *prefix,
                         const char *name, const char *value)
{
    c->bad = c->bad || !is_name(name);
    put(c, c->text[c->len - 1] == '{' ? "" : ",");
    put(c, prefix);
    put(c, name);
    put(c, "=");
    put_value(c, value);
}

int esl_command_originate(struct esl_command *c, const char *job,
                          const struct esl_originate *o)
{
    begin(c);
    put(c, "bgapi originate {");
    for (size_t i = 0; i < o->n_variables; i++)
        put_variable(c, "", o->variables[i].name, o->variables[i].value);
    for (size_t i = 0; i < o->n_headers; i++)
        put_variable(c, "sip_h_", o->headers[i].name, o->headers[i].value);
    put(c, "}sofia/");
    if (o->profile)
        put_word(c, o->profile);
    else
        put(c, "gateway/trunk");
    put(c, "/");
    c->bad = c->bad || !(o->profile ? is_uri : is_telephone)(o->uri);
    put(c, o->uri);
    put(c, " &park()");
    put_job(c, job);
    return done(c);
}
