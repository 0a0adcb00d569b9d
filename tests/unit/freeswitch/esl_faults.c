/* What goes wrong with a connection, and what the client makes of it. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "esl_rig.h"

static struct esl_command cmd;

static void a_command_without_a_reply_ends_the_connection(void **state)
{
    struct rig *r = *state;

    log_in(r);
    assert_int_equal(esl_command_execute(&cmd, "u", "a", "", "e"), 0);
    assert_int_equal(esl_client_send(r->client, &cmd, done_h, r, 77), 0);
    forward(r, 8000);
    say(r, "Content-Length: 18\nContent-Type: text/event-plain\n\n"
           "Event-Name: DTMF\n\n"); /* not silent, yet no reply */
    UNTIL(r, r->events == 1);
    assert_true(esl_client_is_up(r->client));
    forward(r, 3100);
    UNTIL(r, r->downs == 1);
    assert_int_equal(r->done, 0); /* forgotten, as esl_client.h says */
    assert_int_equal(logged(r, "a command was not answered in time"), 1);
    hang_up(r);
    log_in(r);
}

static void silence_ends_the_connection_and_a_heartbeat_keeps_it(void **state)
{
    struct rig *r = *state;

    log_in(r);
    for (int i = 1; i <= 6; i++) {
        forward(r, 20000);
        say(r, "Content-Length: 23\nContent-Type: text/event-plain\n\n"
               "Event-Name: HEARTBEAT\n\n");
        UNTIL(r, r->events == i);
    }
    assert_true(esl_client_is_up(r->client));
    forward(r, 62000);
    UNTIL(r, r->downs == 1);
    assert_int_equal(logged(r, "silent for a minute"), 1);
}

/* A tick that fires after bytes came that are younger than it. */
static void a_late_tick_is_no_silence(void **state)
{
    struct rig *r = *state;

    log_in(r);
    for (int i = 1; i <= 5; i++) {
        stall(1500);
        say(r, "Content-Length: 18\nContent-Type: text/event-plain\n\n"
               "Event-Name: DTMF\n\n");
        UNTIL(r, r->events == i);
    }
    assert_int_equal(r->downs, 0);
    assert_true(esl_client_is_up(r->client));
}

static void a_server_that_says_nothing_is_given_up(void **state)
{
    struct rig *r = *state;

    accept_client(r);
    forward(r, 4000);
    assert_false(is_closed(r));
    forward(r, 1100);
    UNTIL(r, is_closed(r));
    assert_int_equal(logged(r, "no login within 5 s"), 1);
    hang_up(r);
    accept_client(r); /* and half a login is none either */
    say(r, "Content-Type: auth/request\n\n");
    UNTIL(r, strstr(r->got, "auth secret\n\n"));
    forward(r, 5100);
    UNTIL(r, is_closed(r));
    assert_int_equal(r->ups, 0);
}

/* What a server may do instead of logging us in, and what operators read. */
static void a_login_that_fails_tells_what_to_do(void **state)
{
    static const struct {
        const char *greeting, *answer, *word;
    } rows[] = {
        {"Content-Type: text/rude-rejection\nContent-Length: 24\n\n"
         "Access Denied, go away.\n",
         NULL, "FREESWITCH_ESL_ALLOWED"},
        {"Content-Type: auth/request\n\n",
         "Content-Type: command/reply\nReply-Text: -ERR invalid\n\n"
         "Content-Type: text/disconnect-notice\nContent-Length: 4\n\nBye\n",
         "FREESWITCH_ESL_PASSWORD must be the same"},
        {"Content-Type: auth/request\n\nContent-Type: auth/request\n\n", NULL,
         "asked for twice"},
        {"Content-Type: command/reply\nReply-Text: +OK accepted\n\n", NULL,
         "a reply to nothing"},
        {"HTTP/1.1 400 Bad Request\r\n\r\n\n\n", NULL,
         "not an event socket's frame"},
        {"Content-Type: auth/request\nContent-Length: 16000000\n\n", NULL,
         "a frame too long"},
        {"Content-Type: text/disconnect-notice\n\n", NULL, "good-bye"},
    };
    struct rig *r = *state;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        accept_client(r);
        say(r, rows[i].greeting);
        if (rows[i].answer) {
            UNTIL(r, strstr(r->got, "auth secret\n\n"));
            say(r, rows[i].answer);
        }
        UNTIL(r, logged(r, rows[i].word));
        assert_int_equal(logged(r, rows[i].word), 1);
        hang_up(r);
    }
    assert_int_equal(r->ups, 0);
    assert_int_equal(r->downs, 0);
    assert_int_equal(logged(r, "secret"), 0);
}

static void a_refused_subscription_is_no_login(void **state)
{
    struct rig *r = *state;

    accept_client(r);
    say(r, "Content-Type: auth/request\n\n");
    UNTIL(r, strstr(r->got, "auth secret\n\n"));
    say(r, "Content-Type: command/reply\nReply-Text: +OK accepted\n\n");
    UNTIL(r, strstr(r->got, "event plain "));
    say(r, "Content-Type: command/reply\nReply-Text: -ERR no keywords "
           "supplied\n\n");
    UNTIL(r, logged(r, "refused to tell its events"));
    assert_int_equal(r->ups, 0);
}

