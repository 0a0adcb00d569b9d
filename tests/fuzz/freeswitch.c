/*
 * A FreeSWITCH that says anything: the client and the engine on a socket pair
 * whose other end writes the input, in pieces. The first byte chooses whether
 * it lets us log in, and how large the pieces are. Job-UUIDs begin with
 * "11111111-1", for a server that wants to answer.
 *
 * Checked: what engine.h promises of legs, and that every command that goes
 * out is one of those that we send, whatever text came in.
 */
#include <errno.h>
#include <event2/event.h>
#include <event2/util.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/freeswitch/esl_connect.h"
#include "engine/freeswitch/freeswitch.h"
#include "fuzz.h"

enum { LEGS = 256, OUT_MAX = 1 << 20 };

/* ---- in place of the network and of chance ---- */

struct esl_connect {
    esl_connect_h *h;
    void *arg;
};

static int server = -1; /* the other end */

int esl_connect_alloc(struct esl_connect **cp, struct event_base *base,
                      struct timers *timers, const char *host, unsigned port,
                      esl_connect_h *h, void *arg)
{
    *cp = calloc(1, sizeof(**cp));
    if (!*cp)
        return ENOMEM;
    (*cp)->h = h;
    (*cp)->arg = arg;
    return 0;
}

void esl_connect_free(struct esl_connect *c)
{
    free(c);
}

/* One connection an input: later ones find nobody. */
void esl_connect_begin(struct esl_connect *c)
{
    int pair[2];

    if (server >= 0) {
        c->h(-1, "nobody there", true, c->arg);
        return;
    }
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair))
        abort();
    server = pair[1];
    c->h(pair[0], NULL, false, c->arg);
}

void evutil_secure_rng_get_bytes(void *buf, size_t n)
{
    memset(buf, 0x11, n);
}

/* ---- what the engine tells ---- */

struct run {
    struct engine *engine;
    engine_leg legs[LEGS];
    size_t n;
};

static size_t find(const struct run *r, engine_leg leg)
{
    size_t i = 0;

    while (i < r->n && r->legs[i] != leg)
        i++;
    return i;
}

static void add(struct run *r, engine_leg leg)
{
    PROMISE(leg != 0 && find(r, leg) == r->n);
    if (r->n < LEGS)
        r->legs[r->n++] = leg;
}

static void offered(struct run *r, const struct engine_event *ev)
{
    static const char *const keys[] = {"*6", "12#"};
    static const char *const prompts[] = {"welcome"};
    const struct engine_header headers[] = {
        {"Jitsi-Conference-Room", ev->offered.to},
        {"X-Name", ev->offered.caller_name},
        {"X-Number", ev->offered.caller_number}};
    const struct engine_dial d = {.for_leg = ev->leg,
                                  .contact = "sip:jigasi@192.0.2.1",
                                  .caller_name = ev->offered.caller_name,
                                  .call = ev->offered.call,
                                  .headers = headers,
                                  .n_headers = 3};
    const struct engine_play play = {
        .prompts = prompts, .n_prompts = 1, .loop_from = -1};
    engine_leg leg;

    PROMISE(strlen(ev->offered.call) < ENGINE_CALL_ID_MAX);
    add(r, ev->leg);
    engine_answer(r->engine, ev->leg);
    engine_bind(r->engine, ev->leg, keys, 2, 100);
    engine_play(r->engine, ev->leg, &play);
    engine_mute(r->engine, ev->leg, true);
    engine_note(r->engine, ev->leg, "note");
    leg = engine_dial(r->engine, &d);
    if (leg)
        add(r, leg);
}

static void tell_h(const struct engine_event *ev, void *arg)
{
    struct run *r = arg;
    size_t i = find(r, ev->leg);

    PROMISE(ev->type <= ENGINE_GONE);
    if (ev->type == ENGINE_OFFERED) {
        offered(r, ev);
    } else if (ev->type == ENGINE_RECOVERED) {
        add(r, ev->leg);
        if (ev->recovered.peer && find(r, ev->recovered.peer) == r->n)
            add(r, ev->recovered.peer);
    } else if (ev->leg) {
        PROMISE(i < r->n || r->n == LEGS);
    }
    if (ev->type == ENGINE_INFO) {
        PROMISE(ev->info.len <= ENGINE_INFO_MAX);
        engine_info(r->engine, ev->leg, ev->info.type, ev->info.body,
                    ev->info.len);
    }
    if (ev->type == ENGINE_ANSWERED && r->n > 1)
        engine_bridge(r->engine, r->legs[0], r->legs[1]);
    if (ev->type == ENGINE_GONE && i < r->n)
        r->legs[i] = r->legs[--r->n];
}

/* ---- what goes out ---- */

