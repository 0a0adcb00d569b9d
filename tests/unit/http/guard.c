#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include <event2/event.h>
#include <event2/http.h>

#include "http/guard.h"

static int dial(struct evhttp_bound_socket *bound)
{
    struct sockaddr_in sin;
    socklen_t len = sizeof(sin);
    void *sa = &sin;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_int_equal(getsockname(evhttp_bound_socket_get_fd(bound), sa, &len),
                     0);
    assert_int_equal(connect(fd, sa, len), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* A client that never ends its request, yet is never idle for long. */
static void a_trickling_client_is_shut_down(void **state)
{
    struct event_base *base = event_base_new();
    struct evhttp *server = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
    struct guard *guard;
    unsigned turn = 0;
    char byte = 'x';
    int fd;

    evhttp_set_timeout(server, 60);
    assert_int_equal(guard_alloc(&guard, base, server, 2, 1), 0);
    fd = dial(bound);
    assert_int_equal(send(fd, "GET /", 5, 0), 5);
    for (; turn < 400; turn++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        if (recv(fd, &byte, 1, 0) == 0)
            break;
        send(fd, &byte, 1, MSG_NOSIGNAL);
        usleep(10000);
    }
    assert_in_range(turn, 1, 399);
    close(fd);
    evhttp_free(server);
    guard_free(guard);
    event_base_free(base);
}

/* Closed connections make room again. */
static void room_is_given_back(void **state)
{
    struct event_base *base = event_base_new();
    struct evhttp *server = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
    struct guard *guard;

    assert_int_equal(guard_alloc(&guard, base, server, 1, 60), 0);
    for (unsigned i = 0; i < 20; i++) {
        static const char request[] = "GET / HTTP/1.0\r\n\r\n";
        char answer[2000];
        ssize_t n = -1;
        int fd = dial(bound);

        send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
        for (unsigned turn = 0; turn < 200 && n < 0; turn++) {
            event_base_loop(base, EVLOOP_NONBLOCK);
            usleep(1000);
            n = recv(fd, answer, sizeof(answer), 0);
        }
        assert_true(n > 0);
        close(fd);
        for (unsigned turn = 0; turn < 10; turn++) {
            event_base_loop(base, EVLOOP_NONBLOCK);
            usleep(100);
        }
    }
    evhttp_free(server);
    guard_free(guard);
    event_base_free(base);
}

static void nothing_h(evutil_socket_t fd, short what, void *arg)
{
}

/* Serve one request; returns when its connection is over. */
static void serve_once(struct event_base *base,
                       struct evhttp_bound_socket *bound)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    char answer[2000];
    ssize_t n = -1;
    int fd = dial(bound);

    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
    for (unsigned turn = 0; turn < 1000 && n != 0; turn++) {
        event_base_loop(base, EVLOOP_NONBLOCK);
        n = recv(fd, answer, sizeof(answer), 0);
        usleep(1000);
    }
    assert_int_equal(n, 0);
    close(fd);
}

/* The number of a closed socket is soon that of another one, whose bytes are
   not for a connection that is over. */
static void what_is_over_reads_from_nobody(void **state)
{
    enum { ENDS = 8 };
    struct event_base *base = event_base_new();
    struct evhttp *server = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
    struct event *writable[ENDS];
    struct guard *guard;
    int end[ENDS];
    char got[8];

    assert_int_equal(guard_alloc(&guard, base, server, 8, 60), 0);
    serve_once(base, bound);
    for (unsigned i = 0; i < ENDS; i += 2)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, end + i), 0);
    for (unsigned i = 0; i < ENDS; i++) {
        writable[i] = event_new(base, end[i], EV_WRITE, nothing_h, NULL);
        event_add(writable[i], NULL);
        assert_int_equal(send(end[i], "mine", 4, 0), 4);
    }
    for (unsigned turn = 0; turn < 20; turn++)
        event_base_loop(base, EVLOOP_NONBLOCK);
    for (unsigned i = 0; i < ENDS; i++) {
        assert_int_equal(recv(end[i], got, sizeof(got), MSG_DONTWAIT), 4);
        event_free(writable[i]);
    }
    for (unsigned i = 0; i < ENDS; i++)
        close(end[i]);
    evhttp_free(server);
    guard_free(guard);
    event_base_free(base);
}

/* What is sent after the answer is not collected. */
static void late_bytes_are_bounded(void **state)
{
    static const char request[] = "GET / HTTP/1.0\r\n\r\n";
    static char junk[65536];
    struct event_base *base = event_base_new();
    struct evhttp *server = evhttp_new(base);
    struct evhttp_bound_socket *bound =
        evhttp_bind_socket_with_handle(server, "127.0.0.1", 0);
    struct guard *guard;
    size_t sent = 0;
    int fd;

    assert_int_equal(guard_alloc(&guard, base, server, 8, 60), 0);
    fd = dial(bound);
    send(fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
    for (unsigned turn = 0; turn < 300; turn++) {
        ssize_t n = turn < 20 ? 0 : send(fd, junk, sizeof(junk), MSG_NOSIGNAL);

        sent += n > 0 ? (size_t)n : 0;
        event_base_loop(base, EVLOOP_NONBLOCK);
        usleep(1000);
    }
    assert_in_range(sent, 1, 12 << 20); /* what the kernel's buffers take */
    close(fd);
    evhttp_free(server);
    guard_free(guard);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trickling_client_is_shut_down),
        cmocka_unit_test(room_is_given_back),
        cmocka_unit_test(what_is_over_reads_from_nobody),
        cmocka_unit_test(late_bytes_are_bounded),
    };

    return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
