#include "scene.h"

#include <stdio.h>
#include <stdlib.h>

static struct scene *make(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));

    assert_non_null(s);
    harness_init(&s->h);
    harness_start(&s->h);
    peer_open(&s->phone, "127.0.0.1", s->h.cfg.external_sip_port);
    s->jigasi.fd = -1;
    *state = s;
    return s;
}

int scene_with_phone(void **state)
{
    make(state);
    return 0;
}

int scene_with_call(void **state)
{
    struct scene *s = make(state);

    s->leg = harness_offer(&s->h, &s->phone, "1000");
    harness_answer(&s->h, &s->phone, s->leg);
    s->stream = fake_media_stream(s->leg);
    return 0;
}

int scene_with_jigasi(void **state)
{
    struct scene *s = make(state);

    peer_open(&s->jigasi, "127.0.0.1", s->h.cfg.internal_sip_port);
    snprintf(s->contact, sizeof(s->contact), "%s",
             harness_register(&s->h, &s->jigasi, true));
    return 0;
}

int scene_teardown(void **state)
{
    struct scene *s = *state;

    peer_close(&s->phone);
    if (s->jigasi.fd >= 0)
        peer_close(&s->jigasi);
    harness_free(&s->h);
    free(s);
    return 0;
}
