#include "call/keys.h"

#include <errno.h>
#include <string.h>

#include "base/slice.h"

static const char *const action_names[KEY_ACTIONS] = {
    [KEY_MUTE] = "mute",
    [KEY_HAND] = "hand",
    [KEY_HELP] = "help",
    [KEY_STATUS] = "status",
};

const char *key_action_name(enum key_action a)
{
    return action_names[a];
}

static struct slice trim(struct slice s)
{
    while (s.len && s.p[0] == ' ') {
        s.p++;
        s.len--;
    }
    while (s.len && s.p[s.len - 1] == ' ')
        s.len--;
    return s;
}

static int action_parse(enum key_action *a, struct slice name)
{
    for (size_t i = 0; i < KEY_ACTIONS; i++) {
        if (slice_is(name, action_names[i])) {
            *a = (enum key_action)i;
            return 0;
        }
    }
    return EINVAL;
}

static bool is_sequence(struct slice s)
{
    if (s.len < 1 || s.len > ENGINE_SEQUENCE_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!s.p[i] || !strchr("0123456789*#", s.p[i]))
            return false;
    }
    return true;
}

static int entry_parse(struct keys *k, struct slice entry, const char **why)
{
    const char *eq = memchr(entry.p, '=', entry.len);
    struct slice sequence, name;
    enum key_action action;

    if (!eq) {
        *why = "expected SEQUENCE=ACTION, e.g. *6=mute";
        return EINVAL;
    }
    sequence = trim((struct slice){entry.p, (size_t)(eq - entry.p)});
    name =
        trim((struct slice){eq + 1, (size_t)(entry.p + entry.len - eq) - 1});
    if (!is_sequence(sequence)) {
        *why = "a key sequence is 1 to 8 of 0-9, * and #";
        return EINVAL;
    }
    if (action_parse(&action, name)) {
        *why = "the action must be mute, hand, help or status";
        return EINVAL;
    }
    if (k->n == KEYS_MAX) {
        *why = "more than 16 key sequences";
        return EINVAL;
    }
    slice_copy(sequence, k->map[k->n].sequence, sizeof(k->map->sequence));
    for (size_t i = 0; i < k->n; i++) {
        if (!strcmp(k->map[i].sequence, k->map[k->n].sequence)) {
            *why = "a key sequence stands twice";
            return EINVAL;
        }
    }
    k->map[k->n++].action = action;
    return 0;
}

int keys_parse(struct keys *k, const char *p, size_t len, const char **why)
{
    struct slice rest = trim((struct slice){p, len});

    memset(k, 0, sizeof(*k));
    *why = "";
    if (!rest.len)
        return 0;
    for (;;) {
        const char *comma = memchr(rest.p, ',', rest.len);
        size_t n = comma ? (size_t)(comma - rest.p) : rest.len;
        int err = entry_parse(k, trim((struct slice){rest.p, n}), why);

        if (err)
            return err;
        if (!comma)
            return 0;
        rest.p += n + 1;
        rest.len -= n + 1;
    }
}

int keys_find(const struct keys *k, const char *sequence,
              enum key_action *action)
{
    for (size_t i = 0; i < k->n; i++) {
        if (!strcmp(k->map[i].sequence, sequence)) {
            *action = k->map[i].action;
            return 0;
        }
    }
    return ENOENT;
}
