/* The connection, against a server on a loopback socket of this process. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "engine/freeswitch/esl_client.h"

struct rig {
    struct event_base *base;
    struct timers *timers;
    struct esl_client *client;
    int listener, peer;
    unsigned port;
    char got[8192]; /* what the client wrote */
    size_t n_got;
    int ups, downs, events, done;
    bool ok;
    char text[64];
    enum esl_event_name last;
};

static uint64_t now_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
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

static void done_h(bool ok, struct slice text, uint64_t ref, void *arg)
{
    struct rig *r = arg;

    r->done++;
    r->ok = ok;
    assert_int_equal(ref, 77);
    snprintf(r->text, sizeof(r->text), "%.*s", (int)text.len, text.p);
}

static void spin(struct rig *r)
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

/* Until the condition holds; fails after 5 s. */
#define UNTIL(r, condition)                                                   \
    do {                                                                      \
        uint64_t until_end = now_ms() + 5000;                                 \
        while (!(condition) && now_ms() < until_end)                          \
            spin(r);                                                          \
        assert_true(condition);                                               \
    } while (0)

static void server_listen(struct rig *r)
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

static void say(struct rig *r, const char *text)
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

static bool is_closed(struct rig *r)
{
    char c;

    return recv(r->peer, &c, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static void accept_client(struct rig *r)
{
    r->n_got = 0;
    r->got[0] = '\0';
    r->peer = -1;
    UNTIL(r, try_accept(r));
}

static void log_in(struct rig *r)
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

static int setup(void **state)
{
    static struct rig rig;
    struct esl_client_config cfg;
    struct rig *r = &rig;

    memset(r, 0, sizeof(*r));
    r->peer = -1;
    r->base = event_base_new();
    timers_alloc(&r->timers, now_ms());
    timers_set_clock(r->timers, now_ms);
    server_listen(r);
    cfg = (struct esl_client_config){
        .base = r->base,
        .timers = r->timers,
        .host = "127.0.0.1",
        .port = r->port,
        .password = "secret",
        .up = up_h,
        .down = down_h,
        .event = event_h,
        .arg = r,
    };
    *state = r;
    if (esl_client_alloc(&r->client, &cfg))
        return -1;
    esl_client_start(r->client);
    return 0;
}

static int teardown(void **state)
{
    struct rig *r = *state;

    esl_client_free(r->client);
    timers_free(r->timers);
    event_base_free(r->base);
    close(r->listener);
    if (r->peer >= 0)
        close(r->peer);
    return 0;
}

static struct esl_command cmd;

static void it_logs_in_and_gets_events(void **state)
{
    struct rig *r = *state;

    log_in(r);
    say(r, "Content-Length: 18\nContent-Type: text/event-plain\n\n"
           "Event-Name: DTMF\n\n");
    UNTIL(r, r->events == 1);
    assert_int_equal(r->last, ESL_DTMF);
    assert_true(esl_client_is_up(r->client));
}

static void replies_come_in_order(void **state)
{
    struct rig *r = *state;

    log_in(r);
    assert_int_equal(esl_command_execute(&cmd, "u", "a", "", "e"), 0);
    assert_int_equal(esl_client_send(r->client, &cmd, NULL, NULL, 0), 0);
    assert_int_equal(esl_client_send(r->client, &cmd, done_h, r, 77), 0);
    say(r, "Content-Type: command/reply\nReply-Text: +OK\n\n"
           "Content-Type: command/reply\nReply-Text: -ERR no\n\n");
    UNTIL(r, r->done == 1);
    assert_false(r->ok);
    assert_string_equal(r->text, "-ERR no");
}

static void a_job_ends_with_its_event_and_no_other(void **state)
{
    struct rig *r = *state;
    char id[64], event[512], body[256];

    log_in(r);
    snprintf(id, sizeof(id), "%s", esl_client_job(r->client));
    assert_int_equal(esl_command_bgapi(&cmd, id, "status"), 0);
    assert_int_equal(esl_client_send_job(r->client, &cmd, 5000, done_h, r, 77),
                     0);
    say(r, "Content-Type: command/reply\nReply-Text: +OK Job-UUID: x\n\n");
    for (int i = 0; i < 2; i++) {
        snprintf(body, sizeof(body),
                 "Event-Name: BACKGROUND_JOB\nJob-UUID: %s%s\n"
                 "Content-Length: 4\n\n+OK\n",
                 i ? "" : "other-", id);
        snprintf(event, sizeof(event),
                 "Content-Length: %zu\nContent-Type: text/event-plain\n\n%s",
                 strlen(body), body);
        say(r, event);
    }
    UNTIL(r, r->done == 1);
    assert_true(r->ok);
    assert_string_equal(r->text, "+OK\n");
    assert_int_equal(r->events, 0);
}

static void a_job_that_takes_too_long_is_given_up(void **state)
{
    struct rig *r = *state;

    log_in(r);
    esl_command_bgapi(&cmd, esl_client_job(r->client), "status");
    esl_client_send_job(r->client, &cmd, 10, done_h, r, 77);
    say(r, "Content-Type: command/reply\nReply-Text: +OK Job-UUID: x\n\n");
    UNTIL(r, r->done == 1);
    assert_false(r->ok);
    assert_string_equal(r->text, "");
    assert_true(esl_client_is_up(r->client));
}

static void a_lost_connection_is_made_anew(void **state)
{
    struct rig *r = *state;

    for (int i = 1; i <= 3; i++) {
        log_in(r);
        close(r->peer);
        r->peer = -1;
        UNTIL(r, r->downs == i);
        assert_false(esl_client_is_up(r->client));
        assert_int_not_equal(esl_client_send(r->client, &cmd, NULL, NULL, 0),
                             0);
    }
}

static void nobody_there_is_waited_for(void **state)
{
    struct rig *r = *state;
    uint64_t from;

    close(r->listener);
    from = now_ms();
    while (now_ms() - from < 700)
        spin(r);
    server_listen(r);
    from = now_ms();
    log_in(r);
    assert_true(now_ms() - from < 1500);
}

/* Whatever comes instead of frames ends the connection, and nothing else. */
static void nonsense_ends_the_connection(void **state)
{
    static const char *const rows[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\n\n",
        "Content-Type: x\nContent-Length: -1\n\n",
        "Content-Type: x\nContent-Length: 99999999999\n\n",
        "Content-Type: command/reply\nReply-Text: +OK unasked\n\n",
        "Content-Type: text/disconnect-notice\n\n",
    };
    struct rig *r = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        log_in(r);
        say(r, rows[i]);
        UNTIL(r, r->downs == (int)i + 1);
        close(r->peer);
        r->peer = -1;
    }
}

static void a_wrong_password_is_tried_again_later(void **state)
{
    struct rig *r = *state;

    for (int i = 0; i < 2; i++) {
        accept_client(r);
        say(r, "Content-Type: auth/request\n\n");
        UNTIL(r, strstr(r->got, "auth secret\n\n"));
        say(r, "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n");
        UNTIL(r, is_closed(r));
        close(r->peer);
        r->peer = -1;
    }
    assert_int_equal(r->ups, 0);
    assert_int_equal(r->downs, 0);
}

static void a_large_answer_is_read_byte_by_byte(void **state)
{
    enum { SIZE = 300000 };
    static char text[SIZE + 128];
    struct rig *r = *state;
    size_t n, sent = 0;

    log_in(r);
    n = (size_t)snprintf(text, sizeof(text),
                         "Content-Length: %d\nContent-Type: "
                         "text/event-plain\n\nEvent-Name: DTMF\nX: ",
                         SIZE);
    memset(text + n, 'x', SIZE - 20);
    n += SIZE - 20;
    while (sent < n) {
        size_t part = sent < 200 || n - sent < 200 ? 1 : 9999;
        ssize_t w =
            send(r->peer, text + sent, n - sent < part ? n - sent : part,
                 MSG_NOSIGNAL | MSG_DONTWAIT);

        sent += w > 0 ? (size_t)w : 0;
        event_base_loop(r->base, EVLOOP_NONBLOCK);
    }
    UNTIL(r, r->events == 1);
    assert_int_equal(r->last, ESL_DTMF);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_logs_in_and_gets_events),
        TEST(replies_come_in_order),
        TEST(a_job_ends_with_its_event_and_no_other),
        TEST(a_job_that_takes_too_long_is_given_up),
        TEST(a_lost_connection_is_made_anew),
        TEST(nobody_there_is_waited_for),
        TEST(nonsense_ends_the_connection),
        TEST(a_wrong_password_is_tried_again_later),
        TEST(a_large_answer_is_read_byte_by_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
