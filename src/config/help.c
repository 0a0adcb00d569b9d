#include <string.h>

#include "config/setting.h"

enum { WIDTH = 78 };

/* Append to a bounded text. */
static void add(char *out, size_t size, const char *text)
{
    size_t n = strlen(out);

    snprintf(out + n, size - n, "%s", text);
}

static void expected_number(const struct setting *s, char *out, size_t size)
{
    snprintf(out, size, "a number%s%s from %u to %u", s->unit ? " of " : "",
             s->unit ? s->unit : "", s->min, s->max);
}

static void expected_choice(const struct setting *s, char *out, size_t size)
{
    out[0] = '\0';
    for (const struct setting_choice *c = s->choices; c->name; c++) {
        add(out, size, c->name);
        if (c[1].name)
            add(out, size, c[2].name ? ", " : " or ");
    }
}

static void expected_text(const struct setting *s, char *out, size_t size)
{
    const char *what = s->kind                     ? s->kind->expected
                       : s->flags & SETTING_SECRET ? "a password"
                                                   : "a text";

    snprintf(out, size, "%s, at most %u bytes, without control characters",
             what, s->max);
}

static void expected_flag(const struct setting *s, char *out, size_t size)
{
    snprintf(out, size, "true or false");
}

void setting_expected(const struct setting *s, char *out, size_t size)
{
    static void (*const by_type[])(const struct setting *, char *, size_t) = {
        [SETTING_TEXT] = expected_text,
        [SETTING_NUMBER] = expected_number,
        [SETTING_FLAG] = expected_flag,
        [SETTING_CHOICE] = expected_choice,
        [SETTING_ELSEWHERE] = expected_text,
    };

    by_type[s->type](s, out, size);
}

static void add_default(const struct setting *s, char *out, size_t size)
{
    const char *def = s->def_told ? s->def_told : s->def;

    if (s->flags & SETTING_NEED_EMBEDDED) {
        add(out, size, "mandatory");
    } else if (s->flags & SETTING_NEED_FREESWITCH) {
        add(out, size, "mandatory with FreeSWITCH");
    } else {
        add(out, size, "default: ");
        add(out, size, *def ? def : "none");
    }
}

/* What a reader of the help should know beside the sentences. */
static void facts(const struct setting *s, char *out, size_t size)
{
    snprintf(out, size, "[");
    if (s->type != SETTING_TEXT && s->type != SETTING_ELSEWHERE) {
        char expected[300];
        const char *p = expected;

        setting_expected(s, expected, sizeof(expected));
        if (s->type == SETTING_NUMBER)
            p += strlen("a ");
        add(out, size, p);
        add(out, size, "; ");
    }
    add_default(s, out, size);
    if (s->flags & SETTING_SECRET)
        add(out, size, "; secret");
    if (s->flags & SETTING_ONLY_EMBEDDED)
        add(out, size, "; embedded engine only");
    if (s->type == SETTING_ELSEWHERE)
        add(out, size, "; read by jigate-freeswitch alone");
    add(out, size, "]");
}

/* Fill lines of WIDTH columns; a word is never broken. */
static void wrap(FILE *out, const char *prefix, const char *text)
{
    size_t column = 0;

    while (*text) {
        size_t n = strcspn(text, " ");

        if (column && column + 1 + n > WIDTH) {
            fputc('\n', out);
            column = 0;
        }
        column += (size_t)fprintf(out, "%s", column ? " " : prefix);
        column += (size_t)fprintf(out, "%.*s", (int)n, text);
        text += n + strspn(text + n, " ");
    }
    fputc('\n', out);
}

void config_help(FILE *out)
{
    for (const struct setting *s = settings; s->name; s++) {
        char text[400];

        if (s == settings || s->section != s[-1].section)
            fprintf(out, "\n%s:\n", setting_section_name(s->section));
        fprintf(out, "  %s\n", s->name);
        wrap(out, "      ", s->help);
        facts(s, text, sizeof(text));
        wrap(out, "      ", text);
    }
    fputc('\n', out);
    wrap(out, "",
         "A secret NAME can also come from a file, NAME_FILE=path, or from a "
         "systemd credential called NAME. FREESWITCH_REGISTRATION_USER is "
         "another name of FREESWITCH_REGISTRATION_USERNAME.");
}

void config_sample(FILE *out)
{
    wrap(out, "# ",
         "Settings of Jigate: NAME=value, one a line. What stands behind a # "
         "is the default. Secrets may come from a file instead: "
         "NAME_FILE=path.");
    for (const struct setting *s = settings; s->name; s++) {
        char text[400];

        if (s == settings || s->section != s[-1].section)
            fprintf(out, "\n# ---- %s ----\n",
                    setting_section_name(s->section));
        fputc('\n', out);
        wrap(out, "# ", s->help);
        facts(s, text, sizeof(text));
        wrap(out, "# ", text);
        fprintf(out, "%s%s=%s\n", s->flags & SETTING_NEED_EMBEDDED ? "" : "#",
                s->name, s->def);
    }
}
