/*
 * {"layer":0,"digest":"sha256:...","state":"downloading","current":1,"total":2,"unpacked":0}
 */
#include "cmd/image/pull_event.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/str.h"

enum { PULL_EVENT_MS = 80 };

void pull_events_init(PullEvents *events, int fd, size_t count, Arena *arena)
{
    *events = (PullEvents){ .fd = fd, .last = arena_array(arena, count, sizeof(*events->last)) };
}

static void pull_event_write(const PullEvents *events, size_t layer, const PullEvent *event)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    JsonWriter w = { .text = &text };
    json_write_object(&w);
    json_write_key(&w, "layer");
    json_write_uint(&w, layer);
    json_write_key(&w, "digest");
    json_write_string(&w, event->digest);
    json_write_key(&w, "state");
    json_write_string(&w, event->state);
    json_write_key(&w, "current");
    json_write_int(&w, event->current);
    json_write_key(&w, "total");
    json_write_int(&w, event->total);
    json_write_key(&w, "unpacked");
    json_write_int(&w, event->unpacked);
    if (event->resumed > 0) {
        json_write_key(&w, "resumed");
        json_write_int(&w, event->resumed);
    }
    json_write_end_object(&w);
    strbuf_add_char(&text, '\n');
    (void)!fd_write_all(events->fd, text.data, text.length);
}

bool pull_events_due(PullEvents *events)
{
    int64_t now = (int64_t)clock_ms();
    if (now < events->next_ms)
        return false;
    events->next_ms = now + PULL_EVENT_MS;
    return true;
}

void pull_event_tell(PullEvents *events, size_t layer, const PullEvent *event, bool due)
{
    PullEvent *last = &events->last[layer];
    bool changed = !str_eq(last->state, event->state) || last->resumed != event->resumed;
    bool moved = last->current != event->current || last->unpacked != event->unpacked;
    if (events->fd < 0 || (!changed && !(moved && due)))
        return;
    *last = *event;
    pull_event_write(events, layer, event);
}
