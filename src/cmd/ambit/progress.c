/*
 * A picture is drawn over the last one: the cursor goes up as many lines as were drawn, every line
 * is erased to its end. The trap: a line that is wider than the terminal becomes two, and then the
 * cursor does not go up far enough; so lines are cut to the width, and pictures to the height.
 */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "cmd/program/output.h"

enum { PROGRESS_BAR_MAX = 30, PROGRESS_WIDTH_MIN = 20, PROGRESS_TEXT = 256 };
static const double PROGRESS_INTERVAL = 0.1;

static double progress_now(void)
{
    return (double)clock_ns() / 1e9;
}

void progress_init(Progress *progress, bool json)
{
    const char *terminal = getenv("TERM");
    *progress = (Progress){ .json = json };
    progress->bars =
        !json && isatty(STDERR_FILENO) && !str_empty(terminal) && !str_eq(terminal, "dumb");
}

static ProgressLine *progress_line(Progress *progress, const char *digest)
{
    for (size_t i = 0; i < progress->count; i++)
        if (str_eq(progress->lines[i].item.digest, digest))
            return &progress->lines[i];
    ProgressLine *line =
        arena_append(&progress->arena, &progress->lines, &progress->count, sizeof(*line));
    line->item.digest = arena_strdup(&progress->arena, digest);
    return line;
}

/*** Words. ***/

/* The first twelve digits, as people know them from elsewhere. */
static const char *progress_short(const char *digest)
{
    return str_starts(digest, "sha256:") ? digest + 7 : digest;
}

static bool progress_moves(const ProgressItem *item)
{
    return str_eq(item->state, "downloading") || str_eq(item->state, "uploading") ||
           str_eq(item->state, "unpacking");
}

static void progress_format(const ProgressLine *line, size_t width, char text[PROGRESS_TEXT])
{
    const ProgressItem *item = &line->item;
    char current[16], total[16], rate[16], bar[PROGRESS_BAR_MAX + 1] = "";
    (void)str_from_bytes((uint64_t)item->current, current, sizeof(current));
    (void)str_from_bytes((uint64_t)item->total, total, sizeof(total));
    (void)str_from_bytes((uint64_t)line->rate, rate, sizeof(rate));
    if (!progress_moves(item)) {
        (void)snprintf(text, PROGRESS_TEXT, "%.12s  %-11s %s", progress_short(item->digest),
                       item->state, total);
    } else {
        /* What is left beside the words; below eight columns a bar says nothing. */
        size_t room = width > 62 ? width - 62 : 0;
        room = room > PROGRESS_BAR_MAX ? PROGRESS_BAR_MAX : room;
        if (room >= 8 && item->total > 0) {
            size_t filled = (size_t)((double)item->current / (double)item->total * (double)room);
            for (size_t i = 0; i < room; i++)
                bar[i] = i < filled ? '=' : i == filled ? '>' : ' ';
            bar[room] = '\0';
        }
        (void)snprintf(text, PROGRESS_TEXT, "%.12s  %-11s %s%s%s%s/%s%s%s%s",
                       progress_short(item->digest), item->state, *bar ? "[" : "", bar,
                       *bar ? "] " : "", current, total, line->rate > 0 ? "  " : "",
                       line->rate > 0 ? rate : "", line->rate > 0 ? "/s" : "");
    }
    if (strlen(text) > width)
        text[width] = '\0';
}

/*** Pictures. ***/

static void progress_size(size_t *ret_width, size_t *ret_height)
{
    struct winsize size = { 0 };
    *ret_width = 79;
    *ret_height = 23;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0 || size.ws_row == 0)
        return;
    *ret_width = size.ws_col > PROGRESS_WIDTH_MIN ? size.ws_col - 1U : PROGRESS_WIDTH_MIN;
    *ret_height = size.ws_row > 2 ? size.ws_row - 1U : 1;
}

/* With more layers than lines, those that move come first; the rest is a number. */
static bool progress_wanted(const Progress *progress, const ProgressLine *line, size_t height)
{
    return progress->count <= height || progress_moves(&line->item);
}

