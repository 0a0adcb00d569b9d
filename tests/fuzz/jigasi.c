/* INFO bodies from Jigasi. */
#include <string.h>

#include "call/jigasi.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct jigasi_message m, again;
    char buf[JIGASI_MESSAGE_MAX];
    size_t n;

    for (int extended = 0; extended < 2; extended++) {
        int err = jigasi_parse(&m, (const char *)data, len, extended != 0);

        if (err) {
            PROMISE(jigasi_fault(err));
            continue;
        }
        PROMISE(len <= JIGASI_BODY_MAX);
        PROMISE(m.type < JIGASI_ROOM_ACCESS);
        if (m.type < JIGASI_HEARTBEAT)
            continue;
        n = jigasi_write(&m, buf);
        PROMISE(n <= sizeof(buf));
        if (n == 0)
            continue;
        PROMISE(jigasi_parse(&again, buf, n, extended != 0) == 0);
        PROMISE(again.type == m.type && again.on == m.on);
        PROMISE(!strcmp(again.id, m.id));
    }
    return 0;
}
