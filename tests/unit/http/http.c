#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <event2/event.h>
#include <jansson.h>

#include "http/http.h"

struct server {
    struct event_base *base;
    struct monitor *monitor;
    struct http *http;
    unsigned port;
};

static unsigned free_port(void)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    socklen_t len = sizeof(sin);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    void *sa = &sin;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(fd, sa, len), 0);
    assert_int_equal(getsockname(fd, sa, &len), 0);
    close(fd);
    return ntohs(sin.sin_port);
}

static int setup(void **state)
{
    static struct server s;

    s.base = event_base_new();
    s.port = free_port();
    if (!s.base || monitor_alloc(&s.monitor) ||
        http_alloc(&s.http, s.base, s.monitor, "127.0.0.1", s.port, NULL))
        return -1;
    *state = &s;
    return 0;
}

static int teardown(void **state)
{
    struct server *s = *state;

    http_free(s->http);
    monitor_free(s->monitor);
    event_base_free(s->base);
    return 0;
}

static int dial(const struct server *s)
{
    struct sockaddr_in sin = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    void *sa = &sin;

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons((uint16_t)s->port);
    assert_int_equal(connect(fd, sa, sizeof(sin)), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Turn the server until the client's connection ends; what it got. */
static const char *drained(const struct server *s, int fd)
{
    static char got[65536];
    size_t n = 0;

    for (unsigned turn = 0; turn < 4000; turn++) {
        ssize_t r;

        event_base_loop(s->base, EVLOOP_NONBLOCK);
        r = read(fd, got + n, sizeof(got) - 1 - n);
        if (r > 0)
            n += (size_t)r;
        else if (r == 0 || errno != EAGAIN)
            break;
        else
            usleep(1000);
    }
    close(fd);
    got[n] = '\0';
    return got;
}

static const char *ask(const struct server *s, const char *request)
{
    int fd = dial(s);

    assert_int_equal(write(fd, request, strlen(request)), strlen(request));
    return drained(s, fd);
}

static json_t *json_of(const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");

    assert_non_null(body);
    return json_loads(body + 4, 0, NULL);
}

static void tell(const struct server *s, struct monitor_event ev)
{
    monitor_event(&ev, s->monitor);
}

static void make_ready(const struct server *s)
{
    tell(s, (struct monitor_event){.type = MONITOR_ENGINE, .up = true});
    for (unsigned side = 0; side < 2; side++)
        tell(s, (struct monitor_event){
                    .type = MONITOR_PROFILE, .side = side, .up = true});
}

static void stats_have_the_four_keys_and_no_other(void **state)
{
    const struct server *s = *state;
    const char *got;
    json_t *j;

    make_ready(s);
    tell(s, (struct monitor_event){.type = MONITOR_STARTED});
    got = ask(s, "GET /stats HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_non_null(strstr(got, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(got, "Content-Type: application/json\r\n"));
    assert_null(strstr(got, "Server:"));
    j = json_of(got);
    assert_int_equal(json_object_size(j), 4);
    assert_true(json_is_integer(json_object_get(j, "activeCalls")));
    assert_int_equal(json_integer_value(json_object_get(j, "activeCalls")), 1);
    assert_true(json_is_true(json_object_get(j, "internalProfileRunning")));
    assert_true(json_is_true(json_object_get(j, "externalProfileRunning")));
    assert_int_equal(json_integer_value(json_object_get(j, "registrations")),
                     0);
    json_decref(j);
    tell(s, (struct monitor_event){.type = MONITOR_ENDED});
    j = json_of(ask(s, "GET /stats?x=1 HTTP/1.0\r\n\r\n"));
    assert_int_equal(json_integer_value(json_object_get(j, "activeCalls")), 0);
    json_decref(j);
}

static void health_is_ok_while_the_loop_turns(void **state)
{
    const char *got = ask(*state, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n");

    assert_non_null(strstr(got, " 200 OK\r\n"));
    assert_non_null(strstr(got, "\r\n\r\n{\"status\": \"ok\"}"));
}

static void ready_says_why_not(void **state)
{
    const struct server *s = *state;
    static const char request[] = "GET /ready HTTP/1.1\r\nHost: x\r\n\r\n";
    const char *got = ask(s, request);

    assert_non_null(strstr(got, " 503 "));
    assert_non_null(strstr(got, "\"reason\": \"the engine is down\""));
    make_ready(s);
    assert_non_null(strstr(ask(s, request), " 200 OK\r\n"));
    tell(s, (struct monitor_event){.type = MONITOR_DRAINING});
    got = ask(s, request);
    assert_non_null(strstr(got, " 503 "));
    assert_non_null(strstr(got, "draining"));
}

static void unknown_paths_are_404(void **state)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /stats/ HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /../stats HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET //stats HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST /none HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof(requests) / sizeof(*requests); i++)
        assert_non_null(strstr(ask(*state, requests[i]), " 404 "));
}

static void other_methods_are_405(void **state)
{
    static const char *const methods[] = {"POST",  "PUT",     "DELETE",
                                          "PATCH", "OPTIONS", "TRACE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        char request[120];
        const char *got;

        snprintf(request, sizeof(request),
                 "%s /stats HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
                 methods[i]);
        got = ask(*state, request);
        assert_non_null(strstr(got, " 405 "));
        assert_non_null(strstr(got, "Allow: GET, HEAD\r\n"));
    }
}

static void head_has_the_headers_alone(void **state)
{
    const char *got = ask(*state, "HEAD /health HTTP/1.1\r\nHost: x\r\n\r\n");

    assert_non_null(strstr(got, " 200 OK\r\n"));
    assert_non_null(strstr(got, "Content-Length: 16\r\n"));
    assert_string_equal(strstr(got, "\r\n\r\n"), "\r\n\r\n");
}

static void oversize_and_broken_requests_do_no_harm(void **state)
{
    const struct server *s = *state;
    static const char *const broken[] = {
        "\r\n\r\n",
        "GET\r\n\r\n",
        "GET /stats\r\n\r\n",
        "GET /stats HTTP/9.9\r\n\r\n",
        "GET /%zz%00 HTTP/1.1\r\n\r\n",
        "BREW /stats HTTP/1.1\r\n\r\n",
        "GET /stats HTTP/1.1\r\nno colon\r\n\r\n",
        "POST /stats HTTP/1.1\r\nContent-Length: 99999999999999\r\n\r\n",
        "POST /stats HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /stats HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffff\r\n",
        "\x16\x03\x01\x02",
    };
    char *big = malloc(40001);

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        int fd = dial(s);
        const char *got;

        assert_true(write(fd, broken[i], strlen(broken[i])) > 0);
        shutdown(fd, SHUT_WR);
        got = drained(s, fd);
        assert_null(strstr(got, "activeCalls\": 1"));
    }
    memset(big, 'a', 40000);
    memcpy(big, "GET /stats HTTP/1.1\r\nX: ", 24);
    big[40000] = '\0';
    assert_null(strstr(ask(s, big), " 200 "));
    free(big);
    assert_non_null(
        strstr(ask(s, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), " 200 "));
}

static void connections_are_bounded(void **state)
{
    const struct server *s = *state;
    int fd[140];
    size_t closed = 0;

    for (size_t i = 0; i < 140; i++) {
        fd[i] = dial(s);
        event_base_loop(s->base, EVLOOP_NONBLOCK);
    }
    for (unsigned turn = 0; turn < 50; turn++) {
        event_base_loop(s->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    for (size_t i = 0; i < 140; i++) {
        char byte;

        closed += read(fd[i], &byte, 1) == 0;
        close(fd[i]);
    }
    assert_int_equal(closed, 140 - 128);
    for (unsigned turn = 0; turn < 50; turn++) {
        event_base_loop(s->base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    assert_non_null(
        strstr(ask(s, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n"), " 200 "));
}

static void a_port_in_use_is_an_error(void **state)
{
    const struct server *s = *state;
    struct http *second = NULL;

    assert_int_equal(
        http_alloc(&second, s->base, s->monitor, "127.0.0.1", s->port, NULL),
        EADDRINUSE);
    assert_null(second);
}

#define SERVER_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVER_TEST(stats_have_the_four_keys_and_no_other),
        SERVER_TEST(health_is_ok_while_the_loop_turns),
        SERVER_TEST(ready_says_why_not),
        SERVER_TEST(unknown_paths_are_404),
        SERVER_TEST(other_methods_are_405),
        SERVER_TEST(head_has_the_headers_alone),
        SERVER_TEST(oversize_and_broken_requests_do_no_harm),
        SERVER_TEST(connections_are_bounded),
        SERVER_TEST(a_port_in_use_is_an_error),
    };

    return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
