#include "call/guess.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct window {
    char key[GUESS_KEY_SIZE];
    uint64_t at[GUESS_LIMIT]; /* a ring of times */
    unsigned n;               /* times ever put in */
};

struct guess {
    struct window *windows;
    unsigned n;
    uint64_t debt;    /* ms until the budget is whole again … */
    uint64_t debt_at; /* … seen at this time */
};

int guess_alloc(struct guess **gp)
{
    struct guess *g = calloc(1, sizeof(*g));

    if (!g)
        return ENOMEM;
    g->windows = calloc(GUESS_CALLERS, sizeof(*g->windows));
    if (!g->windows) {
        free(g);
        return ENOMEM;
    }
    *gp = g;
    return 0;
}

void guess_free(struct guess *g)
{
    if (!g)
        return;
    free(g->windows);
    free(g);
}

static uint64_t last_of(const struct window *w)
{
    return w->at[(w->n - 1) % GUESS_LIMIT];
}

static struct window *find(const struct guess *g, const char *key)
{
    for (unsigned i = 0; i < g->n; i++) {
        if (!strncmp(g->windows[i].key, key, GUESS_KEY_SIZE - 1))
            return &g->windows[i];
    }
    return NULL;
}

static struct window *make(struct guess *g, const char *key)
{
    struct window *w = &g->windows[0];

    if (g->n < GUESS_CALLERS) {
        w = &g->windows[g->n++];
    } else {
        for (unsigned i = 1; i < g->n; i++) {
            if (last_of(&g->windows[i]) < last_of(w))
                w = &g->windows[i];
        }
    }
    memset(w, 0, sizeof(*w));
    memcpy(w->key, key, strnlen(key, GUESS_KEY_SIZE - 1));
    return w;
}

static uint64_t debt_now(const struct guess *g, uint64_t now)
{
    uint64_t passed = now - g->debt_at;

    return g->debt > passed ? g->debt - passed : 0;
}

void guess_wrong(struct guess *g, const char *key, uint64_t now)
{
    struct window *w = find(g, key);

    if (!w)
        w = make(g, key);
    w->at[w->n++ % GUESS_LIMIT] = now;
    g->debt = debt_now(g, now) + GUESS_REFILL_MS;
    g->debt_at = now;
}

bool guess_blocked(const struct guess *g, const char *key, uint64_t now)
{
    const struct window *w = find(g, key);

    return w && w->n >= GUESS_LIMIT &&
           now - w->at[w->n % GUESS_LIMIT] < GUESS_WINDOW_MS;
}

uint64_t guess_delay(const struct guess *g, uint64_t now)
{
    uint64_t spent = debt_now(g, now) / GUESS_REFILL_MS;
    uint64_t delay;

    if (spent <= GUESS_BUDGET)
        return 0;
    delay = (spent - GUESS_BUDGET) * GUESS_DELAY_MS;
    return delay < GUESS_DELAY_MAX_MS ? delay : GUESS_DELAY_MAX_MS;
}
