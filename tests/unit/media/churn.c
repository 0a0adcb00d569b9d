/* Calls that come and go from several threads at once: nothing is lost, told
 * twice or touched after its end. Run it under ThreadSanitizer as well. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>
#include <setjmp.h>
#include <cmocka.h>

#include "rig.h"

enum {
    THREADS = 3,
    LEGS = 6, /* of each thread */
    STEPS = 5000,
    TAGS = THREADS * STEPS,
};

struct churn {
    struct media *media;
    atomic_uint played[TAGS]; /* reports by tag */
};

struct caller {
    struct churn *churn;
    pthread_t thread;
    unsigned number;
    unsigned n_played; /* tags of commands on open legs … */
    uint32_t tags[STEPS];
    unsigned faults; /* what went wrong; cmocka asserts on one thread only */
    uint32_t random;
    int fd;
    bool open[LEGS];
    struct sockaddr_in gateway[LEGS];
};

static void report_h(const struct media_report *report, void *arg)
{
    struct churn *churn = arg;

    if (report->type == MEDIA_PLAYED && report->tag < TAGS)
        atomic_fetch_add(&churn->played[report->tag], 1);
}

static uint32_t draw(struct caller *c, uint32_t below)
{
    c->random = c->random * 1664525 + 1013904223;
    return (c->random >> 8) % below;
}

static engine_leg leg_number(const struct caller *c, unsigned i)
{
    return (engine_leg)(c->number + 1) * 100 + i;
}

static void open_leg(struct caller *c, unsigned i)
{
    uint16_t port = 0;
    int err = media_stream_open(c->churn->media, leg_number(c, i),
                                (enum engine_side)draw(c, 2), &port);

    c->faults += err != 0 || !port;
    c->open[i] = !err;
    c->gateway[i].sin_family = AF_INET;
    c->gateway[i].sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    c->gateway[i].sin_port = htons(port);
}

static void agree(struct caller *c, unsigned i)
{
    struct media_session s = {.send = draw(c, 8) != 0,
                              .receive = draw(c, 8) != 0};
    socklen_t len = sizeof(s.remote);

    s.format.codec = (enum media_codec)draw(c, MEDIA_CODECS);
    s.format.recv_dtmf_pt = draw(c, 2) ? RIG_DTMF_PT : 0;
    s.format.ptime_ms = (uint8_t)(10 * draw(c, 7));
    if (draw(c, 4))
        getsockname(c->fd, (struct sockaddr *)&s.remote, &len);
    media_stream_session(c->churn->media, leg_number(c, i), &s);
}

static void play(struct caller *c, unsigned i, unsigned step)
{
    static const char *const names[] = {"one", "missing", "two"};
    const struct engine_play p = {.prompts = names,
                                  .n_prompts = 1 + draw(c, 3),
                                  .loop_from = (int)draw(c, 4) - 1,
                                  .replace = draw(c, 2),
                                  .tag = c->number * STEPS + step};

    media_play(c->churn->media, leg_number(c, i), &p);
    if (c->open[i])
        c->tags[c->n_played++] = p.tag;
}

static void packets(struct caller *c, unsigned i)
{
    uint8_t packet[172];

    for (uint16_t k = 0; k < 8; k++) {
        ssize_t n;

        rtp_header_write(packet, false, draw(c, 4) ? 0 : RIG_DTMF_PT, k,
                         160u * k, 1);
        memset(packet + 12, (int)draw(c, 16), 160);
        n = sendto(c->fd, packet, 12 + draw(c, 161), MSG_DONTWAIT,
                   (struct sockaddr *)&c->gateway[i], sizeof(c->gateway[i]));
        (void)n; /* may be refused: the leg is gone */
    }
}

static void step(struct caller *c, unsigned n)
{
    struct media *m = c->churn->media;
    unsigned i = draw(c, LEGS);
    engine_leg leg = leg_number(c, i);

    switch (draw(c, 8)) {
    case 0:
        if (c->open[i])
            media_stream_close(m, leg);
        c->open[i] = false;
        break;
    case 1:
    case 2:
        if (!c->open[i])
            open_leg(c, i);
        agree(c, i);
        break;
    case 3:
        play(c, i, n);
        break;
    case 4:
        media_bridge(m, leg, leg_number(c, draw(c, LEGS)));
        break;
    case 5:
        media_mute(m, leg, draw(c, 2));
        media_stream_watch(m, leg, draw(c, 50));
        break;
    case 6:
        if (c->open[i])
            packets(c, i);
        break;
    default:
        if (!draw(c, 3))
            media_play_stop(m, leg);
        poll(NULL, 0, (int)draw(c, 3));
    }
}

static void *caller_run(void *arg)
{
    struct caller *c = arg;

    for (unsigned i = 0; i < STEPS; i++)
        step(c, i);
    for (unsigned i = 0; i < LEGS; i++)
        media_stream_close(c->churn->media, leg_number(c, i));
    return NULL;
}

static void caller_start(struct caller *c, struct churn *churn, unsigned i)
{
    struct sockaddr_in self = {.sin_family = AF_INET};

    memset(c, 0, sizeof(*c));
    c->churn = churn;
    c->number = i;
    c->random = i * 7919 + 1;
    c->fd = socket(AF_INET, SOCK_DGRAM, 0);
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(bind(c->fd, (struct sockaddr *)&self, sizeof(self)), 0);
    assert_int_equal(pthread_create(&c->thread, NULL, caller_run, c), 0);
}

static void every_play_command_ends_once(void **state)
{
    struct rig *r = *state; /* for its prompts */
    static struct churn churn;
    static struct caller callers[THREADS];
    struct media_config mc = {.workers = 2,
                              .sounds_dir = r->wavs.path,
                              .language = "en",
                              .h = report_h,
                              .arg = &churn};

    for (int i = 0; i < 2; i++) {
        struct sockaddr_in *a = (struct sockaddr_in *)&mc.ports[i].address;

        a->sin_family = AF_INET;
        a->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        mc.ports[i].start = (uint16_t)(41000 + 2000 * i);
        mc.ports[i].end = (uint16_t)(mc.ports[i].start + 1999);
    }
    assert_int_equal(media_alloc(&churn.media, &mc), 0);
    for (unsigned i = 0; i < THREADS; i++)
        caller_start(&callers[i], &churn, i);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(callers[i].thread, NULL);
    media_free(churn.media);
    for (unsigned i = 0; i < THREADS; i++) {
        struct caller *c = &callers[i];

        close(c->fd);
        assert_int_equal(c->faults, 0);
        assert_true(c->n_played > 10);
        for (unsigned k = 0; k < c->n_played; k++)
            assert_int_equal(atomic_load(&churn.played[c->tags[k]]), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_play_command_ends_once,
                                        rig_setup, rig_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
