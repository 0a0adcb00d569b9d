#include "engine/collector.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static const char keys_known[] = "0123456789*#ABCD";

enum { KEYS_KNOWN = 16 };

struct collector {
    struct timers *ts;
    struct collector_handlers h;
    bool *freed; /* set to true when freed during a handler; may be NULL */
    unsigned changes; /* counts commands: a handler gave one, so what it was
                         called from is void */
    struct timer timer;

    /* bound sequences */
    char sequence[COLLECTOR_SEQUENCES_MAX][ENGINE_SEQUENCE_MAX + 1];
    size_t n_sequences;
    uint32_t bind_inter_ms;
    char started[ENGINE_SEQUENCE_MAX + 1]; /* begins at least one of them */
    size_t n_started;

    /* collection */
    bool running;
    bool keyed; /* at least one key came */
    char digits[ENGINE_KEYS_MAX + 1];
    size_t n_digits;
    unsigned max;
    uint32_t first_ms;
    uint32_t inter_ms;
    char terminators[KEYS_KNOWN + 1];
};

int collector_alloc(struct collector **cp, struct timers *ts,
                    const struct collector_handlers *h)
{
    struct collector *c = calloc(1, sizeof(*c));

    if (!c)
        return ENOMEM;
    c->ts = ts;
    c->h = *h;
    *cp = c;
    return 0;
}

void collector_free(struct collector *c)
{
    if (!c)
        return;
    timer_stop(&c->timer);
    if (c->freed)
        *c->freed = true;
    free(c);
}

/* ---- bound sequences ---- */

static bool is_sequence(const char *s)
{
    size_t len = strnlen(s, ENGINE_SEQUENCE_MAX + 1);

    return len && len <= ENGINE_SEQUENCE_MAX && strspn(s, keys_known) == len;
}

static void forget_started(struct collector *c)
{
    c->n_started = 0;
    c->started[0] = '\0';
    if (!c->running)
        timer_stop(&c->timer);
}

int collector_bind(struct collector *c, const char *const *sequences, size_t n,
                   uint32_t inter_ms)
{
    int err = n > COLLECTOR_SEQUENCES_MAX ? EINVAL : 0;

    forget_started(c);
    c->changes++;
    c->n_sequences = 0;
    c->bind_inter_ms = inter_ms;
    for (size_t i = 0; !err && i < n; i++)
        err = is_sequence(sequences[i]) ? 0 : EINVAL;
    for (size_t i = 0; !err && i < n; i++)
        memcpy(c->sequence[c->n_sequences++], sequences[i],
               strlen(sequences[i]) + 1);
    return err;
}

/* Whether keys begin a sequence that is longer than they are. */
static bool may_grow(const struct collector *c, const char *keys, size_t n)
{
    for (size_t i = 0; i < c->n_sequences; i++)
        if (strncmp(c->sequence[i], keys, n) == 0 && c->sequence[i][n])
            return true;
    return false;
}

/* Length of the longest sequence that keys begin with, 0 when none. */
static size_t longest_match(const struct collector *c, const char *keys)
{
    size_t longest = 0;

    for (size_t i = 0; i < c->n_sequences; i++) {
        size_t len = strlen(c->sequence[i]);

        if (len > longest && strncmp(c->sequence[i], keys, len) == 0)
            longest = len;
    }
    return longest;
}

/* Call a handler and tell whether the collector is still there, and still
   doing what it did before. */
struct watch {
    unsigned changes;
    bool freed;
    bool *outer;
};

static void watch_begin(struct collector *c, struct watch *w)
{
    *w = (struct watch){.changes = c->changes, .outer = c->freed};
    c->freed = &w->freed;
}

static bool watch_end(struct collector *c, struct watch *w)
{
    if (w->freed) {
        if (w->outer)
            *w->outer = true;
        return false;
    }
    c->freed = w->outer;
    return c->changes == w->changes;
}

/*
 * Take from what was keyed all that cannot become longer: report what
 * matches, drop a first key that begins nothing. When the time is over
 * nothing can become longer. Returns false when a handler changed the
 * collector: then it must not be touched any more.
 */
