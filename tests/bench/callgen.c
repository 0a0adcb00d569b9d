/*
 * callgen: a load of calls for the gateway from both ends. It registers as
 * Jigasi at the internal side and as phones at the external side, places
 * calls, sends marked G.711 both ways, and says what came through.
 *
 * With --voice both ends say a voice instead, in codecs of their own, that was
 * encoded before the first call; so a gateway that encodes anew is measured.
 *
 * Prints "NAME VALUE UNIT" lines. Exit: 0 all calls did as they should,
 * 1 some did not, 2 it could not be run.
 */
#include "run.h"

#include <err.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

static uint64_t clock_in(clockid_t id, uint64_t per_s)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (uint64_t)ts.tv_sec * per_s +
           (uint64_t)ts.tv_nsec / (1000000000u / per_s);
}

uint64_t now_ms(void)
{
    return clock_in(CLOCK_MONOTONIC, 1000);
}

uint64_t now_us(void)
{
    return clock_in(CLOCK_MONOTONIC, 1000000);
}

uint64_t now_ns(void)
{
    return clock_in(CLOCK_REALTIME, 1000000000);
}

/* ---- phases: each returns true when it is over ---- */

enum {
    DRAIN_S = 1,
    LONG_S = 60, /* so long the machine may stand still, too */
};

static double in_phase(const struct run *r)
{
    return (double)(r->ms - r->phase_at) / 1000;
}

static bool registering(struct run *r)
{
    struct load *l = &r->load;

    if (r->opt.relay.sin_port)
        return true;
    for (unsigned end = PHONE; end <= JIGASI; end++)
        for (size_t i = 0; i < l->n_sources[end]; i++)
            if (!l->sources[end][i].registered &&
                l->sources[end][i].peer.sin_port) {
                if (in_phase(r) > 10)
                    errx(1, "no answer to REGISTER as %s",
                         l->sources[end][i].auth.user);
                return false;
            }
    return true;
}

/* The gateway pings new contacts before it counts on them. */
static bool resting(struct run *r)
{
    if (in_phase(r) < 1)
        return false;
    r->rss_idle = rss_kb(r->opt.watch);
    if (r->opt.mode == SETUP)
        measure_from(r);
    return true;
}

static void relay_call(struct run *r, struct call *c, size_t i)
{
    struct sockaddr_in to = r->opt.relay;
    unsigned port = ntohs(to.sin_port) + (unsigned)i * 4;

    for (unsigned end = PHONE; end <= JIGASI; end++) {
        to.sin_port = htons((uint16_t)(port + 2 * end));
        audio_start(&r->load, c, (enum end_name)end, to,
                    codec_pt(r->load.codec[end]));
    }
    r->load.up++;
}

/* How many calls should have been placed by now. */
static double due_now(const struct run *r)
{
    double t = in_phase(r), waves = 0;

    if (r->opt.wave) {
        waves = floor(t / r->opt.pause);
        t -= waves * r->opt.pause;
    }
    if (r->opt.rate <= 0)
        return 1e9;
    t = t * r->opt.rate + 1;
    if (!r->opt.wave)
        return t;
    return (waves + fmin(t / (double)r->opt.wave, 1)) * (double)r->opt.wave;
}

static bool placing(struct run *r)
{
    struct load *l = &r->load;
    double due = due_now(r);
    size_t over = r->opt.mode == SETUP ? l->done : l->up;

    while (r->started < l->n_calls && (double)r->started < due &&
           r->started < over + l->failed + r->opt.parallel) {
        struct call *c = &l->calls[r->started];

        if (r->opt.relay.sin_port)
            relay_call(r, c, r->started);
        else
            call_start(l, c);
        r->started++;
        over = r->opt.mode == SETUP ? l->done : l->up;
    }
    return r->started == l->n_calls && l->up + l->failed >= l->n_calls;
}