static void a_second_login_within_one_is_refused(void **state)
{
    struct rig *r = *state;

    log_in(r);
    say(r, "Content-Type: auth/request\n\n");
    UNTIL(r, r->downs == 1);
    assert_null(strstr(r->got, "auth"));
    assert_int_equal(r->ups, 1);
}

/* Whoever lets us in and throws us out is not asked ten times a second. */
static void a_revolving_door_is_used_ever_less(void **state)
{
    struct rig *r = *state;
    uint64_t from, waited[8];

    for (int i = 0; i < 8; i++) {
        from = now_ms();
        log_in(r);
        waited[i] = now_ms() - from;
        say(r, "Content-Type: text/disconnect-notice\n\n");
        UNTIL(r, r->downs == i + 1);
        hang_up(r);
    }
    assert_true(waited[1] < 500);
    assert_true(waited[7] >= 480);
    assert_int_equal(logged(r, " is there") - logged(r, "it is there"), 8);
    log_in(r);
    forward(r, 6000); /* up for a while: then the next attempt is at once */
    say(r, "Content-Type: text/disconnect-notice\n\n");
    UNTIL(r, r->downs == 9);
    hang_up(r);
    from = now_ms();
    log_in(r);
    assert_true(now_ms() - from < 500);
}

static void delays_grow_to_ten_seconds_and_differ(void **state)
{
    enum { TRIES = 14 };
    struct rig *r = *state;
    uint64_t delay[TRIES];
    unsigned different = 0;

    for (int i = 0; i < TRIES; i++) {
        accept_client(r);
        say(r, "nonsense\n\n");
        UNTIL(r, is_closed(r));
        hang_up(r);
        delay[i] = timers_wait(r->timers);
    }
    for (int i = 0; i < TRIES; i++) {
        uint64_t full = 100u << i > 10000u ? 10000u : 100u << i;

        assert_in_range(delay[i], full / 2 - full / 10 - 20, full);
        different += i > 8 && delay[i] != delay[8];
    }
    assert_true(different);
}

static int int_option(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof(value);

    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

/* The client's end: the socket whose peer is ours. */
static int client_fd(const struct rig *r)
{
    struct sockaddr_in own, peer;
    void *a = &own, *b = &peer;

    for (int fd = 3; fd < 256; fd++) {
        socklen_t n = sizeof(own), m = sizeof(peer);

        if (!getpeername(fd, b, &m) && !getsockname(fd, a, &n) &&
            ntohs(peer.sin_port) == r->port)
            return fd;
    }
    return -1;
}

static void a_dead_network_is_noticed_by_tcp(void **state)
{
    struct rig *r = *state;
    int fd;

    log_in(r);
    fd = client_fd(r);
    assert_true(fd >= 0);
    assert_true(int_option(fd, IPPROTO_TCP, TCP_NODELAY));
    assert_true(int_option(fd, SOL_SOCKET, SO_KEEPALIVE));
    assert_in_range(int_option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 1, 10);
    assert_in_range(int_option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 1, 5);
    assert_in_range(int_option(fd, IPPROTO_TCP, TCP_KEEPCNT), 1, 5);
    assert_in_range(int_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 1, 10000);
}

/* "localhost" may have two addresses, of which one is ours. */
static void a_name_is_looked_up(void **state)
{
    struct rig *r = *state;
    struct esl_client_config cfg = rig_config(r);

    esl_client_free(r->client);
    r->client = NULL;
    cfg.host = "localhost";
    assert_int_equal(esl_client_alloc(&r->client, &cfg), 0);
    esl_client_start(r->client);
    accept_client(r); /* of the client that is gone, maybe */
    if (is_closed(r))
        hang_up(r);
    else
        say(r, "Content-Type: text/disconnect-notice\n\n");
    log_in(r);
    assert_true(esl_client_is_up(r->client));
}

static void a_client_may_go_while_it_looks_up_a_name(void **state)
{
    struct rig *r = *state;
    struct esl_client_config cfg = rig_config(r);
    struct esl_client *c;

    cfg.host = "nobody.invalid";
    assert_int_equal(esl_client_alloc(&c, &cfg), 0);
    esl_client_start(c);
    for (int i = 0; i < 3; i++)
        spin(r);
    esl_client_free(c);
    for (int i = 0; i < 3; i++)
        spin(r);
    assert_int_equal(r->ups, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_command_without_a_reply_ends_the_connection),
        TEST(silence_ends_the_connection_and_a_heartbeat_keeps_it),
        TEST(a_late_tick_is_no_silence),
        TEST(a_server_that_says_nothing_is_given_up),
        TEST(a_login_that_fails_tells_what_to_do),
        TEST(a_refused_subscription_is_no_login),
        TEST(a_second_login_within_one_is_refused),
        TEST(a_revolving_door_is_used_ever_less),
        TEST(delays_grow_to_ten_seconds_and_differ),
        TEST(a_dead_network_is_noticed_by_tcp),
        TEST(a_name_is_looked_up),
        TEST(a_client_may_go_while_it_looks_up_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
