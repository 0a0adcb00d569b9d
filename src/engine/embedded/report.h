/**
 * What the SIP thread and the media threads tell the main thread.
 */
#ifndef ENGINE_EMBEDDED_REPORT_H
#define ENGINE_EMBEDDED_REPORT_H

#include "base/mailbox.h"
#include "engine/embedded/media/media.h"
#include "engine/engine.h"

enum report_type {
    REPORT_EVENT, /* event, to be handed on */
    REPORT_MEDIA, /* media */
};

/** One report; the texts of its event are its own. */
struct report {
    struct mail mail;
    enum report_type type;
    struct engine_event event;
    struct media_report media;
};

/** Send an event with copies of its texts. Returns 0 or ENOMEM. */
int report_event(struct mailbox *to, const struct engine_event *ev);

/**
 * Make the last report of a leg beforehand: that a leg is gone must be told
 * even where there is no memory. Returns 0 or ENOMEM.
 */
int report_reserve(struct report **rp);

/** Send an event in a report made beforehand, which is the receiver's from
 *  then on. Texts that do not fit are cut. */
void report_reserved(struct mailbox *to, struct report *r,
                     const struct engine_event *ev);

/** Send what a media thread told. Returns 0 or ENOMEM. */
int report_media(struct mailbox *to, const struct media_report *r);

void report_free(struct report *r);

#endif