/* Calls of the set-up test end as soon as both ends are up. */
static bool placing_and_ending(struct run *r)
{
    struct load *l = &r->load;

    placing(r);
    for (size_t i = 0; i < r->started; i++)
        if (l->calls[i].joined && l->calls[i].answered)
            call_end(&l->calls[i]);
    if (l->done + l->failed < l->n_calls)
        return false;
    measure_to(r);
    return true;
}

/* Prompts are played over the beginning of a call: wait until they ended. */
static bool settling(struct run *r)
{
    if (in_phase(r) < r->opt.settle)
        return false;
    r->rss_held = rss_kb(r->opt.watch);
    puts("held");
    fflush(stdout);
    measure_from(r);
    if (r->opt.mode == HOLD)
        audio_window(&r->load, true);
    r->rss_at = r->ms + 60000;
    return true;
}

/* Whether memory grows after the first minute. */
static void rss_follow(struct run *r)
{
    long kb;

    if (r->ms < r->rss_at)
        return;
    kb = rss_kb(r->opt.watch);
    if (!r->rss_minute)
        r->rss_minute = kb;
    if (kb > r->rss_most)
        r->rss_most = kb;
    r->rss_at = r->ms + 1000;
}

static bool holding(struct run *r)
{
    rss_follow(r);
    if (in_phase(r) < r->opt.seconds)
        return false;
    measure_to(r);
    audio_window(&r->load, false);
    return true;
}

/* What the gateway still had of the window may come: it would be lost where
   the call is over. */
static bool draining(struct run *r)
{
    return in_phase(r) >= DRAIN_S;
}

/* Both the key and the INFO are through: how long did it take? */
static void take_sample(struct run *r, struct call *c)
{
    const struct keying *k = &c->leg[PHONE].flow.keying;

    if (!c->key_waiting || !c->info_ns || !k->end_ns || k->keys)
        return;
    samples_add(&r->load.press, (double)(c->info_ns - k->press_ns) / 1e6);
    samples_add(&r->load.release,
                ((double)c->info_ns - (double)k->end_ns) / 1e6);
    c->key_waiting = false;
    c->key_at = r->ms + 400;
}

static bool keying(struct run *r)
{
    struct load *l = &r->load;
    bool busy = false;

    for (size_t i = 0; i < l->n_calls; i++) {
        struct call *c = &l->calls[i];

        take_sample(r, c);
        if (c->key_waiting && r->ms > c->key_at) {
            warnx("call %zu: no INFO within 3 s of *6", i);
            c->key_waiting = false;
        }
        if (!c->key_waiting && r->keyed < r->opt.count && r->ms >= c->key_at &&
            c->leg[PHONE].state == LEG_UP) {
            if (!c->key_at) { /* calls take turns */
                c->key_at = r->ms + 1 + i * 17 % 500;
                busy = true;
                continue;
            }
            r->keyed++;
            c->info_ns = 0;
            audio_key(c, "*6");
            c->key_waiting = true;
            c->key_at = r->ms + 3500;
        }
        busy |= c->key_waiting;
    }
    if (busy || r->keyed < r->opt.count)
        return false;
    measure_to(r);
    return true;
}

static bool ending(struct run *r)
{
    struct load *l = &r->load;
    size_t i = (size_t)(in_phase(r) * 500);

    for (i = i < r->started ? i : r->started; i-- > 0;)
        call_end(&l->calls[i]);
    if (r->opt.relay.sin_port)
        return in_phase(r) > 0.3;
    if (l->done + l->failed >= l->n_calls)
        return true;
    if (in_phase(r) < 10 + (double)l->n_calls / 500)
        return false;
    warnx("%zu calls did not end at both ends", l->n_calls - l->done);
    l->failed += l->n_calls - l->done;
    return true;
}

typedef bool phase_f(struct run *r);

static phase_f *const phases[][8] = {
    [HOLD] = {registering, resting, placing, settling, holding, draining,
              ending},
    [SETUP] = {registering, resting, placing_and_ending},
    [KEYS] = {registering, resting, placing, settling, keying, ending},
};

