#include "esl_rig.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t skipped; /* ms that nobody had to wait for */

uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000 +
           skipped;
}

static void up_h(void *arg)
{
    ((struct rig *)arg)->ups++;
}

static void down_h(void *arg)
{
    ((struct rig *)arg)->downs++;
}

static void event_h(const struct esl_event *ev, void *arg)
{
    struct rig *r = arg;

    r->events++;
    r->last = ev->name;
}

void done_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct rig *r = arg;

    r->done++;
    r->ok = ok;
    assert_int_equal(ref, 77);
    snprintf(r->text, sizeof(r->text), "%.*s", (int)text.len, text.p);
}

void spin(struct rig *r)
{
    struct timespec ms = {0, 1000000};
    ssize_t n;

    event_base_loop(r->base, EVLOOP_NONBLOCK);
    timers_run(r->timers, now_ms());
    if (r->peer >= 0) {
        n = recv(r->peer, r->got + r->n_got, sizeof(r->got) - r->n_got - 1,
                 MSG_DONTWAIT);
        r->n_got += n > 0 ? (size_t)n : 0;
        r->got[r->n_got] = '\0';
    }
    nanosleep(&ms, NULL);
}

void server_listen(struct rig *r)
{
    struct sockaddr_in sin = {.sin_family = AF_INET,
                              .sin_port = htons((uint16_t)r->port)};
    socklen_t len = sizeof(sin);
    const int on = 1;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    r->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(r->listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(
        bind(r->listener, (struct sockaddr *)(void *)&sin, sizeof(sin)), 0);
    assert_int_equal(listen(r->listener, 1), 0);
    getsockname(r->listener, (struct sockaddr *)(void *)&sin, &len);
    r->port = ntohs(sin.sin_port);
}

void say(struct rig *r, const char *text)
{
    assert_int_equal(send(r->peer, text, strlen(text), MSG_NOSIGNAL),
                     strlen(text));
}

static bool try_accept(struct rig *r)
{
    if (r->peer < 0)
        r->peer = accept(r->listener, NULL, NULL);
    return r->peer >= 0;
}

bool is_closed(struct rig *r)
{
    char c;

    return recv(r->peer, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

void accept_client(struct rig *r)
{
    r->n_got = 0;
    r->got[0] = '\0';
    r->peer = -1;
    for (int i = 0; i < 1000 && !try_accept(r); i++) {
        skipped += 20; /* longer than any delay in all */
        spin(r);
    }
    assert_true(r->peer >= 0);
}

void log_in(struct rig *r)
{
    int ups = r->ups;

    accept_client(r);
    say(r, "Content-Type: auth/request\n\n");
    UNTIL(r, strstr(r->got, "auth secret\n\n"));
    say(r, "Content-Type: command/reply\nReply-Text: +OK accepted\n\n");
    UNTIL(r, strstr(r->got, "event plain "));
    assert_int_equal(r->ups, ups);
    say(r, "Content-Type: command/reply\nReply-Text: +OK event listener "
           "enabled plain\n\n");
    UNTIL(r, r->ups == ups + 1);
    r->n_got = 0;
}

struct esl_client_config rig_config(struct rig *r)
{
    return (struct esl_client_config){
        .base = r->base,
        .timers = r->timers,
        .log = r->log,
        .host = "127.0.0.1",
        .port = r->port,
        .password = "secret",
        .up = up_h,
        .down = down_h,
        .event = event_h,
        .arg = r,
    };
}

int rig_setup(void **state)
{
    static struct rig rig;
    struct esl_client_config cfg;
    struct rig *r = &rig;

    memset(r, 0, sizeof(*r));
    r->peer = -1;
    r->log_file = tmpfile();
    if (!r->log_file || log_alloc(&r->log, fileno(r->log_file), LOG_DEBUG))
        return -1;
    r->base = event_base_new();
    timers_alloc(&r->timers, now_ms());
    timers_set_clock(r->timers, now_ms);
    server_listen(r);
    cfg = rig_config(r);
    *state = r;
    if (esl_client_alloc(&r->client, &cfg))
        return -1;
    esl_client_start(r->client);
    return 0;
}

int rig_teardown(void **state)
{
    struct rig *r = *state;

    esl_client_free(r->client);
    log_free(r->log);
    fclose(r->log_file);
    timers_free(r->timers);
    event_base_free(r->base);
    close(r->listener);
    if (r->peer >= 0)
        close(r->peer);
    return 0;
}

/* Whether the log holds a text, and how often. */
unsigned logged(struct rig *r, const char *text)
{
    static char all[65536];
    unsigned n = 0;
    ssize_t len = pread(fileno(r->log_file), all, sizeof(all) - 1, 0);

    assert_true(len >= 0);
    all[len] = '\0';
    for (const char *p = all; (p = strstr(p, text)); p++)
        n++;
    return n;
}

void stall(uint64_t ms)
{
    skipped += ms;
}

/* In steps, as time goes: timers start from when the last one was due. */
void forward(struct rig *r, uint64_t ms)
{
    while (ms) {
        uint64_t step = ms < 50 ? ms : 50;

        skipped += step;
        ms -= step;
        spin(r);
    }
    spin(r);
}

void hang_up(struct rig *r)
{
    close(r->peer);
    r->peer = -1;
}
