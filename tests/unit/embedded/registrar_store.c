#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "engine/embedded/registrar_store.h"

enum { T0 = 1000000 };

struct fixture {
    char dir[64];
    char file[96];
    char bad[96];
    struct log *log;
    int log_fd[2];
};

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (!f)
        return -1;
    *state = f;
    snprintf(f->dir, sizeof(f->dir), "/tmp/jigate-store-XXXXXX");
    if (!mkdtemp(f->dir) || pipe2(f->log_fd, O_NONBLOCK))
        return -1;
    snprintf(f->file, sizeof(f->file), "%s/registrations.json", f->dir);
    snprintf(f->bad, sizeof(f->bad), "%s/registrations.json.bad", f->dir);
    return log_alloc(&f->log, f->log_fd[1], LOG_WARN);
}

static int teardown(void **state)
{
    struct fixture *f = *state;

    unlink(f->file);
    unlink(f->bad);
    rmdir(f->file);
    rmdir(f->bad);
    if (rmdir(f->dir)) /* something was left behind */
        return -1;
    log_free(f->log);
    close(f->log_fd[0]);
    close(f->log_fd[1]);
    free(f);
    return 0;
}

static bool warned(struct fixture *f)
{
    char line[LOG_LINE_MAX];

    return read(f->log_fd[0], line, sizeof(line)) > 0;
}

static struct registrar *make(void)
{
    static const struct registrar_user users[] = {
        {"user", ENGINE_EXTERNAL, 10, 30, 3600},
        {"jigasi", ENGINE_INTERNAL, 32, 30, 60},
    };
    struct registrar *r;

    assert_int_equal(registrar_alloc(&r, users, 2, NULL, NULL), 0);
    return r;
}

static void put(struct registrar *r, const char *user, enum engine_side side,
                const struct sockaddr *source, const char *uri)
{
    struct registrar_contact c = {.uri = slice_of(uri)};
    struct registrar_request rq = {
        .user = user,
        .side = side,
        .source = source,
        .transport = REGISTRAR_TCP,
        .call_id = slice_of("call-id\"\\1"),
        .cseq = UINT32_MAX,
        .contacts = &c,
        .n_contacts = 1,
    };

    assert_int_equal(registrar_register(r, &rq, T0, NULL), 200);
}

static void write_file(struct fixture *f, const char *text, size_t len)
{
    FILE *file = fopen(f->file, "w");

    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

static void what_was_saved_is_loaded(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons(5062),
                             .sin_addr.s_addr = inet_addr("192.0.2.9")};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
                              .sin6_port = htons(5063),
                              .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct registrar *before = make(), *after = make();
    const struct registrar_binding *b = NULL;
    struct stat st;
    size_t n = 0;

    put(before, "user", ENGINE_EXTERNAL, (struct sockaddr *)&v4, "sip:a@h");
    put(before, "jigasi", ENGINE_INTERNAL, (struct sockaddr *)&v6, "sip:b@h");
    umask(0);
    assert_int_equal(registrar_store_save(before, f->dir, f->log), 0);
    assert_int_equal(stat(f->file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(registrar_store_load(after, f->dir, T0 + 1, f->log), 0);
    assert_false(warned(f));
    while ((b = registrar_next(before, NULL, b))) {
        const struct registrar_binding *now = registrar_find(after, b->id);
        struct registrar_binding expected = *b;

        assert_non_null(now);
        expected.ping_at = T0 + 1; /* due at once */
        assert_memory_equal(now, &expected, sizeof(expected));
        n++;
    }
    assert_int_equal(n, 2);
    registrar_free(after);
    after = make(); /* an hour later Jigasi's 60 s are over */
    assert_int_equal(registrar_store_load(after, f->dir, T0 + 61000, f->log),
                     0);
    assert_false(warned(f));
    assert_int_equal(registrar_count(after, T0 + 61000), 1);
    registrar_free(before);
    registrar_free(after);
}

static void no_file_is_no_fault(void **state)
{
    struct fixture *f = *state;
    struct registrar *r = make();

    assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), 0);
    assert_false(warned(f));
    assert_int_equal(registrar_store_save(r, f->dir, f->log), 0);
    assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), 0);
    registrar_free(r);
}

static void a_broken_file_is_moved_aside(void **state)
{
    static const char *const broken[] = {
        "",
        "{",
        "[]",
        "{\"format\": 2, \"registrations\": []}",
        "{\"format\": 1, \"registrations\": {}}",
        "{\"format\": 1}",
        "{\"format\": 1, \"registrations\": []} x",
        "\x00\x01\x02",
    };
    struct fixture *f = *state;
    struct registrar *r = make();

    for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
        write_file(f, broken[i], strlen(broken[i]));
        assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), EBADMSG);
        assert_true(warned(f));
        assert_int_equal(access(f->file, F_OK), -1);
        assert_int_equal(unlink(f->bad), 0);
    }
    assert_int_equal(mkdir(f->file, 0700), 0);
    assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), EBADMSG);
    assert_true(warned(f));
    registrar_free(r);
}

