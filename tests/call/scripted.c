#include "tests/call/scripted.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- recording ---- */

static void record(struct scenario *t, const char *fmt, ...)
{
    va_list ap;

    assert_true(t->n_lines < LINES_MAX);
    va_start(ap, fmt);
    vsnprintf(t->lines[t->n_lines++], LINE_SIZE, fmt, ap);
    va_end(ap);
}

struct leg *leg_of(struct scenario *t, engine_leg id)
{
    if (id > CALLEE_LEGS && id <= CALLEE_LEGS + t->n_callees)
        return &t->callees[id - CALLEE_LEGS - 1];
    if (id > PHONE_LEGS && id <= PHONE_LEGS + t->n_phones)
        return &t->phones[id - PHONE_LEGS - 1];
    if (id >= 1 && id <= t->n_jigasis)
        return &t->jigasis[id - 1];
    fail_msg("no such leg: %llu", (unsigned long long)id);
    return NULL;
}

const char *name_of(engine_leg id)
{
    static char names[4][32];
    static unsigned i;
    char *name = names[i++ % 4];

    if (id > CALLEE_LEGS)
        snprintf(name, 32, "callee%u", (unsigned)(id - CALLEE_LEGS));
    else if (id == PHONE_LEGS + 1)
        snprintf(name, 32, "phone");
    else if (id > PHONE_LEGS)
        snprintf(name, 32, "phone%u", (unsigned)(id - PHONE_LEGS));
    else
        snprintf(name, 32, "jigasi%u", (unsigned)id);
    return name;
}

engine_leg id_of(const char *name)
{
    if (!strcmp(name, "phone"))
        return PHONE_LEGS + 1;
    if (!strncmp(name, "phone", 5))
        return PHONE_LEGS + strtoul(name + 5, NULL, 10);
    if (!strncmp(name, "callee", 6))
        return CALLEE_LEGS + strtoul(name + 6, NULL, 10);
    assert_int_equal(strncmp(name, "jigasi", 6), 0);
    return strtoul(name + 6, NULL, 10);
}

/* Policy may not command a leg whose end it was told. */
static struct leg *commanded(struct engine *e, engine_leg id)
{
    struct leg *leg = leg_of((struct scenario *)e, id);

    if (!leg->there)
        fail_msg("a command on %s, which is gone", name_of(id));
    return leg;
}

/* What is to be heard needs an answered leg, … */
static struct leg *audible(struct engine *e, engine_leg id)
{
    struct leg *leg = commanded(e, id);

    if (!leg->up)
        fail_msg("a command on %s, which is not answered", name_of(id));
    return leg;
}

/* … a bridge one with audio. */
static struct leg *bridgeable(struct engine *e, engine_leg id)
{
    struct leg *leg = commanded(e, id);

    return leg->early ? leg : audible(e, id);
}

/* ---- the engine ---- */

static void ring(struct engine *e, engine_leg leg)
{
    commanded(e, leg);
    record((struct scenario *)e, "ring %s", name_of(leg));
}

static void progress(struct engine *e, engine_leg leg)
{
    commanded(e, leg)->early = true;
    record((struct scenario *)e, "progress %s", name_of(leg));
}

static void answer(struct engine *e, engine_leg leg)
{
    struct leg *l = commanded(e, leg);

    assert_false(l->answering);
    l->answering = true;
    record((struct scenario *)e, "answer %s", name_of(leg));
}

static void reject(struct engine *e, engine_leg leg, unsigned status,
                   const char *phrase, unsigned retry_after_s)
{
    struct leg *l = commanded(e, leg);
    char text[LINE_SIZE] = "", retry[32] = "";

    assert_false(l->answering);
    l->ending = true;
    if (phrase && *phrase)
        snprintf(text, sizeof(text), " \"%.200s\"", phrase);
    if (retry_after_s)
        snprintf(retry, sizeof(retry), " retry=%u", retry_after_s);
    record((struct scenario *)e, "reject %s %u%s%s", name_of(leg), status,
           text, retry);
}

static void play(struct engine *e, engine_leg leg, const struct engine_play *p)
{
    char list[256] = "", loop[32] = "";

    audible(e, leg)->tag = p->tag;
    assert_in_range(p->n_prompts, 1, ENGINE_PLAYLIST_MAX);
    assert_true(p->tag != ENGINE_TAG_NONE);
    for (size_t i = 0; i < p->n_prompts; i++) {
        strncat(list, " ", sizeof(list) - strlen(list) - 1);
        strncat(list, p->prompts[i], sizeof(list) - strlen(list) - 1);
    }
    assert_in_range(p->loop_from + 1, 0, p->n_prompts);
    if (p->loop_from >= 0)
        snprintf(loop, sizeof(loop), " loop=%d", p->loop_from);
    record((struct scenario *)e, "%s %s%s%s", p->replace ? "play" : "queue",
           name_of(leg), list, loop);
}

static void play_stop(struct engine *e, engine_leg leg)
{
    commanded(e, leg);
    record((struct scenario *)e, "stop %s", name_of(leg));
}

static void collect(struct engine *e, engine_leg leg,
                    const struct engine_collect *c)
{
    char list[256] = "";

    audible(e, leg)->collecting = true;
    assert_string_equal(c->terminators, "#*");
    assert_int_equal(c->max, 32);
    assert_int_equal(c->inter_ms, 4000);
    for (size_t i = 0; i < c->n_prompts; i++) {
        strncat(list, " ", sizeof(list) - strlen(list) - 1);
        strncat(list, c->prompts[i], sizeof(list) - strlen(list) - 1);
    }
    record((struct scenario *)e, "collect %s%s first=%u", name_of(leg), list,
           c->first_ms);
}