/* ---- the loop ---- */

static void dispatch(struct run *r, uint64_t what)
{
    struct load *l = &r->load;
    uint64_t ticks = 0;

    if (what >= 0x1000) {
        what -= 0x1000;
        source_read(l, &l->sources[what / SOURCES][what % SOURCES]);
    } else if (read(r->timer, &ticks, sizeof(ticks)) == sizeof(ticks)) {
        while (ticks-- > 0 && r->opt.mode != SETUP)
            audio_tick(l);
        audio_read(l);
    }
}

static void loop(struct run *r)
{
    size_t phase = 0;
    uint64_t poll_at = 0;
    struct epoll_event ev[64];

    r->phase_at = now_ms();
    while (phases[r->opt.mode][phase]) {
        int n = epoll_wait(r->load.epoll, ev, 64, 5);

        r->ms = now_ms();
        for (int i = 0; i < n; i++)
            dispatch(r, ev[i].data.u64);
        if (r->ms >= poll_at) {
            calls_poll(&r->load);
            poll_at = r->ms + 10;
        }
        if (r->ms > r->deadline)
            errx(1,
                 "not done in time: %zu started, %zu up, %zu failed, %zu "
                 "ended",
                 r->started, r->load.up, r->load.failed, r->load.done);
        if (phases[r->opt.mode][phase](r)) {
            phase++;
            r->phase_at = r->ms;
        }
    }
}

static void open_ends(struct run *r)
{
    const struct options *o = &r->opt;
    struct sockaddr_in self = {.sin_family = AF_INET};

    audio_open(&r->load, o->address);
    if (o->relay.sin_port)
        return;
    self.sin_addr = o->address[JIGASI];
    source_open(&r->load, JIGASI, self, o->internal, "jigasi",
                o->jigasi_password);
    for (size_t i = 0; i < o->sources; i++) {
        self.sin_addr.s_addr =
            htonl(ntohl(o->address[PHONE].s_addr) + (uint32_t)i);
        source_open(&r->load, PHONE, self,
                    o->direct ? r->load.sources[JIGASI][0].self : o->gateway,
                    o->user, o->password);
    }
}

static void open_timer(struct run *r)
{
    struct itimerspec ms = {{0, 1000000}, {0, 1000000}};
    struct epoll_event ev = {.events = EPOLLIN};

    r->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (r->timer < 0 || timerfd_settime(r->timer, 0, &ms, NULL) ||
        epoll_ctl(r->load.epoll, EPOLL_CTL_ADD, r->timer, &ev))
        err(2, "timer");
}

int main(int argc, char **argv)
{
    static struct run run;
    struct run *r = &run;
    const struct options *o = &r->opt;
    bool good;

    options(r, argc, argv);
    r->load.n_calls = o->calls;
    r->load.calls = calloc(o->calls, sizeof(*r->load.calls));
    r->load.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (!r->load.calls || r->load.epoll < 0)
        err(2, "start");
    if (o->voice)
        listen_open(&r->load, o->voice);
    open_ends(r);
    open_timer(r);
    stall_init(&r->stall);
    if (o->seconds >= LONG_S)
        stall_watch(&r->stall);
    r->deadline =
        now_ms() + 60000 + (uint64_t)((o->seconds + o->settle) * 1000) +
        (uint64_t)(o->rate > 0 ? (double)o->calls * 1000 / o->rate
                               : (double)o->calls * 20) +
        o->count * 1000 / o->calls +
        (o->wave ? (uint64_t)(o->pause * 1000) * o->calls / o->wave : 0);
    loop(r);
    good = report(r);
    listen_close(&r->load);
    free(r->load.calls);
    free(r->load.setup.v);
    free(r->load.join.v);
    free(r->load.press.v);
    free(r->load.release.v);
    return good ? 0 : 1;
}