static char out[OUT_MAX];
static size_t n_out;

static void drain(void)
{
    ssize_t n;

    while (n_out < OUT_MAX &&
           (n = recv(server, out + n_out, OUT_MAX - n_out, 0)) > 0)
        n_out += (size_t)n;
}

static bool begins(const char *p, const char *end, const char *with)
{
    size_t n = strlen(with);

    return (size_t)(end - p) >= n && !memcmp(p, with, n);
}

static size_t body_length(const char *p, const char *end)
{
    static const char name[] = "\ncontent-length: ";
    const char *at = memmem(p, (size_t)(end - p), name, sizeof(name) - 1);

    return at ? strtoul(at + sizeof(name) - 1, NULL, 10) : 0;
}

/* Whole commands; the last one may be cut. */
static void check_commands(void)
{
    const char *p = out, *end = out + n_out;

    while (p < end) {
        const char *stop = memmem(p, (size_t)(end - p), "\n\n", 2);
        size_t body;

        if (!stop)
            return;
        PROMISE(begins(p, end, "auth secret\n\n") ||
                begins(p, end, "event plain ") ||
                begins(p, end, "bgapi uuid_") ||
                begins(p, end, "bgapi uptime ms\n") ||
                begins(p, end, "bgapi originate {") ||
                begins(p, end, "bgapi show channels as json\n") ||
                begins(p, end, "bgapi sofia xmlstatus") ||
                begins(p, end, "bgapi sofia ") || begins(p, end, "sendmsg ") ||
                begins(p, end, "sendevent SEND_INFO\n"));
        body = body_length(p, stop + 1);
        if (body > (size_t)(end - stop - 2))
            return;
        p = stop + 2 + body;
    }
}

/* ---- the server ---- */

static void turn(struct event_base *base)
{
    event_base_loop(base, EVLOOP_NONBLOCK);
    drain();
}

static void say(struct event_base *base, const char *p, size_t len,
                size_t piece)
{
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;

        if (send(server, p + at, n, MSG_NOSIGNAL) != (ssize_t)n)
            return; /* it hung up */
        turn(base);
    }
}

static void log_in(struct event_base *base)
{
    static const char *const steps[] = {
        "Content-Type: auth/request\n\n",
        "Content-Type: command/reply\nReply-Text: +OK accepted\n\n",
        "Content-Type: command/reply\nReply-Text: +OK event listener enabled "
        "plain\n\n"};

    for (int i = 0; i < 3; i++)
        say(base, steps[i], strlen(steps[i]), 4096);
}

/* Synchronised, so that calls are taken: answers to the four questions. */
static void settle(struct event_base *base)
{
    static const char reply[] = "Content-Type: command/reply\n"
                                "Reply-Text: +OK\n\n";

    for (int i = 1; i <= 4; i++) {
        char text[256], body[128];
        int n = snprintf(body, sizeof(body),
                         "Event-Name: BACKGROUND_JOB\n"
                         "Job-UUID: 11111111-%d\nContent-Length: 4\n\n+OK\n",
                         i);

        n = snprintf(text, sizeof(text),
                     "%sContent-Length: %d\n"
                     "Content-Type: text/event-plain\n\n%s",
                     reply, n, body);
        say(base, text, (size_t)n, 4096);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const size_t pieces[] = {1 << 20, 1, 7, 997};
    struct config cfg = {.freeswitch_server = "a",
                         .esl_port = 1,
                         .rtp_end_port = UINT16_MAX,
                         .external_ip = "127.0.0.1",
                         .internal_ip = "127.0.0.2",
                         .esl_password = "secret",
                         .jigasi_user = "jigasi",
                         .jigasi_codecs = "opus",
                         .language = "en",
                         .freeswitch_sounds_dir = "/sounds"};
    static struct event_base *base; /* one for all inputs: they are many */
    struct run r = {0};
    struct timers *timers;

    n_out = 0;
    if (!base)
        base = event_base_new();
    if (!len || !base || timers_alloc(&timers, 1000) ||
        freeswitch_alloc(&r.engine, &cfg, base, timers, NULL, tell_h, &r))
        return 0;
    if (!engine_start(r.engine)) {
        if (data[0] & 4)
            log_in(base);
        if (data[0] & 8)
            settle(base);
        say(base, (const char *)data + 1, len - 1, pieces[data[0] & 3]);
        timers_run(timers, 1500);
        turn(base);
        timers_run(timers, 15000); /* every reply is late */
        turn(base);
        check_commands();
    }
    engine_stop(r.engine);
    timers_free(timers);
    if (server >= 0)
        close(server);
    server = -1;
    event_base_loop(base, EVLOOP_NONBLOCK);
    return 0;
}
