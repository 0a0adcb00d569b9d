#include "config/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "config/setting.h"

static void *member(struct config *cfg, const struct setting *s)
{
    return (char *)cfg + s->offset;
}

int config_set(char **to, const char *text)
{
    char *copy = strdup(text);

    if (!copy)
        return ENOMEM;
    if (*to)
        explicit_bzero(*to, strlen(*to));
    free(*to);
    *to = copy;
    return 0;
}

/* UTF-8 without control characters, as everything that may come to stand
 * in a header or a log line must be. */
static bool is_clean(const char *text)
{
    size_t len = strlen(text);
    char *buf = malloc(len + 1);
    bool clean = buf && utf8_clean(text, len, buf, len + 1) == len;

    free(buf);
    return clean;
}

static bool take_text(struct config *cfg, const struct setting *s,
                      const char *text, int *err)
{
    if (strlen(text) > s->max || !is_clean(text) ||
        (s->kind && *text && !s->kind->valid(text)))
        return false;
    *err = config_set(member(cfg, s), text);
    return true;
}

static bool take_number(struct config *cfg, const struct setting *s,
                        const char *text, int *err)
{
    unsigned *to = member(cfg, s);
    uint64_t v;

    if (!*text) /* only where the default is derived later */
        return true;
    if (slice_to_u64(slice_of(text), s->min, s->max, &v))
        return false;
    *to = (unsigned)v;
    return true;
}

static bool take_flag(struct config *cfg, const struct setting *s,
                      const char *text, int *err)
{
    static const char *const words[] = {"false", "true", "0",   "1",
                                        "no",    "yes",  "off", "on"};
    bool *to = member(cfg, s);

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
        if (strcasecmp(text, words[i]) == 0) {
            *to = i % 2;
            return true;
        }
    }
    return false;
}

static bool take_choice(struct config *cfg, const struct setting *s,
                        const char *text, int *err)
{
    unsigned *to = member(cfg, s);

    for (const struct setting_choice *c = s->choices; c->name; c++) {
        if (strcmp(text, c->name) == 0) {
            *to = c->value;
            return true;
        }
    }
    return false;
}

static bool take_nothing(struct config *cfg, const struct setting *s,
                         const char *text, int *err)
{
    return true;
}

typedef bool take_h(struct config *cfg, const struct setting *s,
                    const char *text, int *err);

static take_h *const takers[] = {
    [SETTING_TEXT] = take_text,         [SETTING_NUMBER] = take_number,
    [SETTING_FLAG] = take_flag,         [SETTING_CHOICE] = take_choice,
    [SETTING_ELSEWHERE] = take_nothing,
};

static void tell_wrong(const struct setting *s, const struct values *vs,
                       const struct value *v, struct faults *f)
{
    char origin[300], expected[300], got[120] = "";
    const char *def = s->def_told ? s->def_told : s->def;

    value_origin(vs, v, origin, sizeof(origin));
    setting_expected(s, expected, sizeof(expected));
    if (!(s->flags & SETTING_SECRET))
        snprintf(got, sizeof(got), ", got \"%.100s%s\"", v->text,
                 strlen(v->text) > 100 ? "…" : "");
    fault(f, "%s %s: expected %s%s; correct it%s%s", s->name, origin, expected,
          got, *def ? ", or leave it out for " : "", def);
}

static int take_one(struct config *cfg, const struct setting *s,
                    const struct values *vs, struct faults *f)
{
    const struct value *v = &vs->v[s - settings][FORM_NAME];
    int err = 0;

    if (v->text && takers[s->type](cfg, s, v->text, &err))
        return err;
    if (v->text)
        tell_wrong(s, vs, v, f);
    takers[s->type](cfg, s, s->def, &err);
    return err;
}

int config_load(struct config *cfg, const char *file, char *const *env,
                FILE *report)
{
    struct faults f = {.out = report};
    struct values vs = {0};
    int err;

    memset(cfg, 0, sizeof(*cfg));
    err = values_read(&vs, file, env, &f);
    for (const struct setting *s = settings; s->name && !err; s++)
        err = take_one(cfg, s, &vs, &f);
    if (!err)
        err = config_derive(cfg, &vs, &f);
    if (!err)
        config_cross_check(cfg, &f);
    values_reset(&vs);
    if (err == ENOMEM)
        fault(&f, "out of memory");
    return err || f.errors ? EINVAL : 0;
}

void config_reset(struct config *cfg)
{
    for (const struct setting *s = settings; s->name; s++) {
        char **text;

        if (s->type != SETTING_TEXT)
            continue;
        text = member(cfg, s);
        if (*text)
            explicit_bzero(*text, strlen(*text));
        free(*text);
    }
    free(cfg->jigasi_user);
    free(cfg->sip_domain);
    memset(cfg, 0, sizeof(*cfg));
}