static void collect_stop(struct engine *e, engine_leg leg)
{
    commanded(e, leg)->collecting = false;
    record((struct scenario *)e, "collect-stop %s", name_of(leg));
}

static void bind(struct engine *e, engine_leg leg, const char *const *list,
                 size_t n, uint32_t inter_ms)
{
    char text[128] = "";

    audible(e, leg)->bound = n > 0;
    assert_int_equal(inter_ms, 3000);
    for (size_t i = 0; i < n; i++) {
        strncat(text, " ", sizeof(text) - strlen(text) - 1);
        strncat(text, list[i], sizeof(text) - strlen(text) - 1);
    }
    record((struct scenario *)e, "bind %s%s", name_of(leg), text);
}

/* A leg for whom a meeting dials is another than one for Jigasi. */
static engine_leg new_leg(struct scenario *t, bool callee)
{
    unsigned *n = callee ? &t->n_callees : &t->n_jigasis;

    assert_true(++*n < LEGS_MAX);
    return callee ? CALLEE_LEGS + *n : *n;
}

static const char *target_of(const struct engine_dial *d)
{
    static char text[256];

    if (d->target == ENGINE_TO_CONTACT)
        snprintf(text, sizeof(text), "at %s", d->contact);
    else
        snprintf(text, sizeof(text), "number %s from \"%s\"", d->number,
                 d->caller_number);
    return text;
}

static engine_leg dial(struct engine *e, const struct engine_dial *d)
{
    struct scenario *t = (struct scenario *)e;
    bool callee = leg_of(t, d->for_leg)->source == ENGINE_FROM_JIGASI;
    engine_leg id = new_leg(t, callee);
    struct leg *leg = leg_of(t, id);
    char text[LINE_SIZE] = "";

    for (size_t i = 0; i < d->n_headers; i++)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " %s=%s",
                 d->headers[i].name, d->headers[i].value);
    leg->there = true;
    leg->node = commanded(e, d->for_leg)->node;
    leg->peer = d->for_leg;
    snprintf(leg->contact, sizeof(leg->contact), "%s", d->contact);
    leg_of(t, d->for_leg)->peer = id;
    leg_of(t, d->for_leg)->bridging = false;
    leg_of(t, d->for_leg)->bridged = false;
    record(t, "dial %s %s \"%s\"%s", name_of(id), target_of(d), d->caller_name,
           text);
    return id;
}

static void bridge(struct engine *e, engine_leg a, engine_leg b)
{
    bridgeable(e, a)->bridging = true;
    bridgeable(e, b);
    record((struct scenario *)e, "bridge %s %s", name_of(a), name_of(b));
}

static void mute(struct engine *e, engine_leg leg, bool on)
{
    commanded(e, leg);
    record((struct scenario *)e, "mute %s %s", name_of(leg),
           on ? "on" : "off");
}

static void send_info(struct engine *e, engine_leg leg, const char *type,
                      const char *body, size_t len)
{
    commanded(e, leg);
    assert_string_equal(type, "application/json");
    record((struct scenario *)e, "info %s %.*s", name_of(leg), (int)len, body);
}

static void hangup(struct engine *e, engine_leg leg, unsigned cause,
                   const char *text)
{
    commanded(e, leg)->ending = true;
    assert_int_equal(cause, 0);
    record((struct scenario *)e, "hangup %s", name_of(leg));
}

static void note(struct engine *e, engine_leg leg, const char *text)
{
    struct leg *l = commanded(e, leg);

    assert_true(strlen(text) < ENGINE_NOTE_MAX);
    assert_null(strpbrk(text, " \t\r\n"));
    l->noted = true;
    l->noted_at = ((struct scenario *)e)->now;
    snprintf(l->note, sizeof(l->note), "%s", text);
}

static int start(struct engine *e)
{
    return 0;
}

static void stop(struct engine *e)
{
}

const struct engine_ops scripted_engine_ops = {
    .start = start,
    .stop = stop,
    .ring = ring,
    .progress = progress,
    .answer = answer,
    .reject = reject,
    .play = play,
    .play_stop = play_stop,
    .collect = collect,
    .collect_stop = collect_stop,
    .bind = bind,
    .dial = dial,
    .bridge = bridge,
    .mute = mute,
    .info = send_info,
    .hangup = hangup,
    .note = note,
};

/* ---- the directory ---- */

static struct scenario *scenario_of(void *directory)
{
    char *p = directory;

    return (struct scenario *)(void *)(p -
                                       offsetof(struct scenario, directory));
}

static struct directory_query *lookup(struct directory *d, const char *id,
                                      const char *caller, const char *call,
                                      directory_h *h, void *arg)
{
    struct scenario *t = scenario_of(d);
    struct directory_query *q = t->queries;

    while (q->h)
        q++;
    assert_true(q < t->queries + QUERIES_MAX);
    *q = (struct directory_query){t, h, arg};
    record(t, "lookup %s by %s", id, caller);
    return q;
}

static void cancel(struct directory_query *q)
{
    assert_non_null(q->h);
    q->h = NULL;
    record(q->t, "cancel-lookup");
}

const struct directory_ops scripted_directory_ops = {
    .lookup = lookup,
    .cancel = cancel,
};

void killed_and_restarted(struct scenario *t)
{
    killed_for(t, 0);
}
