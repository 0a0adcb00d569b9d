#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/setting.h"
#include "doctor/checkup.h"

static const char *const names[HINTS] = {
    [HINT_PORT_MIN] = "JIGASI_PORT_MIN",
    [HINT_PORT_MAX] = "JIGASI_PORT_MAX",
    [HINT_JVB_PORT] = "JVB_PORT",
    [HINT_TRANSLATOR] = "USE_TRANSLATOR_IN_CONFERENCE",
    [HINT_STARTMUTED] = "ENABLE_SIP_STARTMUTED",
    [HINT_TRANSPORT] = "JIGASI_SIP_TRANSPORT",
    [HINT_PUBLIC_URL] = "PUBLIC_URL",
};

struct reading {
    struct checkup *c;
    int err;
};

static void take_h(struct slice name, const char *value, unsigned line,
                   void *arg)
{
    struct reading *r = arg;

    for (size_t i = 0; i < HINTS; i++) {
        if (!*value || !slice_is(name, names[i]))
            continue;
        free(r->c->hints[i]);
        r->c->hints[i] = strdup(value);
        if (!r->c->hints[i])
            r->err = ENOMEM;
    }
}

int hints_read(struct checkup *c)
{
    struct reading r = {c, 0};
    struct faults faults = {.out = fopen("/dev/null", "w")};

    if (!faults.out)
        return ENOMEM;
    if (c->order->file) /* its faults were told when settings were read */
        envfile_read(c->order->file, &faults, take_h, &r);
    fclose(faults.out);
    for (char *const *env = c->order->env; env && *env; env++) {
        const char *eq = strchr(*env, '=');

        if (eq)
            take_h((struct slice){*env, (size_t)(eq - *env)}, eq + 1, 0, &r);
    }
    return r.err;
}

const char *hint_name(enum hint h)
{
    return names[h];
}

unsigned hint_number(const struct checkup *c, enum hint h, unsigned def)
{
    uint64_t v;

    if (!c->hints[h] || slice_to_u64(slice_of(c->hints[h]), 1, UINT16_MAX, &v))
        return def;
    return (unsigned)v;
}

bool hint_on(const struct checkup *c, enum hint h)
{
    static const char *const words[] = {"1", "true", "yes", "on"};

    for (size_t i = 0; c->hints[h] && i < sizeof(words) / sizeof(*words); i++)
        if (strcasecmp(c->hints[h], words[i]) == 0)
            return true;
    return false;
}
