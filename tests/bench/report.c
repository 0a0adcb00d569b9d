/* What a run cost and what came through. */
#include "run.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

void samples_add(struct samples *s, double v)
{
    if (s->n == s->size) {
        s->size = s->size ? 2 * s->size : 256;
        s->v = realloc(s->v, s->size * sizeof(*s->v));
        if (!s->v)
            err(2, "samples");
    }
    s->v[s->n++] = v;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double samples_at(struct samples *s, double share)
{
    size_t i = (size_t)(share * (double)s->n);

    if (!s->n)
        return 0;
    qsort(s->v, s->n, sizeof(*s->v), by_value);
    return s->v[i < s->n ? i : s->n - 1];
}

static double cpu_of(pid_t pid)
{
    char path[64], line[1024];
    unsigned long user, sys;
    char *p;
    FILE *f;

    if (!pid)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    f = fopen(path, "r");
    if (!f || !fgets(line, sizeof(line), f))
        errx(1, "process %d is gone", (int)pid);
    fclose(f);
    p = strrchr(line, ')');
    if (!p || sscanf(p,
                     ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu "
                     "%lu",
                     &user, &sys) != 2)
        errx(2, "%s: not understood", path);
    return (double)(user + sys) / (double)sysconf(_SC_CLK_TCK);
}

long rss_kb(pid_t pid)
{
    char path[64];
    long pages = 0;
    FILE *f;

    if (!pid)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
    f = fopen(path, "r");
    if (!f || fscanf(f, "%*d %ld", &pages) != 1)
        errx(1, "process %d is gone", (int)pid);
    fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static double own_cpu(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

/* Of all cores, in s, since the machine started. The kernel keeps this time
   to the microsecond; what it says of the busy time it samples at its ticks,
   which programs that work by a clock are beside. */
static double machine_idle(void)
{
    unsigned long long idle, waiting;
    FILE *f = fopen("/proc/stat", "r");

    if (!f || fscanf(f, "cpu %*u %*u %*u %llu %llu", &idle, &waiting) != 2)
        errx(2, "/proc/stat: not understood");
    fclose(f);
    return (double)(idle + waiting) / (double)sysconf(_SC_CLK_TCK);
}

void measure_from(struct run *r)
{
    r->idle_from = machine_idle();
    r->cpu_from = cpu_of(r->opt.watch);
    r->own_from = own_cpu();
    r->from_us = now_us();
    stall_forget(&r->stall);
}

void measure_to(struct run *r)
{
    r->to_us = now_us();
    r->idle_to = machine_idle();
    r->cpu_to = cpu_of(r->opt.watch);
    r->own_to = own_cpu();
    r->stall_ms = stall_longest(&r->stall);
}

static void say(const char *name, double value, const char *unit)
{
    printf("%s %.*f %s\n", name, value == (double)(long)value ? 0 : 3, value,
           unit);
}

/* Packets of a stream that did not come. Those with a voice are the gateway's
   own, which is not told when we begin and end to count. */
static uint64_t lost(const struct load *l, const struct flow *tx,
                     const struct flow *rx, enum end_name from)
{
    enum { EDGES = 3 };
    uint32_t short_of = tx->sent > rx->received ? tx->sent - rx->received : 0;

    if (!l->voice[from])
        return short_of;
    short_of = short_of > rx->missing + EDGES ? short_of : rx->missing;
    return short_of;
}

/* A stream that ended early has a gap to the end. */
static uint64_t largest_gap(const struct load *l, const struct flow *rx)
{
    uint64_t since = rx->started ? rx->received_at : l->window_ns;
    uint64_t last = l->window_end_ns > since ? l->window_end_ns - since : 0;

    return last > rx->gap ? last : rx->gap;
}

static bool report_audio(struct run *r, enum end_name from)
{
    static const char *const names[] = {"phone_to_jigasi", "jigasi_to_phone"};
    struct load *l = &r->load;
    uint64_t sent = 0, got = 0, late = 0, wrong = 0, breaks = 0, gap = 0,
             send_gap = 0, worst = 0, all_lost = 0;
    bool loud = true;
    char name[64];

    for (size_t i = 0; i < l->n_calls; i++) {
        const struct flow *tx = &l->calls[i].leg[from].flow;
        const struct flow *rx = &l->calls[i].leg[!from].flow;
        uint64_t n = lost(l, tx, rx, from), g = largest_gap(l, rx);

        sent += tx->sent;
        got += rx->received;
        late += rx->late;
        wrong += rx->wrong;
        breaks += rx->breaks;
        gap = g > gap ? g : gap;
        send_gap = tx->send_gap > send_gap ? tx->send_gap : send_gap;
        all_lost += n;
        worst = n > worst ? n : worst;
    }
#define SAY(what, value, unit)                                                \
    do {                                                                      \
        snprintf(name, sizeof(name), "%s_%s", names[from], what);             \
        say(name, (double)(value), unit);                                     \
    } while (0)
    SAY("sent", sent, "packets");
    SAY("received", got, "packets");
    SAY("lost", all_lost, "packets");
    SAY("worst_call_lost", worst, "packets");
    SAY("late", late, "packets");
    SAY("wrong", wrong, "packets");
    SAY("breaks", breaks, "packets");
    SAY("gap", (double)gap / 1e6, "ms");
    SAY("send_gap", (double)send_gap / 1e6, "ms");
    if (l->voice[from]) {
        double level = listen_level(l, (enum end_name) !from);

        SAY("level", level, "times");
        loud = level > 0.5 && level < 2;
    }
#undef SAY
    return sent > 0 && got > 0 && !wrong && !breaks && loud;
}

static bool report_hold(struct run *r)
{
    struct load *l = &r->load;
    uint64_t all = 0, sum = 0, p99 = 0;
    bool good = report_audio(r, PHONE);

    good &= report_audio(r, JIGASI);
    for (unsigned i = 0; i <= TRANSIT_STEPS; i++)
        all += l->transit[i];
    for (; p99 <= TRANSIT_STEPS && sum < all - all / 100; p99++)
        sum += l->transit[p99];
    say("transit_p99", (double)(p99 * TRANSIT_STEP_US) / 1000, "ms");
    say("transit_max", (double)l->transit_max / 1e6, "ms");
    say("strangers", (double)l->strangers, "packets");
    return good && !l->strangers;
}

static void report_times(const char *what, struct samples *s)
{
    char name[64];

    snprintf(name, sizeof(name), "%s_median", what);
    say(name, samples_at(s, 0.5), "ms");
    snprintf(name, sizeof(name), "%s_p95", what);
    say(name, samples_at(s, 0.95), "ms");
    snprintf(name, sizeof(name), "%s_max", what);
    say(name, samples_at(s, 1), "ms");
}

bool report(struct run *r)
{
    struct load *l = &r->load;
    double seconds = (double)(r->to_us - r->from_us) / 1e6;
    bool good = l->failed == 0 && l->up == l->n_calls;

    say("calls", (double)l->n_calls, "calls");
    say("up", (double)l->up, "calls");
    say("failed", (double)l->failed, "calls");
    for (unsigned i = 0; i < 700; i++)
        if (l->first_status[i] && i)
            printf("status_%u %u calls\n", i, l->first_status[i]);
    say("extra_invites", (double)l->extra_invites, "requests");
    say("measured", seconds, "s");
    say("cpu", r->cpu_to - r->cpu_from, "s");
    say("callgen_cpu", r->own_to - r->own_from, "s");
    say("machine_busy",
        100 - 100 * (r->idle_to - r->idle_from) /
                  (seconds * (double)sysconf(_SC_NPROCESSORS_ONLN)),
        "%");
    if (r->stall_ms >= 0)
        say("machine_stall", r->stall_ms, "ms");
    if (!r->opt.relay.sin_port) {
        report_times("setup", &l->setup);
        report_times("join", &l->join);
    }
    if (r->opt.mode == SETUP) {
        say("setups_per_second", (double)l->done / seconds, "calls/s");
        return good;
    }
    say("rss_idle", (double)r->rss_idle, "kB");
    say("rss_held", (double)r->rss_held, "kB");
    if (r->rss_minute) {
        say("rss_minute", (double)r->rss_minute, "kB");
        say("rss_most", (double)r->rss_most, "kB");
    }
    if (r->opt.mode == HOLD)
        return report_hold(r) && good;
    say("keys", (double)l->press.n, "keys");
    report_times("key_press", &l->press);
    report_times("key_release", &l->release);
    return good && l->press.n == r->opt.count;
}
