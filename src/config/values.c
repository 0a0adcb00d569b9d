#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "config/setting.h"

struct reading {
    struct values *vs;
    struct faults *f;
    int err;
};

static const char *const own_prefixes[] = {"JIGATE_", "FREESWITCH_", "SIPGW_"};

static bool begins(struct slice s, const char *with)
{
    return s.len >= strlen(with) && memcmp(s.p, with, strlen(with)) == 0;
}

/* JIGATE_ names are ours alone, so each unknown one is told; of the others
 * only what looks like a slip of the finger. */
static void unknown(struct reading *r, struct slice name, unsigned line)
{
    struct value at = {.line = line};
    const char *near = NULL;
    char origin[300];
    bool ours = false;

    for (size_t i = 0; i < sizeof(own_prefixes) / sizeof(*own_prefixes); i++)
        ours = ours || begins(name, own_prefixes[i]);
    if (!ours)
        return;
    near = setting_nearest(name);
    if (!near && !begins(name, own_prefixes[0]))
        return;
    fault_warn(r->f, "%.*s %s: not a setting, no notice is taken of it%s%s%s",
               (int)(name.len > 64 ? 64 : name.len), name.p,
               value_origin(r->vs, &at, origin, sizeof(origin)),
               near ? "; did you mean " : "", near ? near : "",
               near ? "?" : "");
}

static void assign_h(struct slice name, const char *text, unsigned line,
                     void *arg)
{
    struct reading *r = arg;
    enum setting_form form;
    const struct setting *s = setting_find(name, &form);
    struct value *v;
    char *copy;

    if (!s) {
        unknown(r, name, line);
        return;
    }
    if (!*text) /* the same as not set: compose passes on empty ones */
        return;
    copy = strdup(text);
    if (!copy) {
        r->err = ENOMEM;
        return;
    }
    v = &r->vs->v[s - settings][form];
    free(v->text);
    *v = (struct value){copy, line};
}

static void environment(struct reading *r, char *const *env)
{
    for (; env && *env; env++) {
        const char *eq = strchr(*env, '=');

        if (eq)
            assign_h((struct slice){*env, (size_t)(eq - *env)}, eq + 1, 0, r);
    }
}

static char *find(char *const *env, const char *name)
{
    size_t n = strlen(name);

    for (; env && *env; env++)
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=' && (*env)[n + 1])
            return strdup(*env + n + 1);
    return NULL;
}

static void take_alias(struct values *vs, const struct setting *s,
                       struct faults *f)
{
    struct value *v = vs->v[s - settings];
    char origin[300];

    if (!v[FORM_ALIAS].text)
        return;
    fault_warn(f, "%s %s: call it %s%s", s->alias,
               value_origin(vs, &v[FORM_ALIAS], origin, sizeof(origin)),
               s->name, v[FORM_NAME].text ? ", which is set and counts" : "");
    if (v[FORM_NAME].text)
        return;
    v[FORM_NAME] = v[FORM_ALIAS];
    v[FORM_ALIAS] = (struct value){0};
}

static void check_mode(const struct values *vs, struct faults *f)
{
    struct stat st;
    bool secret = false;

    for (size_t i = 0; i < settings_count(); i++)
        secret = secret || (settings[i].flags & SETTING_SECRET &&
                            vs->v[i][FORM_NAME].line);
    if (secret && !stat(vs->file, &st) && st.st_mode & S_IROTH)
        fault_warn(f,
                   "%s: every user of this machine can read the secrets in "
                   "it; chmod o-r it",
                   vs->file);
}

int values_read(struct values *vs, const char *file, char *const *env,
                struct faults *f)
{
    struct reading r = {vs, f, 0};

    vs->file = file;
    vs->v = calloc(settings_count(), sizeof(*vs->v));
    if (!vs->v)
        return ENOMEM;
    vs->credentials = find(env, "CREDENTIALS_DIRECTORY");
    vs->state = find(env, "STATE_DIRECTORY");
    if (file)
        envfile_read(file, f, assign_h, &r);
    environment(&r, env);
    if (file && !r.err)
        check_mode(vs, f);
    for (const struct setting *s = settings; s->name && !r.err; s++) {
        take_alias(vs, s, f);
        if (s->flags & SETTING_SECRET)
            r.err = secret_resolve(vs, s, f);
    }
    return r.err;
}

void values_reset(struct values *vs)
{
    for (size_t i = 0; vs->v && i < settings_count(); i++)
        for (size_t form = 0; form < FORM_COUNT; form++) {
            char *text = vs->v[i][form].text;

            if (text && settings[i].flags & SETTING_SECRET)
                explicit_bzero(text, strlen(text));
            free(text);
        }
    free(vs->v);
    free(vs->credentials);
    free(vs->state);
    memset(vs, 0, sizeof(*vs));
}

const char *value_origin(const struct values *vs, const struct value *v,
                         char *buf, size_t size)
{
    if (v->line)
        snprintf(buf, size, "(%.250s line %u)", vs->file, v->line);
    else
        snprintf(buf, size, "(environment)");
    return buf;
}
