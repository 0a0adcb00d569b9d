/* What a caller dials. */
#include <string.h>

#include "base/utf8.h"
#include "call/room.h"
#include "fuzz.h"

static void safe(const char *text, const char *also)
{
    size_t n, len = strlen(text);
    uint32_t cp;

    for (size_t i = 0; i < len; i += n) {
        n = utf8_decode(text + i, len - i, &cp);
        PROMISE(n > 0);
        if (cp >= 0x80 || (cp >= 'a' && cp <= 'z') || (cp >= '0' && cp <= '9'))
            continue;
        PROMISE(strchr(also, (char)cp));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct room r, again;
    struct room_headers h;
    const char *why = NULL;
    char text[ROOM_NAME_MAX + ROOM_DOMAIN_MAX + 2];
    int err = room_parse(&r, (const char *)data, len, &why);

    PROMISE(err == 0 || why);
    if (err == 0) {
        PROMISE(r.name[0] && strlen(r.name) <= ROOM_NAME_MAX);
        safe(r.name, "-_+~!");
        safe(r.domain, "-.");
        snprintf(text, sizeof(text), "%s%s%s", r.name, *r.domain ? "." : "",
                 r.domain);
        PROMISE(room_parse(&again, text, strlen(text), &why) == 0);
        PROMISE(!strcmp(again.name, r.name));
        PROMISE(!strcmp(again.domain, r.domain));
        room_headers_dialled(&h, &r, "muc.meet.jitsi");
    }
    if (len < ROOM_VALUE_MAX) {
        char conference[ROOM_VALUE_MAX + 1];

        memcpy(conference, data, len);
        conference[len] = '\0';
        if (room_headers_conference(&h, conference, "meet.jitsi",
                                    "muc.meet.jitsi") == 0)
            PROMISE(h.room[0]);
    }
    return 0;
}