static bool match(struct collector *c, bool timed_out)
{
    while (c->n_started &&
           (timed_out || !may_grow(c, c->started, c->n_started))) {
        char keys[ENGINE_SEQUENCE_MAX + 1] = "";
        size_t matched = longest_match(c, c->started);
        size_t taken = matched ? matched : 1;
        struct watch w;

        memcpy(keys, c->started, matched);
        c->n_started -= taken;
        memmove(c->started, c->started + taken, c->n_started + 1);
        if (!matched)
            continue;
        watch_begin(c, &w);
        c->h.keys(keys, c->h.arg);
        if (!watch_end(c, &w))
            return false;
    }
    return true;
}

static void started_h(void *arg)
{
    match(arg, true);
}

/* There is room: what was kept so far begins a longer sequence. */
static void sequence_key(struct collector *c, char key)
{
    timer_stop(&c->timer);
    c->started[c->n_started++] = key;
    c->started[c->n_started] = '\0';
    if (!match(c, false) || !c->n_started || !c->bind_inter_ms)
        return;
    if (timer_start(c->ts, &c->timer, c->bind_inter_ms, started_h, c))
        forget_started(c);
}

/* ---- collection ---- */

static void finish(struct collector *c, enum engine_digits_end end,
                   char terminator)
{
    char digits[ENGINE_KEYS_MAX + 1];

    memcpy(digits, c->digits, sizeof(digits));
    collector_stop(c);
    c->h.digits(digits, end, terminator, c->h.arg);
}

static void collection_h(void *arg)
{
    finish(arg, ENGINE_DIGITS_TIMEOUT, 0);
}

static void keep_terminators(struct collector *c, const char *terminators)
{
    size_t n = 0;

    for (const char *k = keys_known; *k; k++)
        if (terminators && strchr(terminators, *k))
            c->terminators[n++] = *k;
    c->terminators[n] = '\0';
}

int collector_start(struct collector *c, const struct engine_collect *ec)
{
    collector_stop(c);
    forget_started(c);
    if (!ec->max || ec->max > ENGINE_KEYS_MAX)
        return EINVAL;
    c->max = ec->max;
    c->first_ms = ec->first_ms;
    c->inter_ms = ec->inter_ms;
    c->keyed = false;
    c->n_digits = 0;
    c->digits[0] = '\0';
    keep_terminators(c, ec->terminators);
    if (!ec->n_prompts && c->first_ms &&
        timer_start(c->ts, &c->timer, c->first_ms, collection_h, c))
        return ENOMEM;
    c->running = true;
    return 0;
}

void collector_prompts_ended(struct collector *c)
{
    if (!c->running || c->keyed || !c->first_ms || timer_running(&c->timer))
        return;
    /* Without a timer the entry is waited for as if for ever. */
    (void)timer_start(c->ts, &c->timer, c->first_ms, collection_h, c);
}

void collector_stop(struct collector *c)
{
    c->changes++;
    if (!c->running)
        return;
    timer_stop(&c->timer);
    c->running = false;
}

bool collector_running(const struct collector *c)
{
    return c->running;
}

bool collector_listens(const struct collector *c)
{
    return c->running || c->n_sequences;
}

size_t collector_started(const struct collector *c)
{
    return c->n_started;
}

static void collection_key(struct collector *c, char key)
{
    timer_stop(&c->timer);
    if (!c->keyed) {
        struct watch w;

        c->keyed = true;
        watch_begin(c, &w);
        c->h.first_key(c->h.arg);
        if (!watch_end(c, &w))
            return;
    }
    if (strchr(c->terminators, key)) {
        finish(c, ENGINE_DIGITS_TERMINATOR, key);
        return;
    }
    c->digits[c->n_digits++] = key;
    c->digits[c->n_digits] = '\0';
    if (c->n_digits == c->max)
        finish(c, ENGINE_DIGITS_MAX, 0);
    else if (c->inter_ms &&
             timer_start(c->ts, &c->timer, c->inter_ms, collection_h, c))
        finish(c, ENGINE_DIGITS_TIMEOUT, 0);
}

void collector_key(struct collector *c, char key)
{
    if (key >= 'a' && key <= 'd')
        key = (char)(key - 'a' + 'A');
    if (!key || !strchr(keys_known, key))
        return;
    if (c->running)
        collection_key(c, key);
    else if (c->n_sequences)
        sequence_key(c, key);
}