static void progress_draw(Progress *progress)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    size_t width, height, drawn = 0, done = 0;
    progress_size(&width, &height);
    if (progress->drawn > 0)
        strbuf_printf(&text, "\r\033[%zuA", progress->drawn);
    for (size_t i = 0; i < progress->count; i++) {
        char line[PROGRESS_TEXT];
        done += !progress_moves(&progress->lines[i].item);
        if (!progress_wanted(progress, &progress->lines[i], height) || drawn + 1 > height)
            continue;
        progress_format(&progress->lines[i], width, line);
        strbuf_printf(&text, "%s\033[K\n", line);
        drawn++;
    }
    if (progress->count > height && drawn < height) {
        strbuf_printf(&text, "%zu of %zu layers\033[K\n", done, progress->count);
        drawn++;
    }
    strbuf_add(&text, "\033[J");
    progress->drawn = drawn;
    (void)!output_write_to(STDERR_FILENO, strbuf_text(&text), NULL);
}

static void progress_tell(const Progress *progress, const ProgressLine *line)
{
    StrBuf text CLEANUP(strbuf_done) = { 0 };
    const ProgressItem *item = &line->item;
    char total[16];
    if (progress->json) {
        JsonWriter w = { .text = &text };
        json_write_object(&w);
        json_write_key(&w, "digest");
        json_write_string(&w, item->digest);
        json_write_key(&w, "state");
        json_write_string(&w, item->state);
        json_write_key(&w, "current");
        json_write_int(&w, item->current);
        json_write_key(&w, "total");
        json_write_int(&w, item->total);
        json_write_end_object(&w);
        strbuf_add_char(&text, '\n');
    } else {
        strbuf_printf(&text, "%.12s: %s%s%s\n", progress_short(item->digest), item->state,
                      item->total > 0 ? " " : "",
                      item->total > 0 ? str_from_bytes((uint64_t)item->total, total, sizeof(total))
                                      : "");
    }
    (void)!output_write_to(STDERR_FILENO, strbuf_text(&text), NULL);
}

static void progress_measure(ProgressLine *line, const ProgressItem *item, bool changed, double now)
{
    if (changed || line->started == 0) {
        line->started = now;
        line->started_at = changed && item->resumed < item->current ? item->current : item->resumed;
    }
    double seconds = now - line->started;
    if (seconds > 0.3)
        line->rate = (double)(item->current - line->started_at) / seconds;
    else if (changed)
        line->rate = 0;
}

void progress_show(Progress *progress, const ProgressItem *item)
{
    double now = progress_now();
    ProgressLine *line = progress_line(progress, item->digest);
    ProgressItem old = line->item;
    bool changed = !str_eq(old.state, item->state);
    progress_measure(line, item, changed, now);
    line->item = *item; /* whose strings are the caller's */
    line->item.digest = old.digest;
    line->item.state = changed ? arena_strdup(&progress->arena, item->state) : old.state;
    if (!progress->bars) {
        if (changed || progress->json)
            progress_tell(progress, line);
        return;
    }
    if (!changed && now < progress->next)
        return;
    progress->next = now + PROGRESS_INTERVAL;
    progress_draw(progress);
}

static int64_t progress_number(const JsonValue *event, const char *key)
{
    const JsonValue *value = json_member(event, key);
    return value && value->type == JSON_INT && value->integer >= 0 ? value->integer : 0;
}

void progress_on_event(void *progress, const JsonValue *event)
{
    const char *digest = json_member_string(event, "digest");
    const char *state = json_member_string(event, "state");
    ProgressItem item = {
        .digest = digest,
        .state = state,
        .current = progress_number(event, "current"),
        .total = progress_number(event, "total"),
        .resumed = progress_number(event, "resumed"),
    };
    if (str_eq(state, "unpacking"))
        item.current = progress_number(event, "unpacked");
    if (!str_empty(digest) && !str_empty(state))
        progress_show(progress, &item);
}

void progress_done(Progress *progress)
{
    if (progress->bars && progress->count > 0)
        progress_draw(progress);
    arena_done(&progress->arena);
    *progress = (Progress){ 0 };
}
