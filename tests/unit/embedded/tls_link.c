#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <cmocka.h>

#include "engine/embedded/tls/tls_link.h"

/* libevent's memory; the one that is asked for next may be none. */
static bool fails;

static void *memory(size_t n)
{
    bool none = fails;

    fails = false;
    return none ? NULL : malloc(n);
}

static unsigned sessions_freed;

static void session_freed_h(void *ssl, void *p, CRYPTO_EX_DATA *ad, int i,
                            long l, void *arg)
{
    sessions_freed++;
}

static void without_memory_all_is_freed_once(void **state)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct event_base *base = event_base_new();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    int slot = SSL_get_ex_new_index(0, NULL, NULL, NULL, session_freed_h);
    SSL *ssl = SSL_new(ctx);
    struct tls_link_handler h = {NULL, NULL, NULL, NULL};
    struct tls_link *l = NULL;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(slot >= 0 && fd >= 0);
    assert_non_null(ssl);
    fails = true;
    assert_int_equal(
        tls_link_alloc(&l, base, fd, ssl, (struct sockaddr *)&from, 5060, &h),
        ENOMEM);
    assert_null(l);
    assert_false(fails);
    assert_int_equal(sessions_freed, 1);
    assert_int_equal(fcntl(fd, F_GETFD), -1);
    SSL_CTX_free(ctx);
    event_base_free(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_memory_all_is_freed_once),
    };

    event_set_mem_functions(memory, realloc, free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
