#include "gateway.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include <event2/event.h>

#include "base/timer.h"
#include "call/calls.h"
#include "call/keys.h"
#include "directory/directory.h"
#include "engine/embedded/embedded.h"
#include "engine/freeswitch/freeswitch.h"
#include "http/http.h"
#include "monitor/monitor.h"
#include "monitor/watch.h"
#include "notify.h"
#include "version.h"

enum { GOODBYE_MS = 3000 }; /* for BYEs to be answered */

enum phase { PHASE_RUN, PHASE_DRAIN, PHASE_END, PHASE_DONE };

enum { SIGNALS = 3 };
static const int signals[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

struct gateway {
    const struct config *cfg;
    struct log *log;
    struct event_base *base;
    struct timers *timers;
    struct monitor *monitor;
    struct watch *watch;
    struct directory *directory;
    struct engine *engine;
    struct calls *calls;
    struct http *http;
    struct event *tick; /* wakes the loop for the next timer */
    struct event *signals[SIGNALS];
    struct timer stop; /* end of the drain, of the goodbyes */
    struct timer watchdog;
    uint64_t watchdog_ms;
    enum phase phase;
};

static const struct {
    const char *name;
    int (*alloc)(struct engine **ep, const struct config *cfg,
                 struct event_base *base, struct timers *timers,
                 struct log *log, engine_event_h *h, void *arg);
} engines[] = {
    [CONFIG_ENGINE_EMBEDDED] = {"embedded", embedded_alloc},
    [CONFIG_ENGINE_FREESWITCH] = {"freeswitch", freeswitch_alloc},
};

int gateway_check(const struct config *cfg, FILE *told)
{
    const char *why = NULL;
    struct keys keys;
    int err = 0;

    if (!engines[cfg->engine].alloc) {
        fprintf(told,
                "error: JIGATE_ENGINE: %s is not available in this version; "
                "expected embedded, and no FREESWITCH_SERVER with auto\n",
                engines[cfg->engine].name);
        err = EINVAL;
    }
    if (keys_parse(&keys, cfg->keys, strlen(cfg->keys), &why)) {
        fprintf(told,
                "error: JIGATE_KEYS: expected a list such as "
                "*6=mute,*9=hand, got \"%s\": %s\n",
                cfg->keys, why);
        err = EINVAL;
    }
    return err;
}

static uint64_t clock_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void engine_h(const struct engine_event *ev, void *arg)
{
    struct gateway *g = arg;

    if (g->calls)
        calls_event(ev, g->calls);
}

static void monitor_h(const struct monitor_event *ev, void *arg)
{
    struct gateway *g = arg;

    monitor_event(ev, g->monitor);
    watch_event(ev, g->watch);
}

/* ---- the end ---- */

static void done_h(void *arg)
{
    struct gateway *g = arg;

    g->phase = PHASE_DONE;
}

static void end_calls(struct gateway *g)
{
    log_line(g->log, LOG_INFO, NULL, "ending calls=%zu",
             calls_count(g->calls));
    g->phase = PHASE_END;
    calls_end(g->calls);
    timer_start(g->timers, &g->stop, GOODBYE_MS, done_h, g);
}

static void drain_timeout_h(void *arg)
{
    end_calls(arg);
}

static void drain(struct gateway *g)
{
    log_line(g->log, LOG_INFO, NULL,
             "told to stop: calls may go on for %u s, a second signal ends "
             "them",
             g->cfg->drain_timeout_s);
    notify("STOPPING=1");
    g->phase = PHASE_DRAIN;
    calls_drain(g->calls);
    timer_start(g->timers, &g->stop, (uint64_t)g->cfg->drain_timeout_s * 1000,
                drain_timeout_h, g);
}

static void signal_h(evutil_socket_t number, short what, void *arg)
{
    struct gateway *g = arg;

    if (number == SIGHUP)
        log_line(g->log, LOG_INFO, NULL,
                 "SIGHUP: settings are read at the start; restart to apply "
                 "new ones");
    else if (g->phase == PHASE_RUN)
        drain(g);
    else if (g->phase == PHASE_DRAIN)
        end_calls(g);
    else
        g->phase = PHASE_DONE;
}

/* ---- the start ---- */

static void watchdog_h(void *arg)
{
    struct gateway *g = arg;

    notify("WATCHDOG=1");
    timer_start(g->timers, &g->watchdog, g->watchdog_ms, watchdog_h, g);
}

static void tick_h(evutil_socket_t fd, short what, void *arg)
{
    /* gateway_run() turns the timers after each turn of the loop */
}

static int make_loop(struct gateway *g)
{
    struct event_config *ec = event_config_new();

    if (!ec)
        return ENOMEM;
    event_config_set_flag(ec, EVENT_BASE_FLAG_PRECISE_TIMER);
    g->base = event_base_new_with_config(ec);
    event_config_free(ec);
    if (!g->base || timers_alloc(&g->timers, clock_ms()))
        return ENOMEM;
    timers_set_clock(g->timers, clock_ms);
    g->tick = evtimer_new(g->base, tick_h, g);
    signal(SIGPIPE, SIG_IGN); /* a peer that went is told by EPIPE */
    for (size_t i = 0; i < SIGNALS; i++) {
        /* what holds again once libevent lets go: an end that is under way
           is not cut short */
        signal(signals[i], SIG_IGN);
        g->signals[i] = evsignal_new(g->base, signals[i], signal_h, g);
        if (!g->signals[i] || event_add(g->signals[i], NULL))
            return ENOMEM;
    }
    return g->tick ? 0 : ENOMEM;
}

static void make_state_dir(struct gateway *g)
{
    const char *dir = g->cfg->state_dir;
    int err = mkdir(dir, 0750) && errno != EEXIST ? errno : 0;

    if (!err)
        err = config_state_dir_try(dir);
    if (err)
        log_line(g->log, LOG_WARN, NULL,
                 "state folder %s cannot be made or written to: %s; "
                 "registrations will not outlive a restart; make it one of "
                 "this user, or name another by JIGATE_STATE_DIR",
                 dir, strerror(err));
}

static int make_calls(struct gateway *g)
{
    struct calls_deps deps = {
        .cfg = g->cfg,
        .engine = g->engine,
        .timers = g->timers,
        .directory = g->directory,
        .log = g->log,
        .monitor_h = monitor_h,
        .monitor_arg = g,
    };

    return calls_alloc(&g->calls, &deps);
}

static int make_parts(struct gateway *g)
{
    const struct config *cfg = g->cfg;
    int err = make_loop(g);

    if (!err)
        err = monitor_alloc(&g->monitor);
    if (!err)
        err = watch_alloc(&g->watch, cfg, g->timers, g->log);
    if (!err)
        err = directory_alloc(&g->directory, cfg, g->base, g->log);
    if (!err)
        err = engines[cfg->engine].alloc(&g->engine, cfg, g->base, g->timers,
                                         g->log, engine_h, g);
    if (!err)
        err = make_calls(g);
    if (!err)
        err = http_alloc(&g->http, g->base, g->monitor, cfg->rest_address,
                         cfg->rest_port, g->log);
    return err ? err : engine_start(g->engine);
}

int gateway_alloc(struct gateway **gp, const struct config *cfg,
                  struct log *log)
{
    struct gateway *g = calloc(1, sizeof(*g));
    int err;

    if (!g)
        return ENOMEM;
    g->cfg = cfg;
    g->log = log;
    if (cfg->engine == CONFIG_ENGINE_EMBEDDED)
        make_state_dir(g);
    err = make_parts(g);
    if (err) {
        log_line(log, LOG_ERROR, NULL, "not started: %s", strerror(err));
        gateway_free(g);
        return err;
    }
    log_line(log, LOG_INFO, NULL,
             "started version=%s engine=%s external_ip=%s external_port=%u "
             "advertised=%s "
             "internal_ip=%s internal_port=%u rtp=%u-%u internal_rtp=%u-%u "
             "rest=%s rest_port=%u",
             JIGATE_VERSION, engines[cfg->engine].name, cfg->external_ip,
             cfg->external_sip_port, cfg->external_ext_ip, cfg->internal_ip,
             cfg->internal_sip_port, cfg->rtp_start_port, cfg->rtp_end_port,
             cfg->internal_rtp_start_port, cfg->internal_rtp_end_port,
             cfg->rest_address, cfg->rest_port);
    *gp = g;
    return 0;
}

/* Wake the loop in time for the next timer. */
static void arm(struct gateway *g)
{
    uint64_t ms = timers_wait(g->timers);
    struct timeval tv = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000)};

    if (ms == UINT64_MAX)
        evtimer_del(g->tick);
    else
        evtimer_add(g->tick, &tv);
}

void gateway_run(struct gateway *g)
{
    g->watchdog_ms = notify_watchdog_ms();
    if (g->watchdog_ms)
        watchdog_h(g);
    notify("READY=1");
    while (g->phase != PHASE_DONE) {
        arm(g);
        event_base_loop(g->base, EVLOOP_ONCE);
        timers_run(g->timers, clock_ms());
        if (g->phase != PHASE_RUN && !calls_count(g->calls))
            g->phase = PHASE_DONE;
    }
    log_line(g->log, LOG_INFO, NULL, "stopping calls=%zu",
             calls_count(g->calls));
}

void gateway_free(struct gateway *g)
{
    if (!g)
        return;
    http_free(g->http);
    calls_free(g->calls);
    g->calls = NULL;
    engine_stop(g->engine);
    directory_free(g->directory);
    watch_free(g->watch);
    monitor_free(g->monitor);
    timer_stop(&g->stop);
    timer_stop(&g->watchdog);
    timers_free(g->timers);
    for (size_t i = 0; i < SIGNALS; i++)
        if (g->signals[i])
            event_free(g->signals[i]);
    if (g->tick)
        event_free(g->tick);
    if (g->base)
        event_base_free(g->base);
    free(g);
}