static void deep_and_large_files_do_no_harm(void **state)
{
    struct fixture *f = *state;
    struct registrar *r = make();
    size_t len = REGISTRAR_STORE_MAX + 1;
    char *text = malloc(len);

    assert_non_null(text);
    memset(text, '[', len);
    write_file(f, text, len);
    assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), EBADMSG);
    write_file(f, text, len - 1);
    assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), EBADMSG);
    free(text);
    registrar_free(r);
}

static void one_bad_entry_costs_no_other(void **state)
{
    static const struct {
        const char *id, *user, *uri, *cseq, *address, *port;
    } row[] = {
        {"0123456789abcde0", "user", "sip:a@h", "-1", "192.0.2.1", "5"},
        {"0123456789abcde1", "user", "sip:a@h", "\"1\"", "192.0.2.1", "5"},
        {"0123456789abcde2", "user", "sip:a\\r\\nX: y", "1", "192.0.2.1", "5"},
        {"0123456789abcde3", "user", "sip:a@h", "1", "example.org", "5"},
        {"0123456789abcde4", "user", "sip:a@h", "1", "192.0.2.1", "65536"},
        {"0123456789abcde5", "other", "sip:a@h", "1", "192.0.2.1", "5"},
        {"short", "user", "sip:a@h", "1", "192.0.2.1", "5"},
        {"0123456789abcdef", "user", "sip:good@h", "1", "192.0.2.1", "5"},
    };
    struct fixture *f = *state;
    struct registrar *r = make();
    char text[4096] = "{\"format\": 1, \"registrations\": [null, 7, {}, []";
    size_t len = strlen(text);

    for (size_t i = 0; i < sizeof(row) / sizeof(*row); i++)
        len += (size_t)snprintf(
            text + len, sizeof(text) - len,
            ", {\"id\": \"%s\", \"user\": \"%s\", \"side\": \"external\", "
            "\"uri\": \"%s\", \"instance\": \"\", \"call_id\": \"c\", "
            "\"cseq\": %s, \"address\": \"%s\", \"port\": %s, "
            "\"transport\": \"udp\", \"expires_at\": 1060000, \"order\": 1, "
            "\"refreshed_at\": 1000000}",
            row[i].id, row[i].user, row[i].uri, row[i].cseq, row[i].address,
            row[i].port);
    len += (size_t)snprintf(text + len, sizeof(text) - len, "]}");
    assert_true(len < sizeof(text));
    write_file(f, text, len);
    assert_int_equal(registrar_store_load(r, f->dir, T0, f->log), 0);
    assert_true(warned(f));
    assert_int_equal(registrar_count(r, T0), 1);
    assert_non_null(registrar_find(r, "0123456789abcdef"));
    registrar_free(r);
}

static void a_failed_save_keeps_the_old_file(void **state)
{
    struct fixture *f = *state;
    struct registrar *r = make();
    char fresh[96];

    assert_int_equal(registrar_store_save(r, f->dir, f->log), 0);
    snprintf(fresh, sizeof(fresh), "%s/registrations.json.new", f->dir);
    assert_int_equal(mkdir(fresh, 0700), 0); /* in its way, for root too */
    assert_int_equal(registrar_store_save(r, f->dir, f->log), EISDIR);
    assert_true(warned(f));
    assert_int_equal(access(f->file, R_OK), 0);
    assert_int_equal(rmdir(fresh), 0);
    assert_int_equal(registrar_store_save(r, "/nonexistent", f->log), ENOENT);
    registrar_free(r);
}

/* A disk that is full, or a limit: what was there stays whole, and no half
   file is left beside it. */
static void a_full_disk_keeps_the_old_file(void **state)
{
    struct fixture *f = *state;
    struct sockaddr_in v4 = {.sin_family = AF_INET,
                             .sin_port = htons(5062),
                             .sin_addr.s_addr = inet_addr("192.0.2.9")};
    struct registrar *r = make(), *after = make();
    struct rlimit before, small;
    int err;

    put(r, "user", ENGINE_EXTERNAL, (struct sockaddr *)&v4, "sip:a@h");
    assert_int_equal(registrar_store_save(r, f->dir, f->log), 0);
    put(r, "user", ENGINE_EXTERNAL, (struct sockaddr *)&v4, "sip:b@h");
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 100;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err = registrar_store_save(r, f->dir, f->log);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(err, EFBIG);
    assert_true(warned(f));
    assert_int_equal(registrar_store_load(after, f->dir, T0, f->log), 0);
    assert_int_equal(registrar_count(after, T0), 1);
    registrar_free(r);
    registrar_free(after);
}

#define WITH_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_DIR(what_was_saved_is_loaded),
        WITH_DIR(no_file_is_no_fault),
        WITH_DIR(a_broken_file_is_moved_aside),
        WITH_DIR(deep_and_large_files_do_no_harm),
        WITH_DIR(one_bad_entry_costs_no_other),
        WITH_DIR(a_failed_save_keeps_the_old_file),
        WITH_DIR(a_full_disk_keeps_the_old_file),
    };

    return cmocka_run_group_tests_name("registrar_store", tests, NULL, NULL);
}
